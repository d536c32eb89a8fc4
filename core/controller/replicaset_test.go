package controller_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

func (w *world) createSet(replicas int32, change ...func(*appsv1.ReplicaSet)) *appsv1.ReplicaSet {
	w.Helper()
	d := webDeployment(replicas)
	s := &appsv1.ReplicaSet{ObjectMeta: d.ObjectMeta, Spec: appsv1.ReplicaSetSpec{
		Replicas: d.Spec.Replicas, Selector: d.Spec.Selector, Template: d.Spec.Template,
	}}
	for _, c := range change {
		c(s)
	}
	s = must[*appsv1.ReplicaSet](w)(client.Create(w.user, s))
	w.quiet()
	return s
}

func (w *world) set() *appsv1.ReplicaSet {
	w.Helper()
	return must[*appsv1.ReplicaSet](w)(client.Get[*appsv1.ReplicaSet](w.user, "default", "web"))
}

func (w *world) resizeSet(n int32) {
	w.Helper()
	must[*appsv1.ReplicaSet](w)(client.Patch(w.user, "default", "web", "", func(s *appsv1.ReplicaSet) { s.Spec.Replicas = &n }))
	w.quiet()
}

func TestReplicaSetKeepsItsPods(t *testing.T) {
	w := newWorld(t, 1, "replicaset-controller", "kubelet")
	w.createSet(3)
	if err := client.Delete[*corev1.Pod](w.user, "default", list[*corev1.Pod](w, "default")[0].Name, nil); err != nil {
		t.Fatal(err)
	}
	w.quiet()
	if s := w.set().Status; len(list[*corev1.Pod](w, "default")) != 3 || s.ReadyReplicas != 3 || *s.TerminatingReplicas != 0 {
		t.Errorf("status %+v", s)
	}
	must[*corev1.Pod](w)(client.Patch(w.user, "default", list[*corev1.Pod](w, "default")[0].Name, "status",
		func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }))
	w.quiet()
	if s := w.set().Status; len(list[*corev1.Pod](w, "default")) != 4 || s.Replicas != 3 {
		t.Errorf("a failed pod was not replaced: %+v", s)
	}
	equal(t, "events", len(w.events("SuccessfulCreate")), 5)
	w.settled()
}

func TestReplicaSetAdoptsAndReleases(t *testing.T) {
	w := newWorld(t, 1, "replicaset-controller", "kubelet")
	d := webDeployment(1)
	orphan := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "orphan", Labels: d.Labels}, Spec: d.Spec.Template.Spec}
	must[*corev1.Pod](w)(client.Create(w.user, orphan))
	w.createSet(2)
	pods := names(list[*corev1.Pod](w, "default"))
	if len(pods) != 2 || !slices.Contains(pods, "orphan") {
		t.Fatalf("pods %v, want the orphan and one more", pods)
	}
	must[*corev1.Pod](w)(client.Patch(w.user, "default", "orphan", "", func(p *corev1.Pod) { p.Labels = map[string]string{"app": "debug"} }))
	w.quiet()
	for _, p := range list[*corev1.Pod](w, "default") {
		if owned := len(p.OwnerReferences) == 1; owned == (p.Name == "orphan") {
			t.Errorf("%s: owners %v", p.Name, p.OwnerReferences)
		}
	}
	equal(t, "pods", len(list[*corev1.Pod](w, "default")), 3)
	w.settled()
}

func TestMinReadySeconds(t *testing.T) {
	w := newWorld(t, 1, "replicaset-controller", "kubelet")
	w.timing.Spread = 0
	must[*appsv1.ReplicaSet](w)(client.Create(w.user, func() *appsv1.ReplicaSet {
		d := webDeployment(2)
		return &appsv1.ReplicaSet{ObjectMeta: d.ObjectMeta, Spec: appsv1.ReplicaSetSpec{
			Replicas: d.Spec.Replicas, Selector: d.Spec.Selector, Template: d.Spec.Template, MinReadySeconds: 30,
		}}
	}()))
	if _, err := w.sim.AdvanceTo(w.sim.Now().Add(20*time.Second), 10_000); err != nil {
		t.Fatal(err)
	}
	if s := w.set().Status; s.ReadyReplicas != 2 || s.AvailableReplicas != 0 {
		t.Errorf("after 20 seconds: %+v", s)
	}
	w.quiet()
	if s := w.set().Status; s.AvailableReplicas != 2 {
		t.Errorf("when quiet: %+v", s)
	}
	w.settled()
}

