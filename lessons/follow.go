package lessons

import (
	"strconv"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/trace"
	"github.com/tabernetes/tabernetes/lessons/chain"
)

// Trace is where chain checks read what happened: the engine's own, or an
// audit log, which knows less.
type Trace interface {
	// More are the entries since it was last asked, in order.
	More() ([]trace.Line, error)
	// Changes are what a write among the last More changed.
	Changes(*trace.Line) (changes []trace.Change, known bool)
	// Whole tells whether notifications and decisions are entries too, and
	// every entry names its causes.
	Whole() bool
}

// engineTrace is the trace of a cluster of ours behind an entry.
type engineTrace struct {
	c    *cluster.Cluster
	last int64
}

func (t *engineTrace) More() ([]trace.Line, error) {
	entries := t.c.Entries(t.last, 0)
	t.last = t.c.LastEntry()
	return entries, nil
}

func (t *engineTrace) Changes(e *trace.Line) ([]trace.Change, bool) { return changesOf(t.c)(e) }

func (t *engineTrace) Whole() bool { return true }

// changesOf tells what a cluster's writes changed: nothing of one that has
// been compacted away.
func changesOf(c *cluster.Cluster) chain.Changes {
	return func(e *trace.Line) ([]trace.Change, bool) {
		changes, err := c.Changes(e.Revision)
		if err != nil {
			return nil, true
		}
		return changes, true
	}
}

// follower keeps up with a trace for a lesson's chain checks.
type follower struct {
	trace Trace
	graph *chain.Graph
	links map[*Link]*matches
	order map[string][]*Link // by check
}

// matches are the places in the trace that a link means, and those that it may
// mean, as far as the trace tells; the sure ones are among the possible.
type matches struct {
	sure, possible map[int]bool
	// lacks is what it would take to tell a possible one.
	lacks beyond
}

// follow begins with the trace's next entry.
func follow(t Trace, l *Lesson) *follower {
	f := &follower{trace: t, graph: chain.NewGraph(), links: map[*Link]*matches{}, order: map[string][]*Link{}}
	for _, check := range l.Checks() {
		for i := range check.Chain {
			f.order[check.ID] = append(f.order[check.ID], &check.Chain[i])
			f.links[&check.Chain[i]] = &matches{map[int]bool{}, map[int]bool{}, ""}
		}
	}
	return f
}

// catchUp matches the entries that are new against every link.
func (f *follower) catchUp() error {
	at := f.graph.Len()
	more, err := f.trace.More()
	if err != nil {
		return err
	}
	f.graph.Add(more)
	for ; at < f.graph.Len(); at++ {
		for _, links := range f.order { // checks do not depend on each other's links
			f.match(links, at)
		}
	}
	return nil
}

func (f *follower) match(links []*Link, at int) {
	named := map[string]*matches{}
	for _, link := range links {
		m := f.links[link]
		switch link.Match(f.graph.Entry(at), f.trace.Changes) {
		case chain.Yes:
			f.caused(link, m, named, at, true)
		case chain.Maybe:
			m.lacks = "changes"
			f.caused(link, m, named, at, false)
		}
		if link.As != "" {
			named[link.As] = m
		}
	}
}

// caused puts an entry that a link's pattern matches where it belongs. Without
// causes in the trace, what comes after each cause is possible and none is sure.
func (f *follower) caused(link *Link, m *matches, named map[string]*matches, at int, sure bool) {
	for _, by := range link.CausedBy {
		switch cause := named[by]; {
		case f.trace.Whole():
			if !f.graph.Led(cause.sure, at) {
				return
			}
		case !before(cause.possible, at):
			return
		default:
			sure, m.lacks = false, "causes"
		}
	}
	m.possible[at] = true
	if sure {
		m.sure[at] = true
	}
}

// before tells whether any of the places lies before another.
func before(places map[int]bool, at int) bool {
	for p := range places {
		if p < at {
			return true
		}
	}
	return false
}

// differs names the first link of a chain check that does not hold. Where none
// is known not to hold, but one is not known to, the error is what it lacks.
func (f *follower) differs(c *Check) ([]Detail, error) {
	if err := f.catchUp(); err != nil {
		return nil, err
	}
	var lacks error
	for i := range c.Chain {
		link := &c.Chain[i]
		if !f.trace.Whole() && !recorded(link) {
			lacks = beyond("unrecorded")
			continue
		}
		m := f.links[link]
		least, most := len(m.sure), len(m.possible)
		want := link.Count
		if link.Never {
			zero := 0
			want = &Range{&zero, &zero}
		}
		switch {
		case want.Has(least) && want.Has(most): // and so all between
		case want.mayHave(least, most):
			lacks = m.lacks
		case link.Never:
			return []Detail{{Path: link.String(), Want: "never", Got: strconv.Itoa(least)}}, nil
		default:
			return []Detail{{Path: link.String(), Want: want.String(), Got: strconv.Itoa(most)}}, nil
		}
	}
	return nil, lacks
}

// recorded tells whether an audit log can show what a link is about.
func recorded(l *Link) bool {
	return (l.Type == "" || l.Type == trace.Write || l.Type == trace.Refused) && l.Step < 8
}
