package api

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// ScaleOf is a Deployment's, ReplicaSet's or StatefulSet's scale subresource
// (pkg/registry/apps/{deployment,replicaset,statefulset}/storage).
func ScaleOf(obj Object) (*autoscalingv1.Scale, error) {
	var spec, status int32
	var selector *metav1.LabelSelector
	switch o := obj.(type) {
	case *appsv1.Deployment:
		spec, status, selector = int32(replicas(o.Spec.Replicas)), o.Status.Replicas, o.Spec.Selector
	case *appsv1.ReplicaSet:
		spec, status, selector = int32(replicas(o.Spec.Replicas)), o.Status.Replicas, o.Spec.Selector
	case *appsv1.StatefulSet:
		spec, status, selector = int32(replicas(o.Spec.Replicas)), o.Status.Replicas, o.Spec.Selector
	default:
		return nil, fmt.Errorf("%T has no scale", obj)
	}
	match, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, err
	}
	return &autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{Kind: "Scale", APIVersion: "autoscaling/v1"},
		ObjectMeta: metav1.ObjectMeta{
			Name: obj.GetName(), Namespace: obj.GetNamespace(), UID: obj.GetUID(),
			ResourceVersion: obj.GetResourceVersion(), CreationTimestamp: obj.GetCreationTimestamp(),
		},
		Spec:   autoscalingv1.ScaleSpec{Replicas: spec},
		Status: autoscalingv1.ScaleStatus{Replicas: status, Selector: match.String()},
	}, nil
}

// SetScale writes a scale's replicas and resourceVersion into the object, a
// copy of the stored one, for an update.
func SetScale(obj Object, scale *autoscalingv1.Scale) error {
	n := scale.Spec.Replicas
	switch o := obj.(type) {
	case *appsv1.Deployment:
		o.Spec.Replicas = &n
	case *appsv1.ReplicaSet:
		o.Spec.Replicas = &n
	case *appsv1.StatefulSet:
		o.Spec.Replicas = &n
	default:
		return fmt.Errorf("%T has no scale", obj)
	}
	obj.SetResourceVersion(scale.ResourceVersion)
	return nil
}

// PodSelector is what a Service, or a workload, selects pods by; one without a
// selector selects nothing.
func PodSelector(obj Object) labels.Selector {
	var selector *metav1.LabelSelector
	switch o := obj.(type) {
	case *corev1.Service:
		if len(o.Spec.Selector) > 0 {
			return labels.SelectorFromSet(o.Spec.Selector)
		}
	case *appsv1.Deployment:
		selector = o.Spec.Selector
	case *appsv1.StatefulSet:
		selector = o.Spec.Selector
	case *appsv1.DaemonSet:
		selector = o.Spec.Selector
	}
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return labels.Nothing()
	}
	return s
}
