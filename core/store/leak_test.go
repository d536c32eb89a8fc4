package store_test

import (
	"runtime"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// What a compaction drops is given back: neither the newest version of a key nor
// the records that are left hold on to what came before.
func TestCompactFrees(t *testing.T) {
	s := open(t, memory.New(), store.Options{})
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for range 4000 {
		for _, key := range []string{"/a", "/b"} {
			if _, err := s.Put(key, make([]byte, 4000), origin); err != nil {
				t.Fatal(err)
			}
		}
		s.Flush()
	}
	full := heap() - before
	if err := s.Compact(s.Revision()); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	if left := heap() - before; full < 32_000_000 || left > full/20 {
		t.Errorf("8,000 versions took %d kB, and after compaction %d kB", full/1000, left/1000)
	}
	runtime.KeepAlive(s)
}
