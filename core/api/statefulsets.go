package api

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// StatefulSets: pkg/apis/apps/v1/defaults.go, pkg/registry/apps/statefulset and
// pkg/apis/apps/validation. maxUnavailable is dropped, as upstream does while
// its feature (MaxUnavailableStatefulSet) is off.

func statefulSets() *Resource {
	return &Resource{
		Group: "apps", Version: "v1", Kind: "StatefulSet", Plural: "statefulsets", Singular: "statefulset",
		ShortNames: []string{"sts"}, Categories: []string{"all"}, Namespaced: true,
		Subresources: []string{"scale", "status"},
		New:          func() Object { return &appsv1.StatefulSet{} },
		NewList:      func() runtime.Object { return &appsv1.StatefulSetList{} },

		Default: defaultStatefulSet, Restore: restoreClaimTemplates,
		PrepareCreate: prepareStatefulSetCreate, PrepareUpdate: prepareStatefulSetUpdate,
		PrepareStatusUpdate: prepareStatefulSetStatusUpdate,
		Validate:            validateStatefulSet, ValidateUpdate: validateStatefulSetUpdate,
		ValidateStatusUpdate: validateStatefulSetStatusUpdate,
		ValidateName:         validation.NameIsDNSLabel,
		Warnings:             statefulSetWarnings,
		Columns:              statefulSetColumns(), Row: statefulSetRow,
	}
}

