package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// hold keeps a container from being tried again before a time.
type hold struct {
	until           time.Time
	reason, message string // of the waiting state it is in meanwhile
}

// next is what decide finds.
type next struct {
	start *corev1.Container // to be started now; nil for none
	init  bool
	// over says that all is done and what still runs (sidecars) is to stop.
	over bool
}

// decide tells which of a pod's containers is to be started: init containers
// in order, each after the one before has ended well, or in the case of
// sidecars has started; then all others, in order; those that have ended, by
// the restart policy (pkg/kubelet/kuberuntime, computePodActions). It is pure.
func decide(pod *corev1.Pod, box *sandbox, holds map[string]hold, now time.Time) next {
	initialised := anyStarted(pod, box)
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		run, held := box.find(c.Name), holds[c.Name].until.After(now)
		switch {
		case sidecar(c):
			if !run.running() && !held && !finishedRunning(pod, box) {
				return next{start: c, init: true}
			}
			if run == nil || run.running() && !startedUp(run) && !initialised {
				return next{}
			}
		case initialised || run.exited() && run.exit == 0:
		case run.running() || held || run.exited() && !restarts(pod, c, run.exit):
			return next{}
		default:
			return next{start: c, init: true}
		}
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		run := box.find(c.Name)
		again := run == nil || run.exited() && (run.replaced || run.again || restarts(pod, c, run.exit))
		if again && !holds[c.Name].until.After(now) {
			return next{start: c}
		}
	}
	return next{over: finishedRunning(pod, box)}
}

func sidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// restarts tells whether a container that has ended is started again.
func restarts(pod *corev1.Pod, c *corev1.Container, exit int32) bool {
	policy := pod.Spec.RestartPolicy
	if c.RestartPolicy != nil {
		policy = corev1.RestartPolicy(*c.RestartPolicy)
	}
	return policy == corev1.RestartPolicyAlways || policy == corev1.RestartPolicyOnFailure && exit != 0
}

// anyStarted tells whether the initialisation is over for good.
func anyStarted(pod *corev1.Pod, box *sandbox) bool {
	for i := range pod.Spec.Containers {
		if box.find(pod.Spec.Containers[i].Name) != nil {
			return true
		}
	}
	return false
}

// finishedRunning tells whether every container but the sidecars has ended
// and stays so.
func finishedRunning(pod *corev1.Pod, box *sandbox) bool {
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		run := box.find(c.Name)
		if !run.exited() || run.again || restarts(pod, c, run.exit) {
			return false
		}
	}
	return true
}

// startedUp tells whether a running container's startup probe has succeeded.
func startedUp(run *container) bool { return run.running() && run.probes.started() }
