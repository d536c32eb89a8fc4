package deployment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// web is a Deployment as `kubectl create deployment web --image=IMAGE` makes it.
func web(image string, replicas int32, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", UID: "d", Generation: 1},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: image}}},
			},
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxSurge: ptr(intstr.FromString("25%")), MaxUnavailable: ptr(intstr.FromString("25%")),
				},
			},
			RevisionHistoryLimit:    ptr(int32(10)),
			ProgressDeadlineSeconds: ptr(int32(600)),
		},
	}
	for _, c := range change {
		c(d)
	}
	return d
}

// model is a cluster of one Deployment whose writes all succeed at once.
type model struct {
	d    *appsv1.Deployment
	sets []*appsv1.ReplicaSet
	now  time.Time
	made int
}

// pass decides once, makes the writes and returns them in words.
func (m *model) pass() []string {
	var words []string
	for _, a := range decide(m.d, m.sets, m.now).actions {
		words = append(words, m.apply(a))
	}
	return words
}

func (m *model) apply(a action) string {
	switch a.verb {
	case writeStatus:
		m.d = m.d.DeepCopy()
		m.d.Status, m.d.Annotations = *a.d.Status.DeepCopy(), a.d.Annotations
		return "status " + sayStatus(a.d)
	case deleteSet:
		m.sets = slices.DeleteFunc(m.sets, func(s *appsv1.ReplicaSet) bool { return s.Name == a.set.Name })
		return "delete " + m.image(a.set)
	case createSet:
		m.made++
		s := a.set.DeepCopy()
		s.UID, s.Generation = types.UID(fmt.Sprint("s", m.made)), 1
		s.CreationTimestamp = metav1.NewTime(noon.Add(time.Duration(m.made) * time.Second))
		m.sets = append(m.sets, s)
		return strings.TrimSpace(fmt.Sprintf("create %s %d %s", m.image(s), wanted(s), a.note))
	}
	for i, s := range m.sets {
		if s.Name == a.set.Name {
			m.sets[i] = a.set.DeepCopy()
			if wanted(s) != wanted(a.set) {
				m.sets[i].Generation++
			}
			return fmt.Sprintf("update %s %d→%d rev %s of %s/%s", m.image(s), wanted(s), wanted(a.set),
				a.set.Annotations[revisionAnnotation], a.set.Annotations[desiredAnnotation], a.set.Annotations[maxAnnotation])
		}
	}
	panic("update of a set that is not there")
}

func (m *model) image(s *appsv1.ReplicaSet) string { return s.Spec.Template.Spec.Containers[0].Image }

func sayStatus(d *appsv1.Deployment) string {
	s := d.Status
	words := []string{fmt.Sprintf("rev %s gen %d: %d/%d/%d/%d", d.Annotations[revisionAnnotation],
		s.ObservedGeneration, s.Replicas, s.UpdatedReplicas, s.ReadyReplicas, s.AvailableReplicas)}
	for _, c := range s.Conditions {
		words = append(words, fmt.Sprintf("%s=%s", c.Reason, c.Status))
	}
	return strings.Join(words, " ")
}

// settle lets every set have its pods, up to n more or fewer of them a call,
// and tells whether that changed anything.
func (m *model) settle(n int32) (changed bool) {
	for i, s := range m.sets {
		s = s.DeepCopy()
		diff := max(min(wanted(s)-s.Status.Replicas, n), -n)
		s.Status.Replicas += diff
		s.Status.ReadyReplicas, s.Status.AvailableReplicas = s.Status.Replicas, s.Status.Replicas
		s.Status.ObservedGeneration, s.Status.TerminatingReplicas = s.Generation, ptr(int32(0))
		changed = changed || !equality.Semantic.DeepEqual(s.Status, m.sets[i].Status)
		m.sets[i] = s
	}
	return changed
}

// quiet takes passes, with the pods following, until nothing more is decided.
func (m *model) quiet(t *testing.T) {
	t.Helper()
	for range 200 {
		if len(m.pass()) == 0 {
			if !m.settle(1000) {
				return
			}
		}
	}
	t.Fatal("not quiet after 200 passes")
}

