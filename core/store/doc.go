// Package store is the cluster's etcd: an ordered map of keys to opaque
// values in which every write makes a revision, kept as a log.
//
// One loop: Txn checks its conditions against the head, changes the map,
// appends a Record, tells the watchers, and returns. Records then go to a Log
// (memory, file or IndexedDB: the sibling packages) when the edge that steps
// the world calls Flush. The Record carries its Origin, who wrote it and which
// revisions had woken them, so the log is also the trace that the chain of
// events is read from.
//
// # Durability
//
// A write is safe once the Log has answered it: Durable, OnDurable and Sync
// tell. What that means, and for whom:
//
//   - The console. A command's exit code is printed when everything written
//     until then is safe. Safe outlives the process, the tab and the browser,
//     killed at any moment.
//   - Internal writers: controllers, the scheduler, kubelets. They are answered
//     from memory and don't wait. A kill loses at most the writes that were not
//     safe yet: the last ones, without a gap, none of which the console had
//     answered for. The control plane converges from there.
//   - Loss of power. Safe is on the disk only where the Log was told to wait for
//     it: file.Options.Sync (so `tabernetes run --data`), indexeddb.Options.Strict
//     (not the page, which asks for the browser's relaxed durability). Otherwise
//     the last moments may be missing, answered ones too.
//   - Opening again gives the state after some prefix of the writes, never one
//     with a gap, and the prefix holds every safe one. A damaged log is refused
//     with an error that names the record; only what a crash leaves at its end
//     is dropped. Package frame has the format, with checksums and version.
//   - A write that fails stops the answering: waiters are told why, writes are
//     refused, reads and watches go on, memory keeps everything, and Dump (from
//     which package archive makes a file) still gives all of it away. Where only
//     space is wanting, Disarm goes on when there is some: see alarm.go.
//
// A Log that finds out by itself that it has failed is a Breaker. Group commit has
// no timer: while the Log works on a batch the next collects.
//
// # History
//
// Every revision from the last Compact on can be read back, whole, after
// reopening and import too. What is kept is bounded by whoever calls Compact
// (core/cluster: at least Retain revisions, which the user may choose, at most
// twice that), and with it memory, the log's size and the time to open it. Usage
// shows it.
//
// # Like etcd
//
// It follows etcd 3.6 (server/storage/mvcc, server/lease,
// server/etcdserver/api/v3rpc/key.go, server/etcdserver/txn, .../apply) in
// revisions, ranges, transactions, watches, leases, compaction, the space alarm
// and the words of errors; package etcdtest compares it with a real one. Left
// out: members and Raft, authentication, nested transactions, sorting and
// filtering of ranges, watch filters and fragments, progress requests (a
// watcher has always heard of everything up to Revision), lease checkpoints.
// Not the same: a first compaction at revision 0 is refused, and so is a put
// together with a delete of everything from its key on, see checkOverlap.
//
// Nothing here starts a goroutine, reads a clock or lets map order show. Time
// comes in with lease calls and Origins.
//
// # Speed
//
// On two shared cores of an AMD EPYC, values of 800 bytes, ±30 %:
//
//	put, memory                                          1.3 µs
//	update on the condition of a mod revision            1.3 µs
//	put that one of 100 watchers hears                   1.2 µs
//	list of 1,000 keys of 10,000, head / 50,000 writes ago   120 / 95 µs
//	open 100,000 revisions of 10,000 keys, memory        100 ms
//	file: answer a batch of 1 / 20 / 500                 4 / 26 / 490 µs
//	file: the same, waiting for the disk                 0.16 / 0.26 / 1.9 ms
//	file: open 10,000 pods, from records / a snapshot    16 / 11 ms
//	archive: 10,000 pods, 20,000 revisions, out / in     65 / 28 ms
//
// Made by
//
//	go test -run '^$' -bench . ./core/store ./core/store/file ./core/archive
//
// The browser's table, beside a raw IndexedDB loop, is in package indexeddb.
package store
