package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
)

// testCompactionReopen compacts, reopens, and looks at both sides of the
// compaction revision.
func testCompactionReopen(t *testing.T, m Medium) {
	s := open(t, m, store.Options{BatchRecords: 7})
	for i := range 100 {
		if _, err := s.Put(fmt.Sprintf("/k/%d", i%10), fmt.Appendf(nil, "%d", i), store.Origin{Actor: "kubectl"}); err != nil {
			t.Fatal(err)
		}
	}
	sync(t, m, s)
	if err := s.Compact(60); err != nil {
		t.Fatal(err)
	}
	sync(t, m, s)
	for range 2 {
		checkCompacted(t, s)
		s = open(t, m, store.Options{})
	}
}

// testCompactAnywhere compacts a short history at each of its revisions, with
// and without more to come, and reopens.
func testCompactAnywhere(t *testing.T, m Medium) {
	d := newDriver(t, m, 10)
	for at := store.Revision(1); at <= 8; at++ {
		from := d.s.Revision()
		for i := range 7 {
			if i%3 == 1 {
				if _, err := d.s.Grant(epoch, 0, 10); err != nil {
					t.Fatal(err)
				}
			}
			d.txn([]store.Op{{Type: store.OpPut, Key: fmt.Sprintf("/k/%d", i%3), Value: []byte{byte(i)}}})
			if i == int(at) {
				sync(t, m, d.s)
			}
		}
		if err := d.s.Compact(from - 1 + at); err != nil {
			t.Fatal(err)
		}
		d.model.compacted = from - 1 + at
		d.compare()
		sync(t, m, d.s)
		d.open()
		if got := d.s.CompactRevision(); got != d.model.compacted {
			t.Fatalf("reopened compacted at %d, want %d", got, d.model.compacted)
		}
	}
}

// checkCompacted looks at the store of testCompactionReopen.
func checkCompacted(t *testing.T, s *store.Store) {
	t.Helper()
	if s.Revision() != 101 || s.CompactRevision() != 60 {
		t.Fatalf("revision %d compacted at %d, want 101 and 60", s.Revision(), s.CompactRevision())
	}
	if _, err := s.Range(store.RangeRequest{Key: "/k/1", Revision: 59}); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("range at 59: %v", err)
	}
	if _, err := s.Record(59); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("record 59: %v", err)
	}
	if err := s.Compact(60); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("compact again: %v", err)
	}
	if err := s.Compact(102); !errors.Is(err, store.ErrFutureRev) {
		t.Errorf("compact ahead: %v", err)
	}
	got, err := s.Range(store.RangeRequest{Key: "/k/8", Revision: 60})
	if err != nil || len(got.KVs) != 1 || string(got.KVs[0].Value) != "58" || got.KVs[0].Version != 6 {
		t.Errorf("range at 60: %+v, %v", got, err)
	}
	if r, err := s.Record(60); err != nil || r.Origin.Actor != "kubectl" || string(r.Events[0].KV.Value) != "58" || r.Events[0].KV.Version != 6 {
		t.Errorf("record 60: %+v, %v", r, err)
	}
	var heard []store.Revision
	w, err := s.Watch(store.WatchRequest{Key: "/k/", End: store.PrefixEnd("/k/"), StartRevision: 60, PrevKV: true}, func(r store.WatchResponse) {
		heard = append(heard, r.Revision)
		if had := r.Events[0].Prev != nil; had != (r.Revision > 60) {
			t.Errorf("revision %d has a previous value: %v", r.Revision, had)
		}
	})
	if err != nil || len(heard) != 42 || heard[0] != 60 || heard[41] != 101 {
		t.Errorf("watch from 60: %v, %v", heard, err)
	}
	w.Cancel()
	var gone store.Revision
	if _, err := s.Watch(store.WatchRequest{Key: "/k/1", StartRevision: 59}, func(r store.WatchResponse) { gone = r.CompactRevision }); err != nil || gone != 60 {
		t.Errorf("watch from 59: compacted at %d, %v", gone, err)
	}
}

// testLeaseReopen has leases come back with their keys and start their time
// anew.
func testLeaseReopen(t *testing.T, m Medium) {
	s := open(t, m, store.Options{})
	l, err := s.Grant(epoch, 0, 60)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := s.Grant(epoch, 77, 30)
	if err != nil || empty.ID != 77 {
		t.Fatalf("grant 77: %+v, %v", empty, err)
	}
	for _, k := range []string{"/e/1", "/e/2"} {
		if _, err := s.Txn(store.Txn{Then: []store.Op{{Type: store.OpPut, Key: k, Lease: l.ID}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Compact(s.Revision()); err != nil {
		t.Fatal(err)
	}
	sync(t, m, s)
	s = open(t, m, store.Options{})
	equal(t, "leases", s.Leases(), []store.Lease{{ID: l.ID, TTL: 60}, {ID: 77, TTL: 30}})
	later := epoch.Add(time.Hour)
	if gone, err := s.Expire(later, store.Origin{}); err != nil || len(gone) != 0 {
		t.Fatalf("expired at once: %v, %v", gone, err)
	}
	gone, err := s.Expire(later.Add(time.Minute), store.Origin{Actor: "etcd"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "expired", gone, []store.LeaseID{77, l.ID})
	r, err := s.Record(s.Revision())
	if err != nil || s.Revision() != 4 || len(r.Events) != 2 || !r.Events[1].Delete || r.Events[1].KV.Key != "/e/2" || r.Origin.Actor != "etcd" {
		t.Fatalf("expiry at revision %d: %+v, %v", s.Revision(), r, err)
	}
	sync(t, m, s)
	if left := open(t, m, store.Options{}).Leases(); len(left) != 0 {
		t.Errorf("leases after expiry: %v", left)
	}
}
