// Package cluster puts a cluster together: the store, the API server, the
// components and the console, in one world that moves only by Step. It is the
// one place that knows everyone; the components know only their client.
//
// An edge (the tab, the command line, a test) makes a Cluster over a Log, feeds
// it console lines and decides how fast to step it. Hold, Stop, Restart and
// Disconnect do to a component what a learner would like to try. A Cluster is
// not safe for concurrent use.
//
// Left out: more than one replica of a control plane component, hence leader
// election; the network between machines, but for the latencies of
// client.Timing.
package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/kubectl"
	"github.com/tabernetes/tabernetes/core/kubelet"
	"github.com/tabernetes/tabernetes/core/network"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

// Epoch is when a new world's clock starts.
var Epoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// Bounds of what a caller may ask for.
const (
	MaxNodes     = 5000
	DefaultNodes = 3
	// DefaultRetain is how many revisions of history are kept at least.
	DefaultRetain = 20_000
)

// Options say what kind of cluster to make. The zero value is three nodes in memory.
type Options struct {
	Seed uint64
	// Nodes is how many nodes there are at least: those that the log knows are
	// there anyway. 0 means DefaultNodes in a new cluster; -1 means none.
	Nodes int
	Log   store.Log // nil means memory
	// Timing is how long things take; the zero value means client.DefaultTiming.
	Timing client.Timing
	// Retain is how many revisions of history are kept at least: 0 means
	// DefaultRetain, -1 all.
	Retain int
	// Start is when a new world's clock starts, and the least at which that of
	// one goes on: time has passed for it while nobody ran it. Zero means Epoch,
	// and that none has passed.
	Start time.Time
	// Files and Edit are what the console's -f and edit reach; both may be nil.
	Files kubectl.Files
	Edit  func(name string, content []byte, done func(edited []byte, saved bool))
	Clear func()
	// Tokens signs service accounts' tokens, where an edge accepts them; may be nil.
	Tokens apiserver.Tokens
	// Roles are made with those that every cluster has, as (*Server).Bootstrap does.
	Roles []api.Object
	// Halt ends a console line before its next command; nil: never.
	Halt func() bool
}

// Cluster is one running cluster.
type Cluster struct {
	opts    Options
	world   *sim.World
	store   *store.Store
	server  *apiserver.Server
	rec     *trace.Recorder
	parts   []*component
	session *kubectl.Session
	you     *sim.Process // the learner's hands, and kubectl
	inputs  []Input
	doneAt  []int64              // the last entry of the trace at each input
	typed   map[int]func()       // how to interrupt a line, by the place of its input
	editors []func([]byte, bool) // what answers the editors opened so far
	retain  store.Revision
	// registry is where all machines have their images from.
	registry kubelet.Registry
	network  *network.Network
	traffic  []*trafficRun          // the runs that were asked for
	sending  []*trafficRun          // those and what programs send
	calls    map[string]*trafficRun // what programs send, by who and where to
	still    bool                   // it is a past, which can only be read
	asked    bool                   // somebody wanted to change it
	old      bool                   // the log held a cluster
}

// New opens the log and starts every component. Nothing has happened yet but
// the API server's own bootstrap: call Step.
func New(opts Options) (*Cluster, error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	st, err := store.Open(opts.Log, store.Options{})
	if err != nil {
		return nil, err
	}
	c := &Cluster{opts: opts, store: st, retain: store.Revision(opts.Retain), typed: map[int]func(){}, calls: map[string]*trafficRun{}, old: st.Revision() > 1}
	c.world = sim.New(opts.Seed+uint64(st.Revision()), resumeAt(st, opts.Start))
	c.rec = trace.NewRecorder(c.world.Now, c.written)
	if err := c.followLog(); err != nil {
		return nil, err
	}
	c.server, err = apiserver.New(st, apiserver.Options{
		Now:     c.world.Now,
		Rand:    func(purpose string) *rand.Rand { return c.world.Rand(purpose) },
		Refused: c.refused,
		Logs:    c.podLogs,
		Usage:   c.podUsage,
		Tokens:  c.opts.Tokens,
		Roles:   c.opts.Roles,
		Exec:    c.podExec,
	})
	if err != nil {
		return nil, err
	}
	if err := c.server.Bootstrap(); err != nil {
		return nil, err
	}
	if err := c.assemble(); err != nil {
		return nil, err
	}
	c.openConsole()
	c.keepHouse()
	return c, nil
}

func (o *Options) complete() error {
	switch {
	case o.Nodes < -1 || o.Nodes > MaxNodes:
		return fmt.Errorf("nodes: %d is not between 0 and %d", o.Nodes, MaxNodes)
	case o.Retain < -1:
		return fmt.Errorf("history: %w", errRetain)
	}
	if o.Log == nil {
		o.Log = memory.New()
	}
	if o.Timing == (client.Timing{}) {
		o.Timing = client.DefaultTiming
	}
	if o.Start.Before(Epoch) {
		o.Start = Epoch
	}
	if o.Retain == 0 {
		o.Retain = DefaultRetain
	}
	return nil
}

