package deployment

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// act makes the writes in order. The first that fails ends the pass, which is
// then taken again.
func (ds *deployments) act(d *appsv1.Deployment, actions []action) error {
	newest := map[string]string{} // sets updated in this pass, by name: their resourceVersion
	for _, a := range actions {
		var err error
		switch a.verb {
		case createSet:
			err = ds.create(d, a.set)
		case updateSet:
			err = ds.update(d, a.set, newest)
		case deleteSet:
			err = client.Delete[*appsv1.ReplicaSet](ds.c, a.set.Namespace, a.set.Name, nil)
			if apierrors.IsNotFound(err) {
				err = nil
			}
		case writeStatus:
			_, err = client.UpdateStatus(ds.c, a.d)
		}
		if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
			return nil
		}
		if err != nil {
			return err
		}
		if a.note != "" {
			ds.c.Event(d, corev1.EventTypeNormal, "ScalingReplicaSet", a.note)
		}
	}
	return nil
}

func (ds *deployments) update(d *appsv1.Deployment, s *appsv1.ReplicaSet, newest map[string]string) error {
	if version, ok := newest[s.Name]; ok {
		s.ResourceVersion = version
	}
	updated, err := client.Update(ds.c, s)
	if err == nil {
		newest[s.Name] = updated.ResourceVersion
		ds.wrote.Note(client.Key(d), controller.Revision(updated))
	}
	return err
}

// create makes a set. A set of that name that is not this Deployment's own for
// this template is a collision of hashes: counting it gives the next pass
// another name.
func (ds *deployments) create(d *appsv1.Deployment, s *appsv1.ReplicaSet) error {
	name := s.Name
	created, err := client.Create(ds.c, s)
	switch {
	case err == nil:
		ds.wrote.Note(client.Key(d), controller.Revision(created))
		return nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return err
	case apierrors.IsAlreadyExists(err):
		there, known := ds.sets.Get(d.Namespace, name)
		if known && !(metav1.IsControlledBy(there, d) && sameTemplate(&there.Spec.Template, &d.Spec.Template)) {
			ds.countCollision(d)
		}
		return err
	}
	ds.reportFailure(d, fmt.Sprintf("Failed to create new replica set %q: %v", name, err))
	return err
}

// countCollision and reportFailure write what they can: the pass fails and is
// taken again anyway.
func (ds *deployments) countCollision(d *appsv1.Deployment) {
	d = d.DeepCopy()
	count := int32(1)
	if d.Status.CollisionCount != nil {
		count += *d.Status.CollisionCount
	}
	d.Status.CollisionCount = &count
	_, _ = client.UpdateStatus(ds.c, d)
}

func (ds *deployments) reportFailure(d *appsv1.Deployment, message string) {
	if hasDeadline(d) {
		failed := d.DeepCopy()
		now := metav1.NewTime(ds.c.Now().Truncate(time.Second))
		setCondition(&failed.Status, appsv1.DeploymentCondition{
			Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: replicaSetCreateError,
			Message: message, LastUpdateTime: now, LastTransitionTime: now,
		})
		_, _ = client.UpdateStatus(ds.c, failed)
	}
	ds.c.Event(d, corev1.EventTypeWarning, replicaSetCreateError, message)
}
