//go:build js && wasm

package indexeddb

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/store"
)

// TestArchive has a cluster leave one database as a file and arrive in another.
func TestArchive(t *testing.T) {
	from := newMedium(t)
	s := openStore(t, from)
	for i := range 1200 {
		put(t, s, fmt.Sprint("/k/", i%30), fmt.Sprint(i))
	}
	if err := s.Compact(100); err != nil {
		t.Fatal(err)
	}
	settle(t, from, s)
	var file bytes.Buffer
	if err := archive.Export(&file, s, archive.Info{Name: "mine"}); err != nil {
		t.Fatal(err)
	}
	log, info, err := archive.Import(&file)
	if err != nil || info.Name != "mine" {
		t.Fatalf("%+v, %v", info, err)
	}

	place := newMedium(t)
	to, err := place.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := await(place, func(fn func(error)) {
		if err := archive.Restore(to, log, fn); err != nil {
			t.Fatal(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	again := openStore(t, place)
	all := store.RangeRequest{Key: "\x00", End: store.FromKey, Revision: 700}
	got, gotErr := again.Range(all)
	want, wantErr := s.Range(all)
	if gotErr != nil || wantErr != nil || fmt.Sprint(got) != fmt.Sprint(want) || again.Revision() != s.Revision() || again.CompactRevision() != 100 {
		t.Errorf("arrived at %d, compacted at %d; %v, %v\n%v\n%v", again.Revision(), again.CompactRevision(), gotErr, wantErr, got, want)
	}
	if to, err = place.Open(); err != nil {
		t.Fatal(err)
	}
	if err := archive.Restore(to, log, func(error) {}); !errors.Is(err, archive.ErrNotEmpty) {
		t.Errorf("restored over another cluster: %v", err)
	}
}
