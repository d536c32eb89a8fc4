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
// its owner, and an answer depends on who the owner was inside the write's own
// transaction, so that a tab that was thought dead fails with ErrFenced. Who
// should own is decided elsewhere (Web Locks, a shared worker); this only keeps a
// mistake from costing data:
//
//   - An owner's first append, and every compaction, waits for the answer who
//     owns and only then commits.
//   - The other appends commit at once, which saves a way to the database and
//     back, and look at the answer afterwards. A late owner can so leave one
//     batch behind that it has not answered for. Keys are only added, so that
//     batch is where the new owner had written nothing yet; if the new owner does
//     write, its first append takes the place. And where the new owner had
//     compacted its own away, the batch lies below the floor that every
//     compaction sets, and is not read.
//
// All of it runs on the engine's one thread without waiting: a transaction's
// requests are made at once, as it ends by itself when control returns to the
// browser, and three functions made once hear how it ended. While one is under
// way the next batch is packed. Answers go through Options.Post. Opening goes
// through go-indexeddb; transactions use the browser's own objects, as that
// package's listeners, four goroutines for each, took longer than the writing.
//
// Where the quota is used up (QuotaExceededError, which Chromium tells only as it
// is to commit) the transaction has left nothing behind, the store raises its
// alarm, and Resume lets it go on. A database that is opened when there is not even
// space to take it over is read all the same.
//
// The package is empty outside js/wasm. Left out: the blocked event, as version
// 1 never upgrades; notice of site data being cleared, which shows as a failed
// write.
package indexeddb
