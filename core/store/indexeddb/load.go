//go:build js && wasm

package indexeddb

import (
	"fmt"
	"syscall/js"
)

// contents is what the database held when it was taken over.
type contents struct{ snapshot, log js.Value }

// takeOver makes this Log the owner and reads everything, in one transaction.
// It uses the browser's own calls, as idb has no getAll, and reading key by key
// takes ten times as long.
func (l *Log) takeOver() (contents, error) {
	var c contents
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
		tx := l.raw.Call("transaction", everything, "readwrite")
		listen(tx, "complete", func() { end <- nil })
		listen(tx, "abort", func() { end <- failure(tx.Get("error"), nil) })
		meta := tx.Call("objectStore", metaStore)
		owner := meta.Call("get", ownerKey)
		listen(owner, "success", func() {
			if v := owner.Get("result"); v.Type() == js.TypeNumber {
				l.owner = v.Int()
			}
			l.owner++
			meta.Call("put", l.owner, ownerKey)
		})
		c.snapshot = tx.Call("objectStore", snapshotStore).Call("getAll")
		c.log = tx.Call("objectStore", logStore).Call("getAll")
	})
	if err == nil {
		err = <-end
	}
	if err != nil {
		return contents{}, fmt.Errorf("read database: %w", explain(err))
	}
	return contents{c.snapshot.Get("result"), c.log.Get("result")}, nil
}
