package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }

func putLeased(t *testing.T, s *store.Store, key string, id store.LeaseID) {
	t.Helper()
	if _, err := s.Txn(store.Txn{Then: []store.Op{{Type: store.OpPut, Key: key, Lease: id}}}); err != nil {
		t.Fatal(err)
	}
}

func TestLeaseKeys(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	l, _ := s.Grant(now, 0, 60)
	m, _ := s.Grant(now, 0, 60)
	if l.ID == 0 || l.ID == m.ID {
		t.Fatalf("leases %d and %d", l.ID, m.ID)
	}
	if s.Revision() != 1 {
		t.Errorf("granting made revision %d", s.Revision())
	}
	putLeased(t, s, "/b", l.ID)
	putLeased(t, s, "/a", l.ID)
	putLeased(t, s, "/moves", l.ID)
	putLeased(t, s, "/moves", m.ID)
	putLeased(t, s, "/goes", l.ID)
	putLeased(t, s, "/freed", l.ID)
	put(t, s, "/freed", "")
	s.Delete("/goes", "", store.Origin{})
	st, err := s.TimeToLive(after(20), l.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "status", st, store.LeaseStatus{Lease: store.Lease{ID: l.ID, TTL: 60}, Remaining: 40 * time.Second, Keys: []string{"/a", "/b"}})

	var h heard
	watch(t, s, store.WatchRequest{Key: "/", End: "0"}, h.hear)
	rev, err := s.Revoke(l.ID, store.Origin{Actor: "kubectl"})
	if err != nil || rev != 10 {
		t.Fatalf("revoke: revision %d, %v", rev, err)
	}
	equal(t, "heard", h, heard{"10 delete /a", "10 delete /b"})
	if rev, err := s.Revoke(m.ID, store.Origin{}); err != nil || rev != 11 {
		t.Errorf("revoke of one key: revision %d, %v", rev, err)
	}
	empty, _ := s.Grant(now, 0, 60)
	if rev, err := s.Revoke(empty.ID, store.Origin{}); err != nil || rev != 11 {
		t.Errorf("revoke without keys: revision %d, %v", rev, err)
	}
}

func TestLeaseExpiry(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	if _, ok := s.NextExpiry(); ok {
		t.Error("a store without leases has a next expiry")
	}
	for id, ttl := range []int64{30, 10, 10, 1} { // IDs 1 to 4; 1 s is raised to 2
		if _, err := s.Grant(now, store.LeaseID(id+1), ttl); err != nil {
			t.Fatal(err)
		}
		putLeased(t, s, string(rune('a'+id)), store.LeaseID(id+1))
	}
	if _, err := s.KeepAlive(after(5), 2); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		at   int
		want []store.LeaseID
		next int
	}{{1, nil, 2}, {2, []store.LeaseID{4}, 10}, {9, nil, 10}, {100, []store.LeaseID{3, 2, 1}, 0}} {
		got, err := s.Expire(after(step.at), store.Origin{Actor: "etcd"})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "expired", got, step.want)
		if next, ok := s.NextExpiry(); ok != (step.next > 0) || ok && !next.Equal(after(step.next)) {
			t.Errorf("after %d s: next expiry %v, %v; want %d s", step.at, next, ok, step.next)
		}
	}
	if got, _ := s.Range(store.RangeRequest{Key: "\x00", End: store.FromKey}); got.Count != 0 || s.Revision() != 9 {
		t.Errorf("left: %q at revision %d", show(got.KVs), s.Revision())
	}
}

// A watcher may revoke what is about to expire.
func TestExpireReentrant(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	for id := range store.LeaseID(3) {
		s.Grant(now, id+1, 10)
		putLeased(t, s, string(rune('a'+id)), id+1)
	}
	watch(t, s, store.WatchRequest{Key: "a"}, func(store.WatchResponse) { s.Revoke(2, store.Origin{}) })
	got, err := s.Expire(after(10), store.Origin{})
	if err != nil || len(got) != 2 || got[1] != 3 {
		t.Errorf("expired %v, %v; want 1 and 3", got, err)
	}
}

func TestLeaseRefused(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	if _, err := s.Grant(now, 5, 60); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Grant(now, 3, 60); err != nil {
		t.Fatal(err)
	}
	if l, err := s.Grant(now, 0, 60); err != nil || l.ID != 6 {
		t.Errorf("next free lease: %+v, %v", l, err)
	}
	_, twice := s.Grant(now, 5, 60)
	_, long := s.Grant(now, 7, 9_000_000_001)
	_, revoke := s.Revoke(9, store.Origin{})
	_, alive := s.KeepAlive(now, 9)
	_, ttl := s.TimeToLive(now, 9)
	for _, test := range []struct{ got, want error }{
		{twice, store.ErrLeaseExist}, {long, store.ErrLeaseTTLTooLarge},
		{revoke, store.ErrLeaseNotFound}, {alive, store.ErrLeaseNotFound}, {ttl, store.ErrLeaseNotFound},
	} {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%v, want %v", test.got, test.want)
		}
	}
}
