package etcdtest

import (
	"fmt"

	"github.com/tabernetes/tabernetes/core/store"
)

// watch is one watch of both: what the store told, and etcd's stream.
type watch struct {
	req       store.WatchRequest
	ours      []string
	compacted store.Revision // where ours was cancelled
	watcher   *store.Watcher
	theirs    *stream
}

// openWatch watches from now on, from a past revision, from a compacted one,
// or from one that is still to come.
func (d *duel) openWatch() {
	d.operations["watch"]++
	w := &watch{req: store.WatchRequest{PrevKV: d.rng.IntN(2) == 0}}
	for w.req.Key == "" || w.req.End != "" && w.req.End != store.FromKey && w.req.Key >= w.req.End {
		w.req.Key, w.req.End = d.bounds()
	}
	switch head := d.s.Revision(); d.rng.IntN(4) {
	case 0:
		w.req.StartRevision = 1 + store.Revision(d.rng.Int64N(int64(head)+5))
	case 1, 2:
		w.req.StartRevision = max(d.s.CompactRevision(), head-store.Revision(d.rng.IntN(200)), 1)
	}
	if d.old && w.req.StartRevision == d.s.CompactRevision() && w.req.StartRevision > 0 {
		w.req.StartRevision++ // 3.4 forgets the deletes of the revision compacted at
	}
	w.theirs = d.etcd.stream(d.t, "/v3/watch", object{"create_request": object{
		"key": encode(w.req.Key), "range_end": encode(w.req.End), "start_revision": fmt.Sprint(w.req.StartRevision), "prev_kv": w.req.PrevKV}})
	if created := w.theirs.next(d.t); !created.is("created") {
		d.compare(w.req, fmt.Sprint(created), "created")
	}
	var err error
	w.watcher, err = d.s.Watch(w.req, func(r store.WatchResponse) {
		w.compacted = r.CompactRevision
		for i := range r.Events {
			w.ours = append(w.ours, ourEvent(&r.Events[i]))
		}
	})
	if err != nil {
		d.t.Fatalf("watch %+v: %v", w.req, err)
	}
	d.watches = append(d.watches, w)
}

// closeWatches writes a last time into each watch, so that it is known when
// etcd has told everything, and compares.
func (d *duel) closeWatches() {
	for _, w := range d.watches {
		if w.compacted == 0 {
			op := store.Op{Type: store.OpPut, Key: w.req.Key, Value: []byte("last")}
			if w.req.StartRevision > d.s.Revision()+1 {
				d.t.Fatalf("block too short for a watch from revision %d", w.req.StartRevision)
			}
			d.single("put", "/v3/kv/put", op, putRequest(op), theirPut)
		}
	}
	for _, w := range d.watches {
		if w.compacted > 0 {
			cancelled := w.theirs.next(d.t)
			d.compare(w.req, fmt.Sprint(cancelled.is("canceled"), " ", cancelled.number("compact_revision")), fmt.Sprint(true, " ", w.compacted))
		} else {
			d.compareEvents(w)
		}
		w.watcher.Cancel()
		w.theirs.close()
	}
	d.watches = nil
}

// compareEvents reads as many of etcd's events as the store told, and holds
// each against its own. One too many shows at the next: revisions differ.
func (d *duel) compareEvents(w *watch) {
	var theirs []string
	for len(theirs) < len(w.ours) {
		answer, ok := w.theirs.await()
		if !ok {
			break
		}
		for _, e := range answer.list("events") {
			theirs = append(theirs, theirEvent(e))
		}
	}
	d.compare(w.req, fmt.Sprint(len(theirs), " events"), fmt.Sprint(len(w.ours), " events"))
	for i := range min(len(theirs), len(w.ours)) {
		d.compare(w.req, theirs[i], w.ours[i])
	}
	d.events += len(w.ours)
}
