package statefulset

import (
	"errors"
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

// sync takes one pass over a StatefulSet: read, decide, act, report.
func (ss *statefulSets) sync(key string) error {
	s, ok := ss.sets.Get(client.SplitKey(key))
	if !ok {
		ss.forget(key)
		return nil
	}
	if ss.behind(key) {
		return controller.ErrBehind
	}
	selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
	if err != nil {
		return nil // validation doesn't let that in
	}
	h, err := ss.history(key, s, selector)
	if err != nil {
		return err
	}
	pods, err := ss.claim(key, s, selector)
	if err != nil {
		return err
	}
	seen, err := h.observed(s)
	if err != nil {
		return err
	}
	seen.pods, seen.now, seen.claims = pods, ss.c.Now(), ss.claimsOf(s, pods)
	p := decide(seen)
	failure := ss.act(key, p)
	status := p.status(h.collisions)
	failure = errors.Join(failure, ss.report(key, s, status), ss.prune(s, h, pods))
	ss.lookAgain(key, p, status)
	return failure
}

// claim returns the set's pods, adopting orphans of its name on the way.
func (ss *statefulSets) claim(key string, s *appsv1.StatefulSet, selector labels.Selector) ([]*corev1.Pod, error) {
	candidates := append(ss.pods.By(controller.ByOwner, string(s.UID)), ss.pods.By(controller.ByOwner, controller.Orphans(s.Namespace))...)
	candidates = slices.DeleteFunc(candidates, func(pod *corev1.Pod) bool {
		parent, _ := ordinal(pod.Name)
		return parent != s.Name
	})
	return controller.Claim(&controller.Claimant{
		Client: ss.c, Owner: s, Selector: selector,
		Wrote: func(revision int64) { ss.wrotePods.Note(key, revision) },
	}, candidates)
}

// claimsOf finds the claims of the pods that there are and that are wanted.
func (ss *statefulSets) claimsOf(s *appsv1.StatefulSet, pods []*corev1.Pod) map[string]*corev1.PersistentVolumeClaim {
	found := map[string]*corev1.PersistentVolumeClaim{}
	find := func(n int) {
		for i := range s.Spec.VolumeClaimTemplates {
			name := claimName(s, &s.Spec.VolumeClaimTemplates[i], n)
			if claim, ok := ss.claims.Get(s.Namespace, name); ok {
				found[name] = claim
			}
		}
	}
	if len(s.Spec.VolumeClaimTemplates) == 0 {
		return found
	}
	for i := range int(*s.Spec.Replicas) {
		find(firstOrdinal(s) + i)
	}
	for _, pod := range pods {
		_, n := ordinal(pod.Name)
		find(n)
	}
	return found
}

// lookAgain comes back when the next ready pod has been so for minReadySeconds.
func (ss *statefulSets) lookAgain(key string, p *plan, status appsv1.StatefulSetStatus) {
	wait := time.Duration(p.set.Spec.MinReadySeconds) * time.Second
	if wait == 0 || status.ReadyReplicas == status.AvailableReplicas {
		return
	}
	next := wait
	for _, pod := range p.pods {
		if c := readyCondition(pod); c != nil {
			if left := c.LastTransitionTime.Add(wait).Sub(p.now); left > 0 {
				next = min(next, left)
			}
		}
	}
	ss.loop.AddAfter(key, next, sim.Work)
}
