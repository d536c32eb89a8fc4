package driver

import (
	"errors"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/kubectl"
)

// errServed is what a tab hears that would end or replace a cluster which is
// not its own.
var errServed = errors.New("this cluster belongs to `tabernetes serve`; end it and delete its folder there")

// ofItsOwn are the requests that are only for who has the cluster to itself.
var ofItsOwn = []string{"reset", "import", "lesson", "share", "fork"}

// Serve makes the cluster for an edge that is not a tab: tabs may come and go,
// but none of them opens, ends or replaces it. factor is by how much Real is
// faster than the wall's clock.
func (d *Driver) Serve(opts cluster.Options, speed Speed, factor float64) (*cluster.Cluster, error) {
	if err := d.pace.set(speed); err != nil {
		return nil, err
	}
	d.pace.factor = factor
	opts.Files, opts.Edit, opts.Clear = kubectl.MemoryFiles{}, d.edit, d.clear
	c, err := cluster.New(opts)
	if err != nil {
		return nil, err
	}
	d.served, d.c, d.restored = true, c, c.Restored()
	d.pace.wall = d.opts.Now()
	return c, nil
}

// Ready tells whether the components have started.
func (d *Driver) Ready() bool { return d.ready }
