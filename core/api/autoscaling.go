package api

import (
	"fmt"
	"strconv"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// HorizontalPodAutoscalers: pkg/apis/autoscaling/v2/defaults.go and
// pkg/registry/autoscaling/horizontalpodautoscaler.

func horizontalPodAutoscalers() *Resource {
	spec, status := autoscalingv2.HorizontalPodAutoscalerSpec{}.SwaggerDoc(), autoscalingv2.HorizontalPodAutoscalerStatus{}.SwaggerDoc()
	return parted(typed[autoscalingv2.HorizontalPodAutoscaler, autoscalingv2.HorizontalPodAutoscalerList](&Resource{
		Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler",
		Plural: "horizontalpodautoscalers", Singular: "horizontalpodautoscaler",
		Validate: check(validateAutoscaler), ValidateUpdate: recheck(validateAutoscalerUpdate),
		ValidateStatusUpdate: recheck(validateAutoscalerStatusUpdate),
		ShortNames:           []string{"hpa"}, Categories: []string{"all"}, Namespaced: true, Subresources: []string{"status"},
		Default: on(defaultAutoscaler),
		Columns: []metav1.TableColumnDefinition{
			nameColumn,
			column("Reference", spec["scaleTargetRef"]), column("Targets", spec["metrics"]),
			column("MinPods", spec["minReplicas"]), column("MaxPods", spec["maxReplicas"]),
			column("Replicas", status["currentReplicas"]), ageColumn,
		},
		Row: row(autoscalerRow),
	}), false,
		func(h *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscalerSpec {
			return &h.Spec
		},
		func(h *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscalerStatus {
			return &h.Status
		})
}

// defaultUtilization is the share of its cpu request, in percent, at which an
// autoscaler that says nothing keeps a pod.
const defaultUtilization = 80

func defaultAutoscaler(h *autoscalingv2.HorizontalPodAutoscaler) {
	setIfNil(&h.Spec.MinReplicas, 1)
	if len(h.Spec.Metrics) == 0 {
		h.Spec.Metrics = []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU,
				Target: autoscalingv2.MetricTarget{
					Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To[int32](defaultUtilization),
				},
			},
		}}
	}
	if b := h.Spec.Behavior; b != nil {
		policy := func(kind autoscalingv2.HPAScalingPolicyType, value int32) autoscalingv2.HPAScalingPolicy {
			return autoscalingv2.HPAScalingPolicy{Type: kind, Value: value, PeriodSeconds: 15}
		}
		defaultScalingRules(&b.ScaleUp, ptr.To[int32](0),
			policy(autoscalingv2.PodsScalingPolicy, 4), policy(autoscalingv2.PercentScalingPolicy, 100))
		defaultScalingRules(&b.ScaleDown, nil, policy(autoscalingv2.PercentScalingPolicy, 100))
	}
}

// defaultScalingRules fills in the rules of one direction. How long a scale
// down waits is left to the controller's own setting.
func defaultScalingRules(rules **autoscalingv2.HPAScalingRules, window *int32, policies ...autoscalingv2.HPAScalingPolicy) {
	if *rules == nil {
		*rules = &autoscalingv2.HPAScalingRules{}
	}
	r := *rules
	if r.StabilizationWindowSeconds == nil {
		r.StabilizationWindowSeconds = window
	}
	setIfNil(&r.SelectPolicy, autoscalingv2.MaxChangePolicySelect)
	if r.Policies == nil {
		r.Policies = policies
	}
}

func autoscalerRow(h *autoscalingv2.HorizontalPodAutoscaler, now time.Time) []any {
	least := "<unset>"
	if h.Spec.MinReplicas != nil {
		least = strconv.Itoa(int(*h.Spec.MinReplicas))
	}
	return []any{h.Name, h.Spec.ScaleTargetRef.Kind + "/" + h.Spec.ScaleTargetRef.Name, autoscalerMetrics(h), least,
		int64(h.Spec.MaxReplicas), int64(h.Status.CurrentReplicas), age(h.CreationTimestamp, now)}
}

// autoscalerMetrics shows what is against what is wanted: "cpu: 20%/80%".
func autoscalerMetrics(h *autoscalingv2.HorizontalPodAutoscaler) string {
	if len(h.Spec.Metrics) == 0 {
		return "<none>"
	}
	var list []string
	for i, spec := range h.Spec.Metrics {
		var status autoscalingv2.MetricStatus
		if i < len(h.Status.CurrentMetrics) {
			status = h.Status.CurrentMetrics[i]
		}
		list = append(list, metricText(spec, status))
	}
	return atMost(2, list, ", ")
}

func metricText(spec autoscalingv2.MetricSpec, status autoscalingv2.MetricStatus) string {
	var is *autoscalingv2.MetricValueStatus
	switch {
	case spec.External != nil:
		if status.External != nil {
			is = &status.External.Current
		}
		return valueText(spec.External.Target, is)
	case spec.Object != nil:
		if status.Object != nil {
			is = &status.Object.Current
		}
		return valueText(spec.Object.Target, is)
	case spec.Pods != nil:
		if status.Pods != nil {
			is = &status.Pods.Current
		}
		return averageText(is) + "/" + spec.Pods.Target.AverageValue.String()
	case spec.Resource != nil:
		if status.Resource != nil {
			is = &status.Resource.Current
		}
		return string(spec.Resource.Name) + ": " + resourceText(spec.Resource.Target, is)
	case spec.ContainerResource != nil:
		if status.ContainerResource != nil {
			is = &status.ContainerResource.Current
		}
		return string(spec.ContainerResource.Name) + ": " + resourceText(spec.ContainerResource.Target, is)
	}
	return "<unknown type>"
}

func quantityText(q *resource.Quantity) string {
	if q == nil {
		return "<unknown>"
	}
	return q.String()
}

func averageText(is *autoscalingv2.MetricValueStatus) string {
	if is == nil {
		return "<unknown>"
	}
	return quantityText(is.AverageValue)
}

func valueText(target autoscalingv2.MetricTarget, is *autoscalingv2.MetricValueStatus) string {
	if target.AverageValue != nil {
		return averageText(is) + "/" + target.AverageValue.String() + " (avg)"
	}
	current := "<unknown>"
	if is != nil {
		current = quantityText(is.Value)
	}
	return current + "/" + quantityText(target.Value)
}

func resourceText(target autoscalingv2.MetricTarget, is *autoscalingv2.MetricValueStatus) string {
	if target.AverageValue != nil {
		return averageText(is) + "/" + target.AverageValue.String()
	}
	current, wanted := "<unknown>", "<auto>"
	if is != nil && is.AverageUtilization != nil {
		current = fmt.Sprintf("%d%%", *is.AverageUtilization)
	}
	if target.AverageUtilization != nil {
		wanted = fmt.Sprintf("%d%%", *target.AverageUtilization)
	}
	return current + "/" + wanted
}
