package cluster

import (
	"errors"
	"io"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/store"
)

// What a cluster keeps, how it leaves, and what to do when there is no room.

// Usage is what is kept: which revisions can be read, and what that takes.
func (c *Cluster) Usage() store.Usage { return c.store.Usage() }

// Retain is the policy: how many revisions are kept at least, twice as many at
// most; -1 for all.
func (c *Cluster) Retain() int64 { return int64(c.retain) }

// errRetain is what a policy is refused with.
var errRetain = errors.New("to keep is a number of revisions from 1 on, or -1 for all")

// SetRetain changes the policy, from now on until the cluster is closed, and drops
// at once what it does not keep.
func (c *Cluster) SetRetain(n int64) error {
	if n < -1 || n == 0 {
		return errRetain
	}
	c.retain = store.Revision(n)
	return c.bound()
}

// bound drops history where there is twice as much as is to be kept.
func (c *Cluster) bound() error {
	head := c.store.Revision()
	if c.retain < 0 || head-max(c.store.CompactRevision(), 1) <= 2*c.retain {
		return nil
	}
	return c.store.Compact(head - c.retain)
}

// Export writes the whole cluster as one file, history and all, on disk or
// not. program and name are what the file says of itself.
func (c *Cluster) Export(w io.Writer, program, name string) error {
	info := archive.Info{Program: program, Name: name, Seed: c.opts.Seed, Time: c.Now(), Nodes: c.Nodes()}
	return archive.Export(w, c.store, info)
}

// Forget drops history but for the last keep revisions, which makes room. It
// is not an error if there is nothing to drop.
func (c *Cluster) Forget(keep int64) error {
	rev := c.store.Revision() - max(0, keep)
	if rev <= max(1, c.store.CompactRevision()) {
		return nil
	}
	return c.store.Compact(rev)
}

// Disarm goes on after the disk or quota was full, once there is room: what
// could not be written is written. done is told nil when all of it is on disk,
// else what is still wrong.
func (c *Cluster) Disarm(done func(error)) { c.store.Disarm(done) }
