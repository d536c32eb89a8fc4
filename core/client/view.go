package client

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/btree"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/trace"
)

// reconnectAfter is how long a view waits before it takes up a broken watch again.
const reconnectAfter = 800 * time.Millisecond

// Handlers are told of what a view has just learnt. Any may be nil. Objects
// are shared and immutable.
type Handlers[T api.Object] struct {
	Added   func(obj T)
	Updated func(old, obj T)
	Deleted func(last T)
}

// View is what a component knows of a kind: the state that its watch has
// delivered so far, indexed. Make it, add indexes and handlers, then Start.
type View[T api.Object] struct {
	c        *Client
	resource *api.Resource
	opts     ViewOptions
	handlers []Handlers[T]

	items   map[string]T
	indexes map[string]*viewIndex[T]

	synced   bool
	seen     int64 // last revision delivered
	lastAt   time.Time
	stop     func()
	life     int // raised by disconnect: deliveries of an older life are lost
	onSynced []func()
}

// ViewOptions narrow what a view sees.
type ViewOptions struct {
	Namespace     string // "" for all
	FieldSelector string
	LabelSelector string
}

// viewIndex keeps, for every value of an index function, the objects in key order.
type viewIndex[T api.Object] struct {
	values  func(T) []string
	buckets map[string]*btree.BTreeG[keyed[T]]
}

type keyed[T any] struct {
	key string
	obj T
}

func lessKeyed[T any](a, b keyed[T]) bool { return a.key < b.key }

// NewView prepares a view; nothing is asked of the server before Start.
func NewView[T api.Object](c *Client, opts ViewOptions) *View[T] {
	return newView[T](c, api.Of[T](), opts)
}

// NewObjectView is NewView for a resource known only at run time.
func NewObjectView(c *Client, r *api.Resource, opts ViewOptions) *View[api.Object] {
	return newView[api.Object](c, r, opts)
}

func newView[T api.Object](c *Client, r *api.Resource, opts ViewOptions) *View[T] {
	v := &View[T]{
		c: c, resource: r, opts: opts,
		items: map[string]T{}, indexes: map[string]*viewIndex[T]{},
	}
	v.Index("", func(T) []string { return []string{""} })
	c.streams = append(c.streams, v)
	return v
}

// Key is an object's name in views and queues: "namespace/name", or "name".
func Key(obj metav1.Object) string {
	if ns := obj.GetNamespace(); ns != "" {
		return ns + "/" + obj.GetName()
	}
	return obj.GetName()
}

// SplitKey takes a Key apart.
func SplitKey(key string) (namespace, name string) {
	for i := range len(key) {
		if key[i] == '/' {
			return key[:i], key[i+1:]
		}
	}
	return "", key
}

// Index lets By find objects by what values returns for them.
func (v *View[T]) Index(name string, values func(T) []string) {
	v.indexes[name] = &viewIndex[T]{values: values, buckets: map[string]*btree.BTreeG[keyed[T]]{}}
}

// Handle adds handlers; they run in the order in which they were added.
func (v *View[T]) Handle(h Handlers[T]) { v.handlers = append(v.handlers, h) }

// OnSynced calls fn once the first list has been taken in.
func (v *View[T]) OnSynced(fn func()) { v.onSynced = append(v.onSynced, fn) }

// Synced tells whether the first list has been taken in.
func (v *View[T]) Synced() bool { return v.synced }

// Seen is the revision up to which the watch has delivered.
func (v *View[T]) Seen() int64 { return v.seen }

// Get finds an object by its key's parts; namespace is "" for cluster-scoped kinds.
func (v *View[T]) Get(namespace, name string) (T, bool) {
	key := name
	if namespace != "" {
		key = namespace + "/" + name
	}
	obj, ok := v.items[key]
	return obj, ok
}

// List returns all objects in key order.
func (v *View[T]) List() []T { return v.By("", "") }

