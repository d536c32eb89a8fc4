//go:build js && wasm

package indexeddb

import (
	"fmt"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
)

// pods writes n keys of 800 bytes, as the API server would, and waits.
func pods(b *testing.B, m *medium, s *store.Store, n int) {
	value := make([]byte, 800)
	for i := range n {
		if _, err := s.Put(fmt.Sprintf("/registry/pods/default/web-7887448d46-%05d", i), value, store.Origin{Actor: "replicaset-controller"}); err != nil {
			b.Fatal(err)
		}
	}
	done := false
	s.Sync(func(err error) {
		if err != nil {
			b.Fatal(err)
		}
		done = true
	})
	s.Flush()
	m.Settle(func() bool { return done })
}

func benchStore(b *testing.B) (*medium, *store.Store) {
	databases++
	m := &medium{name: fmt.Sprintf("%s-%d", b.Name(), databases), loop: make(chan func(), 1000)}
	log, err := m.Open()
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(log, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return m, s
}

// BenchmarkCommit is n writes from the call to the answer.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 20, 500, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m, s := benchStore(b)
			for b.Loop() {
				pods(b, m, s, n)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

// BenchmarkOpen opens 10,000 pods, from records and from a snapshot.
func BenchmarkOpen(b *testing.B) {
	for _, compacted := range []bool{false, true} {
		b.Run(fmt.Sprintf("compacted-%v", compacted), func(b *testing.B) {
			m, s := benchStore(b)
			pods(b, m, s, 10_000)
			if compacted {
				if err := s.Compact(s.Revision()); err != nil {
					b.Fatal(err)
				}
				pods(b, m, s, 1)
			}
			for b.Loop() {
				log, err := m.Open()
				if err != nil {
					b.Fatal(err)
				}
				if s, err = store.Open(log, store.Options{}); err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
	}
}
