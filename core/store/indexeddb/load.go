//go:build js && wasm

package indexeddb

import (
	"errors"
	"fmt"
	"syscall/js"

	"github.com/tabernetes/tabernetes/core/store"
)

// contents is what the database held when it was taken over.
type contents struct {
	snapshot, log js.Value
	floor         int64
}

// takeOver makes this Log the owner and reads everything, in one transaction.
// It uses the browser's own calls, as idb has no getAll, and reading key by key
// takes ten times as long.
//
// Where the browser has no space even for that, the database is read as it is, so
// that what is in it can be seen and exported: the Log then begins as one whose
// space has run out.
func (l *Log) takeOver() (contents, error) {
	c, err := l.read("readwrite")
	if errors.Is(err, store.ErrNoSpace) {
		l.guest, l.commit.err = true, err
		return l.read("readonly")
	}
	l.fresh = err == nil
	return c, err
}

func (l *Log) read(mode string) (contents, error) {
	var c contents
	var floor js.Value
	end := make(chan error, 1)
	var listeners []js.Func
	defer func() {
		for _, f := range listeners {
			f.Release()
		}
	}()
	listen := func(target js.Value, event string, fn func()) {
		f := js.FuncOf(func(js.Value, []js.Value) any {
			fn()
			return nil
		})
		listeners = append(listeners, f)
		target.Set("on"+event, f)
	}
	err := try(func() {
		tx := l.raw.Call("transaction", everything, mode)
		listen(tx, "complete", func() { end <- nil })
		listen(tx, "abort", func() { end <- failure(tx.Get("error"), nil) })
		meta := tx.Call("objectStore", metaStore)
		last := meta.Call("get", ownerKey)
		listen(last, "success", func() {
			l.owner = owner(last.Get("result"))
			if mode == "readwrite" {
				l.owner++
				meta.Call("put", l.owner, ownerKey)
			}
		})
		floor = meta.Call("get", floorKey)
		c.snapshot = tx.Call("objectStore", snapshotStore).Call("getAll")
		c.log = tx.Call("objectStore", logStore).Call("getAll")
	})
	if err == nil {
		err = <-end
	}
	if err != nil {
		return contents{}, fmt.Errorf("read database: %w", explain(err))
	}
	c.snapshot, c.log = c.snapshot.Get("result"), c.log.Get("result")
	if v := floor.Get("result"); v.Type() == js.TypeNumber {
		c.floor = int64(v.Int())
	}
	return c, nil
}
