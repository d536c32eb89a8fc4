package driver

import (
	"slices"
	"time"

	"github.com/tabernetes/tabernetes/core/trace"
)

// tab is one page that shows the cluster.
type tab struct {
	id    int
	ready bool // it was told that the cluster is there
	frame frames
	index *trace.Index // of the trace as it was last asked for
}

// join takes in a tab that wants to show the cluster. It is told all that
// there is once the cluster is ready.
func (d *Driver) join(id int) {
	d.leave(id)
	d.tabs = append(d.tabs, &tab{id: id})
	if d.failed != nil {
		d.opts.Send(id, *d.failed)
	}
}

// Leave forgets a tab that was closed. Lines that it has typed go on, as those
// of a terminal that was closed under nohup; nobody hears what they print.
func (d *Driver) Leave(id int) {
	d.leave(id)
	d.console.leave(id)
}

func (d *Driver) leave(id int) {
	d.tabs = slices.DeleteFunc(d.tabs, func(t *tab) bool { return t.id == id })
}

func (d *Driver) tab(id int) *tab {
	for _, t := range d.tabs {
		if t.id == id {
			return t
		}
	}
	return nil
}

// tell gives an event to every tab.
func (d *Driver) tell(event any) {
	for _, t := range d.tabs {
		d.opts.Send(t.id, event)
	}
}

// touch has every tab sent a frame.
func (d *Driver) touch() {
	for _, t := range d.tabs {
		t.frame.dirty = true
	}
}

func (d *Driver) drawn(from int, _ drawnRequest) error {
	if t := d.tab(from); t != nil {
		t.frame.undrawn = false
	}
	return nil
}

// report tells each tab what is news to it, and returns after how long it
// wants to be called again.
func (d *Driver) report() time.Duration {
	wait := forever
	if !d.ready {
		return wait
	}
	for _, t := range d.tabs {
		if !t.ready {
			t.ready = true
			d.opts.Send(t.id, readyEvent{"ready", d.restored, d.c.Revision(), d.c.LastEntry()})
			if d.lesson != nil {
				d.lesson.greet(d, t.id)
			}
		}
		wait = sooner(wait, t.frame.send(d, t.id))
	}
	return wait
}
