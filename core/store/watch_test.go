package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// heard collects what a watcher is told, a line each.
type heard []string

func (h *heard) hear(r store.WatchResponse) {
	if r.CompactRevision > 0 {
		*h = append(*h, fmt.Sprintf("compacted %d", r.CompactRevision))
	}
	for _, e := range r.Events {
		prev := ""
		if e.Prev != nil {
			prev = " was " + string(e.Prev.Value)
		}
		if e.Delete {
			*h = append(*h, fmt.Sprintf("%d delete %s%s", r.Revision, e.KV.Key, prev))
		} else {
			*h = append(*h, fmt.Sprintf("%d put %s=%s%s", r.Revision, e.KV.Key, e.KV.Value, prev))
		}
	}
}

func watch(t *testing.T, s *store.Store, req store.WatchRequest, fn func(store.WatchResponse)) *store.Watcher {
	t.Helper()
	w, err := s.Watch(req, fn)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWatch(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	put(t, s, "/p/1", "a")
	put(t, s, "/q/1", "b")
	put(t, s, "/p/1", "c")
	var past, live, one, from, future heard
	watch(t, s, store.WatchRequest{Key: "/p/", End: store.PrefixEnd("/p/"), StartRevision: 1, PrevKV: true}, past.hear)
	w := watch(t, s, store.WatchRequest{Key: "/p/", End: store.PrefixEnd("/p/")}, live.hear)
	watch(t, s, store.WatchRequest{Key: "/q/1", PrevKV: true}, one.hear)
	watch(t, s, store.WatchRequest{Key: "/q", End: store.FromKey, StartRevision: 3}, from.hear)
	watch(t, s, store.WatchRequest{Key: "/p/", End: "/p0", StartRevision: 6}, future.hear)
	_, err := s.Txn(store.Txn{Then: []store.Op{
		{Type: store.OpDelete, Key: "/p/", End: "/p0"},
		{Type: store.OpPut, Key: "/q/1", Value: []byte("d")},
		{Type: store.OpPut, Key: "/q/2", Value: []byte("e")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.Cancel()
	w.Cancel()
	put(t, s, "/p/2", "f")
	equal(t, "past", past, heard{"2 put /p/1=a", "4 put /p/1=c was a", "5 delete /p/1 was c", "6 put /p/2=f"})
	equal(t, "live", live, heard{"5 delete /p/1"})
	equal(t, "one", one, heard{"5 put /q/1=d was b"})
	equal(t, "from", from, heard{"3 put /q/1=b", "5 put /q/1=d", "5 put /q/2=e"})
	equal(t, "future", future, heard{"6 put /p/2=f"})
	if _, err := s.Watch(store.WatchRequest{Key: "/p", End: "/p"}, nil); !errors.Is(err, store.ErrEmptyWatchRange) {
		t.Errorf("empty range: %v", err)
	}
}

// A callback may write, watch, cancel and compact. Everyone hears of all
// revisions in order.
func TestWatchReentrant(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	all := store.WatchRequest{Key: "\x00", End: store.FromKey}
	var first, second, inner heard
	var cancelled *store.Watcher
	watch(t, s, all, func(r store.WatchResponse) {
		first.hear(r)
		if r.Revision == 2 {
			put(t, s, "/echo", "1")
			put(t, s, "/echo", "2")
			if err := s.Compact(4); err != nil {
				t.Error(err)
			}
			watch(t, s, store.WatchRequest{Key: "\x00", End: store.FromKey, StartRevision: 4}, inner.hear)
			cancelled.Cancel()
		}
	})
	cancelled = watch(t, s, all, func(store.WatchResponse) { t.Error("told after Cancel") })
	watch(t, s, all, second.hear)
	put(t, s, "/a", "1")
	put(t, s, "/b", "1")
	want := heard{"2 put /a=1", "3 put /echo=1", "4 put /echo=2", "5 put /b=1"}
	equal(t, "first", first, want)
	equal(t, "second", second, want)
	equal(t, "inner", inner, want[2:])
}

// History that is compacted while it is being told ends the watch.
func TestWatchCompactedOnTheWay(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	for i := range 5 {
		put(t, s, "/a", fmt.Sprint(i))
	}
	var h heard
	watch(t, s, store.WatchRequest{Key: "/a", StartRevision: 2}, func(r store.WatchResponse) {
		h.hear(r)
		if r.Revision == 3 && r.CompactRevision == 0 {
			if err := s.Compact(5); err != nil {
				t.Error(err)
			}
		}
	})
	put(t, s, "/a", "more")
	equal(t, "heard", h, heard{"2 put /a=0", "3 put /a=1", "compacted 5"})
}

// What watchers are told belongs to the log: the same events, not copies.
func TestWatchSharesEvents(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	var got []store.Event
	watch(t, s, store.WatchRequest{Key: "/", End: "0", PrevKV: true}, func(r store.WatchResponse) { got = r.Events })
	put(t, s, "/a", "1")
	r, err := s.Record(2)
	if err != nil || len(got) != 1 || &got[0] != &r.Events[0] {
		t.Errorf("events were copied: %v, %v", got, err)
	}
}

func TestPrefixEnd(t *testing.T) {
	for prefix, want := range map[string]string{"/a/": "/a0", "a\xff": "b", "\xff\xff": store.FromKey, "": store.FromKey} {
		if got := store.PrefixEnd(prefix); got != want {
			t.Errorf("PrefixEnd(%q) = %q, want %q", prefix, got, want)
		}
	}
	keys := []string{"a", "a/", "a/b", "a0", "b"}
	got := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k < "a/" || k >= store.PrefixEnd("a/") })
	equal(t, "keys with prefix a/", got, []string{"a/", "a/b"})
}
