package store

// Revision counts the writes of a store; every Txn that changes a key makes
// the next one.
type Revision = int64

// LeaseID names a lease; 0 is none.
type LeaseID int64

// KeyValue is one key as one revision left it. Values are shared with the
// store and must not be changed by whoever holds one.
type KeyValue struct {
	Key            string
	Value          []byte
	CreateRevision Revision // the write that brought the key into being
	ModRevision    Revision // the write that made this value
	Version        int64    // writes since it came into being, from 1; 0 for a deleted key
	Lease          LeaseID
}

// Event is one change of one key. For a delete KV holds only the key and the
// revision that removed it. Prev is the key before, nil if it did not exist
// or if that revision has been compacted.
type Event struct {
	Delete bool
	KV     KeyValue
	Prev   *KeyValue
}

// Record is one entry of the log: a revision with all its changes, or, where
// Events is empty, only a change of leases.
type Record struct {
	Index    int64    // place in the log, from 1 without gaps
	Revision Revision // the store's revision with this record
	Origin   Origin
	Events   []Event
	Leases   []LeaseChange
}

// Lease is a time to live that keys can be attached to.
type Lease struct {
	ID  LeaseID
	TTL int64 // seconds of virtual time
}

// LeaseChange is a lease granted or revoked.
type LeaseChange struct {
	Lease
	Revoked bool
}

// Snapshot is a store at its compaction revision, or a chunk of one.
type Snapshot struct {
	Index    int64    // of the record that made Revision
	Revision Revision // the state that KVs describe
	Leases   []Lease  // as they were when the snapshot was made
	KVs      []KeyValue
}

// Log keeps what a store hands it. Calls take effect in the order they are
// made and each one wholly or not at all; once one has failed every later one
// must fail too, so that what a Log holds is always a prefix of what it was
// given. Resumer, Sizer and Breaker are further powers that a Log may have.
type Log interface {
	// Load reads the log into l: the snapshot in one or more chunks, if there
	// is one, then the records after it in order. It is called once, first.
	Load(l Loader) error

	// Append writes the records, and calls done when they are safe. It does
	// not wait: done is called before Append returns or later, on the loop
	// that the store runs on. Neither records nor what they hold may be
	// changed, and the slice is the Log's to keep.
	Append(records []*Record, done func(error))

	// Compact replaces the records before the snapshot by the snapshot.
	// Records from snap.Index on stay: the one at snap.Index is still read as
	// trace.
	Compact(snap Snapshot, done func(error))

	// Close ends the log after the calls already made.
	Close() error
}

// Loader takes in a log as it is read. An error ends the load.
type Loader interface {
	Snapshot(chunk Snapshot) error
	Record(r *Record) error
}
