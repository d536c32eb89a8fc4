package apiserver_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// world is a server over a store in memory, with a clock that stands still.
type world struct {
	testing.TB
	*apiserver.Server
	st      *store.Store
	now     time.Time
	refused []string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, now: time.Date(2026, 1, 1, 0, 0, 0, 123456789, time.UTC)}
	var err error
	if w.st, err = store.Open(memory.New(), store.Options{}); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if err := w.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	w.must(&rest.Request{Verb: rest.Create, Namespace: "default", Object: &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}})
	t.Cleanup(w.verify)
	return w
}

// restart gives the store a new server, as a restarted process would.
func (w *world) restart() {
	w.Helper()
	dice := map[string]*rand.Rand{}
	server, err := apiserver.New(w.st, apiserver.Options{
		Now: func() time.Time { return w.now },
		Rand: func(purpose string) *rand.Rand {
			if dice[purpose] == nil {
				dice[purpose] = rand.New(rand.NewPCG(uint64(len(purpose)), uint64(w.st.Revision())))
			}
			return dice[purpose]
		},
		Refused: func(o store.Origin, s *metav1.Status) {
			w.refused = append(w.refused, fmt.Sprintf("%d %s %s %s", o.Code, o.Method, o.Path, s.Reason))
		},
		Logs: func(r apiserver.LogRequest) ([]byte, error) {
			return []byte("log of " + r.Pod.Name + "/" + r.Container + "\n"), nil
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	if w.Server != nil {
		w.Server.Close()
	}
	w.Server = server
}

func (w *world) verify() {
	w.Helper()
	if err := w.Verify(); err != nil {
		w.Error(err)
	}
}

// must serves a request that has to succeed. The resource is the object's.
func (w *world) must(req *rest.Request) *rest.Response {
	w.Helper()
	if obj, ok := req.Object.(api.Object); ok && req.Resource.Empty() {
		req.Resource = api.For(obj).GVR()
	}
	resp := w.Serve(req)
	if status := resp.Status(); status != nil {
		w.Fatalf("%s %s/%s: %d %s", req.Verb, req.Resource.Resource, req.Name, resp.Code, status.Message)
	}
	return resp
}

var (
	pods        = corev1.SchemeGroupVersion.WithResource("pods")
	configMaps  = corev1.SchemeGroupVersion.WithResource("configmaps")
	namespaces  = corev1.SchemeGroupVersion.WithResource("namespaces")
	deployments = appsv1.SchemeGroupVersion.WithResource("deployments")
)

func pod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "nginx"}}},
	}
}

func deployment(name string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: "nginx"}}},
			},
		},
	}
}

func create[T api.Object](w *world, obj T) T {
	w.Helper()
	return w.must(&rest.Request{Verb: rest.Create, Namespace: "default", Object: obj}).Object.(T)
}

func fetch[T runtime.Object](w *world, gvr schema.GroupVersionResource, name string) T {
	w.Helper()
	return w.must(&rest.Request{Verb: rest.Get, Resource: gvr, Namespace: "default", Name: name}).Object.(T)
}

// watching collects a watch's events as "TYPE name@revision".
func (w *world) watching(gvr schema.GroupVersionResource, opts metav1.ListOptions) *[]string {
	w.Helper()
	var got []string
	_, refused := w.Watch(&rest.Request{Verb: rest.Watch, Resource: gvr, ListOptions: opts}, func(ev rest.WatchEvent) {
		if ev.Type == watch.Error {
			got = append(got, "ERROR "+ev.Object.(*metav1.Status).Message)
			return
		}
		obj := ev.Object.(api.Object)
		got = append(got, fmt.Sprintf("%s %s@%s", ev.Type, obj.GetName(), obj.GetResourceVersion()))
		if rv := fmt.Sprint(ev.Revision); rv != obj.GetResourceVersion() {
			w.Errorf("%s %s: event of revision %s", ev.Type, obj.GetName(), rv)
		}
	})
	if refused != nil {
		w.Fatal(refused.Status().Message)
	}
	return &got
}

func TestLife(t *testing.T) {
	w := newWorld(t)
	d := create(w, deployment("web", 1))
	if d.UID == "" || d.Generation != 1 || d.ResourceVersion == "" || d.CreationTimestamp.Nanosecond() != 0 {
		t.Errorf("not stamped: %+v", d.ObjectMeta)
	}
	if d.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType {
		t.Error("not defaulted")
	}
	next := d.DeepCopy()
	*next.Spec.Replicas = 3
	next = w.must(&rest.Request{Verb: rest.Update, Namespace: "default", Name: "web", Object: next}).Object.(*appsv1.Deployment)
	if next.Generation != 2 {
		t.Errorf("generation %d after a change of spec", next.Generation)
	}
	if got := fetch[*appsv1.Deployment](w, deployments, "web"); got != next {
		t.Error("readers do not share the stored object")
	}
}
