// Package indexeddb is the Log that a browser tab keeps: one IndexedDB database
// with one packed record for each batch, keyed by its first index, and a
// snapshot in chunks. The bytes of both are frames (see package frame), the
// database's version is their format's.
//
// An append is answered on the transaction's complete event. With relaxed
// durability, the default as it is Chrome's, that survives the death of the tab
// and of the browser, not of the machine; Options.Strict waits for the disk.
//
// One writer at a time: whoever loads takes the database over by counting up
// its owner, and every write checks the owner in its own transaction, so that a
// tab that was thought dead fails with ErrFenced and writes nothing. Keys are
// only ever added, which would stop two owners from writing the same place even
// if that failed. Who should own is decided elsewhere (Web Locks, a shared
// worker); this only keeps a mistake from costing data.
//
// One goroutine, the committer, makes all transactions one after the other:
// all requests at once, then one wait, as a transaction ends by itself when
// control returns to the browser. Answers go through Options.Post.
//
// Where the quota is used up (QuotaExceededError) the transaction has left
// nothing behind, the store raises its alarm, and Resume lets it go on.
//
// The package is empty outside js/wasm. Left out: the blocked event, as version
// 1 never upgrades; notice of site data being cleared, which shows as a failed
// write.
package indexeddb
