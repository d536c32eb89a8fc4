package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// When the disk or the quota is full the store raises etcd's alarm
// (server/etcdserver/apply, applierV3Capped). What is in memory stays, and what
// the log refused is kept to be tried again:
//
//	refused                                      goes on
//	Txn with a put in either branch, Grant       reads, watches, Txn that only deletes, Revoke, Compact
//
// What goes on is in memory only: whoever waits for it to be safe is told that
// it is not. The way out is to make room, outside or with Compact, which turns
// the log into a snapshot, and then Disarm. After any other failure of the log
// nothing is written any more: the cluster is exported, or opened again as the
// log has it.

// Resumer is a Log that can go on after a call failed with ErrNoSpace.
type Resumer interface {
	// Resume has the log take calls again, behind the last one that did not
	// fail. It fails if the log has failed otherwise.
	Resume(done func(error))
}

// Breaker is a Log that can find out by itself that it has failed.
type Breaker interface {
	// OnBreak has fn called then, on the loop that the store runs on.
	OnBreak(fn func(error))
}

// broken takes note of a log that failed while nothing was written, or before
// what was has been answered.
func (s *Store) broken(err error) {
	if s.commit.err == nil {
		s.fail(err)
		s.tell()
	}
}

// fail raises the alarm: no write is taken any more, reads go on.
func (s *Store) fail(err error) {
	if errors.Is(err, ErrNoSpace) {
		s.commit.err = err
	} else {
		s.commit.err = fmt.Errorf("%w: %w", ErrStopped, err)
	}
}

// Err is why the store takes no writes, nil if it does. It wraps ErrNoSpace
// where the disk or the quota is full, else ErrStopped.
func (s *Store) Err() error {
	if s.commit.closed && (s.commit.err == nil || errors.Is(s.commit.err, ErrNoSpace)) {
		return ErrStopped
	}
	return s.commit.err
}

// frees is Err for what makes room: the space alarm lets it through.
func (s *Store) frees() error {
	if err := s.Err(); !errors.Is(err, ErrNoSpace) {
		return err
	}
	return nil
}

// Disarm lifts the space alarm and hands the log again what it had refused: a
// compaction first, as it makes room, then the writes. done is called with nil
// once all is safe, else with Err: there is still no space, or the log has
// failed for another reason and cannot go on.
func (s *Store) Disarm(done func(error)) {
	c := &s.commit
	log, ok := s.log.(Resumer)
	switch {
	case c.err == nil:
		s.Sync(done)
		s.Flush()
		return
	case !ok || c.inflight > 0 || !errors.Is(s.Err(), ErrNoSpace):
		done(s.Err())
		return
	}
	c.inflight++
	log.Resume(func(err error) {
		c.inflight--
		if err != nil {
			s.fail(err)
			done(s.Err())
			return
		}
		c.err = nil
		if c.compacting < c.compacted {
			s.compactAhead()
		}
		s.Sync(done)
		s.Flush()
	})
}

// compactAhead hands over the snapshot before what is pending, which may not
// fit without the room that it makes. Writes that the snapshot covers then
// need not be written at all.
func (s *Store) compactAhead() {
	c := &s.commit
	c.compacting = c.compacted
	n, snap := c.compacting, s.snapshot()
	snap.Leases = s.leasesAt(max(snap.Index, c.durableIndex))
	c.inflight++
	s.log.Compact(snap, func(err error) {
		s.answered(err, func() {
			c.compactedLog = n
			c.durable, c.durableIndex = max(c.durable, snap.Revision), max(c.durableIndex, snap.Index)
			c.pending = slices.DeleteFunc(c.pending, func(r *Record) bool { return r.Index < snap.Index })
		})
	})
}

// leasesAt is the leases as a record left them that is safe or still pending.
func (s *Store) leasesAt(index int64) []Lease {
	at := map[LeaseID]Lease{}
	for id, l := range s.leases {
		at[id] = l.Lease
	}
	for _, r := range slices.Backward(s.commit.pending) {
		if r.Index <= index {
			break
		}
		for _, l := range slices.Backward(r.Leases) {
			if l.Revoked {
				at[l.ID] = l.Lease
			} else {
				delete(at, l.ID)
			}
		}
	}
	out := make([]Lease, 0, len(at))
	for _, l := range at {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Lease) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
