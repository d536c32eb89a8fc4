package store

import "errors"

// The errors of etcd that a client can meet, in its words
// (api/v3rpc/rpctypes/error.go).
var (
	ErrEmptyKey         = errors.New("etcdserver: key is not provided")
	ErrKeyNotFound      = errors.New("etcdserver: key not found")
	ErrValueProvided    = errors.New("etcdserver: value is provided")
	ErrLeaseProvided    = errors.New("etcdserver: lease is provided")
	ErrTooManyOps       = errors.New("etcdserver: too many operations in txn request")
	ErrDuplicateKey     = errors.New("etcdserver: duplicate key given in txn request")
	ErrRequestTooLarge  = errors.New("etcdserver: request is too large")
	ErrCompacted        = errors.New("etcdserver: mvcc: required revision has been compacted")
	ErrFutureRev        = errors.New("etcdserver: mvcc: required revision is a future revision")
	ErrEmptyWatchRange  = errors.New("etcdserver: mvcc: watcher range is empty")
	ErrLeaseNotFound    = errors.New("etcdserver: requested lease not found")
	ErrLeaseExist       = errors.New("etcdserver: lease already exists")
	ErrLeaseTTLTooLarge = errors.New("etcdserver: too large lease TTL")

	// ErrNoSpace is what a Log wraps when the disk or quota is full. It raises
	// an alarm: see Disarm.
	ErrNoSpace = errors.New("etcdserver: mvcc: database space exceeded")
	// ErrGone is what a Log wraps that finds out that all it kept has been deleted.
	ErrGone = errors.New("what was kept is gone")
	// ErrStopped is what writes meet after the log failed otherwise or was
	// closed.
	ErrStopped = errors.New("etcdserver: server stopped")
	// ErrCorrupt is what a damaged log is refused with.
	ErrCorrupt = errors.New("etcdserver: corrupt cluster")
)
