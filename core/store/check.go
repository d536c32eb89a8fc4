package store

// check refuses a transaction as etcd does before it looks at any state
// (server/etcdserver/api/v3rpc/key.go), and writes once the log has failed.
func (s *Store) check(t *Txn) error {
	if max(len(t.If), len(t.Then), len(t.Else)) > s.opts.MaxTxnOps {
		return ErrTooManyOps
	}
	size := 0
	for i := range t.If {
		if t.If[i].Key == "" {
			return ErrEmptyKey
		}
		size += len(t.If[i].Key) + len(t.If[i].Value)
	}
	var has [OpDelete + 1]bool
	for _, ops := range [2][]Op{t.Then, t.Else} {
		n, err := checkOps(ops, &has)
		if err != nil {
			return err
		}
		size += n
	}
	for _, ops := range [2][]Op{t.Then, t.Else} {
		if err := checkOverlap(ops); err != nil {
			return err
		}
	}
	if size > s.opts.MaxRequestBytes {
		return ErrRequestTooLarge
	}
	switch {
	case has[OpPut]:
		return s.Err()
	case has[OpDelete]:
		return s.frees()
	}
	return nil
}

// checkOps checks one branch and returns its keys' and values' bytes. It notes
// which types of operation there are.
func checkOps(ops []Op, has *[OpDelete + 1]bool) (size int, err error) {
	for i := range ops {
		op := &ops[i]
		switch {
		case op.Key == "":
			return 0, ErrEmptyKey
		case op.Type == OpPut && op.IgnoreValue && len(op.Value) > 0:
			return 0, ErrValueProvided
		case op.Type == OpPut && op.IgnoreLease && op.Lease != 0:
			return 0, ErrLeaseProvided
		}
		size += len(op.Key) + len(op.Value)
		has[op.Type] = true
	}
	return size, nil
}

// checkOverlap refuses two writes to one key in one branch: a put with a put,
// or a put with a delete. etcd does not see the overlap with a delete of
// everything from a key on, does both, and may die of it when that revision is
// compacted (3.6.8: "range failed to find revision pair"); here it is refused.
func checkOverlap(ops []Op) error {
	if len(ops) < 2 {
		return nil
	}
	put := make(map[string]bool, len(ops))
	for i := range ops {
		if ops[i].Type != OpPut {
			continue
		}
		if put[ops[i].Key] {
			return ErrDuplicateKey
		}
		put[ops[i].Key] = true
		for j := range ops {
			if ops[j].Type == OpDelete && inRange(ops[i].Key, ops[j].Key, ops[j].End) {
				return ErrDuplicateKey
			}
		}
	}
	return nil
}

// plan checks the branch to be taken against the state, so that applying it
// cannot fail, and returns the most changes it can make.
func (s *Store) plan(ops []Op) (changes int, err error) {
	for i := range ops {
		op := &ops[i]
		switch op.Type {
		case OpRange:
			if err := s.readable(op.Revision); err != nil {
				return 0, err
			}
		case OpPut:
			changes++
			if (op.IgnoreValue || op.IgnoreLease) && s.keys[op.Key].current() == nil {
				return 0, ErrKeyNotFound
			}
			if op.Lease != 0 && s.leases[op.Lease] == nil {
				return 0, ErrLeaseNotFound
			}
		case OpDelete:
			s.each(op.Key, op.End, s.rev, func(*KeyValue) { changes++ })
		}
	}
	return changes, nil
}