func (m *model) expect(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, m.pass()); diff != "" {
		t.Fatalf("decided (-want +got):\n%s", diff)
	}
}

func TestCreateThenScale(t *testing.T) {
	m := &model{d: web("a", 1), now: noon}
	m.expect(t,
		"create a 1 Scaled up replica set web-"+m.hash()+" from 0 to 1",
		"status rev 1 gen 0: 0/0/0/0 NewReplicaSetCreated=True",
		"status rev 1 gen 1: 0/0/0/0 NewReplicaSetCreated=True MinimumReplicasUnavailable=False")
	m.expect(t)
	m.settle(1)
	m.expect(t, "status rev 1 gen 1: 1/1/1/1 MinimumReplicasAvailable=True NewReplicaSetAvailable=True")
	m.expect(t)

	m.d.Spec.Replicas, m.d.Generation = ptr(int32(3)), 2
	m.expect(t, "update a 1→3 rev 1 of 3/4",
		"status rev 1 gen 2: 1/1/1/1 NewReplicaSetAvailable=True MinimumReplicasUnavailable=False")
	m.expect(t, "status rev 1 gen 2: 1/1/1/1 NewReplicaSetAvailable=True MinimumReplicasUnavailable=False")
	if m.d.Status.UnavailableReplicas != 2 {
		t.Fatalf("unavailableReplicas is %d, want 2", m.d.Status.UnavailableReplicas)
	}
	m.quiet(t)
	m.expect(t)
}

func (m *model) hash() string {
	return strings.TrimPrefix((&pass{d: m.d}).blank().Name, "web-")
}

func TestRollingUpdateAndUndo(t *testing.T) {
	m := &model{d: web("a", 3), now: noon}
	m.quiet(t)
	m.roll("b")
	m.expect(t, "create b 1 Scaled up replica set web-"+m.hash()+" from 0 to 1",
		"status rev 2 gen 1: 3/3/3/3 MinimumReplicasAvailable=True NewReplicaSetCreated=True",
		"status rev 2 gen 2: 3/0/3/3 MinimumReplicasAvailable=True NewReplicaSetCreated=True")
	m.settle(1)
	m.expect(t, "update a 3→2 rev 1 of 3/4",
		"status rev 2 gen 2: 4/1/4/4 MinimumReplicasAvailable=True ReplicaSetUpdated=True")
	m.quiet(t)
	m.roll("a")
	m.expect(t, "update a 0→0 rev 3 of 3/4")
	if got := m.sets[0].Annotations[historyAnnotation]; got != "1" {
		t.Fatalf("revision history %q, want 1", got)
	}
	m.expect(t, "status rev 3 gen 2: 3/3/3/3 MinimumReplicasAvailable=True NewReplicaSetAvailable=True",
		"update a 0→1 rev 3 of 3/4",
		"status rev 3 gen 3: 3/0/3/3 MinimumReplicasAvailable=True NewReplicaSetAvailable=True")
	m.quiet(t)
	if len(m.sets) != 2 || wanted(m.sets[0]) != 3 || wanted(m.sets[1]) != 0 {
		t.Fatalf("after undo: %s %d, %s %d", m.image(m.sets[0]), wanted(m.sets[0]), m.image(m.sets[1]), wanted(m.sets[1]))
	}
}

func (m *model) roll(image string) {
	m.d = m.d.DeepCopy()
	m.d.Spec.Template.Spec.Containers[0].Image = image
	m.d.Generation++
}

func TestRecreateWaitsForOldPods(t *testing.T) {
	recreate := func(d *appsv1.Deployment) {
		d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	}
	m := &model{d: web("a", 2, recreate), now: noon}
	m.quiet(t)
	m.roll("b")
	m.expect(t, "update a 2→0 rev 1 of 2/2",
		"status rev 1 gen 2: 2/0/2/2 MinimumReplicasAvailable=True NewReplicaSetAvailable=True")
	m.pass()
	old := m.sets[0].DeepCopy()
	old.Status = appsv1.ReplicaSetStatus{TerminatingReplicas: ptr(int32(2)), ObservedGeneration: old.Generation}
	m.sets[0] = old
	m.pass()
	if m.expect(t); len(m.sets) != 1 {
		t.Fatal("a new set beside old pods that are still being stopped")
	}
	m.settle(5)
	if got := m.pass(); !strings.HasPrefix(got[0], "create b 2") {
		t.Fatalf("decided %q, want the new set", got)
	}
	m.quiet(t)
}

