package api

import (
	"slices"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The HorizontalPodAutoscalers of autoscaling/v1 are those of v2 with one
// metric, the use of cpu (pkg/apis/autoscaling/v1/conversion.go). Left out: the
// annotations in which upstream shows the rest; what v1 has no words for is
// kept as it is when it is written through v1.

func olderAutoscalers() *Resource {
	stored := horizontalPodAutoscalers()
	return typed[autoscalingv1.HorizontalPodAutoscaler, autoscalingv1.HorizontalPodAutoscalerList](&Resource{
		Group: stored.Group, Version: "v1", Kind: stored.Kind, Plural: stored.Plural, Singular: stored.Singular,
		ShortNames: stored.ShortNames, Categories: stored.Categories, Namespaced: true, Subresources: stored.Subresources,
		Columns: stored.Columns,
		Row:     func(obj Object, now time.Time) []any { return stored.Row(newerAutoscaler(obj, nil), now) },
		Form:    &Form{Of: autoscalingv2.SchemeGroupVersion.WithResource(stored.Plural), Read: olderAutoscaler, Write: newerAutoscaler},
	})
}

// cpuShare tells of the metric that v1 knows.
func cpuShare(m autoscalingv2.MetricSpec) bool {
	return m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource != nil && m.Resource.Name == corev1.ResourceCPU &&
		m.Resource.Target.AverageUtilization != nil
}

func olderAutoscaler(stored Object) Object {
	h := stored.(*autoscalingv2.HorizontalPodAutoscaler).DeepCopy()
	out := &autoscalingv1.HorizontalPodAutoscaler{
		TypeMeta:   metav1.TypeMeta{APIVersion: autoscalingv1.SchemeGroupVersion.String(), Kind: h.Kind},
		ObjectMeta: h.ObjectMeta,
		Spec: autoscalingv1.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv1.CrossVersionObjectReference(h.Spec.ScaleTargetRef),
			MinReplicas:    h.Spec.MinReplicas, MaxReplicas: h.Spec.MaxReplicas,
		},
		Status: autoscalingv1.HorizontalPodAutoscalerStatus{
			ObservedGeneration: h.Status.ObservedGeneration, LastScaleTime: h.Status.LastScaleTime,
			CurrentReplicas: h.Status.CurrentReplicas, DesiredReplicas: h.Status.DesiredReplicas,
		},
	}
	for _, m := range h.Spec.Metrics {
		if cpuShare(m) {
			out.Spec.TargetCPUUtilizationPercentage = m.Resource.Target.AverageUtilization
		}
	}
	for _, m := range h.Status.CurrentMetrics {
		if m.Resource != nil && m.Resource.Name == corev1.ResourceCPU {
			out.Status.CurrentCPUUtilizationPercentage = m.Resource.Current.AverageUtilization
		}
	}
	return out
}

func newerAutoscaler(obj, old Object) Object {
	h := obj.(*autoscalingv1.HorizontalPodAutoscaler)
	out := &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta:   metav1.TypeMeta{APIVersion: autoscalingv2.SchemeGroupVersion.String(), Kind: "HorizontalPodAutoscaler"},
		ObjectMeta: h.ObjectMeta,
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference(h.Spec.ScaleTargetRef),
			MinReplicas:    h.Spec.MinReplicas, MaxReplicas: h.Spec.MaxReplicas,
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{
			ObservedGeneration: h.Status.ObservedGeneration, LastScaleTime: h.Status.LastScaleTime,
			CurrentReplicas: h.Status.CurrentReplicas, DesiredReplicas: h.Status.DesiredReplicas,
		},
	}
	if was, ok := old.(*autoscalingv2.HorizontalPodAutoscaler); ok {
		was = was.DeepCopy()
		out.Spec.Metrics = slices.DeleteFunc(was.Spec.Metrics, cpuShare)
		out.Spec.Behavior = was.Spec.Behavior
		out.Status.CurrentMetrics, out.Status.Conditions = was.Status.CurrentMetrics, was.Status.Conditions
	}
	if share := h.Spec.TargetCPUUtilizationPercentage; share != nil {
		out.Spec.Metrics = append(out.Spec.Metrics, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{
				Type: autoscalingv2.UtilizationMetricType, AverageUtilization: share,
			}},
		})
	}
	return out
}
