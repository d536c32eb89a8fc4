package replicaset

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// ranked is a pod with everything that decides whether it goes before another.
type ranked struct {
	pod        *corev1.Pod
	phase      int
	ready      bool
	cost       int32
	neighbours int // active pods of the same owner on the same node
	readySince time.Time
	restarts   int
	sidecars   int
}

// giveUp returns the n pods that a ReplicaSet can spare most easily, as
// controller_utils.go's ActivePodsWithRanks orders them.
func giveUp(seen observed, n int) []*corev1.Pod {
	if n >= len(seen.active) {
		return seen.active
	}
	onNode := map[string]int{}
	for _, pod := range seen.related {
		if isActive(pod) {
			onNode[pod.Spec.NodeName]++
		}
	}
	list := make([]ranked, len(seen.active))
	for i, pod := range seen.active {
		list[i] = rank(pod, onNode[pod.Spec.NodeName])
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return compare(a, b, seen.now) })
	out := make([]*corev1.Pod, n)
	for i := range out {
		out[i] = list[i].pod
	}
	return out
}

func rank(pod *corev1.Pod, neighbours int) ranked {
	r := ranked{
		pod: pod, neighbours: neighbours, cost: deletionCost(pod),
		phase: map[corev1.PodPhase]int{corev1.PodPending: 0, corev1.PodUnknown: 1, corev1.PodRunning: 2}[pod.Status.Phase],
	}
	if cond := readyCondition(pod); cond != nil && cond.Status == corev1.ConditionTrue {
		r.ready, r.readySince = true, cond.LastTransitionTime.Time
	}
	r.restarts, r.sidecars = restarts(pod)
	return r
}

// compare puts first what is to go first: without a node before bound, pending
// before running, unready before ready, cheap before dear, crowded before
// alone, lately ready before long ready, restarted before steady, young before old.
func compare(a, b ranked, now time.Time) int {
	if unbound := a.pod.Spec.NodeName == ""; unbound != (b.pod.Spec.NodeName == "") {
		return trueFirst(unbound)
	}
	if c := cmp.Compare(a.phase, b.phase); c != 0 {
		return c
	}
	if a.ready != b.ready {
		return trueFirst(b.ready)
	}
	if c := cmp.Compare(a.cost, b.cost); c != 0 {
		return c
	}
	if c := cmp.Compare(b.neighbours, a.neighbours); c != 0 {
		return c
	}
	if a.ready && !a.readySince.Equal(b.readySince) {
		return younger(a, b, a.readySince, b.readySince, now)
	}
	if c := cmp.Compare(b.restarts, a.restarts); c != 0 {
		return c
	}
	if c := cmp.Compare(b.sidecars, a.sidecars); c != 0 {
		return c
	}
	if x, y := a.pod.CreationTimestamp.Time, b.pod.CreationTimestamp.Time; !x.Equal(y) {
		return younger(a, b, x, y, now)
	}
	return 0
}

func trueFirst(a bool) int {
	if a {
		return -1
	}
	return 1
}

// younger compares ages on a logarithmic scale: pods of about the same age
// (between 2^n and 2^(n+1) nanoseconds) go in the order of their UIDs, so that
// the youngest node or zone is not always the one that loses.
func younger(a, b ranked, x, y, now time.Time) int {
	if x.IsZero() || y.IsZero() {
		return trueFirst(x.IsZero())
	}
	if c := cmp.Compare(logAge(x, now), logAge(y, now)); c != 0 {
		return c
	}
	return cmp.Compare(a.pod.UID, b.pod.UID)
}

func logAge(t, now time.Time) int64 {
	age := now.Sub(t)
	if age <= 0 {
		return -1
	}
	return int64(math.Log2(float64(age)))
}

// deletionCost is the pod's controller.kubernetes.io/pod-deletion-cost, 0 where
// it is absent or no number.
func deletionCost(pod *corev1.Pod) int32 {
	n, err := strconv.ParseInt(pod.Annotations[corev1.PodDeletionCost], 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

// restarts returns the most restarts of a container and of a sidecar.
func restarts(pod *corev1.Pod) (regular, sidecar int) {
	for _, s := range pod.Status.ContainerStatuses {
		regular = max(regular, int(s.RestartCount))
	}
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways {
			continue
		}
		for _, s := range pod.Status.InitContainerStatuses {
			if s.Name == c.Name {
				sidecar = max(sidecar, int(s.RestartCount))
			}
		}
	}
	return regular, sidecar
}
