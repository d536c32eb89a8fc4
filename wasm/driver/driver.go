package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/trace"
)

// How long one slice may go on, and how many events bring-up may take.
const (
	sliceTime = 6 * time.Millisecond
	forever   = time.Duration(-1)
)

// Options are what a Driver stands on.
type Options struct {
	// Now is the wall clock.
	Now func() time.Time
	// Send gives an event to the page.
	Send func(event any)
	// Open opens the log of a database. It may block.
	Open func(database string) (store.Log, error)
	// Delete removes a database whose log is closed. It may block.
	Delete func(database string) error
}

// Driver drives one cluster for one page. Its methods must be called from one
// goroutine, on which the log's completions are called too.
type Driver struct {
	opts     Options
	database string
	c        *cluster.Cluster
	restored bool
	ready    bool
	failed   bool
	pace     pace
	frame    frames
	console  console
}

// New makes a driver that waits for a boot request.
func New(opts Options) *Driver {
	return &Driver{opts: opts, pace: pace{playing: true, speed: Watch}}
}

// Handle takes one message of the page. What is wrong with it is answered by a
// failed event; nothing is changed then.
func (d *Driver) Handle(data []byte) {
	var head request
	err := json.Unmarshal(data, &head)
	if err == nil {
		take, known := requests[head.Type]
		switch {
		case !known:
			err = fmt.Errorf("unknown request %q", head.Type)
		case d.c == nil && head.Type != "boot":
			err = fmt.Errorf("%s: there is no cluster yet", head.Type)
		default:
			err = take(d, data)
		}
	}
	if err != nil {
		d.opts.Send(failedEvent{"failed", "request", err.Error()})
	}
	if head.Type != "drawn" {
		d.frame.touch()
	}
}

// requests says what is done about each type of message.
var requests = map[string]func(*Driver, []byte) error{
	"boot":      handler((*Driver).boot),
	"exec":      handler((*Driver).exec),
	"interrupt": handler((*Driver).interrupt),
	"complete":  handler((*Driver).complete),
	"edited":    handler((*Driver).edited),
	"pause":     handler(func(d *Driver, _ pauseRequest) error { d.pace.stop(); return nil }),
	"play":      handler(func(d *Driver, _ playRequest) error { d.pace.play(d.opts.Now()); return nil }),
	"step":      handler((*Driver).step),
	"stepWrite": handler((*Driver).stepWrite),
	"speed":     handler(func(d *Driver, r speedRequest) error { return d.pace.set(r.Speed) }),
	"component": handler((*Driver).component),
	"changed":   handler((*Driver).changed),
	"object":    handler((*Driver).object),
	"drawn":     handler(func(d *Driver, _ drawnRequest) error { d.frame.undrawn = false; return nil }),
	"reset":     handler((*Driver).reset),
}

// handler decodes a message into the request that take wants.
func handler[R any](take func(*Driver, R) error) func(*Driver, []byte) error {
	return func(d *Driver, data []byte) error {
		var r R
		if err := json.Unmarshal(data, &r); err != nil {
			return err
		}
		return take(d, r)
	}
}

func (d *Driver) boot(r bootRequest) error {
	if d.c != nil {
		return errors.New("boot: the cluster is running already")
	}
	if err := d.pace.set(r.Speed); err != nil {
		return err
	}
	log, err := d.opts.Open(r.Database)
	if err != nil {
		d.fail("storage", err)
		return nil
	}
	d.c, err = cluster.New(cluster.Options{
		Seed: r.Seed, Nodes: r.Nodes, Log: log, Files: newFiles(),
		Edit: d.edit, Clear: func() { d.opts.Send(clearEvent{"clear"}) },
	})
	if err != nil {
		d.c = nil
		d.fail("storage", err)
		return nil
	}
	d.database = r.Database
	d.restored = d.c.Now().After(cluster.Epoch)
	d.pace.wall = d.opts.Now()
	return nil
}

// fail tells the page, once, that the cluster has stopped.
func (d *Driver) fail(kind string, err error) {
	if d.failed {
		return
	}
	d.failed = true
	if errors.Is(err, store.ErrNoSpace) {
		kind = "space"
	}
	d.opts.Send(failedEvent{"failed", kind, err.Error()})
}