// Len is how many objects the view holds.
func (v *View[T]) Len() int { return len(v.items) }

// By returns the objects that an index files under value, in key order.
func (v *View[T]) By(index, value string) []T {
	b := v.indexes[index].buckets[value]
	if b == nil {
		return nil
	}
	out := make([]T, 0, b.Len())
	b.Ascend(func(k keyed[T]) bool { out = append(out, k.obj); return true })
	return out
}

// Start lists and then watches, in a step of its own.
func (v *View[T]) Start() {
	life := v.life
	v.c.proc.Schedule(sim.Turn, sim.Work, v.c.stretch(v.c.timing.Turn), "list "+v.resource.Plural, func() {
		if v.life == life {
			v.listAndWatch()
		}
	})
}

// Close ends a view whose kind is served no longer: what it holds is gone, of
// which its handlers are told, and nothing waits for it.
func (v *View[T]) Close() {
	v.stopWatch()
	v.c.streams = slices.DeleteFunc(v.c.streams, func(s stream) bool { return s == stream(v) })
	for _, obj := range v.List() {
		v.remove(obj)
	}
	v.isSynced()
}

func (v *View[T]) isSynced() {
	if v.synced {
		return
	}
	v.synced = true
	for _, fn := range v.onSynced {
		fn()
	}
}

func (v *View[T]) request(verb string) *rest.Request {
	return &rest.Request{
		Verb: verb, Resource: v.resource.GVR(), Namespace: v.opts.Namespace,
		ListOptions: metav1.ListOptions{FieldSelector: v.opts.FieldSelector, LabelSelector: v.opts.LabelSelector},
	}
}

func (v *View[T]) listAndWatch() {
	resp, err := v.c.call(v.request(rest.List))
	if err != nil {
		v.retry(v.listAndWatch)
		return
	}
	v.replace(resp.Object)
	v.watch()
	v.isSynced()
}

// replace takes in a list: what is missing from it was deleted while nobody watched.
func (v *View[T]) replace(list runtime.Object) {
	if acc, err := meta.ListAccessor(list); err == nil {
		v.seen, _ = strconv.ParseInt(acc.GetResourceVersion(), 10, 64)
	}
	found := map[string]bool{}
	_ = meta.EachListItem(list, func(o runtime.Object) error {
		obj := o.(T)
		found[Key(obj)] = true
		v.c.because([]int64{revisionOf(obj)}, func() { v.set(obj) })
		return nil
	})
	for _, obj := range v.List() {
		if !found[Key(obj)] {
			v.c.because([]int64{v.seen}, func() { v.remove(obj) })
		}
	}
}

func (v *View[T]) watch() {
	req := v.request(rest.Watch)
	req.ListOptions.ResourceVersion = strconv.FormatInt(v.seen, 10)
	req.Actor, req.UserAgent = v.c.Actor(), v.c.agent
	life := v.life
	stop, refused := v.c.server.Watch(req, func(ev rest.WatchEvent) { v.deliver(life, ev) })
	if refused != nil {
		v.relistOr(&apierrors.StatusError{ErrStatus: *refused.Status()})
		return
	}
	v.stop = stop
}

// relistOr starts over where history is gone, and tries the watch again otherwise.
func (v *View[T]) relistOr(err error) {
	var status *apierrors.StatusError
	if errors.As(err, &status) && (apierrors.IsResourceExpired(err) || apierrors.IsGone(err)) {
		v.retry(v.listAndWatch)
		return
	}
	v.retry(v.watch)
}

func (v *View[T]) retry(again func()) {
	life := v.life
	v.c.proc.Schedule(sim.Timer, sim.Work, min(v.c.stretch(reconnectAfter), 2*reconnectAfter), "reconnect "+v.resource.Plural, func() {
		if v.life == life {
			again()
		}
	})
}

