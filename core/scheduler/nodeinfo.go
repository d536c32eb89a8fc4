package scheduler

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// NodeInfo is a node and what is taken of it.
type NodeInfo struct {
	Node        *corev1.Node
	Allocatable Amount
	MaxPods     int64

	// Requested, the Usual amounts and Pods count what is bound to the node,
	// and what has been bound but isn't confirmed by the watch yet.
	Requested                  Amount
	UsualMilliCPU, UsualMemory int64
	Pods                       int64
	ports                      map[hostPort]int
	images                     map[string]int64 // size by name

	pods  map[types.UID]*placed
	ranks map[int32]int // how many pods there are of each priority
}

// NewNodeInfo makes an empty node.
func NewNodeInfo(node *corev1.Node) *NodeInfo {
	info := &NodeInfo{}
	info.set(node)
	return info
}

// set takes in a new version of the node; what is taken stays.
func (n *NodeInfo) set(node *corev1.Node) {
	n.Node = node
	n.Allocatable = amountOf(node.Status.Allocatable)
	n.MaxPods = node.Status.Allocatable.Pods().Value()
	n.images = map[string]int64{}
	for _, image := range node.Status.Images {
		for _, name := range image.Names {
			n.images[name] = image.SizeBytes
		}
	}
}

// clone is a copy of the sums to try things on.
func (n *NodeInfo) clone() *NodeInfo {
	out := *n
	out.Requested.Other = maps.Clone(n.Requested.Other)
	out.ports, out.pods, out.ranks = maps.Clone(n.ports), maps.Clone(n.pods), maps.Clone(n.ranks)
	return &out
}

// put counts a pod in (sign 1) or out (-1).
func (n *NodeInfo) put(p *placed, sign int64) {
	if n.pods == nil {
		n.pods, n.ranks = map[types.UID]*placed{}, map[int32]int{}
	}
	if sign > 0 {
		n.pods[p.pod.UID] = p
	} else {
		delete(n.pods, p.pod.UID)
	}
	rank := priorityOf(p.pod)
	if n.ranks[rank] += int(sign); n.ranks[rank] == 0 {
		delete(n.ranks, rank)
	}
	n.take(&p.demand, sign)
}

// hasBelow tells whether a pod there has a lower priority.
func (n *NodeInfo) hasBelow(priority int32) bool {
	for rank := range n.ranks {
		if rank < priority {
			return true
		}
	}
	return false
}

func priorityOf(pod *corev1.Pod) int32 {
	if pod.Spec.Priority == nil {
		return 0
	}
	return *pod.Spec.Priority
}

func (n *NodeInfo) take(d *Demand, sign int64) {
	n.Requested = n.Requested.add(d.Request, sign)
	n.UsualMilliCPU += sign * d.UsualMilliCPU
	n.UsualMemory += sign * d.UsualMemory
	n.Pods += sign
	for _, p := range d.Ports {
		if n.ports == nil {
			n.ports = map[hostPort]int{}
		}
		if n.ports[p] += int(sign); n.ports[p] == 0 {
			delete(n.ports, p)
		}
	}
}

// sortedNames returns a map's keys in order.
func sortedNames[K ~string, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
