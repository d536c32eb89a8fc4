package frame_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/frame"
)

var rewrite = flag.Bool("rewrite", false, "write testdata afresh")

// collector is a Loader that keeps what it is given.
type collector struct {
	snaps   []store.Snapshot
	records []*store.Record
}

func (c *collector) Snapshot(s store.Snapshot) error { c.snaps = append(c.snaps, s); return nil }
func (c *collector) Record(r *store.Record) error    { c.records = append(c.records, r); return nil }

var start = time.Date(2026, 1, 1, 8, 0, 0, 5000, time.UTC)

// The records of version 1's golden file: a Deployment, the ReplicaSet that it
// causes, a lease, an event under it, and its end.
func records() []*store.Record {
	web := store.Origin{Time: start, Actor: "kubectl", Verb: "create", Group: "apps", Resource: "deployments", Namespace: "default", Name: "web",
		Method: "POST", Path: "/apis/apps/v1/namespaces/default/deployments", Code: 201}
	rs := web
	rs.Time, rs.Actor, rs.Causes = start.Add(time.Millisecond), "deployment-controller", []store.Revision{7}
	rs.Resource, rs.Name, rs.Path = "replicasets", "web-7887448d46", "/apis/apps/v1/namespaces/default/replicasets"
	kv := func(key, value string, lease store.LeaseID) store.KeyValue {
		return store.KeyValue{Key: key, Value: []byte(value), Lease: lease}
	}
	return []*store.Record{
		{Index: 9, Revision: 7, Origin: web, Events: []store.Event{{KV: kv("/registry/deployments/default/web", "\x00\xff", 0)}}},
		{Index: 10, Revision: 8, Origin: rs, Events: []store.Event{{KV: kv("/registry/replicasets/default/web-7887448d46", "{}", 0)}}},
		{Index: 11, Revision: 8, Leases: []store.LeaseChange{{Lease: store.Lease{ID: -3, TTL: 3600}}}},
		{Index: 12, Revision: 9, Origin: store.Origin{Time: start, Subresource: "status", Code: 409, Note: "第一"}, Events: []store.Event{
			{KV: kv("/registry/events/default/web.1", "e", -3)}, {Delete: true, KV: kv("/registry/deployments/default/web", "", 0)}}},
		{Index: 13, Revision: 10, Events: []store.Event{{Delete: true, KV: kv("/registry/events/default/web.1", "", 0)}},
			Leases: []store.LeaseChange{{Lease: store.Lease{ID: -3, TTL: 3600}, Revoked: true}}},
	}
}

func snapshot() store.Snapshot {
	return store.Snapshot{Index: 8, Revision: 6, Leases: []store.Lease{{ID: 5, TTL: 60}}, KVs: []store.KeyValue{
		{Key: "/a", Value: []byte("1"), CreateRevision: 2, ModRevision: 4, Version: 3, Lease: 5},
		{Key: "/b", CreateRevision: 6, ModRevision: 6, Version: 1},
	}}
}

// encode is a whole log: the snapshot and one batch.
func encode() []byte {
	var out []byte
	for b := range frame.Snapshots(snapshot()) {
		out = append(out, b...)
	}
	return frame.AppendRecords(out, records())
}

// decode reads all frames of b.
func decode(b []byte, into store.Loader) error {
	r := frame.NewReader(into)
	for len(b) > 0 {
		h, ok := frame.ParseHeader(b)
		n := frame.HeaderLen + h.Len
		if !ok || n > len(b) {
			n = len(b)
		}
		if err := r.Frame(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return r.End()
}

// The bytes of version 1 are fixed: what was written stays readable. A change
// to the golden file needs a new version and a way up from this one.
func TestGolden(t *testing.T) {
	const path = "testdata/v1.hex"
	var lines []string
	for b := encode(); len(b) > 0; b = b[min(32, len(b)):] {
		lines = append(lines, hex.EncodeToString(b[:min(32, len(b))])+"\n")
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(golden), strings.Join(lines, "")); d != "" {
		t.Errorf("encoding (-golden +got):\n%s", d)
	}
	old, err := hex.DecodeString(strings.ReplaceAll(string(golden), "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	var c collector
	if err := decode(old, &c); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(collector{[]store.Snapshot{snapshot()}, records()}, c, cmp.AllowUnexported(collector{}), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("decoding (-want +got):\n%s", d)
	}
}

// A large snapshot comes in chunks, and all of them are needed, in order.
func TestChunks(t *testing.T) {
	snap := store.Snapshot{Revision: 9}
	for i := range 5 {
		snap.KVs = append(snap.KVs, store.KeyValue{Key: string(rune('a' + i)), Value: make([]byte, 600_000), Version: 1, ModRevision: 9})
	}
	var chunks [][]byte
	for b := range frame.Snapshots(snap) {
		chunks = append(chunks, bytes.Clone(b))
	}
	if len(chunks) != 3 {
		t.Fatalf("%d chunks, want 3", len(chunks))
	}
	chunks = append(chunks, frame.AppendRecords(nil, records()))
	for want, order := range map[string][]int{
		"":                               {0, 1, 2},
		"the snapshot has 2 of 3 chunks": {0, 1},
		"the snapshot has 1 of 3 chunks": {0, 3}, // and records behind it
		"chunk 2 of 3 out of order":      {0, 2, 1},
		"chunk 1 of 3 out of order":      {1},
		"chunk 0 of 3 out of order":      {0, 0},
	} {
		var b []byte
		for _, i := range order {
			b = append(b, chunks[i]...)
		}
		var c collector
		err := decode(b, &c)
		if ok := want == ""; ok != (err == nil) || !ok && (!errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), want)) {
			t.Errorf("chunks %v: %v, want %q", order, err, want)
		}
	}
}

// Whatever the bytes, reading ends without panic, and an error is ErrCorrupt.
// The checksums are made right, so that what is behind them is reached.
func FuzzPayload(f *testing.F) {
	b := encode()
	h, _ := frame.ParseHeader(b)
	f.Add(byte(frame.Snapshot), b[frame.HeaderLen:frame.HeaderLen+h.Len])
	f.Add(byte(frame.Records), b[frame.HeaderLen+h.Len+frame.HeaderLen:])
	f.Add(byte(frame.Snapshot), []byte{0, 1, 6, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 1})
	f.Add(byte(frame.Records), []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 1})
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		if kind != frame.Snapshot {
			kind = frame.Records
		}
		err := decode(frame.Seal(append(make([]byte, frame.HeaderLen), payload...), kind, 1), &collector{})
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%v, want %v", err, store.ErrCorrupt)
		}
	})
}

func BenchmarkAppendRecords(b *testing.B) {
	rs := records()
	var buf []byte
	for b.Loop() {
		buf = frame.AppendRecords(buf[:0], rs)
	}
	b.ReportMetric(float64(len(buf))/float64(len(rs)), "B/record")
}
