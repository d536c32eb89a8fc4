package store

import (
	"slices"
	"sort"
)

// history is a key's versions, oldest first. Versions are shared with the
// records' events. A tombstone is a version with Version 0. For a key put at
// revisions 5 and 7, deleted at 8 and put again at 10:
//
//	mod     5  7  8  10
//	version 1  2  0  1
//	create  5  5  0  10
//
// At revision 9 the key is not there; at 7 it is the second version. After
// compaction at 8 or 9 only the version of revision 10 is left, after
// compaction at 7 the three from 7 on.
type history struct {
	key      string
	versions []*KeyValue
}

// head is the key now, nil if it is deleted.
func (h *history) head() *KeyValue {
	return alive(h.versions[len(h.versions)-1])
}

// current is head, also of a key without a history.
func (h *history) current() *KeyValue {
	if h == nil {
		return nil
	}
	return h.head()
}

// at is the key as of revision rev, nil if it did not exist then.
func (h *history) at(rev Revision) *KeyValue {
	n := len(h.versions)
	if h.versions[n-1].ModRevision > rev {
		n = sort.Search(n, func(i int) bool { return h.versions[i].ModRevision > rev })
	}
	if n == 0 {
		return nil
	}
	return alive(h.versions[n-1])
}

func alive(kv *KeyValue) *KeyValue {
	if kv.Version == 0 {
		return nil
	}
	return kv
}

// compact drops what no read at rev or later can see, and reports whether that
// was anything.
func (h *history) compact(rev Revision) bool {
	from := 0
	for i, v := range h.versions {
		if v.ModRevision > rev {
			break
		}
		from = i
		if v.Version == 0 {
			from = i + 1
		}
	}
	if from > 0 {
		h.versions = slices.Clone(h.versions[from:])
	}
	return from > 0
}

// unchain has the oldest version of a key let go of those before. It lies in the
// event that made it, which points to the version that it replaced, and so on; the
// event after it points to it.
func (s *Store) unchain(h *history) {
	old := h.versions[0]
	alone := *old
	h.versions[0] = &alone
	if len(h.versions) == 1 {
		return
	}
	events := s.since(h.versions[1].ModRevision)[0].Events
	for i := range events {
		if events[i].Prev == old {
			events[i].Prev = &alone
		}
	}
}

// push makes kv the newest version of its key, whose history is h or, if it is
// nil, begins. All versions share one string.
func (s *Store) push(h *history, kv *KeyValue) {
	if h == nil {
		h = &history{key: kv.Key}
		s.keys[kv.Key] = h
		s.ordered.ReplaceOrInsert(h)
	}
	kv.Key = h.key
	h.versions = append(h.versions, kv)
}
