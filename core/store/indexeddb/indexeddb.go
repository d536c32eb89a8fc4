//go:build js && wasm

package indexeddb

import (
	"errors"
	"fmt"
	"syscall/js"

	"github.com/hack-pad/go-indexeddb/idb"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/frame"
)

// version is the database's. Version 1 had no fences, and its programs take them
// for damage; there is nothing to do to what it holds.
const version = 2

// Object stores and the keys of meta.
const (
	logStore      = "log"      // first index -> records frame, or a fence: a number
	snapshotStore = "snapshot" // chunk number -> snapshot frame
	metaStore     = "meta"
	ownerKey      = "owner"  // how often the database was taken over
	floorKey      = "floor"  // the first index in log that counts
	fencesKey     = "fences" // where in log there are fences, or were before a record took the place
)

// ErrFenced is what a Log's calls fail with once another Log has opened the
// same database, in this tab or another.
var ErrFenced = errors.New("another tab has taken over this cluster")

// Why a database cannot be opened, or cannot be written any more.
var (
	ErrNewer   = errors.New("the database belongs to a newer version of this program: reload the page")
	ErrBlocked = errors.New("a tab with an older version of this program has the database open: close that tab")
	ErrDeleted = fmt.Errorf("%w: the database was deleted in another tab", store.ErrGone)
	ErrCleared = fmt.Errorf("%w: the browser has closed the database, as it does when site data is cleared", store.ErrGone)
)

// Options choose how a database is kept.
type Options struct {
	// Post runs a function on the loop that the store runs on, after what is
	// running there now. Every answer of the Log comes through it.
	Post func(func())

	// Strict has every append wait for the disk, not only for the browser's
	// hand-over to the operating system.
	Strict bool
}

// Log is an open database.
type Log struct {
	opts  Options
	db    *idb.Database
	raw   js.Value // the same, for what idb leaves out
	owner int
	guest bool // there was no space to take the database over, it was only read
	fresh bool // it was taken over, and nothing has been appended since

	start  int64   // index of the first record after what was loaded
	fences []int64 // where owners have begun, the last maxFences of them

	broken   func(error)
	spans    []span
	snapshot int64 // bytes
	buf      []byte
	commit   committer
}

// span is the records of one key, and its bytes.
type span struct{ first, last, size int64 }

// Open opens the database of that name, making it if it is not there. It
// waits, so it must not run inside a callback from JavaScript.
func Open(name string, opts Options) (*Log, error) {
	if opts.Post == nil {
		return nil, errors.New("indexeddb: Options.Post is not set")
	}
	if !js.Global().Get("indexedDB").Truthy() {
		return nil, errors.New("this browser offers no IndexedDB here (private mode may switch it off)")
	}
	db, raw, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("open database %q: %w", name, err)
	}
	l := &Log{opts: opts, db: db, raw: raw}
	l.listen()
	return l, nil
}

// Load implements store.Log. It takes the database over from whoever had it,
// and reads it in the same transaction. It waits, as Open does.
func (l *Log) Load(into store.Loader) error {
	all, err := l.takeOver()
	if err != nil {
		return err
	}
	indexed := &spanner{Loader: into}
	r := frame.NewReader(indexed)
	var buf []byte
	for _, values := range []js.Value{all.snapshot, all.log} {
		for i := range values.Length() {
			v := values.Index(i)
			if v.Type() == js.TypeNumber {
				continue // a fence
			}
			if !v.InstanceOf(uint8Array) {
				return fmt.Errorf("%w: entry %d of the database is not bytes", store.ErrCorrupt, i)
			}
			buf = append(buf[:0], make([]byte, v.Length())...)
			js.CopyBytesToGo(buf, v)
			h, ok := frame.ParseHeader(buf)
			if ok && h.Kind == frame.Records && h.Index < all.floor {
				continue // left by an owner that was told too late
			}
			indexed.last = h.Index - 1
			if err := r.Frame(buf); err != nil {
				return err
			}
			if ok && h.Kind == frame.Records {
				l.spans = append(l.spans, span{h.Index, indexed.last, int64(len(buf))})
			} else {
				l.snapshot += int64(len(buf))
			}
		}
	}
	return r.End()
}

// spanner notes the index of the last record read.
type spanner struct {
	store.Loader
	last int64
}

func (s *spanner) Record(r *store.Record) error {
	s.last = r.Index
	return s.Loader.Record(r)
}

// Append implements store.Log.
func (l *Log) Append(records []*store.Record, done func(error)) {
	l.enqueue(l.append(records, done))
}

// Compact implements store.Log.
func (l *Log) Compact(snap store.Snapshot, done func(error)) {
	l.enqueue(l.compact(snap, done))
}

// Resume implements store.Resumer: a transaction that found no room has left
// nothing behind.
func (l *Log) Resume(done func(error)) {
	l.enqueue(l.resume(done))
}

// Size implements store.Sizer: the bytes of the values, without what the
// browser adds.
func (l *Log) Size() int64 {
	total := l.snapshot
	for _, s := range l.spans {
		total += s.size
	}
	return total
}

// OnBreak implements store.Breaker: the browser says when it closes the database.
func (l *Log) OnBreak(fn func(error)) { l.broken = fn }

// Close implements store.Log: the database is closed after the calls already
// made, later than Close returns.
func (l *Log) Close() error {
	l.commit.closing = true
	l.next()
	return nil
}