func TestProportionalScaling(t *testing.T) {
	for _, c := range []struct {
		name           string
		from, to       int32
		surge          int
		old, new       int32
		wantOld, wantN int32
	}{
		{"up in the middle of a rollout", 10, 15, 3, 8, 5, 11, 7},
		{"down in the middle of a rollout", 10, 5, 3, 8, 5, 5, 3},
		{"to nothing", 10, 0, 3, 8, 5, 0, 0},
		{"what rounding leaves goes to the largest", 10, 11, 0, 5, 5, 5, 6},
		{"no surge", 10, 20, 0, 8, 2, 16, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := web("new", c.to)
			d.Spec.Strategy.RollingUpdate.MaxSurge = ptr(intstr.FromInt(c.surge))
			sets := []*appsv1.ReplicaSet{sizedSet(d, "old", c.old, c.from, c.surge, 1), sizedSet(d, "new", c.new, c.from, c.surge, 2)}
			got := map[string]int32{}
			for _, s := range proportions(d, sets) {
				got[s.set.Name] = s.size
			}
			if want := map[string]int32{"old": c.wantOld, "new": c.wantN}; !cmp.Equal(got, want) {
				t.Errorf("sizes %v, want %v", got, want)
			}
		})
	}
}

func sizedSet(d *appsv1.Deployment, image string, size, desired int32, surge, age int) *appsv1.ReplicaSet {
	s := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Name: image, CreationTimestamp: metav1.NewTime(noon.Add(time.Duration(age) * time.Minute)),
		Annotations: map[string]string{
			desiredAnnotation: fmt.Sprint(desired), maxAnnotation: fmt.Sprint(int(desired) + surge), revisionAnnotation: fmt.Sprint(age),
		},
	}}
	s.Spec.Replicas = &size
	s.Spec.Template = *d.Spec.Template.DeepCopy()
	s.Spec.Template.Spec.Containers[0].Image = image
	return s
}

func TestFenceposts(t *testing.T) {
	for _, c := range []struct {
		replicas           int32
		surge, unavailable string
		wantS, wantU       int32
	}{
		{4, "25%", "25%", 1, 1},
		{3, "25%", "25%", 1, 0},
		{2, "0%", "1%", 0, 1},
		{1, "1%", "25%", 1, 0},
		{10, "30%", "20%", 3, 2},
		{0, "25%", "100%", 0, 0},
		{2, "0", "5", 0, 2},
	} {
		d := web("a", c.replicas)
		d.Spec.Strategy.RollingUpdate.MaxSurge = ptr(intstr.Parse(c.surge))
		d.Spec.Strategy.RollingUpdate.MaxUnavailable = ptr(intstr.Parse(c.unavailable))
		if s, u := maxSurge(d), maxUnavailable(d); s != c.wantS || u != c.wantU {
			t.Errorf("%d replicas, surge %s, unavailable %s: %d and %d, want %d and %d",
				c.replicas, c.surge, c.unavailable, s, u, c.wantS, c.wantU)
		}
	}
}

func TestPauseResumeAndDeadline(t *testing.T) {
	m := &model{d: web("a", 3), now: noon}
	m.quiet(t)
	m.d.Spec.Paused, m.d.Generation = true, 2
	m.roll("b")
	m.expect(t, "status rev 1 gen 1: 3/3/3/3 MinimumReplicasAvailable=True DeploymentPaused=Unknown",
		"status rev 1 gen 3: 3/0/3/3 MinimumReplicasAvailable=True DeploymentPaused=Unknown")
	if m.expect(t); len(m.sets) != 1 {
		t.Fatal("a paused Deployment rolled out")
	}
	m.d.Spec.Paused = false
	if got := m.pass(); !strings.Contains(got[0], "DeploymentResumed=Unknown") {
		t.Fatalf("decided %q, want the resumption noted", got)
	}
	m.pass() // the new set's pods never come
	p := decide(m.d, m.sets, m.now)
	if len(p.actions) != 0 || p.recheck != 601*time.Second {
		t.Fatalf("stuck: %d actions and a look after %s, want none and 601s", len(p.actions), p.recheck)
	}
	m.now = m.now.Add(601 * time.Second)
	m.expect(t, "status rev 2 gen 3: 3/0/3/3 MinimumReplicasAvailable=True ProgressDeadlineExceeded=False")
	m.expect(t)
	m.settle(9)
	m.quiet(t)
	if c := condition(&m.d.Status, appsv1.DeploymentProgressing); c.Reason != newReplicaSetAvailable {
		t.Fatalf("after the pods came: %s", c.Reason)
	}
}

