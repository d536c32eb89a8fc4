package driver

import (
	"fmt"
	"time"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/trace"
)

// What a page asks about what was, and where it goes on from there.

// at is the cluster at a revision. The last one is kept: whoever looks at a
// revision asks more than one thing of it.
func (d *Driver) at(revision int64) (*cluster.Past, error) {
	if d.past != nil && d.past.Revision() == revision && revision < d.c.Revision() {
		return d.past, nil
	}
	p, err := d.c.At(revision)
	if err == nil {
		d.past = p
	}
	return p, err
}

func (d *Driver) look(from int, r lookRequest) error {
	out := lookedEvent{Type: "looked", ID: r.ID, Revision: r.Revision}
	p, err := d.at(r.Revision)
	if err != nil {
		out.Error = err.Error()
	} else {
		o := p.Overview()
		out.Now, out.Until, out.Overview = trace.FormatTime(p.Time()), p.Until(), &o
		out.Actors, out.Chain, out.Requests = p.Actors(), p.Groups(), p.Requests()
	}
	d.opts.Send(from, out)
	return nil
}

// execPast types a line at a console that reads a revision. It is answered at
// once: nothing happens there.
func (d *Driver) execPast(from int, r execRequest) error {
	out := func(stream, text string) {
		if text != "" {
			d.opts.Send(from, outputEvent{"output", r.ID, stream, text})
		}
	}
	done := doneEvent{Type: "done", ID: r.ID, Revision: r.Revision}
	p, err := d.at(r.Revision)
	if err == nil {
		var result cluster.Result
		result, done.Changing, err = p.Run(r.Line)
		out("out", result.Stdout)
		out("err", result.Stderr)
		done.Exit = result.Exit
	}
	if err != nil {
		out("err", "error: "+err.Error()+"\n")
		done.Exit = 1
	}
	d.opts.Send(from, done)
	return nil
}

// What one page of the trace holds: entries, and of each the last causes. The
// status of a ReplicaSet of a thousand may have a thousand; why has them all.
const (
	maxTrace  = 500
	maxCauses = 50
)

// trace answers with one page of the entries that a query wants.
func (d *Driver) trace(from int, r traceRequest) error {
	if r.Limit > maxTrace {
		return fmt.Errorf("trace: %d entries, more than %d", r.Limit, maxTrace)
	}
	t := d.tab(from)
	if t == nil {
		return fmt.Errorf("trace: the tab has not joined")
	}
	q := trace.Query{Level: r.Level, Actor: r.Actor, Text: r.Text, Minor: r.Minor}
	if t.index == nil || t.index.Query() != q {
		t.index = d.c.Index(q)
	}
	t.index.Update()
	until := r.Until
	if until == 0 {
		until = d.c.LastEntry()
	}
	out := tracedEvent{Type: "traced", ID: r.ID, All: t.index.Len(until), From: r.From, Found: -1, Entries: lines{}}
	if r.Find > 0 {
		out.Found = t.index.Find(r.Find)
		out.From = max(0, min(out.Found-r.Limit/2, out.All-r.Limit))
	} else if r.From < 0 {
		out.From = max(0, out.All-r.Limit)
	}
	for _, e := range t.index.Entries(out.From, min(r.Limit, max(0, out.All-out.From))) {
		line := e.Line()
		line.Verdict = brief(line.Verdict)
		line.Causes = line.Causes[max(0, len(line.Causes)-maxCauses):]
		out.Entries = append(out.Entries, line)
	}
	d.opts.Send(from, out)
	return nil
}

// brief is a verdict without its table.
func brief(v *trace.Verdict) *trace.Verdict {
	if v == nil || v.Nodes == nil {
		return v
	}
	short := *v
	short.Nodes = nil
	return &short
}

// maxChains is how many of the learner's deeds the ten steps are told of.
const maxChains = 40

func (d *Driver) groups(from int, r groupsRequest) error {
	until := r.Until
	if until == 0 {
		until = d.c.LastEntry()
	}
	groups := d.c.Groups(until, maxChains)
	for i := range groups {
		groups[i].First.Verdict, groups[i].Last.Verdict = brief(groups[i].First.Verdict), brief(groups[i].Last.Verdict)
	}
	if groups == nil {
		groups = []trace.Group{}
	}
	d.opts.Send(from, groupedEvent{"grouped", r.ID, groups})
	return nil
}

// why explains an entry, named by its place or by the revision it made.
func (d *Driver) why(from int, r whyRequest) error {
	seq := r.Entry
	if seq == 0 {
		seq = d.c.Wrote(r.Revision)
	}
	out := whyEvent{Type: "why", ID: r.ID}
	if w, kept := d.c.Why(seq); kept && (r.Entry > 0 || w.Entry.Revision == r.Revision) {
		out.Why = &w
	}
	d.opts.Send(from, out)
	return nil
}

// get reads from the API server, as it is or as it was.
func (d *Driver) get(from int, r getRequest) error {
	out := gotEvent{Type: "got", ID: r.ID}
	m := rest.Message{Method: "GET", Path: r.Path, Header: rest.Header{"Accept": r.Accept}, Actor: trace.Learner}
	reply, err := d.read(m, r.Revision)
	if err != nil {
		out.Error = err.Error()
	}
	out.Code, out.Body = reply.Code, string(reply.Body)
	d.opts.Send(from, out)
	return nil
}

func (d *Driver) read(m rest.Message, revision int64) (rest.Reply, error) {
	if revision == 0 {
		return d.c.Server().Do(m), nil
	}
	p, err := d.at(revision)
	if err != nil {
		return rest.Reply{}, err
	}
	return p.Do(m)
}

func (d *Driver) waits(from int, r waitsRequest) error {
	d.opts.Send(from, waitedEvent{"waited", r.ID, d.c.Waits(r.Actor)})
	return nil
}

// fork puts the cluster as it was at a revision into a database that holds none.
func (d *Driver) fork(from int, r forkRequest) error {
	answer := func(err error) {
		out := forkedEvent{Type: "forked", ID: r.ID, Nodes: d.c.Nodes()}
		if err != nil {
			out.Error = err.Error()
		}
		d.opts.Send(from, out)
	}
	if r.Database == d.database {
		answer(archive.ErrNotEmpty)
		return nil
	}
	log, err := d.opts.Open(r.Database)
	if err != nil {
		answer(fmt.Errorf("fork: %w", err))
		return nil
	}
	done := func(err error) {
		_ = log.Close() // what it was given is safe, or err says that it is not
		answer(err)
	}
	if err := d.c.Fork(r.Revision, log, done); err != nil {
		done(fmt.Errorf("fork: %w", err))
	}
	return nil
}

// How far time may be skipped at once, and how many events with it.
const (
	maxAdvance = time.Hour
	maxSkipped = 1_000_000
)

// advance skips time, with everything that happens in it.
func (d *Driver) advance(_ int, r advanceRequest) error {
	by := time.Duration(r.Seconds) * time.Second
	if by <= 0 || by > maxAdvance {
		return fmt.Errorf("advance: %d seconds is not between 1 and %d", r.Seconds, int(maxAdvance.Seconds()))
	}
	until := d.c.Now().Add(by)
	for range maxSkipped {
		if at, any := d.c.NextAt(); !any || at.After(until) {
			break
		}
		d.moveOn()
	}
	err := d.c.AdvanceTo(until, 0)
	d.pace.wall = d.opts.Now()
	return err
}
