package driver

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tabernetes/tabernetes/core/archive"
)

// program is what an exported file says it was written by.
const program = "tabernetes (browser)"

// usage tells what is kept and what that takes, after setting how much history that
// is to be, if the request says so.
func (d *Driver) usage(from int, r usageRequest) error {
	switch {
	case r.Retain == 0:
	case d.served:
		return errors.New("history: this cluster belongs to `tabernetes serve`, whose --retain says how much of it is kept")
	default:
		if err := d.c.SetRetain(r.Retain); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	u := d.c.Usage()
	d.opts.Send(from, usageEvent{
		Type: "usage", Retain: d.c.Retain(), Revision: int64(u.Revision), Oldest: int64(u.Oldest),
		Revisions: u.Revisions, Keys: u.Keys, Bytes: u.Bytes, LogBytes: u.LogBytes,
	})
	return nil
}

// export makes the whole cluster one file, also where nothing can be written
// any more.
func (d *Driver) export(from int, r exportRequest) error {
	out := exportedEvent{Type: "exported", ID: r.ID}
	var file bytes.Buffer
	if err := d.c.Export(&file, program, r.Name); err != nil {
		out.Error = err.Error()
	} else {
		out.Data = file.Bytes()
	}
	d.opts.Send(from, out)
	return nil
}

// importFile puts a file's cluster into a database that holds none yet. The
// cluster that runs goes on.
func (d *Driver) importFile(from int, r importRequest) error {
	answer := func(nodes int, err error) {
		out := importedEvent{Type: "imported", ID: r.ID, Nodes: nodes}
		if err != nil {
			out.Error = err.Error()
		}
		d.opts.Send(from, out)
	}
	if r.Database == d.database {
		answer(0, archive.ErrNotEmpty)
		return nil
	}
	file, info, err := archive.Import(bytes.NewReader(r.Data))
	if err != nil {
		answer(0, err)
		return nil
	}
	log, err := d.opts.Open(r.Database)
	if err != nil {
		answer(0, fmt.Errorf("import: %w", err))
		return nil
	}
	done := func(err error) {
		_ = log.Close() // what it was given is safe, or err says that it is not
		answer(info.Nodes, err)
	}
	if err := archive.Restore(log, file, done); err != nil {
		done(fmt.Errorf("import: %w", err))
	}
	return nil
}

// room goes on after the space had run out: it drops history but for the last
// revisions, and writes what could not be written.
func (d *Driver) room(_ int, r roomRequest) error {
	if err := d.c.Forget(r.Keep); err != nil {
		return err
	}
	d.c.Disarm(func(err error) {
		out := resumedEvent{Type: "resumed"}
		if err != nil {
			out.Error = err.Error()
		} else {
			d.failed = nil
		}
		d.tell(out)
		d.touch()
	})
	return nil
}
