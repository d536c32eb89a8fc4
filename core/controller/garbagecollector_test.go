package controller_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/client"
)

var everyone = []string{
	"deployment-controller", "replicaset-controller", "garbage-collector", "namespace-controller", "kubelet",
}

func (w *world) deleteWeb(policy metav1.DeletionPropagation) {
	w.Helper()
	err := client.Delete[*appsv1.Deployment](w.user, "default", "web", &metav1.DeleteOptions{PropagationPolicy: &policy})
	if err != nil {
		w.Fatal(err)
	}
	w.quiet()
}

func TestBackgroundDeletion(t *testing.T) {
	w := newWorld(t, 1, everyone...)
	w.create(webDeployment(3))
	w.change(image("httpd"))
	from := w.st.Revision()
	w.deleteWeb(metav1.DeletePropagationBackground)
	if got := w.byActor(from)["garbage-collector"]; len(got) != 5 || got[0] != "delete replicasets" || got[4] != "delete pods" {
		t.Errorf("the garbage collector wrote %v", got)
	}
	if got := w.byActor(from)["replicaset-controller"]; slices.Contains(got, "create pods") {
		t.Errorf("pods were made again: %v", got)
	}
	w.nothingLeft()
}

func (w *world) nothingLeft() {
	w.Helper()
	equal(w.T, "pods", names(list[*corev1.Pod](w, "default")), []string(nil))
	equal(w.T, "replicasets", names(list[*appsv1.ReplicaSet](w, "default")), []string(nil))
	equal(w.T, "deployments", names(list[*appsv1.Deployment](w, "default")), []string(nil))
	w.settled()
}

func TestForegroundDeletion(t *testing.T) {
	w := newWorld(t, 1, everyone...)
	w.create(webDeployment(2))
	from := w.st.Revision()
	w.deleteWeb(metav1.DeletePropagationForeground)
	w.nothingLeft()
	records, err := w.st.Records(from+1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]int{}
	for i, r := range records {
		last[r.Origin.Resource] = i
	}
	if !(last["pods"] < last["replicasets"] && last["replicasets"] < last["deployments"]) {
		t.Errorf("last writes %v: the dependents are to go first", last)
	}
}

func TestOrphaningDeletionAndAdoption(t *testing.T) {
	w := newWorld(t, 1, everyone...)
	w.create(webDeployment(2))
	pods := names(list[*corev1.Pod](w, "default"))
	w.deleteWeb(metav1.DeletePropagationOrphan)
	sets := list[*appsv1.ReplicaSet](w, "default")
	if len(sets) != 1 || len(sets[0].OwnerReferences) != 0 {
		t.Fatalf("%d sets left, want one without owner", len(sets))
	}
	w.settled()
	w.create(webDeployment(2))
	sets = list[*appsv1.ReplicaSet](w, "default")
	if len(sets) != 1 || len(sets[0].OwnerReferences) != 1 {
		t.Fatal("the set was not adopted")
	}
	equal(t, "pods", names(list[*corev1.Pod](w, "default")), pods)
	if r := w.web().Status.Conditions; !slices.ContainsFunc(r, func(c appsv1.DeploymentCondition) bool {
		return c.Reason == "NewReplicaSetAvailable" || c.Reason == "FoundNewReplicaSet"
	}) {
		t.Errorf("%+v", r)
	}
	w.settled()
}

// TestOwners makes ConfigMaps that own one another in all ways.
func TestOwners(t *testing.T) {
	w := newWorld(t, 1, "garbage-collector")
	add := func(name string, owners ...*corev1.ConfigMap) *corev1.ConfigMap {
		m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
		for _, o := range owners {
			m.OwnerReferences = append(m.OwnerReferences, metav1.OwnerReference{
				APIVersion: "v1", Kind: "ConfigMap", Name: o.Name, UID: o.UID,
			})
		}
		return must[*corev1.ConfigMap](w)(client.Create(w.user, m))
	}
	drop := func(name string) {
		if err := client.Delete[*corev1.ConfigMap](w.user, "default", name, nil); err != nil {
			t.Fatal(err)
		}
		w.quiet()
	}
	left := func() string {
		var out []string
		for _, m := range list[*corev1.ConfigMap](w, "default") {
			if m.Name != "kube-root-ca.crt" {
				out = append(out, fmt.Sprint(m.Name, len(m.OwnerReferences)))
			}
		}
		return strings.Join(out, " ")
	}
	a, b := add("a"), add("b")
	ab := add("ab", a, b)
	add("aba", ab)
	gone := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "gone", UID: types.UID("no-such-uid")}}
	add("lost", gone)
	namesake := *a
	namesake.UID = "another"
	add("mistaken", &namesake)
	w.quiet()
	equal(t, "owners that never were", left(), "a0 ab2 aba1 b0")
	drop("a")
	equal(t, "one of two owners", left(), "ab1 aba1 b0")
	drop("b")
	equal(t, "both", left(), "")
	w.settled()
}

// TestCircleOfOwners deletes one of two objects that own each other, foreground.
func TestCircleOfOwners(t *testing.T) {
	w := newWorld(t, 1, "garbage-collector")
	yes := true
	a := must[*corev1.ConfigMap](w)(client.Create(w.user, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "a"}}))
	ref := func(o *corev1.ConfigMap) []metav1.OwnerReference {
		return []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: o.Name, UID: o.UID, BlockOwnerDeletion: &yes}}
	}
	b := must[*corev1.ConfigMap](w)(client.Create(w.user, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "b", OwnerReferences: ref(a)},
	}))
	must[*corev1.ConfigMap](w)(client.Patch(w.user, "default", "a", "", func(m *corev1.ConfigMap) { m.OwnerReferences = ref(b) }))
	w.quiet()
	foreground := metav1.DeletePropagationForeground
	if err := client.Delete[*corev1.ConfigMap](w.user, "default", "a", &metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
		t.Fatal(err)
	}
	w.quiet()
	equal(t, "left", names(list[*corev1.ConfigMap](w, "default")), []string{"kube-root-ca.crt"})
	w.settled()
}

// TestDeletionSurvives deletes with restarts and broken watches on the way.
func TestDeletionSurvives(t *testing.T) {
	policies := []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground}
	for seed := range uint64(60) {
		w := newWorld(t, seed, everyone...)
		dice := w.sim.Rand("test")
		must[*appsv1.Deployment](w)(client.Create(w.user, webDeployment(3)))
		for range dice.IntN(80) {
			w.sim.Step()
		}
		err := client.Delete[*appsv1.Deployment](w.user, "default", "web",
			&metav1.DeleteOptions{PropagationPolicy: &policies[dice.IntN(2)]})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			for range dice.IntN(30) {
				w.sim.Step()
			}
			if actor := everyone[dice.IntN(len(everyone))]; dice.IntN(2) == 0 {
				w.start(actor)
			} else {
				w.clients[actor].Disconnect()
			}
		}
		w.advance(30e9)
		if n := len(list[*corev1.Pod](w, "default")) + len(list[*appsv1.ReplicaSet](w, "default")); n > 0 {
			t.Errorf("seed %d: %d objects left", seed, n)
		}
		w.settled()
	}
}
