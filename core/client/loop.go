package client

import (
	"cmp"
	"slices"
	"time"

	"github.com/tabernetes/tabernetes/core/sim"
)

// The back-off of a key whose turn failed, as client-go's
// DefaultControllerRateLimiter: doubling from the first to the second.
const (
	firstRetry = 5 * time.Millisecond
	lastRetry  = 1000 * time.Second
	// patience is how long a retry may wait and still count as work under way.
	patience = time.Second
)

// Loop is a work queue and its one worker. A key that is added several times
// before its turn gets one turn, with the causes of all: that is what makes
// the components level-triggered. A turn that returns an error is taken again
// after a back-off, with its causes kept.
type Loop struct {
	c       *Client
	name    string
	run     func(key string) error
	rank    func(key string) int32 // nil: all alike
	lanes   []lane                 // the queued keys, highest rank first
	dirty   map[string][]int64     // the queued keys with their causes
	fails   map[string]int
	timers  map[string]*Timer
	needs   []Source
	turn    *sim.Event
	readyAt time.Time // when the last turn's work is done
}

// Source is a view as a loop sees it.
type Source interface {
	Synced() bool
	OnSynced(func())
}

// lane is the queued keys of one rank, in the order in which they came.
type lane struct {
	rank int32
	keys []string
}

// NewLoop makes a loop; name tells people what a turn does, e.g. "reconcile deployment".
func (c *Client) NewLoop(name string, run func(key string) error) *Loop {
	return &Loop{
		c: c, name: name, run: run,
		dirty: map[string][]int64{}, fails: map[string]int{}, timers: map[string]*Timer{},
	}
}

// Needs keeps the loop's keys waiting until the first lists of all sources are
// in, as cache.WaitForCacheSync does: a turn taken on half a view would act on
// what is merely not yet known.
func (l *Loop) Needs(sources ...Source) {
	l.needs = append(l.needs, sources...)
	for _, s := range sources {
		s.OnSynced(l.kick)
	}
}

func (l *Loop) ready() bool {
	for _, s := range l.needs {
		if !s.Synced() {
			return false
		}
	}
	return true
}

// Add asks for a turn for key, because of what is being delivered right now.
func (l *Loop) Add(key string) { l.add(key, l.c.causes) }

func (l *Loop) add(key string, causes []int64) {
	if have, queued := l.dirty[key]; queued {
		l.dirty[key] = merge(have, causes)
		return
	}
	l.dirty[key] = causes
	l.push(key)
	l.kick()
}

// Rank has keys of a higher rank served first; among equals, who came first
// is. by is asked when a key is put into the queue.
func (l *Loop) Rank(by func(key string) int32) { l.rank = by }

func (l *Loop) push(key string) {
	var rank int32
	if l.rank != nil {
		rank = l.rank(key)
	}
	i, found := slices.BinarySearchFunc(l.lanes, rank, func(n lane, rank int32) int { return cmp.Compare(rank, n.rank) })
	if !found {
		l.lanes = slices.Insert(l.lanes, i, lane{rank: rank})
	}
	l.lanes[i].keys = append(l.lanes[i].keys, key)
}

func (l *Loop) pop() string {
	first := &l.lanes[0]
	key := first.keys[0]
	if first.keys = first.keys[1:]; len(first.keys) == 0 {
		l.lanes = slices.Delete(l.lanes, 0, 1)
	}
	return key
}

// AddAfter asks for a turn for key after d. A later call for the same key
// replaces an earlier one that has not fired. class is sim.Idle for what waits
// by design (a deadline, a resync), sim.Work otherwise.
func (l *Loop) AddAfter(key string, d time.Duration, class sim.Class) {
	l.timers[key].Stop()
	l.timers[key] = l.c.After(d, class, l.name+" "+key, func() {
		delete(l.timers, key)
		l.Add(key)
	})
}

// Len is how many keys wait for their turn.
func (l *Loop) Len() int { return len(l.dirty) }

// Failures is how often key's turn has failed in a row.
func (l *Loop) Failures(key string) int { return l.fails[key] }

// kick schedules the next turn, if there is something to do and none is scheduled.
func (l *Loop) kick() {
	if l.turn != nil || len(l.lanes) == 0 || !l.ready() {
		return
	}
	wait := max(l.c.stretch(l.c.timing.Turn), l.readyAt.Sub(l.c.Now()))
	l.turn = l.c.proc.Schedule(sim.Turn, sim.Work, wait, l.name+" "+l.lanes[0].keys[0], l.takeTurn)
}

func (l *Loop) takeTurn() {
	l.turn = nil
	key := l.pop()
	causes := l.dirty[key]
	delete(l.dirty, key)

	l.c.spent = 0
	var err error
	l.c.because(causes, func() { err = l.run(key) })
	l.readyAt = l.c.Now().Add(l.c.stretch(l.c.timing.Turn + l.c.spent))
	if err != nil {
		l.retry(key, causes)
	} else {
		delete(l.fails, key)
	}
	l.kick()
}

// retry puts key back after its back-off; meanwhile an Add is served at once.
func (l *Loop) retry(key string, causes []int64) {
	wait := lastRetry
	if n := l.fails[key]; n < 18 {
		wait = min(firstRetry<<n, lastRetry)
	}
	l.fails[key]++
	class := sim.Work
	if wait > patience {
		class = sim.Idle
	}
	l.c.because(causes, func() {
		l.c.After(wait, class, "retry "+key, func() { l.Add(key) })
	})
}
