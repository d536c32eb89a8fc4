package scheduler

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

// world is an API server and a scheduler.
type world struct {
	testing.TB
	*sim.World
	server *apiserver.Server
	rec    *trace.Recorder
	st     *store.Store
	you    *client.Client
	proc   *sim.Process
}

func newWorld(t testing.TB, nodes ...*corev1.Node) *world {
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
	for _, n := range nodes {
		w.join(n)
	}
	w.startScheduler()
	w.quiet()
	return w
}

// join makes a node and lifts the taint that it comes with, as the node
// controller would.
func (w *world) join(n *corev1.Node) {
	w.Helper()
	taints := n.Spec.Taints
	must(client.Create(w.you, n.DeepCopy()))
	must(client.Patch(w.you, "", n.Name, "", func(fresh *corev1.Node) { fresh.Spec.Taints = taints }))
}

func (w *world) startScheduler() {
	w.proc = w.Process("scheduler")
	Start(client.New(w.server, w.proc, w.rec, client.DefaultTiming))
}

func (w *world) quiet() {
	w.Helper()
	if _, err := w.RunUntilQuiet(100_000); err != nil {
		w.Fatal(err)
	}
}

func (w *world) pod(name string, change ...func(*corev1.Pod)) {
	w.Helper()
	p := pod(change...)
	p.Name, p.UID = name, ""
	must(client.Create(w.you, p))
}

// on is the node of a pod, "" for none.
func (w *world) on(name string) string {
	w.Helper()
	return must(client.Get[*corev1.Pod](w.you, "default", name)).Spec.NodeName
}

func (w *world) events(name string) []string {
	w.Helper()
	resp := w.server.Serve(&rest.Request{
		Verb: rest.List, Resource: corev1.SchemeGroupVersion.WithResource("events"), Namespace: "default",
		ListOptions: metav1.ListOptions{FieldSelector: "involvedObject.name=" + name},
	})
	var out []string
	for _, e := range resp.Object.(*corev1.EventList).Items {
		out = append(out, fmt.Sprintf("%s %s by %s: %s", e.Type, e.Reason, e.ReportingController, e.Message))
	}
	return out
}

// writes lists what the scheduler wrote after a revision.
func (w *world) writes(after store.Revision) []string {
	w.Helper()
	var out []string
	for _, r := range must(w.st.Records(after+1, 0)) {
		if o := r.Origin; o.Actor == "scheduler" {
			out = append(out, strings.TrimSpace(o.Verb+" "+o.Resource+"/"+o.Subresource))
		}
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestBinds(t *testing.T) {
	w := newWorld(t, node("node-1"), node("node-2"))
	from := w.st.Revision()
	w.pod("web")
	created := w.st.Revision()
	w.quiet()
	if w.on("web") == "" {
		t.Fatal("no node")
	}
	if diff := cmp.Diff([]string{"create pods/binding", "create events/"}, w.writes(from)); diff != "" {
		t.Error(diff)
	}
	want := "Normal Scheduled by default-scheduler: Successfully assigned default/web to " + w.on("web")
	if diff := cmp.Diff([]string{want}, w.events("web")); diff != "" {
		t.Error(diff)
	}
	binding := must(w.st.Record(created + 1)).Origin
	if len(binding.Causes) != 1 || binding.Causes[0] != created {
		t.Errorf("the binding's causes are %v, want [%d]", binding.Causes, created)
	}
	var verdict *trace.Verdict
	for _, e := range w.rec.Since(0, 0) {
		if e.Type == trace.Decision {
			verdict = e.Verdict
		}
	}
	if verdict == nil || verdict.Action != "schedule" || verdict.Result != w.on("web") || len(verdict.Nodes) != 2 || len(verdict.Nodes[0].Scores) == 0 {
		t.Errorf("verdict %+v", verdict)
	}
}

func TestWaitsForRoom(t *testing.T) {
	w := newWorld(t, node("node-1", room("cpu", "2")))
	w.pod("a", wants("cpu", "1500m"))
	w.quiet()
	w.pod("b", wants("cpu", "1"))
	w.quiet()
	if w.on("b") != "" {
		t.Fatal("b was bound")
	}
	condition := must(client.Get[*corev1.Pod](w.you, "default", "b")).Status.Conditions[0]
	message := "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
	if condition.Reason != "Unschedulable" || condition.Message != message || condition.ObservedGeneration != 1 {
		t.Errorf("condition %+v", condition)
	}
	if diff := cmp.Diff([]string{"Warning FailedScheduling by default-scheduler: " + message}, w.events("b")); diff != "" {
		t.Error(diff)
	}
	now := int64(0)
	if err := client.Delete[*corev1.Pod](w.you, "default", "a", &metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	w.quiet()
	if w.on("b") != "node-1" {
		t.Error("b was not bound when a had gone")
	}
}

func TestNodeEventsWake(t *testing.T) {
	for name, tc := range map[string]struct {
		node   *corev1.Node
		pod    func(*corev1.Pod)
		change func(*corev1.Node)
	}{
		"uncordoned": {node("n", cordoned), toleratesNothing, func(n *corev1.Node) { n.Spec.Unschedulable = false }},
		"untainted":  {node("n", tainted("NoSchedule")), toleratesNothing, func(n *corev1.Node) { n.Spec.Taints = nil }},
		"labelled":   {node("n"), requires("disk", "ssd"), func(n *corev1.Node) { n.Labels["disk"] = "ssd" }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.node)
			w.pod("p", tc.pod)
			w.quiet()
			if w.on("p") != "" {
				t.Fatal("bound too early")
			}
			must(client.Patch(w.you, "", "n", "", tc.change))
			w.quiet()
			if w.on("p") != "n" {
				t.Error("not bound after the change")
			}
		})
	}
}

func toleratesNothing(p *corev1.Pod) { p.Spec.Tolerations = nil }

func TestNoNodesThenOne(t *testing.T) {
	w := newWorld(t)
	w.pod("p")
	w.quiet()
	w.join(node("late"))
	if _, err := w.AdvanceTo(w.Now().Add(10*time.Second), 1000); err != nil {
		t.Fatal(err)
	}
	w.quiet()
	if w.on("p") != "late" {
		t.Error("not bound to the node that came late")
	}
}

func TestNotItsPods(t *testing.T) {
	w := newWorld(t, node("n"))
	from := w.st.Revision()
	w.pod("other", func(p *corev1.Pod) { p.Spec.SchedulerName = "mine" })
	w.pod("gated", func(p *corev1.Pod) { p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "wait"}} })
	w.quiet()
	if got := w.writes(from); got != nil {
		t.Error("wrote", got)
	}
	must(client.Patch(w.you, "default", "gated", "", func(p *corev1.Pod) { p.Spec.SchedulingGates = nil }))
	w.quiet()
	if w.on("gated") != "n" {
		t.Error("not bound when the gate was gone")
	}
}

