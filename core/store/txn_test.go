package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

func TestCompare(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	put(t, s, "/a", "1")  // 2
	put(t, s, "/a", "2")  // 3
	put(t, s, "/b", "xx") // 4
	for _, test := range []struct {
		c    store.Compare
		want bool
	}{
		{store.Compare{Key: "/a", Target: store.CompareMod, Number: 3}, true},
		{store.Compare{Key: "/a", Target: store.CompareMod, Number: 2}, false},
		{store.Compare{Key: "/a", Target: store.CompareMod, Result: store.Greater, Number: 2}, true},
		{store.Compare{Key: "/a", Target: store.CompareMod, Result: store.Less, Number: 3}, false},
		{store.Compare{Key: "/a", Target: store.CompareMod, Result: store.NotEqual, Number: 2}, true},
		{store.Compare{Key: "/a", Target: store.CompareCreate, Number: 2}, true},
		{store.Compare{Key: "/a", Target: store.CompareVersion, Number: 2}, true},
		{store.Compare{Key: "/a", Target: store.CompareLease, Number: 0}, true},
		{store.Compare{Key: "/a", Target: store.CompareValue, Value: []byte("2")}, true},
		{store.Compare{Key: "/a", Target: store.CompareValue, Result: store.Greater, Value: []byte("1")}, true},
		{store.Compare{Key: "/none", Target: store.CompareVersion, Number: 0}, true},
		{store.Compare{Key: "/none", Target: store.CompareMod, Result: store.Greater}, false},
		{store.Compare{Key: "/none", Target: store.CompareValue, Value: nil}, false},
		{store.Compare{Key: "/none", Target: store.CompareValue, Result: store.NotEqual, Value: []byte("x")}, false},
		{store.Compare{Key: "/", End: "0", Target: store.CompareMod, Result: store.Less, Number: 5}, true},
		{store.Compare{Key: "/", End: "0", Target: store.CompareMod, Result: store.Less, Number: 4}, false},
		{store.Compare{Key: "/x", End: "/z", Target: store.CompareMod, Number: 0}, true},
	} {
		resp, err := s.Txn(store.Txn{If: []store.Compare{test.c}})
		if err != nil || resp.Succeeded != test.want {
			t.Errorf("%+v: %v, %v; want %v", test.c, resp.Succeeded, err, test.want)
		}
	}
	if s.Revision() != 4 {
		t.Errorf("comparing made revisions: at %d, want 4", s.Revision())
	}
}

// Operations see what those before them did, and all make one revision.
func TestTxnSeesItself(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	put(t, s, "/a", "1")
	put(t, s, "/b", "1")
	resp, err := s.Txn(store.Txn{
		If: []store.Compare{{Key: "/a", Target: store.CompareMod, Number: 2}},
		Then: []store.Op{
			{Type: store.OpPut, Key: "/a", Value: []byte("2"), PrevKV: true},
			{Key: "/", End: "0"},
			{Type: store.OpDelete, Key: "/b", End: "/c", PrevKV: true},
			{Type: store.OpDelete, Key: "/b"},
			{Key: "/", End: "0", Limit: 1},
			{Key: "/", End: "0", Revision: 3},
			{Type: store.OpPut, Key: "/d", Value: []byte("new"), PrevKV: true},
		},
		Else: []store.Op{{Type: store.OpPut, Key: "/else"}},
	})
	if err != nil || !resp.Succeeded || resp.Revision != 4 || s.Revision() != 4 {
		t.Fatalf("%+v, %v", resp, err)
	}
	for i, want := range []struct {
		kvs   string
		count int
	}{{"/a=1", 0}, {"/a=2 /b=1", 2}, {"/b=1", 1}, {"", 0}, {"/a=2", 1}, {"/a=1 /b=1", 2}, {"", 0}} {
		if r := resp.Responses[i]; show(r.KVs) != want.kvs || r.Count != want.count {
			t.Errorf("response %d: %q, count %d; want %q, %d", i, show(r.KVs), r.Count, want.kvs, want.count)
		}
	}
	r, err := s.Record(4)
	if err != nil || len(r.Events) != 3 {
		t.Errorf("record: %+v, %v", r, err)
	}
}

