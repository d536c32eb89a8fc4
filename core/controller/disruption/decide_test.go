package disruption

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// pods are ready ones and then unready ones, p0, p1 and so on.
func pods(ready, not int) []*corev1.Pod {
	var out []*corev1.Pod
	for i := range ready + not {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("p", i)}}
		if i < ready {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}
		out = append(out, p)
	}
	return out
}

func TestDecide(t *testing.T) {
	number, percent := intstr.FromInt32, intstr.FromString
	for _, c := range []struct {
		name        string
		min, max    intstr.IntOrString
		pods        []*corev1.Pod
		expected    int32
		disrupted   map[string]time.Duration // how long ago
		want        string                   // allowed of healthy, desired, expected
		reason      string
		kept, stays int
	}{
		{name: "all healthy", min: number(2), pods: pods(3, 0), want: "1 of 3, 2, 3", reason: "SufficientPods"},
		{name: "one is not", min: number(2), pods: pods(2, 1), want: "0 of 2, 2, 3", reason: "InsufficientPods"},
		{name: "nobody", min: number(0), want: "0 of 0, 0, 0", reason: "InsufficientPods"},
		{name: "half", min: percent("50%"), pods: pods(3, 0), expected: 3, want: "1 of 3, 2, 3", reason: "SufficientPods"},
		{name: "one may go", max: number(1), pods: pods(3, 0), expected: 3, want: "1 of 3, 2, 3", reason: "SufficientPods"},
		{name: "a share may go", max: percent("30%"), pods: pods(5, 0), expected: 5, want: "2 of 5, 3, 5", reason: "SufficientPods"},
		{name: "more than there are may go", max: number(9), pods: pods(1, 1), expected: 2, want: "1 of 1, 0, 2", reason: "SufficientPods"},
		{
			name: "one is being evicted", min: number(2), pods: pods(3, 0), disrupted: map[string]time.Duration{"p0": time.Second, "gone": time.Second},
			want: "0 of 2, 2, 3", reason: "InsufficientPods", kept: 1,
		},
		{
			name: "one was to be evicted and stays", min: number(2), pods: pods(3, 0), disrupted: map[string]time.Duration{"p0": 3 * time.Minute},
			want: "1 of 3, 2, 3", reason: "SufficientPods", stays: 1,
		},
	} {
		b := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Generation: 3}}
		if c.max != (intstr.IntOrString{}) {
			b.Spec.MaxUnavailable = &c.max
		} else {
			b.Spec.MinAvailable = &c.min
		}
		for name, ago := range c.disrupted {
			if b.Status.DisruptedPods == nil {
				b.Status.DisruptedPods = map[string]metav1.Time{}
			}
			b.Status.DisruptedPods[name] = metav1.NewTime(noon.Add(-ago))
		}
		d, err := decide(observed{budget: b, pods: c.pods, expected: c.expected, now: noon})
		if err != nil {
			t.Fatal(err)
		}
		s := d.status
		got := fmt.Sprintf("%d of %d, %d, %d", s.DisruptionsAllowed, s.CurrentHealthy, s.DesiredHealthy, s.ExpectedPods)
		if got != c.want || s.Conditions[0].Reason != c.reason || len(s.DisruptedPods) != c.kept || len(d.stayed) != c.stays || s.ObservedGeneration != 3 {
			t.Errorf("%s: %s %s, disrupted %v, stayed %d; want %s %s", c.name, got, s.Conditions[0].Reason, s.DisruptedPods, len(d.stayed), c.want, c.reason)
		}
		if d.recheck.IsZero() == (c.kept > 0) {
			t.Errorf("%s: to be looked at again at %v", c.name, d.recheck)
		}
	}
}
