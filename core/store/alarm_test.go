package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// small is a memory log with room for so many records and keys, that is full
// after that as a disk is.
type small struct {
	*memory.Log
	room, records, keys int
	appended            []int64 // indexes
	err                 error
}

var errQuota = fmt.Errorf("%w: QuotaExceededError", store.ErrNoSpace)

func (l *small) Append(records []*store.Record, done func(error)) {
	if l.err == nil && l.records+l.keys+len(records) > l.room {
		l.err = errQuota
	}
	if l.err == nil {
		l.records += len(records)
		for _, r := range records {
			l.appended = append(l.appended, r.Index)
		}
		l.Log.Append(records, func(error) {})
	}
	done(l.err)
}

func (l *small) Compact(snap store.Snapshot, done func(error)) {
	left := 0
	for _, i := range l.appended {
		if i >= snap.Index {
			left++
		}
	}
	if l.err == nil && left+len(snap.KVs) > l.room {
		l.err = errQuota
	}
	if l.err == nil {
		l.appended, l.records, l.keys = l.appended[len(l.appended)-left:], left, len(snap.KVs)
		l.Log.Compact(snap, func(error) {})
	}
	done(l.err)
}

func (l *small) Resume(done func(error)) {
	if errors.Is(l.err, store.ErrNoSpace) {
		l.err = nil
	}
	done(l.err)
}

// outcome is what Disarm or Sync came to.
func outcome(t *testing.T, call func(func(error))) error {
	t.Helper()
	var got []error
	call(func(err error) { got = append(got, err) })
	if len(got) != 1 {
		t.Fatalf("answered %d times", len(got))
	}
	return got[0]
}

// filled has ten revisions of one key, the last five of which found no room.
func filled(t *testing.T) (*small, *store.Store) {
	t.Helper()
	l := &small{Log: memory.New(), room: 5}
	s := open(t, l, store.Options{BatchRecords: 1})
	for i := range 10 {
		put(t, s, "/k", fmt.Sprint(i))
	}
	s.Flush()
	if !errors.Is(s.Err(), store.ErrNoSpace) || s.Durable() != 6 {
		t.Fatalf("err %v, durable %d", s.Err(), s.Durable())
	}
	return l, s
}

// The alarm refuses what takes room, in etcd's words, and lets through what
// makes some; nothing is said to be safe that is not.
func TestAlarm(t *testing.T) {
	l, s := filled(t)
	const words = "etcdserver: mvcc: database space exceeded: QuotaExceededError"
	_, put1 := s.Put("/x", nil, store.Origin{})
	_, grant := s.Grant(now, 0, 60)
	_, branch := s.Txn(store.Txn{Then: []store.Op{{Type: store.OpDelete, Key: "/k"}}, Else: []store.Op{{Type: store.OpPut, Key: "/x"}}})
	for _, err := range []error{put1, grant, branch} {
		if err == nil || err.Error() != words {
			t.Errorf("%v, want %s", err, words)
		}
	}
	if kv, _ := s.Get("/k"); string(kv.Value) != "9" {
		t.Errorf("read %q: what was written is gone", kv.Value)
	}
	rev, n, err := s.Delete("/k", "", store.Origin{})
	if err != nil || n != 1 || rev != 12 {
		t.Errorf("delete: revision %d, %d keys, %v", rev, n, err)
	}
	if err := outcome(t, s.Sync); err == nil || err.Error() != words {
		t.Errorf("the delete is reported safe: %v", err)
	}
	if err := outcome(t, func(fn func(error)) { s.OnDurable(6, fn) }); err != nil {
		t.Errorf("what was safe is not any more: %v", err)
	}
	if kv, _ := open(t, l, store.Options{}).Get("/k"); string(kv.Value) != "4" {
		t.Errorf("the log holds %q", kv.Value)
	}
}

// Room made outside: everything that was refused is written after all.
func TestDisarm(t *testing.T) {
	l, s := filled(t)
	if err := outcome(t, s.Disarm); !errors.Is(err, store.ErrNoSpace) || !errors.Is(s.Err(), store.ErrNoSpace) {
		t.Fatalf("disarmed on a full disk: %v", err)
	}
	l.room = 100
	if err := outcome(t, s.Disarm); err != nil || s.Err() != nil || s.Durable() != 11 {
		t.Fatalf("disarm: %v, durable %d", err, s.Durable())
	}
	put(t, s, "/k", "more")
	s.Flush()
	if err := outcome(t, s.Disarm); err != nil {
		t.Errorf("disarm without an alarm: %v", err)
	}
	again := open(t, l, store.Options{})
	if kv, _ := again.Get("/k"); string(kv.Value) != "more" || again.Revision() != 12 || kv.Version != 11 {
		t.Errorf("reopened at %d: %+v", again.Revision(), kv)
	}
}