func TestPriorityFirst(t *testing.T) {
	w := newWorld(t, node("n", room("pods", "1")))
	w.Hold("scheduler")
	w.pod("low")
	w.pod("high", func(p *corev1.Pod) { p.Spec.PriorityClassName = "system-cluster-critical" })
	w.Release("scheduler")
	w.quiet()
	if w.on("high") != "n" || w.on("low") != "" {
		t.Errorf("high on %q, low on %q", w.on("high"), w.on("low"))
	}
}

func TestSpreadsReplicas(t *testing.T) {
	w := newWorld(t, node("node-1"), node("node-2"), node("node-3"))
	for i := range 9 {
		w.pod(fmt.Sprint("web-", i))
	}
	w.quiet()
	counts := map[string]int{}
	for i := range 9 {
		counts[w.on(fmt.Sprint("web-", i))]++
	}
	if diff := cmp.Diff(map[string]int{"node-1": 3, "node-2": 3, "node-3": 3}, counts); diff != "" {
		t.Error(diff)
	}
}

func TestSecondPassWritesNothing(t *testing.T) {
	w := newWorld(t, node("node-1", room("cpu", "1")))
	w.pod("fits")
	w.pod("large", wants("cpu", "2"))
	w.quiet()
	from := w.st.Revision()
	w.proc.Kill()
	w.startScheduler()
	w.quiet()
	// A new scheduler tries once more and says so; nothing but that event is new.
	if diff := cmp.Diff([]string{"create events/"}, w.writes(from)); diff != "" {
		t.Error(diff)
	}
	from = w.st.Revision()
	must(client.Patch(w.you, "", "node-1", "status", func(n *corev1.Node) {
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: "Ready", Status: "True"})
	}))
	w.quiet()
	if got := w.writes(from); got != nil {
		t.Error("a heartbeat made it write", got)
	}
}

// A scheduler that dies between its decision and the watch's confirmation
// leaves nothing behind that a new one would trip over.
func TestRestartAtAnyStep(t *testing.T) {
	for step := range 60 {
		w := newWorld(t, node("node-1", room("pods", "2")), node("node-2", room("pods", "2")))
		for i := range 4 {
			w.pod(fmt.Sprint("p", i))
		}
		for range step {
			w.Step()
		}
		w.proc.Kill()
		w.startScheduler()
		w.quiet()
		counts := map[string]int{}
		for i := range 4 {
			counts[w.on(fmt.Sprint("p", i))]++
		}
		if counts["node-1"] != 2 || counts["node-2"] != 2 {
			t.Fatalf("killed after %d steps: %v", step, counts)
		}
	}
}
