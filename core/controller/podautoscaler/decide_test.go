package podautoscaler

import (
	"fmt"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// pod has been ready for an hour and requests a tenth of a cpu.
func pod(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}},
		}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, StartTime: &metav1.Time{Time: noon.Add(-time.Hour)},
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(noon.Add(-time.Hour))}},
		},
	}
	for _, f := range change {
		f(p)
	}
	return p
}

func pending(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }
func going(p *corev1.Pod)   { p.DeletionTimestamp = &metav1.Time{Time: noon} }
func fresh(p *corev1.Pod) {
	p.Status.StartTime.Time = noon.Add(-time.Minute)
	p.Status.Conditions[0].LastTransitionTime.Time = noon.Add(-time.Second)
}
func plain(p *corev1.Pod) { p.Spec.Containers[0].Resources = corev1.ResourceRequirements{} }

// TestReplicas: use is in thousandths, -1 where nothing is known; every pod is to use half
// of the 100 that it requests unless an amount is given.
func TestReplicas(t *testing.T) {
	for name, test := range map[string]struct {
		use    []int64
		pods   map[int]func(*corev1.Pod)
		amount int64
		want   string
	}{
		"as wanted":              {use: []int64{50, 50}, want: "2 at 50%"},
		"within the tolerance":   {use: []int64{54, 54}, want: "2 at 54%"},
		"twice as much":          {use: []int64{100, 100}, want: "4 at 100%"},
		"rounded up":             {use: []int64{60, 60}, want: "3 at 60%"},
		"nothing to do":          {use: []int64{10, 10, 10}, want: "1 at 10%"},
		"one not known, up":      {use: []int64{100, 100, -1}, want: "4 at 100%"},
		"one not known, down":    {use: []int64{10, 10, -1}, want: "3 at 10%"},
		"not known would turn":   {use: []int64{70, -1}, want: "2 at 70%"},
		"one that starts":        {use: []int64{100, 90}, pods: map[int]func(*corev1.Pod){1: fresh}, want: "2 at 100%"},
		"one that is pending":    {use: []int64{200, -1}, pods: map[int]func(*corev1.Pod){1: pending}, want: "4 at 200%"},
		"one that goes":          {use: []int64{100, 100}, pods: map[int]func(*corev1.Pod){1: going}, want: "2 at 100%"},
		"nobody":                 {want: "no pods returned by selector while calculating replica count"},
		"only one that starts":   {use: []int64{90}, pods: map[int]func(*corev1.Pod){0: fresh}, want: "did not receive metrics for targeted pods (pods might be unready)"},
		"one requests nothing":   {use: []int64{50, 50}, pods: map[int]func(*corev1.Pod){1: plain}, want: "missing request for cpu in container c of Pod p1"},
		"an amount":              {use: []int64{300, 300}, amount: 200, want: "3 at 0%"},
		"an amount, one missing": {use: []int64{100, -1}, amount: 200, want: "2 at 0%"},
	} {
		m := measurement{samples: map[string]sample{}, resource: corev1.ResourceCPU, share: 50, now: noon, current: int32(len(test.use)), up: usualTolerance, down: usualTolerance}
		if test.amount > 0 {
			m.share, m.amount = 0, test.amount
		}
		for i, use := range test.use {
			p := pod(fmt.Sprint("p", i))
			if change := test.pods[i]; change != nil {
				change(p)
			}
			m.pods = append(m.pods, p)
			if use >= 0 {
				m.samples[p.Name] = sample{use, noon.Add(-2 * time.Second), 15 * time.Second}
			}
		}
		n, err := m.decide()
		got := fmt.Sprintf("%d at %d%%", n, m.percent)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestBounded(t *testing.T) {
	for _, c := range []struct {
		current, n, least, most, want int32
		reason                        string
	}{
		{3, 4, 1, 9, 4, "DesiredWithinRange"},
		{3, 9, 1, 9, 6, "ScaleUpLimit"},
		{1, 4, 1, 9, 4, "DesiredWithinRange"},
		{1, 5, 1, 9, 4, "ScaleUpLimit"},
		{3, 9, 1, 5, 5, "TooManyReplicas"},
		{3, 1, 2, 5, 2, "TooFewReplicas"},
	} {
		if n, reason, _ := bounded(c.current, c.n, c.least, c.most); n != c.want || reason != c.reason {
			t.Errorf("%+v: %d, %s", c, n, reason)
		}
	}
}

// TestSteady: less is taken when it has been enough for five minutes, or as
// long as the behaviour says; more at once, or as it says.
func TestSteady(t *testing.T) {
	h := &history{wanted: []moment{{5, noon}}}
	for _, step := range []struct {
		after  time.Duration
		wanted int32
		want   int32
	}{{15, 2, 5}, {60, 8, 8}, {120, 1, 8}, {301, 1, 8}, {361, 1, 1}} {
		if n, _, _ := h.steadyDown(step.wanted, noon.Add(step.after*time.Second)); n != step.want {
			t.Errorf("after %d seconds: %d, want %d", step.after, n, step.want)
		}
	}
	h = &history{wanted: []moment{{5, noon}}}
	for _, step := range []struct {
		after           time.Duration
		current, wanted int32
		want            string
	}{{15, 5, 9, "5 ScaleUpStabilized"}, {40, 5, 9, "5 ScaleUpStabilized"}, {70, 5, 9, "9 ScaleUpStabilized"}, {80, 9, 2, "9 ScaleDownStabilized"}, {200, 9, 2, "2 ScaleDownStabilized"}} {
		n, reason, _ := h.steady(step.current, step.wanted, 60, 100, noon.Add(step.after*time.Second))
		if got := fmt.Sprint(n, " ", reason); got != step.want {
			t.Errorf("after %d seconds: %s, want %s", step.after, got, step.want)
		}
	}
}

func TestLimited(t *testing.T) {
	rules := func(choose autoscalingv2.ScalingPolicySelect, policies ...autoscalingv2.HPAScalingPolicy) *autoscalingv2.HPAScalingRules {
		return &autoscalingv2.HPAScalingRules{SelectPolicy: ptr.To(choose), Policies: policies}
	}
	pods := func(n int32) autoscalingv2.HPAScalingPolicy {
		return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: n, PeriodSeconds: 60}
	}
	percent := func(n int32) autoscalingv2.HPAScalingPolicy {
		return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: n, PeriodSeconds: 60}
	}
	const most, fewest, never = autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect
	for name, c := range map[string]struct {
		rules      *autoscalingv2.HPAScalingRules
		current, n int32
		lately     int32 // already added or removed
		want       string
	}{
		"by pods":               {rules(most, pods(2)), 10, 20, 0, "12 ScaleUpLimit"},
		"the larger":            {rules(most, pods(2), percent(50)), 10, 20, 0, "15 ScaleUpLimit"},
		"the smaller":           {rules(fewest, pods(2), percent(50)), 10, 20, 0, "12 ScaleUpLimit"},
		"used up":               {rules(most, pods(2)), 10, 20, 2, "10 ScaleUpLimit"},
		"a share, rounded up":   {rules(most, percent(25)), 3, 20, 0, "4 ScaleUpLimit"},
		"more than there may":   {rules(most, percent(900)), 10, 90, 0, "40 TooManyReplicas"},
		"in range":              {rules(most, percent(900)), 10, 30, 0, "30 DesiredWithinRange"},
		"never up":              {rules(never, percent(900)), 10, 30, 0, "10 ScaleUpLimit"},
		"down by pods":          {rules(most, pods(2)), 10, 1, 0, "8 ScaleDownLimit"},
		"down by the larger":    {rules(most, pods(2), percent(50)), 10, 1, 0, "5 ScaleDownLimit"},
		"down by the smaller":   {rules(fewest, pods(2), percent(50)), 10, 1, 0, "8 ScaleDownLimit"},
		"down, used up":         {rules(most, pods(2)), 10, 1, 2, "10 ScaleDownLimit"},
		"down, fewer than may":  {rules(most, percent(100)), 10, 1, 0, "3 TooFewReplicas"},
		"never down":            {rules(never, percent(100)), 10, 1, 0, "10 ScaleDownLimit"},
		"no change is in range": {rules(most, pods(1)), 10, 10, 0, "10 DesiredWithinRange"},
	} {
		h := &history{}
		lately := []moment{{c.lately, noon.Add(-30 * time.Second)}, {7, noon.Add(-2 * time.Minute)}}
		if c.n > c.current {
			h.up = lately
		} else {
			h.down = lately
		}
		b := &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: c.rules, ScaleDown: c.rules}
		n, reason, _ := h.limited(b, c.current, c.n, 3, 40, noon)
		if got := fmt.Sprint(n, " ", reason); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
