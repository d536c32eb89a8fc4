package trace

import "time"

// What a Recorder keeps at most: entries, and decisions with their tables.
const (
	MaxEntries = 400_000
	MaxTables  = 500
)

// Recorder keeps the entries of one world's run in order. The oldest go when
// there are more than MaxEntries. There may be thirty entries for each pod, so
// what the store's log says anyway is not kept twice: of a write or a delivery
// only who, when and which revision.
type Recorder struct {
	now    func() time.Time
	write  func(revision int64) (Entry, bool)
	slots  []slot
	first  int64 // Seq of slots[0]
	tables []int64
	steps  *Steps
}

// slot is an entry as it is kept.
type slot struct {
	at       int64 // nanoseconds since 1970
	revision int64
	actor    string
	typ      Type
	verb     string // of a delivery
	step     int8
	whole    *Entry // what isn't in the log: refusals and decisions
}

// NewRecorder makes a recorder that stamps entries with now and looks writes
// up by revision; where write is nil it keeps everything itself.
func NewRecorder(now func() time.Time, write func(revision int64) (Entry, bool)) *Recorder {
	return &Recorder{now: now, write: write, first: 1, steps: NewSteps()}
}

// Add appends an entry, giving it its place, its step and, where it has none, its time.
func (r *Recorder) Add(e Entry) {
	e.Seq = r.Last() + 1
	if e.Time.IsZero() {
		e.Time = r.now()
	}
	e.Step = r.steps.Number(&e)
	s := slot{at: e.Time.UnixNano(), revision: e.Revision, actor: e.Actor, typ: e.Type, step: int8(e.Step)}
	switch inLog := r.write != nil && (e.Type == Write || e.Type == Delivery); {
	case !inLog:
		s.whole = &e
	case e.Type == Delivery:
		s.verb = e.Verb
	}
	r.slots = append(r.slots, s)
	if e.Verdict != nil && e.Verdict.Nodes != nil {
		r.boundTables(e.Seq)
	}
	if len(r.slots) > MaxEntries+MaxEntries/4 {
		drop := len(r.slots) - MaxEntries
		r.first += int64(drop)
		r.slots = append([]slot(nil), r.slots[drop:]...)
	}
}

// boundTables drops the table of the oldest decision that has one.
func (r *Recorder) boundTables(seq int64) {
	r.tables = append(r.tables, seq)
	if len(r.tables) <= MaxTables {
		return
	}
	if i := r.tables[0] - r.first; i >= 0 {
		e := r.slots[i].whole
		v := *e.Verdict
		v.Nodes = nil
		e.Verdict = &v
	}
	r.tables = r.tables[1:]
}

// Last is the Seq of the newest entry, 0 when there is none.
func (r *Recorder) Last() int64 { return r.first + int64(len(r.slots)) - 1 }

// Since returns the kept entries with a Seq above after, limit at most (0: all).
func (r *Recorder) Since(after int64, limit int) []Entry {
	from := max(after+1, r.first)
	n := max(r.Last()-from+1, 0)
	if limit > 0 {
		n = min(n, int64(limit))
	}
	out := make([]Entry, n)
	for i := range out {
		out[i] = r.entry(from + int64(i))
	}
	return out
}

// entry puts together what is kept at a place. Of a write whose record has
// been compacted away only who, when and which revision are left.
func (r *Recorder) entry(seq int64) Entry {
	s := &r.slots[seq-r.first]
	if s.whole != nil {
		return *s.whole
	}
	e, _ := r.write(s.revision)
	if s.typ == Delivery {
		e = Entry{
			Group: e.Group, Resource: e.Resource, Namespace: e.Namespace, Name: e.Name,
			Verb: s.verb, Causes: []int64{s.revision},
		}
	}
	e.Seq, e.Type, e.Time, e.Actor = seq, s.typ, time.Unix(0, s.at).UTC(), s.actor
	e.Revision, e.Step = s.revision, int(s.step)
	return e
}
