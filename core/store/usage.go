package store

// Usage is what a store keeps, and what that takes.
type Usage struct {
	Revision  Revision `json:"revision"`  // the head
	Durable   Revision `json:"durable"`   // the last that is safe
	Oldest    Revision `json:"oldest"`    // the first that can still be read
	Revisions int      `json:"revisions"` // writes kept, with who made them and why
	Keys      int      `json:"keys"`      // at the head
	Versions  int      `json:"versions"`  // of keys, at any revision that can be read
	Bytes     int64    `json:"bytes"`     // of those keys and values, in memory
	LogBytes  int64    `json:"logBytes"`  // of the log where it is kept; -1 if the Log cannot tell
}

// Sizer is a Log that knows how many bytes it takes.
type Sizer interface {
	Size() int64
}

// Usage counts what is kept. It looks at every version of every key.
func (s *Store) Usage() Usage {
	u := Usage{Revision: s.rev, Durable: s.commit.durable, Oldest: max(1, s.compacted), Revisions: len(s.records), LogBytes: -1}
	s.ordered.Ascend(func(h *history) bool {
		if h.head() != nil {
			u.Keys++
		}
		u.Versions += len(h.versions)
		u.Bytes += int64(len(h.key))
		for _, v := range h.versions {
			u.Bytes += int64(len(v.Value))
		}
		return true
	})
	if l, ok := s.log.(Sizer); ok {
		u.LogBytes = l.Size()
	}
	return u
}
