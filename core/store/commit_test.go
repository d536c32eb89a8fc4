package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// disk is a memory log that answers when it is told to, and can fail.
type disk struct {
	*memory.Log
	calls   []string
	waiting []func(error)
}

func (d *disk) Append(records []*store.Record, done func(error)) {
	d.calls = append(d.calls, fmt.Sprintf("append %d-%d", records[0].Revision, records[len(records)-1].Revision))
	d.waiting = append(d.waiting, func(err error) {
		if err == nil {
			d.Log.Append(records, func(error) {})
		}
		done(err)
	})
}

func (d *disk) Compact(snap store.Snapshot, done func(error)) {
	d.calls = append(d.calls, fmt.Sprintf("compact %d", snap.Revision))
	d.waiting = append(d.waiting, func(err error) {
		if err == nil {
			d.Log.Compact(snap, func(error) {})
		}
		done(err)
	})
}

// answer answers the oldest call.
func (d *disk) answer(err error) {
	w := d.waiting[0]
	d.waiting = d.waiting[1:]
	w(err)
}

func TestGroupCommit(t *testing.T) {
	d := &disk{Log: memory.New()}
	s := open(t, d, store.Options{BatchRecords: 3})
	var acks []string
	ack := func(rev store.Revision) {
		s.OnDurable(rev, func(err error) { acks = append(acks, fmt.Sprint(rev, err)) })
	}
	for i := range 6 { // revisions 2 to 7
		put(t, s, "/k", fmt.Sprint(i))
		if i == 0 {
			s.Flush()
		}
	}
	ack(7)
	ack(2)
	ack(4)
	ack(8)
	s.Flush()
	equal(t, "calls", d.calls, []string{"append 2-2", "append 3-5"}) // a whole batch, 6 and 7 are none
	equal(t, "acks", acks, []string{"8 " + store.ErrFutureRev.Error()})
	d.answer(nil)
	if s.Durable() != 2 {
		t.Errorf("durable %d, want 2", s.Durable())
	}
	put(t, s, "/k", "late") // 8
	d.answer(nil)
	d.answer(nil)
	equal(t, "calls", d.calls, []string{"append 2-2", "append 3-5", "append 6-8"})
	ack(5)
	equal(t, "acks", acks[1:], []string{"2 <nil>", "4 <nil>", "7 <nil>", "5 <nil>"})
	if s.Durable() != 8 || len(d.waiting) != 0 {
		t.Errorf("durable %d, %d calls waiting", s.Durable(), len(d.waiting))
	}
}

// A batch ends when it is large enough.
func TestBatchBytes(t *testing.T) {
	d := &disk{Log: memory.New()}
	s := open(t, d, store.Options{BatchBytes: 100})
	for range 4 {
		put(t, s, "/k", string(make([]byte, 60)))
	}
	s.Flush()
	d.answer(nil)
	d.answer(nil)
	equal(t, "calls", d.calls, []string{"append 2-3", "append 4-5"})
}

// A compaction reaches the log behind everything that was written before it,
// in a log that is never idle too.
func TestCompactionInOrder(t *testing.T) {
	d := &disk{Log: memory.New()}
	s := open(t, d, store.Options{BatchRecords: 2})
	for i := range 5 {
		put(t, s, "/k", fmt.Sprint(i))
	}
	s.Flush()
	if err := s.Compact(3); err != nil {
		t.Fatal(err)
	}
	put(t, s, "/k", "more") // 7
	d.answer(nil)
	equal(t, "calls", d.calls, []string{"append 2-3", "append 4-5", "append 6-7", "compact 3"})
	put(t, s, "/k", "last") // 8
	synced := false
	s.Sync(func(err error) { synced = err == nil })
	for len(d.waiting) > 1 {
		d.answer(nil)
		s.Flush()
		if len(d.calls) > 4 || synced {
			t.Fatalf("calls %v, synced %v, while %d are waiting", d.calls, synced, len(d.waiting))
		}
	}
	d.answer(nil)
	equal(t, "last call", d.calls[4:], []string{"append 8-8"})
	d.answer(nil)
	if !synced {
		t.Error("not synced after the last call")
	}
	if err := s.Compact(4); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	synced = false
	s.Sync(func(err error) { synced = err == nil })
	if synced {
		t.Error("synced before the compaction is safe")
	}
	d.answer(nil)
	if !synced {
		t.Error("not synced after the compaction")
	}
	again := open(t, d, store.Options{})
	if kv, _ := again.Get("/k"); again.CompactRevision() != 4 || kv.Version != 7 {
		t.Errorf("reopened compacted at %d with %+v", again.CompactRevision(), kv)
	}
}

