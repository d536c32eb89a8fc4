package replicaset

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/sim"
)

// sync takes one pass over a ReplicaSet: read, decide, act, report.
func (rs *replicaSets) sync(key string) error {
	s, ok := rs.sets.Get(client.SplitKey(key))
	if !ok {
		rs.forget(key)
		return nil
	}
	if rs.wrotePods.Behind(key, rs.pods.Seen()) || rs.wroteSet.Behind(key, rs.sets.Seen()) {
		return controller.ErrBehind
	}
	seen, err := rs.observe(key, s)
	if err != nil {
		return err
	}
	failure := rs.act(key, seen, decide(seen))
	status := statusOf(seen, failure)
	updated, err := rs.report(key, s, status)
	if err != nil {
		return err
	}
	if failure == nil {
		rs.awaitAvailability(key, updated, seen)
	}
	return failure
}

// observe gathers what is to be known of a ReplicaSet's pods. Mostly that is
// their numbers; the pods themselves are looked at where some are to be
// adopted, released, deleted, or waited for.
func (rs *replicaSets) observe(key string, s *appsv1.ReplicaSet) (observed, error) {
	seen := observed{set: s, now: rs.c.Now()}
	selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
	if err != nil {
		return seen, fmt.Errorf("replicaset %s: %w", key, err)
	}
	template := labels.SelectorFromSet(s.Spec.Template.Labels)
	counted, ok := rs.tallies.of(s.UID, selector, template)
	rs.c.Spend(time.Duration(counted.active+counted.terminating) * perPod)
	orphans := slices.DeleteFunc(rs.pods.By(controller.ByOwner, controller.Orphans(s.Namespace)),
		func(pod *corev1.Pod) bool { return !selector.Matches(labels.Set(pod.Labels)) })
	if ok && len(orphans) == 0 && s.Spec.MinReadySeconds == 0 && counted.active <= *s.Spec.Replicas {
		seen.counts = counted
		return seen, nil
	}
	return rs.inspect(key, seen, selector, orphans)
}

// inspect looks at every pod, adopting and releasing on the way.
func (rs *replicaSets) inspect(key string, seen observed, selector labels.Selector, orphans []*corev1.Pod) (observed, error) {
	s := seen.set
	var active, terminating []*corev1.Pod
	for _, pod := range append(rs.pods.By(controller.ByOwner, string(s.UID)), orphans...) {
		switch {
		case isActive(pod):
			active = append(active, pod)
		case isTerminating(pod) && metav1.IsControlledBy(pod, s) && selector.Matches(labels.Set(pod.Labels)):
			terminating = append(terminating, pod)
		}
	}
	var err error
	seen.active, err = controller.Claim(&controller.Claimant{
		Client: rs.c, Owner: rs.original(s), Selector: selector,
		Wrote: func(revision int64) { rs.wrotePods.Note(key, revision) },
	}, active)
	seen.counts = countAll(s, seen.active, seen.now)
	seen.counts.terminating = int32(len(terminating))
	if seen.counts.active > *s.Spec.Replicas {
		seen.related = rs.related(s)
	}
	return seen, err
}

// related returns the pods of all ReplicaSets with the same owner, by which
// pods that share a node with others of their kind are found.
func (rs *replicaSets) related(s *appsv1.ReplicaSet) []*corev1.Pod {
	ref := metav1.GetControllerOfNoCopy(s)
	if ref == nil {
		return nil
	}
	var pods []*corev1.Pod
	for _, sibling := range rs.sets.By(controller.ByOwner, string(ref.UID)) {
		pods = append(pods, rs.pods.By(controller.ByOwner, string(sibling.UID))...)
	}
	return pods
}

// awaitAvailability looks again when the next ready pod has been so for minReadySeconds.
func (rs *replicaSets) awaitAvailability(key string, s *appsv1.ReplicaSet, seen observed) {
	if s.Spec.MinReadySeconds <= 0 || s.Status.ReadyReplicas == s.Status.AvailableReplicas {
		return
	}
	wait := time.Duration(s.Spec.MinReadySeconds) * time.Second
	for _, pod := range seen.active {
		if cond := readyCondition(pod); cond != nil && cond.Status == corev1.ConditionTrue {
			left := cond.LastTransitionTime.Add(time.Duration(s.Spec.MinReadySeconds) * time.Second).Sub(seen.now)
			if left > 0 {
				wait = min(wait, left)
			}
		}
	}
	rs.loop.AddAfter(key, wait, sim.Work)
}
