package driver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tabernetes/tabernetes/core/kubectl"
)

// console keeps the lines under way and the editors that are open.
type console struct {
	running []*line
	editors map[int]editor
	opened  int
}

// line is a console line under way. Each tab counts its own lines; those below
// 0 are nobody's.
type line struct {
	tab, id int
	text    string
	stop    func()
	editing bool
}

type editor struct {
	tab  int
	done func(edited []byte, saved bool)
}

func (c *console) line(tab, id int) *line {
	for _, l := range c.running {
		if l.id == id && (l.tab == tab || id < 0) {
			return l
		}
	}
	return nil
}

func (c *console) ended(l *line) {
	c.running = slices.DeleteFunc(c.running, func(other *line) bool { return other == l })
}

// asking is the line that has called for an editor or a clear screen: the
// cluster does not say which, so the first whose text has the word and that has
// no editor open; where none has, the last one typed.
func (c *console) asking(word string) *line {
	for _, l := range c.running {
		if !l.editing && slices.Contains(strings.Fields(l.text), word) {
			return l
		}
	}
	if n := len(c.running); n > 0 {
		return c.running[n-1]
	}
	return &line{}
}

// leave closes the editors of a tab that is gone without saving, and
// interrupts what would go on printing to it for ever.
func (c *console) leave(tab int) {
	for id, e := range c.editors {
		if e.tab == tab {
			delete(c.editors, id)
			e.done(nil, false)
		}
	}
	for _, l := range slices.Clone(c.running) {
		if l.tab == tab && kubectl.Endless(l.text) {
			l.stop()
		}
	}
}

// exec types a line. What it prints, and that it is done, is told only once
// all that was written before is on disk: an answered command is never lost.
func (d *Driver) exec(from int, r execRequest) error {
	if r.Revision > 0 {
		return d.execPast(from, r)
	}
	d.pace.begin()
	safely := d.promises()
	print := func(stream string) func(string) {
		return func(text string) {
			safely(func(err error) {
				if err == nil { // where it is not, the line's end says why
					d.opts.Send(from, outputEvent{"output", r.ID, stream, text})
				}
			})
		}
	}
	l := &line{tab: from, id: r.ID, text: r.Line, stop: func() {}}
	d.console.running = append(d.console.running, l)
	l.stop = d.typing()(r.Line, print("out"), print("err"), func(exit int) {
		d.console.ended(l)
		rev := d.c.Revision()
		safely(func(err error) {
			if err != nil {
				d.fail("storage", err)
				d.opts.Send(from, outputEvent{"output", r.ID, "err", "error: " + err.Error() + "\n"})
				exit = 1
			}
			d.opts.Send(from, doneEvent{"done", r.ID, exit, rev, false})
			d.touch()
		})
	})
	return nil
}

// promises is what a line's answers wait for: that all that was written so far
// is on disk. Where nothing can be saved any more a line that writes nothing is
// answered all the same, so that what there is can be read.
func (d *Driver) promises() func(func(error)) {
	failed, at := d.c.Err() != nil, d.c.Revision()
	return func(fn func(error)) {
		if failed && d.c.Revision() == at {
			fn(nil)
			return
		}
		d.c.OnDurable(fn)
	}
}

func (d *Driver) interrupt(from int, r interruptRequest) error {
	if l := d.console.line(from, r.ID); l != nil {
		l.stop()
	}
	return nil
}

func (d *Driver) complete(from int, r completeRequest) error {
	if r.Cursor < 0 || r.Cursor > len(r.Line) {
		return fmt.Errorf("complete: cursor %d is not in the line", r.Cursor)
	}
	words := d.c.Complete(r.Line, r.Cursor)
	if words == nil {
		words = []string{}
	}
	d.opts.Send(from, completedEvent{"completed", r.ID, words})
	return nil
}

// clear empties the console of the tab that asked for it.
func (d *Driver) clear() { d.opts.Send(d.console.asking("clear").tab, clearEvent{"clear"}) }

// edit opens an editor in the tab that asked for it.
func (d *Driver) edit(name string, content []byte, done func(edited []byte, saved bool)) {
	c := &d.console
	if c.editors == nil {
		c.editors = map[int]editor{}
	}
	l := c.asking("edit")
	l.editing = true
	c.opened++
	c.editors[c.opened] = editor{l.tab, func(edited []byte, saved bool) {
		l.editing = false
		done(edited, saved)
	}}
	d.opts.Send(l.tab, editEvent{"edit", c.opened, name, string(content)})
}

func (d *Driver) edited(from int, r editedRequest) error {
	e, open := d.console.editors[r.ID]
	if !open || e.tab != from {
		return fmt.Errorf("edited: no editor %d is open", r.ID)
	}
	delete(d.console.editors, r.ID)
	if d.lesson != nil {
		d.lesson.touch()
	}
	e.done([]byte(r.Content), r.Saved)
	return nil
}
