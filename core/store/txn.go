package store

import "bytes"

// OpType is what an Op does.
type OpType int

const (
	OpRange  OpType = iota // read [Key, End)
	OpPut                  // write Key
	OpDelete               // remove [Key, End)
)

// Op is one operation of a Txn. Limit, Revision, KeysOnly and CountOnly are
// for ranges; PrevKV, for puts and deletes, asks for what was replaced.
type Op struct {
	Type     OpType
	Key, End string

	Value       []byte // kept as it is: the caller must not change it afterwards
	Lease       LeaseID
	IgnoreValue bool // keep the key's value; the key must exist
	IgnoreLease bool // keep the key's lease; the key must exist
	PrevKV      bool

	Revision            Revision
	Limit               int
	KeysOnly, CountOnly bool
}

// Target is the property that a Compare looks at.
type Target int

const (
	CompareVersion Target = iota
	CompareCreate
	CompareMod
	CompareValue
	CompareLease
)

// Result is the relation that a Compare asks for between the key's property
// and the one given.
type Result int

const (
	Equal Result = iota
	Greater
	Less
	NotEqual
)

// Compare is a condition on one key or, with End, on every key of a range. A
// key that does not exist has zero for every number and no value at all: any
// comparison of its value is false.
type Compare struct {
	Key, End string
	Target   Target
	Result   Result
	Number   int64 // for CompareVersion, CompareCreate, CompareMod, CompareLease
	Value    []byte
}

// Txn does Then if all of If hold, and otherwise Else, as one revision.
type Txn struct {
	If         []Compare
	Then, Else []Op
	Origin     Origin
}

// TxnResponse is what a Txn did: the store's revision after it, and one
// response for each operation of the branch taken.
type TxnResponse struct {
	Succeeded bool
	Revision  Revision
	Responses []OpResponse
}

// OpResponse is what an Op answered. For a range: KVs, Count and More. For a
// delete: Count, the keys removed, and with PrevKV those keys in KVs. For a
// put with PrevKV: KVs holds the key before, if there was one.
type OpResponse struct {
	KVs   []KeyValue
	Count int
	More  bool
}

// Txn runs a transaction. An error means that nothing was done. Watchers have
// been told when it returns; whether it is durable is for Durable to say.
func (s *Store) Txn(t Txn) (TxnResponse, error) {
	if err := s.check(&t); err != nil {
		return TxnResponse{}, err
	}
	resp := TxnResponse{Succeeded: s.holds(t.If)}
	ops := t.Then
	if !resp.Succeeded {
		ops = t.Else
	}
	changes, err := s.plan(ops)
	if err != nil {
		return TxnResponse{}, err
	}
	w := writer{s: s, rev: s.rev}
	w.begin(changes)
	resp.Responses = make([]OpResponse, len(ops))
	for i := range ops {
		resp.Responses[i] = w.do(&ops[i])
	}
	if len(w.record.Events) > 0 {
		w.record.Origin = t.Origin
		s.write(w.record)
	}
	resp.Revision = s.rev
	return resp, nil
}

// holds reports whether every comparison is true of the head.
func (s *Store) holds(cmps []Compare) bool {
	for i := range cmps {
		c := &cmps[i]
		if c.End == "" {
			if !c.holdsOf(s.keys[c.Key].current()) {
				return false
			}
			continue
		}
		ok, any := true, false
		s.each(c.Key, c.End, s.rev, func(kv *KeyValue) {
			any = true
			ok = ok && c.holds(kv)
		})
		if !any {
			ok = c.holdsOf(nil)
		}
		if !ok {
			return false
		}
	}
	return true
}

// holdsOf is holds for a key that may not be there.
func (c *Compare) holdsOf(kv *KeyValue) bool {
	if kv == nil {
		return c.Target != CompareValue && c.holds(&KeyValue{})
	}
	return c.holds(kv)
}

