// Package nodelifecycle is the node lifecycle controller: it watches over the
// nodes' heartbeats, reports the conditions of a node that has fallen silent as
// Unknown, and keeps the taints that follow from a node's conditions.
//
// It follows pkg/controller/nodelifecycle of Kubernetes v1.36.3, whose
// component is called node-controller in events. Pods are evicted from tainted
// nodes by core/controller/tainteviction. Left out: zones and their slower
// eviction when most nodes are silent, labels derived from others, and two
// separate writes for NoSchedule and NoExecute taints. Instead of looking
// at all nodes every five seconds it sets a timer for each.
package nodelifecycle

import (
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// How long a node may be silent: once it has reported, and before it first has.
const (
	monitorGrace = 50 * time.Second
	startupGrace = 60 * time.Second
)

// component is the controller's name in events.
const component = "node-controller"

type nodes struct {
	c      *client.Client
	all    *client.View[*corev1.Node]
	leases *client.View[*coordinationv1.Lease]
	loop   *client.Loop
	heard  map[string]time.Time // when a node's last sign of life was delivered
}

// Start runs the controller with c.
func Start(c *client.Client) {
	n := &nodes{
		c:      c,
		all:    client.NewView[*corev1.Node](c, client.ViewOptions{}),
		leases: client.NewView[*coordinationv1.Lease](c, client.ViewOptions{Namespace: corev1.NamespaceNodeLease}),
		heard:  map[string]time.Time{},
	}
	n.loop = c.NewLoop("watch over node", n.sync)
	n.loop.Needs(n.all, n.leases)
	n.all.Handle(client.Handlers[*corev1.Node]{
		Added:   n.added,
		Updated: n.updated,
		Deleted: func(node *corev1.Node) { delete(n.heard, node.Name) },
	})
	n.leases.Handle(client.Handlers[*coordinationv1.Lease]{
		Added:   func(l *coordinationv1.Lease) { n.alive(l.Name) },
		Updated: n.renewed,
	})
	n.all.Start()
	n.leases.Start()
}

func (n *nodes) added(node *corev1.Node) {
	n.heard[node.Name] = n.c.Now()
	n.loop.Add(node.Name)
	n.report(node, "RegisteredNode", fmt.Sprintf("Node %s event: Registered Node %s in Controller", node.Name, node.Name))
}

// updated takes a new heartbeat time for a sign of life; what this controller
// writes itself leaves that time as it is.
func (n *nodes) updated(old, node *corev1.Node) {
	before, now := readyCondition(old), readyCondition(node)
	if now != nil && (before == nil || !before.LastHeartbeatTime.Equal(&now.LastHeartbeatTime)) {
		n.heard[node.Name] = n.c.Now()
	}
	n.loop.Add(node.Name)
}

func (n *nodes) renewed(old, lease *coordinationv1.Lease) {
	if !equality.Semantic.DeepEqual(old.Spec.RenewTime, lease.Spec.RenewTime) {
		n.alive(lease.Name)
	}
}

// alive notes a sign of life and puts off the look at the silent node.
func (n *nodes) alive(name string) {
	node, ok := n.all.Get("", name)
	if !ok {
		return
	}
	n.heard[name] = n.c.Now()
	n.loop.AddAfter(name, graceOf(node), sim.Idle)
}

func readyCondition(node *corev1.Node) *corev1.NodeCondition {
	for i := range node.Status.Conditions {
		if node.Status.Conditions[i].Type == corev1.NodeReady {
			return &node.Status.Conditions[i]
		}
	}
	return nil
}

func graceOf(node *corev1.Node) time.Duration {
	if readyCondition(node) == nil {
		return startupGrace
	}
	return monitorGrace
}

// report makes an event about a node; such events name no version of it.
func (n *nodes) report(node *corev1.Node, reason, message string) {
	about := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node.Name, UID: node.UID}}
	n.c.EventFrom(client.EventSource{Component: component}, about, corev1.EventTypeNormal, reason, message)
}
