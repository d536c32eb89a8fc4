package frame

import (
	"encoding/binary"

	"github.com/tabernetes/tabernetes/core/store"
)

// Flags of an event.
const (
	flagDelete = 1 << iota
	flagLease
)

// writer appends to b, remembering the entry before for fields.
type writer struct {
	b      []byte
	origin store.Origin // of the record before
	key    string       // before
}

func (w *writer) uint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) int(v int64)   { w.b = binary.AppendVarint(w.b, v) }

func (w *writer) bytes(v []byte) {
	w.uint(uint64(len(v)))
	w.b = append(w.b, v...)
}

// field writes v against prev, which becomes v.
func (w *writer) field(prev *string, v string) {
	if v == *prev {
		w.b = append(w.b, 0)
		return
	}
	n := 0
	for n < len(v) && n < len(*prev) && v[n] == (*prev)[n] {
		n++
	}
	w.uint(uint64(1 + n))
	w.uint(uint64(len(v) - n))
	w.b = append(w.b, v[n:]...)
	*prev = v
}

func (w *writer) record(r *store.Record) {
	if len(r.Events) > 0 {
		w.uint(1)
	} else {
		w.uint(0)
	}
	w.writeOrigin(&r.Origin, r.Revision)
	w.uint(uint64(len(r.Events)))
	for i := range r.Events {
		e := &r.Events[i]
		flags := uint64(0)
		if e.Delete {
			flags |= flagDelete
		}
		if e.KV.Lease != 0 {
			flags |= flagLease
		}
		w.uint(flags)
		w.field(&w.key, e.KV.Key)
		if e.KV.Lease != 0 {
			w.int(int64(e.KV.Lease))
		}
		if !e.Delete {
			w.bytes(e.KV.Value)
		}
	}
	w.uint(uint64(len(r.Leases)))
	for _, c := range r.Leases {
		w.lease(c.Lease)
		if c.Revoked {
			w.uint(1)
		} else {
			w.uint(0)
		}
	}
}

// fields are an origin's strings in the order they are written.
func fields(o *store.Origin) [10]*string {
	return [10]*string{&o.Actor, &o.Verb, &o.Group, &o.Resource, &o.Subresource, &o.Namespace, &o.Name, &o.Method, &o.Path, &o.Note}
}

func (w *writer) writeOrigin(o *store.Origin, rev store.Revision) {
	w.int(o.Time.Unix() - w.origin.Time.Unix())
	w.uint(uint64(o.Time.Nanosecond()))
	w.origin.Time = o.Time
	w.uint(uint64(len(o.Causes)))
	for _, c := range o.Causes {
		w.int(int64(rev - c))
	}
	prev := fields(&w.origin)
	for i, f := range fields(o) {
		w.field(prev[i], *f)
	}
	w.int(int64(o.Code))
}

func (w *writer) lease(l store.Lease) {
	w.int(int64(l.ID))
	w.int(l.TTL)
}

func (w *writer) leases(ls []store.Lease) {
	w.uint(uint64(len(ls)))
	for _, l := range ls {
		w.lease(l)
	}
}

func (w *writer) kv(kv *store.KeyValue) {
	w.field(&w.key, kv.Key)
	w.uint(uint64(kv.CreateRevision))
	w.uint(uint64(kv.ModRevision))
	w.uint(uint64(kv.Version))
	w.int(int64(kv.Lease))
	w.bytes(kv.Value)
}
