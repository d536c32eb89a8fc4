//go:build js && wasm

package indexeddb

import (
	"context"
	"errors"
	"syscall/js"

	"github.com/hack-pad/go-indexeddb/idb"
)

// open opens a database, raising an older version's. It does not wait for another
// connection that keeps it from that: where the database is let go of later, it
// is closed again.
func open(name string) (*idb.Database, js.Value, error) {
	type opened struct {
		db  *idb.Database
		err error
	}
	result, blocked := make(chan opened), make(chan struct{}, 1)
	req, done, err := request(name, blocked)
	if err != nil {
		return nil, js.Value{}, err
	}
	gone := make(chan struct{})
	go func() {
		defer done()
		db, err := req.Await(context.Background())
		select {
		case result <- opened{db, err}:
		case <-gone:
			if err == nil {
				_ = db.Close() // nobody waits for it any more
			}
		}
	}()
	select {
	case r := <-result:
		if errors.Is(r.err, idb.NewDOMException("VersionError")) {
			return nil, js.Value{}, ErrNewer
		}
		if r.err != nil {
			return nil, js.Value{}, r.err
		}
		raw, err := req.Request.Result()
		return r.db, raw, err
	case <-blocked:
		close(gone)
		return nil, js.Value{}, ErrBlocked
	}
}

// request asks for the database. idb has no blocked event, so that the browser's
// own request is made here and handed to it.
func request(name string, blocked chan struct{}) (req *idb.OpenDBRequest, done func(), err error) {
	hear := js.FuncOf(func(js.Value, []js.Value) any {
		blocked <- struct{}{}
		return nil
	})
	make := js.FuncOf(func(_ js.Value, args []js.Value) any {
		raw := js.Global().Get("indexedDB").Call("open", args[0], args[1])
		raw.Set("onblocked", hear)
		return raw
	})
	defer make.Release()
	factory, err := idb.WrapFactory(js.ValueOf(map[string]any{"open": make}))
	if err == nil {
		req, err = factory.Open(context.Background(), name, version, upgrade)
	}
	return req, hear.Release, err
}

// upgrade makes the object stores of a new database.
func upgrade(db *idb.Database, oldVersion, _ uint) error {
	if oldVersion > 0 {
		return nil // what version 1 holds is good as it is
	}
	for _, name := range []string{logStore, snapshotStore, metaStore} {
		if _, err := db.CreateObjectStore(name, idb.ObjectStoreOptions{}); err != nil {
			return err
		}
	}
	return nil
}
