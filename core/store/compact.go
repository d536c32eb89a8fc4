package store

import (
	"fmt"
	"slices"
)

// Compact forgets what only reads below rev can see: older versions of keys,
// older records. Reads and watches from rev on stay good. The log follows with
// the next Flush, behind what is pending; Sync tells when it is safe.
// The error is ErrCompacted if rev is not above the last one or is 0, which
// etcd lets pass once, and ErrFutureRev if it is above the head.
func (s *Store) Compact(rev Revision) error {
	switch {
	case rev <= s.compacted:
		return ErrCompacted
	case rev > s.rev:
		return ErrFutureRev
	}
	if err := s.frees(); err != nil {
		return err
	}
	if kept := s.since(rev); len(kept) > 0 && kept[0].Revision == rev { // revision 1 has no record
		s.compactedIndex = kept[0].Index
	}
	s.compacted = rev
	s.trim(min(rev, s.told))
	var empty []*history
	s.ordered.Ascend(func(h *history) bool {
		switch dropped := h.compact(rev); {
		case len(h.versions) == 0:
			empty = append(empty, h)
		case dropped:
			s.unchain(h)
		}
		return true
	})
	for _, h := range empty {
		s.ordered.Delete(h)
		delete(s.keys, h.key)
	}
	s.commit.compacted++
	return nil
}

// trim drops records below rev. What the first one left replaced is gone.
func (s *Store) trim(rev Revision) {
	kept := slices.Clone(s.since(rev))
	if len(kept) > 0 {
		first := *kept[0]
		first.Events = slices.Clone(first.Events)
		for i := range first.Events {
			first.Events[i].Prev = nil
		}
		kept[0] = &first
	}
	s.records = kept
}

// snapshot is the state at the compaction revision, with the leases of now:
// replaying the records after it grants and revokes what it already knows to
// the same end.
func (s *Store) snapshot() Snapshot {
	snap := Snapshot{Index: s.compactedIndex, Revision: s.compacted, Leases: s.Leases()}
	s.ordered.Ascend(func(h *history) bool {
		if kv := h.at(s.compacted); kv != nil {
			snap.KVs = append(snap.KVs, *kv)
		}
		return true
	})
	return snap
}

// loader replays a log into an empty store, and trusts nothing about it.
type loader struct {
	s    *Store
	snap bool // a snapshot was read
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Snapshot takes in a chunk; all chunks of a snapshot carry the same header.
func (l *loader) Snapshot(c Snapshot) error {
	s := l.s
	switch {
	case l.snap && (c.Revision != s.compacted || c.Index != s.compactedIndex):
		return corrupt("snapshot of revision %d goes on as one of revision %d", s.compacted, c.Revision)
	case c.Revision < 1 || c.Index < 0 || len(s.records) > 0 || !l.snap && s.index > 0:
		return corrupt("misplaced snapshot of revision %d", c.Revision)
	}
	l.snap = true
	s.rev, s.compacted, s.index, s.compactedIndex = c.Revision, c.Revision, c.Index, c.Index
	for _, le := range c.Leases {
		s.keep(&lease{Lease: le, keys: map[string]struct{}{}})
	}
	for i := range c.KVs {
		kv := &c.KVs[i]
		if kv.Key == "" || kv.Version < 1 || kv.ModRevision > c.Revision || s.keys[kv.Key] != nil {
			return corrupt("snapshot of revision %d: key %q", c.Revision, kv.Key)
		}
		s.attach(kv.Lease, kv.Key)
		s.push(nil, kv)
	}
	return nil
}

// Record replays one record. Of its events only key, value, lease and Delete
// are read; the rest follows from the records before.
func (l *loader) Record(in *Record) error {
	s := l.s
	if l.snap && in.Index <= s.compactedIndex {
		if in.Index == s.compactedIndex && in.Revision == s.compacted && len(s.records) == 0 {
			s.records = append(s.records, l.trace(in))
		}
		return nil
	}
	want := s.rev
	if len(in.Events) > 0 {
		want++
	}
	if in.Index != s.index+1 || in.Revision != want {
		return corrupt("log record %d of revision %d follows record %d of revision %d", in.Index, in.Revision, s.index, s.rev)
	}
	r := &Record{Index: in.Index, Revision: in.Revision, Origin: in.Origin, Leases: in.Leases, Events: make([]Event, len(in.Events))}
	for i := range in.Events {
		e := &r.Events[i]
		e.Delete = in.Events[i].Delete
		e.KV = KeyValue{Key: in.Events[i].KV.Key, Value: in.Events[i].KV.Value, Lease: in.Events[i].KV.Lease}
		h := s.keys[e.KV.Key]
		e.Prev = h.current()
		if e.KV.Key == "" || e.Delete && e.Prev == nil {
			return corrupt("log record %d of revision %d: key %q", in.Index, in.Revision, e.KV.Key)
		}
		s.apply(h, e, r.Revision)
	}
	for _, c := range in.Leases {
		l.lease(c)
	}
	s.index, s.rev = r.Index, r.Revision
	if len(r.Events) > 0 {
		s.records = append(s.records, r)
	}
	return nil
}

// trace completes the record at the compaction revision, whose effects the
// snapshot holds already.
func (l *loader) trace(in *Record) *Record {
	r := *in
	r.Events = slices.Clone(in.Events)
	for i := range r.Events {
		e := &r.Events[i]
		e.Prev = nil
		if kv := l.s.keys[e.KV.Key].current(); kv != nil && !e.Delete {
			e.KV = *kv
		} else {
			e.KV = KeyValue{Key: e.KV.Key, ModRevision: in.Revision}
		}
	}
	return &r
}

func (l *loader) lease(c LeaseChange) {
	if c.Revoked {
		delete(l.s.leases, c.ID)
	} else {
		l.s.keep(&lease{Lease: c.Lease, keys: map[string]struct{}{}})
	}
}