func TestTxnIgnore(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	l, err := s.Grant(now, 0, 60)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []store.Op{
		{Type: store.OpPut, Key: "/a", Value: []byte("1"), Lease: l.ID},
		{Type: store.OpPut, Key: "/a", Value: []byte("2"), IgnoreLease: true},
		{Type: store.OpPut, Key: "/a", IgnoreValue: true},
	} {
		if _, err := s.Txn(store.Txn{Then: []store.Op{op}}); err != nil {
			t.Fatal(err)
		}
	}
	for rev, want := range map[store.Revision]store.KeyValue{
		3: {Key: "/a", Value: []byte("2"), CreateRevision: 2, ModRevision: 3, Version: 2, Lease: l.ID},
		4: {Key: "/a", Value: []byte("2"), CreateRevision: 2, ModRevision: 4, Version: 3},
	} {
		got, err := s.Range(store.RangeRequest{Key: "/a", Revision: rev})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "range", got.KVs, []store.KeyValue{want})
	}
}

// What is refused changes nothing, and is refused in etcd's words.
func TestTxnRefused(t *testing.T) {
	put1 := func(key string) store.Op { return store.Op{Type: store.OpPut, Key: key} }
	s := open(t, memory.New(), store.Options{MaxTxnOps: 3, MaxRequestBytes: 100})
	put(t, s, "/a", "1")
	put(t, s, "/a", "2")
	if err := s.Compact(3); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		txn  store.Txn
		want string
	}{
		{store.Txn{Then: []store.Op{put1("/x"), {Type: store.OpPut}}}, "etcdserver: key is not provided"},
		{store.Txn{Else: []store.Op{{Type: store.OpDelete}}}, "etcdserver: key is not provided"},
		{store.Txn{If: []store.Compare{{}}}, "etcdserver: key is not provided"},
		{store.Txn{Then: []store.Op{put1("/x"), put1("/x")}}, "etcdserver: duplicate key given in txn request"},
		{store.Txn{Then: []store.Op{put1("/x"), {Type: store.OpDelete, Key: "/", End: "0"}}}, "etcdserver: duplicate key given in txn request"},
		{store.Txn{Then: []store.Op{{Type: store.OpDelete, Key: "/", End: store.FromKey}, put1("/x")}}, "etcdserver: duplicate key given in txn request"},
		{store.Txn{Then: []store.Op{put1("1"), put1("2"), put1("3"), put1("4")}}, "etcdserver: too many operations in txn request"},
		{store.Txn{Then: []store.Op{{Type: store.OpPut, Key: "/x", Value: make([]byte, 100)}}}, "etcdserver: request is too large"},
		{store.Txn{Then: []store.Op{{Type: store.OpPut, Key: "/x", Lease: 9}}}, "etcdserver: requested lease not found"},
		{store.Txn{Then: []store.Op{{Type: store.OpPut, Key: "/none", IgnoreValue: true}}}, "etcdserver: key not found"},
		{store.Txn{Then: []store.Op{{Type: store.OpPut, Key: "/none", IgnoreLease: true}}}, "etcdserver: key not found"},
		{store.Txn{Then: []store.Op{{Type: store.OpPut, Key: "/a", IgnoreValue: true, Value: []byte("x")}}}, "etcdserver: value is provided"},
		{store.Txn{Then: []store.Op{{Type: store.OpPut, Key: "/a", IgnoreLease: true, Lease: 9}}}, "etcdserver: lease is provided"},
		{store.Txn{Then: []store.Op{put1("/x"), {Key: "/a", Revision: 2}}}, "etcdserver: mvcc: required revision has been compacted"},
		{store.Txn{Then: []store.Op{{Key: "/a", Revision: 2}, {Type: store.OpPut, Key: "/x", Lease: 9}}}, "etcdserver: mvcc: required revision has been compacted"},
		{store.Txn{Then: []store.Op{put1("/x"), {Key: "/a", Revision: 4}}}, "etcdserver: mvcc: required revision is a future revision"},
	} {
		if _, err := s.Txn(test.txn); err == nil || err.Error() != test.want {
			t.Errorf("%+v: %v, want %s", test.txn, err, test.want)
		}
		if got, _ := s.Range(store.RangeRequest{Key: "\x00", End: store.FromKey}); show(got.KVs) != "/a=2" || s.Revision() != 3 {
			t.Fatalf("%+v changed something: %q at %d", test.txn, show(got.KVs), s.Revision())
		}
	}
	if _, err := s.Put("/x", []byte(strings.Repeat("x", 98)), store.Origin{}); err != nil {
		t.Errorf("put of just the limit: %v", err)
	}
	if _, err := s.Txn(store.Txn{Then: []store.Op{{Type: store.OpDelete, Key: "/x"}, {Type: store.OpDelete, Key: "/", End: "0"}}}); err != nil {
		t.Errorf("two deletes of a key: %v", err)
	}
	if _, err := s.Put("", nil, store.Origin{}); !errors.Is(err, store.ErrEmptyKey) {
		t.Errorf("put without a key: %v", err)
	}
}
