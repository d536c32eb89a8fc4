package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/kubectl"
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
	// Send gives an event to a tab.
	Send func(tab int, event any)
	// Open opens the log of a database. It may block.
	Open func(database string) (store.Log, error)
	// Delete removes a database whose log is closed. It may block.
	Delete func(database string) error
}

// Driver drives one cluster for all tabs that show it: what one of them does the
// others see. Its methods must be called from one goroutine, on which the log's
// completions are called too.
type Driver struct {
	opts     Options
	database string
	seed     uint64
	nodes    int
	begin    *beginning
	served   bool // the cluster is an edge's, not a tab's: see Serve
	c        *cluster.Cluster
	restored bool
	ready    bool
	failed   *failedEvent
	pace     pace
	tabs     []*tab // in the order in which they came
	view     view
	console  console
	// forLessons tells that a lesson is to be done here, and lesson which.
	forLessons bool
	lesson     *lesson
	past       *cluster.Past // the last one that was looked at
}

// New makes a driver that waits for a boot request.
func New(opts Options) *Driver {
	return &Driver{opts: opts, pace: pace{playing: true, speed: Watch}, begin: &beginning{}}
}

// Handle takes one message of a tab. What is wrong with it is answered by a
// failed event; nothing is changed then.
func (d *Driver) Handle(from int, data []byte) {
	var head request
	err := json.Unmarshal(data, &head)
	if err == nil {
		take, known := requests[head.Type]
		switch {
		case !known:
			err = fmt.Errorf("unknown request %q", head.Type)
		case d.served && slices.Contains(ofItsOwn, head.Type):
			err = fmt.Errorf("%s: %w", head.Type, errServed)
		case d.c == nil && !slices.Contains(withoutCluster, head.Type):
			err = fmt.Errorf("%s: there is no cluster yet", head.Type)
		default:
			err = take(d, from, data)
		}
	}
	if err != nil {
		d.opts.Send(from, failedEvent{"failed", "request", err.Error()})
	}
	if !slices.Contains(asking, head.Type) {
		d.touch()
	}
}

// withoutCluster can be asked of a driver that has no cluster.
var withoutCluster = []string{"boot", "reset", "import", "lesson"}

// asking are the requests that change nothing anybody would see.
var asking = []string{"drawn", "complete", "changed", "object", "look", "trace", "groups", "why", "get", "waits", "usage"}

// requests says what is done about each type of message.
var requests = map[string]func(*Driver, int, []byte) error{
	"boot":      handler((*Driver).boot),
	"exec":      handler((*Driver).exec),
	"interrupt": handler((*Driver).interrupt),
	"complete":  handler((*Driver).complete),
	"edited":    handler((*Driver).edited),
	"pause":     handler(func(d *Driver, _ int, _ pauseRequest) error { d.pace.stop(); return nil }),
	"play":      handler(func(d *Driver, _ int, _ playRequest) error { d.pace.play(d.opts.Now()); return nil }),
	"step":      handler((*Driver).step),
	"stepWrite": handler((*Driver).stepWrite),
	"speed":     handler(func(d *Driver, _ int, r speedRequest) error { return d.pace.set(r.Speed) }),
	"component": handler((*Driver).component),
	"outside":   handler((*Driver).outside),
	"changed":   handler((*Driver).changed),
	"object":    handler((*Driver).object),
	"look":      handler((*Driver).look),
	"trace":     handler((*Driver).trace),
	"groups":    handler((*Driver).groups),
	"why":       handler((*Driver).why),
	"get":       handler((*Driver).get),
	"waits":     handler((*Driver).waits),
	"fork":      handler((*Driver).fork),
	"advance":   handler((*Driver).advance),
	"drawn":     handler((*Driver).drawn),
	"reset":     handler((*Driver).reset),
	"usage":     handler((*Driver).usage),
	"export":    handler((*Driver).export),
	"import":    handler((*Driver).importFile),
	"room":      handler((*Driver).room),
	"lesson":    handler((*Driver).takeLesson),
	"answer":    handler((*Driver).answer),
	"handIn":    handler((*Driver).handIn),
	"share":     handler((*Driver).share),
}

// handler decodes a message into the request that take wants.
func handler[R any](take func(*Driver, int, R) error) func(*Driver, int, []byte) error {
	return func(d *Driver, from int, data []byte) error {
		var r R
		if err := json.Unmarshal(data, &r); err != nil {
			return err
		}
		return take(d, from, r)
	}
}

func (d *Driver) boot(from int, r bootRequest) error {
	if d.served {
		d.join(from)
		return nil
	}
	if d.database != "" && d.database != r.Database {
		return fmt.Errorf("boot: the cluster %q is running here, not %q", d.database, r.Database)
	}
	if d.failed != nil {
		d.abandon()
	}
	// Who joins others takes the speed that they have set.
	if len(d.tabs) == 0 || d.c == nil {
		if err := d.pace.set(r.Speed); err != nil {
			return err
		}
	}
	d.join(from)
	d.database, d.forLessons = r.Database, r.Lessons
	if d.c != nil || d.forLessons {
		return nil
	}
	begin, err := d.prepare(&r)
	if err != nil {
		d.fail("session", err)
		return nil
	}
	d.begin = begin
	d.open(r)
	return nil
}

