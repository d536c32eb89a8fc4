package chain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tabernetes/tabernetes/core/trace"
	"github.com/tabernetes/tabernetes/lessons/grading"
)

// Block is one kind of event that a prediction is built from.
type Block struct {
	ID    string
	Event Pattern
	// Each tells that it happens once for each of several interchangeable
	// objects (pods), by the name of the object; otherwise it happens once.
	Each bool
	// Never tells that it does not happen at all: a misconception. Its
	// pattern may be empty, where no entry could show it.
	Never bool
}

// Event is an occurrence of a block. For a block that happens for each of
// several objects Object numbers them from 1; otherwise it is 0.
type Event struct {
	Block  string
	Object int
}

// String is the event as answers name it: "scale", "pod-created/2".
func (e Event) String() string {
	if e.Object == 0 {
		return e.Block
	}
	return e.Block + "/" + strconv.Itoa(e.Object)
}

// ParseEvent reads what String writes.
func ParseEvent(s string) Event {
	block, object, found := strings.Cut(s, "/")
	if n, err := strconv.Atoi(object); found && err == nil && n > 0 {
		return Event{block, n}
	}
	return Event{Block: s}
}

// Truth is what all runs of a script agree on.
type Truth struct {
	// Runs is how many there were, Objects how many interchangeable objects.
	Runs, Objects int
	// Events are all that happen, block by block, object by object.
	Events []Event
	// Actors are who does them, by block; "kubelet" stands for that of any node.
	Actors map[string]string
	// Order is what causality fixes among Events, closed.
	Order grading.Poset
}

// Index is an event's place in Events, −1 where it does not happen.
func (t *Truth) Index(e Event) int { return slices.Index(t.Events, e) }

// Agreement finds the Truth run by run.
type Agreement struct {
	blocks  []Block
	runs    int
	objects int
	actors  map[string]string
	// What held in all runs so far: same[a][b] that block a led to block b
	// for the same object (or where one of them is for no object), cross[a][b]
	// that it did for every two different objects. Pods get their numbers from
	// the learner, so only what holds whatever the numbers may be required.
	same, cross grading.Poset
}

// Agree starts with no runs.
func Agree(blocks []Block) *Agreement {
	a := &Agreement{blocks: blocks, actors: map[string]string{}, same: grading.NewPoset(len(blocks)), cross: grading.NewPoset(len(blocks))}
	for i := range blocks {
		for j := range blocks {
			a.same[i][j], a.cross[i][j] = i != j, true
		}
	}
	return a
}

// Run takes in one run: its entries from the first one that matters, and what
// revisions changed. An error says which block's pattern is too wide or too
// narrow to stand for one event, or that a misconception happened.
func (a *Agreement) Run(entries []trace.Line, changes Changes) error {
	g := NewGraph()
	g.Add(entries)
	found, objects, err := a.occurrences(g, changes)
	if err != nil {
		return fmt.Errorf("run %d: %w", a.runs+1, err)
	}
	if a.runs > 0 && objects != a.objects {
		return fmt.Errorf("run %d: %d objects, %d in the runs before", a.runs+1, objects, a.objects)
	}
	a.objects = objects
	for i, from := range found {
		for j, to := range found {
			if i == j && !a.blocks[i].Each || from == nil || to == nil {
				continue
			}
			a.compare(g, i, j, from, to)
		}
	}
	a.runs++
	return nil
}

// compare notes which occurrences of block i led to which of block j.
func (a *Agreement) compare(g *Graph, i, j int, from, to map[string]int) {
	for x, p := range from {
		for y, q := range to {
			if p == q {
				continue
			}
			led := g.Led(map[int]bool{p: true}, q)
			if x != y && x != "" && y != "" {
				a.cross[i][j] = a.cross[i][j] && led
			} else {
				a.same[i][j] = a.same[i][j] && led
			}
		}
	}
}

// occurrences finds each block's entries, by object ("" where the block is for none).
func (a *Agreement) occurrences(g *Graph, changes Changes) ([]map[string]int, int, error) {
	found := make([]map[string]int, len(a.blocks))
	objects := -1
	for i := range a.blocks {
		b := &a.blocks[i]
		at, err := b.find(g, changes)
		if err != nil || b.Never {
			if err != nil {
				return nil, 0, fmt.Errorf("%s: %w", b.ID, err)
			}
			continue
		}
		if err := a.actor(b, g, at); err != nil {
			return nil, 0, err
		}
		if b.Each {
			if objects >= 0 && len(at) != objects {
				return nil, 0, fmt.Errorf("%s: happens for %d objects, other events for %d", b.ID, len(at), objects)
			}
			objects = len(at)
		}
		found[i] = at
	}
	return found, max(objects, 0), nil
}