// resumeAt is where the clock goes on: after the last write, or at start.
func resumeAt(st *store.Store, start time.Time) time.Time {
	if rec, err := st.Record(st.Revision()); err == nil && rec.Origin.Time.After(start) {
		return rec.Origin.Time
	}
	return start
}

// followLog puts the writes that the log holds, and every write to come, into
// the trace.
func (c *Cluster) followLog() error {
	records, err := c.store.Records(0, 0)
	if err != nil {
		return err
	}
	for _, r := range records {
		c.rec.Add(trace.FromRecord(r))
	}
	_, err = c.store.Watch(store.WatchRequest{End: store.FromKey, PrevKV: true}, func(w store.WatchResponse) {
		if r, err := c.store.Record(w.Revision); err == nil {
			c.rec.Add(trace.FromRecord(r))
		}
	})
	return err
}

// written is a write as the trace has it.
func (c *Cluster) written(revision int64) (trace.Entry, bool) {
	r, err := c.store.Record(revision)
	if err != nil {
		return trace.Entry{}, false
	}
	return trace.FromRecord(r), true
}

// etcdActor is under whose name leases expire and history is compacted.
const etcdActor = "etcd"

// keepHouse expires leases and compacts history, as etcd and the API server do
// on their own timers.
func (c *Cluster) keepHouse() {
	etcd := c.world.Process(etcdActor)
	var tick func()
	tick = func() {
		_, _ = c.store.Expire(c.world.Now(), store.Origin{Time: c.world.Now(), Actor: etcdActor, Verb: "delete", Note: "lease expired"}) // fails only when nothing can be written any more, which Err tells
		_ = c.bound()                                                                                                                    // fails only when nothing can be written any more, which Err tells
		etcd.Schedule(sim.Timer, sim.Idle, 30*time.Second, "expire leases, compact", tick)
	}
	etcd.Schedule(sim.Timer, sim.Idle, 30*time.Second, "expire leases, compact", tick)
}

// Close hands what is pending to the log and closes it.
func (c *Cluster) Close() error { return c.store.Close() }

// Restored tells whether the cluster was there before, in the log.
func (c *Cluster) Restored() bool { return c.old }

// Now is the virtual time.
func (c *Cluster) Now() time.Time { return c.world.Now() }

// Step takes one event; false when there is none left.
func (c *Cluster) Step() (sim.Event, bool) { return c.world.Step() }

// StepWrite steps until something has been written, limit events at most, and
// tells whether something was.
func (c *Cluster) StepWrite(limit int) bool {
	for before := c.store.Revision(); limit > 0; limit-- {
		if _, ok := c.world.Step(); !ok {
			return false
		}
		if c.store.Revision() > before {
			return true
		}
	}
	return false
}

// NextAt is when the next event is due; false when there is none.
func (c *Cluster) NextAt() (time.Time, bool) {
	e, ok := c.world.Next()
	return e.At, ok
}

// Next is what Step would take; false when there is nothing.
func (c *Cluster) Next() (sim.Event, bool) { return c.world.Next() }

// Quiet tells whether nothing is under way but heartbeats, back-offs and the like.
func (c *Cluster) Quiet() bool { return c.world.Quiet() }

// Steps is how many events have been taken.
func (c *Cluster) Steps() uint64 { return c.world.Steps() }

// RunUntilQuiet steps until nothing is under way, limit events at most; an
// error wraps sim.ErrNotQuiet.
func (c *Cluster) RunUntilQuiet(limit int) error {
	_, err := c.world.RunUntilQuiet(limit)
	return err
}

// AdvanceTo takes everything due until t, limit events at most.
func (c *Cluster) AdvanceTo(t time.Time, limit int) error {
	_, err := c.world.AdvanceTo(t, limit)
	return err
}

// Revision is the store's head; Durable the last revision known to be on disk.
func (c *Cluster) Revision() int64 { return int64(c.store.Revision()) }

// Oldest is the first revision that can be read.
func (c *Cluster) Oldest() int64 { return max(1, c.store.CompactRevision()) }

// Durable is the last revision that would survive the end of this process.
func (c *Cluster) Durable() int64 { return int64(c.store.Durable()) }

// Flush hands what was written to the log. The edge calls it after each slice of steps.
func (c *Cluster) Flush() { c.store.Flush() }

// OnDurable calls fn once everything written so far is on disk, or with the
// error that keeps it from getting there.
func (c *Cluster) OnDurable(fn func(error)) { c.store.Sync(fn) }

// Err is why the store takes no writes, nil if it does.
func (c *Cluster) Err() error { return c.store.Err() }

// Server is the cluster's API, for edges that serve it.
func (c *Cluster) Server() *apiserver.Server { return c.server }

// ErrNoSuchActor is wrapped by the errors of calls that name an actor.
var ErrNoSuchActor = errors.New("no such component")
