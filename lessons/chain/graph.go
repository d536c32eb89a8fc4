package chain

import (
	"slices"

	"github.com/tabernetes/tabernetes/core/trace"
)

// Graph is what led to what among the entries added to it, in order. An entry
// comes because of
//
//   - the delivery to its actor of each revision among its causes, or that
//     revision's write where the actor knew of it without a delivery;
//   - what the same actor did to the same object before: a component works on
//     one object at a time, so "pulls, then starts, then reports" is no chance.
//
// That an actor did something else before is not a cause: the scheduler binds
// two pods in one order or the other.
type Graph struct {
	entries   []trace.Line
	before    [][]int         // direct predecessors, by place
	wrote     map[int64]int   // the write of a revision
	delivered map[arrival]int // the delivery of a revision to an actor
	last      map[subject]int // what an actor last did to an object
}

type arrival struct {
	actor    string
	revision int64
}

type subject struct{ actor, resource, namespace, name string }

// NewGraph makes an empty graph.
func NewGraph() *Graph {
	return &Graph{wrote: map[int64]int{}, delivered: map[arrival]int{}, last: map[subject]int{}}
}

// Len is how many entries there are, Entry one of them by its place from 0.
func (g *Graph) Len() int { return len(g.entries) }

// Entry is the entry at a place.
func (g *Graph) Entry(i int) *trace.Line { return &g.entries[i] }

// Before are the places of the direct predecessors of the entry at a place.
func (g *Graph) Before(i int) []int { return g.before[i] }

// Add appends the entries that follow those it has.
func (g *Graph) Add(entries []trace.Line) {
	for i := range entries {
		g.add(entries[i])
	}
}

func (g *Graph) add(e trace.Line) {
	at := len(g.entries)
	var before []int
	for _, rev := range e.Causes {
		if d, ok := g.delivered[arrival{e.Actor, rev}]; ok && e.Type != trace.Delivery {
			before = append(before, d)
		} else if w, ok := g.wrote[rev]; ok {
			before = append(before, w)
		}
	}
	switch e.Type {
	case trace.Delivery:
		g.delivered[arrival{e.Actor, e.Revision}] = at
	case trace.Write:
		g.wrote[e.Revision] = at
	}
	if e.Type != trace.Delivery {
		s := subject{e.Actor, e.Resource, e.Namespace, e.Name}
		if p, ok := g.last[s]; ok {
			before = append(before, p)
		}
		g.last[s] = at
	}
	slices.Sort(before)
	g.entries = append(g.entries, e)
	g.before = append(g.before, slices.Compact(before))
}

// Led tells whether any of the places in from led to the entry at place to,
// directly or not. A place does not lead to itself.
func (g *Graph) Led(from map[int]bool, to int) bool {
	seen := map[int]bool{}
	stack := slices.Clone(g.before[to])
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if from[i] {
			return true
		}
		if !seen[i] {
			seen[i] = true
			stack = append(stack, g.before[i]...)
		}
	}
	return false
}
