package file

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
)

// A disk that fills up in the middle of a write leaves part of a frame. When
// there is room again the part goes, and what was refused is written.
func TestResume(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(log, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	put := func(value string) {
		t.Helper()
		if _, err := s.Put("/k", []byte(value), store.Origin{}); err != nil {
			t.Fatal(err)
		}
		s.Flush()
	}
	put("1")
	if _, err := log.f.WriteAt([]byte("Rpart of a frame"), log.size); err != nil {
		t.Fatal(err)
	}
	log.err = full(syscall.ENOSPC)
	put("2")
	if s.Durable() != 2 || !errors.Is(s.Err(), store.ErrNoSpace) {
		t.Fatalf("durable %d, %v", s.Durable(), s.Err())
	}
	s.Disarm(func(err error) {
		if err != nil {
			t.Error(err)
		}
	})
	put("3")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if log, err = Open(path, Options{}); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(log, store.Options{}); err != nil {
		t.Fatal(err)
	}
	if kv, _ := s.Get("/k"); string(kv.Value) != "3" || s.Revision() != 4 {
		t.Errorf("reopened at %d with %q", s.Revision(), kv.Value)
	}
	log.err = errors.New("the disk is on fire")
	log.Resume(func(err error) {
		if err == nil {
			t.Error("resumed after a failure that is not about space")
		}
	})
}
