package etcdtest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tabernetes/tabernetes/core/store"
)

// key is one of few, so that operations meet; now and then it is missing.
func (d *duel) key() string {
	if d.rng.IntN(80) == 0 {
		return ""
	}
	return fmt.Sprintf("/%c/%d", 'a'+d.rng.IntN(3), d.rng.IntN(6))
}

// bounds is a key alone, a prefix, all from a key, or any two.
func (d *duel) bounds() (key, end string) {
	switch d.rng.IntN(6) {
	case 0:
		prefix := fmt.Sprintf("/%c/", 'a'+d.rng.IntN(3))
		return prefix, store.PrefixEnd(prefix)
	case 1:
		return d.key(), d.key()
	case 2:
		if d.rng.IntN(4) == 0 {
			return d.key(), store.FromKey
		}
	}
	return d.key(), ""
}

// revision is 0, a recent one, or any, of the future too.
func (d *duel) revision() store.Revision {
	switch head := d.s.Revision(); d.rng.IntN(4) {
	case 0:
		return max(1, head-store.Revision(d.rng.IntN(100)))
	case 1:
		return store.Revision(d.rng.Int64N(int64(head) + 2))
	}
	return 0
}

func (d *duel) op() (store.Op, object) {
	switch n := d.rng.IntN(10); {
	case n < 3:
		op := d.rangeOp()
		return op, object{"request_range": rangeRequest(op)}
	case n < 5:
		op := d.deleteOp()
		return op, object{"request_delete_range": deleteRequest(op)}
	}
	op := d.putOp()
	return op, object{"request_put": putRequest(op)}
}

func (d *duel) rangeOp() store.Op {
	op := store.Op{Revision: d.revision(), Limit: d.rng.IntN(4), KeysOnly: d.rng.IntN(5) == 0, CountOnly: d.rng.IntN(5) == 0}
	op.Key, op.End = d.bounds()
	return op
}

func rangeRequest(op store.Op) object {
	return object{"key": encode(op.Key), "range_end": encode(op.End), "revision": fmt.Sprint(op.Revision),
		"limit": fmt.Sprint(op.Limit), "keys_only": op.KeysOnly, "count_only": op.CountOnly}
}

func (d *duel) deleteOp() store.Op {
	op := store.Op{Type: store.OpDelete, PrevKV: d.rng.IntN(2) == 0}
	op.Key, op.End = d.bounds()
	return op
}

func deleteRequest(op store.Op) object {
	return object{"key": encode(op.Key), "range_end": encode(op.End), "prev_kv": op.PrevKV}
}

func (d *duel) putOp() store.Op {
	op := store.Op{Type: store.OpPut, Key: d.key(), Value: fmt.Appendf(nil, "%d", d.rng.IntN(100)), PrevKV: d.rng.IntN(2) == 0}
	if d.rng.IntN(8) == 0 {
		op.IgnoreValue = true
		if d.rng.IntN(4) > 0 {
			op.Value = nil
		}
	}
	op.IgnoreLease = d.rng.IntN(12) == 0
	if d.rng.IntN(5) == 0 {
		op.Lease = store.LeaseID(1 + d.rng.IntN(maxLease))
	}
	if d.rng.IntN(1500) == 0 {
		op.Value = []byte(strings.Repeat("x", 8<<18-1<<18))
	}
	return op
}

func putRequest(op store.Op) object {
	return object{"key": encode(op.Key), "value": encode(string(op.Value)), "lease": fmt.Sprint(op.Lease),
		"prev_kv": op.PrevKV, "ignore_value": op.IgnoreValue, "ignore_lease": op.IgnoreLease}
}

var (
	targets = []string{"VERSION", "CREATE", "MOD", "VALUE", "LEASE"}
	numbers = []string{"version", "create_revision", "mod_revision", "", "lease"}
	results = []string{"EQUAL", "GREATER", "LESS", "NOT_EQUAL"}
)

// condition is one that holds about half the time.
func (d *duel) condition() (store.Compare, object) {
	c := store.Compare{Key: d.key(), Target: store.Target(d.rng.IntN(len(targets))), Result: store.Result(d.rng.IntN(len(results)))}
	if d.rng.IntN(4) == 0 {
		c.Key, c.End = d.bounds()
	}
	kv, _ := d.s.Get(c.Key)
	req := object{"key": encode(c.Key), "range_end": encode(c.End), "target": targets[c.Target], "result": results[c.Result]}
	if c.Target == store.CompareValue {
		if c.Value = kv.Value; d.rng.IntN(2) == 0 {
			c.Value = []byte("50")
		}
		req["value"] = encode(string(c.Value))
		return c, req
	}
	c.Number = near(d.rng, []int64{kv.Version, kv.CreateRevision, kv.ModRevision, 0, int64(kv.Lease)}[c.Target])
	req[numbers[c.Target]] = fmt.Sprint(c.Number)
	return c, req
}

func near(rng *rand.Rand, n int64) int64 { return n + rng.Int64N(2) }

// transaction has up to two conditions and some operations a branch, now and
// then too many.
func (d *duel) transaction() (tx store.Txn, req object) {
	var compare, success, failure []object
	for range d.rng.IntN(3) {
		c, o := d.condition()
		tx.If, compare = append(tx.If, c), append(compare, o)
	}
	n := 1 + d.rng.IntN(4)
	if d.rng.IntN(400) == 0 {
		n = 129
	}
	for range n {
		op, o := d.op()
		tx.Then, success = append(tx.Then, op), append(success, o)
	}
	for range d.rng.IntN(3) {
		op, o := d.op()
		tx.Else, failure = append(tx.Else, op), append(failure, o)
	}
	if deadly(tx.Then) || deadly(tx.Else) {
		return d.transaction()
	}
	return tx, object{"compare": compare, "success": success, "failure": failure}
}

// deadly reports whether etcd may die of the branch: it does not see that a put
// overlaps with a delete of everything from a key on.
func deadly(ops []store.Op) bool {
	return slices.ContainsFunc(ops, func(del store.Op) bool {
		return del.Type == store.OpDelete && del.End == store.FromKey &&
			slices.ContainsFunc(ops, func(put store.Op) bool { return put.Type == store.OpPut && put.Key >= del.Key })
	})
}

// putsFirst is the transaction with each branch's puts before its ranges.
func putsFirst(tx store.Txn) store.Txn {
	order := func(ops []store.Op) []store.Op {
		ops = slices.Clone(ops)
		slices.SortStableFunc(ops, func(a, b store.Op) int {
			return cmp.Compare(b2i(a.Type != store.OpPut), b2i(b.Type != store.OpPut))
		})
		return ops
	}
	tx.Then, tx.Else = order(tx.Then), order(tx.Else)
	return tx
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
