//go:build js && wasm

package indexeddb

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"
	"testing"

	"github.com/hack-pad/go-indexeddb/idb"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/storetest"
)

// medium is a database, and the loop that its logs' answers are run on.
type medium struct {
	t    *testing.T
	name string
	loop chan func()
}

var databases int

func newMedium(t *testing.T) *medium {
	databases++
	return &medium{t: t, name: fmt.Sprintf("%s-%d", t.Name(), databases), loop: make(chan func(), 1000)}
}

func (m *medium) Open() (store.Log, error) {
	return Open(m.name, Options{Post: func(f func()) { m.loop <- f }})
}

func (m *medium) Settle(done func() bool) {
	for !done() {
		(<-m.loop)()
	}
}

// rows is what the database holds, in order, but for its fences.
func (m *medium) rows() (rows []row) {
	m.t.Helper()
	l, err := Open(m.name, Options{Post: func(f func()) { f() }})
	if err != nil {
		m.t.Fatal(err)
	}
	defer l.Close()
	for _, name := range []string{snapshotStore, logStore} {
		tx, err := l.db.Transaction(idb.TransactionReadOnly, name)
		if err != nil {
			m.t.Fatal(err)
		}
		s, err := tx.ObjectStore(name)
		if err != nil {
			m.t.Fatal(err)
		}
		req, err := s.OpenCursor(idb.CursorNext)
		if err != nil {
			m.t.Fatal(err)
		}
		err = req.Iter(context.Background(), func(c *idb.CursorWithValue) error {
			key, _ := c.Key()
			v, _ := c.Value()
			if v.Type() == js.TypeNumber {
				return nil // a fence
			}
			b := make([]byte, v.Length())
			js.CopyBytesToGo(b, v)
			rows = append(rows, row{name, key.Int(), b})
			return nil
		})
		if err != nil {
			m.t.Fatal(err)
		}
	}
	return rows
}

type row struct {
	store string
	key   int
	value []byte
}

// with is a new database that holds the rows.
func (m *medium) with(rows []row) *medium {
	m.t.Helper()
	c := newMedium(m.t)
	l, err := Open(c.name, Options{Post: func(f func()) { f() }})
	if err != nil {
		m.t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.takeOver(); err != nil {
		m.t.Fatal(err)
	}
	done := make(chan error, 1)
	l.enqueue(job{
		durability: relaxed,
		requests: func(tx js.Value) {
			for _, r := range rows {
				tx.Call("objectStore", r.store).Call("add", toJS(r.value), r.key)
			}
		},
		noted: func() {},
		done:  func(err error) { done <- err },
	})
	if err := <-done; err != nil {
		m.t.Fatal(err)
	}
	return c
}

// Places are the bytes of all rows.
func (m *medium) Places() (n int) {
	for _, r := range m.rows() {
		n += len(r.value)
	}
	return n
}

func (m *medium) Flip(at int) storetest.Medium {
	rows := m.rows()
	for _, r := range rows {
		if at < len(r.value) {
			r.value[at] ^= 0x41
			break
		}
		at -= len(r.value)
	}
	return m.with(rows)
}

// Cut keeps the rows before the one that holds the place.
func (m *medium) Cut(at int) storetest.Medium {
	rows := m.rows()
	for i, r := range rows {
		if at < len(r.value) {
			return m.with(rows[:i])
		}
		at -= len(r.value)
	}
	return m.with(rows)
}

func TestLog(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Medium { return newMedium(t) })
}

// A log that another has taken over from fails, and what the other wrote
// stays.
func TestFence(t *testing.T) {
	for _, compacted := range []bool{false, true} {
		m := newMedium(t)
		first := openStore(t, m)
		put(t, first, "/k", "one")
		settle(t, m, first)

		second := openStore(t, m)
		for range 5 {
			put(t, second, "/k", "two")
			settle(t, m, second)
		}
		if compacted {
			if err := second.Compact(second.Revision()); err != nil {
				t.Fatal(err)
			}
			settle(t, m, second)
		}

		put(t, first, "/k", "lost")
		var got error
		first.OnDurable(first.Revision(), func(err error) { got = err })
		first.Flush()
		m.Settle(func() bool { return got != nil })
		if !errors.Is(got, ErrFenced) || !errors.Is(got, store.ErrStopped) {
			t.Errorf("write after takeover: %v, want %v", got, ErrFenced)
		}
		if _, err := first.Put("/k", nil, store.Origin{}); !errors.Is(err, ErrFenced) {
			t.Errorf("next write after takeover: %v, want %v", err, ErrFenced)
		}
		if kv, _ := first.Get("/k"); string(kv.Value) != "lost" {
			t.Errorf("reads do not go on: %q", kv.Value)
		}
		put(t, second, "/k", "three")
		settle(t, m, second)
		if kv, _ := openStore(t, m).Get("/k"); string(kv.Value) != "three" || kv.ModRevision != 8 {
			t.Errorf("reopened: %+v", kv)
		}
	}
}

