package daemonset

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/sim"
)

// sync takes one pass over a DaemonSet: read, decide, act, report.
func (ds *daemonSets) sync(key string) error {
	s, ok := ds.sets.Get(client.SplitKey(key))
	if !ok {
		ds.forget(key)
		return nil
	}
	if ds.wrotePods.Behind(key, ds.pods.Seen()) || ds.wroteSet.Behind(key, ds.sets.Seen()) ||
		ds.wroteRevisions.Behind(key, ds.revisions.Seen()) {
		return controller.ErrBehind
	}
	if sel := s.Spec.Selector; sel != nil && len(sel.MatchLabels)+len(sel.MatchExpressions) == 0 {
		ds.report(s, corev1.EventTypeWarning, "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.")
		return nil
	}
	if s.DeletionTimestamp != nil {
		return nil
	}
	now, old, err := ds.history(key, s)
	if err != nil {
		return fmt.Errorf("failed to construct revisions of DaemonSet: %w", err)
	}
	seen, all, err := ds.observe(key, s)
	if err != nil {
		return err
	}
	seen.hash = now.Labels[appsv1.ControllerRevisionHashLabelKey]
	d := decide(seen)
	failure := ds.act(key, seen, d)
	if failure == nil {
		failure = ds.prune(s, old, all)
	}
	status := statusOf(seen)
	if err := ds.writeStatus(key, s, status); err != nil && failure == nil {
		failure = err
	}
	ds.lookAgain(key, s, status, d)
	return failure
}

// observe gathers the nodes and the DaemonSet's pods, adopting and releasing
// on the way. all has those pods too that have ended and are being deleted.
func (ds *daemonSets) observe(key string, s *appsv1.DaemonSet) (seen observed, all []*corev1.Pod, err error) {
	seen = observed{
		set: s, nodes: ds.nodes.List(), now: ds.c.Now(),
		pods: map[string][]*corev1.Pod{}, held: map[string]time.Duration{},
	}
	ds.c.Spend(time.Duration(len(seen.nodes)) * perNode)
	selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
	if err != nil {
		return seen, nil, err
	}
	all, err = controller.Claim(&controller.Claimant{
		Client: ds.c, Owner: s, Selector: selector,
		Wrote: func(revision int64) { ds.wrotePods.Note(key, revision) },
	}, append(ds.pods.By(controller.ByOwner, string(s.UID)), ds.pods.By(controller.ByOwner, controller.Orphans(s.Namespace))...))
	for _, pod := range all {
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if node := targetOf(pod); node != "" && !(ended && pod.DeletionTimestamp != nil) {
			seen.pods[node] = append(seen.pods[node], pod)
			seen.held[node] = ds.waiting(s, node)
		}
	}
	return seen, all, err
}

// lookAgain comes back when pods will have become available, or when failed
// ones may be deleted.
func (ds *daemonSets) lookAgain(key string, s *appsv1.DaemonSet, status appsv1.DaemonSetStatus, d decision) {
	if d.recheck > 0 {
		ds.loop.AddAfter(key, d.recheck, sim.Idle)
	}
	if s.Spec.MinReadySeconds > 0 && status.NumberReady != status.NumberAvailable {
		ds.loop.AddAfter(key, time.Duration(s.Spec.MinReadySeconds)*time.Second, sim.Work)
	}
}
