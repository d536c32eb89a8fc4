package api

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validation of core/v1's smaller kinds and of Leases, after
// pkg/apis/core/validation and pkg/apis/coordination/validation.

// maxConfigMapSize is core.MaxSecretSize: a MiB over all values.
const maxConfigMapSize = 1 << 20

func validateConfigMap(obj Object) field.ErrorList {
	cm := obj.(*corev1.ConfigMap)
	var errs field.ErrorList
	size := 0
	for _, key := range sortedKeys(cm.Data) {
		p := field.NewPath("data").Key(key)
		errs = append(errs, invalid(p, key, utilvalidation.IsConfigMapKey(key))...)
		if _, ok := cm.BinaryData[key]; ok {
			errs = append(errs, field.Invalid(p, key, "duplicate of key present in binaryData"))
		}
		size += len(cm.Data[key])
	}
	for _, key := range sortedKeys(cm.BinaryData) {
		errs = append(errs, invalid(field.NewPath("binaryData").Key(key), key, utilvalidation.IsConfigMapKey(key))...)
		size += len(cm.BinaryData[key])
	}
	if size > maxConfigMapSize {
		errs = append(errs, field.TooLong(field.NewPath(""), "", maxConfigMapSize))
	}
	return errs
}

func validateConfigMapUpdate(obj, old Object) field.ErrorList {
	cm, oldCM := obj.(*corev1.ConfigMap), old.(*corev1.ConfigMap)
	const message = "field is immutable when `immutable` is set"
	var errs field.ErrorList
	if oldCM.Immutable != nil && *oldCM.Immutable {
		if cm.Immutable == nil || !*cm.Immutable {
			errs = append(errs, field.Forbidden(field.NewPath("immutable"), message))
		}
		if !maps.Equal(cm.Data, oldCM.Data) {
			errs = append(errs, field.Forbidden(field.NewPath("data"), message))
		}
		if !maps.EqualFunc(cm.BinaryData, oldCM.BinaryData, bytes.Equal) {
			errs = append(errs, field.Forbidden(field.NewPath("binaryData"), message))
		}
	}
	return append(errs, validateConfigMap(cm)...)
}

func validateNamespace(obj Object) field.ErrorList {
	var errs field.ErrorList
	for _, name := range obj.(*corev1.Namespace).Spec.Finalizers {
		errs = append(errs, validateFinalizer(string(name), field.NewPath("spec", "finalizers"))...)
	}
	return errs
}

func validateNamespaceUpdate(obj, _ Object) field.ErrorList { return validateNamespace(obj) }

func validateNamespaceStatusUpdate(obj, _ Object) field.ErrorList {
	ns := obj.(*corev1.Namespace)
	p := field.NewPath("status", "Phase")
	if ns.DeletionTimestamp == nil && ns.Status.Phase != corev1.NamespaceActive {
		return field.ErrorList{field.Invalid(p, ns.Status.Phase, "may only be 'Active' if `deletionTimestamp` is empty")}
	}
	if ns.DeletionTimestamp != nil && ns.Status.Phase != corev1.NamespaceTerminating {
		return field.ErrorList{field.Invalid(p, ns.Status.Phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")}
	}
	return nil
}

// ValidateNamespaceFinalize checks an update of a namespace's finalizers,
// beside ValidateMetaUpdate.
func ValidateNamespaceFinalize(ns *corev1.Namespace) field.ErrorList {
	var errs field.ErrorList
	for i, name := range ns.Spec.Finalizers {
		errs = append(errs, validateFinalizer(string(name), field.NewPath("spec", "finalizers").Index(i))...)
	}
	return errs
}

func validateFinalizer(name string, p *field.Path) field.ErrorList {
	return append(validateQualifiedName(name, p), validateKnownFinalizer(name, p)...)
}

func validateKnownFinalizer(name string, p *field.Path) field.ErrorList {
	standard := []string{string(corev1.FinalizerKubernetes), metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents}
	if strings.Contains(name, "/") || slices.Contains(standard, name) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, name, "name is neither a standard finalizer name nor is it fully qualified")}
}

// The paths of taints start at metadata, as upstream's do.
func validateNode(obj Object) field.ErrorList {
	node := obj.(*corev1.Node)
	errs := validateTaints(node.Spec.Taints, metadataPath.Child("taints"))
	errs = append(errs, validateNodeResources(node)...)
	for i, cidr := range node.Spec.PodCIDRs {
		errs = append(errs, utilvalidation.IsValidCIDRForLegacyField(field.NewPath("spec", "podCIDRs").Index(i), cidr, strictIPs, nil)...)
	}
	return errs
}

func validateNodeResources(node *corev1.Node) field.ErrorList {
	var errs field.ErrorList
	for _, part := range []struct {
		name string
		list corev1.ResourceList
	}{{"capacity", node.Status.Capacity}, {"allocatable", node.Status.Allocatable}} {
		for _, name := range sortedKeys(part.list) {
			errs = append(errs, validateQuantity(name, part.list[name], field.NewPath("status", part.name, string(name)))...)
		}
	}
	return errs
}

// internalTaint prints a taint as upstream's internal type does, without JSON names.
type internalTaint struct {
	Key, Value string
	Effect     corev1.TaintEffect
	TimeAdded  *metav1.Time
}

