package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
)

// testReadBack reads every key at every revision there ever was, one by one:
// as it was then, also after compactions and reopenings in between, or refused
// because it has been compacted.
func testReadBack(t *testing.T, m Medium) {
	d := newDriver(t, m, 11)
	for range 6 {
		for range 60 {
			d.step()
		}
		d.readBack()
		if d.model.rev() > d.model.compacted+10 {
			if err := d.s.Compact(d.model.rev() - 10); err != nil {
				t.Fatal(err)
			}
			d.model.compacted = d.model.rev() - 10
		}
		d.readBack()
		sync(t, d.m, d.s)
		d.open()
		d.readBack()
	}
}

func (d *driver) readBack() {
	d.t.Helper()
	for i, state := range d.model.states {
		rev := store.Revision(i + 1)
		for k := range 24 {
			key := fmt.Sprintf("/%c/%d", 'a'+k/8, k%8)
			got, err := d.s.Range(store.RangeRequest{Key: key, Revision: rev})
			if rev < d.model.compacted {
				if !errors.Is(err, store.ErrCompacted) {
					d.t.Fatalf("%s at %d, compacted at %d: %v", key, rev, d.model.compacted, err)
				}
				continue
			}
			var want []store.KeyValue
			if kv, ok := state[key]; ok {
				want = append(want, kv)
			}
			if err != nil || !slices.EqualFunc(got.KVs, want, sameKV) {
				d.t.Fatalf("%s at %d: %+v, %v, want %+v", key, rev, got.KVs, err, want)
			}
		}
	}
}
