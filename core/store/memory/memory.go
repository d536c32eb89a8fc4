// Package memory is a Log in memory: for runs that need no second start, and
// for tests that do. What was appended can be opened again, as by a restarted
// process, by opening a store on the same Log; records stay as they came, without
// encoding them, so it leaves out everything a disk can do to bytes.
package memory

import (
	"slices"

	"github.com/tabernetes/tabernetes/core/store"
)

// Log keeps records in memory. Its zero value is an empty log.
type Log struct {
	snap    *store.Snapshot
	records []*store.Record
}

// New returns an empty log.
func New() *Log { return &Log{} }

// Load implements store.Log.
func (l *Log) Load(into store.Loader) error {
	if l.snap != nil {
		if err := into.Snapshot(*l.snap); err != nil {
			return err
		}
	}
	for _, r := range l.records {
		if err := into.Record(r); err != nil {
			return err
		}
	}
	return nil
}

// Append implements store.Log; it is done at once.
func (l *Log) Append(records []*store.Record, done func(error)) {
	l.records = append(l.records, records...)
	done(nil)
}

// Compact implements store.Log; it is done at once.
func (l *Log) Compact(snap store.Snapshot, done func(error)) {
	l.snap = &snap
	keep := slices.IndexFunc(l.records, func(r *store.Record) bool { return r.Index >= snap.Index })
	if keep < 0 {
		keep = len(l.records)
	}
	l.records = slices.Clone(l.records[keep:])
	if len(l.records) > 0 { // what its events replaced is gone
		first := *l.records[0]
		first.Events = slices.Clone(first.Events)
		for i := range first.Events {
			first.Events[i].Prev = nil
		}
		l.records[0] = &first
	}
	done(nil)
}

// Close implements store.Log. The log can be opened again.
func (l *Log) Close() error { return nil }

// Prefix is a copy of the log that ends after n records, as a crash would
// have left it.
func (l *Log) Prefix(n int) *Log {
	return &Log{snap: l.snap, records: slices.Clone(l.records[:min(n, len(l.records))])}
}
