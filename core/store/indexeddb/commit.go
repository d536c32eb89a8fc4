//go:build js && wasm

package indexeddb

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"

	"github.com/hack-pad/go-indexeddb/idb"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/frame"
)

var uint8Array = js.Global().Get("Uint8Array")

// job is one call for the committer.
type job struct {
	run    func() error
	done   func(error)
	last   bool
	resume bool // after it, go on where space had run out
}

// enqueue gives the committer a job, in order, without waiting.
func (l *Log) enqueue(j job) {
	l.mu.Lock()
	l.queue = append(l.queue, j)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// commitAll is the committer.
func (l *Log) commitAll() {
	for range l.wake {
		for {
			l.mu.Lock()
			if len(l.queue) == 0 {
				l.mu.Unlock()
				break
			}
			j := l.queue[0]
			l.queue = l.queue[1:]
			l.mu.Unlock()
			if j.resume && errors.Is(l.err, store.ErrNoSpace) {
				l.err = nil
			}
			if l.err == nil || j.last {
				l.err = errors.Join(l.err, j.run())
			}
			err := l.err
			l.opts.Post(func() { j.done(err) })
			if j.last {
				return
			}
		}
	}
}

// write runs fn's requests as one transaction, if this Log still owns the
// database, and waits for its end.
func (l *Log) write(d idb.TransactionDurability, fn func(*idb.Transaction) error) error {
	tx, err := l.db.TransactionWithOptions(idb.TransactionOptions{Mode: idb.TransactionReadWrite, Durability: d},
		metaStore, logStore, snapshotStore)
	if err != nil {
		return explain(err)
	}
	fenced := false
	err = l.checkOwner(tx, &fenced)
	if err == nil {
		err = fn(tx)
	}
	if err != nil {
		return explain(errors.Join(err, tx.Abort()))
	}
	err = tx.Await(context.Background())
	if fenced {
		return ErrFenced
	}
	return explain(err)
}

// checkOwner asks for the owner, and ends the transaction when the answer
// comes: this runs inside the transaction, after all requests were made.
// Aborting leaves no error behind, hence fenced.
func (l *Log) checkOwner(tx *idb.Transaction, fenced *bool) error {
	meta, err := tx.ObjectStore(metaStore)
	if err != nil {
		return err
	}
	req, err := meta.Get(js.ValueOf(ownerKey))
	if err != nil {
		return err
	}
	return req.ListenSuccess(context.Background(), func() {
		v, err := req.Result()
		if err != nil || v.Type() != js.TypeNumber || v.Int() != l.owner {
			*fenced = true
			tx.Abort()
			return
		}
		tx.Commit()
	})
}

func (l *Log) append(records []*store.Record) error {
	first, last := records[0].Index, records[len(records)-1].Index
	bytes := frame.AppendRecords(nil, records)
	value := toJS(bytes)
	d := idb.DurabilityRelaxed
	if l.opts.Strict {
		d = idb.DurabilityStrict
	}
	err := l.write(d, func(tx *idb.Transaction) error {
		return add(tx, logStore, int(first), value)
	})
	if err == nil {
		l.mu.Lock()
		l.spans = append(l.spans, span{first, last, int64(len(bytes))})
		l.mu.Unlock()
	}
	return err
}

// compact replaces what lies before the snapshot. The key that holds the
// snapshot's own record stays whole: loading skips what comes before.
func (l *Log) compact(snap store.Snapshot) error {
	keep := len(l.spans)
	for i, s := range l.spans {
		if s.last >= snap.Index {
			keep = i
			break
		}
	}
	size := int64(0)
	err := l.write(idb.DurabilityStrict, func(tx *idb.Transaction) error {
		if err := clear(tx, snapshotStore); err != nil {
			return err
		}
		chunk := 0
		for b := range frame.Snapshots(snap) {
			size += int64(len(b))
			if err := add(tx, snapshotStore, chunk, toJS(b)); err != nil {
				return err
			}
			chunk++
		}
		if keep == 0 {
			return nil
		}
		return remove(tx, logStore, int(l.spans[keep-1].first))
	})
	if err == nil {
		l.mu.Lock()
		l.spans, l.snapshot = append([]span(nil), l.spans[keep:]...), size
		l.mu.Unlock()
	}
	return err
}

func toJS(b []byte) js.Value {
	v := uint8Array.New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

func add(tx *idb.Transaction, name string, key int, value js.Value) error {
	s, err := tx.ObjectStore(name)
	if err == nil {
		_, err = s.AddKey(js.ValueOf(key), value)
	}
	return err
}

func clear(tx *idb.Transaction, name string) error {
	s, err := tx.ObjectStore(name)
	if err == nil {
		_, err = s.Clear()
	}
	return err
}

// remove deletes all keys up to and with last.
func remove(tx *idb.Transaction, name string, last int) error {
	s, err := tx.ObjectStore(name)
	if err == nil {
		_, err = s.Delete(js.Global().Get("IDBKeyRange").Call("upperBound", last))
	}
	return err
}

// explain gives the browser's errors the store's words.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case named(err, "QuotaExceededError"):
		return fmt.Errorf("%w: %w", store.ErrNoSpace, err)
	case named(err, "ConstraintError"):
		return fmt.Errorf("%w: %w", ErrFenced, err)
	case named(err, "InvalidStateError"):
		return fmt.Errorf("the browser has closed the database, perhaps because site data was cleared: %w", err)
	}
	return err
}

// named reports whether err is the browser's exception of that name: idb's own
// or, from calls where idb does not translate it, a bare one.
func named(err error, name string) bool {
	var thrown js.Error
	if errors.As(err, &thrown) && thrown.Value.Type() == js.TypeObject {
		return thrown.Get("name").Equal(js.ValueOf(name))
	}
	return errors.Is(err, idb.NewDOMException(name))
}
