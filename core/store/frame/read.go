package frame

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
)

// Reader takes a log's frames in order and gives what they hold to a Loader.
// Nothing in a frame is trusted: every error wraps store.ErrCorrupt, or is the
// Loader's own.
type Reader struct {
	into          store.Loader
	chunk, chunks uint64 // of the snapshot, read so far and in all
	records       bool   // a records frame was read
	names         map[string]string
	left          bounds
}

// bounds is how much a Reader may still make of what it reads.
type bounds struct{ entries, bytes int64 }

// NewReader returns a Reader that loads into into.
func NewReader(into store.Loader) *Reader {
	return &Reader{into: into, names: map[string]string{}, left: bounds{math.MaxInt64, math.MaxInt64}}
}

// Bound limits what is made of frames that somebody else may have written:
// records, changes, keys, leases and causes together, and the bytes of strings
// and values. A frame that shares strings can be small and mean much.
func (r *Reader) Bound(entries, bytes int64) { r.left = bounds{entries, bytes} }

// ErrTooMuch is what a Reader fails with that meets its bounds.
var ErrTooMuch = fmt.Errorf("%w: more than may be read", store.ErrCorrupt)

// Frame reads one whole frame.
func (r *Reader) Frame(b []byte) error {
	h, ok := ParseHeader(b)
	if !ok {
		return fmt.Errorf("%w: a frame of the log has a damaged header", store.ErrCorrupt)
	}
	return r.Payload(h, b[HeaderLen:])
}

// Payload reads a frame whose header has been parsed. b may be reused.
func (r *Reader) Payload(h Header, b []byte) error {
	if !h.Intact(b) {
		return fmt.Errorf("%w: %v: checksum does not match", store.ErrCorrupt, h)
	}
	d := decoder{b: b, names: r.names, left: &r.left}
	var err error
	if h.Kind == Snapshot {
		err = r.snapshot(h, &d)
	} else {
		err = r.readRecords(h, &d)
	}
	if r.left.entries < 0 || r.left.bytes < 0 {
		return fmt.Errorf("%w: %v", ErrTooMuch, h)
	}
	if d.bad || err == nil && len(d.b) > 0 {
		return fmt.Errorf("%w: %v: malformed", store.ErrCorrupt, h)
	}
	return err
}

// End says that there are no more frames.
func (r *Reader) End() error {
	if r.chunk != r.chunks {
		return fmt.Errorf("%w: the snapshot has %d of %d chunks", store.ErrCorrupt, r.chunk, r.chunks)
	}
	return nil
}

func (r *Reader) snapshot(h Header, d *decoder) error {
	chunk, chunks := d.uint(), d.uint()
	snap := store.Snapshot{Index: h.Index, Revision: store.Revision(d.uint())}
	for range d.count(2) {
		snap.Leases = append(snap.Leases, d.lease())
	}
	n := d.count(6)
	snap.KVs = make([]store.KeyValue, n)
	for i := range snap.KVs {
		snap.KVs[i] = d.kv()
	}
	if d.bad {
		return nil
	}
	if r.records || chunk != r.chunk || r.chunk > 0 && chunks != r.chunks || chunk >= chunks {
		return fmt.Errorf("%w: %v: chunk %d of %d out of order", store.ErrCorrupt, h, chunk, chunks)
	}
	r.chunk, r.chunks = chunk+1, chunks
	return r.into.Snapshot(snap)
}

func (r *Reader) readRecords(h Header, d *decoder) error {
	r.records = true
	n := d.count(10)
	rev := store.Revision(d.uint())
	for i := range n {
		if d.uint() == 1 {
			rev++
		}
		rec := d.record(rev)
		rec.Index = h.Index + int64(i)
		if d.bad {
			return nil
		}
		if err := r.into.Record(rec); err != nil {
			return err
		}
	}
	return nil
}

// decoder reads a payload from its front. Once something does not fit, bad is
// set and everything after is zero.
type decoder struct {
	b      []byte
	bad    bool
	origin store.Origin
	key    string
	names  map[string]string // one string for each name, however often it comes
	left   *bounds
}

// spend takes from the bounds.
func (d *decoder) spend(entries, bytes int64) {
	d.left.entries -= entries
	d.left.bytes -= bytes
	if d.left.entries < 0 || d.left.bytes < 0 {
		d.fail()
	}
}

func (d *decoder) fail() { d.bad, d.b = true, nil }

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads how many entries follow, each of at least size bytes, so that a
// false count cannot ask for more memory than the payload is long.
func (d *decoder) count(size int) int {
	n := d.uint()
	if n > uint64(len(d.b)/size) {
		d.fail()
		return 0
	}
	if d.spend(int64(n), 0); d.bad {
		return 0
	}
	return int(n)
}

// take returns the next n bytes, not copied.
func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes() []byte {
	v := d.take(d.uint())
	if d.spend(0, int64(len(v))); d.bad || len(v) == 0 {
		return nil
	}
	return append(make([]byte, 0, len(v)), v...)
}

// field reads a string against prev, which becomes it.
func (d *decoder) field(prev *string) string {
	n := d.uint()
	if n == 0 || d.bad {
		return *prev
	}
	n--
	if n > uint64(len(*prev)) {
		d.fail()
		return ""
	}
	rest := d.take(d.uint())
	if d.spend(0, int64(n)+int64(len(rest))); d.bad {
		return ""
	}
	*prev = (*prev)[:n] + string(rest)
	return *prev
}

// name is field for strings that come again and again.
func (d *decoder) name(prev *string) string {
	before := *prev
	v := d.field(prev)
	if v == before {
		return v
	}
	if known, ok := d.names[v]; ok {
		*prev = known
		return known
	}
	d.names[v] = v
	return v
}

func (d *decoder) record(rev store.Revision) *store.Record {
	r := &store.Record{Revision: rev, Origin: d.readOrigin(rev)}
	r.Events = make([]store.Event, d.count(3))
	for i := range r.Events {
		e := &r.Events[i]
		flags := d.uint()
		e.Delete = flags&flagDelete != 0
		e.KV.Key = d.field(&d.key)
		if flags&flagLease != 0 {
			e.KV.Lease = store.LeaseID(d.int())
		}
		if !e.Delete {
			e.KV.Value = d.bytes()
		}
	}
	for range d.count(3) {
		l := d.lease()
		r.Leases = append(r.Leases, store.LeaseChange{Lease: l, Revoked: d.uint() == 1})
	}
	return r
}

func (d *decoder) readOrigin(rev store.Revision) store.Origin {
	sec := d.origin.Time.Unix() + d.int()
	d.origin.Time = time.Unix(sec, int64(d.uint()%1e9)).UTC()
	o := store.Origin{Time: d.origin.Time}
	if n := d.count(1); n > 0 {
		o.Causes = make([]store.Revision, n)
		for i := range o.Causes {
			o.Causes[i] = rev - store.Revision(d.int())
		}
	}
	prev := fields(&d.origin)
	for i, f := range fields(&o) {
		*f = d.name(prev[i])
	}
	o.Code = int(d.int())
	return o
}

func (d *decoder) lease() store.Lease {
	return store.Lease{ID: store.LeaseID(d.int()), TTL: d.int()}
}

func (d *decoder) kv() store.KeyValue {
	return store.KeyValue{
		Key:            d.field(&d.key),
		CreateRevision: store.Revision(d.uint()),
		ModRevision:    store.Revision(d.uint()),
		Version:        int64(d.uint()),
		Lease:          store.LeaseID(d.int()),
		Value:          d.bytes(),
	}
}
