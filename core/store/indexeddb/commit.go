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

// JavaScript that every transaction needs, made once. Methods are functions of
// the object: to invoke those costs half of what a call by name does.
var (
	uint8Array = js.Global().Get("Uint8Array")

	call = struct{ transaction, objectStore, commit, abort, get, add, put js.Value }{
		method("IDBDatabase", "transaction"), method("IDBTransaction", "objectStore"),
		method("IDBTransaction", "commit"), method("IDBTransaction", "abort"),
		method("IDBObjectStore", "get"), method("IDBObjectStore", "add"), method("IDBObjectStore", "put"),
	}

	relaxed    = js.ValueOf(map[string]any{"durability": "relaxed"})
	strict     = js.ValueOf(map[string]any{"durability": "strict"})
	everything = js.ValueOf([]any{metaStore, logStore, snapshotStore})
	logOnly    = js.ValueOf([]any{logStore})
	readwrite  = js.ValueOf("readwrite")
	metaName   = js.ValueOf(metaStore)
	logName    = js.ValueOf(logStore)
	ownerName  = js.ValueOf(ownerKey)
)

func method(class, name string) js.Value {
	c := js.Global().Get(class)
	if !c.Truthy() {
		return js.Undefined() // Open says so
	}
	return js.Global().Get("Function").Get("prototype").Get("call").Call("bind", c.Get("prototype").Get(name))
}

// job is one call of the Log: the requests of one transaction, all made at
// once. What it keeps is noted only when the transaction is complete.
type job struct {
	prepare    func() // if set: work that can be done while the job before is under way
	requests   func(tx js.Value)
	durability js.Value
	careful    bool        // ask who owns the database, and commit only if it is this Log
	agreed     func() bool // if set: what else a careful job asks before it commits
	noted      func()
	done       func(error)
	resume     bool // go on where space had run out
}

// committer makes one transaction after the other. It never waits: what
// happens to a transaction comes back as one of its events. Everything here
// runs on the one thread there is and gives way nowhere, so nothing is locked.
type committer struct {
	queue []job
	err   error // after it nothing is written

	busy    bool     // a transaction of the first job in queue is under way
	tx      js.Value // that one
	claim   js.Value // its question who owns the database
	refused error    // why it is being aborted, where the browser does not know
	closing bool
	lost    error // why the browser has closed the database, where it says

	complete, abort, checked, closed js.Func // the same for every transaction
}

// listen makes what hears of a transaction's events. An abort rises to the
// database.
func (l *Log) listen() {
	c := &l.commit
	event := func(fn func()) js.Func {
		return js.FuncOf(func(js.Value, []js.Value) any {
			fn()
			return nil
		})
	}
	c.complete = event(func() { l.finish(nil) })
	c.abort = event(func() {
		if c.busy {
			l.finish(l.explain(failure(c.tx.Get("error"), c.refused)))
		}
	})
	c.checked = event(l.check)
	c.closed = js.FuncOf(func(_ js.Value, args []js.Value) any {
		switch version := args[0].Get("newVersion"); {
		case version.Truthy():
			l.lose(ErrNewer)
		case version.IsNull():
			l.lose(ErrDeleted)
		default:
			l.lose(ErrCleared)
		}
		return nil
	})
	l.raw.Set("onabort", c.abort)
	l.raw.Set("onclose", c.closed)
	l.raw.Set("onversionchange", c.closed) // idb then closes it
}

// lose takes note that the browser closes the database, and why.
func (l *Log) lose(why error) {
	l.commit.lost = why
	if l.commit.err == nil {
		l.commit.err = why
	}
	if l.broken != nil {
		l.opts.Post(func() { l.broken(why) })
	}
}

// enqueue takes a job, in order.
func (l *Log) enqueue(j job) {
	l.commit.queue = append(l.commit.queue, j)
	l.next()
}

// next begins the first job that waits, if none is under way, and prepares the
// one behind it.
func (l *Log) next() {
	c := &l.commit
	for !c.busy && len(c.queue) > 0 {
		j := &c.queue[0]
		if j.resume && errors.Is(c.err, store.ErrNoSpace) {
			c.err = nil
		}
		if c.err != nil || j.requests == nil {
			l.answer(c.err)
			continue
		}
		j.ready()
		if err := try(func() { l.begin(j) }); err != nil {
			c.err = l.explain(err)
			l.answer(c.err)
		}
	}
	if len(c.queue) > 1 {
		c.queue[1].ready()
	}
	if c.closing && !c.busy && l.db != nil {
		l.release()
	}
}

