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

// JavaScript that every transaction needs, made once.
var (
	uint8Array = js.Global().Get("Uint8Array")
	relaxed    = js.ValueOf(map[string]any{"durability": "relaxed"})
	strict     = js.ValueOf(map[string]any{"durability": "strict"})
	everything = js.ValueOf([]any{metaStore, logStore, snapshotStore})
)

// job is one call of the Log: the requests of one transaction, all made at
// once. What it keeps is noted only when the transaction is complete.
type job struct {
	requests   func(tx js.Value)
	durability js.Value
	noted      func()
	done       func(error)
	resume     bool // instead of a transaction, go on where space had run out
}

// committer makes one transaction after the other. It never waits: what
// happens to a transaction comes back as one of its events. Everything here
// runs on the one thread there is and gives way nowhere, so nothing is locked.
type committer struct {
	queue []job
	err   error // after it nothing is written

	tx       js.Value // under way, of the first job in queue
	busy     bool
	refused  error // why tx is being aborted, where the browser does not know
	closing  bool
	events   [3]js.Func // the same for every transaction: making one costs more than calling it
	complete js.Func
	abort    js.Func
	owner    js.Func
}

func (l *Log) listen() {
	c := &l.commit
	event := func(fn func(event js.Value)) js.Func {
		return js.FuncOf(func(_ js.Value, args []js.Value) any {
			fn(args[0])
			return nil
		})
	}
	c.complete = event(func(js.Value) { l.finish(nil) })
	c.abort = event(func(js.Value) { l.finish(explain(failure(c.tx.Get("error"), c.refused))) })
	c.owner = event(func(e js.Value) { l.checkOwner(e.Get("target").Get("result")) })
	c.events = [3]js.Func{c.complete, c.abort, c.owner}
}

// enqueue takes a job, in order.
func (l *Log) enqueue(j job) {
	l.commit.queue = append(l.commit.queue, j)
	l.next()
}

// next begins the first job that waits, if none is under way.
func (l *Log) next() {
	c := &l.commit
	for !c.busy && len(c.queue) > 0 {
		j := &c.queue[0]
		if j.resume && errors.Is(c.err, store.ErrNoSpace) {
			c.err = nil
		}
		if c.err != nil || j.resume {
			l.answer(c.err)
			continue
		}
		if err := try(func() { l.begin(j) }); err != nil {
			c.err = explain(err)
			l.answer(c.err)
		}
	}
	if c.closing && !c.busy && l.db != nil {
		l.release()
	}
}

// answer takes the first job off the queue and has its caller told.
func (l *Log) answer(err error) {
	c := &l.commit
	done := c.queue[0].done
	c.queue[0] = job{}
	c.queue = c.queue[1:]
	l.opts.Post(func() { done(err) })
}

// begin makes a job's transaction and all its requests. The first asks who owns
// the database; the rest counts only if that is this Log. A request that the
// browser will not even take aborts the transaction.
func (l *Log) begin(j *job) {
	c := &l.commit
	c.tx = l.raw.Call("transaction", everything, "readwrite", j.durability)
	c.tx.Set("oncomplete", c.complete)
	c.tx.Set("onabort", c.abort)
	c.busy, c.refused = true, nil
	c.refused = try(func() {
		c.tx.Call("objectStore", metaStore).Call("get", ownerKey).Set("onsuccess", c.owner)
		j.requests(c.tx)
	})
	if c.refused != nil {
		c.tx.Call("abort")
	}
}

// checkOwner ends the transaction when it is known who owns the database: this
// runs inside the transaction, after all requests were made. To commit at once
// saves waiting for the answers to the others.
func (l *Log) checkOwner(v js.Value) {
	c := &l.commit
	if v.Type() == js.TypeNumber && v.Int() == l.owner {
		c.tx.Call("commit")
		return
	}
	c.refused = ErrFenced
	c.tx.Call("abort")
}

