package trace

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/store"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func stored(t *testing.T, obj api.Object) []byte {
	t.Helper()
	value, err := api.EncodeStorage(obj)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func deployment(replicas int32, image string) *appsv1.Deployment {
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{Kind: "Deployment", APIVersion: "apps/v1"},
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To(replicas),
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: image}}}},
		},
	}
}

func TestChangesOfAnUpdateAreItsLeaves(t *testing.T) {
	rec := store.Record{Revision: 9, Events: []store.Event{{
		KV:   store.KeyValue{Key: "k", Value: stored(t, deployment(3, "nginx:1.27"))},
		Prev: &store.KeyValue{Key: "k", Value: stored(t, deployment(1, "nginx"))},
	}}}
	got, err := Changes(rec)
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{Path: "spec.replicas", Old: "1", New: "3"},
		{Path: "spec.template.spec.containers[name=nginx].image", Old: `"nginx"`, New: `"nginx:1.27"`},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestConditionsAreComparedByType(t *testing.T) {
	with := func(conditions ...appsv1.DeploymentCondition) []byte {
		d := deployment(1, "nginx")
		d.Status.Conditions = conditions
		return stored(t, d)
	}
	available := appsv1.DeploymentCondition{Type: "Available", Status: "True"}
	progressing := appsv1.DeploymentCondition{Type: "Progressing", Status: "True"}
	stalled := appsv1.DeploymentCondition{Type: "Progressing", Status: "False"}
	got, err := Changes(store.Record{Events: []store.Event{{
		KV:   store.KeyValue{Value: with(stalled, available)},
		Prev: &store.KeyValue{Value: with(available, progressing)},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{{Path: "status.conditions[type=Progressing].status", Old: `"True"`, New: `"False"`}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestChangesOfACreateAreAnOutline(t *testing.T) {
	rec := store.Record{Revision: 9, Events: []store.Event{{KV: store.KeyValue{Key: "k", Value: stored(t, deployment(1, "nginx"))}}}}
	got, err := Changes(rec)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"metadata.name", "metadata.namespace", "spec.replicas", "spec.template"}
	for _, path := range want {
		found := false
		for _, c := range got {
			found = found || c.Path == path
		}
		if !found {
			t.Errorf("%s is not among %v", path, Paths(got))
		}
	}
}

func TestChangesRefuseWhatIsNotAnObject(t *testing.T) {
	rec := store.Record{Revision: 9, Events: []store.Event{{KV: store.KeyValue{Key: "k", Value: []byte("junk")}}}}
	if _, err := Changes(rec); err == nil {
		t.Error("junk was taken for an object")
	}
}

func TestTheTenSteps(t *testing.T) {
	r := NewRecorder(func() time.Time { return now }, nil)
	write := func(rev int64, actor, verb, group, resource, sub, name string) {
		r.Add(Entry{Type: Write, Revision: rev, Actor: actor, Verb: verb, Group: group, Resource: resource, Subresource: sub, Namespace: "default", Name: name})
	}
	told := func(rev int64, actor, verb, group, resource, name string) {
		r.Add(Entry{Type: Delivery, Revision: rev, Actor: actor, Verb: verb, Group: group, Resource: resource, Namespace: "default", Name: name})
	}
	decided := func(actor, action string) {
		r.Add(Entry{Type: Decision, Actor: actor, Verb: action, Resource: "pods", Namespace: "default", Name: "web-1", Verdict: &Verdict{Action: action}})
	}
	write(2, "kubectl", "create", "apps", "deployments", "", "web")
	told(2, "garbage-collector", "added", "apps", "deployments", "web")
	told(2, "deployment-controller", "added", "apps", "deployments", "web")
	write(3, "deployment-controller", "create", "apps", "replicasets", "", "web-x")
	write(4, "deployment-controller", "update", "apps", "deployments", "status", "web")
	told(3, "replicaset-controller", "added", "apps", "replicasets", "web-x")
	write(5, "replicaset-controller", "create", "", "pods", "", "web-1")
	told(5, "scheduler", "added", "", "pods", "web-1")
	decided("scheduler", "schedule")
	write(6, "scheduler", "create", "", "pods", "binding", "web-1")
	told(6, "kubelet/node-1", "added", "", "pods", "web-1")
	write(7, "kubelet/node-1", "patch", "", "pods", "status", "web-1")
	decided("kubelet/node-1", "pull")
	decided("kubelet/node-1", "start")
	write(8, "kubelet/node-1", "patch", "", "pods", "status", "web-1")
	write(9, "kubelet/node-1", "patch", "", "pods", "status", "web-1")

	var got []int
	for _, e := range r.Since(0, 0) {
		got = append(got, e.Step)
	}
	want := []int{1, 0, 2, 3, 0, 4, 5, 6, 6, 7, 8, 0, 9, 10, 10, 0}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestTheRecorderIsBounded(t *testing.T) {
	r := NewRecorder(func() time.Time { return now }, nil)
	total := int64(2 * MaxEntries)
	for range total {
		r.Add(Entry{Type: Delivery})
	}
	kept := r.Since(0, 0)
	if len(kept) < MaxEntries || len(kept) > MaxEntries+MaxEntries/4 {
		t.Errorf("keeps %d entries", len(kept))
	}
	if r.Last() != total || kept[0].Seq+int64(len(kept))-1 != total {
		t.Errorf("last is %d, kept from %d", r.Last(), kept[0].Seq)
	}
}

func TestOldTablesAreDropped(t *testing.T) {
	r := NewRecorder(func() time.Time { return now }, nil)
	for range MaxTables + 1 {
		r.Add(Entry{Type: Decision, Verdict: &Verdict{Action: "schedule", Result: "n", Nodes: []NodeVerdict{{Node: "n"}}}})
	}
	kept := r.Since(0, 2)
	if v := kept[0].Verdict; v.Nodes != nil || v.Result != "n" {
		t.Errorf("the oldest decision is %+v", v)
	}
	if kept[1].Verdict.Nodes == nil {
		t.Error("a decision within the bound lost its table")
	}
}

func TestWritesAndDeliveriesAreReadFromTheLog(t *testing.T) {
	log := map[int64]Entry{7: {
		Type: Write, Time: now, Actor: "kubectl", Revision: 7, Verb: "create", Group: "apps", Resource: "deployments",
		Namespace: "default", Name: "web", Code: 201, Causes: []int64{3},
	}}
	r := NewRecorder(func() time.Time { return now }, func(rev int64) (Entry, bool) { e, ok := log[rev]; return e, ok })
	r.Add(log[7])
	r.Add(Entry{Type: Delivery, Actor: "deployment-controller", Revision: 7, Verb: "added"})
	want := log[7]
	want.Seq, want.Step = 1, 1
	told := Entry{
		Seq: 2, Type: Delivery, Time: now, Actor: "deployment-controller", Revision: 7, Verb: "added", Group: "apps",
		Resource: "deployments", Namespace: "default", Name: "web", Causes: []int64{7},
	}
	if d := cmp.Diff([]Entry{want, told}, r.Since(0, 0)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	delete(log, 7)
	if e := r.Since(0, 1)[0]; e.Actor != "kubectl" || e.Revision != 7 || e.Name != "" {
		t.Errorf("of a compacted write there is left %+v", e)
	}
}
