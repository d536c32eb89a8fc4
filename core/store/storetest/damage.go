package storetest

import (
	"errors"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
)

// testDamage spoils the medium in many places. A store opened on it either is
// a prefix of what was written, or refuses with ErrCorrupt; never anything
// else.
func testDamage(t *testing.T, m Medium) {
	d, ok := m.(Damageable)
	if !ok {
		t.Log("nothing to damage")
		return
	}
	w := newDriver(t, m, 9)
	for i := range 150 {
		w.step()
		if i%10 == 0 {
			sync(t, m, w.s)
		}
	}
	sync(t, m, w.s)
	if err := w.s.Close(); err != nil {
		t.Fatal(err)
	}
	n := d.Places()
	stride := max(1, n/300)
	var refused, prefixes int
	for at := 0; at < n; at += stride {
		for i, spoilt := range []Medium{d.Flip(at), d.Cut(at)} {
			s, err := tryOpen(spoilt, store.Options{})
			switch {
			case err == nil && w.model.prefixOf(s):
				prefixes++
			case err == nil:
				t.Fatalf("spoilt at %d of %d (%d): opens at revision %d as something that was never there", at, n, i, s.Revision())
			case errors.Is(err, store.ErrCorrupt):
				refused++
			default:
				t.Fatalf("spoilt at %d of %d (%d): %v, want %v", at, n, i, err, store.ErrCorrupt)
			}
			if err == nil {
				s.Close()
			}
		}
	}
	t.Logf("%d places of %d: %d refused, %d opened as a prefix", (n+stride-1)/stride, n, refused, prefixes)
	if refused == 0 || prefixes == 0 {
		t.Errorf("refused %d, opened %d: want some of each", refused, prefixes)
	}
}
