package statefulset

import (
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// status counts the pods as they were seen, less those that an update takes
// away. When all are of the wanted version and ready, it becomes the current one.
func (p *plan) status(collisions int32) appsv1.StatefulSetStatus {
	s := appsv1.StatefulSetStatus{
		ObservedGeneration: p.set.Generation, CollisionCount: &collisions,
		CurrentRevision: p.current.name, UpdateRevision: p.update.name,
		Conditions: p.set.Status.Conditions,
	}
	for _, pod := range p.pods {
		if !created(pod) {
			continue
		}
		s.Replicas++
		if ready(pod) {
			s.ReadyReplicas++
			if p.available(pod) {
				s.AvailableReplicas++
			}
		}
		if terminating(pod) {
			continue
		}
		if revisionOf(pod) == p.current.name {
			s.CurrentReplicas++
		}
		if revisionOf(pod) == p.update.name {
			s.UpdatedReplicas++
		}
	}
	s.CurrentReplicas -= p.replaced
	complete(p.set, &s)
	return s
}

func complete(set *appsv1.StatefulSet, s *appsv1.StatefulSetStatus) {
	n := *set.Spec.Replicas
	if set.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType &&
		s.UpdatedReplicas == n && s.ReadyReplicas == n && s.Replicas == n {
		s.CurrentReplicas, s.CurrentRevision = s.UpdatedReplicas, s.UpdateRevision
	}
}

// differs tells whether a status is worth writing.
func differs(a, b *appsv1.StatefulSetStatus) bool {
	return a.ObservedGeneration > b.ObservedGeneration || a.Replicas != b.Replicas ||
		a.CurrentReplicas != b.CurrentReplicas || a.ReadyReplicas != b.ReadyReplicas ||
		a.UpdatedReplicas != b.UpdatedReplicas || a.AvailableReplicas != b.AvailableReplicas ||
		a.CurrentRevision != b.CurrentRevision || a.UpdateRevision != b.UpdateRevision
}

// report writes the status if it differs, a conflict once more on the object
// as it is now.
func (ss *statefulSets) report(key string, s *appsv1.StatefulSet, status appsv1.StatefulSetStatus) error {
	if !differs(&status, &s.Status) {
		return nil
	}
	err := ss.writeStatus(key, s, status)
	if !apierrors.IsConflict(err) {
		return err
	}
	fresh, err := client.Get[*appsv1.StatefulSet](ss.c, s.Namespace, s.Name)
	if err != nil {
		return err
	}
	return ss.writeStatus(key, fresh, status)
}

func (ss *statefulSets) writeStatus(key string, s *appsv1.StatefulSet, status appsv1.StatefulSetStatus) error {
	s = s.DeepCopy()
	s.Status = status
	updated, err := client.UpdateStatus(ss.c, s)
	if err == nil {
		ss.wroteSet.Note(key, controller.Revision(updated))
	}
	return err
}