func defaultStatefulSet(obj Object) {
	spec := &obj.(*appsv1.StatefulSet).Spec
	setIfEmpty(&spec.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
	strategy := &spec.UpdateStrategy
	if strategy.Type == "" {
		strategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
		if strategy.RollingUpdate == nil {
			strategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{}
		}
	}
	if strategy.Type == appsv1.RollingUpdateStatefulSetStrategyType && strategy.RollingUpdate != nil {
		setIfNil(&strategy.RollingUpdate.Partition, 0)
	}
	setIfNil(&spec.PersistentVolumeClaimRetentionPolicy, appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{})
	retention := spec.PersistentVolumeClaimRetentionPolicy
	setIfEmpty(&retention.WhenDeleted, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	setIfEmpty(&retention.WhenScaled, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	setIfNil(&spec.Replicas, 1)
	setIfNil(&spec.RevisionHistoryLimit, 10)
	defaultPodSpec(&spec.Template.Spec)
	for i := range spec.VolumeClaimTemplates {
		defaultClaim(&spec.VolumeClaimTemplates[i])
	}
	restoreClaimTemplates(obj)
}

// restoreClaimTemplates gives the templates their kind, which upstream's
// conversion does.
func restoreClaimTemplates(obj Object) {
	templates := obj.(*appsv1.StatefulSet).Spec.VolumeClaimTemplates
	for i := range templates {
		templates[i].TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}
	}
}

func prepareStatefulSetCreate(obj Object) {
	s := obj.(*appsv1.StatefulSet)
	s.Status = appsv1.StatefulSetStatus{}
	s.Generation = 1
	dropMaxUnavailable(s)
}

func dropMaxUnavailable(s *appsv1.StatefulSet) {
	if r := s.Spec.UpdateStrategy.RollingUpdate; r != nil {
		r.MaxUnavailable = nil
	}
}

func prepareStatefulSetUpdate(obj, old Object) {
	s, oldS := obj.(*appsv1.StatefulSet), old.(*appsv1.StatefulSet)
	s.Status = *oldS.Status.DeepCopy()
	dropMaxUnavailable(s)
	s.Generation = nextGeneration(oldS.Generation, equality.Semantic.DeepEqual(s.Spec, oldS.Spec))
}

func prepareStatefulSetStatusUpdate(obj, old Object) {
	s, oldS := obj.(*appsv1.StatefulSet), old.(*appsv1.StatefulSet).DeepCopy()
	s.Spec = oldS.Spec
	s.Generation = oldS.Generation
}

func statefulSetWarnings(obj, old Object) []string {
	s := obj.(*appsv1.StatefulSet)
	if old != nil && s.Generation == old.GetGeneration() {
		return nil
	}
	warnings := templateWarnings(&s.Spec.Template)
	if limit := s.Spec.RevisionHistoryLimit; limit != nil && *limit < 0 {
		warnings = append(warnings, "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended")
	}
	return warnings
}

func validateStatefulSet(obj Object) field.ErrorList {
	return validateStatefulSetSpec(&obj.(*appsv1.StatefulSet).Spec, true)
}

// validateStatefulSetSpec leaves out, on an update, what can't be changed then.
func validateStatefulSetSpec(spec *appsv1.StatefulSetSpec, create bool) field.ErrorList {
	errs := validateStatefulSetPolicies(spec)
	if create {
		for i := range spec.VolumeClaimTemplates {
			errs = append(errs, validateClaimSpec(&spec.VolumeClaimTemplates[i].Spec, specPath.Child("volumeClaimTemplates").Index(i).Child("spec"))...)
		}
	}
	if spec.Replicas != nil {
		errs = append(errs, notNegative(*spec.Replicas, specPath.Child("replicas"))...)
	}
	errs = append(errs, notNegative(spec.MinReadySeconds, specPath.Child("minReadySeconds"))...)
	if spec.Ordinals != nil {
		errs = append(errs, notNegative(spec.Ordinals.Start, specPath.Child("ordinals.start"))...)
	}
	if create && spec.ServiceName != "" {
		errs = append(errs, invalid(specPath.Child("serviceName"), spec.ServiceName, utilvalidation.IsDNS1123Label(spec.ServiceName))...)
	}
	errs = append(errs, validateStatefulSetTemplate(spec)...)
	return append(errs, validateAlwaysRuns(&spec.Template, specPath.Child("template"), "StatefulSet")...)
}

func validateStatefulSetPolicies(spec *appsv1.StatefulSetSpec) field.ErrorList {
	var errs field.ErrorList
	switch p := specPath.Child("podManagementPolicy"); spec.PodManagementPolicy {
	case "":
		errs = append(errs, field.Required(p, ""))
	case appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement:
	default:
		errs = append(errs, field.Invalid(p, spec.PodManagementPolicy, fmt.Sprintf("must be '%s' or '%s'",
			appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement)))
	}
	errs = append(errs, validateStatefulSetStrategy(&spec.UpdateStrategy, specPath.Child("updateStrategy"))...)
	if r := spec.PersistentVolumeClaimRetentionPolicy; r != nil {
		p := specPath.Child("persistentVolumeClaimRetentionPolicy")
		known := []appsv1.PersistentVolumeClaimRetentionPolicyType{
			appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
		}
		errs = append(errs, supported(r.WhenDeleted, p.Child("whenDeleted"), known...)...)
		errs = append(errs, supported(r.WhenScaled, p.Child("whenScaled"), known...)...)
	}
	return errs
}

// internalStatefulSetStrategy prints a strategy as upstream's internal type does.
type internalStatefulSetStrategy struct {
	Type          appsv1.StatefulSetUpdateStrategyType
	RollingUpdate *internalPartition
}

type internalPartition struct {
	Partition      int32
	MaxUnavailable *int32
}

func validateStatefulSetStrategy(strategy *appsv1.StatefulSetUpdateStrategy, p *field.Path) field.ErrorList {
	var rolling *internalPartition
	if r := strategy.RollingUpdate; r != nil {
		rolling = &internalPartition{Partition: int32(replicas(r.Partition))}
	}
	switch strategy.Type {
	case appsv1.OnDeleteStatefulSetStrategyType:
		if rolling != nil {
			return field.ErrorList{field.Invalid(p.Child("rollingUpdate"), rolling,
				fmt.Sprintf("only allowed for updateStrategy '%s'", appsv1.RollingUpdateStatefulSetStrategyType))}
		}
		return nil
	case appsv1.RollingUpdateStatefulSetStrategyType:
		if rolling != nil {
			return notNegative(rolling.Partition, p.Child("rollingUpdate", "partition"))
		}
		return nil
	}
	return field.ErrorList{field.Invalid(p, internalStatefulSetStrategy{strategy.Type, rolling}, fmt.Sprintf("must be '%s' or '%s'",
		appsv1.RollingUpdateStatefulSetStrategyType, appsv1.OnDeleteStatefulSetStrategyType))}
}

// validateStatefulSetTemplate takes the claims' volumes for granted, and leaves
// host names alone: the controller sets both.
func validateStatefulSetTemplate(spec *appsv1.StatefulSetSpec) field.ErrorList {
	var errs field.ErrorList
	p, template := specPath.Child("selector"), specPath.Child("template")
	if spec.Selector == nil {
		errs = append(errs, field.Required(p, ""))
	} else {
		errs = append(errs, validateSelector(spec.Selector, p)...)
		if len(spec.Selector.MatchLabels)+len(spec.Selector.MatchExpressions) == 0 {
			errs = append(errs, field.Invalid(p, spec.Selector, "empty selector is invalid for statefulset"))
		}
	}
	match, err := metav1.LabelSelectorAsSelector(spec.Selector)
	if err != nil {
		return append(errs, field.Invalid(p, spec.Selector, ""))
	}
	if !match.Empty() && !match.Matches(labels.Set(spec.Template.Labels)) {
		errs = append(errs, field.Invalid(template.Child("metadata", "labels"), spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	t := spec.Template.DeepCopy()
	t.Spec.Subdomain, t.Spec.Hostname = "", ""
	t.Spec.Volumes = withClaims(t.Spec.Volumes, spec.VolumeClaimTemplates)
	errs = append(errs, validateTemplate(t, template)...)
	errs = append(errs, metavalidation.ValidateLabels(t.Labels, template.Child("labels"))...)
	return append(errs, validation.ValidateAnnotations(t.Annotations, template.Child("annotations"))...)
}

// withClaims puts a volume for each claim before the others; it replaces one of
// the same name.
func withClaims(volumes []corev1.Volume, claims []corev1.PersistentVolumeClaim) []corev1.Volume {
	if len(claims) == 0 {
		return volumes
	}
	var all []corev1.Volume
	claimed := map[string]bool{}
	for _, c := range claims {
		claimed[c.Name] = true
		all = append(all, corev1.Volume{Name: c.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: c.Name}}})
	}
	for _, v := range volumes {
		if !claimed[v.Name] {
			all = append(all, v)
		}
	}
	return all
}

func validateStatefulSetUpdate(obj, old Object) field.ErrorList {
	s, oldS := obj.(*appsv1.StatefulSet), old.(*appsv1.StatefulSet)
	errs := validateStatefulSetSpec(&s.Spec, false)
	same := s.Spec.DeepCopy()
	same.Replicas, same.Template, same.UpdateStrategy = oldS.Spec.Replicas, oldS.Spec.Template, oldS.Spec.UpdateStrategy
	same.MinReadySeconds, same.Ordinals, same.RevisionHistoryLimit = oldS.Spec.MinReadySeconds, oldS.Spec.Ordinals, oldS.Spec.RevisionHistoryLimit
	same.PersistentVolumeClaimRetentionPolicy = oldS.Spec.PersistentVolumeClaimRetentionPolicy
	if !equality.Semantic.DeepEqual(*same, oldS.Spec) {
		errs = append(errs, field.Forbidden(specPath, "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"))
	}
	return errs
}

func validateStatefulSetStatusUpdate(obj, old Object) field.ErrorList {
	status, before := obj.(*appsv1.StatefulSet).Status, old.(*appsv1.StatefulSet).Status.CollisionCount
	p := field.NewPath("status")
	errs := notNegatives(p,
		namedInt{"replicas", int64(status.Replicas)},
		namedInt{"readyReplicas", int64(status.ReadyReplicas)},
		namedInt{"currentReplicas", int64(status.CurrentReplicas)},
		namedInt{"updatedReplicas", int64(status.UpdatedReplicas)},
		namedInt{"availableReplicas", int64(status.AvailableReplicas)},
		namedInt{"observedGeneration", status.ObservedGeneration},
		namedInt{"collisionCount", replicas(status.CollisionCount)},
	)
	errs = append(errs, notAbove(status.Replicas, p,
		namedInt{"readyReplicas", int64(status.ReadyReplicas)},
		namedInt{"currentReplicas", int64(status.CurrentReplicas)},
		namedInt{"updatedReplicas", int64(status.UpdatedReplicas)},
		namedInt{"availableReplicas", int64(status.AvailableReplicas)},
	)...)
	if status.AvailableReplicas > status.ReadyReplicas {
		errs = append(errs, field.Invalid(p.Child("availableReplicas"), status.AvailableReplicas, "cannot be greater than status.readyReplicas"))
	}
	return append(errs, notDecremented(status.CollisionCount, before, p.Child("collisionCount"))...)
}

func statefulSetColumns() []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{
		nameColumn,
		column("Ready", "Number of the pod with ready state"),
		ageColumn,
		wide("Containers", "Names of each container in the template."),
		wide("Images", "Images referenced by each container in the template."),
	}
}

func statefulSetRow(obj Object, now time.Time) []any {
	s := obj.(*appsv1.StatefulSet)
	names, images := namesAndImages(s.Spec.Template.Spec.Containers)
	ready := fmt.Sprintf("%d/%d", s.Status.ReadyReplicas, replicas(s.Spec.Replicas))
	return []any{s.Name, ready, age(s.CreationTimestamp, now), names, images}
}
