package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

func open(t testing.TB, log store.Log, opts store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(log, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *store.Store, key, value string) store.Revision {
	t.Helper()
	rev, err := s.Put(key, []byte(value), store.Origin{Actor: "kubectl"})
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// keys is the keys of kvs, with their values.
func show(kvs []store.KeyValue) string {
	var out []string
	for _, kv := range kvs {
		out = append(out, fmt.Sprintf("%s=%s", kv.Key, kv.Value))
	}
	return strings.Join(out, " ")
}

func TestFirstWriteIsRevisionTwo(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	if s.Revision() != 1 {
		t.Fatalf("empty store at revision %d, want 1", s.Revision())
	}
	if rev := put(t, s, "a/1", "x"); rev != 2 {
		t.Fatalf("first write is revision %d, want 2", rev)
	}
	if rev, n, err := s.Delete("b", "c", store.Origin{}); err != nil || rev != 2 || n != 0 {
		t.Fatalf("delete of nothing: revision %d, %d keys, %v; want 2, 0", rev, n, err)
	}
	if rev, n, err := s.Delete("a", "b", store.Origin{}); err != nil || rev != 3 || n != 1 {
		t.Fatalf("delete: revision %d, %d keys, %v; want 3, 1", rev, n, err)
	}
	put(t, s, "a/1", "again")
	kv, ok := s.Get("a/1")
	if want := (store.KeyValue{Key: "a/1", Value: []byte("again"), CreateRevision: 4, ModRevision: 4, Version: 1}); !ok || !cmp.Equal(kv, want) {
		t.Fatalf("after delete and put: %+v, want %+v", kv, want)
	}
}

func TestRange(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	for i, k := range []string{"/a/1", "/a/2", "/a/3", "/b/1", "/b\xff", "/c"} {
		put(t, s, k, fmt.Sprint(i))
	}
	put(t, s, "/a/2", "new")
	s.Delete("/a/3", "", store.Origin{})
	for _, test := range []struct {
		req   store.RangeRequest
		want  string
		count int
		more  bool
		err   error
	}{
		{req: store.RangeRequest{Key: "/a/1"}, want: "/a/1=0", count: 1},
		{req: store.RangeRequest{Key: "/a/3"}},
		{req: store.RangeRequest{Key: "/a/", End: "/a0"}, want: "/a/1=0 /a/2=new", count: 2},
		{req: store.RangeRequest{Key: "/a/", End: "/a0", Revision: 7}, want: "/a/1=0 /a/2=1 /a/3=2", count: 3},
		{req: store.RangeRequest{Key: "/a/", End: "/a0", Revision: 3}, want: "/a/1=0 /a/2=1", count: 2},
		{req: store.RangeRequest{Key: "/a/", End: "/a0", Revision: 1}},
		{req: store.RangeRequest{Key: "/b", End: store.FromKey}, want: "/b/1=3 /b\xff=4 /c=5", count: 3},
		{req: store.RangeRequest{Key: "/b\xff", End: store.PrefixEnd("/b\xff")}, want: "/b\xff=4", count: 1},
		{req: store.RangeRequest{Key: "\x00", End: store.PrefixEnd("\xff\xff"), Limit: 2}, want: "/a/1=0 /a/2=new", count: 5, more: true},
		{req: store.RangeRequest{Key: "/a/2\x00", End: "/b0", Limit: 2}, want: "/b/1=3", count: 1},
		{req: store.RangeRequest{Key: "/b", End: "/a"}},
		{req: store.RangeRequest{Key: "/", End: "0", KeysOnly: true, Limit: 1}, want: "/a/1=", count: 5, more: true},
		{req: store.RangeRequest{Key: "/", End: "0", CountOnly: true}, count: 5},
		{req: store.RangeRequest{Key: "/", End: "0", Revision: 10}, err: store.ErrFutureRev},
		{req: store.RangeRequest{End: "0"}, err: store.ErrEmptyKey},
	} {
		got, err := s.Range(test.req)
		if show(got.KVs) != test.want || got.Count != test.count || got.More != test.more || !errors.Is(err, test.err) {
			t.Errorf("%+v: %q count %d more %v, %v; want %q %d %v, %v",
				test.req, show(got.KVs), got.Count, got.More, err, test.want, test.count, test.more, test.err)
		}
		if err == nil && got.Revision != 9 {
			t.Errorf("%+v: header revision %d, want 9", test.req, got.Revision)
		}
	}
}

// Records is the log as the trace: who, why, what was there before.
func TestRecords(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	put(t, s, "/deployments/web", "1")
	if _, err := s.Put("/deployments/web", []byte("2"), store.Origin{Actor: "deployment-controller", Causes: []store.Revision{2}}); err != nil {
		t.Fatal(err)
	}
	s.Delete("/deployments/web", "", store.Origin{Actor: "kubectl"})
	records, err := s.Records(3, 1)
	if err != nil || len(records) != 1 {
		t.Fatalf("records: %+v, %v", records, err)
	}
	first := store.KeyValue{Key: "/deployments/web", Value: []byte("1"), CreateRevision: 2, ModRevision: 2, Version: 1}
	second := store.KeyValue{Key: "/deployments/web", Value: []byte("2"), CreateRevision: 2, ModRevision: 3, Version: 2}
	equal(t, "record 3", records[0], store.Record{Index: 2, Revision: 3,
		Origin: store.Origin{Actor: "deployment-controller", Causes: []store.Revision{2}},
		Events: []store.Event{{KV: second, Prev: &first}}})
	last, err := s.Record(4)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "events of revision 4", last.Events, []store.Event{{Delete: true, KV: store.KeyValue{Key: "/deployments/web", ModRevision: 4}, Prev: &second}})
	for rev, want := range map[store.Revision]error{1: store.ErrCompacted, 5: store.ErrFutureRev} {
		if _, err := s.Record(rev); !errors.Is(err, want) {
			t.Errorf("record %d: %v, want %v", rev, err, want)
		}
	}
	if all, err := s.Records(0, 0); err != nil || len(all) != 3 {
		t.Errorf("all records: %d, %v", len(all), err)
	}
	if none, err := s.Records(5, 0); err != nil || len(none) != 0 {
		t.Errorf("records after the head: %d, %v", len(none), err)
	}
}

// Compaction forgets deleted keys altogether.
func TestCompactionForgets(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	for i := range 10 {
		put(t, s, fmt.Sprintf("/k/%d", i), "")
	}
	s.Delete("/k/0", "/k/7", store.Origin{})
	put(t, s, "/k/0", "back")
	if err := s.Compact(s.Revision() - 1); err != nil {
		t.Fatal(err)
	}
	if s.Kept() != 4 {
		t.Errorf("%d keys kept, want 4", s.Kept())
	}
	if kv, _ := s.Get("/k/0"); kv.Version != 1 || kv.CreateRevision != 13 {
		t.Errorf("key that came back: %+v", kv)
	}
}
