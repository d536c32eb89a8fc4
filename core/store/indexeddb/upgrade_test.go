//go:build js && wasm

package indexeddb

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall/js"
	"testing"

	"github.com/hack-pad/go-indexeddb/idb"

	"github.com/tabernetes/tabernetes/core/store"
)

// v1 is a database as version 1 of this package left it: ten revisions, two
// owners, compacted at revision 5. A line is an object store, a key and a value.
//
//go:embed testdata/v1.txt
var v1 string

// openRaw opens a database in the given version, without this package.
func openRaw(t *testing.T, name string, version uint, upgrade idb.Upgrader) *idb.Database {
	t.Helper()
	req, err := idb.Global().Open(context.Background(), name, version, upgrade)
	if err != nil {
		t.Fatal(err)
	}
	db, err := req.Await(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// fill makes the database that the lines describe.
func fill(t *testing.T, name, lines string) *idb.Database {
	t.Helper()
	db := openRaw(t, name, 1, func(db *idb.Database, _, _ uint) error {
		stores := map[string]*idb.ObjectStore{}
		for _, name := range []string{"log", "snapshot", "meta"} {
			s, err := db.CreateObjectStore(name, idb.ObjectStoreOptions{})
			if err != nil {
				return err
			}
			stores[name] = s
		}
		for in := bufio.NewScanner(strings.NewReader(lines)); in.Scan(); {
			f := strings.Fields(in.Text())
			key, value := js.ValueOf(f[1]), js.Value{}
			if f[0] == "meta" {
				n, _ := strconv.Atoi(f[2])
				value = js.ValueOf(n)
			} else {
				n, _ := strconv.Atoi(f[1])
				b, _ := hex.DecodeString(f[2])
				key, value = js.ValueOf(n), toJS(b)
			}
			if _, err := stores[f[0]].AddKey(key, value); err != nil {
				return err
			}
		}
		return nil
	})
	return db
}

// A database of version 1 is opened, read, written and compacted, and from then on
// is one that version 1 refuses.
func TestUpgrade(t *testing.T) {
	m := newMedium(t)
	if err := fill(t, m.name, v1).Close(); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, m)
	if s.Revision() != 10 || s.CompactRevision() != 5 || len(s.Leases()) != 1 {
		t.Fatalf("at revision %d, compacted at %d, leases %v", s.Revision(), s.CompactRevision(), s.Leases())
	}
	show := func(s *store.Store, rev store.Revision) (out string) {
		got, err := s.Range(store.RangeRequest{Key: "\x00", End: store.FromKey, Revision: rev})
		if err != nil {
			t.Fatal(err)
		}
		for _, kv := range got.KVs {
			out += fmt.Sprintf("%s=%s@%d ", kv.Key[strings.LastIndexByte(kv.Key, '/')+1:], kv.Value, kv.ModRevision)
		}
		return out
	}
	const at6, now = "web-0=value 4@6 web-1=value 1@3 web-2=value 2@4 web-3=value 3@5 ", "node-1=lease@8 web-0=value 4@6 web-1=value 5@7 web-2=value 2@4 web-9=last@10 "
	if got := show(s, 6); got != at6 {
		t.Errorf("at revision 6:\n%s\nwant\n%s", got, at6)
	}
	for range 3 {
		if got := show(s, 10); got != now {
			t.Errorf("at revision 10:\n%s\nwant\n%s", got, now)
		}
		put(t, s, "/k", "new")
		settle(t, m, s)
		s = openStore(t, m)
	}
	if err := s.Compact(12); err != nil {
		t.Fatal(err)
	}
	settle(t, m, s)
	if s = openStore(t, m); show(s, 0) != "k=new@13 "+now {
		t.Errorf("compacted and reopened:\n%s", show(s, 0))
	}
	req, err := idb.Global().Open(context.Background(), m.name, 1, upgrade)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := req.Await(context.Background()); !errors.Is(err, idb.NewDOMException("VersionError")) {
		t.Errorf("opened as version 1: %v", err)
	}
}

// Where a program of an older version has the database open and does not let go,
// opening says so instead of waiting for ever, and when it has let go succeeds.
func TestUpgradeBlocked(t *testing.T) {
	m := newMedium(t)
	if err := fill(t, m.name, v1).Close(); err != nil {
		t.Fatal(err)
	}
	opened := make(chan bool)
	hear := js.FuncOf(func(js.Value, []js.Value) any {
		opened <- true
		return nil
	})
	defer hear.Release()
	old := js.Global().Get("indexedDB").Call("open", m.name, 1)
	old.Set("onsuccess", hear)
	<-opened
	if _, err := m.Open(); !errors.Is(err, ErrBlocked) {
		t.Fatalf("opened beside version 1: %v, want %v", err, ErrBlocked)
	}
	old.Get("result").Call("close")
	if s := openStore(t, m); s.Revision() != 10 {
		t.Errorf("at revision %d", s.Revision())
	}
}

// A database that a newer version wants lets go of it, and says so.
func TestNewerVersionTakesOver(t *testing.T) {
	m := newMedium(t)
	s := openStore(t, m)
	put(t, s, "/k", "v")
	settle(t, m, s)
	db := openRaw(t, m.name, 99, func(*idb.Database, uint, uint) error { return nil })
	defer db.Close()
	put(t, s, "/k", "late")
	err := await(m, func(fn func(error)) { s.Sync(fn); s.Flush() })
	if !errors.Is(err, ErrNewer) || !errors.Is(err, store.ErrStopped) {
		t.Errorf("write after the upgrade: %v, want %v", err, ErrNewer)
	}
	if _, err := m.Open(); !errors.Is(err, ErrNewer) {
		t.Errorf("open: %v, want %v", err, ErrNewer)
	}
}
