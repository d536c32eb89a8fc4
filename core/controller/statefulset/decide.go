package statefulset

import (
	"cmp"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// version is a template with the name of the revision that keeps it.
type version struct {
	name     string
	template *corev1.PodTemplateSpec
}

// observed is what a pass knows. current is the version that was last rolled
// out completely, update the one that is wanted now; mostly they are the same.
type observed struct {
	set             *appsv1.StatefulSet
	current, update version
	pods            []*corev1.Pod
	claims          map[string]*corev1.PersistentVolumeClaim // by name
	now             time.Time
}

// step is one thing to do about a pod. Before a pod is created, and while it is
// pending, its claims are: those that are missing are created, and those whose
// owners don't fit the retention policy updated.
type step struct {
	do     deed
	pod    *corev1.Pod
	create []*corev1.PersistentVolumeClaim
	update []*corev1.PersistentVolumeClaim // with their new owners
	dying  string                          // a claim that has to be gone first
}

type deed string

const (
	createPod  deed = "create"
	updatePod  deed = "update"
	deletePod  deed = "delete"
	claimsOnly deed = ""
)

// plan is what a pass decides on: steps, and how many pods of the current
// version they take away.
type plan struct {
	observed
	steps     []step
	condemned []*corev1.Pod
	replicas  []*corev1.Pod // by place; those that aren't there are only to be created
	replaced  int32
}

// decide finds the steps (updateStatefulSet). In order, a pass takes one step
// and waits until the pod concerned is as it should be; in parallel, it takes
// all at once.
func decide(seen observed) *plan {
	p := &plan{observed: seen}
	p.sort()
	if seen.set.DeletionTimestamp != nil {
		return p
	}
	ordered := seen.set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement
	for _, pod := range p.replicas {
		if wait := p.keep(pod, ordered); wait && ordered {
			return p
		}
	}
	for _, pod := range p.condemned {
		if update := p.owners(pod); len(update) > 0 {
			p.steps = append(p.steps, step{pod: pod, update: update})
		}
	}
	first := p.firstUnavailable()
	for _, pod := range p.condemned {
		if wait := p.giveUp(pod, first, ordered); wait && ordered {
			return p
		}
	}
	if seen.set.Spec.UpdateStrategy.Type != appsv1.OnDeleteStatefulSetStrategyType {
		p.roll()
	}
	return p
}

// sort puts the pods that are wanted in their places, and the others in the
// order in which they go: from the last to the first.
func (p *plan) sort() {
	s, first := p.set, firstOrdinal(p.set)
	p.replicas = make([]*corev1.Pod, *s.Spec.Replicas)
	for _, pod := range p.pods {
		switch _, n := ordinal(pod.Name); {
		case wanted(s, n):
			p.replicas[n-first] = pod
		case n >= 0:
			p.condemned = append(p.condemned, pod)
		}
	}
	slices.SortStableFunc(p.condemned, func(a, b *corev1.Pod) int {
		_, x := ordinal(a.Name)
		_, y := ordinal(b.Name)
		return cmp.Compare(y, x)
	})
	for i, pod := range p.replicas {
		if pod == nil {
			v := p.versionFor(i)
			p.replicas[i] = podOf(s, v.template, v.name, first+i)
		}
	}
}

// versionFor is the version of a pod that has to be created: below the
// partition the current one.
func (p *plan) versionFor(place int) version {
	strategy := p.set.Spec.UpdateStrategy
	rolling := strategy.RollingUpdate
	below := rolling != nil && place < partition(rolling) || rolling == nil &&
		strategy.Type == appsv1.RollingUpdateStatefulSetStrategyType && place < int(p.set.Status.CurrentReplicas)
	if below {
		return p.current
	}
	return p.update
}

func partition(r *appsv1.RollingUpdateStatefulSetStrategy) int {
	if r == nil || r.Partition == nil {
		return 0
	}
	return int(*r.Partition)
}

// keep sees to a pod that is wanted (processReplica). It tells whether those
// after it have to wait.
func (p *plan) keep(pod *corev1.Pod, ordered bool) (wait bool) {
	switch {
	case ended(pod):
		if !terminating(pod) {
			p.steps = append(p.steps, step{do: deletePod, pod: pod})
		}
		return true
	case !created(pod):
		if !p.stale(pod) {
			p.steps = append(p.steps, p.withClaims(createPod, pod))
		}
		return true
	}
	if pod.Status.Phase == corev1.PodPending {
		if s := p.withClaims(claimsOnly, pod); len(s.create)+len(s.update) > 0 || s.dying != "" {
			p.steps = append(p.steps, s)
		}
	}
	if ordered && (terminating(pod) || !ready(pod) || !p.available(pod)) {
		return true
	}
	if identified(pod) && stored(p.set, pod) {
		if update := p.owners(pod); len(update) > 0 && pod.Status.Phase != corev1.PodPending {
			p.steps = append(p.steps, step{pod: pod, update: update})
		}
		return false
	}
	_, n := ordinal(pod.Name)
	fixed := pod.DeepCopy()
	identify(fixed, n)
	fixed.Spec.Volumes = volumes(p.set, n, fixed.Spec.Volumes)
	p.steps = append(p.steps, p.withClaims(updatePod, fixed))
	return false
}

// giveUp sees to a pod above the number wanted (processCondemned): in order,
// the last goes, and only while all before it are available, unless it is
// itself the first that isn't.
func (p *plan) giveUp(pod, first *corev1.Pod, ordered bool) (wait bool) {
	if terminating(pod) {
		return true
	}
	if ordered && pod != first && !(ready(pod) && p.available(pod)) {
		return true
	}
	p.steps = append(p.steps, step{do: deletePod, pod: pod})
	return true
}

// firstUnavailable is the pod of the lowest place that isn't available.
func (p *plan) firstUnavailable() *corev1.Pod {
	for _, pod := range p.replicas {
		if p.unavailable(pod) {
			return pod
		}
	}
	for _, pod := range slices.Backward(p.condemned) {
		if p.unavailable(pod) {
			return pod
		}
	}
	return nil
}

// roll deletes the last pod of another version than the wanted one, down to
// the partition, once all after it are available.
func (p *plan) roll() {
	lowest := partition(p.set.Spec.UpdateStrategy.RollingUpdate)
	for i := len(p.replicas) - 1; i >= lowest; i-- {
		pod := p.replicas[i]
		if revisionOf(pod) != p.update.name && !terminating(pod) {
			p.steps = append(p.steps, step{do: deletePod, pod: pod})
			p.replaced++
			return
		}
		if p.unavailable(pod) {
			return
		}
	}
}

func (seen *observed) available(pod *corev1.Pod) bool {
	c := readyCondition(pod)
	wait := time.Duration(seen.set.Spec.MinReadySeconds) * time.Second
	return c != nil && (wait == 0 || !c.LastTransitionTime.IsZero() && !c.LastTransitionTime.Add(wait).After(seen.now))
}

func (seen *observed) unavailable(pod *corev1.Pod) bool {
	return !seen.available(pod) || terminating(pod)
}
