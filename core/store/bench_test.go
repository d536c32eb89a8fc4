package store_test

import (
	"fmt"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

var origin = store.Origin{Actor: "replicaset-controller", Causes: []store.Revision{1}, Verb: "create",
	Resource: "pods", Namespace: "default", Name: "web-7887448d46-abcde", Method: "POST", Path: "/api/v1/namespaces/default/pods", Code: 201}

func podKeys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("/registry/pods/default/web-7887448d46-%05d", i)
	}
	return keys
}

// BenchmarkPut writes 10,000 pods over and over, in slices of 100 writes.
func BenchmarkPut(b *testing.B) {
	keys, value := podKeys(10_000), make([]byte, 800)
	s := open(b, memory.New(), store.Options{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Put(keys[i%len(keys)], value, origin); err != nil {
			b.Fatal(err)
		}
		if i%100 == 0 {
			s.Flush()
		}
		if i%100_000 == 0 && i > 0 {
			s.Compact(s.Revision() - 50_000)
		}
	}
}

// BenchmarkUpdate is what the API server does for an update: a put on the
// condition that nobody was faster.
func BenchmarkUpdate(b *testing.B) {
	keys, value := podKeys(10_000), make([]byte, 800)
	s := open(b, memory.New(), store.Options{})
	mod := make([]store.Revision, len(keys))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		k := i % len(keys)
		resp, err := s.Txn(store.Txn{
			If:     []store.Compare{{Key: keys[k], Target: store.CompareMod, Number: int64(mod[k])}},
			Then:   []store.Op{{Type: store.OpPut, Key: keys[k], Value: value}},
			Else:   []store.Op{{Key: keys[k]}},
			Origin: origin,
		})
		if err != nil || !resp.Succeeded {
			b.Fatal(resp, err)
		}
		mod[k] = resp.Revision
		if i%100 == 0 {
			s.Flush()
		}
		if i%100_000 == 0 && i > 0 {
			s.Compact(s.Revision() - 50_000)
		}
	}
}

// BenchmarkWatch is a put that one of n prefix watchers hears of.
func BenchmarkWatch(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := open(b, memory.New(), store.Options{})
			told := 0
			for i := range n {
				prefix := fmt.Sprintf("/registry/kind-%d/", i)
				_, err := s.Watch(store.WatchRequest{Key: prefix, End: store.PrefixEnd(prefix), PrevKV: true}, func(r store.WatchResponse) { told += len(r.Events) })
				if err != nil {
					b.Fatal(err)
				}
			}
			value := make([]byte, 800)
			b.ReportAllocs()
			writes := 0
			for b.Loop() {
				s.Put("/registry/kind-0/default/web", value, origin)
				writes++
				if writes%100_000 == 0 {
					s.Flush()
					s.Compact(s.Revision())
				}
			}
			if told != writes {
				b.Fatalf("told %d of %d", told, writes)
			}
		})
	}
}

// BenchmarkList reads 1,000 keys out of 10,000 with a long history.
func BenchmarkList(b *testing.B) {
	keys := podKeys(10_000)
	s := open(b, memory.New(), store.Options{})
	for i := range 100_000 {
		s.Put(keys[i%len(keys)], nil, origin)
	}
	for _, rev := range []store.Revision{0, 50_000} {
		b.Run(fmt.Sprintf("revision-%d", rev), func(b *testing.B) {
			for b.Loop() {
				r, err := s.Range(store.RangeRequest{Key: keys[5000], End: keys[6000], Revision: rev})
				if err != nil || len(r.KVs) != 1000 {
					b.Fatal(len(r.KVs), err)
				}
			}
		})
	}
}

// BenchmarkOpen replays 100,000 revisions of 10,000 keys.
func BenchmarkOpen(b *testing.B) {
	keys, log := podKeys(10_000), memory.New()
	s := open(b, log, store.Options{})
	for i := range 100_000 {
		s.Put(keys[i%len(keys)], nil, origin)
	}
	s.Flush()
	for b.Loop() {
		open(b, log, store.Options{})
	}
}
