package daemonset

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

func readyCondition(pod *corev1.Pod) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == corev1.PodReady {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func isReady(pod *corev1.Pod) bool {
	c := readyCondition(pod)
	return c != nil && c.Status == corev1.ConditionTrue
}

// available tells whether a pod has been ready for minReadySeconds; no pod isn't.
func (seen *observed) available(pod *corev1.Pod) bool {
	if pod == nil || !isReady(pod) {
		return false
	}
	wait := time.Duration(seen.set.Spec.MinReadySeconds) * time.Second
	since := readyCondition(pod).LastTransitionTime
	return wait == 0 || !since.IsZero() && !since.Add(wait).After(seen.now)
}

// statusOf counts nodes; of a node with several pods the oldest counts.
func statusOf(seen observed) appsv1.DaemonSetStatus {
	s := appsv1.DaemonSetStatus{
		ObservedGeneration: seen.set.Generation,
		CollisionCount:     seen.set.Status.CollisionCount, Conditions: seen.set.Status.Conditions,
	}
	for _, node := range seen.nodes {
		run, _ := fits(seen.set, node)
		pods := slices.Clone(seen.pods[node.Name])
		switch {
		case !run && len(pods) > 0:
			s.NumberMisscheduled++
		case run && len(pods) == 0:
			s.DesiredNumberScheduled++
		case run:
			s.DesiredNumberScheduled++
			s.CurrentNumberScheduled++
			slices.SortStableFunc(pods, older)
			if isReady(pods[0]) {
				s.NumberReady++
			}
			if seen.available(pods[0]) {
				s.NumberAvailable++
			}
			if seen.updated(pods[0]) {
				s.UpdatedNumberScheduled++
			}
		}
	}
	s.NumberUnavailable = s.DesiredNumberScheduled - s.NumberAvailable
	return s
}

// writeStatus writes the status if it differs, a conflict once more on the
// object as it is now. (Upstream's storeDaemonSetStatus writes it to whatever
// has the name by then; here a set that was made anew waits for its own turn.)
func (ds *daemonSets) writeStatus(key string, s *appsv1.DaemonSet, status appsv1.DaemonSetStatus) error {
	if equality.Semantic.DeepEqual(s.Status, status) {
		return nil
	}
	updated, err := ds.putStatus(s, status)
	if apierrors.IsConflict(err) {
		fresh, getErr := client.Get[*appsv1.DaemonSet](ds.c, s.Namespace, s.Name)
		if getErr != nil {
			return getErr
		}
		if fresh.UID == s.UID {
			updated, err = ds.putStatus(fresh, status)
		}
	}
	if err == nil {
		ds.wroteSet.Note(key, controller.Revision(updated))
	}
	return err
}

func (ds *daemonSets) putStatus(s *appsv1.DaemonSet, status appsv1.DaemonSetStatus) (*appsv1.DaemonSet, error) {
	s = s.DeepCopy()
	status.CollisionCount, status.Conditions = s.Status.CollisionCount, s.Status.Conditions
	s.Status = status
	return client.UpdateStatus(ds.c, s)
}
