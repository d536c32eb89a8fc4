// Package client is what a component of the cluster holds in its hands: calls
// to the API server in the component's name, views that its own watches feed,
// queues of keys to work on, timers, and a recorder of Kubernetes events. A
// component imports this package and nothing of its peers, the server or the
// store: all it knows is what its watches have delivered so far.
//
// Calls are synchronous. Notifications are not: a view's watch only schedules a
// delivery in the world's queue, so every component is honestly stale. Every
// write carries its causes, the revisions whose delivery woke the component:
// handlers run with the revision being delivered, Loop merges those of all
// deliveries that asked for the same key, and timers keep those they were set
// under.
//
// It stands where client-go's reflectors, informers, work queues and event
// broadcaster stand (k8s.io/client-go/tools/cache, util/workqueue,
// tools/record). Left out: rate limits towards the server, resync periods
// (components are level-triggered and set timers of their own), shared
// informers (an actor has one view a kind anyway).
package client

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/trace"
)

// Timing says how long things take in virtual time.
type Timing struct {
	// Delivery is a watch notification's way from the API server to a watcher.
	Delivery time.Duration
	// Turn is the least time between two turns of a loop; Call is added for
	// every call the turn made, so that what arrives meanwhile is merged.
	Turn, Call time.Duration
	// Spread is by how many percent, at most and at random, a delivery or turn
	// takes longer: the order in which components see things then varies with
	// the seed.
	Spread int64
}

// DefaultTiming is that of a small cluster on one machine.
var DefaultTiming = Timing{Delivery: time.Millisecond, Turn: 500 * time.Microsecond, Call: time.Millisecond, Spread: 50}

// Client is one component's connection to its cluster.
type Client struct {
	server rest.Server
	proc   *sim.Process
	rec    *trace.Recorder
	timing Timing
	agent  string

	causes  []int64
	spent   time.Duration
	streams []stream
	events  eventLog
}

// stream is a view's connection, whatever its kind.
type stream interface {
	disconnect()
	stopWatch()
	Seen() int64
}

// New makes the client of one process. Everything it does is done under the
// process's actor name.
func New(server rest.Server, proc *sim.Process, rec *trace.Recorder, timing Timing) *Client {
	return &Client{server: server, proc: proc, rec: rec, timing: timing, agent: agentOf(proc.Actor())}
}

// agentOf names the program that a component is a part of, as its requests do:
// the fields that it sets are managed under that name.
func agentOf(actor string) string {
	program := "kube-controller-manager"
	switch {
	case actor == "crd-controller":
		program = "kube-apiserver"
	case actor == "scheduler":
		program = "kube-scheduler"
	case actor == "local-path-provisioner":
		program = actor
	case actor == "service-controller":
		program = "cloud-controller-manager"
	case actor == "ingress-controller":
		program = "nginx-ingress-controller"
	case strings.HasPrefix(actor, "kubelet/"):
		program = "kubelet"
	}
	return program + "/" + actor
}

// Actor is the name the component acts under.
func (c *Client) Actor() string { return c.proc.Actor() }

// Now is the virtual time.
func (c *Client) Now() time.Time { return c.proc.Now() }

// Rand returns dice of the component's own, e.g. for names it makes up.
func (c *Client) Rand(purpose string) *rand.Rand { return c.proc.Rand(c.Actor() + "/" + purpose) }

// Causes are the revisions that explain what the component does right now.
func (c *Client) Causes() []int64 { return c.causes }

// Timer is a call that will be made; Stop unmakes it.
type Timer struct {
	c *Client
	e *sim.Event
}

// Stop keeps the timer from firing; a nil, fired or stopped one is left alone.
func (t *Timer) Stop() {
	if t != nil {
		t.c.proc.Cancel(t.e)
	}
}

// After calls fn in a step of its own, d from now, with the causes of now.
// class is sim.Idle for what recurs or waits by design, sim.Work otherwise.
func (c *Client) After(d time.Duration, class sim.Class, what string, fn func()) *Timer {
	causes := c.causes
	return &Timer{c, c.proc.Schedule(sim.Timer, class, d, what, func() { c.because(causes, fn) })}
}

// Spend adds to the time that the turn under way takes, for work that isn't a call.
func (c *Client) Spend(d time.Duration) { c.spent += d }

// Decided records a decision about an object.
func (c *Client) Decided(obj api.Object, v trace.Verdict) {
	r := api.For(obj)
	c.rec.Add(trace.Entry{
		Type: trace.Decision, Actor: c.Actor(), Verb: v.Action,
		Group: r.Group, Resource: r.Plural, Namespace: obj.GetNamespace(), Name: obj.GetName(),
		Causes: c.causes, Verdict: &v,
	})
}

// Disconnect breaks every watch, as a lost connection does: what was on its
// way never arrives, and each view takes up again from what it last saw.
func (c *Client) Disconnect() {
	for _, s := range c.streams {
		s.disconnect()
	}
}

