package podautoscaler

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	// usualTolerance is how far use may be from its target without consequence.
	usualTolerance = 0.1
	// startPeriod is how long after its start a pod's cpu use may be that of
	// starting, and readinessDelay how long it takes until it can be ready.
	startPeriod    = 5 * time.Minute
	readinessDelay = 30 * time.Second
)

// failure is why a metric gives no number: the condition's reason, the error
// that the condition and the event carry, and what the pass says of it.
type failure struct {
	reason string
	why    error
	what   string
}

// metric works out the number of replicas that one metric wants.
func (p *pass) metric(spec *autoscalingv2.MetricSpec, selector labels.Selector) (int32, string, autoscalingv2.MetricStatus, *failure) {
	status := autoscalingv2.MetricStatus{Type: spec.Type}
	switch spec.Type {
	case autoscalingv2.ResourceMetricSourceType:
		m := spec.Resource
		n, is, err := p.resource(m.Name, "", &m.Target, selector)
		if err != nil {
			return 0, "", status, &failure{"FailedGetResourceMetric", err, fmt.Sprintf("failed to get %s resource metric value: %v", m.Name, err)}
		}
		status.Resource = &autoscalingv2.ResourceMetricStatus{Name: m.Name, Current: is}
		return n, nameOf(m.Name, "", &m.Target), status, nil
	case autoscalingv2.ContainerResourceMetricSourceType:
		m := spec.ContainerResource
		n, is, err := p.resource(m.Name, m.Container, &m.Target, selector)
		if err != nil {
			return 0, "", status, &failure{"FailedGetContainerResourceMetric", err, fmt.Sprintf("failed to get %s container metric value: %v", m.Container, err)}
		}
		status.ContainerResource = &autoscalingv2.ContainerResourceMetricStatus{Name: m.Name, Container: m.Container, Current: is}
		return n, nameOf(m.Name, " container", &m.Target), status, nil
	}
	return 0, "", status, elsewhere(spec, p.hpa.Namespace)
}

// elsewhere is the failure of a metric that comes from an API which isn't there.
func elsewhere(spec *autoscalingv2.MetricSpec, namespace string) *failure {
	custom := errors.New("unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered")
	switch {
	case spec.Pods != nil:
		why := fmt.Errorf("unable to get metric %s: %w", spec.Pods.Metric.Name, custom)
		return &failure{"FailedGetPodsMetric", why, fmt.Sprintf("failed to get pods metric value: %v", why)}
	case spec.Object != nil:
		ref := &spec.Object.DescribedObject
		why := fmt.Errorf("unable to get metric %s: %s on %s %w", spec.Object.Metric.Name, ref.Kind, ref.Name, custom)
		return &failure{"FailedGetObjectMetric", why, fmt.Sprintf("failed to get object metric value: %v", why)}
	}
	m := spec.External
	why := fmt.Errorf("unable to get external metric %s/%s/%s: unable to fetch metrics from external metrics API: the server could not find the requested resource (get %s.external.metrics.k8s.io)",
		namespace, m.Metric.Name, shown(m.Metric.Selector), m.Metric.Name)
	what := fmt.Sprintf("failed to get external metric %s: %v", m.Metric.Name, why)
	if m.Target.AverageValue != nil {
		what = fmt.Sprintf("failed to get %s external metric: %v", m.Metric.Name, why)
	}
	return &failure{"FailedGetExternalMetric", why, fmt.Sprintf("failed to get %s external metric value: %s", m.Metric.Name, what)}
}

// shown is a selector as upstream's messages show it; expressions are left out.
func shown(s *metav1.LabelSelector) string {
	if s == nil {
		return "nil"
	}
	labels := ""
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		labels += key + ": " + s.MatchLabels[key] + ","
	}
	return "&LabelSelector{MatchLabels:map[string]string{" + labels + "},MatchExpressions:[]LabelSelectorRequirement{},}"
}