// finish takes note of a transaction's end.
func (l *Log) finish(err error) {
	c := &l.commit
	c.busy, c.tx = false, js.Value{}
	if err == nil {
		c.queue[0].noted()
	} else {
		c.err = err
	}
	l.answer(err)
	l.next()
}

// release lets go of the database and of what JavaScript can call.
func (l *Log) release() {
	for _, f := range l.commit.events {
		f.Release()
	}
	l.db.Close()
	l.db = nil
}

// append is the job that adds a batch.
func (l *Log) append(records []*store.Record, done func(error)) job {
	first, last, size := records[0].Index, records[len(records)-1].Index, 0
	j := job{durability: relaxed, done: done}
	if l.opts.Strict {
		j.durability = strict
	}
	j.requests = func(tx js.Value) {
		l.buf = frame.AppendRecords(l.buf[:0], records)
		size = len(l.buf)
		tx.Call("objectStore", logStore).Call("add", toJS(l.buf), int(first))
	}
	j.noted = func() { l.spans = append(l.spans, span{first, last, int64(size)}) }
	return j
}

// compact is the job that replaces what lies before the snapshot. The key that
// holds the snapshot's own record stays whole: loading skips what comes before.
// The transaction is always a strict one, as it deletes what was safe before.
func (l *Log) compact(snap store.Snapshot, done func(error)) job {
	j := job{durability: strict, done: done}
	keep, size := 0, int64(0)
	j.requests = func(tx js.Value) {
		for keep < len(l.spans) && l.spans[keep].last < snap.Index {
			keep++
		}
		chunks, chunk := tx.Call("objectStore", snapshotStore), 0
		chunks.Call("clear")
		for b := range frame.Snapshots(snap) {
			size += int64(len(b))
			chunks.Call("add", toJS(b), chunk)
			chunk++
		}
		if keep > 0 {
			upTo := js.Global().Get("IDBKeyRange").Call("upperBound", int(l.spans[keep-1].first))
			tx.Call("objectStore", logStore).Call("delete", upTo)
		}
	}
	j.noted = func() { l.spans, l.snapshot = append([]span(nil), l.spans[keep:]...), size }
	return j
}

func toJS(b []byte) js.Value {
	v := uint8Array.New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

// try runs fn and returns the exception with which the browser refused a call.
func try(fn func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(js.Error)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	fn()
	return nil
}

// failure is why a transaction was aborted: for a reason of our own, or what
// the browser gives as its error.
func failure(thrown js.Value, own error) error {
	switch {
	case own != nil:
		return own
	case thrown.Truthy():
		return js.Error{Value: thrown}
	}
	return errors.New("the browser aborted the transaction and does not say why")
}

// explain gives the browser's errors the store's words.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case named(err, "QuotaExceededError"):
		return fmt.Errorf("%w: %w", store.ErrNoSpace, describe(err))
	case named(err, "ConstraintError"):
		return fmt.Errorf("%w: %w", ErrFenced, describe(err))
	case named(err, "InvalidStateError"):
		return fmt.Errorf("the browser has closed the database, perhaps because site data was cleared: %w", describe(err))
	}
	return describe(err)
}

// named reports whether err is the browser's exception of that name: a bare one,
// or idb's own.
func named(err error, name string) bool {
	var thrown js.Error
	if errors.As(err, &thrown) && thrown.Value.Type() == js.TypeObject {
		return thrown.Get("name").Equal(js.ValueOf(name))
	}
	return errors.Is(err, idb.NewDOMException(name))
}

// describe puts an exception of the browser's in words.
func describe(err error) error {
	var thrown js.Error
	if !errors.As(err, &thrown) || thrown.Value.Type() != js.TypeObject {
		return err
	}
	name, message := thrown.Get("name").String(), thrown.Get("message")
	if message.Type() != js.TypeString || message.String() == "" {
		return errors.New(name)
	}
	return errors.New(name + ": " + message.String())
}
