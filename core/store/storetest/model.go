package storetest

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tabernetes/tabernetes/core/store"
)

// model is the store in as few words as possible: every revision's whole
// state. Events are the difference of two states.
type model struct {
	states    []map[string]store.KeyValue // states[r-1] is revision r
	compacted store.Revision
	leases    map[store.LeaseID]bool
}

func newModel() *model {
	return &model{states: []map[string]store.KeyValue{{}}, leases: map[store.LeaseID]bool{}}
}

func (m *model) rev() store.Revision { return store.Revision(len(m.states)) }

func (m *model) head() map[string]store.KeyValue { return m.states[len(m.states)-1] }

// txn applies a valid branch.
func (m *model) txn(ops []store.Op) {
	state, rev, changed := maps.Clone(m.head()), m.rev()+1, false
	for _, op := range ops {
		switch op.Type {
		case store.OpPut:
			kv := store.KeyValue{Key: op.Key, Value: op.Value, Lease: op.Lease, CreateRevision: rev}
			if old, ok := state[op.Key]; ok {
				kv.CreateRevision, kv.Version = old.CreateRevision, old.Version
			}
			kv.Version++
			kv.ModRevision = rev
			state[op.Key], changed = kv, true
		case store.OpDelete:
			for k := range state {
				if within(k, op.Key, op.End) {
					delete(state, k)
					changed = true
				}
			}
		}
	}
	if changed {
		m.states = append(m.states, state)
	}
}

// revoke ends a lease.
func (m *model) revoke(id store.LeaseID) {
	delete(m.leases, id)
	state := maps.Clone(m.head())
	maps.DeleteFunc(state, func(_ string, kv store.KeyValue) bool { return kv.Lease == id })
	if len(state) != len(m.head()) {
		m.states = append(m.states, state)
	}
}

// read is Range.
func (m *model) read(req store.RangeRequest) (store.RangeResponse, error) {
	rev := req.Revision
	if rev <= 0 {
		rev = m.rev()
	}
	if rev > m.rev() {
		return store.RangeResponse{}, store.ErrFutureRev
	}
	if rev < m.compacted {
		return store.RangeResponse{}, store.ErrCompacted
	}
	resp := store.RangeResponse{Revision: m.rev()}
	for _, k := range slices.Sorted(maps.Keys(m.states[rev-1])) {
		if !within(k, req.Key, req.End) {
			continue
		}
		resp.Count++
		if req.CountOnly {
			continue
		}
		if req.Limit > 0 && len(resp.KVs) == req.Limit {
			resp.More = true
			continue
		}
		kv := m.states[rev-1][k]
		if req.KeysOnly {
			kv.Value = nil
		}
		resp.KVs = append(resp.KVs, kv)
	}
	return resp, nil
}

// events is what a watcher of a range hears of a revision, by key.
func (m *model) events(rev store.Revision, key, end string, prev bool) []store.Event {
	before, after := m.states[rev-2], m.states[rev-1]
	var out []store.Event
	for k, kv := range after {
		if kv.ModRevision == rev && within(k, key, end) {
			out = append(out, store.Event{KV: kv})
		}
	}
	for k := range before {
		if _, there := after[k]; !there && within(k, key, end) {
			out = append(out, store.Event{Delete: true, KV: store.KeyValue{Key: k, ModRevision: rev}})
		}
	}
	for i := range out {
		if old, ok := before[out[i].KV.Key]; ok && prev {
			out[i].Prev = &old
		}
	}
	sortEvents(out)
	return out
}

func sortEvents(es []store.Event) {
	slices.SortFunc(es, func(a, b store.Event) int { return cmp.Compare(a.KV.Key, b.KV.Key) })
}

func within(k, key, end string) bool {
	switch end {
	case "":
		return k == key
	case store.FromKey:
		return k >= key
	}
	return k >= key && k < end
}