// Room made by compaction: the snapshot goes first, and what it covers is
// never written.
func TestCompactAndDisarm(t *testing.T) {
	for _, rev := range []store.Revision{4, 6, 7, 9, 11, 12} {
		l, s := filled(t)
		s.Delete("/nothing", "", store.Origin{})
		if _, _, err := s.Delete("/k", "", store.Origin{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Compact(rev); err != nil {
			t.Fatal(err)
		}
		err := outcome(t, s.Disarm)
		if fits := rev > 8; fits != (err == nil) || fits != (s.Err() == nil) {
			t.Errorf("compacted at %d: %v", rev, err)
		}
		again := open(t, l, store.Options{})
		if err == nil && (again.Revision() != 12 || s.Durable() != 12 || again.CompactRevision() != rev) {
			t.Errorf("compacted at %d: reopened at %d, compacted at %d, durable %d", rev, again.Revision(), again.CompactRevision(), s.Durable())
		}
		if again.Revision() < s.Durable() {
			t.Errorf("compacted at %d: durable %d, reopened at %d", rev, s.Durable(), again.Revision())
		}
	}
}

// stopped is a log that fails otherwise.
func TestDisarmOfAnotherFailure(t *testing.T) {
	l := &small{Log: memory.New(), room: 5, err: errors.New("the disk is on fire")}
	s := open(t, l, store.Options{})
	put(t, s, "/k", "1")
	s.Flush()
	if err := outcome(t, s.Disarm); !errors.Is(err, store.ErrStopped) {
		t.Errorf("disarmed: %v", err)
	}
	_, s = filled(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := outcome(t, s.Disarm); !errors.Is(err, store.ErrStopped) {
		t.Errorf("disarmed after Close: %v", err)
	}
}

// Over and over a small disk fills up, with leases in play, room is made one
// way or the other, and every reopening is a prefix that holds what was safe.
func TestAlarmsAtRandom(t *testing.T) {
	alarms := 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 0))
		l := &small{Log: memory.New(), room: 20 + rng.IntN(20)}
		s := open(t, l, store.Options{BatchRecords: 1 + rng.IntN(4)})
		var states []string // by revision
		note := func() {
			got, _ := s.Range(store.RangeRequest{Key: "\x00", End: store.FromKey})
			for store.Revision(len(states)) <= s.Revision() {
				states = append(states, show(got.KVs))
			}
		}
		note()
		for i := range 400 {
			switch key := fmt.Sprintf("/k/%d", rng.IntN(9)); rng.IntN(12) {
			case 0:
				_, _ = s.Grant(now, store.LeaseID(1+rng.IntN(3)), 60) // refused under the alarm
			case 1:
				_, _ = s.Revoke(store.LeaseID(1+rng.IntN(3)), store.Origin{}) // or there is none
			case 2:
				_, _, _ = s.Delete(key, "", store.Origin{})
			default:
				op := store.Op{Type: store.OpPut, Key: key, Value: fmt.Appendf(nil, "%d", i), Lease: store.LeaseID(rng.IntN(2))}
				_, _ = s.Txn(store.Txn{Then: []store.Op{op}}) // refused without that lease, and under the alarm
			}
			note()
			if rng.IntN(5) == 0 {
				s.Flush()
			}
			if s.Err() == nil || rng.IntN(8) > 0 {
				continue
			}
			alarms++
			if err := s.Compact(s.Revision() - store.Revision(rng.IntN(6))); err != nil && !errors.Is(err, store.ErrCompacted) {
				t.Fatal(err)
			}
			err := outcome(t, s.Disarm)
			again := open(t, l, store.Options{})
			got, _ := again.Range(store.RangeRequest{Key: "\x00", End: store.FromKey})
			if again.Revision() < s.Durable() || err == nil && again.Revision() != s.Revision() || show(got.KVs) != states[again.Revision()] {
				t.Fatalf("seed %d: disarm %v; durable %d of %d, reopened at %d with %q, want %q", seed, err, s.Durable(), s.Revision(), again.Revision(), show(got.KVs), states[again.Revision()])
			}
			if err == nil {
				equal(t, fmt.Sprintf("seed %d: leases", seed), again.Leases(), s.Leases())
				for _, lease := range again.Leases() {
					a, _ := again.TimeToLive(now, lease.ID)
					b, _ := s.TimeToLive(now, lease.ID)
					equal(t, fmt.Sprintf("seed %d: keys of lease %d", seed, lease.ID), a.Keys, b.Keys)
				}
			} else {
				l.room += 5
			}
		}
	}
	if alarms < 100 {
		t.Errorf("only %d alarms", alarms)
	}
}
