// Package sim is the world's clock, dice and queue, and the only thing that
// moves it. Everything that ever happens in a cluster (a notification that
// arrives, a timer that fires, a key that a controller works on, a line typed
// at the console) is an Event in one queue, ordered by virtual time and then
// by the order of scheduling. Step takes exactly one of them.
//
// Nothing here starts a goroutine or reads the wall clock: whoever stands at
// the edge (a browser's worker, the command line, a test) decides when to call
// Step. The same seed and the same inputs therefore give the same run, to the
// byte, on every machine.
//
// A component runs as a Process. Holding an actor parks its events until it is
// released; killing a process drops them, which is what a crash does.
//
// Left out: any notion of what the events mean. Latencies are chosen by those
// who schedule.
package sim

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind says what sort of thing an event is.
type Kind uint8

// The kinds of event.
const (
	Input    Kind = iota // something the learner or a script did
	Delivery             // a watch notification arrives at an actor
	Turn                 // an actor works on one item
	Timer                // a time an actor waited for has come
)

// String names the kind as traces do.
func (k Kind) String() string {
	return [...]string{"input", "delivery", "turn", "timer"}[k]
}

// Class says whether the world may be called quiet while an event waits.
type Class uint8

// The classes of event.
const (
	// Work is under way: the world is not quiet before it is done.
	Work Class = iota
	// Idle recurs, or waits for a long time by design: heartbeats, back-offs, deadlines.
	Idle
)

// Event is one thing that will happen.
type Event struct {
	At    time.Time // virtual
	Seq   uint64    // order of scheduling, breaks ties
	Kind  Kind
	Class Class
	Actor string
	What  string // a few words for people, e.g. "reconcile default/web"

	run  func()
	proc *Process
	dead bool
	park bool
}

// ErrNotQuiet is wrapped by RunUntilQuiet's error when its limit of steps is used up.
var ErrNotQuiet = errors.New("the world did not become quiet")

// World is one deterministic world. It is not safe for concurrent use, by design.
type World struct {
	now    time.Time
	seed   uint64
	seq    uint64
	queue  eventHeap
	work   int // queued, live, not parked Work events
	steps  uint64
	dice   map[string]*rand.Rand
	held   map[string]bool
	parked map[string][]*Event
}

// New makes a world whose clock stands at start and whose dice follow from seed.
func New(seed uint64, start time.Time) *World {
	return &World{
		now: start, seed: seed,
		dice:   map[string]*rand.Rand{},
		held:   map[string]bool{},
		parked: map[string][]*Event{},
	}
}

// Now is the virtual time.
func (w *World) Now() time.Time { return w.now }

// Seed is what the dice follow from.
func (w *World) Seed() uint64 { return w.seed }

// Steps is how many events have been taken.
func (w *World) Steps() uint64 { return w.steps }

// Rand returns the dice of a purpose ("uid", "latency", …). Each purpose has
// its own, so that one more throw for one does not change the others.
func (w *World) Rand(purpose string) *rand.Rand {
	r := w.dice[purpose]
	if r == nil {
		h := fnv.New64a()
		h.Write([]byte(purpose))
		r = rand.New(rand.NewPCG(w.seed, h.Sum64()))
		w.dice[purpose] = r
	}
	return r
}

// Process is one life of an actor, from start to stop or crash.
type Process struct {
	world *World
	actor string
	work  int // this process's part of world.work
	dead  bool
}

// Process starts a new life of an actor.
func (w *World) Process(actor string) *Process { return &Process{world: w, actor: actor} }

// Actor is the name the process acts under.
func (p *Process) Actor() string { return p.actor }

// Alive tells whether Kill has not been called.
func (p *Process) Alive() bool { return !p.dead }

// Now is the virtual time.
func (p *Process) Now() time.Time { return p.world.now }

// Rand returns the dice of a purpose.
func (p *Process) Rand(purpose string) *rand.Rand { return p.world.Rand(purpose) }

// Schedule puts an event into the queue, delay from now (at least 0). On a
// dead process it does nothing.
func (p *Process) Schedule(kind Kind, class Class, delay time.Duration, what string, run func()) *Event {
	e := &Event{
		At: p.world.now.Add(max(delay, 0)), Kind: kind, Class: class,
		Actor: p.actor, What: what, run: run, proc: p, dead: p.dead,
	}
	if !p.dead {
		p.world.push(e)
	}
	return e
}

// Cancel takes an event out of the queue; one that has run or was cancelled is left alone.
func (p *Process) Cancel(e *Event) {
	if e == nil || e.dead {
		return
	}
	p.world.forget(e)
	e.dead = true
}

// Kill ends the process: what it had scheduled never happens.
func (p *Process) Kill() {
	if p.dead {
		return
	}
	p.dead = true
	p.world.work -= p.work
	p.work = 0
}

