package store

import (
	"fmt"
	"time"

	"github.com/google/btree"
)

// Options bounds a store. The zero value means etcd's own limits.
type Options struct {
	MaxRequestBytes int // largest key and value bytes of one Txn; 0 means 1.5 MiB, etcd's --max-request-bytes
	MaxTxnOps       int // most compares, or operations a branch, in one Txn; 0 means 128, etcd's --max-txn-ops
	BatchRecords    int // most records a batch handed to the Log; 0 means 500
	BatchBytes      int // a batch is closed once its keys and values reach this; 0 means 1 MiB
}

func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.MaxRequestBytes, 3<<19)
	def(&o.MaxTxnOps, 128)
	def(&o.BatchRecords, 500)
	def(&o.BatchBytes, 1<<20)
	return o
}

// Store is the engine's etcd. It is not safe for concurrent use: everything
// runs on the loop of whoever steps the world.
type Store struct {
	opts Options
	log  Log

	rev     Revision // of the last write; 1 when nothing was ever written
	index   int64    // of the last record, lease-only ones included
	keys    map[string]*history
	ordered *btree.BTreeG[*history]
	records []*Record // those with a revision of their own, from the one compacted at on

	compacted      Revision // 0 until the first Compact
	compactedIndex int64    // of the record that made it

	leases map[LeaseID]*lease
	lastID LeaseID

	watchers  []*Watcher // in order of creation; Cancel makes a new slice
	told      Revision   // every watcher has been told of revisions up to here
	notifying bool

	commit committer
}

// Open reads the log and returns the store as its last whole record left it.
// A log that is damaged, or that does not continue without a gap, is refused
// with an error that wraps ErrCorrupt and names the record.
func Open(log Log, opts Options) (*Store, error) {
	s := &Store{
		opts:    opts.withDefaults(),
		log:     log,
		rev:     1,
		keys:    map[string]*history{},
		ordered: btree.NewG(32, func(a, b *history) bool { return a.key < b.key }),
		leases:  map[LeaseID]*lease{},
	}
	l := &loader{s: s}
	if err := log.Load(l); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s.told = s.rev
	s.commit.durable, s.commit.durableIndex = s.rev, s.index
	if b, ok := log.(Breaker); ok {
		b.OnBreak(s.broken)
	}
	return s, nil
}

// Close hands over what is still pending and closes the log. The log closes
// after the work it was given, which may be later than Close returns.
func (s *Store) Close() error {
	for s.commit.err == nil && len(s.commit.pending) > 0 {
		s.appendBatch()
	}
	s.commit.closed = true
	return s.log.Close()
}

// Revision is the revision of the last write, durable or not. An empty store
// is at revision 1.
func (s *Store) Revision() Revision { return s.rev }

// CompactRevision is the oldest revision that can still be read, or 0 if the
// store was never compacted.
func (s *Store) CompactRevision() Revision { return s.compacted }

// Record returns the write that made rev: ErrCompacted below the compaction
// revision, ErrFutureRev above the head. Revision 1 is the empty store and
// has no record.
func (s *Store) Record(rev Revision) (Record, error) {
	switch {
	case rev > s.rev:
		return Record{}, ErrFutureRev
	case len(s.records) == 0 || rev < max(s.compacted, s.records[0].Revision):
		return Record{}, ErrCompacted
	}
	return *s.records[rev-s.records[0].Revision], nil
}

// Records returns up to limit writes (all if limit is 0) from revision from
// on, oldest first. A from of 0 means the oldest retained one.
func (s *Store) Records(from Revision, limit int) ([]Record, error) {
	if from > s.rev+1 {
		return nil, ErrFutureRev
	}
	if from != 0 && from < s.compacted {
		return nil, ErrCompacted
	}
	tail := s.since(from)
	if limit > 0 && len(tail) > limit {
		tail = tail[:limit]
	}
	out := make([]Record, len(tail))
	for i, r := range tail {
		out[i] = *r
	}
	return out, nil
}

// since is the retained records from rev on.
func (s *Store) since(rev Revision) []*Record {
	if len(s.records) == 0 {
		return nil
	}
	i := max(0, int(rev-s.records[0].Revision))
	return s.records[min(i, len(s.records)):]
}

// Put writes one key and returns the new revision.
func (s *Store) Put(key string, value []byte, origin Origin) (Revision, error) {
	r, err := s.Txn(Txn{Then: []Op{{Type: OpPut, Key: key, Value: value}}, Origin: origin})
	return r.Revision, err
}

// Delete removes the keys of a range (an empty end means key alone) and
// returns the revision and how many keys went. Removing nothing makes no
// revision.
func (s *Store) Delete(key, end string, origin Origin) (Revision, int, error) {
	r, err := s.Txn(Txn{Then: []Op{{Type: OpDelete, Key: key, End: end}}, Origin: origin})
	if err != nil {
		return 0, 0, err
	}
	return r.Revision, r.Responses[0].Count, nil
}

// Get reads one key at the head.
func (s *Store) Get(key string) (KeyValue, bool) {
	if h := s.keys[key]; h != nil {
		if kv := h.head(); kv != nil {
			return *kv, true
		}
	}
	return KeyValue{}, false
}

// Origin says who wrote a revision and why. It is stored with the record, so
// that the log is the trace. The store itself reads none of it.
type Origin struct {
	Time   time.Time  // virtual
	Actor  string     // "kubectl", "deployment-controller", "kubelet/node-1", ...
	Causes []Revision // the revisions whose delivery woke the actor

	Verb, Group, Resource, Subresource, Namespace, Name string

	Method, Path string // the request line
	Code         int    // of the answer
	Note         string
}
