package scheduler

import (
	"math"

	corev1 "k8s.io/api/core/v1"
)

// nodeResourcesFit drops nodes with too little left of anything the pod asks
// for (plugins/noderesources/fit.go). All that is short is said; where the node
// as a whole is too small, evicting others would not help.
var nodeResourcesFit = filter{
	name:  "NodeResourcesFit",
	check: checkFit,
	helps: func(c *cache, pod *corev1.Pod, ch *change) bool {
		return ch.isNode != nil && fitsBetter(pod, ch.wasNode, ch.isNode) || c.roomLeft(pod, ch, checkFit)
	},
}

func checkFit(c *cycle, n *NodeInfo) *refusal {
	var r refusal
	if n.Pods+1 > n.MaxPods {
		r.reasons = append(r.reasons, "Too many pods")
	}
	want, have, used := &c.demand.Request, &n.Allocatable, &n.Requested
	r.need("cpu", want.MilliCPU, have.MilliCPU, used.MilliCPU)
	r.need("memory", want.Memory, have.Memory, used.Memory)
	r.need("ephemeral-storage", want.Storage, have.Storage, used.Storage)
	if len(want.Other) > 0 {
		for _, name := range sortedNames(want.Other) {
			r.need(string(name), want.Other[name], have.Other[name], used.Other[name])
		}
	}
	if r.reasons == nil {
		return nil
	}
	return &r
}

func (r *refusal) need(name string, want, have, used int64) {
	if want > 0 && want > have-used {
		r.reasons = append(r.reasons, "Insufficient "+name)
		r.final = r.final || want > have
	}
}

// fitsBetter tells whether the node is large enough when empty, and new or
// larger than before in something that the pod asks for.
func fitsBetter(pod *corev1.Pod, was, is *corev1.Node) bool {
	c := &cycle{pod: pod, demand: demandOf(pod)}
	now := NewNodeInfo(is)
	if checkFit(c, now) != nil {
		return false
	}
	if was == nil {
		return true
	}
	before, want := NewNodeInfo(was), &c.demand.Request
	for name, n := range want.Other {
		if n > 0 && now.Allocatable.Other[name] > before.Allocatable.Other[name] {
			return true
		}
	}
	return now.MaxPods > before.MaxPods ||
		want.MilliCPU > 0 && now.Allocatable.MilliCPU > before.Allocatable.MilliCPU ||
		want.Memory > 0 && now.Allocatable.Memory > before.Allocatable.Memory ||
		want.Storage > 0 && now.Allocatable.Storage > before.Allocatable.Storage
}

// scoreLeastAllocated prefers nodes with more cpu and memory left
// (plugins/noderesources/least_allocated.go). Containers that ask for nothing
// count with the usual amounts; as upstream, what the pod as a whole requests
// doesn't count here.
func scoreLeastAllocated(c *cycle) []int64 {
	want := podRequest(c.pod, func(list corev1.ResourceList) Amount {
		a := amountOf(list)
		if _, said := list[corev1.ResourceCPU]; !said {
			a.MilliCPU = usualMilliCPU
		}
		if _, said := list[corev1.ResourceMemory]; !said {
			a.Memory = usualMemory
		}
		return a
	}, false)
	scores := make([]int64, len(c.feasible))
	for i, n := range c.feasible {
		var sum, weight int64
		add := func(requested, capacity int64) {
			if capacity == 0 {
				return
			}
			weight++
			if requested <= capacity {
				sum += (capacity - requested) * maxScore / capacity
			}
		}
		add(n.UsualMilliCPU+want.MilliCPU, n.Allocatable.MilliCPU)
		add(n.UsualMemory+want.Memory, n.Allocatable.Memory)
		if weight > 0 {
			scores[i] = sum / weight
		}
	}
	return scores
}

// scoreBalanced prefers nodes where the pod brings the used shares of cpu and
// memory closer together: 75 says that nothing changes
// (plugins/noderesources/balanced_allocation.go). A pod that asks for neither
// is not scored.
func scoreBalanced(c *cycle) []int64 {
	want := &c.demand.Request
	if want.MilliCPU == 0 && want.Memory == 0 {
		return nil
	}
	scores := make([]int64, len(c.feasible))
	for i, n := range c.feasible {
		before := balance(n, 0, 0)
		after := balance(n, want.MilliCPU, want.Memory)
		scores[i] = maxScore/2 + (maxScore/2+after-before)/2
	}
	return scores
}

func balance(n *NodeInfo, milliCPU, memory int64) int64 {
	if n.Allocatable.MilliCPU == 0 || n.Allocatable.Memory == 0 {
		return maxScore
	}
	cpu := min(float64(n.Requested.MilliCPU+milliCPU)/float64(n.Allocatable.MilliCPU), 1)
	mem := min(float64(n.Requested.Memory+memory)/float64(n.Allocatable.Memory), 1)
	deviation := math.Abs(cpu-mem) / 2
	return int64((1 - deviation) * float64(maxScore))
}