func (c *Compare) holds(kv *KeyValue) bool {
	var d int
	switch c.Target {
	case CompareVersion:
		d = compareInt(kv.Version, c.Number)
	case CompareCreate:
		d = compareInt(int64(kv.CreateRevision), c.Number)
	case CompareMod:
		d = compareInt(int64(kv.ModRevision), c.Number)
	case CompareLease:
		d = compareInt(int64(kv.Lease), c.Number)
	case CompareValue:
		d = bytes.Compare(kv.Value, c.Value)
	}
	switch c.Result {
	case Equal:
		return d == 0
	case Greater:
		return d > 0
	case Less:
		return d < 0
	default:
		return d != 0
	}
}

func compareInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// writer applies the operations of one transaction, each seeing what those
// before it did. Nothing in it can fail. The record's events have room for all
// changes from the start: histories point into them.
type writer struct {
	s      *Store
	rev    Revision // what a range reads: the head, or the new revision once something changed
	record *Record
}

// begin makes the record, together with the one event that most have.
func (w *writer) begin(changes int) {
	switch changes {
	case 0:
		w.record = &none
	case 1:
		one := new(struct {
			record Record
			events [1]Event
		})
		w.record, one.record.Events = &one.record, one.events[:0]
	default:
		w.record = &Record{Events: make([]Event, 0, changes)}
	}
}

// none is the record of what changes nothing.
var none Record

func (w *writer) do(op *Op) OpResponse {
	switch op.Type {
	case OpPut:
		return w.put(op)
	case OpDelete:
		return w.delete(op)
	}
	r := w.s.read(RangeRequest{Key: op.Key, End: op.End, Revision: op.Revision, Limit: op.Limit,
		KeysOnly: op.KeysOnly, CountOnly: op.CountOnly}, w.rev)
	return OpResponse{KVs: r.KVs, Count: r.Count, More: r.More}
}

func (w *writer) put(op *Op) (resp OpResponse) {
	kv := KeyValue{Key: op.Key, Value: op.Value, Lease: op.Lease}
	h := w.s.keys[op.Key]
	prev := h.current()
	if op.IgnoreValue {
		kv.Value = prev.Value
	}
	if op.IgnoreLease {
		kv.Lease = prev.Lease
	}
	if op.PrevKV && prev != nil {
		resp.KVs = []KeyValue{*prev}
	}
	w.change(h, kv, prev, false)
	return resp
}

func (w *writer) delete(op *Op) (resp OpResponse) {
	var gone []*KeyValue
	w.s.each(op.Key, op.End, w.s.rev+1, func(kv *KeyValue) { gone = append(gone, kv) })
	resp.Count = len(gone)
	for _, kv := range gone {
		if op.PrevKV {
			resp.KVs = append(resp.KVs, *kv)
		}
		w.remove(kv)
	}
	return resp
}

func (w *writer) remove(kv *KeyValue) {
	w.change(w.s.keys[kv.Key], KeyValue{Key: kv.Key}, kv, true)
}

func (w *writer) change(h *history, kv KeyValue, prev *KeyValue, del bool) {
	w.rev = w.s.rev + 1
	w.record.Events = append(w.record.Events, Event{Delete: del, KV: kv, Prev: prev})
	w.s.apply(h, &w.record.Events[len(w.record.Events)-1], w.rev)
}

// apply completes an event that carries key, value and lease, and makes it
// the key's newest version, as writing and replaying both do. h is the key's
// history, nil if it has none.
func (s *Store) apply(h *history, e *Event, rev Revision) {
	e.KV.ModRevision = rev
	if !e.Delete {
		e.KV.Version, e.KV.CreateRevision = 1, rev
		if e.Prev != nil {
			e.KV.Version, e.KV.CreateRevision = e.Prev.Version+1, e.Prev.CreateRevision
		}
	}
	if e.Prev != nil && e.Prev.Lease != 0 {
		s.detach(e.Prev.Lease, e.KV.Key)
	}
	if e.KV.Lease != 0 {
		s.attach(e.KV.Lease, e.KV.Key)
	}
	s.push(h, &e.KV)
}

// write gives the record its place, queues it for the log, and tells the
// watchers.
func (s *Store) write(r *Record) {
	s.index++
	if len(r.Events) > 0 {
		s.rev++
		s.records = append(s.records, r)
	}
	r.Index, r.Revision = s.index, s.rev
	s.commit.pending = append(s.commit.pending, r)
	s.notify()
}