// Owners that were told too late are stopped by their fences: before the new
// owner has written anything, after, when its records have been compacted away,
// and when others have come after it. Nothing of what they write is there.
func TestLateOwners(t *testing.T) {
	for _, when := range []string{"at once", "after writes", "after compaction"} {
		t.Run(when, func(t *testing.T) {
			m := newMedium(t)
			var late []*store.Store
			want := int64(1)
			s := openStore(t, m)
			for i := range 4 {
				if i > 0 {
					late, s = append(late, s), openStore(t, m)
				}
				if i == 2 {
					continue // one that never wrote
				}
				for range 5 {
					put(t, s, "/k", fmt.Sprint("owner ", i))
					settle(t, m, s)
					want++
				}
			}
			late, s = append(late, s), openStore(t, m)
			if when != "at once" {
				put(t, s, "/k", "last")
				settle(t, m, s)
				want++
			}
			if when == "after compaction" {
				if err := s.Compact(s.Revision()); err != nil {
					t.Fatal(err)
				}
				settle(t, m, s)
			}
			rows := fmt.Sprint(m.rows())
			for i, l := range late {
				put(t, l, "/k", "late")
				if err := await(m, func(fn func(error)) { l.Sync(fn); l.Flush() }); !errors.Is(err, ErrFenced) {
					t.Errorf("owner %d writes late: %v, want %v", i, err, ErrFenced)
				}
			}
			if now := fmt.Sprint(m.rows()); now != rows {
				t.Errorf("late owners have changed the database from\n%s\nto\n%s", rows, now)
			}
			put(t, s, "/k", "goes on")
			settle(t, m, s)
			if kv, _ := openStore(t, m).Get("/k"); string(kv.Value) != "goes on" || kv.ModRevision != want+1 {
				t.Errorf("reopened with %+v, want revision %d", kv, want+1)
			}
		})
	}
}

// The store hands over one batch while the last is on its way, however many
// writes there were.
func TestGroupCommit(t *testing.T) {
	m := newMedium(t)
	s := openStore(t, m)
	for range 300 {
		put(t, s, "/k", "v")
		s.Flush()
	}
	settle(t, m, s)
	if n := len(m.rows()); n != 2 {
		t.Errorf("300 writes made %d keys, want 2: the first, and all that came while it was written", n)
	}
}

// A database closed under the log is a clear error, and an alarm.
func TestClosedByBrowser(t *testing.T) {
	m := newMedium(t)
	log, err := Open(m.name, Options{Post: func(f func()) { m.loop <- f }})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(log, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.db.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, s, "/k", "v")
	var got error
	s.OnDurable(2, func(err error) { got = err })
	s.Flush()
	m.Settle(func() bool { return got != nil })
	if !errors.Is(got, ErrCleared) || s.Err() == nil {
		t.Errorf("write: %v; Err: %v", got, s.Err())
	}
}

// Where the browser says that it closes the database, as when site data is
// cleared, the store knows before it writes, and keeps what it has.
func TestClearedByBrowser(t *testing.T) {
	for want, event := range map[error]map[string]any{
		ErrCleared: {},
		ErrDeleted: {"newVersion": nil},
		ErrNewer:   {"newVersion": 3},
	} {
		m := newMedium(t)
		log, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(log, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		put(t, s, "/k", "v")
		settle(t, m, s)
		put(t, s, "/k", "waits")
		var got error
		s.OnDurable(s.Revision(), func(err error) { got = err })
		log.(*Log).raw.Get("onclose").Invoke(event)
		m.Settle(func() bool { return got != nil })
		if !errors.Is(got, want) || !errors.Is(s.Err(), want) || errors.Is(got, store.ErrGone) != (want != ErrNewer) {
			t.Errorf("write: %v; Err: %v; want %v", got, s.Err(), want)
		}
		if _, err := s.Put("/k", nil, store.Origin{}); !errors.Is(err, want) {
			t.Errorf("next write: %v, want %v", err, want)
		}
		if kv, _ := s.Get("/k"); string(kv.Value) != "waits" {
			t.Errorf("in memory: %q", kv.Value)
		}
	}
}

func openStore(t *testing.T, m *medium) *store.Store {
	t.Helper()
	log, err := m.Open()
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(log, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *store.Store, key, value string) {
	t.Helper()
	if _, err := s.Put(key, []byte(value), store.Origin{Actor: "kubectl"}); err != nil {
		t.Fatal(err)
	}
}

func settle(t *testing.T, m *medium, s *store.Store) {
	t.Helper()
	done := false
	s.Sync(func(err error) {
		if err != nil {
			t.Fatal(err)
		}
		done = true
	})
	s.Flush()
	m.Settle(func() bool { return done })
}