func nameOf(resource corev1.ResourceName, container string, target *autoscalingv2.MetricTarget) string {
	if target.AverageValue != nil {
		return fmt.Sprintf("%s resource", resource)
	}
	return fmt.Sprintf("%s%s resource utilization (percentage of request)", resource, container)
}

// resource is the number for a resource metric, and what the pods use now.
func (p *pass) resource(name corev1.ResourceName, container string, target *autoscalingv2.MetricTarget, selector labels.Selector) (int32, autoscalingv2.MetricValueStatus, error) {
	var is autoscalingv2.MetricValueStatus
	share := target.AverageValue == nil
	what := "usage"
	if share {
		what = "utilization"
	}
	samples, err := p.usage(name, container, selector)
	if err != nil {
		return 0, is, fmt.Errorf("failed to get %s %s: unable to get metrics for resource %s: %w", name, what, name, err)
	}
	pods, err := p.pods(selector)
	if err != nil {
		return 0, is, err
	}
	m := measurement{pods: pods, samples: samples, resource: name, container: container, now: p.now, current: p.scale.Spec.Replicas,
		up: p.tolerance(true), down: p.tolerance(false)}
	if share {
		m.share = int64(*target.AverageUtilization)
	} else {
		m.amount = target.AverageValue.MilliValue()
	}
	n, err := m.decide()
	if err != nil {
		return 0, is, fmt.Errorf("failed to get %s %s: %w", name, what, err)
	}
	format := resource.DecimalSI
	if name == corev1.ResourceMemory {
		format = resource.BinarySI
	}
	is.AverageValue = resource.NewMilliQuantity(m.average, format)
	if share {
		percent := int32(m.percent)
		is.AverageUtilization = &percent
	}
	return n, is, nil
}

func (p *pass) tolerance(up bool) float64 {
	b := p.hpa.Spec.Behavior
	switch {
	case b == nil:
	case up && b.ScaleUp.Tolerance != nil:
		return b.ScaleUp.Tolerance.AsApproximateFloat64()
	case !up && b.ScaleDown.Tolerance != nil:
		return b.ScaleDown.Tolerance.AsApproximateFloat64()
	}
	return usualTolerance
}

// measurement is what a number of replicas follows from: pods and what they
// use, against a share of what they request, in percent, or an amount.
type measurement struct {
	pods      []*corev1.Pod
	samples   map[string]sample
	resource  corev1.ResourceName
	container string
	share     int64
	amount    int64
	current   int32
	up, down  float64
	now       time.Time

	average, percent int64 // what is used now, a pod
}

// decide follows the ratio of use and target. Pods of which nothing is known,
// and those that are starting, temper it: they are counted as doing nothing
// when it goes up, and as doing all that they may when it goes down.
func (m *measurement) decide() (int32, error) {
	if len(m.pods) == 0 {
		return 0, errors.New("no pods returned by selector while calculating replica count")
	}
	ready, unready, missing := m.group()
	if len(m.samples) == 0 {
		return 0, errors.New("did not receive metrics for targeted pods (pods might be unready)")
	}
	requests, err := m.requests()
	if err != nil {
		return 0, err
	}
	ratio, average, percent, err := m.ratio(requests)
	if err != nil {
		return 0, err
	}
	m.average, m.percent = average, percent
	rising := len(unready) > 0 && ratio > 1
	if !rising && len(missing) == 0 {
		if m.tolerates(ratio) {
			return m.current, nil
		}
		return int32(math.Ceil(ratio * float64(ready))), nil
	}
	m.temper(ratio, unready, missing, requests)
	tempered, _, _, err := m.ratio(requests)
	if err != nil {
		return 0, err
	}
	n := int32(math.Ceil(tempered * float64(len(m.samples))))
	turned := ratio < 1 && tempered > 1 || ratio > 1 && tempered < 1
	if m.tolerates(tempered) || turned || tempered < 1 && n > m.current || tempered > 1 && n < m.current {
		return m.current, nil
	}
	return n, nil
}

