package file_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/file"
)

// counter counts what a log loads.
type counter struct{ records, keys int }

func (c *counter) Snapshot(s store.Snapshot) error { c.keys += len(s.KVs); return nil }
func (c *counter) Record(*store.Record) error      { c.records++; return nil }

// TestBounded writes a hundred times what is retained, by the policy that the
// cluster has: the file stays as large as some multiple of the state, and so
// does what opening it has to read, however much was written.
func TestBounded(t *testing.T) {
	const retain, keys, writes = 1000, 200, 100_000
	path := filepath.Join(t.TempDir(), "log")
	log, err := file.Open(path, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(log, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 500)
	var largest int64
	written := 0
	for i := range writes {
		key := fmt.Sprintf("/registry/pods/default/web-%d", i%keys)
		if _, err := s.Put(key, value, store.Origin{Actor: "kubelet/node-1", Verb: "update", Name: key}); err != nil {
			t.Fatal(err)
		}
		written += len(key) + len(value)
		if i%100 == 0 {
			s.Flush()
			if head := s.Revision(); head-max(1, s.CompactRevision()) > 2*retain {
				if err := s.Compact(head - retain); err != nil {
					t.Fatal(err)
				}
			}
			largest = max(largest, log.Size())
		}
	}
	s.Flush()
	u := s.Usage()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if log, err = file.Open(path, file.Options{}); err != nil {
		t.Fatal(err)
	}
	var c counter
	if err := log.Load(&c); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d writes, %d bytes: the log was never larger than %d; opening reads %d keys and %d records; %+v", writes, written, largest, c.keys, c.records, u)
	const records = 2*retain + 100 + 500 + 1 // between two looks, and a frame that stays whole
	if limit := int64((records + keys) * 650); largest > limit {
		t.Errorf("the log grew to %d bytes, more than %d", largest, limit)
	}
	if c.records > records || c.keys != keys {
		t.Errorf("opening reads %d keys and %d records, want %d and at most %d", c.keys, c.records, keys, records)
	}
	if u.Keys != keys || u.Revisions > 2*retain+101 || u.LogBytes > largest || u.Oldest < writes-2*retain-100 || u.Bytes > int64(u.Versions*520) {
		t.Errorf("usage %+v", u)
	}
}