func (w *World) push(e *Event) {
	w.seq++
	e.Seq = w.seq
	if w.held[e.Actor] {
		w.parkEvent(e)
		return
	}
	w.remember(e)
	heap.Push(&w.queue, e)
}

func (w *World) parkEvent(e *Event) {
	e.park = true
	w.parked[e.Actor] = append(w.parked[e.Actor], e)
}

// remember and forget keep the count of Work under way.
func (w *World) remember(e *Event) {
	if e.Class == Work {
		w.work++
		e.proc.work++
	}
}

func (w *World) forget(e *Event) {
	if e.Class == Work && !e.park && !e.proc.dead {
		w.work--
		e.proc.work--
	}
}

// next drops what is dead from the head of the queue and returns the event
// that Step would take.
func (w *World) next() *Event {
	for len(w.queue) > 0 {
		e := w.queue[0]
		if !e.dead && !e.proc.dead {
			return e
		}
		heap.Pop(&w.queue)
	}
	return nil
}

// Next returns the event that Step would take; false when there is none.
func (w *World) Next() (Event, bool) {
	e := w.next()
	if e == nil {
		return Event{}, false
	}
	return *e, true
}

// Step takes the next event and returns it; false when there is none. The
// clock moves to the event's time, never backwards.
func (w *World) Step() (Event, bool) {
	e := w.next()
	if e == nil {
		return Event{}, false
	}
	heap.Pop(&w.queue)
	w.forget(e)
	e.dead = true
	if e.At.After(w.now) {
		w.now = e.At
	}
	w.steps++
	e.run()
	return *e, true
}

// Quiet tells whether no work is under way: what still waits recurs, waits by
// design, or belongs to an actor that is held.
func (w *World) Quiet() bool { return w.work == 0 }

// RunUntilQuiet steps until the world is quiet, limit steps at most, and
// returns how many it took.
func (w *World) RunUntilQuiet(limit int) (int, error) {
	for n := 0; ; n++ {
		if w.Quiet() {
			return n, nil
		}
		if n == limit {
			e, _ := w.Next()
			return n, fmt.Errorf("%w within %d steps (next: %s: %s)", ErrNotQuiet, limit, e.Actor, e.What)
		}
		if _, ok := w.Step(); !ok {
			return n, nil
		}
	}
}

// AdvanceTo takes every event due until t, limit steps at most, and then sets
// the clock to t. It returns how many steps it took.
func (w *World) AdvanceTo(t time.Time, limit int) (int, error) {
	for n := 0; ; n++ {
		e := w.next()
		if e == nil || e.At.After(t) {
			if t.After(w.now) {
				w.now = t
			}
			return n, nil
		}
		if n == limit {
			return n, fmt.Errorf("%d steps were not enough to reach %s (next: %s: %s)",
				limit, t.Format(time.RFC3339Nano), e.Actor, e.What)
		}
		w.Step()
	}
}

// Hold parks the actor's events from now on: it sees and does nothing.
func (w *World) Hold(actor string) {
	if w.held[actor] {
		return
	}
	w.held[actor] = true
	rest := w.queue[:0]
	for _, e := range w.ordered() {
		switch {
		case e.dead || e.proc.dead:
		case e.Actor == actor:
			w.forget(e)
			w.parkEvent(e)
		default:
			rest = append(rest, e)
		}
	}
	w.queue = rest // in order, which is a heap
}

// ordered returns the queue's events, soonest first.
func (w *World) ordered() []*Event {
	sorted := slices.Clone(w.queue)
	slices.SortFunc(sorted, func(a, b *Event) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return cmp.Compare(a.Seq, b.Seq)
	})
	return sorted
}

// Waiting returns what waits for an actor, soonest first, limit at most, and
// how much there is; what has piled up before a held one is part of it.
func (w *World) Waiting(actor string, limit int) (first []Event, all int) {
	queue := w.ordered()
	if w.held[actor] {
		queue = w.parked[actor]
	}
	for _, e := range queue {
		if e.Actor != actor || e.dead || e.proc.dead {
			continue
		}
		if all++; len(first) < limit {
			first = append(first, *e)
		}
	}
	return first, all
}

// Held tells whether the actor is held.
func (w *World) Held(actor string) bool { return w.held[actor] }

// Release lets a held actor go on with everything that has piled up, in order.
func (w *World) Release(actor string) {
	delete(w.held, actor)
	for _, e := range w.parked[actor] {
		e.park = false
		if e.dead || e.proc.dead {
			continue
		}
		w.remember(e)
		heap.Push(&w.queue, e)
	}
	delete(w.parked, actor)
}

// eventHeap orders events by time, then by order of scheduling.
type eventHeap []*Event

func (h eventHeap) Len() int { return len(h) }

func (h eventHeap) Less(i, j int) bool {
	if !h[i].At.Equal(h[j].At) {
		return h[i].At.Before(h[j].At)
	}
	return h[i].Seq < h[j].Seq
}

func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *eventHeap) Push(x any) { *h = append(*h, x.(*Event)) }

func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
