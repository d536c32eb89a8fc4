package replicaset

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func setOf(n int32) *appsv1.ReplicaSet {
	s := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default", UID: "s", Generation: 2}}
	s.Spec.Replicas = &n
	s.Spec.Template.Labels = map[string]string{"app": "web"}
	return s
}

// pod makes a pod that runs ready on node-1 for an hour, and changes it.
func pod(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: name, UID: types.UID(name), Labels: map[string]string{"app": "web"},
		CreationTimestamp: metav1.NewTime(noon.Add(-time.Hour)),
	}}
	p.Spec.NodeName = "node-1"
	p.Status.Phase = corev1.PodRunning
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{}}
	p.Status.Conditions = []corev1.PodCondition{{
		Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(noon.Add(-time.Hour)),
	}}
	for _, c := range change {
		c(p)
	}
	return p
}

func unbound(p *corev1.Pod) { p.Spec.NodeName = "" }
func pending(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }
func unready(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }
func elsewhere(p *corev1.Pod) {
	p.Spec.NodeName = "node-2"
}
func restarted(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount = 3 }
func cheap(p *corev1.Pod)     { p.Annotations = map[string]string{corev1.PodDeletionCost: "-5"} }
func dear(p *corev1.Pod)      { p.Annotations = map[string]string{corev1.PodDeletionCost: "5"} }
func failed(p *corev1.Pod)    { p.Status.Phase = corev1.PodFailed }
func readyFor(d time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Status.Conditions[0].LastTransitionTime = metav1.NewTime(noon.Add(-d)) }
}
func aged(d time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(noon.Add(-d)) }
}

func TestWhoGoesFirst(t *testing.T) {
	for _, c := range []struct {
		name        string
		goes, stays *corev1.Pod
		others      []*corev1.Pod
	}{
		{"without a node", pod("b", unbound), pod("a", pending, unready), nil},
		{"pending", pod("b", pending), pod("a", unready), nil},
		{"unready", pod("b", unready), pod("a", cheap), nil},
		{"cheap to delete", pod("b", cheap), pod("a", restarted), nil},
		{"not dear", pod("b"), pod("a", dear), nil},
		{"crowded", pod("b"), pod("a", elsewhere, restarted), []*corev1.Pod{pod("c")}},
		{"neighbours that have failed don't crowd", pod("a", elsewhere, restarted), pod("b"), []*corev1.Pod{pod("c", failed)}},
		{"lately ready", pod("b", readyFor(time.Minute)), pod("a", restarted), nil},
		{"about as long ready: by UID", pod("a", readyFor(61*time.Minute)), pod("b"), nil},
		{"restarted", pod("b", restarted), pod("a", aged(time.Minute)), nil},
		{"young", pod("b", aged(time.Minute)), pod("a"), nil},
		{"about as old: by UID", pod("a", aged(61*time.Minute)), pod("b"), nil},
	} {
		for _, order := range [][]*corev1.Pod{{c.goes, c.stays}, {c.stays, c.goes}} {
			seen := observed{set: setOf(1), counts: counts{active: 2}, active: order, related: append(c.others, order...), now: noon}
			if got := decide(seen); len(got.delete) != 1 || got.delete[0] != c.goes {
				t.Errorf("%s: decided %+v, want %s to go", c.name, got, c.goes.Name)
			}
		}
	}
}

func TestDecide(t *testing.T) {
	many := func(n int) []*corev1.Pod {
		pods := make([]*corev1.Pod, n)
		for i := range pods {
			pods[i] = pod(fmt.Sprint(i))
		}
		return pods
	}
	for _, c := range []struct {
		wanted         int32
		have           int
		create, delete int
	}{
		{3, 3, 0, 0}, {3, 1, 2, 0}, {1, 3, 0, 2}, {0, 3, 0, 3}, {1000, 0, 500, 0}, {10, 700, 0, 500},
	} {
		pods := many(c.have)
		got := decide(observed{set: setOf(c.wanted), counts: countAll(setOf(0), pods, noon), active: pods, now: noon})
		if got.create != c.create || len(got.delete) != c.delete {
			t.Errorf("%d of %d: create %d, delete %d; want %d and %d",
				c.have, c.wanted, got.create, len(got.delete), c.create, c.delete)
		}
	}
	dying := setOf(3)
	dying.DeletionTimestamp = &metav1.Time{Time: noon}
	if got := decide(observed{set: dying}); got.create != 0 {
		t.Errorf("a set that is being deleted creates %d pods", got.create)
	}
}

func TestSlowStart(t *testing.T) {
	for _, c := range []struct{ n, failAt, want int }{
		{10, 0, 10}, {10, 1, 1}, {10, 2, 3}, {10, 5, 7}, {10, 9, 10}, {0, 0, 0},
	} {
		calls := 0
		err := slowStart(c.n, func() error {
			if calls++; calls == c.failAt {
				return errors.New("no")
			}
			return nil
		})
		if calls != c.want || (err != nil) != (c.failAt > 0) {
			t.Errorf("%d calls, the %dth fails: %d were made, error %v; want %d", c.n, c.failAt, calls, err, c.want)
		}
	}
}

