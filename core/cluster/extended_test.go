package cluster

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// TestExtendedResource: what an administrator writes into a node's capacity
// stays there, and pods can have it within a heartbeat.
func TestExtendedResource(t *testing.T) {
	c := start(t, Options{Seed: 1, Nodes: 1})
	const dongle = corev1.ResourceName("example.com/dongle")
	resp := c.Server().Serve(&rest.Request{
		Verb: rest.Patch, Resource: corev1.SchemeGroupVersion.WithResource("nodes"), Name: "node-1", Subresource: "status", Actor: "test",
		Mutate: func(o api.Object) error {
			o.(*corev1.Node).Status.Capacity[dongle] = resource.MustParse("4")
			return nil
		},
	})
	if status := resp.Status(); status != nil {
		t.Fatal(status.Message)
	}
	pass(t, c, 11*time.Second)
	check := func(when string) {
		t.Helper()
		each(c, func(n *corev1.Node) {
			capacity, allocatable := n.Status.Capacity[dongle], n.Status.Allocatable[dongle]
			if capacity.Value() != 4 || allocatable.Value() != 4 {
				t.Errorf("%s: capacity %s, allocatable %s", when, &capacity, &allocatable)
			}
		})
	}
	check("after a heartbeat")
	before := c.Revision()
	pass(t, c, 25*time.Second)
	if wrote := c.Revision() - before; wrote > 3 { // leases
		t.Errorf("%d writes in 25 s", wrote)
	}
	pass(t, c, 6*time.Minute)
	check("after the next report")
}
