package driver

import (
	"fmt"
	"io/fs"
	"slices"
)

// console keeps the lines under way and the editors that are open.
type console struct {
	running map[int]func() // how to interrupt a line
	editors map[int]func(edited []byte, saved bool)
	opened  int
}

// exec types a line. What it prints, and that it is done, is told only once
// all that was written before is on disk: an answered command is never lost.
func (d *Driver) exec(r execRequest) error {
	d.pace.begin()
	print := func(stream string) func(string) {
		return func(text string) {
			d.safely(func() { d.opts.Send(outputEvent{"output", r.ID, stream, text}) })
		}
	}
	if d.console.running == nil {
		d.console.running = map[int]func(){}
	}
	d.console.running[r.ID] = func() {}
	interrupt := d.c.Exec(r.Line, print("out"), print("err"), func(exit int) {
		delete(d.console.running, r.ID)
		rev := d.c.Revision()
		d.c.OnDurable(func(err error) {
			if err != nil {
				d.fail("storage", err)
				d.opts.Send(outputEvent{"output", r.ID, "err", "error: " + err.Error() + "\n"})
				exit = 1
			}
			d.opts.Send(doneEvent{"done", r.ID, exit, rev})
			d.frame.touch()
		})
	})
	if _, still := d.console.running[r.ID]; still {
		d.console.running[r.ID] = interrupt
	}
	return nil
}

// safely calls fn when what has been written so far is on disk. Where it never
// will be fn is not called: the line's end says why.
func (d *Driver) safely(fn func()) {
	d.c.OnDurable(func(err error) {
		if err == nil {
			fn()
		}
	})
}

func (d *Driver) interrupt(r interruptRequest) error {
	if stop := d.console.running[r.ID]; stop != nil {
		stop()
	}
	return nil
}

func (d *Driver) complete(r completeRequest) error {
	if r.Cursor < 0 || r.Cursor > len(r.Line) {
		return fmt.Errorf("complete: cursor %d is not in the line", r.Cursor)
	}
	words := d.c.Complete(r.Line, r.Cursor)
	if words == nil {
		words = []string{}
	}
	d.opts.Send(completedEvent{"completed", r.ID, words})
	return nil
}

// edit opens the page's editor.
func (d *Driver) edit(name string, content []byte, done func(edited []byte, saved bool)) {
	c := &d.console
	if c.editors == nil {
		c.editors = map[int]func([]byte, bool){}
	}
	c.opened++
	c.editors[c.opened] = done
	d.opts.Send(editEvent{"edit", c.opened, name, string(content)})
}

func (d *Driver) edited(r editedRequest) error {
	done := d.console.editors[r.ID]
	if done == nil {
		return fmt.Errorf("edited: no editor %d is open", r.ID)
	}
	delete(d.console.editors, r.ID)
	done([]byte(r.Content), r.Saved)
	return nil
}

// files are the console's files, in memory: they last as long as the tab.
type files map[string][]byte

func newFiles() files { return files{} }

// What the files may come to.
const (
	maxFiles    = 100
	maxFileSize = 4 << 20
)

func (f files) Read(name string) ([]byte, error) {
	data, ok := f[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return data, nil
}

func (f files) Write(name string, data []byte) error {
	if _, ok := f[name]; !ok && len(f) >= maxFiles || len(data) > maxFileSize {
		return fmt.Errorf("No space left on device")
	}
	f[name] = slices.Clone(data)
	return nil
}

func (f files) Names() []string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
