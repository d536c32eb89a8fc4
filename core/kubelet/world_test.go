package kubelet_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/kubelet"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

// world is an API server and one kubelet.
type world struct {
	testing.TB
	*sim.World
	server *apiserver.Server
	rec    *trace.Recorder
	st     *store.Store
	you    *client.Client
	node   *kubelet.Node
	proc   *sim.Process
	client *client.Client // the kubelet's
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, World: sim.New(1, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	var err error
	if w.st, err = store.Open(memory.New(), store.Options{}); err != nil {
		t.Fatal(err)
	}
	w.rec = trace.NewRecorder(w.Now, nil)
	w.server, err = apiserver.New(w.st, apiserver.Options{Now: w.Now, Rand: func(p string) *rand.Rand { return w.Rand(p) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.server.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	w.you = client.New(w.server, w.Process("you"), w.rec, client.DefaultTiming)
	must(client.Create(w.you, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "default"}}))
	w.node = kubelet.NewNode("node-1", kubelet.DefaultConfig())
	w.startKubelet()
	w.quiet()
	return w
}

func (w *world) startKubelet() {
	w.proc = w.Process("kubelet/node-1")
	w.client = client.New(w.server, w.proc, w.rec, client.DefaultTiming)
	kubelet.Start(w.client, w.node)
}

func (w *world) quiet() {
	w.Helper()
	if _, err := w.RunUntilQuiet(100_000); err != nil {
		w.Fatal(err)
	}
}

func (w *world) pass(d time.Duration) {
	w.Helper()
	if _, err := w.AdvanceTo(w.Now().Add(d), 100_000); err != nil {
		w.Fatal(err)
	}
	w.quiet()
}

// pod makes a pod bound to the node.
func (w *world) pod(name, image string, change ...func(*corev1.Pod)) {
	w.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "c", Image: image}}},
	}
	for _, fn := range change {
		fn(pod)
	}
	must(client.Create(w.you, pod))
}

func command(words ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Command = words }
}

func policy(r corev1.RestartPolicy) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.RestartPolicy = r }
}

func (w *world) get(name string) *corev1.Pod {
	w.Helper()
	pod, err := client.Get[*corev1.Pod](w.you, "default", name)
	if err != nil {
		w.Fatal(err)
	}
	return pod
}

// state is a pod in one line: phase, readiness, and its containers' states.
func (w *world) state(name string) string {
	w.Helper()
	pod := w.get(name)
	out := []string{string(pod.Status.Phase)}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			out = append(out, "ready="+string(c.Status))
		}
	}
	for _, c := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		state := "running"
		switch {
		case c.State.Waiting != nil:
			state = c.State.Waiting.Reason
		case c.State.Terminated != nil:
			state = fmt.Sprintf("%s(%d)", c.State.Terminated.Reason, c.State.Terminated.ExitCode)
		}
		out = append(out, fmt.Sprintf("%s:%s:%d", c.Name, state, c.RestartCount))
	}
	return strings.Join(out, " ")
}

func (w *world) want(name, state string) {
	w.Helper()
	if got := w.state(name); got != state {
		w.Errorf("%s is %q, want %q", name, got, state)
	}
}

// events are a pod's, oldest first: "Reason: message".
func (w *world) events(name string) []string {
	w.Helper()
	resp := w.server.Serve(&rest.Request{
		Verb: rest.List, Resource: corev1.SchemeGroupVersion.WithResource("events"),
		ListOptions: metav1.ListOptions{FieldSelector: "involvedObject.name=" + name},
	})
	list := resp.Object.(*corev1.EventList)
	var out []string
	for _, e := range list.Items {
		out = append(out, e.Reason+": "+e.Message)
	}
	return out
}

func (w *world) wantEvent(name, want string) {
	w.Helper()
	all := w.events(name)
	for _, e := range all {
		if e == want {
			return
		}
	}
	w.Errorf("no event %q, only\n%s", want, strings.Join(all, "\n"))
}

// writes lists what the kubelet has written after a revision, events and
// leases left out: "verb resource/subresource name".
func (w *world) writes(after store.Revision) []string {
	w.Helper()
	records, err := w.st.Records(after+1, 0)
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, r := range records {
		o := r.Origin
		if o.Actor == "kubelet/node-1" && o.Resource != "events" && o.Resource != "leases" {
			out = append(out, strings.TrimSpace(o.Verb+" "+o.Resource+"/"+o.Subresource+" "+o.Name))
		}
	}
	return out
}

// decisions are the kubelet's, in order: "action subject result".
func (w *world) decisions() []string {
	var out []string
	for _, e := range w.rec.Since(0, 0) {
		if e.Type == trace.Decision {
			out = append(out, e.Verdict.Action+" "+e.Verdict.Subject+" "+e.Verdict.Result)
		}
	}
	return out
}

func (w *world) remove(name string) {
	w.Helper()
	if err := client.Delete[*corev1.Pod](w.you, "default", name, nil); err != nil {
		w.Fatal(err)
	}
}

func (w *world) gone(name string) bool {
	_, err := client.Get[*corev1.Pod](w.you, "default", name)
	return err != nil
}

func (w *world) uid(name string) types.UID { return w.get(name).UID }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (w *world) newMachine() { w.node = kubelet.NewNode("node-1", kubelet.DefaultConfig()) }

func (w *world) force(name string) {
	w.Helper()
	now := int64(0)
	if err := client.Delete[*corev1.Pod](w.you, "default", name, &metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) lease() *coordinationv1.Lease {
	w.Helper()
	return must(client.Get[*coordinationv1.Lease](w.you, corev1.NamespaceNodeLease, "node-1"))
}