func validateTaints(taints []corev1.Taint, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	type key struct {
		effect corev1.TaintEffect
		key    string
	}
	seen := map[key]bool{}
	for i, taint := range taints {
		at := p.Index(i)
		errs = append(errs, validateLabelName(taint.Key, at.Child("key"))...)
		if msgs := utilvalidation.IsValidLabelValue(taint.Value); len(msgs) != 0 {
			errs = append(errs, field.Invalid(at.Child("value"), taint.Value, strings.Join(msgs, ";")))
		}
		errs = append(errs, validateTaintEffect(taint.Effect, at.Child("effect"))...)
		if seen[key{taint.Effect, taint.Key}] {
			duplicate := field.Duplicate(at, internalTaint{taint.Key, taint.Value, taint.Effect, taint.TimeAdded})
			duplicate.Detail = "taints must be unique by key and effect pair"
			errs = append(errs, duplicate)
		}
		seen[key{taint.Effect, taint.Key}] = true
	}
	return errs
}

func validateTaintEffect(effect corev1.TaintEffect, p *field.Path) field.ErrorList {
	return oneOf(effect, p, corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)
}

func validateNodeUpdate(obj, old Object) field.ErrorList {
	return append(validateNode(obj), validateNodeChange(obj, old)...)
}

// validateNodeChange is for updates of the node and of its status.
func validateNodeChange(obj, old Object) field.ErrorList {
	node, oldNode := obj.(*corev1.Node), old.(*corev1.Node)
	errs := validateNodeResources(node)
	spec := field.NewPath("spec")
	seen := map[corev1.NodeAddress]bool{}
	for i, address := range node.Status.Addresses {
		if seen[address] {
			errs = append(errs, field.Duplicate(field.NewPath("status", "addresses").Index(i), address))
		}
		seen[address] = true
	}
	if len(oldNode.Spec.PodCIDRs) > 0 && !slices.Equal(oldNode.Spec.PodCIDRs, node.Spec.PodCIDRs) {
		errs = append(errs, field.Forbidden(spec.Child("podCIDRs"), `node updates may not change podCIDR except from "" to valid`))
	}
	if oldNode.Spec.ProviderID != "" && oldNode.Spec.ProviderID != node.Spec.ProviderID {
		errs = append(errs, field.Forbidden(spec.Child("providerID"), `node updates may not change providerID except from "" to valid`))
	}
	errs = append(errs, validateTaints(node.Spec.Taints, metadataPath.Child("taints"))...)
	if node.Spec.DoNotUseExternalID != oldNode.Spec.DoNotUseExternalID {
		errs = append(errs, field.Forbidden(spec.Child("externalID"), "may not be updated"))
	}
	return errs
}

// validateEvent is upstream's for the core/v1 API: what events.k8s.io demands
// beyond it is left out.
func validateEvent(obj Object) field.ErrorList {
	event := obj.(*corev1.Event)
	var errs field.ErrorList
	about := event.InvolvedObject.Namespace
	matches := about == event.Namespace || about == "" && event.Namespace == metav1.NamespaceDefault
	if event.EventTime.IsZero() {
		if !matches {
			errs = append(errs, eventNamespaceError(about))
		}
	} else {
		if about == "" && event.Namespace != metav1.NamespaceDefault && event.Namespace != metav1.NamespaceSystem {
			errs = append(errs, eventNamespaceError(about))
		}
		errs = append(errs, validateNewEvent(event)...)
	}
	return append(errs, validateDNSSubdomain(event.Namespace, field.NewPath("namespace"))...)
}

func eventNamespaceError(namespace string) *field.Error {
	return field.Invalid(field.NewPath("involvedObject", "namespace"), namespace, "does not match event.namespace")
}

func validateNewEvent(event *corev1.Event) field.ErrorList {
	var errs field.ErrorList
	text := func(name, value string, required bool, limit int, message string) {
		p := field.NewPath(name)
		if required && value == "" {
			errs = append(errs, field.Required(p, ""))
		}
		if len(value) > limit {
			errs = append(errs, field.Invalid(p, "", message))
		}
	}
	controller := field.NewPath("reportingComponent")
	if event.ReportingController == "" {
		errs = append(errs, field.Required(controller, ""))
	}
	errs = append(errs, validateQualifiedName(event.ReportingController, controller)...)
	text("reportingInstance", event.ReportingInstance, true, 128, "can have at most 128 characters")
	text("action", event.Action, true, 128, "can have at most 128 characters")
	text("reason", event.Reason, true, 128, "can have at most 128 characters")
	text("message", event.Message, false, 1024, "can have at most 1024 characters")
	return errs
}

func validateEventUpdate(obj, _ Object) field.ErrorList { return validateEvent(obj) }

func validateLease(obj Object) field.ErrorList {
	spec, p := obj.(*coordinationv1.Lease).Spec, field.NewPath("spec")
	var errs field.ErrorList
	if d := spec.LeaseDurationSeconds; d != nil && *d <= 0 {
		errs = append(errs, field.Invalid(p.Child("leaseDurationSeconds"), *d, "must be greater than 0"))
	}
	if n := spec.LeaseTransitions; n != nil && *n < 0 {
		errs = append(errs, field.Invalid(p.Child("leaseTransitions"), *n, validation.IsNegativeErrorMsg))
	}
	return errs
}

func validateLeaseUpdate(obj, _ Object) field.ErrorList { return validateLease(obj) }
