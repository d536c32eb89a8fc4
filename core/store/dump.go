package store

// Dump gives into what a log of just this store would load, safe or not yet:
// the snapshot at the compaction revision, then the records, all revisions
// that can be read. It is how a cluster leaves for another Log. The leases of
// now are granted from the start, and changes of leases left out, which comes
// to the same, as what a revoked lease took with it are events; records are
// numbered anew.
func (s *Store) Dump(into Loader) error {
	index := s.compactedIndex
	switch {
	case s.compacted > 0:
		snap := s.snapshot()
		if len(s.records) == 0 || s.records[0].Revision > s.compacted {
			index++ // the record that made the revision is not kept
		}
		if err := into.Snapshot(snap); err != nil {
			return err
		}
	default:
		index = 1
		if leases := s.Leases(); len(leases) > 0 {
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
		numbered := *r
		numbered.Index = index + int64(i)
		numbered.Leases = nil
		if err := into.Record(&numbered); err != nil {
			return err
		}
	}
	return nil
}
