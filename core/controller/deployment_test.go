package controller_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

// sets shows the sizes of all ReplicaSets by their image.
func (w *world) sets() map[string]int32 {
	out := map[string]int32{}
	for _, s := range list[*appsv1.ReplicaSet](w, "default") {
		out[s.Spec.Template.Spec.Containers[0].Image] = *s.Spec.Replicas
	}
	return out
}

func (w *world) events(reason string) []string {
	var out []string
	for _, e := range list[*corev1.Event](w, "default") {
		if e.Reason == reason {
			out = append(out, fmt.Sprintf("%s %s ×%d", e.InvolvedObject.Kind, e.Message, e.Count))
		}
	}
	return out
}

func TestDeploymentCreate(t *testing.T) {
	w := newWorld(t, 1, "deployment-controller", "replicaset-controller", "kubelet")
	from := w.st.Revision()
	w.create(webDeployment(1))
	equal(t, "writes", w.byActor(from), map[string][]string{
		"kubectl": {"create deployments"},
		"deployment-controller": {"create replicasets", "update deployments/status", "update deployments/status",
			"update deployments/status", "update deployments/status"},
		"replicaset-controller": {"create pods", "update replicasets/status", "update replicasets/status", "update replicasets/status"},
		"kubelet":               {"create pods/binding", "patch pods/status"},
	})
	equal(t, "ReplicaSets", names(list[*appsv1.ReplicaSet](w, "default")), []string{"web-7887448d46"})
	equal(t, "events", w.events("ScalingReplicaSet"), []string{"Deployment Scaled up replica set web-7887448d46 from 0 to 1 ×1"})
	d := w.web()
	if s := d.Status; d.Annotations["deployment.kubernetes.io/revision"] != "1" || s.ReadyReplicas != 1 || s.ObservedGeneration != 1 ||
		s.TerminatingReplicas == nil || s.Conditions[0].Reason != "MinimumReplicasAvailable" ||
		s.Conditions[1].Message != `ReplicaSet "web-7887448d46" has successfully progressed.` {
		t.Errorf("%v %+v", d.Annotations, s)
	}
	w.settled()
}

func TestDeploymentScale(t *testing.T) {
	w := newWorld(t, 1, "deployment-controller", "replicaset-controller", "kubelet")
	w.create(webDeployment(1))
	for _, n := range []int32{3, 1, 20, 0, 2} {
		w.change(size(n))
		equal(t, "sizes", w.sets(), map[string]int32{"nginx": n})
		w.advance(5e9)
		if d := w.web(); d.Status.AvailableReplicas != n || d.Status.Replicas != n || *d.Status.TerminatingReplicas != 0 {
			t.Errorf("status after scaling to %d: %+v", n, d.Status)
		}
		if got := len(list[*corev1.Pod](w, "default")); got != int(n) {
			t.Errorf("%d pods, want %d", got, n)
		}
		w.settled()
	}
}

func TestDeploymentRollAndUndo(t *testing.T) {
	w := newWorld(t, 1, "deployment-controller", "replicaset-controller", "kubelet")
	w.create(webDeployment(3))
	w.change(image("httpd"))
	equal(t, "sizes", w.sets(), map[string]int32{"nginx": 0, "httpd": 3})
	w.change(image("nginx"))
	equal(t, "sizes", w.sets(), map[string]int32{"nginx": 3, "httpd": 0})
	for _, s := range list[*appsv1.ReplicaSet](w, "default") {
		if s.Name == "web-7887448d46" {
			equal(t, "annotations", s.Annotations, map[string]string{
				"deployment.kubernetes.io/desired-replicas": "3", "deployment.kubernetes.io/max-replicas": "4",
				"deployment.kubernetes.io/revision": "3", "deployment.kubernetes.io/revision-history": "1",
			})
		}
	}
	if got := w.web().Annotations["deployment.kubernetes.io/revision"]; got != "3" {
		t.Errorf("revision %s, want 3", got)
	}
	w.settled()
}

func TestDeploymentRecreate(t *testing.T) {
	w := newWorld(t, 1, "deployment-controller", "replicaset-controller", "kubelet")
	d := webDeployment(3)
	d.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType
	w.create(d)
	from := w.st.Revision()
	w.change(image("httpd"))
	equal(t, "sizes", w.sets(), map[string]int32{"nginx": 0, "httpd": 3})
	writes := w.chain(from)
	if first := slices.Index(writes, "replicaset-controller create pods"); slices.Contains(writes[first:], "kubelet delete pods") {
		t.Errorf("a new pod before the last old one was gone:\n%s", strings.Join(writes, "\n"))
	}
	w.settled()
}