// find returns the places of a block's entries by object.
func (b *Block) find(g *Graph, changes Changes) (map[string]int, error) {
	at := map[string]int{}
	if b.Never && b.Event.String() == "" {
		return at, nil
	}
	for i := range g.Len() {
		e := g.Entry(i)
		if b.Event.Match(e, changes) != Yes {
			continue
		}
		object := ""
		if b.Each {
			object = e.Name
		}
		if b.Never {
			return nil, fmt.Errorf("%s %s %s is called a misconception, but it happened", e.Actor, e.Verb, e.Resource)
		}
		if _, twice := at[object]; twice {
			return nil, fmt.Errorf("%s matches twice (%s %s %s): it must stand for one event", &b.Event, e.Actor, e.Verb, e.Name)
		}
		at[object] = i
	}
	if len(at) == 0 && !b.Never {
		return nil, fmt.Errorf("%s did not happen", &b.Event)
	}
	return at, nil
}

// actor notes who does a block.
func (a *Agreement) actor(b *Block, g *Graph, at map[string]int) error {
	for _, i := range at {
		who := Role(g.Entry(i).Actor)
		if was, known := a.actors[b.ID]; known && was != who {
			return fmt.Errorf("%s: done by %s and by %s", b.ID, was, who)
		}
		a.actors[b.ID] = who
	}
	return nil
}

// Role is an actor without the node it stands on: kubelet/node-1 is a kubelet.
func Role(actor string) string {
	role, _, _ := strings.Cut(actor, "/")
	return role
}

// Truth is what the runs so far agree on.
func (a *Agreement) Truth() *Truth {
	t := &Truth{Runs: a.runs, Objects: a.objects, Actors: a.actors}
	var blocks []int // the block of each event
	for i, b := range a.blocks {
		switch {
		case b.Never:
		case b.Each:
			for n := range a.objects {
				t.Events, blocks = append(t.Events, Event{b.ID, n + 1}), append(blocks, i)
			}
		default:
			t.Events, blocks = append(t.Events, Event{Block: b.ID}), append(blocks, i)
		}
	}
	t.Order = grading.NewPoset(len(t.Events))
	for x, e := range t.Events {
		for y, f := range t.Events {
			i, j := blocks[x], blocks[y]
			if e.Object != f.Object && e.Object != 0 && f.Object != 0 {
				t.Order[x][y] = a.runs > 0 && a.cross[i][j]
			} else {
				t.Order[x][y] = a.runs > 0 && i != j && a.same[i][j]
			}
		}
	}
	return t
}

// Number gives the events of an answer the objects' numbers: objects count in
// the order in which the answer first names them, whatever it calls them, and
// an event of an Each block that names no object is for the first one that has
// not had it. It returns the numbers' old names for use on causes and actors.
func Number(answer []Event, each func(block string) bool) ([]Event, map[int]int) {
	numbers := map[int]int{}
	number := func(name int) int {
		if numbers[name] == 0 {
			numbers[name] = len(numbers) + 1
		}
		return numbers[name]
	}
	had := map[string]int{}
	out := make([]Event, len(answer))
	for i, e := range answer {
		switch {
		case !each(e.Block):
		case e.Object > 0:
			e.Object = number(e.Object)
		default:
			had[e.Block]++
			e.Object = number(had[e.Block])
		}
		out[i] = e
	}
	return out, numbers
}

// Observe finds the events of a block list in one run, for showing them
// against a prediction: objects are numbered in order of appearance. Blocks
// that did not happen, or that match more than once, are left out.
func Observe(blocks []Block, entries []trace.Line, changes Changes) map[Event]int64 {
	g := NewGraph()
	g.Add(entries)
	at := map[Event]int64{}
	type seen struct {
		block int
		name  string
		place int
	}
	var all []seen
	for i := range blocks {
		if blocks[i].Never {
			continue
		}
		found, err := blocks[i].find(g, changes)
		if err != nil {
			continue
		}
		for name, place := range found {
			all = append(all, seen{i, name, place})
		}
	}
	slices.SortFunc(all, func(a, b seen) int { return a.place - b.place })
	numbers := map[string]int{}
	for _, s := range all {
		e := Event{Block: blocks[s.block].ID}
		if blocks[s.block].Each {
			if numbers[s.name] == 0 {
				numbers[s.name] = len(numbers) + 1
			}
			e.Object = numbers[s.name]
		}
		at[e] = g.Entry(s.place).Seq
	}
	return at
}