func (m *measurement) tolerates(ratio float64) bool { return 1-m.down <= ratio && ratio <= 1+m.up }

// group counts the pods that the ratio is about, and drops the samples of others.
func (m *measurement) group() (ready int, unready, missing []string) {
	for _, pod := range m.pods {
		s, known := m.samples[pod.Name]
		switch {
		case pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed:
			delete(m.samples, pod.Name)
		case pod.Status.Phase == corev1.PodPending, known && m.resource == corev1.ResourceCPU && m.starting(pod, s):
			delete(m.samples, pod.Name)
			unready = append(unready, pod.Name)
		case !known:
			missing = append(missing, pod.Name)
		default:
			ready++
		}
	}
	return ready, unready, missing
}

// starting tells whether a pod's use of cpu may be that of its start.
func (m *measurement) starting(pod *corev1.Pod, s sample) bool {
	var c *corev1.PodCondition
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == corev1.PodReady {
			c = &pod.Status.Conditions[i]
		}
	}
	switch {
	case c == nil || pod.Status.StartTime == nil:
		return true
	case pod.Status.StartTime.Add(startPeriod).After(m.now):
		return c.Status == corev1.ConditionFalse || s.at.Before(c.LastTransitionTime.Add(s.window))
	}
	return c.Status == corev1.ConditionFalse && pod.Status.StartTime.Add(readinessDelay).After(c.LastTransitionTime.Time)
}

// requests are what the pods request, where their use is compared with that.
func (m *measurement) requests() (map[string]int64, error) {
	out := map[string]int64{}
	if m.share == 0 {
		return out, nil
	}
	for _, pod := range m.pods {
		n, err := requestOf(pod, m.resource, m.container)
		if err != nil {
			return nil, err
		}
		out[pod.Name] = n
	}
	return out, nil
}

func requestOf(pod *corev1.Pod, resource corev1.ResourceName, container string) (int64, error) {
	var containers []corev1.Container
	containers = append(containers, pod.Spec.Containers...)
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, c)
		}
	}
	total, found := int64(0), container == ""
	for i := range containers {
		c := &containers[i]
		if container != "" && c.Name != container {
			continue
		}
		q, ok := c.Resources.Requests[resource]
		if !ok {
			return 0, fmt.Errorf("missing request for %s in container %s of Pod %s", resource, c.Name, pod.Name)
		}
		total, found = total+q.MilliValue(), true
	}
	if !found {
		return 0, fmt.Errorf("container %s not found in Pod %s", container, pod.Name)
	}
	return total, nil
}

// ratio compares what is used with the target; average is a pod's use and
// percent the share of what is requested.
func (m *measurement) ratio(requests map[string]int64) (ratio float64, average, percent int64, err error) {
	used, requested, n := int64(0), int64(0), int64(0)
	for name, s := range m.samples {
		request, known := requests[name]
		if m.share > 0 && !known {
			continue
		}
		used, requested, n = used+s.value, requested+request, n+1
	}
	if m.share == 0 {
		average = used / n
		return float64(average) / float64(m.amount), average, 0, nil
	}
	if requested == 0 {
		return 0, 0, 0, errors.New("no metrics returned matched known pods")
	}
	percent = used * 100 / requested
	return float64(percent) / float64(m.share), used / n, percent, nil
}

// temper counts pods in of which nothing is known.
func (m *measurement) temper(ratio float64, unready, missing []string, requests map[string]int64) {
	for _, name := range missing {
		switch {
		case ratio < 1 && m.share > 0:
			m.samples[name] = sample{value: requests[name] * max(100, m.share) / 100}
		case ratio < 1:
			m.samples[name] = sample{value: m.amount}
		case ratio > 1:
			m.samples[name] = sample{}
		}
	}
	if len(unready) > 0 && ratio > 1 {
		for _, name := range unready {
			m.samples[name] = sample{}
		}
	}
}