// Close ends every watch, when the component's process has ended.
func (c *Client) Close() {
	for _, s := range c.streams {
		s.stopWatch()
	}
}

// Seen is the last revision that any of the component's watches has delivered.
func (c *Client) Seen() int64 {
	var last int64
	for _, s := range c.streams {
		last = max(last, s.Seen())
	}
	return last
}

// because runs fn with the given causes in force.
func (c *Client) because(causes []int64, fn func()) {
	before := c.causes
	c.causes = causes
	fn()
	c.causes = before
}

// stretch is d and up to Spread percent more.
func (c *Client) stretch(d time.Duration) time.Duration {
	more := int64(d) / 100 * c.timing.Spread
	if more <= 0 {
		return d
	}
	return d + time.Duration(c.proc.Rand("latency").Int64N(more+1))
}

// call fills in who asks and why, and turns an error answer into a Go error
// (*apierrors.StatusError).
func (c *Client) call(req *rest.Request) (*rest.Response, error) {
	req.Actor, req.Causes, req.UserAgent = c.Actor(), c.causes, c.agent
	c.spent += c.timing.Call
	resp := c.server.Serve(req)
	if status := resp.Status(); status != nil {
		return resp, &apierrors.StatusError{ErrStatus: *status}
	}
	return resp, nil
}

// object makes a call whose answer is an object.
func object[T api.Object](c *Client, req *rest.Request) (T, error) {
	req.Resource = api.Of[T]().GVR()
	resp, err := c.call(req)
	if err != nil {
		var none T
		return none, err
	}
	obj, _ := resp.Object.(T)
	return obj, nil
}

// Get reads an object from the API server. The answer is shared: copy before changing it.
func Get[T api.Object](c *Client, namespace, name string) (T, error) {
	return object[T](c, &rest.Request{Verb: rest.Get, Namespace: namespace, Name: name})
}

// Create stores a new object and returns it as stored. obj becomes the server's.
func Create[T api.Object](c *Client, obj T) (T, error) {
	return object[T](c, &rest.Request{Verb: rest.Create, Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj})
}

// Update replaces an object; a conflict on its resourceVersion is an error for
// which apierrors.IsConflict holds. obj becomes the server's.
func Update[T api.Object](c *Client, obj T) (T, error) { return UpdateSub(c, obj, "") }

// UpdateStatus replaces an object's status.
func UpdateStatus[T api.Object](c *Client, obj T) (T, error) { return UpdateSub(c, obj, "status") }

// UpdateSub replaces an object through a subresource, e.g. a namespace's "finalize".
func UpdateSub[T api.Object](c *Client, obj T, subresource string) (T, error) {
	return object[T](c, &rest.Request{
		Verb: rest.Update, Namespace: obj.GetNamespace(), Name: obj.GetName(), Subresource: subresource, Object: obj,
	})
}

// Patch changes an object, or through subresource a part of it. mutate is given
// a copy of the object as it is in the store now.
func Patch[T api.Object](c *Client, namespace, name, subresource string, mutate func(T)) (T, error) {
	return object[T](c, &rest.Request{
		Verb: rest.Patch, Namespace: namespace, Name: name, Subresource: subresource,
		PatchType: types.StrategicMergePatchType,
		Mutate:    func(obj api.Object) error { mutate(obj.(T)); return nil },
	})
}

// Delete asks for an object's deletion. opts may be nil.
func Delete[T api.Object](c *Client, namespace, name string, opts *metav1.DeleteOptions) error {
	return c.DeleteResource(api.Of[T](), namespace, name, opts)
}

// DeleteResource is Delete for a resource known only at run time.
func (c *Client) DeleteResource(r *api.Resource, namespace, name string, opts *metav1.DeleteOptions) error {
	req := &rest.Request{Verb: rest.Delete, Resource: r.GVR(), Namespace: namespace, Name: name}
	if opts != nil {
		req.DeleteOptions = *opts
	}
	_, err := c.call(req)
	return err
}

// Stored are the resources that the server stores now, those that its cluster
// defines among them.
func (c *Client) Stored() []*api.Resource {
	if kinds, ok := c.server.(rest.Kinds); ok {
		return kinds.Stored()
	}
	return api.Stored()
}

// LookupKind finds a resource by kind; nil where it isn't served.
func (c *Client) LookupKind(gvk schema.GroupVersionKind) *api.Resource {
	if kinds, ok := c.server.(rest.Kinds); ok {
		return kinds.LookupKind(gvk)
	}
	return api.LookupKind(gvk)
}

// Do makes any call: for components that work on every kind, such as the
// garbage collector. Actor and causes are filled in.
func (c *Client) Do(req *rest.Request) (*rest.Response, error) { return c.call(req) }

// merge returns the union of two sorted sets of revisions. Neither is changed.
func merge(a, b []int64) []int64 {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 || slices.Equal(a, b) {
		return a
	}
	out := append(append(make([]int64, 0, len(a)+len(b)), a...), b...)
	slices.Sort(out)
	return slices.Compact(out)
}
