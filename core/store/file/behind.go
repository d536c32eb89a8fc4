package file

import (
	"sync"
	"sync/atomic"

	"github.com/tabernetes/tabernetes/core/store"
)

// Behind is a Log that works behind the back of the loop that steps the world:
// between Begin and End a goroutine writes and waits for the disk, and the loop
// is told how it went in a turn of its own. So nobody waits for the disk but who
// asked to, and what the others write meanwhile is one batch.
type Behind struct {
	log  *Log
	post func(fn func())
	size atomic.Int64

	mu      sync.Mutex
	idle    *sync.Cond
	queue   []func()
	busy    bool     // a goroutine works the queue off
	answers []func() // what the loop has not been told yet
}

var (
	_ store.Log     = (*Behind)(nil)
	_ store.Resumer = (*Behind)(nil)
	_ store.Sizer   = (*Behind)(nil)
)

// NewBehind makes one that still works at once, as log itself does.
func NewBehind(log *Log) *Behind {
	b := &Behind{log: log}
	b.idle = sync.NewCond(&b.mu)
	return b
}

// Begin has it work behind the loop, to which post hands what it is to call. A
// loop that has ended need not call it.
func (b *Behind) Begin(post func(fn func())) { b.post = post }

// End waits for what is under way, tells how that went, and has everything
// happen at once again. It is called by the loop, or after it.
func (b *Behind) End() {
	b.mu.Lock()
	for b.busy {
		b.idle.Wait()
	}
	b.mu.Unlock()
	b.post = nil
	b.tell()
}

// do has work done, now or later.
func (b *Behind) do(work func(done func(error)), done func(error)) {
	if b.post == nil {
		work(func(err error) { b.size.Store(b.log.Size()); done(err) })
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, func() {
		work(func(err error) { b.size.Store(b.log.Size()); b.answer(func() { done(err) }) })
	})
	if !b.busy {
		b.busy = true
		go b.run()
	}
}

// run works the queue off.
func (b *Behind) run() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) > 0 {
		next := b.queue[0]
		b.queue = b.queue[1:]
		b.mu.Unlock()
		next()
		b.mu.Lock()
	}
	b.busy = false
	b.idle.Broadcast()
}

// answer keeps what the loop is to be told, and has it asked for.
func (b *Behind) answer(fn func()) {
	b.mu.Lock()
	b.answers = append(b.answers, fn)
	first := len(b.answers) == 1
	b.mu.Unlock()
	if first {
		go b.post(b.tell) // a loop with much to do does not hold up the disk
	}
}

// tell tells the loop how it went, in order.
func (b *Behind) tell() {
	b.mu.Lock()
	answers := b.answers
	b.answers = nil
	b.mu.Unlock()
	for _, fn := range answers {
		fn()
	}
}

// Load implements store.Log.
func (b *Behind) Load(into store.Loader) error {
	err := b.log.Load(into)
	b.size.Store(b.log.Size())
	return err
}

// Append implements store.Log.
func (b *Behind) Append(records []*store.Record, done func(error)) {
	b.do(func(done func(error)) { b.log.Append(records, done) }, done)
}

// Compact implements store.Log.
func (b *Behind) Compact(snap store.Snapshot, done func(error)) {
	b.do(func(done func(error)) { b.log.Compact(snap, done) }, done)
}

// Resume implements store.Resumer.
func (b *Behind) Resume(done func(error)) { b.do(b.log.Resume, done) }

// Size implements store.Sizer: that after the last piece of work.
func (b *Behind) Size() int64 { return b.size.Load() }

// Close implements store.Log. It ends first.
func (b *Behind) Close() error {
	b.End()
	return b.log.Close()
}