func TestHistoryIsCut(t *testing.T) {
	m := &model{d: web("a", 1), now: noon}
	m.d.Spec.RevisionHistoryLimit = ptr(int32(2))
	for _, image := range []string{"a", "b", "c", "d", "e"} {
		m.roll(image)
		m.quiet(t)
	}
	var left []string
	for _, s := range m.sets {
		left = append(left, m.image(s))
	}
	if want := []string{"c", "d", "e"}; !cmp.Equal(left, want) {
		t.Fatalf("sets left %v, want %v", left, want)
	}
}

func TestAnnotationsAreCopied(t *testing.T) {
	m := &model{d: web("a", 1), now: noon}
	m.d.Annotations = map[string]string{"note": "x", corev1.LastAppliedConfigAnnotation: "{}"}
	m.quiet(t)
	if got := m.sets[0].Annotations; got["note"] != "x" || got[corev1.LastAppliedConfigAnnotation] != "" {
		t.Fatalf("annotations %v", got)
	}
	m.d.Annotations["note"] = "y"
	m.expect(t, "update a 1→1 rev 1 of 1/2")
	m.expect(t)
}

func TestNothingIsDecidedOnADeletedDeploymentButStatus(t *testing.T) {
	m := &model{d: web("a", 2), now: noon}
	m.quiet(t)
	m.roll("b")
	m.d.DeletionTimestamp = &metav1.Time{Time: noon}
	m.expect(t, "status rev 1 gen 2: 2/0/2/2 MinimumReplicasAvailable=True NewReplicaSetAvailable=True")
	m.expect(t)
}

// TestRolloutInvariants takes random rollouts and checks after every pass that
// there are never more replicas than replicas + maxSurge, that no pass takes
// more available ones away than it may, and that it ends where it should.
func TestRolloutInvariants(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := &model{d: web("0", 1+int32(r.IntN(9))), now: noon}
		m.d.Spec.Strategy.RollingUpdate.MaxSurge = ptr(intstr.FromInt32(int32(r.IntN(4))))
		m.d.Spec.Strategy.RollingUpdate.MaxUnavailable = ptr(intstr.FromInt32(int32(r.IntN(3))))
		m.quiet(t)
		for step := range 40 {
			if r.IntN(8) == 0 {
				m.roll(fmt.Sprint(r.IntN(4)))
			}
			m.pass()
			total, floor := int32(0), *m.d.Spec.Replicas-maxUnavailable(m.d)
			for _, s := range m.sets {
				total += wanted(s)
			}
			stay := sum(m.sets, kept)
			if most := *m.d.Spec.Replicas + maxSurge(m.d); total > most {
				t.Fatalf("seed %d step %d: %d replicas wanted, at most %d allowed", seed, step, total, most)
			}
			if stay < floor {
				t.Fatalf("seed %d step %d: %d available replicas kept, the floor is %d", seed, step, stay, floor)
			}
			m.settle(int32(r.IntN(3)))
		}
		m.quiet(t)
		if s := (&pass{d: m.d}).blank().Spec.Template.Spec.Containers[0].Image; !m.isAll(s) {
			t.Fatalf("seed %d: the rollout did not end on image %s", seed, s)
		}
		m.expect(t)
	}
}

func (m *model) isAll(image string) bool {
	for _, s := range m.sets {
		if (m.image(s) == image) != (wanted(s) == *m.d.Spec.Replicas) || m.image(s) != image && wanted(s) != 0 {
			return false
		}
	}
	return true
}
