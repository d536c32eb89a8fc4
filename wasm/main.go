//go:build js && wasm

// Command wasm is the engine in the browser: a driver over a cluster whose
// etcd is an IndexedDB, run by a web worker. bridge.go beside this file is the
// only place that faces JavaScript; its TypeScript twin is
// site/src/engine/protocol.ts.
//
// Left out: fetching and starting the module, progress, the lock that keeps it to
// one engine a cluster, and the lines to the tabs: site/src/engine/worker.ts and
// hub.ts do that around the engine.
package main

import (
	"time"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/indexeddb"
	"github.com/tabernetes/tabernetes/wasm/driver"
)

func main() {
	b := newBridge()
	b.run(driver.New(driver.Options{
		Now:    time.Now,
		Send:   b.send,
		Open:   func(name string) (store.Log, error) { return indexeddb.Open(name, indexeddb.Options{Post: b.post}) },
		Delete: deleteDatabase,
	}))
}
