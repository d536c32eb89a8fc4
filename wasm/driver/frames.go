package driver

import (
	"cmp"
	"slices"
	"time"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/trace"
)

// How often frames go out, and how much goes into one.
const (
	frameEvery = 33 * time.Millisecond
	// busyEvery is for frames that are crowded, for drawing them costs the page
	// more, and for work that goes as fast as can be: nobody could follow it.
	busyEvery = 200 * time.Millisecond
	// patienceToDraw is how long the page may take before it is sent another
	// frame anyway: it may have been asleep.
	patienceToDraw = 2 * time.Second
	// frameShare keeps drawing from eating the engine: the next frame, or
	// overview, comes no sooner than this many times what the last one cost.
	frameShare = 8
	maxEntries = 3000
	// maxBehind is how far the page may fall behind: what is older is not sent.
	maxBehind = 6000
	// crowded is the number of entries from which on deliveries that are no
	// step of the chain, and tables of nodes, are left out.
	crowded = 120
)

// view is the last overview that was made; all tabs share it.
type view struct {
	overview cluster.Overview
	revision int64
	next     time.Time // when the next may be made
}

// frames decides what one tab is told of, and when.
type frames struct {
	dirty    bool
	next     time.Time // when the next frame may go out
	calm     time.Time // when the world was last seen in no hurry
	undrawn  bool      // the page has not drawn the last one yet
	entry    int64     // the last entry sent
	actors   []cluster.ActorState
	revision int64 // of the last overview
	durable  int64 // as last told
}

func (f *frames) news(d *Driver) bool {
	return f.dirty || f.entry != d.c.LastEntry() || f.revision != d.c.Revision() || f.durable != d.c.Durable()
}

// send tells the page how things stand, if there is news and it is time, and
// returns after how long it wants to be asked again.
func (f *frames) send(d *Driver, to int) time.Duration {
	if !f.news(d) {
		return forever
	}
	now := d.opts.Now()
	hurried := d.pace.hurried(d.c)
	if !hurried {
		f.calm = now
	}
	due := f.next
	switch {
	case f.undrawn:
		due = due.Add(patienceToDraw)
	case hurried && due.Before(f.calm.Add(busyEvery)):
		due = f.calm.Add(busyEvery)
	}
	if now.Before(due) {
		return due.Sub(now)
	}
	frame := f.make(d, now)
	f.undrawn, f.dirty = true, false
	d.opts.Send(to, frame)
	every := frameEvery
	if hurried || len(frame.Entries) > crowded {
		every = busyEvery
	}
	cost := d.opts.Now().Sub(now)
	f.next = now.Add(max(every, frameShare*cost))
	return 0
}

func (f *frames) make(d *Driver, now time.Time) frameEvent {
	out := frameEvent{
		Type: "frame", Now: trace.FormatTime(d.c.Now()), Revision: d.c.Revision(), Durable: d.c.Durable(), Oldest: d.c.Oldest(),
		Quiet: d.c.Quiet(), Playing: d.pace.playing, Speed: d.pace.speed,
	}
	f.durable = out.Durable
	if e, ok := d.c.Next(); ok {
		out.Next = e.Actor + ": " + cmp.Or(e.What, e.Kind.String())
	}
	if actors := d.c.Actors(); !slices.Equal(actors, f.actors) {
		f.actors, out.Actors = actors, actors
	}
	out.Entries, out.Omitted = f.entries(d.c)
	out.Overview = f.overview(d, now)
	return out
}

// entries are those not yet sent; of a crowd only what the page keeps.
func (f *frames) entries(c *cluster.Cluster) (out lines, omitted int) {
	if behind := c.LastEntry() - f.entry; behind > maxBehind {
		omitted = int(behind - maxEntries)
		f.entry += int64(omitted)
	}
	out = c.Entries(f.entry, maxEntries)
	if len(out) == 0 {
		return nil, omitted
	}
	f.entry = out[len(out)-1].Seq
	if len(out) <= crowded {
		return out, omitted
	}
	kept := out[:0]
	for _, e := range out {
		if e.Type == trace.Delivery && e.Step == 0 {
			omitted++
			continue
		}
		if e.Verdict != nil && e.Verdict.Nodes != nil {
			short := *e.Verdict
			short.Nodes = nil
			e.Verdict = &short
		}
		kept = append(kept, e)
	}
	return kept, omitted
}

func (f *frames) overview(d *Driver, now time.Time) *cluster.Overview {
	d.observe(now)
	if f.revision == d.view.revision {
		return nil
	}
	f.revision = d.view.revision
	return &d.view.overview
}

// observe makes an overview, if there is anything new to see and it is time.
func (d *Driver) observe(now time.Time) {
	if d.view.revision == d.c.Revision() || now.Before(d.view.next) {
		return
	}
	before := d.opts.Now()
	d.view.overview = d.c.Overview()
	after := d.opts.Now()
	d.view.revision = d.c.Revision()
	d.view.next = after.Add(frameShare * after.Sub(before))
}