func TestPodsThatAreRefused(t *testing.T) {
	w := newWorld(t, 1, "replicaset-controller", "kubelet")
	w.createSet(5, func(s *appsv1.ReplicaSet) { s.Spec.Template.Spec.ServiceAccountName = "builder" })
	s := w.set().Status
	if len(s.Conditions) != 1 || s.Conditions[0].Reason != "FailedCreate" || s.Replicas != 0 {
		t.Errorf("status %+v", s)
	}
	if got := w.events("FailedCreate"); len(got) == 0 {
		t.Error("no event")
	}
	must[*corev1.ServiceAccount](w)(client.Create(w.user, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "builder"}}))
	w.advance(20 * time.Minute)
	if s := w.set().Status; len(s.Conditions) != 0 || s.ReadyReplicas != 5 {
		t.Errorf("once they are admitted: %+v", s)
	}
	w.settled()
}

// TestNeverTooManyPods deletes pods under long delays, broken watches and
// restarts, and counts those that are not being deleted at every step.
func TestNeverTooManyPods(t *testing.T) {
	const size = 6
	for seed := range uint64(40) {
		w := newWorld(t, seed, "kubelet")
		w.timing.Delivery, w.timing.Spread = 5*time.Millisecond, 1000
		w.start("replicaset-controller")
		dice := w.sim.Rand("test")
		w.createSet(size)
		for range 8 {
			for _, p := range list[*corev1.Pod](w, "default") {
				if p.DeletionTimestamp == nil && dice.IntN(3) == 0 {
					if err := client.Delete[*corev1.Pod](w.user, "default", p.Name, nil); err != nil {
						t.Fatal(err)
					}
				}
			}
			for range dice.IntN(60) {
				w.sim.Step()
				if got := w.activePods(); got > size {
					t.Fatalf("seed %d: %d pods of %d", seed, got, size)
				}
			}
			if dice.IntN(2) == 0 {
				w.clients["replicaset-controller"].Disconnect()
			} else {
				w.start("replicaset-controller")
			}
		}
		w.advance(20 * time.Second)
		if s := w.set(); w.activePods() != size || s.Status.ReadyReplicas != size {
			t.Errorf("seed %d: %d pods of %d, status %+v", seed, w.activePods(), size, s.Status)
		}
		w.settled()
	}
}

func (w *world) activePods() int {
	w.Helper()
	n := 0
	for _, p := range list[*corev1.Pod](w, "default") {
		if p.DeletionTimestamp == nil {
			n++
		}
	}
	return n
}

// TestLargeSets checks that ten times the pods make at most ten times and a
// bit the work, and that bursts of more than 500 go on by themselves.
func TestLargeSets(t *testing.T) {
	steps := map[int32]uint64{}
	for _, n := range []int32{120, 1200} {
		w := newWorld(t, 1, "replicaset-controller", "kubelet")
		from, before := w.sim.Steps(), w.st.Revision()
		w.createSet(n)
		if s := w.set().Status; s.ReadyReplicas != n {
			t.Fatalf("%d of %d ready", s.ReadyReplicas, n)
		}
		steps[n] = w.sim.Steps() - from
		writes := w.byActor(before)["replicaset-controller"]
		statuses := len(slices.DeleteFunc(writes, func(s string) bool { return s != "update replicasets/status" }))
		if statuses > 80+int(n)/8 {
			t.Errorf("%d pods: %d writes of the status", n, statuses)
		}
	}
	if ratio := float64(steps[1200]) / float64(steps[120]); ratio > 11 {
		t.Errorf("ten times the pods took %.1f times the steps (%s)", ratio, fmt.Sprint(steps))
	}
}
