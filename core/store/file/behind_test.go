package file_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/file"
	"github.com/tabernetes/tabernetes/core/store/storetest"
)

// loop is one that steps the world: it calls what it is handed.
type loop chan func()

func (l loop) post(fn func()) { l <- fn }

// until calls what comes until done reports true.
func (l loop) until(t *testing.T, done func() bool) {
	t.Helper()
	for late := time.After(30 * time.Second); !done(); {
		select {
		case fn := <-l:
			fn()
		case <-late:
			t.Fatal("nothing comes any more")
		}
	}
}

// behind is a medium whose log works behind a loop.
type behind struct {
	medium
	loop loop
}

func (m *behind) Open() (store.Log, error) {
	log, err := m.medium.Open()
	if err != nil {
		return nil, err
	}
	b := file.NewBehind(log.(*file.Log))
	b.Begin(m.loop.post)
	return b, nil
}

func (m *behind) Settle(done func() bool) { m.loop.until(m.t, done) }

func TestBehind(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Medium {
		dir := t.TempDir()
		return &behind{medium{t: t, dir: dir, path: filepath.Join(dir, "log"), n: new(int)}, make(loop, 1000)}
	})
}

// TestBehindGroups: what is written while the disk works is one batch, and
// whoever asked is told of it, in order, by the loop alone.
func TestBehindGroups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, err := file.Open(path, file.Options{Sync: true})
	if err != nil {
		t.Fatal(err)
	}
	b := file.NewBehind(log)
	s, err := store.Open(b, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	jobs := make(loop, 1000)
	b.Begin(jobs.post)
	const writes = 500
	var told []int
	for i := range writes {
		if _, err := s.Put(fmt.Sprint("/k/", i), []byte("v"), store.Origin{}); err != nil {
			t.Fatal(err)
		}
		s.Sync(func(err error) {
			if err != nil {
				t.Error(err)
			}
			told = append(told, i)
		})
		s.Flush()
	}
	if len(told) > 0 {
		t.Error("told without the loop")
	}
	turns := 0
	jobs.until(t, func() bool { turns++; return len(told) == writes })
	for i, n := range told {
		if n != i {
			t.Fatalf("write %d was answered as number %d", n, i)
		}
	}
	if turns > writes/4 {
		t.Errorf("%d turns for %d writes", turns, writes)
	}
}

// TestBehindEnds: a loop that has ended is told nothing, and nothing is lost.
func TestBehindEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, err := file.Open(path, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := file.NewBehind(log)
	s, err := store.Open(b, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.Begin(func(func()) {})
	told := 0
	for i := range 100 {
		s.Put(fmt.Sprint("/k/", i), nil, store.Origin{})
		s.Sync(func(err error) {
			if err == nil {
				told++
			}
		})
		s.Flush()
	}
	b.End()
	if told != 100 || s.Durable() != s.Revision() {
		t.Errorf("%d were told; durable %d of %d", told, s.Durable(), s.Revision())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = open(path); err != nil || s.Revision() != 101 {
		t.Fatal(err)
	}
	s.Close()
}
