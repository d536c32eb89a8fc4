// Package garbagecollector deletes what its owners have left behind: objects
// whose owner references all point to objects that are gone. It also carries
// out the two other ways of deleting an owner, each asked for by a finalizer:
// foregroundDeletion (dependents first) and orphan (dependents stay).
//
// It watches every kind served but events. One pass reads an object and its
// owners afresh from the API server (sync.go), decides (decide.go, pure) and
// acts (act.go). It follows pkg/controller/garbagecollector of Kubernetes v1.36.3.
//
// Left out: upstream's graph of nodes beside the watches (the views' indexes
// are the graph, and an owner that no view knows is asked for each time instead
// of becoming a virtual node); owners of kinds that are not served, which
// upstream retries for ever, are taken to exist. Kinds that come and go with
// CustomResourceDefinitions are followed as these are heard of, not every thirty seconds.
package garbagecollector

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
	"github.com/tabernetes/tabernetes/core/client"
)

// byOwner files objects by the UIDs of all their owners.
const byOwner = "owner"

// maxAbsent bounds how many owners known to be gone are remembered.
const maxAbsent = 500

type collector struct {
	c      *client.Client
	kinds  []schema.GroupResource // in the order in which they came
	views  map[schema.GroupResource]*client.View[api.Object]
	loop   *client.Loop
	absent map[types.UID]bool // owners found gone; a UID never comes back
}

// Start runs the garbage collector with c.
func Start(c *client.Client) {
	gc := &collector{c: c, views: map[schema.GroupResource]*client.View[api.Object]{}, absent: map[types.UID]bool{}}
	gc.loop = c.NewLoop("collect", gc.sync)
	gc.follow()
}

// follow watches the kinds that are served now, and no others.
func (gc *collector) follow() {
	var now []schema.GroupResource
	var begun []*client.View[api.Object]
	for _, r := range gc.c.Stored() {
		if r.Kind == "Event" {
			continue
		}
		name := r.GroupResource()
		now = append(now, name)
		if gc.views[name] == nil {
			begun = append(begun, gc.watch(r))
		}
	}
	for _, name := range slices.Clone(gc.kinds) {
		if view := gc.views[name]; !slices.Contains(now, name) {
			view.Close()
			delete(gc.views, name)
			gc.kinds = slices.DeleteFunc(gc.kinds, func(k schema.GroupResource) bool { return k == name })
		}
	}
	for _, view := range begun {
		gc.loop.Needs(view)
		view.Start()
	}
}

func (gc *collector) watch(r *api.Resource) *client.View[api.Object] {
	view := client.NewObjectView(gc.c, r, client.ViewOptions{})
	view.Index(byOwner, func(obj api.Object) []string {
		var owners []string
		for _, ref := range obj.GetOwnerReferences() {
			owners = append(owners, string(ref.UID))
		}
		return owners
	})
	view.Handle(client.Handlers[api.Object]{
		Added:   func(obj api.Object) { gc.changed(nil, obj) },
		Updated: gc.changed,
		Deleted: gc.deleted,
	})
	gc.kinds = append(gc.kinds, r.GroupResource())
	gc.views[r.GroupResource()] = view
	return view
}

// changed wakes those whom a new or changed object concerns; old may be nil.
// Most changes, a pod's status say, concern nobody.
func (gc *collector) changed(old, obj api.Object) {
	if isDefinition(obj) {
		gc.follow()
	}
	if old != nil && old.GetDeletionTimestamp().Equal(obj.GetDeletionTimestamp()) &&
		slices.Equal(old.GetFinalizers(), obj.GetFinalizers()) &&
		equality.Semantic.DeepEqual(old.GetOwnerReferences(), obj.GetOwnerReferences()) {
		return
	}
	if gc.concerned(obj) {
		gc.enqueue(obj)
	}
	if isCollecting(obj) && (old == nil || !isCollecting(old)) {
		gc.enqueueAll(gc.dependents(obj.GetUID()))
	}
	if old != nil {
		gc.enqueueWaiting(old)
	}
}