// deliver schedules a notification's arrival. Those of one watch arrive in order.
func (v *View[T]) deliver(life int, ev rest.WatchEvent) {
	if !v.c.proc.Alive() {
		return
	}
	now := v.c.Now()
	at := now.Add(v.c.stretch(v.c.timing.Delivery))
	if at.Before(v.lastAt) {
		at = v.lastAt
	}
	v.lastAt = at
	v.c.proc.Schedule(sim.Delivery, sim.Work, at.Sub(now), "", func() {
		if v.life == life {
			v.arrive(ev)
		}
	})
}

func (v *View[T]) arrive(ev rest.WatchEvent) {
	if ev.Type == watch.Error {
		v.stopWatch()
		v.relistOr(apierrors.FromObject(ev.Object))
		return
	}
	v.seen = ev.Revision
	if ev.Type == watch.Bookmark {
		return
	}
	obj, ok := ev.Object.(T)
	if !ok {
		panic(fmt.Sprintf("client: watch of %s delivered a %T", v.resource.Plural, ev.Object))
	}
	v.record(obj, ev)
	v.c.because([]int64{ev.Revision}, func() {
		if ev.Type == watch.Deleted {
			v.remove(obj)
		} else {
			v.set(obj)
		}
	})
}

func (v *View[T]) record(obj T, ev rest.WatchEvent) {
	verb := map[watch.EventType]string{watch.Added: "added", watch.Modified: "modified", watch.Deleted: "deleted"}[ev.Type]
	v.c.rec.Add(trace.Entry{
		Type: trace.Delivery, Actor: v.c.Actor(), Revision: ev.Revision, Verb: verb,
		Group: v.resource.Group, Resource: v.resource.Plural,
		Namespace: obj.GetNamespace(), Name: obj.GetName(), Causes: []int64{ev.Revision},
	})
}

func (v *View[T]) set(obj T) {
	key := Key(obj)
	old, had := v.items[key]
	if had && old.GetUID() != obj.GetUID() {
		v.remove(old)
		had = false
	}
	if had && old.GetResourceVersion() == obj.GetResourceVersion() {
		return
	}
	v.items[key] = obj
	for _, ix := range v.indexes {
		if had {
			ix.drop(key, old)
		}
		ix.add(key, obj)
	}
	for _, h := range v.handlers {
		if had && h.Updated != nil {
			h.Updated(old, obj)
		} else if !had && h.Added != nil {
			h.Added(obj)
		}
	}
}

func (v *View[T]) remove(obj T) {
	key := Key(obj)
	old, had := v.items[key]
	if !had {
		return
	}
	delete(v.items, key)
	for _, ix := range v.indexes {
		ix.drop(key, old)
	}
	for _, h := range v.handlers {
		if h.Deleted != nil {
			h.Deleted(obj)
		}
	}
}

func (v *View[T]) stopWatch() {
	v.life++
	if v.stop != nil {
		v.stop()
		v.stop = nil
	}
}

// disconnect loses what is under way and takes up again after a while.
func (v *View[T]) disconnect() {
	if v.stop == nil {
		return
	}
	v.stopWatch()
	v.retry(v.watch)
}

func (ix *viewIndex[T]) add(key string, obj T) {
	for _, value := range ix.values(obj) {
		b := ix.buckets[value]
		if b == nil {
			b = btree.NewG(16, lessKeyed[T])
			ix.buckets[value] = b
		}
		b.ReplaceOrInsert(keyed[T]{key, obj})
	}
}

func (ix *viewIndex[T]) drop(key string, obj T) {
	for _, value := range ix.values(obj) {
		b := ix.buckets[value]
		if b == nil {
			continue
		}
		b.Delete(keyed[T]{key: key})
		if b.Len() == 0 {
			delete(ix.buckets, value)
		}
	}
}

func revisionOf(obj metav1.Object) int64 {
	rev, _ := strconv.ParseInt(obj.GetResourceVersion(), 10, 64)
	return rev
}
