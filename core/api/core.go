package api

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// Defaults and strategies of core/v1's smaller kinds, after
// pkg/apis/core/v1/defaults.go and pkg/registry/core.

// defaultNamespace labels a namespace with its name. One made with
// generateName may not have it yet: prepareNamespaceCreate labels it then.
func defaultNamespace(obj Object) {
	ns := obj.(*corev1.Namespace)
	labelWithName(ns)
	setIfEmpty(&ns.Status.Phase, corev1.NamespaceActive)
}

func labelWithName(ns *corev1.Namespace) {
	if ns.Name == "" {
		return
	}
	if ns.Labels == nil {
		ns.Labels = map[string]string{}
	}
	ns.Labels[corev1.LabelMetadataName] = ns.Name
}

func prepareNamespaceCreate(obj Object) {
	ns := obj.(*corev1.Namespace)
	ns.Status = corev1.NamespaceStatus{Phase: corev1.NamespaceActive}
	if !slices.Contains(ns.Spec.Finalizers, corev1.FinalizerKubernetes) {
		ns.Spec.Finalizers = append(ns.Spec.Finalizers, corev1.FinalizerKubernetes)
	}
	labelWithName(ns)
}

func prepareNamespaceUpdate(obj, old Object) {
	ns, oldNS := obj.(*corev1.Namespace), old.(*corev1.Namespace).DeepCopy()
	ns.Spec.Finalizers = oldNS.Spec.Finalizers
	ns.Status = oldNS.Status
}

func prepareNamespaceStatusUpdate(obj, old Object) {
	obj.(*corev1.Namespace).Spec = *old.(*corev1.Namespace).Spec.DeepCopy()
}

// PrepareNamespaceFinalize is the update of a namespace's finalize
// subresource: its finalizers may change, its status stays.
func PrepareNamespaceFinalize(ns, old *corev1.Namespace) {
	ns.Status = *old.Status.DeepCopy()
}

func namespaceFields(obj Object) fields.Set {
	ns := obj.(*corev1.Namespace)
	return fields.Set{"status.phase": string(ns.Status.Phase), "name": ns.Name}
}

// defaultNode makes all of a node's capacity allocatable unless told otherwise.
func defaultNode(obj Object) {
	status := &obj.(*corev1.Node).Status
	if status.Allocatable == nil && status.Capacity != nil {
		status.Allocatable = status.Capacity.DeepCopy()
	}
	roundUp(status.Capacity)
	roundUp(status.Allocatable)
}

// prepareNodeCreate keeps the status: a node may register with one.
func prepareNodeCreate(obj Object) {
	node := obj.(*corev1.Node)
	node.Spec.ConfigSource = nil
	node.Status.Config = nil
}

func prepareNodeUpdate(obj, old Object) {
	node, oldNode := obj.(*corev1.Node), old.(*corev1.Node)
	node.Status = *oldNode.Status.DeepCopy()
	if oldNode.Spec.ConfigSource == nil {
		node.Spec.ConfigSource = nil
	}
}

func prepareNodeStatusUpdate(obj, old Object) {
	node, oldNode := obj.(*corev1.Node), old.(*corev1.Node)
	node.Spec = *oldNode.Spec.DeepCopy()
	if oldNode.Status.Config == nil {
		node.Status.Config = nil
	}
}

func nodeWarnings(obj, _ Object) []string {
	node := obj.(*corev1.Node)
	var warnings []string
	if node.Spec.ConfigSource != nil {
		warnings = append(warnings, "spec.configSource: the feature is removed")
	}
	if node.Spec.DoNotUseExternalID != "" {
		warnings = append(warnings, "spec.externalID: this field is deprecated, and is unused by Kubernetes")
	}
	return warnings
}

func nodeFields(obj Object) fields.Set {
	return fields.Set{"spec.unschedulable": strconv.FormatBool(obj.(*corev1.Node).Spec.Unschedulable)}
}

func eventFields(obj Object) fields.Set {
	event := obj.(*corev1.Event)
	source := event.Source.Component
	setIfEmpty(&source, event.ReportingController)
	about := event.InvolvedObject
	return fields.Set{
		"involvedObject.kind":            about.Kind,
		"involvedObject.namespace":       about.Namespace,
		"involvedObject.name":            about.Name,
		"involvedObject.uid":             string(about.UID),
		"involvedObject.apiVersion":      about.APIVersion,
		"involvedObject.resourceVersion": about.ResourceVersion,
		"involvedObject.fieldPath":       about.FieldPath,
		"reason":                         event.Reason,
		"reportingComponent":             event.ReportingController,
		"source":                         source,
		"type":                           event.Type,
	}
}
