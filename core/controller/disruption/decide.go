package disruption

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tabernetes/tabernetes/core/controller"
)

// deletionTimeout is how long an evicted pod counts as gone though it has not
// been seen going.
const deletionTimeout = 2 * time.Minute

// observed is what a pass knows: the budget, the pods that it selects, and how
// many their controllers want, where that matters.
type observed struct {
	budget   *policyv1.PodDisruptionBudget
	pods     []*corev1.Pod
	expected int32
	now      time.Time
}

// decision is the status as it should be, when to look again for pods that are
// to go, and those that have not gone in time.
type decision struct {
	status  policyv1.PodDisruptionBudgetStatus
	recheck time.Time
	stayed  []*corev1.Pod
}

// relative tells whether a budget is reckoned by what the pods' controllers
// want: only a plain number of available pods is not.
func relative(spec *policyv1.PodDisruptionBudgetSpec) bool {
	return spec.MaxUnavailable != nil || spec.MinAvailable != nil && spec.MinAvailable.Type == intstr.String
}

func decide(seen observed) (decision, error) {
	expected, desired, err := wanted(seen)
	if err != nil {
		return decision{}, err
	}
	d := decision{}
	disrupted := d.disrupted(seen)
	healthy := int32(0)
	for _, pod := range seen.pods {
		if _, goes := disrupted[pod.Name]; pod.DeletionTimestamp == nil && !goes && controller.PodReady(pod) {
			healthy++
		}
	}
	d.status = policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: seen.budget.Generation, DisruptedPods: disrupted,
		CurrentHealthy: healthy, DesiredHealthy: desired, ExpectedPods: expected,
		Conditions: append([]metav1.Condition{}, seen.budget.Status.Conditions...),
	}
	if expected > 0 {
		d.status.DisruptionsAllowed = max(healthy-desired, 0)
	}
	allow(&d.status, metav1.NewTime(seen.now.Truncate(time.Second)))
	return d, nil
}

// wanted is how many pods there should be, and how many of them healthy.
func wanted(seen observed) (expected, desired int32, err error) {
	spec, n := &seen.budget.Spec, 0
	switch {
	case spec.MaxUnavailable != nil:
		n, err = intstr.GetScaledValueFromIntOrPercent(spec.MaxUnavailable, int(seen.expected), true)
		return seen.expected, max(seen.expected-int32(n), 0), err
	case spec.MinAvailable == nil:
		return 0, 0, nil
	case spec.MinAvailable.Type == intstr.Int:
		return int32(len(seen.pods)), spec.MinAvailable.IntVal, nil
	}
	n, err = intstr.GetScaledValueFromIntOrPercent(spec.MinAvailable, int(seen.expected), true)
	return seen.expected, int32(n), err
}

// disrupted are the evicted pods that are still to be seen going. One that has
// not gone in time is no longer counted as gone.
func (d *decision) disrupted(seen observed) map[string]metav1.Time {
	out := map[string]metav1.Time{}
	for _, pod := range seen.pods {
		at, ok := seen.budget.Status.DisruptedPods[pod.Name]
		if !ok || pod.DeletionTimestamp != nil {
			continue
		}
		until := at.Add(deletionTimeout)
		if until.Before(seen.now) {
			d.stayed = append(d.stayed, pod)
			continue
		}
		if out[pod.Name] = at; d.recheck.IsZero() || until.Before(d.recheck) {
			d.recheck = until.Add(time.Millisecond)
		}
	}
	return out
}

// allow says in the condition whether a disruption is allowed.
func allow(status *policyv1.PodDisruptionBudgetStatus, now metav1.Time) {
	c := metav1.Condition{
		Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.InsufficientPodsReason,
		ObservedGeneration: status.ObservedGeneration, LastTransitionTime: now,
	}
	if status.DisruptionsAllowed > 0 {
		c.Status, c.Reason = metav1.ConditionTrue, policyv1.SufficientPodsReason
	}
	meta.SetStatusCondition(&status.Conditions, c)
}
