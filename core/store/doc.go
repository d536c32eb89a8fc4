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
// What a caller may rely on:
//
//   - A store opened from a log is the state after some prefix of the writes,
//     never one with a gap, and the prefix holds every revision that Durable
//     or OnDurable had reported safe. Safe means that it outlives the process,
//     the tab or the browser; at the loss of power only where the Log was told
//     to wait for the disk (file.Options.Sync, indexeddb.Options.Strict).
//   - Writes are visible, and watchers told, before they are durable. Whoever
//     promises something to a person waits for OnDurable; controllers don't.
//   - After a log has failed nothing is written any more (Err says why), and
//     reads go on.
//   - A damaged log is refused with an error that names the record; only what a
//     crash leaves at its end is dropped. Package frame has the format, with
//     its checksums and version.
//   - Nothing here starts a goroutine, reads a clock or lets map order show.
//     Time comes in with lease calls and Origins.
//
// It follows etcd 3.6 (server/storage/mvcc, server/lease,
// server/etcdserver/api/v3rpc/key.go, server/etcdserver/txn) in revisions,
// ranges, transactions, watches, leases, compaction and the words of errors.
// Left out: members and Raft, authentication, nested transactions, sorting and
// filtering of ranges, watch filters, fragments and progress requests (a
// watcher has always heard of everything up to Revision), lease checkpoints,
// and that the space alarm still lets deletes through.
package store
