// Package managed keeps the field managers of objects: who set which field, in
// metadata.managedFields, and on top of that server-side apply, which lets
// several clients each own a part of an object and tells them when they
// contradict each other.
//
// Every write passes Keeper.Update or Keeper.Apply. A write by update owns what
// it changed; one by apply owns what it names, conflicts with whoever owns a
// field that it would change, and removes what it named last time and nobody
// else owns.
//
// Updates are the ordinary writes and have to cost little: they compare the Go
// values field by field (diff.go) and touch only the managers of what differs.
// Applies work on decoded JSON (value.go, merge.go), as writes of custom
// resources do. Both follow one description of the types (type.go), made from
// the Go types and the markers in facts.go, or from a custom resource's schema.
// Sets of fields are trees in the order in which they are written (set.go,
// step.go, text.go).
//
// It follows apimachinery's pkg/util/managedfields and
// sigs.k8s.io/structured-merge-diff/v6, which tests hold it to; it is our own
// since that library is 0.13 MB in the browser and too slow for every write.
// Left out: conversion of sets between versions of a kind (every version served
// has the same fields) and of sets that were made under another schema.
package managed

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Object is what has managed fields.
type Object interface {
	runtime.Object
	metav1.Object
}

// Keeper keeps the managers of objects. It holds nothing but what it has worked
// out about types and sets; it is not safe for concurrent use.
type Keeper struct {
	plans plans
	roots map[reflect.Type]*plan
	sets  map[string]Set
}

// NewKeeper makes a Keeper.
func NewKeeper() *Keeper {
	return &Keeper{plans: plans{}, roots: map[reflect.Type]*plan{}, sets: map[string]Set{}}
}

// maxSets is how many parsed sets are remembered.
const maxSets = 2048

// parse is ParseSet, remembered: most sets are read again and again.
func (k *Keeper) parse(raw []byte) (Set, error) {
	if s, known := k.sets[string(raw)]; known {
		return s, nil
	}
	s, err := ParseSet(raw)
	if err != nil {
		return nil, err
	}
	if len(k.sets) >= maxSets {
		clear(k.sets)
	}
	k.sets[string(raw)] = s
	return s, nil
}

func (k *Keeper) root(t reflect.Type) *plan {
	p := k.roots[t]
	if p == nil {
		p = k.plans.root(t.Elem())
		k.roots[t] = p
	}
	return p
}

// TypeOf describes the type of an object.
func (k *Keeper) TypeOf(obj runtime.Object) *Type { return k.plans.of(reflect.TypeOf(obj)).typ }

// diff compares two objects, without what has no manager and what is ignored.
func (k *Keeper) diff(live, obj Object, t *Type, ignored Set) Diff {
	var n node
	if t != nil {
		n = t.diff(content(live), content(obj))
		n.owned()
	} else {
		k.root(reflect.TypeOf(obj)).diffFields(&n, reflect.ValueOf(live).Elem(), reflect.ValueOf(obj).Elem(), ignored)
	}
	if len(ignored) > 0 {
		n.without(ignored)
	}
	return n.Diff
}

// content is what an unstructured object holds.
func content(obj Object) any {
	if u, ok := obj.(interface{ UnstructuredContent() map[string]any }); ok {
		return any(u.UnstructuredContent())
	}
	return map[string]any{}
}

// Update notes in obj, which is to replace live, that who set what differs.
// live is an empty object where obj is new. What obj itself says of managers is
// taken for theirs, unless it is nothing or came through a subresource. ignored
// are the fields that the write cannot set; t is nil for kinds that are Go structs.
func (k *Keeper) Update(live, obj Object, t *Type, ignored Set, who Who) {
	entries := live.GetManagedFields()
	if own := obj.GetManagedFields(); who.Subresource == "" {
		if isReset(own) {
			entries = nil
		} else if ms, ok := k.decode(own); ok && len(ms) > 0 {
			entries = own
		}
	}
	created := live.GetUID() == ""
	ms, ok := k.decode(entries)
	if len(ms) == 0 && !created || !ok {
		obj.SetManagedFields(nil)
		return
	}
	d := k.diff(live, obj, t, ignored)
	self := ms.find(who.entry(metav1.ManagedFieldsOperationUpdate))
	ms.update(d, self)
	if self != nil && overlaps(self.set, d.Removed) {
		self.put(minus(self.set, d.Removed))
	}
	if changed := d.changed(); len(changed) > 0 {
		if self == nil {
			self = &manager{ManagedFieldsEntry: *who.entry(metav1.ManagedFieldsOperationUpdate)}
			ms = append(ms, self)
		}
		if !who.Time.IsZero() {
			self.Time = stamp(who.Time)
		}
		if !within(changed, self.set) {
			self.put(Union(self.set, changed))
		}
		ms = ms.capped()
	}
	obj.SetManagedFields(ms.encode())
}

// entry is the manager's entry, without fields.
func (w *Who) entry(op metav1.ManagedFieldsOperationType) *metav1.ManagedFieldsEntry {
	name := w.Name
	if name == "" {
		name = "unknown"
	}
	return &metav1.ManagedFieldsEntry{Manager: name, Operation: op, APIVersion: w.APIVersion, Subresource: w.Subresource}
}

// isReset tells whether a client asks to forget all managers: by an empty list
// or one empty entry.
func isReset(entries []metav1.ManagedFieldsEntry) bool {
	if len(entries) == 0 {
		return entries != nil
	}
	return len(entries) == 1 && reflect.DeepEqual(entries[0], metav1.ManagedFieldsEntry{})
}

// update takes what was changed and removed from every manager but one.
func (ms managers) update(d Diff, but *manager) {
	changed := d.changed()
	for _, m := range ms {
		if m == but {
			continue
		}
		if overlaps(m.set, changed) {
			m.put(minus(m.set, changed))
		}
		if overlaps(m.set, d.Removed) {
			m.put(minus(m.set, d.Removed))
		}
	}
}
