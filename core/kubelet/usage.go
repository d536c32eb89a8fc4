package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// idle is what a program that nothing is known of uses while it has nothing to
// do; it is the least for others.
const (
	idleCPU    = 1       // thousandths
	idleMemory = 8 << 20 // bytes
)

// Use is what one running container uses when nobody asks anything of it.
type Use struct {
	Container string
	CPU       int64 // thousandths of a core
	Memory    int64 // bytes
	Since     time.Time
}

// Usage is what a pod's running containers use.
func (n *Node) Usage(pod *corev1.Pod, now time.Time) []Use {
	box := n.boxes[pod.UID]
	if box == nil {
		return nil
	}
	memory, _ := memoryOf(box, now)
	var out []Use
	for i := range pod.Spec.Containers {
		if run := box.find(pod.Spec.Containers[i].Name); run != nil && run.running() {
			out = append(out, Use{run.name, idleCPU, max(memory[run.name], idleMemory), run.started})
		}
	}
	return out
}
