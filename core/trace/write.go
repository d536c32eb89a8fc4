package trace

import (
	"github.com/tabernetes/tabernetes/core/store"
)

// FromRecord is a record of the store's log as an entry.
func FromRecord(rec store.Record) Entry {
	o := rec.Origin
	return Entry{
		Type: Write, Time: o.Time, Actor: o.Actor, Revision: rec.Revision, Verb: o.Verb,
		Group: o.Group, Resource: o.Resource, Subresource: o.Subresource,
		Namespace: o.Namespace, Name: o.Name, Method: o.Method, Path: o.Path, Code: o.Code,
		Message: o.Note, Causes: o.Causes,
	}
}
