package api

import (
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"
)

// TestOlderAutoscaler: what v1 does not show survives a write through v1, and
// what it shows is what it sets.
func TestOlderAutoscaler(t *testing.T) {
	cpu := func(share int32) autoscalingv2.MetricSpec {
		return autoscalingv2.MetricSpec{Type: "Resource", Resource: &autoscalingv2.ResourceMetricSource{
			Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: "Utilization", AverageUtilization: ptr.To(share)},
		}}
	}
	memory := cpu(70)
	memory.Resource = memory.Resource.DeepCopy()
	memory.Resource.Name = corev1.ResourceMemory
	stored := &autoscalingv2.HorizontalPodAutoscaler{
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
			MinReplicas:    ptr.To[int32](2), MaxReplicas: 9, Metrics: []autoscalingv2.MetricSpec{memory, cpu(50)},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{},
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: 3, Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: "AbleToScale"}}},
	}
	stored.Kind, stored.APIVersion = "HorizontalPodAutoscaler", "autoscaling/v2"
	older := olderAutoscaler(stored).(*autoscalingv1.HorizontalPodAutoscaler)
	if *older.Spec.TargetCPUUtilizationPercentage != 50 || older.Spec.MaxReplicas != 9 || older.Status.CurrentReplicas != 3 {
		t.Errorf("%+v", older)
	}
	if back := newerAutoscaler(older, stored); !equality.Semantic.DeepEqual(back, stored) {
		t.Errorf("%+v\nwas %+v", back, stored)
	}
	older.Spec.TargetCPUUtilizationPercentage = ptr.To[int32](60)
	changed := newerAutoscaler(older, stored).(*autoscalingv2.HorizontalPodAutoscaler)
	if len(changed.Spec.Metrics) != 2 || *changed.Spec.Metrics[1].Resource.Target.AverageUtilization != 60 || changed.Spec.Metrics[0].Resource.Name != "memory" {
		t.Errorf("%+v", changed.Spec.Metrics)
	}
	older.Spec.TargetCPUUtilizationPercentage = nil
	if fresh := newerAutoscaler(older, nil).(*autoscalingv2.HorizontalPodAutoscaler); fresh.Spec.Metrics != nil {
		t.Errorf("%+v", fresh.Spec.Metrics)
	}
}
