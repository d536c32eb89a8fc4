//go:build js && wasm

package main

import (
	"encoding/json"
	"errors"
	"syscall/js"
	"time"

	"github.com/tabernetes/tabernetes/wasm/driver"
)

// bridge carries messages between the tabs and the driver, through the hub that
// the worker's script has put at globalThis.tabernetes (site/src/engine/hub.ts),
// and gives the driver its turns. Everything that touches the cluster runs on one
// goroutine, in run; JavaScript's callbacks only post to it, for blocking in
// one would be a deadlock.
type bridge struct {
	hub  js.Value
	jobs []func()
	wake chan struct{}

	turn  js.Value // a MessagePort: a message to it is a turn of the event loop later
	timer js.Value // the id of the timeout under way
	due   bool     // a turn or timeout is under way
	at    time.Time
}

func newBridge() *bridge {
	return &bridge{hub: js.Global().Get("tabernetes"), wake: make(chan struct{}, 1)}
}

// post has fn called on the driver's goroutine.
func (b *bridge) post(fn func()) {
	b.jobs = append(b.jobs, fn)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// send gives an event to a tab, as JSON.
func (b *bridge) send(tab int, event any) {
	data, err := json.Marshal(event)
	if err != nil {
		panic("bridge: " + err.Error())
	}
	b.hub.Call("tell", tab, string(data))
}

// run never returns. The functions it makes live as long as the worker.
func (b *bridge) run(d *driver.Driver) {
	channel := js.Global().Get("MessageChannel").New()
	b.turn = channel.Get("port2")
	elapsed := js.FuncOf(func(js.Value, []js.Value) any {
		b.post(func() { b.due = false })
		return nil
	})
	channel.Get("port1").Set("onmessage", elapsed)
	hear := js.FuncOf(func(_ js.Value, args []js.Value) any {
		tab, data := args[0].Int(), args[1].String()
		b.post(func() { d.Handle(tab, []byte(data)) })
		return nil
	})
	leave := js.FuncOf(func(_ js.Value, args []js.Value) any {
		tab := args[0].Int()
		b.post(func() { d.Leave(tab) })
		return nil
	})
	b.hub.Call("listen", hear, leave)
	for range b.wake {
		for len(b.jobs) > 0 {
			job := b.jobs[0]
			b.jobs = b.jobs[1:]
			job()
		}
		b.schedule(elapsed, d.Slice())
	}
}

// schedule asks for the next turn after wait; negative means only when
// something comes in.
func (b *bridge) schedule(elapsed js.Func, wait time.Duration) {
	at := time.Now().Add(wait)
	if b.due && wait >= 0 && !at.Before(b.at) {
		return
	}
	if b.due {
		js.Global().Call("clearTimeout", b.timer)
		b.due = false
	}
	switch {
	case wait < 0:
	case wait < time.Millisecond:
		b.due, b.at, b.timer = true, at, js.Undefined()
		b.turn.Call("postMessage", js.Null())
	default:
		b.due, b.at = true, at
		b.timer = js.Global().Call("setTimeout", elapsed, wait.Milliseconds())
	}
}

// deleteDatabase removes a database that this worker has closed. It waits.
func deleteDatabase(name string) error {
	result := make(chan error, 1)
	settle := func(err error) js.Func {
		return js.FuncOf(func(js.Value, []js.Value) any {
			select {
			case result <- err:
			default:
			}
			return nil
		})
	}
	removed := settle(nil)
	refused := settle(errors.New("the browser did not delete the database"))
	defer removed.Release()
	defer refused.Release()
	request := js.Global().Get("indexedDB").Call("deleteDatabase", name)
	request.Set("onsuccess", removed)
	request.Set("onerror", refused)
	request.Set("onblocked", refused)
	return <-result
}