// After a failed append nothing is written, everyone who waits is told, reads
// go on, and what was durable before is there when the log is opened again.
func TestFailedAppend(t *testing.T) {
	broken := errors.New("the disk is on fire")
	for _, test := range []struct {
		cause error
		words string
	}{
		{broken, "etcdserver: server stopped: the disk is on fire"},
		{fmt.Errorf("%w: QuotaExceededError", store.ErrNoSpace), "etcdserver: mvcc: database space exceeded: QuotaExceededError"},
	} {
		d := &disk{Log: memory.New()}
		s := open(t, d, store.Options{})
		put(t, s, "/k", "safe")
		s.Flush()
		d.answer(nil)
		put(t, s, "/k", "lost")
		s.Flush()
		put(t, s, "/k", "lost too")
		var waited []error
		for _, rev := range []store.Revision{4, 3} {
			s.OnDurable(rev, func(err error) { waited = append(waited, err) })
		}
		d.answer(test.cause)
		s.OnDurable(4, func(err error) { waited = append(waited, err) })
		s.OnDurable(2, func(err error) { waited = append(waited, err) })
		if len(waited) != 4 || waited[3] != nil {
			t.Fatalf("waiters: %v", waited)
		}
		_, put1 := s.Put("/k", nil, store.Origin{})
		_, grant := s.Grant(now, 0, 60)
		refused := append(waited[:3], s.Err(), put1, grant)
		if !errors.Is(test.cause, store.ErrNoSpace) {
			_, _, del := s.Delete("/k", "", store.Origin{})
			refused = append(refused, del, s.Compact(2))
		}
		for _, err := range refused {
			if !errors.Is(err, test.cause) || err.Error() != test.words {
				t.Errorf("%v, want %s", err, test.words)
			}
		}
		if got, err := s.Range(store.RangeRequest{Key: "/k"}); err != nil || show(got.KVs) != "/k=lost too" {
			t.Errorf("read: %q, %v", show(got.KVs), err)
		}
		if _, err := s.Txn(store.Txn{Then: []store.Op{{Key: "/k"}}}); err != nil {
			t.Errorf("reading txn: %v", err)
		}
		s.Flush()
		if len(d.waiting) != 0 || s.Durable() != 2 {
			t.Errorf("%d calls after the failure, durable %d", len(d.waiting), s.Durable())
		}
		if kv, _ := open(t, d, store.Options{}).Get("/k"); string(kv.Value) != "safe" {
			t.Errorf("reopened: %q", kv.Value)
		}
	}
}

// Close hands over what is pending, even behind a call on its way.
func TestClose(t *testing.T) {
	d := &disk{Log: memory.New()}
	s := open(t, d, store.Options{})
	put(t, s, "/k", "1")
	s.Flush()
	put(t, s, "/k", "2")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	d.answer(nil)
	d.answer(nil)
	if _, err := s.Put("/k", nil, store.Origin{}); !errors.Is(err, store.ErrStopped) {
		t.Errorf("put after Close: %v", err)
	}
	if kv, _ := open(t, d, store.Options{}).Get("/k"); string(kv.Value) != "2" {
		t.Errorf("reopened: %q", kv.Value)
	}
}

// A log that does not fit together is refused, and the error names the record.
func TestCorruptLog(t *testing.T) {
	event := func(key string) []store.Event { return []store.Event{{KV: store.KeyValue{Key: key}}} }
	gone := []store.Event{{Delete: true, KV: store.KeyValue{Key: "/k"}}}
	for want, records := range map[string][]*store.Record{
		"log record 3 of revision 3 follows record 1 of revision 2": {{Index: 1, Revision: 2, Events: event("/k")}, {Index: 3, Revision: 3, Events: event("/k")}},
		"log record 2 of revision 4 follows record 1 of revision 2": {{Index: 1, Revision: 2, Events: event("/k")}, {Index: 2, Revision: 4, Events: event("/k")}},
		"log record 1 of revision 2 follows record 0 of revision 1": {{Index: 1, Revision: 2}},
		`log record 1 of revision 2: key "/k"`:                      {{Index: 1, Revision: 2, Events: gone}},
		`log record 1 of revision 2: key ""`:                        {{Index: 1, Revision: 2, Events: event("")}},
	} {
		log := memory.New()
		log.Append(records, func(error) {})
		_, err := store.Open(log, store.Options{})
		if full := "open store: etcdserver: corrupt cluster: " + want; !errors.Is(err, store.ErrCorrupt) || err.Error() != full {
			t.Errorf("%v, want %s", err, full)
		}
	}
}
