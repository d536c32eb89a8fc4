package store

import "slices"

// committer is the way from memory to the log. There is no timer: while the
// log works on a batch the next one collects, and goes off when that is done.
type committer struct {
	pending      []*Record // written in memory, not yet handed over, or to be so again
	failed       []*Record // handed over and refused, while other calls are under way
	inflight     int       // calls that the log has not answered
	durable      Revision  // every revision up to here is safe
	durableIndex int64
	waiters      []waiter // in the order they came
	err          error    // of the log; after it nothing is handed over, but see Disarm
	closed       bool
	flushing     bool

	// Compactions, counted: of the store, handed to the log, safe there.
	compacted, compacting, compactedLog int
}

// waiter waits for a record and for a compaction.
type waiter struct {
	index      int64
	compaction int
	fn         func(error)
}

func (c *committer) safe(w waiter) bool {
	return w.index <= c.durableIndex && w.compaction <= c.compactedLog
}

// Flush hands what is pending to the log, unless the log is still busy: then
// it follows by itself. A whole batch goes behind one that is under way, for the
// log to pack in that time. Whoever steps the world calls Flush after each slice.
func (s *Store) Flush() {
	c := &s.commit
	if c.flushing {
		return
	}
	c.flushing = true
	for c.err == nil && c.inflight <= 1 {
		whole := len(c.pending) >= s.opts.BatchRecords
		if c.compacting < c.compacted {
			s.compactLog()
		} else if whole || c.inflight == 0 && len(c.pending) > 0 {
			s.appendBatch()
		} else {
			break
		}
	}
	c.flushing = false
}

// appendBatch hands the next bounded batch to the log.
func (s *Store) appendBatch() {
	c := &s.commit
	n, size := 0, 0
	for n < len(c.pending) && n < s.opts.BatchRecords && size < s.opts.BatchBytes {
		for i := range c.pending[n].Events {
			kv := &c.pending[n].Events[i].KV
			size += len(kv.Key) + len(kv.Value)
		}
		n++
	}
	batch := slices.Clone(c.pending[:n])
	c.pending = slices.Delete(c.pending, 0, n)
	last := batch[n-1]
	c.inflight++
	s.log.Append(batch, func(err error) {
		if err != nil {
			c.failed = append(c.failed, batch...)
		}
		s.answered(err, func() { c.durable, c.durableIndex = last.Revision, last.Index })
	})
}

// compactLog hands over all that is pending and, behind it, a snapshot: once
// that is safe so is everything the snapshot takes for granted.
func (s *Store) compactLog() {
	c := &s.commit
	c.compacting = c.compacted
	n := c.compacting
	for len(c.pending) > 0 {
		s.appendBatch()
	}
	c.inflight++
	s.log.Compact(s.snapshot(), func(err error) { s.answered(err, func() { c.compactedLog = n }) })
}

// answered takes note of a call that the log is done with.
func (s *Store) answered(err error, note func()) {
	c := &s.commit
	c.inflight--
	switch {
	case c.err != nil:
	case err != nil:
		s.fail(err)
	default:
		note()
	}
	if c.err != nil && c.inflight == 0 {
		c.pending, c.failed = append(c.failed, c.pending...), nil
		c.compacting = c.compactedLog
	}
	s.tell()
	s.Flush()
}

// tell answers the waiters that can be answered.
func (s *Store) tell() {
	waiting := s.commit.waiters
	s.commit.waiters = nil
	for _, w := range waiting {
		s.wait(w)
	}
}

// Durable is the last revision that survives the end of the process.
func (s *Store) Durable() Revision { return s.commit.durable }

// OnDurable calls fn once: with nil when rev is safe, or with Err when the log
// has failed, so that it is not and will not be, unless Disarm helps. That is
// at once if it is already so, else from the log's completion.
func (s *Store) OnDurable(rev Revision, fn func(error)) {
	switch {
	case rev <= s.commit.durable:
		fn(nil)
	case rev > s.rev:
		fn(ErrFutureRev)
	default:
		s.wait(waiter{index: s.since(rev)[0].Index, fn: fn})
	}
}

// Sync is OnDurable for all that has been done so far: writes, leases and
// compactions.
func (s *Store) Sync(fn func(error)) {
	s.wait(waiter{s.index, s.commit.compacted, fn})
}

// wait answers w now or keeps it for later.
func (s *Store) wait(w waiter) {
	c := &s.commit
	switch {
	case c.safe(w):
		w.fn(nil)
	case c.err != nil:
		w.fn(c.err)
	default:
		c.waiters = append(c.waiters, w)
	}
}
