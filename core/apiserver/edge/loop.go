package edge

import (
	"context"
	"errors"
	"time"
)

// World is what the loop owns: a cluster and whatever else is driven with it.
type World interface {
	// Slice steps the world for a few milliseconds at most and returns after
	// how long it wants to be called again: 0 for at once, negative for not
	// before something comes in.
	Slice() time.Duration
	// Flush hands what was written to the log.
	Flush()
	// OnDurable calls fn once all that was written so far is on disk, or with
	// the error that keeps it from getting there.
	OnDurable(fn func(error))
}

// How much is done for clients between two slices of the world: so much that
// many writers get on, so little that the world does too.
const (
	shareTime = 6 * time.Millisecond
	queued    = 1024
)

// Loop is the one goroutine that touches the world.
type Loop struct {
	world World
	jobs  chan func()
	ended chan struct{} // closed when Run has returned
}

// NewLoop makes a loop; nothing happens before Run.
func NewLoop(w World) *Loop {
	return &Loop{world: w, jobs: make(chan func(), queued), ended: make(chan struct{})}
}

// ErrEnded says that the world does not move any more.
var ErrEnded = errors.New("the server is shutting down")

// Post has fn called on the world's goroutine, some time. It waits only where
// very many others do.
func (l *Loop) Post(fn func()) error {
	select {
	case <-l.ended:
		return ErrEnded
	case l.jobs <- fn:
		return nil
	}
}

// Do has fn called on the world's goroutine and waits until that is done. An
// error says that it was not and will not be.
func (l *Loop) Do(ctx context.Context, fn func()) error {
	done := make(chan struct{})
	job := func() {
		if ctx.Err() == nil {
			fn()
		}
		close(done)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-l.ended:
		return ErrEnded
	case l.jobs <- job:
	}
	select {
	case <-done:
		return ctx.Err()
	case <-l.ended:
		return ErrEnded
	}
}

// Run moves the world until ctx ends.
func (l *Loop) Run(ctx context.Context) {
	defer close(l.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		wait := l.world.Slice()
		if l.serve() || wait == 0 {
			continue
		}
		var due <-chan time.Time
		if wait > 0 {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case job := <-l.jobs:
			l.world.Slice() // the world's clock has stood still meanwhile
			job()
			l.serve()
			l.world.Flush()
		case <-due:
		case <-ctx.Done():
		}
	}
}

// serve does what clients wait for, for its share of the time, and tells
// whether there was anything. What was written goes to the log in one batch.
func (l *Loop) serve() (did bool) {
	for end := time.Now().Add(shareTime); time.Now().Before(end); {
		select {
		case job := <-l.jobs:
			job()
			did = true
			continue
		default:
		}
		break
	}
	if did {
		l.world.Flush()
	}
	return did
}

// Ended is closed when the world does not move any more.
func (l *Loop) Ended() <-chan struct{} { return l.ended }