func TestStatus(t *testing.T) {
	s := setOf(5)
	s.Spec.MinReadySeconds = 60
	unlabelled := pod("d")
	unlabelled.Labels = nil
	pods := []*corev1.Pod{pod("a"), pod("b", readyFor(59*time.Second)), pod("c", unready), unlabelled}
	seen := observed{set: s, now: noon, active: pods, counts: countAll(s, pods, noon)}
	seen.counts.terminating = 1
	one := int32(1)
	want := appsv1.ReplicaSetStatus{
		Replicas: 4, FullyLabeledReplicas: 3, ReadyReplicas: 3, AvailableReplicas: 2, TerminatingReplicas: &one, ObservedGeneration: 2,
	}
	if diff := cmp.Diff(want, statusOf(seen, nil)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	s.Status = statusOf(seen, errors.New("quota"))
	if c := s.Status.Conditions; len(c) != 1 || c[0].Reason != "FailedCreate" || c[0].Message != "quota" {
		t.Errorf("conditions after a failure: %+v", c)
	}
	if c := statusOf(seen, errors.New("another")).Conditions; len(c) != 1 || c[0].Message != "quota" {
		t.Errorf("conditions after a second failure: %+v", c)
	}
	if c := statusOf(seen, nil).Conditions; len(c) != 0 {
		t.Errorf("conditions after success: %+v", c)
	}
}

// TestTalliesAgree lets pods come, change and go at random, and compares the
// running count with one made afresh.
func TestTalliesAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := setOf(1)
	selector := labels.SelectorFromSet(labels.Set{"app": "web"})
	changes := []func(*corev1.Pod){
		pending, unready, failed, restarted,
		func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: noon} },
		func(p *corev1.Pod) { p.Labels = map[string]string{"app": "web", "more": "yes"} },
		func(p *corev1.Pod) { p.Labels = map[string]string{"app": "other"} },
		func(p *corev1.Pod) { p.OwnerReferences = nil },
	}
	tally, all := newTallies(), map[string]*corev1.Pod{}
	for step := range 5000 {
		p := pod(fmt.Sprint(r.IntN(30)), func(p *corev1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
		})
		for range r.IntN(3) {
			changes[r.IntN(len(changes))](p)
		}
		if r.IntN(4) == 0 {
			tally.forget(p)
			delete(all, p.Name)
		} else {
			tally.count(p)
			all[p.Name] = p
		}
		want, matching := recount(s, all)
		got, ok := tally.of(s.UID, selector, selector)
		if ok != matching || ok && got != want {
			t.Fatalf("step %d: counted %+v, %v; there are %+v, %v", step, got, ok, want, matching)
		}
	}
	for _, p := range all {
		tally.forget(p)
	}
	if len(tally.owners)+len(tally.pods) > 0 {
		t.Errorf("left behind: %d owners, %d pods", len(tally.owners), len(tally.pods))
	}
}

// recount counts a set's pods afresh; false when one has other labels.
func recount(s *appsv1.ReplicaSet, all map[string]*corev1.Pod) (counts, bool) {
	var active []*corev1.Pod
	terminating, matching := int32(0), true
	for _, p := range all {
		if !metav1.IsControlledBy(p, s) {
			continue
		}
		matching = matching && p.Labels["app"] == "web"
		if isActive(p) {
			active = append(active, p)
		} else if isTerminating(p) {
			terminating++
		}
	}
	c := countAll(s, active, noon)
	c.terminating = terminating
	return c, matching
}

func TestPodOf(t *testing.T) {
	s := setOf(1)
	s.Spec.Template.Annotations = map[string]string{"a": "b"}
	p := podOf(s, s)
	if p.GenerateName != "web-" || !metav1.IsControlledBy(p, s) || p.Labels["app"] != "web" || p.Annotations["a"] != "b" {
		t.Errorf("%+v", p.ObjectMeta)
	}
	p.Labels["app"] = "changed"
	if s.Spec.Template.Labels["app"] != "web" {
		t.Error("the pod shares the template's labels")
	}
	if s.Name = strings.Repeat("x", 253); podOf(s, s).GenerateName != s.Name {
		t.Error("a name without room for a dash got one")
	}
}

func BenchmarkGiveUpHalfOf10000(b *testing.B) {
	pods := make([]*corev1.Pod, 10_000)
	for i := range pods {
		pods[i] = pod(fmt.Sprint(i), aged(time.Duration(i)*time.Second))
	}
	for b.Loop() {
		decide(observed{set: setOf(5000), counts: counts{active: 10_000}, active: pods, related: pods, now: noon})
	}
}
