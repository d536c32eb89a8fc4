package daemonset

import (
	"cmp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// burst is how many pods one pass creates or deletes at most.
const burst = 250

// observed is what a pass knows: the DaemonSet, the hash of its template's
// revision, the nodes, and its pods by the node they are on or made for.
type observed struct {
	set   *appsv1.DaemonSet
	hash  string
	nodes []*corev1.Node
	pods  map[string][]*corev1.Pod
	// held says for how long failed pods on a node are let be.
	held map[string]time.Duration
	now  time.Time
}

// decision is what is to be done: create a pod on each of these nodes, delete
// these pods, of which the ended ones have ended by themselves, and look again
// when the first back-off is over (0: none).
type decision struct {
	create        []string
	ended, delete []*corev1.Pod
	recheck       time.Duration
}

func (d decision) nothing() bool { return len(d.create)+len(d.ended)+len(d.delete) == 0 }

// decide brings one pod to every node first; only where that takes nothing are
// pods replaced by those of a new template.
func decide(seen observed) decision {
	d := place(seen)
	if d.nothing() && seen.set.Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		recheck := d.recheck
		d = roll(seen)
		d.recheck = recheck
	}
	d.create, d.delete = d.create[:min(len(d.create), burst)], d.delete[:min(len(d.delete), burst)]
	return d
}

// place goes over the nodes (manage and podsShouldBeOnNode).
func place(seen observed) decision {
	var d decision
	known := map[string]bool{}
	for _, node := range seen.nodes {
		known[node.Name] = true
		d.placeOn(seen, node)
	}
	for _, name := range sortedNodes(seen.pods) {
		for _, pod := range seen.pods[name] {
			if !known[name] && pod.Spec.NodeName == "" {
				d.delete = append(d.delete, pod) // its node went before it came
			}
		}
	}
	return d
}

func (d *decision) placeOn(seen observed, node *corev1.Node) {
	run, stay := fits(seen.set, node)
	pods := seen.pods[node.Name]
	switch {
	case run && len(pods) == 0:
		d.create = append(d.create, node.Name)
	case stay:
		live := d.clearFinished(seen, node.Name, pods)
		switch {
		case !surges(seen.set):
			d.delete = append(d.delete, live[min(1, len(live)):]...)
		case len(live) == 0 && run:
			d.create = append(d.create, node.Name)
		case len(live) > 1:
			d.delete = append(d.delete, superfluous(seen, live)...)
		}
	default:
		for _, pod := range pods {
			if pod.DeletionTimestamp == nil {
				d.delete = append(d.delete, pod)
			}
		}
	}
}

// clearFinished returns the pods that are alive, oldest first, and has those
// that have ended deleted, failed ones not before their back-off is over.
func (d *decision) clearFinished(seen observed, node string, pods []*corev1.Pod) []*corev1.Pod {
	var live []*corev1.Pod
	for _, pod := range pods {
		switch {
		case pod.DeletionTimestamp != nil:
		case pod.Status.Phase == corev1.PodFailed && seen.held[node] > 0:
			d.recheck = soonest(d.recheck, seen.held[node])
		case pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded:
			d.ended = append(d.ended, pod)
		default:
			live = append(live, pod)
		}
	}
	slices.SortStableFunc(live, older)
	return live
}

func soonest(a, b time.Duration) time.Duration {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// superfluous are the pods of a node that has more than one while a surge goes
// on: all but the oldest of either kind, and the old one once it isn't ready or
// the new one is available.
func superfluous(seen observed, live []*corev1.Pod) []*corev1.Pod {
	var fresh, old *corev1.Pod
	var out []*corev1.Pod
	for _, pod := range live {
		kind := &old
		if pod.Labels[appsv1.ControllerRevisionHashLabelKey] == seen.hash {
			kind = &fresh
		}
		if *kind == nil {
			*kind = pod
		} else {
			out = append(out, pod)
		}
	}
	if fresh != nil && old != nil && (!isReady(old) || seen.available(fresh)) {
		out = append(out, old)
	}
	return out
}

// older puts bound pods first, then those made earlier.
func older(a, b *corev1.Pod) int {
	if bound := a.Spec.NodeName != ""; bound != (b.Spec.NodeName != "") {
		if bound {
			return -1
		}
		return 1
	}
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

func sortedNodes(pods map[string][]*corev1.Pod) []string {
	names := make([]string, 0, len(pods))
	for name := range pods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func surges(s *appsv1.DaemonSet) bool { return surge(s, 1) > 0 }

func surge(s *appsv1.DaemonSet, nodes int) int {
	r := s.Spec.UpdateStrategy.RollingUpdate
	if s.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType || r == nil {
		return 0
	}
	return scaled(r.MaxSurge, nodes)
}

// unavailable is how many nodes may be without an available pod; one where
// neither is set.
func unavailable(s *appsv1.DaemonSet, nodes int) int {
	n := 0
	if r := s.Spec.UpdateStrategy.RollingUpdate; r != nil {
		n = scaled(r.MaxUnavailable, nodes)
	}
	if nodes > 0 && n == 0 && surge(s, nodes) == 0 {
		return 1
	}
	return n
}

// scaled is a number, or a percentage rounded up; validation has seen to it
// that it is one of them.
func scaled(value *intstr.IntOrString, nodes int) int {
	if value == nil {
		return 0
	}
	n, _ := intstr.GetScaledValueFromIntOrPercent(value, nodes, true)
	return n
}
