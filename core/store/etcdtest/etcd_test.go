package etcdtest

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
)

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestSameAsEtcd is the comparison: no difference in any answer, refusal,
// event or revision.
func TestSameAsEtcd(t *testing.T) {
	n, seed := number(t, "TABERNETES_ETCD_OPERATIONS", 800), number(t, "TABERNETES_SEED", 1)
	d := newDuel(t, uint64(seed))
	for d.total() < n {
		d.block()
	}
	t.Logf("etcd %s, seed %d: %d operations, %d watch events, up to revision %d: %d differences",
		d.version, seed, d.total(), d.events, d.s.Revision(), d.differences)
	for _, kind := range slices.Sorted(maps.Keys(d.operations)) {
		t.Logf("%7d %s", d.operations[kind], kind)
	}
	for _, words := range slices.Sorted(maps.Keys(d.refusals)) {
		t.Logf("%7d refused: %s", d.refusals[words], words)
	}
	if d.differences > 0 {
		t.Errorf("seed %d: %d differences from etcd", seed, d.differences)
	}
}

// TestNoticesADifference has one write less on one side.
func TestNoticesADifference(t *testing.T) {
	d := newDuel(t, 2)
	for range 20 {
		d.step()
	}
	if _, err := d.s.Put("/only/ours", nil, store.Origin{}); err != nil {
		t.Fatal(err)
	}
	before := d.differences
	d.quiet = true
	for range 20 {
		d.step()
	}
	if before != 0 || d.differences == 0 {
		t.Errorf("%d differences before the stores were made to differ, %d after", before, d.differences)
	}
}

// TestExpiryAndProgress lets a lease run out, in etcd's real seconds and the
// store's virtual ones, and asks for the watch's progress.
func TestExpiryAndProgress(t *testing.T) {
	d := newDuel(t, 3)
	l, err := d.s.Grant(d.now, 1, 1)
	d.call("lease grant", "/v3/lease/grant", object{"ID": "1", "TTL": "1"}, theirLease, fmt.Sprintf(leaseForm, l.ID, l.TTL, d.s.Revision()), err)
	w := &watch{req: store.WatchRequest{Key: "/", End: "0", PrevKV: true}}
	w.theirs = d.etcd.stream(t, "/v3/watch", object{"create_request": object{"key": encode("/"), "range_end": encode("0"), "prev_kv": true}})
	w.theirs.next(t)
	if w.watcher, err = d.s.Watch(w.req, func(r store.WatchResponse) {
		for i := range r.Events {
			w.ours = append(w.ours, ourEvent(&r.Events[i]))
		}
	}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"/b", "/a", "/c"} {
		op := store.Op{Type: store.OpPut, Key: key, Lease: 1}
		d.single("put", "/v3/kv/put", op, putRequest(op), theirPut)
	}
	gone, err := d.s.Expire(d.now.Add(time.Duration(l.TTL)*time.Second), store.Origin{})
	if err != nil || len(gone) != 1 {
		t.Fatalf("expired %v, %v", gone, err)
	}
	d.compareEvents(w) // waits until etcd's has run out too
	d.read(store.Op{Key: "/", End: "0"})

	progress := d.etcd.stream(t, "/v3/watch", object{"create_request": object{"key": encode("/")}}, object{"progress_request": object{}})
	defer progress.close()
	progress.next(t)
	d.compare("progress", fmt.Sprint(theirRevision(progress.next(t))), fmt.Sprint(d.s.Revision()))
	if d.differences > 0 || d.events != 6 {
		t.Errorf("%d differences, %d events", d.differences, d.events)
	}
	w.theirs.close()
}
