package audit

import (
	"maps"

	"github.com/tabernetes/tabernetes/core/trace"
)

// maxObjects bounds how many objects are remembered; what is forgotten has
// unknown changes when it is written next.
const maxObjects = 20_000

// objects are the objects as the log last told them, to tell what the next
// write to each changed.
type objects struct {
	byKey map[key]map[string]any
}

type key struct{ resource, namespace, name string }

func newObjects() *objects { return &objects{map[key]map[string]any{}} }

func keyOf(e *event) key { return key{e.ObjectRef.Resource, e.ObjectRef.Namespace, e.name()} }

// node is where the pod that an event is about runs.
func (o *objects) node(e *event) string {
	if e.ObjectRef.Resource == "nodes" {
		return e.name()
	}
	if node := field(e.ResponseObject, "spec", "nodeName"); node != "" {
		return node
	}
	return field(o.byKey[keyOf(e)], "spec", "nodeName")
}

// write takes a write in, and tells what it changed: known is false where the
// log does not say, nothing is true where it changed nothing at all.
func (o *objects) write(e *event) (changes []trace.Change, known, nothing bool) {
	k := keyOf(e)
	old := o.byKey[k]
	switch {
	case e.Verb == "delete" && field(e.ResponseObject, "kind") == "Status", e.Verb == "deletecollection":
		delete(o.byKey, k)
		return nil, true, false
	case e.ObjectRef.Subresource == "binding":
		return o.part(k, "spec", map[string]any{"nodeName": field(e.RequestObject, "target", "name")}), e.RequestObject != nil, false
	case e.ObjectRef.Subresource == "scale":
		spec, _ := e.ResponseObject["spec"].(map[string]any)
		changes = o.part(k, "spec", map[string]any{"replicas": spec["replicas"]})
		return changes, spec != nil && old != nil, spec != nil && old != nil && len(changes) == 0
	}
	obj := bare(e.ResponseObject)
	if obj == nil {
		return nil, false, false
	}
	if old != nil && field(old, "metadata", "uid") != field(obj, "metadata", "uid") {
		old = nil // another object of that name
	}
	if len(o.byKey) < maxObjects || o.byKey[k] != nil {
		o.byKey[k] = obj
	}
	if old == nil {
		return trace.Between(nil, obj), e.Verb == "create", false
	}
	changes = trace.Between(old, obj)
	return changes, true, len(changes) == 0 && e.Verb != "delete"
}

// part writes fields of one part of an object, where only they are told.
func (o *objects) part(k key, name string, fields map[string]any) []trace.Change {
	old := o.byKey[k]
	if old == nil {
		return trace.Between(nil, map[string]any{name: fields})
	}
	obj := maps.Clone(old)
	inner, _ := old[name].(map[string]any)
	inner = maps.Clone(inner)
	if inner == nil {
		inner = map[string]any{}
	}
	maps.Copy(inner, fields)
	obj[name] = inner
	o.byKey[k] = obj
	return trace.Between(old, obj)
}

// bare is an object without what the trace leaves out; nil for none, and for a
// Status.
func bare(obj map[string]any) map[string]any {
	metadata, _ := obj["metadata"].(map[string]any)
	if metadata == nil || field(obj, "kind") == "Status" {
		return nil
	}
	delete(metadata, "resourceVersion")
	delete(metadata, "managedFields")
	return obj
}
