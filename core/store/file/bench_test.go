package file_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/file"
)

func benchStore(b *testing.B, opts file.Options) (path string, s *store.Store) {
	path = filepath.Join(b.TempDir(), "log")
	log, err := file.Open(path, opts)
	if err != nil {
		b.Fatal(err)
	}
	if s, err = store.Open(log, store.Options{}); err != nil {
		b.Fatal(err)
	}
	return path, s
}

// pods writes n keys of 800 bytes and waits until they are safe.
func pods(b *testing.B, s *store.Store, n int) {
	value := make([]byte, 800)
	for i := range n {
		if _, err := s.Put(fmt.Sprintf("/registry/pods/default/web-7887448d46-%05d", i), value, store.Origin{Actor: "replicaset-controller"}); err != nil {
			b.Fatal(err)
		}
	}
	s.Flush()
	if s.Durable() != s.Revision() {
		b.Fatal(s.Err())
	}
}

// BenchmarkCommit is n writes from the call to the answer, with and without
// waiting for the disk.
func BenchmarkCommit(b *testing.B) {
	for _, sync := range []bool{false, true} {
		for _, n := range []int{1, 20, 500} {
			b.Run(fmt.Sprintf("sync=%v/%d", sync, n), func(b *testing.B) {
				_, s := benchStore(b, file.Options{Sync: sync})
				for written := 0; b.Loop(); written += n {
					pods(b, s, n)
					if written > 20_000 {
						b.StopTimer()
						if err := s.Compact(s.Revision()); err != nil {
							b.Fatal(err)
						}
						s.Flush()
						written = 0
						b.StartTimer()
					}
				}
			})
		}
	}
}

// BenchmarkOpen opens 10,000 pods, from records and from a snapshot.
func BenchmarkOpen(b *testing.B) {
	for _, compacted := range []bool{false, true} {
		b.Run(fmt.Sprintf("compacted=%v", compacted), func(b *testing.B) {
			path, s := benchStore(b, file.Options{})
			pods(b, s, 10_000)
			if compacted {
				if err := s.Compact(s.Revision()); err != nil {
					b.Fatal(err)
				}
			}
			s.Flush()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				log, err := file.Open(path, file.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if s, err = store.Open(log, store.Options{}); err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