func (gc *collector) deleted(obj api.Object) {
	if isDefinition(obj) {
		gc.follow()
	}
	if dependents := gc.dependents(obj.GetUID()); len(dependents) > 0 {
		gc.noteAbsent(obj.GetUID())
		gc.enqueueAll(dependents)
	}
	gc.enqueueWaiting(obj)
}

func isDefinition(obj api.Object) bool {
	_, is := obj.(*apiextensionsv1.CustomResourceDefinition)
	return is
}

// concerned tells, by the views alone, whether there may be something to do
// about an object: it is being deleted in a way that is the collector's, or an
// owner of it is gone or going.
func (gc *collector) concerned(obj api.Object) bool {
	if obj.GetDeletionTimestamp() != nil {
		return isCollecting(obj) || isOrphaning(obj)
	}
	for _, ref := range obj.GetOwnerReferences() {
		r, ok := gc.kindOf(ref, obj)
		if !ok || gc.views[r.GroupResource()] == nil {
			continue
		}
		owner, ok := gc.views[r.GroupResource()].Get(namespaceOf(r, obj), ref.Name)
		if !ok || owner.GetUID() != ref.UID || isCollecting(owner) {
			return true
		}
	}
	return false
}

// kindOf is the resource of an owner; false where there is none that the object
// could have as its owner.
func (gc *collector) kindOf(ref metav1.OwnerReference, dependent api.Object) (*api.Resource, bool) {
	r := gc.c.LookupKind(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind))
	if r != nil {
		r = r.StoredAs()
	}
	ok := r != nil && !r.Unstored && r.Kind != "Event" && !(r.Namespaced && dependent.GetNamespace() == "")
	return r, ok
}

// namespaceOf is where an object's owner of a kind is.
func namespaceOf(r *api.Resource, dependent api.Object) string {
	if r.Namespaced {
		return dependent.GetNamespace()
	}
	return ""
}

// dependents are the objects that name uid as an owner, as the views show them.
func (gc *collector) dependents(uid types.UID) []api.Object {
	var out []api.Object
	for _, r := range gc.kinds {
		out = append(out, gc.views[r].By(byOwner, string(uid))...)
	}
	return out
}

// enqueueWaiting wakes the owners of an object that wait for it to go.
func (gc *collector) enqueueWaiting(obj api.Object) {
	for _, ref := range obj.GetOwnerReferences() {
		if r, ok := gc.kindOf(ref, obj); ok && gc.views[r.GroupResource()] != nil {
			owner, ok := gc.views[r.GroupResource()].Get(namespaceOf(r, obj), ref.Name)
			if ok && owner.GetUID() == ref.UID && isCollecting(owner) {
				gc.enqueue(owner)
			}
		}
	}
}

func (gc *collector) enqueueAll(objs []api.Object) {
	for _, obj := range objs {
		gc.enqueue(obj)
	}
}

// enqueue adds an object's key, e.g. "replicasets.apps default/web-7887448d46".
func (gc *collector) enqueue(obj api.Object) {
	gc.loop.Add(api.For(obj).GroupResource().String() + " " + client.Key(obj))
}

func (gc *collector) find(key string) (api.Object, bool) {
	resource, name, _ := strings.Cut(key, " ")
	for _, r := range gc.kinds {
		if r.String() == resource {
			return gc.views[r].Get(client.SplitKey(name))
		}
	}
	return nil, false
}

func (gc *collector) noteAbsent(uid types.UID) {
	if len(gc.absent) >= maxAbsent {
		clear(gc.absent)
	}
	gc.absent[uid] = true
}

// isCollecting tells whether an object is being deleted, dependents first.
func isCollecting(obj metav1.Object) bool {
	return obj.GetDeletionTimestamp() != nil && slices.Contains(obj.GetFinalizers(), metav1.FinalizerDeleteDependents)
}

// isOrphaning tells whether an object is being deleted and is to leave its dependents.
func isOrphaning(obj metav1.Object) bool {
	return obj.GetDeletionTimestamp() != nil && slices.Contains(obj.GetFinalizers(), metav1.FinalizerOrphanDependents)
}