// Slice steps the world for a few milliseconds at most, as far as pace allows,
// and returns after how long it wants to be called again: 0 for at once,
// negative for not before the next message or completion.
func (d *Driver) Slice() time.Duration {
	if d.c == nil {
		return forever
	}
	var wait time.Duration
	if d.ready {
		wait = d.run()
	} else {
		wait = d.bringUp()
	}
	d.c.Flush()
	if err := d.c.Err(); err != nil {
		d.fail("storage", err)
	}
	return sooner(wait, d.frame.send(d))
}

// bringUp runs the start of the components as fast as can be.
func (d *Driver) bringUp() time.Duration {
	for end := d.opts.Now().Add(sliceTime); d.opts.Now().Before(end); {
		for range 16 {
			if d.c.Quiet() {
				d.ready = true
				d.pace.wall = d.opts.Now()
				d.opts.Send(readyEvent{"ready", d.restored, d.c.Revision(), d.c.LastEntry()})
				return 0
			}
			d.c.Step()
		}
	}
	return 0
}

func (d *Driver) run() time.Duration {
	end := d.opts.Now().Add(sliceTime)
	for {
		now := d.opts.Now()
		if !now.Before(end) {
			return 0
		}
		// The clock is read once for a handful of events.
		for range 16 {
			wait := d.pace.next(d.c, now)
			if wait != 0 {
				return wait
			}
			d.take(now)
		}
	}
}

// take lets one event happen.
func (d *Driver) take(now time.Time) {
	last := d.c.LastEntry()
	d.c.Step()
	if d.pace.stepTime() > 0 && d.c.LastEntry() > last {
		d.pace.took(d.c.Entries(last, 0), now)
	}
	d.frame.touch()
}

func (d *Driver) step(stepRequest) error {
	d.pace.stop()
	d.c.Step()
	return nil
}

// maxIdle bounds how many events may go by without a write.
const maxIdle = 100_000

func (d *Driver) stepWrite(stepWriteRequest) error {
	d.pace.stop()
	d.c.StepWrite(maxIdle)
	return nil
}

func (d *Driver) component(r componentRequest) error {
	acts := map[string]func(string) error{
		"hold": d.c.Hold, "release": d.c.Release,
		"restart": d.c.Restart, "stop": d.c.Stop, "start": d.c.Start,
	}
	act, known := acts[r.Action]
	if !known {
		return fmt.Errorf("component: unknown action %q", r.Action)
	}
	d.frame.actors = nil
	return act(r.Actor)
}

// maxChanged bounds one changed request.
const maxChanged = 500

func (d *Driver) changed(r changedRequest) error {
	if len(r.Revisions) > maxChanged {
		return fmt.Errorf("changed: %d revisions, more than %d", len(r.Revisions), maxChanged)
	}
	out := changedEvent{Type: "changed", Changes: map[int64][]trace.Change{}}
	for _, rev := range r.Revisions {
		// A revision that is compacted away changed nothing that can be told.
		if c, err := d.c.Changes(rev); err == nil {
			out.Changes[rev] = c
		} else {
			out.Changes[rev] = nil
		}
	}
	d.opts.Send(out)
	return nil
}

func (d *Driver) object(r objectRequest) error {
	out := objectEvent{Type: "object", ID: r.ID}
	gvr := schema.GroupVersionResource{Group: r.Group, Version: "v1", Resource: r.Resource}
	text, err := d.c.Object(gvr, r.Namespace, r.Name, r.Revision)
	if err != nil {
		out.Error = err.Error()
	}
	out.YAML = string(text)
	d.opts.Send(out)
	return nil
}

// reset deletes the cluster for good.
func (d *Driver) reset(resetRequest) error {
	if err := d.c.Close(); err != nil && d.c.Err() == nil {
		return err
	}
	d.c, d.ready = nil, false
	if err := d.opts.Delete(d.database); err != nil {
		return err
	}
	d.opts.Send(goneEvent{"gone"})
	return nil
}

// sooner is the shorter of two waits, either of which may be forever.
func sooner(a, b time.Duration) time.Duration {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}
