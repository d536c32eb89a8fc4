package store

// FromKey as the End of a range means every key from Key on.
const FromKey = "\x00"

// PrefixEnd is the End of the range of all keys that start with prefix.
func PrefixEnd(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return FromKey
}

// inRange reports whether k lies in [key, end) as etcd reads the two: an
// empty end is the key alone, FromKey has no upper bound.
func inRange(k, key, end string) bool {
	if end == "" {
		return k == key
	}
	return k >= key && (end == FromKey || k < end)
}

// RangeRequest reads the keys in [Key, End). Revision 0 means the head, Limit
// 0 means all.
type RangeRequest struct {
	Key, End  string
	Revision  Revision
	Limit     int
	KeysOnly  bool
	CountOnly bool
}

// RangeResponse is the keys in order. Revision is the store's head whatever
// revision was read. Count is all keys in the range, whatever the limit; More
// says that the limit cut some off.
type RangeResponse struct {
	Revision Revision
	KVs      []KeyValue
	More     bool
	Count    int
}

// Range reads; it is the one way to list, and at an older Revision to look
// back.
func (s *Store) Range(req RangeRequest) (RangeResponse, error) {
	if req.Key == "" {
		return RangeResponse{}, ErrEmptyKey
	}
	if err := s.readable(req.Revision); err != nil {
		return RangeResponse{}, err
	}
	return s.read(req, s.rev), nil
}

func (s *Store) readable(rev Revision) error {
	switch {
	case rev > s.rev:
		return ErrFutureRev
	case rev > 0 && rev < s.compacted:
		return ErrCompacted
	}
	return nil
}

// read answers a checked request; head is the revision that 0 means.
func (s *Store) read(req RangeRequest, head Revision) RangeResponse {
	if req.Revision <= 0 {
		req.Revision = head
	}
	resp := RangeResponse{Revision: head}
	s.each(req.Key, req.End, req.Revision, func(kv *KeyValue) {
		resp.Count++
		if req.CountOnly || req.Limit > 0 && len(resp.KVs) == req.Limit {
			return
		}
		resp.KVs = append(resp.KVs, *kv)
		if req.KeysOnly {
			resp.KVs[len(resp.KVs)-1].Value = nil
		}
	})
	resp.More = !req.CountOnly && resp.Count > len(resp.KVs)
	return resp
}

// each calls fn for every key of the range that exists at rev, in order.
func (s *Store) each(key, end string, rev Revision, fn func(*KeyValue)) {
	visit := func(h *history) bool {
		if kv := h.at(rev); kv != nil {
			fn(kv)
		}
		return true
	}
	switch end {
	case "":
		if h := s.keys[key]; h != nil {
			visit(h)
		}
	case FromKey:
		s.ordered.AscendGreaterOrEqual(&history{key: key}, visit)
	default:
		s.ordered.AscendRange(&history{key: key}, &history{key: end}, visit)
	}
}
