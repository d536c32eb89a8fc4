package etcdtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// maxLease is the highest lease id in play.
const maxLease = 6

// duel does the same to an etcd and to a store.
type duel struct {
	t    *testing.T
	etcd *server
	s    *store.Store
	rng  *rand.Rand
	now  time.Time

	version     string         // etcd's
	operations  map[string]int // by kind
	refusals    map[string]int // by etcd's words
	events      int
	differences int
	old         bool // etcd is of 3.4
	quiet       bool // differences are expected, not shown
	watches     []*watch
}

func newDuel(t *testing.T, seed uint64) *duel {
	s, err := store.Open(memory.New(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := &duel{t: t, etcd: start(t), s: s, rng: rand.New(rand.NewPCG(seed, 0)),
		now:        time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		operations: map[string]int{}, refusals: map[string]int{}}
	status, _ := d.etcd.call(t, "/v3/maintenance/status", object{})
	d.version, _ = status["version"].(string)
	d.old = strings.HasPrefix(d.version, "3.4.")
	return d
}

// call asks etcd, and compares what it answers, as show has it, or refuses
// with what the store did.
func (d *duel) call(kind, path string, req object, show func(object) string, ours string, err error) {
	d.t.Helper()
	d.operations[kind]++
	answer, theirs := d.etcd.call(d.t, path, req)
	if theirs == "" {
		theirs = show(answer)
	} else {
		d.refusals[theirs]++
	}
	if err != nil {
		ours = err.Error()
	}
	d.compare(req, theirs, ours)
}

func (d *duel) compare(what any, theirs, ours string) {
	if theirs == ours {
		return
	}
	if d.differences++; d.quiet || d.differences > 10 {
		return
	}
	req, _ := json.Marshal(what)
	d.t.Logf("difference %d, at revision %d, compacted %d: %.2000s\n  etcd  %.2000s\n  store %.2000s", d.differences, d.s.Revision(), d.s.CompactRevision(), req, theirs, ours)
}

func (d *duel) total() (n int) {
	for _, of := range d.operations {
		n += of
	}
	return n
}

// block is some 200 operations with watches over them, which are then
// compared event by event, and a compaction.
func (d *duel) block() {
	for range 4 {
		d.openWatch()
	}
	for range 200 {
		d.step()
	}
	d.closeWatches()
	for _, rev := range []store.Revision{0, max(1, d.s.CompactRevision()), d.revision()} {
		d.read(store.Op{Key: "\x00", End: store.FromKey, Revision: rev})
	}
	if d.rng.IntN(3) > 0 {
		d.compact(max(1, d.s.Revision()-store.Revision(d.rng.IntN(150))))
	}
}

// step is one random operation.
func (d *duel) step() {
	switch n := d.rng.IntN(100); {
	case n < 20:
		op := d.putOp()
		if op.IgnoreValue || op.IgnoreLease {
			op.Lease = 0 // which of two mistakes is named first differs between a put and a put in a transaction
		}
		d.single("put", "/v3/kv/put", op, putRequest(op), theirPut)
	case n < 26:
		op := d.deleteOp()
		d.single("delete range", "/v3/kv/deleterange", op, deleteRequest(op), theirDelete)
	case n < 60:
		tx, req := d.transaction()
		resp, err := d.s.Txn(tx)
		if d.old && slices.Contains([]error{store.ErrCompacted, store.ErrFutureRev, store.ErrLeaseNotFound, store.ErrKeyNotFound}, err) {
			_, err = d.s.Txn(putsFirst(tx)) // of several mistakes 3.4 names one in a put first, 3.6 goes in order
		}
		d.call("transaction", "/v3/kv/txn", req, theirTxn, ourTxn(resp), err)
	case n < 78:
		d.read(d.rangeOp())
	case n < 82:
		d.pages()
	case n < 84:
		d.refusedCompaction()
	default:
		d.lease()
	}
}

// single is one operation outside a transaction.
func (d *duel) single(kind, path string, op store.Op, req object, show func(object) string) {
	resp, err := d.s.Txn(store.Txn{Then: []store.Op{op}})
	ours := ""
	if err == nil {
		ours = fmt.Sprintf("at %d "+rangeForm, resp.Revision, ourKeys(resp.Responses[0].KVs), resp.Responses[0].Count, resp.Responses[0].More)
	}
	d.call(kind, path, req, func(o object) string { return fmt.Sprintf("at %d ", theirRevision(o)) + show(o) }, ours, err)
}

func (d *duel) read(op store.Op) store.RangeResponse {
	resp, err := d.s.Range(store.RangeRequest{Key: op.Key, End: op.End, Revision: op.Revision, Limit: op.Limit, KeysOnly: op.KeysOnly, CountOnly: op.CountOnly})
	ours := fmt.Sprintf("at %d "+rangeForm, resp.Revision, ourKeys(resp.KVs), resp.Count, resp.More)
	d.call("range", "/v3/kv/range", rangeRequest(op), func(o object) string { return fmt.Sprintf("at %d ", theirRevision(o)) + theirRange(o) }, ours, err)
	return resp
}

// pages reads everything at one revision, a few keys at a time, while writes
// go on.
func (d *duel) pages() {
	op := store.Op{Key: "\x00", End: store.FromKey, Revision: d.s.Revision(), Limit: 1 + d.rng.IntN(5)}
	for more := true; more; {
		page := d.read(op)
		if more = page.More; more {
			op.Key = page.KVs[len(page.KVs)-1].Key + "\x00"
			put := store.Op{Type: store.OpPut, Key: d.key(), PrevKV: true}
			d.single("put", "/v3/kv/put", put, putRequest(put), theirPut)
		}
	}
}

func (d *duel) compact(rev store.Revision) {
	err := d.s.Compact(rev)
	d.call("compaction", "/v3/kv/compaction", object{"revision": fmt.Sprint(rev)},
		func(o object) string { return fmt.Sprint(theirRevision(o)) }, fmt.Sprint(d.s.Revision()), err)
}

// refusedCompaction asks for one below the last or above the head.
func (d *duel) refusedCompaction() {
	rev := d.s.Revision() + 1 + store.Revision(d.rng.IntN(3))
	if compacted := d.s.CompactRevision(); compacted > 0 && d.rng.IntN(2) == 0 {
		rev = 1 + store.Revision(d.rng.Int64N(int64(compacted)))
	}
	d.compact(rev)
}

// lease grants, revokes, renews or asks.
func (d *duel) lease() {
	id := store.LeaseID(1 + d.rng.IntN(maxLease))
	req := object{"ID": fmt.Sprint(id)}
	switch d.rng.IntN(7) {
	case 0, 1, 2:
		ttl := 3000 + d.rng.Int64N(100)
		if d.rng.IntN(12) == 0 {
			ttl = 9_000_000_001
		}
		req["TTL"] = fmt.Sprint(ttl)
		l, err := d.s.Grant(d.now, id, ttl)
		d.call("lease grant", "/v3/lease/grant", req, theirLease, fmt.Sprintf(leaseForm, l.ID, l.TTL, d.s.Revision()), err)
	case 3:
		rev, err := d.s.Revoke(id, store.Origin{})
		d.call("lease revoke", "/v3/lease/revoke", req, func(o object) string { return fmt.Sprint(theirRevision(o)) }, fmt.Sprint(rev), err)
	case 4:
		l, err := d.s.KeepAlive(d.now, id)
		ours := fmt.Sprintf(leaseForm, id, l.TTL, d.s.Revision())
		if err == store.ErrLeaseNotFound {
			err = nil // on a stream etcd answers with a TTL of 0
		}
		d.call("lease keep-alive", "/v3/lease/keepalive", req, func(o object) string { return theirLease(o.sub("result")) }, ours, err)
	case 5:
		st, err := d.s.TimeToLive(d.now, id)
		ours := fmt.Sprintf("%d %q", st.TTL, st.Keys)
		if err == store.ErrLeaseNotFound {
			ours, err = "0 []", nil // etcd answers with a TTL of -1 and nothing granted
		}
		req["keys"] = true
		d.call("lease time to live", "/v3/lease/timetolive", req, theirStatus, ours, err)
	default:
		ids := []int64{}
		for _, l := range d.s.Leases() {
			ids = append(ids, int64(l.ID))
		}
		d.call("lease list", "/v3/lease/leases", object{}, theirLeases, fmt.Sprint(ids), nil)
	}
}

const leaseForm = "lease %d of %d s at %d"

func theirLease(o object) string {
	return fmt.Sprintf(leaseForm, o.number("ID"), o.number("TTL"), theirRevision(o))
}

func theirStatus(o object) string {
	var keys []string
	list, _ := o["keys"].([]any)
	for _, k := range list {
		keys = append(keys, object{"k": k}.bytes("k"))
	}
	slices.Sort(keys)
	return fmt.Sprintf("%d %q", o.number("grantedTTL"), keys)
}

func theirLeases(o object) string {
	ids := []int64{}
	for _, l := range o.list("leases") {
		ids = append(ids, l.number("ID"))
	}
	slices.Sort(ids)
	return fmt.Sprint(ids)
}
