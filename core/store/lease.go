package store

import (
	"cmp"
	"slices"
	"time"
)

const (
	minLeaseTTL = 2             // seconds; what etcd raises shorter ones to with its default election timeout
	maxLeaseTTL = 9_000_000_000 // seconds
)

// lease is a granted lease. A zero expiry means that it was loaded and no time
// has been heard since: it starts anew, as etcd's do with a new leader.
type lease struct {
	Lease
	expiry time.Time
	keys   map[string]struct{}
}

// LeaseStatus is what TimeToLive answers.
type LeaseStatus struct {
	Lease
	Remaining time.Duration
	Keys      []string // attached, in order
}

// Grant makes a lease of ttl seconds from now on. An id of 0 asks for a free
// one. The time is the caller's: the store has no clock.
func (s *Store) Grant(now time.Time, id LeaseID, ttl int64) (Lease, error) {
	switch {
	case s.Err() != nil:
		return Lease{}, s.Err()
	case ttl > maxLeaseTTL:
		return Lease{}, ErrLeaseTTLTooLarge
	case s.leases[id] != nil:
		return Lease{}, ErrLeaseExist
	}
	if id == 0 {
		id = s.lastID + 1
	}
	l := &lease{Lease: Lease{ID: id, TTL: max(ttl, minLeaseTTL)}, keys: map[string]struct{}{}}
	l.renew(now)
	s.keep(l)
	s.write(&Record{Leases: []LeaseChange{{Lease: l.Lease}}})
	return l.Lease, nil
}

func (s *Store) keep(l *lease) {
	s.leases[l.ID] = l
	s.lastID = max(s.lastID, l.ID)
}

func (l *lease) renew(now time.Time) { l.expiry = now.Add(time.Duration(l.TTL) * time.Second) }

// KeepAlive starts the lease's time anew.
func (s *Store) KeepAlive(now time.Time, id LeaseID) (Lease, error) {
	l := s.leases[id]
	if l == nil {
		return Lease{}, ErrLeaseNotFound
	}
	l.renew(now)
	return l.Lease, nil
}

// TimeToLive tells how long the lease still has and what hangs on it.
func (s *Store) TimeToLive(now time.Time, id LeaseID) (LeaseStatus, error) {
	l := s.leases[id]
	if l == nil {
		return LeaseStatus{}, ErrLeaseNotFound
	}
	st := LeaseStatus{Lease: l.Lease, Remaining: time.Duration(l.TTL) * time.Second, Keys: l.sortedKeys()}
	if !l.expiry.IsZero() {
		st.Remaining = max(0, l.expiry.Sub(now))
	}
	return st, nil
}

func (l *lease) sortedKeys() []string {
	keys := make([]string, 0, len(l.keys))
	for k := range l.keys {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Leases lists all leases by ID.
func (s *Store) Leases() []Lease {
	out := make([]Lease, 0, len(s.leases))
	for _, l := range s.leases {
		out = append(out, l.Lease)
	}
	slices.SortFunc(out, func(a, b Lease) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Revoke ends a lease and deletes its keys, all as one revision.
func (s *Store) Revoke(id LeaseID, origin Origin) (Revision, error) {
	l := s.leases[id]
	switch {
	case l == nil:
		return 0, ErrLeaseNotFound
	case s.frees() != nil:
		return 0, s.frees()
	}
	keys := l.sortedKeys()
	w := writer{s: s, rev: s.rev, record: &Record{Origin: origin, Events: make([]Event, 0, len(keys)), Leases: []LeaseChange{{Lease: l.Lease, Revoked: true}}}}
	for _, k := range keys {
		w.remove(s.keys[k].current())
	}
	delete(s.leases, id)
	s.write(w.record)
	return s.rev, nil
}

// Expire revokes the leases whose time is up at now, the longest overdue
// first, each as its own revision. Leases that were loaded start their time at
// the first call.
func (s *Store) Expire(now time.Time, origin Origin) ([]LeaseID, error) {
	var due []*lease
	for _, l := range s.leases {
		if l.expiry.IsZero() {
			l.renew(now)
		}
		if !l.expiry.After(now) {
			due = append(due, l)
		}
	}
	slices.SortFunc(due, func(a, b *lease) int {
		return cmp.Or(a.expiry.Compare(b.expiry), cmp.Compare(a.ID, b.ID))
	})
	var out []LeaseID
	for _, l := range due {
		if s.leases[l.ID] != l {
			continue // a watcher of an earlier one revoked it
		}
		if _, err := s.Revoke(l.ID, origin); err != nil {
			return out, err
		}
		out = append(out, l.ID)
	}
	return out, nil
}

// NextExpiry is when Expire will next have something to do; false if no lease
// is running.
func (s *Store) NextExpiry() (time.Time, bool) {
	var next time.Time
	for _, l := range s.leases {
		if !l.expiry.IsZero() && (next.IsZero() || l.expiry.Before(next)) {
			next = l.expiry
		}
	}
	return next, !next.IsZero()
}

func (s *Store) attach(id LeaseID, key string) {
	if l := s.leases[id]; l != nil {
		l.keys[key] = struct{}{}
	}
}

func (s *Store) detach(id LeaseID, key string) {
	if l := s.leases[id]; l != nil {
		delete(l.keys, key)
	}
}