// ready has the job prepared, once.
func (j *job) ready() {
	if j.prepare != nil {
		j.prepare()
		j.prepare = nil
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

// begin makes a job's transaction and all its requests. A careful job first asks
// who owns the database, and waits for the answer inside the transaction; any
// other commits at once, and is stopped by a fence where there is another owner
// (see package comment). A request that the browser will not even take aborts the
// transaction.
func (l *Log) begin(j *job) {
	c := &l.commit
	careful, scope := j.careful || l.fresh, logOnly
	if careful {
		scope = everything
	}
	c.tx = call.transaction.Invoke(l.raw, scope, readwrite, j.durability)
	c.tx.Set("oncomplete", c.complete)
	c.busy, c.refused = true, nil
	c.refused = try(func() {
		if careful {
			c.claim = l.ask()
		}
		j.requests(c.tx)
		if careful {
			l.ask().Set("onsuccess", c.checked) // once all before it is answered
		} else {
			call.commit.Invoke(c.tx)
		}
	})
	if c.refused != nil {
		call.abort.Invoke(c.tx)
	}
}

// ask asks who owns the database.
func (l *Log) ask() js.Value {
	return call.get.Invoke(call.objectStore.Invoke(l.commit.tx, metaName), ownerName)
}

// check ends a careful job's transaction.
func (l *Log) check() {
	c := &l.commit
	j := &c.queue[0]
	if int(number(c.claim.Get("result"))) == l.owner && (j.agreed == nil || j.agreed()) {
		call.commit.Invoke(c.tx)
		return
	}
	c.refused = ErrFenced
	call.abort.Invoke(c.tx)
}

// finish takes note of a transaction's end.
func (l *Log) finish(err error) {
	c := &l.commit
	c.busy, c.tx, c.claim = false, js.Value{}, js.Value{}
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
	l.raw.Set("onabort", js.Null())
	l.raw.Set("onclose", js.Null())
	l.raw.Set("onversionchange", js.Null())
	for _, f := range []js.Func{l.commit.complete, l.commit.abort, l.commit.checked, l.commit.closed} {
		f.Release()
	}
	l.db.Close()
	l.db = nil
}

// append is the job that adds a batch. An owner's first one is careful, and takes
// the place of its fence.
func (l *Log) append(records []*store.Record, done func(error)) job {
	first, last, size := records[0].Index, records[len(records)-1].Index, 0
	j := job{durability: relaxed, done: done}
	if l.opts.Strict {
		j.durability = strict
	}
	var value js.Value
	j.prepare = func() {
		l.buf = frame.AppendRecords(l.buf[:0], records)
		size = len(l.buf)
		value = toJS(l.buf)
	}
	j.requests = func(tx js.Value) {
		write := call.add
		if l.fresh {
			write = call.put
		}
		write.Invoke(call.objectStore.Invoke(tx, logName), value, int(first))
	}
	j.noted = func() {
		l.fresh = false
		l.spans = append(l.spans, span{first, last, int64(size)})
	}
	return j
}

// compact is the job that replaces what lies before the snapshot. The key that
// holds the snapshot's own record stays whole: loading skips what comes before.
// What is left, and all that comes, is at the floor or above; below it only the
// fences stay. The transaction is always a strict one, as it deletes what was
// safe before.
func (l *Log) compact(snap store.Snapshot, done func(error)) job {
	j := job{durability: strict, done: done, careful: true}
	keep, size := 0, int64(0)
	j.requests = func(tx js.Value) {
		for keep < len(l.spans) && l.spans[keep].last < snap.Index {
			keep++
		}
		floor := snap.Index
		if keep < len(l.spans) {
			floor = l.spans[keep].first
		}
		chunks, chunk := tx.Call("objectStore", snapshotStore), 0
		chunks.Call("clear")
		for b := range frame.Snapshots(snap) {
			size += int64(len(b))
			chunks.Call("add", toJS(b), chunk)
			chunk++
		}
		below, log := js.Global().Get("IDBKeyRange").Call("upperBound", int(floor), true), tx.Call("objectStore", logStore)
		log.Call("delete", below)
		for _, at := range l.fences {
			if at < floor {
				fence(log, at)
			}
		}
		call.put.Invoke(call.objectStore.Invoke(tx, metaName), int(floor), floorKey)
	}
	j.noted = func() { l.spans, l.snapshot = append([]span(nil), l.spans[keep:]...), size }
	return j
}

// resume is the job that goes on where space had run out. Where there was none
// even to take the database over, it does that first, if it is still as it was
// read: what would be the next key must be free, or hold a fence.
func (l *Log) resume(done func(error)) job {
	j := job{done: done, resume: true}
	if l.guest {
		j.careful, j.durability = true, relaxed
		var place js.Value
		j.requests = func(tx js.Value) {
			place = tx.Call("objectStore", logStore).Call("get", int(l.start))
			l.claim(tx)
		}
		j.agreed = func() bool { return !place.Get("result").InstanceOf(uint8Array) }
		j.noted = func() { l.owner++; l.guest, l.fresh = false, true }
	}
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

// explain gives the browser's errors the store's words, and says why the database
// is closed where that is known.
func (l *Log) explain(err error) error {
	if l.commit.lost != nil && !errors.Is(err, ErrFenced) {
		return l.commit.lost
	}
	return explain(err)
}

func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case named(err, "QuotaExceededError"):
		return fmt.Errorf("%w: %w", store.ErrNoSpace, describe(err))
	case named(err, "ConstraintError"):
		return fmt.Errorf("%w: %w", ErrFenced, describe(err))
	case named(err, "InvalidStateError"):
		return fmt.Errorf("%w: %w", ErrCleared, describe(err))
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
