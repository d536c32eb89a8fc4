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
func (l *Log) takeOver() (c contents, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(js.Error) // a call that the browser refused
			if !ok {
				panic(r)
			}
			err = fmt.Errorf("read database: %w", e)
		}
	}()
	tx := l.raw.Call("transaction", []any{metaStore, logStore, snapshotStore}, "readwrite")
	end := make(chan error, 2)
	defer listen(tx, "complete", func() { end <- nil })()
	defer listen(tx, "abort", func() { end <- fmt.Errorf("read database: %s", describe(tx.Get("error"))) })()

	meta := tx.Call("objectStore", metaStore)
	owner := meta.Call("get", ownerKey)
	defer listen(owner, "success", func() {
		if v := owner.Get("result"); v.Type() == js.TypeNumber {
			l.owner = v.Int()
		}
		l.owner++
		meta.Call("put", l.owner, ownerKey)
	})()
	snapshot := tx.Call("objectStore", snapshotStore).Call("getAll")
	log := tx.Call("objectStore", logStore).Call("getAll")
	if err := <-end; err != nil {
		return contents{}, err
	}
	return contents{snapshot.Get("result"), log.Get("result")}, nil
}

// listen adds a listener to an event target; the function returned takes it
// away.
func listen(target js.Value, event string, fn func()) (release func()) {
	f := js.FuncOf(func(js.Value, []js.Value) any {
		fn()
		return nil
	})
	target.Call("addEventListener", event, f)
	return func() {
		target.Call("removeEventListener", event, f)
		f.Release()
	}
}

// describe is a DOMException in words.
func describe(e js.Value) string {
	if !e.Truthy() {
		return "aborted"
	}
	return e.Get("name").String() + ": " + e.Get("message").String()
}
