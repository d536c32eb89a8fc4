package controller_test

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
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller/deployment"
	"github.com/tabernetes/tabernetes/core/controller/garbagecollector"
	"github.com/tabernetes/tabernetes/core/controller/namespace"
	"github.com/tabernetes/tabernetes/core/controller/nodelifecycle"
	"github.com/tabernetes/tabernetes/core/controller/replicaset"
	"github.com/tabernetes/tabernetes/core/controller/rootca"
	"github.com/tabernetes/tabernetes/core/controller/serviceaccount"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

var starts = map[string]func(*client.Client){
	"deployment-controller":         deployment.Start,
	"replicaset-controller":         replicaset.Start,
	"serviceaccount-controller":     serviceaccount.Start,
	"root-ca-certificate-publisher": rootca.Start,
	"garbage-collector":             garbagecollector.Start,
	"namespace-controller":          namespace.Start,
	"node-lifecycle-controller":     nodelifecycle.Start,
	"kubelet":                       startKubelet,
}

// world is a cluster of the controllers alone: a kubelet that makes every pod
// run at once stands for scheduler and nodes.
type world struct {
	*testing.T
	sim     *sim.World
	st      *store.Store
	server  *apiserver.Server
	rec     *trace.Recorder
	user    *client.Client
	procs   map[string]*sim.Process
	clients map[string]*client.Client
	timing  client.Timing
}