func TestDeploymentPauseAndResume(t *testing.T) {
	w := newWorld(t, 1, "deployment-controller", "replicaset-controller", "kubelet")
	w.create(webDeployment(2))
	w.change(func(d *appsv1.Deployment) { d.Spec.Paused = true })
	w.change(image("httpd"))
	w.change(size(4))
	equal(t, "sizes while paused", w.sets(), map[string]int32{"nginx": 4})
	w.change(func(d *appsv1.Deployment) { d.Spec.Paused = false })
	equal(t, "sizes", w.sets(), map[string]int32{"nginx": 0, "httpd": 4})
	w.settled()
}

func TestDeploymentDeadline(t *testing.T) {
	w := newWorld(t, 1, "deployment-controller", "replicaset-controller", "kubelet")
	w.create(webDeployment(3))
	w.change(image("never"))
	equal(t, "sizes", w.sets(), map[string]int32{"nginx": 3, "never": 1})
	w.advance(605e9)
	for _, c := range w.web().Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && (c.Reason != "ProgressDeadlineExceeded" || c.Status != corev1.ConditionFalse) {
			t.Errorf("%+v", c)
		}
	}
	w.settled()
	w.change(image("nginx"))
	equal(t, "sizes", w.sets(), map[string]int32{"nginx": 3, "never": 0})
}

func TestDeploymentAdoptsAndReleases(t *testing.T) {
	w := newWorld(t, 1, "deployment-controller", "replicaset-controller", "kubelet")
	w.create(webDeployment(2))
	const set = "web-7887448d46"
	relabel := func(label string) {
		_, err := client.Patch(w.user, "default", set, "", func(s *appsv1.ReplicaSet) { s.Labels["app"] = label })
		if err != nil {
			t.Fatal(err)
		}
		w.quiet()
	}
	relabel("other")
	s := must[*appsv1.ReplicaSet](w)(client.Get[*appsv1.ReplicaSet](w.user, "default", set))
	if len(s.OwnerReferences) != 0 {
		t.Errorf("still owned: %+v", s.OwnerReferences)
	}
	if got := w.web().Status.CollisionCount; got == nil || *got < 1 {
		t.Errorf("collisionCount %v: the released set still has the name of the template's hash", got)
	}
	relabel("web")
	s = must[*appsv1.ReplicaSet](w)(client.Get[*appsv1.ReplicaSet](w.user, "default", set))
	if len(s.OwnerReferences) != 1 {
		t.Error("not adopted")
	}
	w.settled()
}

// TestDeploymentSurvives takes random changes with random delays, restarts and
// broken watches, and checks at every step that there are never more replicas
// wanted than the strategy allows, and at the end that it settled on the spec.
func TestDeploymentSurvives(t *testing.T) {
	actors := []string{"deployment-controller", "replicaset-controller", "kubelet"}
	for seed := range uint64(60) {
		w := newWorld(t, seed, actors...)
		dice := w.sim.Rand("test")
		w.create(webDeployment(4))
		w.change(strategy(2, 1))
		for range 6 {
			must[*appsv1.Deployment](w)(client.Patch(w.user, "default", "web", "", image(fmt.Sprint("i", dice.IntN(4)))))
			for range dice.IntN(120) {
				if _, ok := w.sim.Step(); !ok {
					break
				}
				w.belowCeiling(4 + 2)
			}
			switch actor := actors[dice.IntN(len(actors))]; dice.IntN(3) {
			case 0:
				w.start(actor)
			case 1:
				w.clients[actor].Disconnect()
			}
		}
		w.advance(30e9)
		d := w.web()
		want := map[string]int32{}
		for img := range w.sets() {
			want[img] = 0
		}
		want[d.Spec.Template.Spec.Containers[0].Image] = 4
		equal(t, fmt.Sprintf("seed %d: sizes", seed), w.sets(), want)
		if pods := list[*corev1.Pod](w, "default"); len(pods) != 4 || d.Status.AvailableReplicas != 4 {
			t.Errorf("seed %d: %d pods, status %+v", seed, len(pods), d.Status)
		}
		w.settled()
	}
}

func (w *world) belowCeiling(most int32) {
	w.Helper()
	total := int32(0)
	for _, n := range w.sets() {
		total += n
	}
	if total > most {
		w.Fatalf("%d replicas wanted, at most %d allowed: %v", total, most, w.sets())
	}
}
