package replicaset

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/controller"
)

func isActive(pod *corev1.Pod) bool { return !isFinished(pod) && pod.DeletionTimestamp == nil }

func isTerminating(pod *corev1.Pod) bool { return !isFinished(pod) && pod.DeletionTimestamp != nil }

func isFinished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

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

// countAll counts active pods one by one.
func countAll(s *appsv1.ReplicaSet, active []*corev1.Pod, now time.Time) counts {
	c := counts{active: int32(len(active))}
	template := labels.SelectorFromSet(s.Spec.Template.Labels)
	for _, pod := range active {
		if template.Matches(labels.Set(pod.Labels)) {
			c.labelled++
		}
		if !isReady(pod) {
			continue
		}
		c.ready++
		if isAvailable(readyCondition(pod), s.Spec.MinReadySeconds, now) {
			c.available++
		}
	}
	return c
}

// statusOf reports the pods that were there before the pass acted: those it has
// just created or deleted are counted when the view shows them.
func statusOf(seen observed, failure error) appsv1.ReplicaSetStatus {
	return appsv1.ReplicaSetStatus{
		Replicas:             seen.counts.active,
		FullyLabeledReplicas: seen.counts.labelled,
		ReadyReplicas:        seen.counts.ready,
		AvailableReplicas:    seen.counts.available,
		TerminatingReplicas:  &seen.counts.terminating,
		ObservedGeneration:   seen.set.Generation,
		Conditions:           failureCondition(seen, failure),
	}
}

func isAvailable(ready *corev1.PodCondition, minReadySeconds int32, now time.Time) bool {
	if minReadySeconds == 0 {
		return true
	}
	since := ready.LastTransitionTime
	return !since.IsZero() && !since.Add(time.Duration(minReadySeconds)*time.Second).After(now)
}

// failureCondition adds ReplicaFailure when a pass failed and removes it when
// one succeeded; one that is there already is kept as it is.
func failureCondition(seen observed, failure error) []appsv1.ReplicaSetCondition {
	conditions := seen.set.Status.Conditions
	has := slices.ContainsFunc(conditions, isFailure)
	switch {
	case failure == nil && has:
		return slices.DeleteFunc(slices.Clone(conditions), isFailure)
	case failure != nil && !has:
		reason := "FailedCreate"
		if seen.counts.active > *seen.set.Spec.Replicas {
			reason = "FailedDelete"
		}
		return append(slices.Clone(conditions), appsv1.ReplicaSetCondition{
			Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue,
			LastTransitionTime: metav1.NewTime(seen.now.Truncate(time.Second)), Reason: reason, Message: failure.Error(),
		})
	}
	return conditions
}

func isFailure(c appsv1.ReplicaSetCondition) bool { return c.Type == appsv1.ReplicaSetReplicaFailure }

// report writes the status if it differs. A conflict is tried once more on the
// object as it is now, with the generation that this pass has acted on.
func (rs *replicaSets) report(key string, s *appsv1.ReplicaSet, status appsv1.ReplicaSetStatus) (*appsv1.ReplicaSet, error) {
	if !rs.terminating {
		status.TerminatingReplicas = nil
	}
	if equality.Semantic.DeepEqual(s.Status, status) {
		return s, nil
	}
	updated, err := rs.saveStatus(key, s, status)
	if !apierrors.IsConflict(err) {
		return updated, err
	}
	fresh, err := rs.fresh(s.Namespace, s.Name)
	if err != nil {
		return nil, err
	}
	return rs.saveStatus(key, fresh, status)
}

func (rs *replicaSets) saveStatus(key string, s *appsv1.ReplicaSet, status appsv1.ReplicaSetStatus) (*appsv1.ReplicaSet, error) {
	s = s.DeepCopy()
	s.Status = status
	updated, err := rs.kind.writeStatus(s)
	if err == nil {
		rs.wroteSet.Note(key, controller.Revision(updated))
	}
	return updated, err
}
