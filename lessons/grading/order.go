// Package grading scores predictions: an order of events against a partial
// order, causes against its direct edges, a choice of events, and who did
// them. Everything is pure and works on small integers; what the numbers stand
// for is known to package chain and package lessons.
//
// The order's distance is that of PrairieLearn's order-blocks problems on a
// directed acyclic graph (how many blocks to move, add or take away); the
// algorithm here is polynomial where theirs enumerates. Left out: groups of
// blocks that must stay together, and indentation.
package grading

import "slices"

// Poset is a strict partial order over the events 0 … n−1: p[a][b] tells that
// a must come before b. It is transitively closed.
type Poset [][]bool

// NewPoset makes an order in which nothing is required.
func NewPoset(n int) Poset {
	p := make(Poset, n)
	for i := range p {
		p[i] = make([]bool, n)
	}
	return p
}

// Close adds what follows from what is there.
func (p Poset) Close() {
	for k := range p {
		for i := range p {
			if p[i][k] {
				for j := range p {
					p[i][j] = p[i][j] || p[k][j]
				}
			}
		}
	}
}

// Direct is the transitive reduction: the pairs with nothing in between.
func (p Poset) Direct() [][2]int {
	var out [][2]int
	for a := range p {
		for b := range p {
			if p[a][b] && !p.between(a, b) {
				out = append(out, [2]int{a, b})
			}
		}
	}
	return out
}

func (p Poset) between(a, b int) bool {
	for c := range p {
		if p[a][c] && p[c][b] {
			return true
		}
	}
	return false
}

// Order is what an order of events comes to.
type Order struct {
	// Distance is extras + missing + 2·moves; Score max(0, (n − Distance)/n).
	Distance int
	Score    float64
	// Moved is a smallest set of events which, taken out and put elsewhere,
	// make the rest right; in the order given.
	Moved []int
	// Missing are the events that the answer lacks, Extras how many of its
	// items are none of the events, or one of them again.
	Missing []int
	Extras  int
	// First is the place in the answer of the first event that cannot happen
	// there, −1 where each can; Lacks are the events it needs that have not
	// happened by then, direct ones only.
	First int
	Lacks []int
}

// ScoreOrder holds an answer (events by number; anything out of range is an
// extra) against the partial order.
//
// Two events are inverted when the answer has a before b and b must come
// before a. Inversion is itself a strict partial order, so by Dilworth's
// theorem the largest set of events free of inversions has n − |M| elements,
// M being a largest matching of the bipartite graph of inverted pairs, and
// König's theorem reads from M which events to move.
func ScoreOrder(p Poset, answer []int) Order {
	n := len(p)
	o := Order{First: -1}
	used := make([]bool, n)
	var list []int
	for at, e := range answer {
		if e < 0 || e >= n || used[e] {
			o.Extras++
			continue
		}
		if lacks := p.lacks(e, used); len(lacks) > 0 && o.First < 0 {
			o.First, o.Lacks = at, lacks
		}
		used[e] = true
		list = append(list, e)
	}
	for e, there := range used {
		if !there {
			o.Missing = append(o.Missing, e)
		}
	}
	o.Moved = fewestMoves(p, list)
	o.Distance = o.Extras + len(o.Missing) + 2*len(o.Moved)
	if n > 0 {
		o.Score = max(0, float64(n-o.Distance)/float64(n))
	}
	return o
}

// lacks are the direct needs of e that have not happened.
func (p Poset) lacks(e int, happened []bool) []int {
	var out []int
	for a := range p {
		if p[a][e] && !happened[a] && !p.between(a, e) {
			out = append(out, a)
		}
	}
	if out != nil {
		return out
	}
	for a := range p { // its direct needs have happened, but out of order
		if p[a][e] && !happened[a] {
			out = append(out, a)
		}
	}
	return out
}

// fewestMoves returns a smallest set of the list's events whose removal leaves
// no inverted pair.
func fewestMoves(p Poset, list []int) []int {
	m := matching{adjacent: make([][]int, len(list)), left: fill(len(list)), right: fill(len(list))}
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			if p[list[j]][list[i]] {
				m.adjacent[i] = append(m.adjacent[i], j)
			}
		}
	}
	size := 0
	for i := range list {
		if m.augment(i, make([]bool, len(list))) {
			size++
		}
	}
	if size == 0 {
		return nil
	}
	return m.cover(list)
}

// matching is a bipartite matching between the list's places as upper and as
// lower ends of inverted pairs; −1 means unmatched.
type matching struct {
	adjacent    [][]int
	left, right []int
}

func fill(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

// augment looks for a free place for i, moving others where that helps.
func (m *matching) augment(i int, seen []bool) bool {
	for _, j := range m.adjacent[i] {
		if seen[j] {
			continue
		}
		seen[j] = true
		if m.right[j] < 0 || m.augment(m.right[j], seen) {
			m.left[i], m.right[j] = j, i
			return true
		}
	}
	return false
}

// cover is the smallest vertex cover that the matching proves, as events: an
// event is in it when either of its two ends is. Because inversion is
// transitive no event has both, so there are as many as pairs in the matching.
func (m *matching) cover(list []int) []int {
	leftSeen, rightSeen := make([]bool, len(list)), make([]bool, len(list))
	var visit func(i int)
	visit = func(i int) {
		leftSeen[i] = true
		for _, j := range m.adjacent[i] {
			if rightSeen[j] {
				continue
			}
			rightSeen[j] = true
			if k := m.right[j]; k >= 0 && !leftSeen[k] {
				visit(k)
			}
		}
	}
	for i := range list {
		if m.left[i] < 0 {
			visit(i)
		}
	}
	var out []int
	for i, e := range list {
		if !leftSeen[i] || rightSeen[i] {
			out = append(out, e)
		}
	}
	return slices.Clip(out)
}