// open opens the database and the cluster in it.
func (d *Driver) open(r bootRequest) {
	log, err := d.openLog(r)
	if err != nil {
		kind := "storage"
		if len(r.Archive) > 0 {
			kind = "session"
		}
		d.fail(kind, err)
		return
	}
	d.seed, d.nodes = r.Seed, r.Nodes
	d.c, err = cluster.New(cluster.Options{
		Seed: r.Seed, Nodes: r.Nodes, Log: log, Retain: r.Retain, Files: kubectl.MemoryFiles{},
		Edit: d.edit, Clear: d.clear,
	})
	if err != nil {
		d.c = nil
		_ = log.Close() // it holds nothing that was answered
		d.fail("storage", err)
		return
	}
	d.restored = d.c.Restored()
	d.pace.wall = d.opts.Now()
}

// abandon leaves a cluster that has failed, to open it again from what is on
// disk, or a lesson for another. Every tab begins anew.
func (d *Driver) abandon() {
	if d.c != nil {
		_ = d.c.Close() // it has failed already, and everyone was told
	}
	d.c, d.lesson, d.ready, d.failed, d.begin = nil, nil, false, nil, &beginning{}
	d.console, d.view, d.past = console{}, view{}, nil
	for _, t := range d.tabs {
		t.ready, t.frame, t.index = false, frames{}, nil
	}
}

// fail tells every tab, once, that the cluster has stopped.
func (d *Driver) fail(kind string, err error) {
	if d.failed != nil {
		return
	}
	switch {
	case errors.Is(err, store.ErrNoSpace):
		kind = "space"
	case errors.Is(err, store.ErrGone):
		kind = "gone"
	}
	d.failed = &failedEvent{"failed", kind, err.Error()}
	d.tell(*d.failed)
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
	} else if wait = d.bringUp(); d.c == nil {
		return wait
	}
	d.c.Flush()
	if err := d.c.Err(); err != nil {
		d.fail("storage", err)
	}
	return sooner(sooner(wait, d.teach(wait != 0)), d.report())
}

// bringUp runs the start of the components, and what the cluster begins with,
// as fast as can be.
func (d *Driver) bringUp() time.Duration {
	end, n := d.opts.Now().Add(sliceTime), 0
	over := func() bool {
		n++
		return n%16 == 0 && !d.opts.Now().Before(end) // the clock is not read for each event
	}
	ready, err := d.begin.proceed(d, over)
	switch {
	case errors.Is(err, errLater):
		return 0
	case err != nil:
		_ = d.c.Close() // nobody has seen it
		d.c = nil
		d.fail("session", err)
		return forever
	}
	d.ready = ready
	d.pace.wall = d.opts.Now()
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
	d.moveOn()
	if d.pace.stepTime() > 0 && d.c.LastEntry() > last {
		d.pace.took(d.c.Entries(last, 0), now)
	}
	d.touch()
}

func (d *Driver) step(_ int, _ stepRequest) error {
	d.pace.stop()
	d.moveOn()
	return nil
}

// maxIdle bounds how many events may go by without a write.
const maxIdle = 100_000

func (d *Driver) stepWrite(_ int, _ stepWriteRequest) error {
	d.pace.stop()
	for before, n := d.c.Revision(), maxIdle; n > 0 && d.c.Revision() == before && d.moveOn(); n-- {
	}
	return nil
}

func (d *Driver) component(_ int, r componentRequest) error {
	act := d.hands(r.Action)
	if act == nil {
		return fmt.Errorf("component: unknown action %q", r.Action)
	}
	for _, t := range d.tabs {
		t.frame.actors = nil
	}
	return act(r.Actor)
}

// outside has something happen that is no component's doing.
func (d *Driver) outside(_ int, r outsideRequest) error {
	if !slices.Contains(outsideDeeds, r.Do) {
		return fmt.Errorf("outside: unknown deed %q", r.Do)
	}
	if d.lesson != nil {
		d.lesson.touch()
		return d.lesson.session.Deed(r.Do, r.With)
	}
	return d.c.Apply(cluster.Input{Do: r.Do, With: r.With}, nil)
}

// outsideDeeds are what can be done outside of the cluster.
var outsideDeeds = []cluster.Deed{cluster.Pulls, cluster.Requests}

// maxChanged bounds one changed request.
const maxChanged = 500

func (d *Driver) changed(from int, r changedRequest) error {
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
	d.opts.Send(from, out)
	return nil
}

func (d *Driver) object(from int, r objectRequest) error {
	out := objectEvent{Type: "object", ID: r.ID}
	gvr := schema.GroupVersionResource{Group: r.Group, Version: "v1", Resource: r.Resource}
	text, err := d.c.Object(gvr, r.Namespace, r.Name, r.Revision)
	if err != nil {
		out.Error = err.Error()
	}
	out.YAML = string(text)
	d.opts.Send(from, out)
	return nil
}

// reset deletes the cluster for good.
func (d *Driver) reset(int, resetRequest) error {
	if d.forLessons {
		return errors.New("reset: a lesson has no database; ask for it anew")
	}
	if d.c != nil {
		if err := d.c.Close(); err != nil && d.c.Err() == nil {
			return err
		}
	}
	d.c, d.ready, d.failed = nil, false, nil
	d.console, d.view, d.past = console{}, view{}, nil
	if !strings.HasPrefix(d.database, Nowhere) {
		if err := d.opts.Delete(d.database); err != nil {
			return err
		}
	}
	d.tell(goneEvent{"gone"})
	d.tabs = nil
	return nil
}

// sooner is the shorter of two waits, either of which may be forever.
func sooner(a, b time.Duration) time.Duration {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}
