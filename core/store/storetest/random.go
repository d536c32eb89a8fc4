package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tabernetes/tabernetes/core/store"
)

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// driver does the same to a store and to a model, and compares.
type driver struct {
	t     *testing.T
	m     Medium
	s     *store.Store
	model *model
	rng   *rand.Rand
	now   time.Time
	heard map[store.Revision][]store.Event // by the watcher of everything since the store was opened
	since store.Revision                   // first revision that it hears
}

func newDriver(t *testing.T, m Medium, seed uint64) *driver {
	d := &driver{t: t, m: m, model: newModel(), rng: rand.New(rand.NewPCG(seed, 0)), now: epoch}
	d.open()
	return d
}

// open opens the store, which must be where the model is, or becomes the
// model's past if that went on without being durable.
func (d *driver) open() {
	d.t.Helper()
	d.s = open(d.t, d.m, store.Options{BatchRecords: 1 + d.rng.IntN(20)})
	if d.s.Revision() > d.model.rev() {
		d.t.Fatalf("reopened at revision %d, written up to %d", d.s.Revision(), d.model.rev())
	}
	if d.s.Durable() != d.s.Revision() {
		d.t.Fatalf("reopened at revision %d, durable up to %d", d.s.Revision(), d.s.Durable())
	}
	d.model.states = d.model.states[:d.s.Revision()]
	d.model.leases = map[store.LeaseID]bool{}
	for _, l := range d.s.Leases() {
		d.model.leases[l.ID] = true
	}
	d.heard, d.since = map[store.Revision][]store.Event{}, d.s.Revision()+1
	_, err := d.s.Watch(store.WatchRequest{End: store.FromKey, PrevKV: true}, func(r store.WatchResponse) {
		d.heard[r.Revision] = slices.Clone(r.Events)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.compare()
}

func (d *driver) key() string { return fmt.Sprintf("/%c/%d", 'a'+d.rng.IntN(3), d.rng.IntN(8)) }

// bounds is a key and an end: one key, a prefix, all from a key, or any two.
func (d *driver) bounds() (key, end string) {
	switch d.rng.IntN(4) {
	case 0:
		return d.key(), ""
	case 1:
		p := fmt.Sprintf("/%c/", 'a'+d.rng.IntN(3))
		return p, store.PrefixEnd(p)
	case 2:
		return d.key(), store.FromKey
	}
	return d.key(), d.key()
}

// step is one random operation.
func (d *driver) step() {
	d.t.Helper()
	switch n := d.rng.IntN(100); {
	case n < 45:
		d.txn([]store.Op{d.put()})
	case n < 55:
		key, end := d.bounds()
		d.txn([]store.Op{{Type: store.OpDelete, Key: key, End: end}})
	case n < 70:
		d.randomTxn()
	case n < 85:
		d.read()
	case n < 88:
		d.history()
	case n < 95:
		d.lease()
	case n < 97:
		d.compact()
	default:
		upTo, wait := d.s.Revision(), d.rng.IntN(2) == 0
		d.s.Flush()
		d.m.Settle(func() bool { return !wait || d.s.Durable() >= upTo })
	}
}

func (d *driver) put() store.Op {
	op := store.Op{Type: store.OpPut, Key: d.key(), Value: fmt.Appendf(nil, "v%d", d.rng.IntN(1000))}
	if ids := d.s.Leases(); len(ids) > 0 && d.rng.IntN(4) == 0 {
		op.Lease = ids[d.rng.IntN(len(ids))].ID
	}
	return op
}

func (d *driver) randomTxn() {
	d.t.Helper()
	seen := map[string]bool{}
	var ops []store.Op
	for range 1 + d.rng.IntN(4) {
		op := d.put()
		if seen[op.Key] {
			continue
		}
		seen[op.Key] = true
		if d.rng.IntN(3) == 0 {
			op = store.Op{Type: store.OpDelete, Key: op.Key}
		}
		ops = append(ops, op)
	}
	d.txn(ops)
}

// txn runs ops under a condition on one key's mod revision, true or false, as
// the API server writes.
func (d *driver) txn(ops []store.Op) {
	d.t.Helper()
	key := d.key()
	c := store.Compare{Key: key, Target: store.CompareMod, Number: int64(d.model.head()[key].ModRevision)}
	yes := d.rng.IntN(4) > 0
	tx := store.Txn{If: []store.Compare{c}, Then: ops, Origin: origin(d.rng, d.s.Revision())}
	if !yes {
		tx.If[0].Result, tx.Then, tx.Else = store.NotEqual, []store.Op{{Key: key}}, ops
	}
	resp, err := d.s.Txn(tx)
	if err != nil || resp.Succeeded != yes {
		d.t.Fatalf("txn %+v: succeeded %v, %v", tx, resp.Succeeded, err)
	}
	d.model.txn(ops)
	if resp.Revision != d.model.rev() || d.s.Revision() != d.model.rev() {
		d.t.Fatalf("txn %+v: revision %d, want %d", tx, resp.Revision, d.model.rev())
	}
}

func (d *driver) read() {
	d.t.Helper()
	key, end := d.bounds()
	d.range1(store.RangeRequest{Key: key, End: end, Limit: d.rng.IntN(4), Revision: store.Revision(d.rng.Int64N(int64(d.model.rev()) + 2)),
		KeysOnly: d.rng.IntN(4) == 0, CountOnly: d.rng.IntN(6) == 0})
}

func (d *driver) range1(req store.RangeRequest) {
	d.t.Helper()
	want, wantErr := d.model.read(req)
	got, err := d.s.Range(req)
	if !errors.Is(err, wantErr) {
		d.t.Fatalf("range %+v: %v, want %v", req, err, wantErr)
	}
	if !slices.EqualFunc(got.KVs, want.KVs, sameKV) || got.Count != want.Count || got.More != want.More {
		equal(d.t, fmt.Sprintf("range %+v", req), got, want)
	}
}

// history watches a range from a random revision and cancels.
func (d *driver) history() {
	d.t.Helper()
	key, end := d.bounds()
	if end != "" && end != store.FromKey && key >= end {
		return
	}
	req := store.WatchRequest{Key: key, End: end, StartRevision: 1 + store.Revision(d.rng.Int64N(int64(d.model.rev()))), PrevKV: d.rng.IntN(2) == 0}
	var compacted store.Revision
	got := map[store.Revision][]store.Event{}
	w, err := d.s.Watch(req, func(r store.WatchResponse) {
		compacted = r.CompactRevision
		if len(r.Events) > 0 {
			got[r.Revision] = slices.Clone(r.Events)
		}
	})
	if err != nil {
		d.t.Fatal(err)
	}
	w.Cancel()
	if req.StartRevision < d.model.compacted {
		if compacted != d.model.compacted || len(got) > 0 {
			d.t.Fatalf("watch from compacted %d: %d, %v", req.StartRevision, compacted, got)
		}
		return
	}
	for i := range got[d.model.compacted] {
		if got[d.model.compacted][i].Prev != nil {
			d.t.Fatalf("watch from %d: revision %d has previous values, which are compacted", req.StartRevision, d.model.compacted)
		}
	}
	from := req.StartRevision
	if from == d.model.compacted && req.PrevKV {
		from++
	}
	d.compareEvents(got, from, req)
}

func (d *driver) compareEvents(got map[store.Revision][]store.Event, from store.Revision, req store.WatchRequest) {
	d.t.Helper()
	for rev := max(2, from); rev <= d.model.rev(); rev++ {
		want := d.model.events(rev, req.Key, req.End, req.PrevKV)
		es := slices.Clone(got[rev])
		sortEvents(es)
		if !slices.EqualFunc(es, want, sameEvent) {
			equal(d.t, fmt.Sprintf("events of revision %d for %+v", rev, req), es, want)
		}
	}
}

// lease grants, revokes, renews or lets time pass.
func (d *driver) lease() {
	d.t.Helper()
	d.now = d.now.Add(time.Second)
	ids := d.s.Leases()
	switch n := d.rng.IntN(4); {
	case n == 0 || len(ids) == 0:
		l, err := d.s.Grant(d.now, 0, int64(d.rng.IntN(20)))
		if err != nil || d.model.leases[l.ID] {
			d.t.Fatalf("grant: %+v, %v", l, err)
		}
		d.model.leases[l.ID] = true
	case n == 1:
		id := ids[d.rng.IntN(len(ids))].ID
		if _, err := d.s.Revoke(id, origin(d.rng, d.s.Revision())); err != nil {
			d.t.Fatal(err)
		}
		d.model.revoke(id)
	case n == 2:
		if _, err := d.s.KeepAlive(d.now, ids[d.rng.IntN(len(ids))].ID); err != nil {
			d.t.Fatal(err)
		}
	default:
		gone, err := d.s.Expire(d.now, store.Origin{Actor: "etcd"})
		if err != nil {
			d.t.Fatal(err)
		}
		for _, id := range gone {
			d.model.revoke(id)
		}
	}
}

func (d *driver) compact() {
	d.t.Helper()
	rev := store.Revision(d.rng.Int64N(int64(d.model.rev()) + 3))
	var want error
	switch {
	case rev <= d.model.compacted:
		want = store.ErrCompacted
	case rev > d.model.rev():
		want = store.ErrFutureRev
	}
	if err := d.s.Compact(rev); !errors.Is(err, want) {
		d.t.Fatalf("compact %d: %v, want %v", rev, err, want)
	}
	if want == nil {
		d.model.compacted = rev
	}
}

// compare looks at everything that can still be seen.
func (d *driver) compare() {
	d.t.Helper()
	for rev := max(1, d.model.compacted); rev <= d.model.rev(); rev++ {
		d.range1(store.RangeRequest{Key: "\x00", End: store.FromKey, Revision: rev})
	}
	all := store.WatchRequest{Key: "\x00", End: store.FromKey, PrevKV: true}
	d.compareEvents(d.heard, d.since, all)
	for rev := max(2, d.model.compacted); rev <= d.model.rev(); rev++ {
		r, err := d.s.Record(rev)
		if err != nil || r.Revision != rev || len(r.Events) == 0 {
			d.t.Fatalf("record %d: %+v, %v", rev, r, err)
		}
	}
	for _, l := range d.s.Leases() {
		st, err := d.s.TimeToLive(d.now, l.ID)
		if err != nil {
			d.t.Fatal(err)
		}
		var want []string
		for k, kv := range d.model.head() {
			if kv.Lease == l.ID {
				want = append(want, k)
			}
		}
		slices.Sort(want)
		equal(d.t, fmt.Sprintf("keys of lease %d", l.ID), st.Keys, want)
	}
}

// testModel compares random operations, with restarts after everything is
// durable.
func testModel(t *testing.T, m Medium) {
	d := newDriver(t, m, 7)
	for range 12 {
		for range 80 {
			d.step()
		}
		d.compare()
		sync(t, d.m, d.s)
		leases := d.s.Leases()
		d.open()
		equal(t, "leases", d.s.Leases(), leases)
	}
}

// testCrash opens again without warning: what comes back is a prefix with
// everything that was reported durable.
func testCrash(t *testing.T, m Medium) {
	d := newDriver(t, m, 8)
	for range 30 {
		for range d.rng.IntN(40) {
			d.step()
		}
		acked := d.s.Durable()
		compacted := d.model.compacted
		d.model.compacted = 0 // a compaction may be lost as well
		log, err := d.m.Open()
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(log, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Revision() < acked {
			t.Fatalf("reopened at revision %d, but %d was durable", s.Revision(), acked)
		}
		if s.CompactRevision() > compacted {
			t.Fatalf("reopened compacted at %d, asked for %d", s.CompactRevision(), compacted)
		}
		d.model.compacted = s.CompactRevision()
		d.open()
	}
}

// prefixOf reports whether the store shows just what the model had at the
// store's revision.
func (m *model) prefixOf(s *store.Store) bool {
	if s.Revision() > m.rev() {
		return false
	}
	past := &model{states: m.states[:s.Revision()], compacted: s.CompactRevision()}
	for rev := max(1, past.compacted); rev <= past.rev(); rev++ {
		req := store.RangeRequest{Key: "\x00", End: store.FromKey, Revision: rev}
		want, _ := past.read(req)
		got, err := s.Range(req)
		if err != nil || !slices.EqualFunc(got.KVs, want.KVs, sameKV) {
			return false
		}
	}
	return true
}

func sameEvent(a, b store.Event) bool {
	prev := a.Prev == nil && b.Prev == nil || a.Prev != nil && b.Prev != nil && sameKV(*a.Prev, *b.Prev)
	return prev && a.Delete == b.Delete && sameKV(a.KV, b.KV)
}

func sameKV(a, b store.KeyValue) bool {
	av, bv := a.Value, b.Value
	a.Value, b.Value = nil, nil
	return bytes.Equal(av, bv) && a.Key == b.Key && a.CreateRevision == b.CreateRevision &&
		a.ModRevision == b.ModRevision && a.Version == b.Version && a.Lease == b.Lease
}