func newWorld(t *testing.T, seed uint64, actors ...string) *world {
	t.Helper()
	w := &world{
		T: t, sim: sim.New(seed, time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)),
		procs: map[string]*sim.Process{}, clients: map[string]*client.Client{}, timing: client.DefaultTiming,
	}
	var err error
	if w.st, err = store.Open(memory.New(), store.Options{}); err != nil {
		t.Fatal(err)
	}
	w.rec = trace.NewRecorder(w.sim.Now, nil)
	w.server, err = apiserver.New(w.st, apiserver.Options{
		Now: w.sim.Now, Rand: func(purpose string) *rand.Rand { return w.sim.Rand(purpose) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.server.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	w.user = client.New(w.server, w.sim.Process("kubectl"), w.rec, w.timing)
	for _, actor := range append([]string{"serviceaccount-controller", "root-ca-certificate-publisher"}, actors...) {
		w.start(actor)
	}
	w.quiet()
	t.Cleanup(func() {
		if err := w.server.Verify(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// start gives an actor a new life, after ending the one it has.
func (w *world) start(actor string) {
	if p := w.procs[actor]; p != nil {
		p.Kill()
	}
	w.procs[actor] = w.sim.Process(actor)
	w.clients[actor] = client.New(w.server, w.procs[actor], w.rec, w.timing)
	starts[actor](w.clients[actor])
}

func (w *world) quiet() {
	w.Helper()
	if _, err := w.sim.RunUntilQuiet(200_000); err != nil {
		w.Fatal(err)
	}
}

func (w *world) advance(d time.Duration) {
	w.Helper()
	if _, err := w.sim.AdvanceTo(w.sim.Now().Add(d), 200_000); err != nil {
		w.Fatal(err)
	}
	w.quiet()
}

// chain returns the writes after a revision, in words, without events.
func (w *world) chain(after store.Revision) []string {
	w.Helper()
	records, err := w.st.Records(after+1, 1<<20)
	if err != nil {
		w.Fatal(err)
	}
	var words []string
	for _, r := range records {
		o := r.Origin
		if o.Resource == "events" {
			continue
		}
		resource := o.Resource
		if o.Subresource != "" {
			resource += "/" + o.Subresource
		}
		words = append(words, fmt.Sprintf("%s %s %s", o.Actor, o.Verb, resource))
	}
	return words
}

// byActor returns the writes after a revision, each actor's in its order.
func (w *world) byActor(after store.Revision) map[string][]string {
	w.Helper()
	out := map[string][]string{}
	for _, write := range w.chain(after) {
		actor, what, _ := strings.Cut(write, " ")
		out[actor] = append(out[actor], what)
	}
	return out
}

// settled checks that nothing more is written, even if every actor begins anew.
func (w *world) settled() {
	w.Helper()
	w.quiet()
	before := w.st.Revision()
	for _, actor := range sortedKeys(w.procs) {
		w.start(actor)
	}
	w.advance(time.Second)
	if got := w.chain(before); len(got) > 0 {
		w.Fatalf("a second pass over an unchanged world wrote:\n%s", strings.Join(got, "\n"))
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func must[T any](w *world) func(T, error) T {
	return func(v T, err error) T {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		return v
	}
}

func list[T api.Object](w *world, ns string) []T {
	w.Helper()
	resp := must[*rest.Response](w)(w.user.Do(&rest.Request{Verb: rest.List, Resource: api.Of[T]().GVR(), Namespace: ns}))
	var out []T
	eachItem(resp.Object, func(o api.Object) { out = append(out, o.(T)) })
	return out
}

func names[T api.Object](objs []T) []string {
	var out []string
	for _, o := range objs {
		out = append(out, o.GetName())
	}
	return out
}

// startKubelet makes every pod that has no node run on one, ready, and lets
// deleted ones go after a second.
func startKubelet(c *client.Client) {
	pods := client.NewView[*corev1.Pod](c, client.ViewOptions{})
	var loop *client.Loop
	loop = c.NewLoop("run pod", func(key string) error {
		pod, ok := pods.Get(client.SplitKey(key))
		switch {
		case !ok || strings.HasPrefix(pod.Spec.Containers[0].Image, "never"):
		case pod.DeletionTimestamp != nil:
			now := int64(0)
			c.After(time.Second, sim.Work, "stop "+key, func() {
				_ = client.Delete[*corev1.Pod](c, pod.Namespace, pod.Name, &metav1.DeleteOptions{GracePeriodSeconds: &now})
			})
		case pod.Spec.NodeName == "":
			_, err := c.Do(&rest.Request{
				Verb: rest.Create, Resource: api.Of[*corev1.Pod]().GVR(), Subresource: "binding",
				Namespace: pod.Namespace, Name: pod.Name,
				Object: &corev1.Binding{
					ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
					Target:     corev1.ObjectReference{Kind: "Node", Name: "node-1"},
				},
			})
			return err
		case pod.Status.Phase == corev1.PodPending:
			_, err := client.Patch(c, pod.Namespace, pod.Name, "status", func(p *corev1.Pod) {
				p.Status.Phase = corev1.PodRunning
				p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
					Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(c.Now()),
				})
			})
			return err
		}
		return nil
	})
	loop.Needs(pods)
	pods.Handle(client.Handlers[*corev1.Pod]{
		Added:   func(p *corev1.Pod) { loop.Add(client.Key(p)) },
		Updated: func(_, p *corev1.Pod) { loop.Add(client.Key(p)) },
	})
	pods.Start()
}

// webDeployment is what `kubectl create deployment web --image=nginx` sends.
func webDeployment(replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": "web"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", Labels: labels},
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

func (w *world) create(d *appsv1.Deployment) *appsv1.Deployment {
	w.Helper()
	d = must[*appsv1.Deployment](w)(client.Create(w.user, d))
	w.quiet()
	return d
}

// change patches the Deployment web and lets the world come to rest.
func (w *world) change(fn func(*appsv1.Deployment)) {
	w.Helper()
	must[*appsv1.Deployment](w)(client.Patch(w.user, "default", "web", "", fn))
	w.quiet()
}

func (w *world) web() *appsv1.Deployment {
	w.Helper()
	return must[*appsv1.Deployment](w)(client.Get[*appsv1.Deployment](w.user, "default", "web"))
}

func image(name string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = name }
}

func size(n int32) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Replicas = &n }
}

func strategy(surge, unavailable int) func(*appsv1.Deployment) {
	s, u := intstr.FromInt(surge), intstr.FromInt(unavailable)
	return func(d *appsv1.Deployment) {
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: &s, MaxUnavailable: &u}
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func eachItem(list runtime.Object, fn func(api.Object)) {
	_ = meta.EachListItem(list, func(o runtime.Object) error { fn(o.(api.Object)); return nil })
}
