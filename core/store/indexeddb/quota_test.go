//go:build js && wasm

package indexeddb

import (
	"errors"
	"fmt"
	"sync"
	"syscall/js"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
)

// noRoom has every write fail where the quota is used up, until the function
// returned is called. Chromium takes the requests and then, without an error at
// any of them, aborts the transaction as it is to be committed; a browser may
// also refuse a request at once.
var noRoom = map[string]string{
	"when it is committed": `(() => {
		const proto = IDBTransaction.prototype, start = proto._start
		proto._start = function () { this._abort("QuotaExceededError") }
		return () => { proto._start = start }
	})()`,
	"at once": `(() => {
		const proto = IDBTransaction.prototype, take = proto._execRequestAsync
		proto._execRequestAsync = () => { throw new DOMException("the quota is used up", "QuotaExceededError") }
		return () => { proto._execRequestAsync = take }
	})()`,
}

// await runs the loop until call's answer is there.
func await(m *medium, call func(func(error))) (err error) {
	done := false
	call(func(e error) { err, done = e, true })
	m.Settle(func() bool { return done })
	return err
}

// A full quota raises the alarm; nothing that was safe is lost, and when there
// is room again everything that was refused is written.
func TestQuota(t *testing.T) {
	for when, script := range noRoom {
		t.Run(when, func(t *testing.T) { testQuota(t, script) })
	}
}

func testQuota(t *testing.T, script string) {
	m := newMedium(t)
	s := openStore(t, m)
	put(t, s, "/k", "safe")
	settle(t, m, s)
	before := s.Usage().LogBytes
	undo := js.Global().Call("eval", script)
	room := sync.OnceFunc(func() { undo.Invoke() })
	defer room()
	put(t, s, "/k", "waits")
	err := await(m, func(fn func(error)) { s.Sync(fn); s.Flush() })
	if !errors.Is(err, store.ErrNoSpace) || !errors.Is(s.Err(), store.ErrNoSpace) {
		t.Fatalf("write without room: %v; Err: %v", err, s.Err())
	}
	if _, err := s.Put("/k", nil, store.Origin{}); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("next write: %v", err)
	}
	if err := await(m, s.Disarm); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("disarmed without room: %v", err)
	}
	room()
	if err := await(m, s.Disarm); err != nil || s.Err() != nil || s.Durable() != 3 {
		t.Fatalf("disarm: %v, durable %d", err, s.Durable())
	}
	for i := range 50 {
		put(t, s, "/k", fmt.Sprint(i))
	}
	settle(t, m, s)
	grown := s.Usage().LogBytes
	if before <= 0 || grown <= before {
		t.Errorf("the log takes %d bytes, and %d after 50 writes", before, grown)
	}
	again := openStore(t, m)
	if kv, _ := again.Get("/k"); string(kv.Value) != "49" || again.Revision() != 53 || again.Usage().LogBytes != grown {
		t.Errorf("reopened at %d with %+v, %+v", again.Revision(), kv, again.Usage())
	}
	if err := again.Compact(53); err != nil {
		t.Fatal(err)
	}
	settle(t, m, again)
	if u := again.Usage(); u.LogBytes >= grown {
		t.Errorf("compacted, the log takes %d bytes, before %d", u.LogBytes, grown)
	}
}

// noRoomToWrite is noRoom that lets transactions be which only read.
var noRoomToWrite = map[string]string{
	"when it is committed": `(() => {
		const proto = IDBTransaction.prototype, start = proto._start
		proto._start = function () { this.mode === "readonly" ? start.call(this) : this._abort("QuotaExceededError") }
		return () => { proto._start = start }
	})()`,
	"at once": `(() => {
		const proto = IDBTransaction.prototype, take = proto._execRequestAsync
		proto._execRequestAsync = function (r) {
			if (this.mode === "readonly") return take.call(this, r)
			throw new DOMException("the quota is used up", "QuotaExceededError")
		}
		return () => { proto._execRequestAsync = take }
	})()`,
}

// Where there is not even space to take a database over it can be read, and with
// room it goes on.
func TestOpenWithoutRoom(t *testing.T) {
	for when, script := range noRoomToWrite {
		t.Run(when, func(t *testing.T) {
			m := newMedium(t)
			first := openStore(t, m)
			put(t, first, "/k", "safe")
			settle(t, m, first)
			undo := js.Global().Call("eval", script)
			room := sync.OnceFunc(func() { undo.Invoke() })
			defer room()
			s := openStore(t, m)
			if kv, _ := s.Get("/k"); string(kv.Value) != "safe" {
				t.Fatalf("read %+v", kv)
			}
			put(t, s, "/k", "waits")
			if err := await(m, func(fn func(error)) { s.Sync(fn); s.Flush() }); !errors.Is(err, store.ErrNoSpace) {
				t.Fatalf("write without room: %v", err)
			}
			room()
			if err := await(m, s.Disarm); err != nil {
				t.Fatal(err)
			}
			put(t, s, "/k", "written")
			settle(t, m, s)
			put(t, first, "/k", "late")
			if err := await(m, func(fn func(error)) { first.Sync(fn); first.Flush() }); !errors.Is(err, ErrFenced) {
				t.Errorf("the one before: %v", err)
			}
			if kv, _ := openStore(t, m).Get("/k"); string(kv.Value) != "written" || kv.ModRevision != 4 {
				t.Errorf("reopened: %+v", kv)
			}
		})
	}
}

// Who could only read, for want of room, does not take over once there is some
// if the owner has gone on writing.
func TestOpenWithoutRoomBesideOwner(t *testing.T) {
	m := newMedium(t)
	owner := openStore(t, m)
	put(t, owner, "/k", "one")
	settle(t, m, owner)
	undo := js.Global().Call("eval", noRoomToWrite["when it is committed"])
	reader := openStore(t, m)
	put(t, reader, "/k", "waits")
	if err := await(m, func(fn func(error)) { reader.Sync(fn); reader.Flush() }); !errors.Is(err, store.ErrNoSpace) {
		t.Fatalf("write without room: %v", err)
	}
	undo.Invoke()
	put(t, owner, "/k", "two")
	settle(t, m, owner)
	if err := await(m, reader.Disarm); !errors.Is(err, ErrFenced) {
		t.Errorf("takes over from an owner that has written since: %v", err)
	}
	put(t, owner, "/k", "three")
	settle(t, m, owner)
	if kv, _ := openStore(t, m).Get("/k"); string(kv.Value) != "three" || kv.ModRevision != 4 {
		t.Errorf("reopened: %+v", kv)
	}
}
