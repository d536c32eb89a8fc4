package store

import (
	"cmp"
	"slices"
)

// Dump gives into what a log of just this store would load, safe or not yet:
// the snapshot at the compaction revision, then the records, all revisions
// that can be read. It is how a cluster leaves for another Log. The leases of
// now are granted from the start, and changes of leases left out, which comes
// to the same, as what a revoked lease took with it are events; records are
// numbered anew.
func (s *Store) Dump(into Loader) error { return s.DumpAt(into, s.rev) }

// DumpAt is Dump of the store as it was at a revision, with the history up to
// there: nothing of what came later is in it. The leases are those of now and
// those that have ended since with keys of their own; where a key's lease ended
// with none left, the key stays for good. The error is ErrCompacted or
// ErrFutureRev where that revision cannot be read.
func (s *Store) DumpAt(into Loader, rev Revision) error {
	if err := s.readable(rev); err != nil {
		return err
	}
	index, leases := s.compactedIndex, s.leasesHeld(rev)
	switch {
	case s.compacted > 0:
		snap := s.snapshot()
		snap.Leases = leases
		if len(s.records) == 0 || s.records[0].Revision > s.compacted {
			index++ // the record that made the revision is not kept
		}
		if err := into.Snapshot(snap); err != nil {
			return err
		}
	default:
		index = 1
		if len(leases) > 0 {
			granted := &Record{Index: 1, Revision: 1}
			for _, l := range leases {
				granted.Leases = append(granted.Leases, LeaseChange{Lease: l})
			}
			if err := into.Record(granted); err != nil {
				return err
			}
			index++
		}
	}
	for i, r := range s.records {
		if r.Revision > rev {
			break
		}
		numbered := *r
		numbered.Index = index + int64(i)
		numbered.Leases = nil
		if err := into.Record(&numbered); err != nil {
			return err
		}
	}
	return nil
}

// leasesHeld are the leases of now and those that records after rev revoked.
func (s *Store) leasesHeld(rev Revision) []Lease {
	out := s.Leases()
	for _, r := range s.since(rev + 1) {
		for _, c := range r.Leases {
			if c.Revoked {
				out = append(out, c.Lease)
			}
		}
	}
	slices.SortFunc(out, func(a, b Lease) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b Lease) bool { return a.ID == b.ID })
}
