package daemonset

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

// roll replaces pods of older templates: with a surge the new one comes before
// the old one goes, without it the other way round.
func roll(seen observed) decision {
	byNode := map[string][]*corev1.Pod{}
	for name, pods := range seen.pods {
		byNode[name] = pods
	}
	desired := 0
	runs := map[string]bool{}
	for _, node := range seen.nodes {
		if run, _ := fits(seen.set, node); run {
			desired++
			runs[node.Name] = true
			byNode[node.Name] = seen.pods[node.Name]
		}
	}
	seen.pods = byNode
	if most := surge(seen.set, desired); most > 0 {
		return rollSurging(seen, most, desired, runs)
	}
	return rollInPlace(seen, unavailable(seen.set, desired))
}

// rollInPlace deletes old pods that aren't available at once, and others as
// long as at most so many nodes are without an available pod.
func rollInPlace(seen observed, most int) decision {
	var d decision
	var candidates []*corev1.Pod
	out := 0
	for _, name := range sortedNodes(seen.pods) {
		fresh, old, ok := seen.pair(seen.pods[name])
		switch {
		case !ok || (old == nil) == (fresh == nil):
			out++
		case fresh != nil:
			if !seen.available(fresh) {
				out++
			}
		case !seen.available(old):
			d.delete = append(d.delete, old)
			out++
		case out < most:
			candidates = append(candidates, old)
		}
	}
	room := min(max(most-out, 0), len(candidates))
	d.delete = append(d.delete, candidates[:room]...)
	return d
}

// rollSurging creates new pods beside old ones, at most so many at a time, and
// deletes the old ones beside which a new one is available.
func rollSurging(seen observed, most, desired int, runs map[string]bool) decision {
	var d decision
	var candidates []string
	var unwanted []*corev1.Pod
	surging, available := 0, 0
	for _, name := range sortedNodes(seen.pods) {
		fresh, old, ok := seen.pair(seen.pods[name])
		if !ok {
			surging++
			continue
		}
		if seen.available(old) || old == nil && seen.available(fresh) {
			available++
		}
		switch {
		case old == nil:
		case fresh != nil && !seen.available(fresh):
			surging++
		case fresh != nil, !runs[name] && !seen.available(old):
			d.delete = append(d.delete, old)
		case !runs[name]:
			unwanted = append(unwanted, old)
		case !seen.available(old):
			d.create = append(d.create, name)
		case surging < most:
			candidates = append(candidates, name)
		}
	}
	spare := min(max(available-desired, 0), len(unwanted))
	d.delete = append(d.delete, unwanted[:spare]...)
	room := min(max(most-surging, 0), len(candidates))
	d.create = append(d.create, candidates[:room]...)
	return d
}

// pair finds the pod of the present template and that of an older one among a
// node's pods; not ok where there are two of a kind.
func (seen *observed) pair(pods []*corev1.Pod) (fresh, old *corev1.Pod, ok bool) {
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		kind := &old
		if seen.updated(pod) {
			kind = &fresh
		}
		if *kind != nil {
			return nil, nil, false
		}
		*kind = pod
	}
	return fresh, old, true
}

// updated tells whether a pod is of the present template.
func (seen *observed) updated(pod *corev1.Pod) bool {
	generation := api.TemplateGeneration(seen.set)
	return seen.hash != "" && pod.Labels[appsv1.ControllerRevisionHashLabelKey] == seen.hash ||
		generation != 0 && pod.Labels[podTemplateGeneration] == strconv.FormatInt(generation, 10)
}
