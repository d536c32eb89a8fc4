package archive

import (
	"errors"

	"github.com/tabernetes/tabernetes/core/store"
)

// ErrNotEmpty is what Restore fails with where there is a cluster already.
var ErrNotEmpty = errors.New("there is a cluster there already")

// Restore fills an empty Log with what another holds, an imported one say, and
// calls done when all of it is safe. It loads both; afterwards the caller
// closes to and opens the place again. Until done is called with nil a crash
// leaves an older state of the cluster there: whoever restores in place of
// something else keeps that until then.
func Restore(to, from store.Log, done func(error)) error {
	if err := to.Load(empty{}); err != nil {
		return err
	}
	f := &filler{to: to, done: done, left: 1}
	if err := from.Load(f); err != nil {
		return err
	}
	f.flush()
	f.answer(nil)
	return nil
}

// empty is a Loader that takes nothing.
type empty struct{}

func (empty) Snapshot(store.Snapshot) error { return ErrNotEmpty }
func (empty) Record(*store.Record) error    { return ErrNotEmpty }

// filler hands on what it loads in batches.
type filler struct {
	to    store.Log
	batch []*store.Record
	size  int
	left  int // calls that were not answered, and one for the end
	err   error
	done  func(error)
}

func (f *filler) Snapshot(snap store.Snapshot) error {
	f.left++
	f.to.Compact(snap, f.answer)
	return nil
}

func (f *filler) Record(r *store.Record) error {
	f.batch = append(f.batch, r)
	for i := range r.Events {
		f.size += len(r.Events[i].KV.Key) + len(r.Events[i].KV.Value)
	}
	if len(f.batch) >= frameRecords || f.size >= frameBytes {
		f.flush()
	}
	return nil
}

func (f *filler) flush() {
	if len(f.batch) == 0 {
		return
	}
	f.left++
	f.to.Append(f.batch, f.answer)
	f.batch, f.size = nil, 0
}

func (f *filler) answer(err error) {
	f.err = errors.Join(f.err, err)
	if f.left--; f.left == 0 {
		f.done(f.err)
	}
}
