//go:build js && wasm

package indexeddb

import (
	"errors"
	"fmt"
	"syscall/js"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/frame"
)

// maxFences is how many fences are kept: so many owners may have been left behind
// that still think they own.
const maxFences = 256

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
	var refused error
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
		listen(tx, "abort", func() { end <- failure(tx.Get("error"), refused) })
		meta := tx.Call("objectStore", metaStore)
		last, floor, fences := meta.Call("get", ownerKey), meta.Call("get", floorKey), meta.Call("get", fencesKey)
		snapshot, log := tx.Call("objectStore", snapshotStore).Call("getAll"), tx.Call("objectStore", logStore).Call("getAll")
		listen(log, "success", func() {
			c = contents{snapshot.Get("result"), log.Get("result"), number(floor.Get("result"))}
			l.owner, l.start, l.fences = int(number(last.Get("result"))), c.next(), numbers(fences.Get("result"))
			if mode != "readwrite" {
				return
			}
			if refused = try(func() { l.claim(tx) }); refused != nil {
				tx.Call("abort")
			}
			l.owner++
		})
	})
	if err == nil {
		err = <-end
	}
	if err != nil {
		return contents{}, fmt.Errorf("read database: %w", explain(err))
	}
	return c, nil
}

// claim makes the requests that take the database over: they count up its owner,
// and put a fence where the owner before would append next.
func (l *Log) claim(tx js.Value) {
	if n := len(l.fences); n == 0 || l.fences[n-1] != l.start {
		l.fences = append(l.fences, l.start)
	}
	l.fences = l.fences[max(0, len(l.fences)-maxFences):]
	list := make([]any, len(l.fences))
	for i, at := range l.fences {
		list[i] = int(at)
	}
	meta := tx.Call("objectStore", metaStore)
	meta.Call("put", l.owner+1, ownerKey)
	meta.Call("put", list, fencesKey)
	fence(tx.Call("objectStore", logStore), l.start)
}

// fence puts a fence where records from index at on would be added.
func fence(log js.Value, at int64) { log.Call("put", int(at), int(at)) }

// next is the index after the last record.
func (c *contents) next() int64 {
	var buf []byte
	for _, values := range []js.Value{c.log, c.snapshot} {
		for i := values.Length() - 1; i >= 0; i-- {
			v := values.Index(i)
			if !v.InstanceOf(uint8Array) {
				continue
			}
			buf = append(buf[:0], make([]byte, v.Length())...)
			js.CopyBytesToGo(buf, v)
			if last, ok := frame.LastIndex(buf); ok && last >= c.floor {
				return last + 1
			}
			break // damaged, which loading will say, or below the floor
		}
	}
	return 1
}

// number is v, or 0 if it is none.
func number(v js.Value) int64 {
	if v.Type() != js.TypeNumber {
		return 0
	}
	return int64(v.Int())
}

// numbers is the list v, empty if it is none.
func numbers(v js.Value) (out []int64) {
	if v.Type() != js.TypeObject {
		return nil
	}
	for i := range v.Length() {
		out = append(out, number(v.Index(i)))
	}
	return out
}
