package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/trace"
)

// LastEntry is the place of the newest entry of the trace, 0 when there is none.
func (c *Cluster) LastEntry() int64 { return c.rec.Last() }

// Entries returns the trace after a place, limit entries at most (0: all), in
// their JSON form. What the writes among them changed is left out: it costs a
// decoding of both sides, so Changes is asked for it where it is looked at.
func (c *Cluster) Entries(after int64, limit int) []trace.Line {
	entries := c.rec.Since(after, limit)
	out := make([]trace.Line, len(entries))
	for i := range entries {
		out[i] = entries[i].Line()
	}
	return out
}

// Changes returns what a revision changed, field by field. The error is
// etcd's where the revision is not kept any more, or not there yet.
func (c *Cluster) Changes(revision int64) ([]trace.Change, error) {
	rec, err := c.store.Record(store.Revision(revision))
	if err != nil {
		return nil, err
	}
	return trace.Changes(rec)
}

// Hash sums up the whole state: every key, its value and its revisions. Two
// worlds with the same seed and inputs have the same hash, whatever they run on.
func (c *Cluster) Hash() string {
	sum := sha256.New()
	var n [8]byte
	number := func(v int64) {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		sum.Write(n[:])
	}
	number(c.Revision())
	number(c.Now().UnixNano())
	all, err := c.store.Range(store.RangeRequest{Key: "\x00", End: store.FromKey})
	if err != nil {
		panic("cluster: the head cannot be read: " + err.Error())
	}
	for _, kv := range all.KVs {
		number(int64(len(kv.Key)))
		sum.Write([]byte(kv.Key))
		number(int64(kv.CreateRevision))
		number(int64(kv.ModRevision))
		number(int64(len(kv.Value)))
		sum.Write(kv.Value)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
