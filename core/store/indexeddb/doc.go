// Package indexeddb is the Log that a browser tab keeps: one IndexedDB database
// with one packed record for each batch, keyed by its first index, and a
// snapshot in chunks. The bytes of both are frames (see package frame).
//
// An append is answered on the transaction's complete event. With relaxed
// durability, the default as it is Chrome's, that survives the death of the tab
// and of the browser, not of the machine; Options.Strict waits for the disk.
//
// One writer at a time: whoever loads takes the database over, so that a tab
// that was thought dead fails with ErrFenced. Who should own is decided elsewhere
// (Web Locks, a shared worker); this only keeps a mistake from costing data:
//
//   - Keys are only added. The new owner puts a fence, which is a number, where
//     the one before would append next, so that its append fails and nothing has
//     to be asked. Records 1 to 9 are there in keys 1 and 5, and owners A, then B
//     are replaced:
//
//     key     1    5    10        A was replaced by B: a fence where A's next would be
//     records 1-4  5-9  |         B's first append takes its place: A fails on it
//     records 1-4  5-9  10-12 |   at 13: B was replaced by C
//
//   - A compaction leaves the fences: the key of one is put again as a number if
//     its records go. Loading skips them. The last 256 are kept.
//
//   - An owner's first append, which takes the place of its fence, and every
//     compaction ask who owns (a count of takeovers) inside their transaction,
//     and commit when that is answered.
//
// The database's version is 2: version 1 had no fences and took a number for
// damage. What it left is opened as it is. A connection of an older version that
// does not let go (idb's do, by themselves) is reported as ErrBlocked; a newer
// version that wants the database closes this one, with ErrNewer. Where the
// browser closes it, as when site data is cleared, the store hears of it at once.
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
// Killed 200 times while it wrote (110 times the whole browser, else its renderers,
// a third of them in a batch of replicas), Chromium came back each time with a
// prefix of the log that held every answered write, 10,107 of 10,107:
//
//	cd site && npm run kills -- 200
//
// # Speed
//
// In a worker of Chromium 156, beside a raw IndexedDB loop written by hand in the
// same worker, which takes turns with it; records of equal size packed by both,
// relaxed durability both, answered on complete; medians, on two cores that other
// work of lower priority shared:
//
//	                                               store    raw   ratio   promised
//	one answered write of 911 B, p50, ms            0.45   0.31     1.4       ≤ 1.5
//	  raw with the owner asked for before commit    0.45   0.43     1.1
//	  p99, ms                                        7.5    4.1
//	bulk: the log, 500 of 823 B at once, writes/s   343k   616k     0.7       ≥ 0.6
//	  the store alone, on a log that costs nothing  928k   616k     1.5
//	  through the store, history and all            242k   616k     0.5       ≥ 0.6
//	opening 10,000 pods, ms                          203                     < 1000
//	  from a snapshot                                 72
//
// What a single write takes beyond the raw one is Go's: the smallest program in Go
// that makes the same transaction is at 1.16, and at 1.4 if it asks for the owner;
// one JavaScript function that makes all calls in one crossing is no quicker.
//
// Through the whole store bulk falls short of what was promised. Map and history
// take about 1 µs a write on the engine's thread, packing 1.2 (0.5 of it the
// checksum), handing over 0.4; and the collector looks at 100,000 revisions of
// history there, so that the store alone was at 246k in a run in which it came more
// often. With GOGC=400 bulk was 1.9 times as fast as with 100; the engine has 200.
// Made by
//
//	cd site && npm run bench
//
// The package is empty outside js/wasm. Left out: a way back to version 1;
// noticing that a database has been evicted while nothing had it open.
package indexeddb
