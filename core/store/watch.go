package store

import "slices"

// WatchRequest asks for the changes in [Key, End) from StartRevision on; 0
// means from the next write. An empty Key is the smallest key there can be.
type WatchRequest struct {
	Key, End      string
	StartRevision Revision
	PrevKV        bool // fill Event.Prev
}

// WatchResponse is the matching changes of one revision. Where
// CompactRevision is set there are none: the watch asked for history that is
// gone, and has been cancelled.
type WatchResponse struct {
	Revision        Revision
	Events          []Event // shared: not to be changed
	CompactRevision Revision
}

// Watcher is a watch that runs until it is cancelled.
type Watcher struct {
	s         *Store
	req       WatchRequest
	fn        func(WatchResponse)
	next      Revision // revisions below have been told or were not asked for
	cancelled bool
}

// Watch calls fn for each revision from StartRevision on that changed a key of
// the range, in order: first, before Watch returns, for those that are
// history, then for each write before that write returns. What has been
// written has therefore been told: the store's Revision is the watch's
// progress. Where fn writes itself, all watchers hear of that after the write
// that is being told.
func (s *Store) Watch(req WatchRequest, fn func(WatchResponse)) (*Watcher, error) {
	if req.Key == "" {
		req.Key = "\x00"
	}
	if req.End != "" && req.End != FromKey && req.Key >= req.End {
		return nil, ErrEmptyWatchRange
	}
	w := &Watcher{s: s, req: req, fn: fn, next: req.StartRevision}
	if w.next <= 0 {
		w.next = s.rev + 1
	}
	for !w.cancelled && (w.next <= s.rev || w.next < s.compacted) {
		if w.next < s.compacted {
			w.cancelled = true
			fn(WatchResponse{Revision: s.rev, CompactRevision: s.compacted})
			return w, nil
		}
		w.tellHistory()
	}
	if !w.cancelled {
		s.watchers = append(s.watchers, w)
	}
	return w, nil
}

// tellHistory tells the oldest revision that the watch has still to hear of.
func (w *Watcher) tellHistory() {
	if records := w.s.since(w.next); len(records) > 0 {
		w.tell(records[0])
	} else {
		w.next = w.s.rev + 1 // revision 1 has no record
	}
}

// Cancel ends the watch; fn is not called again.
func (w *Watcher) Cancel() {
	if w.cancelled {
		return
	}
	w.cancelled = true
	w.s.watchers = slices.DeleteFunc(slices.Clone(w.s.watchers), func(o *Watcher) bool { return o == w })
}

// notify tells every watcher of every revision not told yet. A write from
// inside a callback is told by the call that is already running.
func (s *Store) notify() {
	if s.notifying {
		return
	}
	s.notifying = true
	for s.told < s.rev {
		s.told++
		if len(s.watchers) == 0 {
			continue
		}
		r := s.since(s.told)[0]
		for _, w := range s.watchers {
			if !w.cancelled && r.Revision >= w.next {
				w.tell(r)
			}
		}
	}
	s.notifying = false
}

// tell passes on the record's events that match.
func (w *Watcher) tell(r *Record) {
	w.next = r.Revision + 1
	n := 0
	for i := range r.Events {
		if inRange(r.Events[i].KV.Key, w.req.Key, w.req.End) {
			n++
		}
	}
	if n == 0 {
		return
	}
	w.fn(WatchResponse{Revision: r.Revision, Events: w.pick(r.Events, n)})
}

// pick returns the n events that match: the record's own slice if that will
// do.
func (w *Watcher) pick(events []Event, n int) []Event {
	if n == len(events) && w.req.PrevKV {
		return events
	}
	out := make([]Event, 0, n)
	for _, e := range events {
		if !inRange(e.KV.Key, w.req.Key, w.req.End) {
			continue
		}
		if !w.req.PrevKV {
			e.Prev = nil
		}
		out = append(out, e)
	}
	return out
}
