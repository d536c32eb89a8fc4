package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

// Past is a cluster as it was at a revision: etcd read at that revision, and
// an API server over it that answers reads and refuses everything else. Looking
// at it changes nothing in the cluster it is the past of.
type Past struct {
	of       *Cluster
	revision int64
	at       time.Time
	until    int64    // the last entry of the trace that had happened
	still    *Cluster // its API server and console, made when one is asked
}

// At looks at a revision. The error is etcd's where it cannot be read.
func (c *Cluster) At(revision int64) (*Past, error) {
	if revision < 1 {
		return nil, store.ErrCompacted
	}
	if _, err := c.store.Range(store.RangeRequest{Key: "/", Revision: revision}); err != nil {
		return nil, err
	}
	return &Past{of: c, revision: revision, at: c.timeOf(revision), until: c.rec.Wrote(revision+1) - 1}, nil
}

// timeOf is when a revision was written; of one whose record is gone, when the
// next was.
func (c *Cluster) timeOf(revision int64) time.Time {
	if records, err := c.store.Records(max(revision, c.store.CompactRevision()), 1); err == nil && len(records) > 0 {
		return records[0].Origin.Time
	}
	return Epoch
}

// Revision is the revision looked at.
func (p *Past) Revision() int64 { return p.revision }

// Time is when the revision was written.
func (p *Past) Time() time.Time { return p.at }

// Until is the last entry of the trace before the next revision was written.
func (p *Past) Until() int64 { return p.until }

// Overview is the cluster as a map shows it, at that revision.
func (p *Past) Overview() Overview {
	o := overview(p.list, p.at)
	o.Revision = p.revision
	return o
}

// list reads a kind's objects from etcd.
func (p *Past) list(r *api.Resource, fn func(api.Object)) {
	prefix := apiserver.Key(r, "", "")
	got, err := p.of.store.Range(store.RangeRequest{Key: prefix, End: store.PrefixEnd(prefix), Revision: p.revision})
	if err != nil {
		return // compacted since
	}
	for i := range got.KVs {
		if obj, err := api.DecodeStorage(got.KVs[i].Value); err == nil {
			fn(obj)
		}
	}
}

// Actors are the components as they were: what had been done to them, and the
// last revision they had been told of; 0 where that was before this process.
func (p *Past) Actors() []ActorState {
	seen := p.of.rec.Seen(p.until)
	out := make([]ActorState, len(p.of.parts))
	for i, part := range p.of.parts {
		out[i] = ActorState{Name: part.actor, Seen: seen[part.actor]}
	}
	for i, in := range p.of.inputs {
		if p.of.doneAt[i] > p.until {
			break
		}
		for j := range out {
			if out[j].Name == in.With {
				out[j].after(in.Do)
			}
		}
	}
	return out
}

// after is the state that a deed leaves a component in.
func (a *ActorState) after(what Deed) {
	switch what {
	case Hold:
		a.Held = true
	case Release:
		a.Held = false
	case Stop:
		a.Stopped = true
	case Start:
		a.Stopped = false
	}
}

// Requests is what was told of each run of requests, as in Cluster.
func (p *Past) Requests() []trace.Line { return p.of.Requests(p.until) }

// Groups are the ten steps of the last chain, as far as they had been taken.
func (p *Past) Groups() []trace.Group { return p.of.rec.Groups(p.until, 1) }

// Do asks the API server as it was. Only GET is answered.
func (p *Past) Do(m rest.Message) (rest.Reply, error) {
	still, err := p.stand()
	if err != nil {
		return rest.Reply{}, err
	}
	return wire{still}.Do(m), nil
}

// Run types a line at a console whose API server reads that revision. Nothing
// happens there: what waits for something is given virtual time and told that
// its time is up. changing says that the line asked for more than reading.
func (p *Past) Run(line string) (r Result, changing bool, err error) {
	still, err := p.stand()
	if err != nil {
		return Result{Command: line}, false, err
	}
	still.asked = false
	r, err = still.Run(line)
	return r, still.asked, err
}

// errNoLogs is why a container's output cannot be had.
var errNoLogs = errors.New("logs are not kept in etcd, and only etcd remembers the past")

// stand builds the still world: a store that holds that revision and no more,
// an API server, a console, and no components.
func (p *Past) stand() (*Cluster, error) {
	if p.still != nil {
		return p.still, nil
	}
	all, err := p.of.store.Range(store.RangeRequest{Key: "\x00", End: store.FromKey, Revision: p.revision})
	if err != nil {
		return nil, err
	}
	log := memory.New()
	log.Compact(store.Snapshot{Index: 1, Revision: p.revision, KVs: all.KVs}, func(error) {})
	st, err := store.Open(log, store.Options{})
	if err != nil {
		return nil, err
	}
	c := &Cluster{opts: Options{Timing: p.of.opts.Timing, Files: p.of.opts.Files}, store: st, typed: map[int]func(){}, still: true}
	c.world = sim.New(p.of.opts.Seed, p.at)
	c.rec = trace.NewRecorder(c.world.Now, c.written)
	c.server, err = apiserver.New(st, apiserver.Options{
		Now:  c.world.Now,
		Rand: func(purpose string) *rand.Rand { return c.world.Rand(purpose) },
		Logs: func(apiserver.LogRequest) ([]byte, error) { return nil, errNoLogs },
	})
	if err != nil {
		return nil, err
	}
	c.opts.Edit = func(_ string, _ []byte, done func([]byte, bool)) { c.asked = true; done(nil, false) }
	c.openConsole()
	p.still = c
	return c, nil
}

// refusePast answers whoever wants to change the past.
func (c *Cluster) refusePast() rest.Reply {
	c.asked = true
	status := &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: 405, Reason: metav1.StatusReasonMethodNotAllowed,
		Message: fmt.Sprintf("revision %d is in the past: it can be read, not changed", c.Revision()),
	}
	body, err := api.EncodeJSON(status)
	if err != nil {
		panic("cluster: a status cannot be encoded: " + err.Error())
	}
	return rest.Reply{Code: 405, Header: rest.Header{"Content-Type": "application/json"}, Body: body}
}

// Fork fills an empty Log with the cluster as it was at a revision, history
// and all, and calls done when that is safe. Opened with the same seed it is
// always the same cluster: etcd's state to the byte, and a control plane that
// starts over it, lists, watches and goes on, as after a restart. What its
// components had in memory and on its way to them is not in etcd and begins
// anew, as it does in a real cluster that is restored from a backup of etcd;
// they are level-triggered, so nothing is lost by that. It is one rule for
// every revision that can be read, whether this process saw it written or found
// it on disk. The cluster itself is untouched.
func (c *Cluster) Fork(revision int64, to store.Log, done func(error)) error {
	return archive.Restore(to, prefix{c.store, revision}, done)
}

// Nodes is how many nodes have a kubelet here.
func (c *Cluster) Nodes() (n int) {
	for _, p := range c.parts {
		if p.node != nil {
			n++
		}
	}
	return n
}

// prefix is a store up to a revision as a Log to load.
type prefix struct {
	s        *store.Store
	revision int64
}

func (p prefix) Load(into store.Loader) error { return p.s.DumpAt(into, p.revision) }

var errReadOnly = errors.New("a prefix is only read")

func (p prefix) Append(_ []*store.Record, done func(error)) { done(errReadOnly) }
func (p prefix) Compact(_ store.Snapshot, done func(error)) { done(errReadOnly) }
func (p prefix) Close() error                               { return nil }
