package kubectl

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

func (d *describer) autoscaler() error {
	var o autoscalingv2.HorizontalPodAutoscaler
	if err := d.read(&o); err != nil {
		return err
	}
	d.headIn(&o.ObjectMeta)
	d.line(0, "CreationTimestamp:\t%s", o.CreationTimestamp.Time.Format(rfc1123))
	d.line(0, "Reference:\t%s/%s", o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name)
	d.line(0, "Metrics:\t( current / target )")
	for i := range o.Spec.Metrics {
		var now autoscalingv2.MetricStatus
		if i < len(o.Status.CurrentMetrics) {
			now = o.Status.CurrentMetrics[i]
		}
		d.metric(&o.Spec.Metrics[i], &now)
	}
	least := "<unset>"
	if o.Spec.MinReplicas != nil {
		least = fmt.Sprint(*o.Spec.MinReplicas)
	}
	d.line(0, "Min replicas:\t%s", least)
	d.line(0, "Max replicas:\t%d", o.Spec.MaxReplicas)
	if b := o.Spec.Behavior; b != nil {
		d.line(0, "Behavior:")
		d.scalingRules("Scale Up", b.ScaleUp)
		d.scalingRules("Scale Down", b.ScaleDown)
	}
	d.line(0, "%s pods:\t%d current / %d desired", o.Spec.ScaleTargetRef.Kind, o.Status.CurrentReplicas, o.Status.DesiredReplicas)
	if len(o.Status.Conditions) > 0 {
		d.line(0, "Conditions:")
		d.line(1, "Type\tStatus\tReason\tMessage")
		d.line(1, "----\t------\t------\t-------")
		for _, c := range o.Status.Conditions {
			d.line(1, "%v\t%v\t%v\t%v", c.Type, c.Status, c.Reason, c.Message)
		}
	}
	d.writeEvents("HorizontalPodAutoscaler", string(o.UID))
	return nil
}

// metric writes what is and what is wanted.
func (d *describer) metric(spec *autoscalingv2.MetricSpec, now *autoscalingv2.MetricStatus) {
	var is *autoscalingv2.MetricValueStatus
	switch {
	case spec.Resource != nil:
		if now.Resource != nil {
			is = &now.Resource.Current
		}
		d.usage(fmt.Sprintf("resource %s on pods", spec.Resource.Name), &spec.Resource.Target, is)
	case spec.ContainerResource != nil:
		if now.ContainerResource != nil {
			is = &now.ContainerResource.Current
		}
		d.usage(fmt.Sprintf("resource %s of container %q on pods", spec.ContainerResource.Name, spec.ContainerResource.Container), &spec.ContainerResource.Target, is)
	case spec.Pods != nil:
		if now.Pods != nil {
			is = &now.Pods.Current
		}
		d.line(1, "%q on pods:\t%s / %s", spec.Pods.Metric.Name, average(is), spec.Pods.Target.AverageValue)
	case spec.Object != nil:
		if now.Object != nil {
			is = &now.Object.Current
		}
		d.value(fmt.Sprintf("%q on %s/%s", spec.Object.Metric.Name, spec.Object.DescribedObject.Kind, spec.Object.DescribedObject.Name), &spec.Object.Target, is)
	case spec.External != nil:
		if now.External != nil {
			is = &now.External.Current
		}
		d.value(fmt.Sprintf("%q", spec.External.Metric.Name), &spec.External.Target, is)
	default:
		d.line(1, "<unknown metric type %q>", string(spec.Type))
	}
}

func average(is *autoscalingv2.MetricValueStatus) string {
	if is == nil || is.AverageValue == nil {
		return "<unknown>"
	}
	return is.AverageValue.String()
}

// usage is of a resource: an amount, or a share of what is requested.
func (d *describer) usage(what string, target *autoscalingv2.MetricTarget, is *autoscalingv2.MetricValueStatus) {
	if target.AverageValue != nil {
		d.line(1, "%s:\t%s / %s", what, average(is), target.AverageValue)
		return
	}
	current, wanted := "<unknown>", "<auto>"
	if is != nil && is.AverageUtilization != nil {
		current = fmt.Sprintf("%d%% (%s)", *is.AverageUtilization, average(is))
	}
	if target.AverageUtilization != nil {
		wanted = fmt.Sprintf("%d%%", *target.AverageUtilization)
	}
	d.line(1, "%s  (as a percentage of request):\t%s / %s", what, current, wanted)
}

// value is of a metric that isn't the pods' own.
func (d *describer) value(what string, target *autoscalingv2.MetricTarget, is *autoscalingv2.MetricValueStatus) {
	if target.AverageValue != nil {
		d.line(1, "%s (target average value):\t%s / %s", what, average(is), target.AverageValue)
		return
	}
	current := "<unknown>"
	if is != nil && is.Value != nil {
		current = is.Value.String()
	}
	d.line(1, "%s (target value):\t%s / %s", what, current, target.Value)
}

func (d *describer) scalingRules(direction string, rules *autoscalingv2.HPAScalingRules) {
	if rules == nil {
		return
	}
	d.line(1, "%s:", direction)
	if rules.StabilizationWindowSeconds != nil {
		d.line(2, "Stabilization Window: %d seconds", *rules.StabilizationWindowSeconds)
	}
	if len(rules.Policies) == 0 {
		return
	}
	selected := autoscalingv2.MaxChangePolicySelect
	if rules.SelectPolicy != nil {
		selected = *rules.SelectPolicy
	}
	d.line(2, "Select Policy: %s", selected)
	d.line(2, "Policies:")
	for _, p := range rules.Policies {
		d.line(3, "- Type: %s\tValue: %d\tPeriod: %d seconds", p.Type, p.Value, p.PeriodSeconds)
	}
}
