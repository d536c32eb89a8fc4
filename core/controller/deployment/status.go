package deployment

import (
	"math"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// The reasons of a Deployment's conditions.
const (
	replicaSetUpdated          = "ReplicaSetUpdated"
	replicaSetCreateError      = "ReplicaSetCreateError"
	newReplicaSetCreated       = "NewReplicaSetCreated"
	foundNewReplicaSet         = "FoundNewReplicaSet"
	newReplicaSetAvailable     = "NewReplicaSetAvailable"
	progressDeadlineExceeded   = "ProgressDeadlineExceeded"
	deploymentPaused           = "DeploymentPaused"
	deploymentResumed          = "DeploymentResumed"
	minimumReplicasAvailable   = "MinimumReplicasAvailable"
	minimumReplicasUnavailable = "MinimumReplicasUnavailable"
)

// status sums up the sets' status, and says whether enough replicas are available.
func (p *pass) status() appsv1.DeploymentStatus {
	all := p.all()
	status := appsv1.DeploymentStatus{
		ObservedGeneration:  p.d.Generation,
		Replicas:            sum(all, actual),
		ReadyReplicas:       sum(all, ready),
		AvailableReplicas:   sum(all, available),
		UnavailableReplicas: max(sum(all, wanted)-sum(all, available), 0),
		TerminatingReplicas: allTerminating(all),
		CollisionCount:      p.d.Status.CollisionCount,
		Conditions:          slices.Clone(p.d.Status.Conditions),
	}
	if p.current != nil {
		status.UpdatedReplicas = actual(p.current)
	}
	c := p.condition(appsv1.DeploymentAvailable, corev1.ConditionFalse, minimumReplicasUnavailable,
		"Deployment does not have minimum availability.")
	if status.AvailableReplicas >= *p.d.Spec.Replicas-maxUnavailable(p.d) {
		c = p.condition(appsv1.DeploymentAvailable, corev1.ConditionTrue, minimumReplicasAvailable,
			"Deployment has minimum availability.")
	}
	setCondition(&status, c)
	return status
}

// allTerminating is nil while a set that was reported on has not said how many
// of its pods are being stopped.
func allTerminating(sets []*appsv1.ReplicaSet) *int32 {
	for _, s := range sets {
		if s.Status.TerminatingReplicas == nil && s.Status.ObservedGeneration > 0 {
			return nil
		}
	}
	n := sum(sets, terminating)
	return &n
}

// writeIfChanged decides on a write of the status, if it says something new.
func (p *pass) writeIfChanged(status appsv1.DeploymentStatus) bool {
	if equality.Semantic.DeepEqual(p.d.Status, status) {
		return false
	}
	p.d.Status = status
	p.write()
	return true
}

// complete tells whether all replicas are of the present template and
// available, and none is left of another.
func complete(d *appsv1.Deployment, status *appsv1.DeploymentStatus) bool {
	n := *d.Spec.Replicas
	return status.UpdatedReplicas == n && status.Replicas == n && status.AvailableReplicas == n &&
		status.ObservedGeneration >= d.Generation
}

func hasDeadline(d *appsv1.Deployment) bool {
	return d.Spec.ProgressDeadlineSeconds != nil && *d.Spec.ProgressDeadlineSeconds != math.MaxInt32
}

func (p *pass) condition(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string) appsv1.DeploymentCondition {
	return appsv1.DeploymentCondition{
		Type: kind, Status: status, Reason: reason, Message: message,
		LastUpdateTime: p.now, LastTransitionTime: p.now,
	}
}

// progressing sets the Progressing condition of the Deployment as it is held.
func (p *pass) progressing(status corev1.ConditionStatus, reason, message string) {
	setCondition(&p.d.Status, p.condition(appsv1.DeploymentProgressing, status, reason, message))
}

func condition(status *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range status.Conditions {
		if status.Conditions[i].Type == kind {
			return &status.Conditions[i]
		}
	}
	return nil
}

// setCondition puts c in the place of the condition of its type, at the end of
// the list. One with the same status and reason is left as it is; one with the
// same status keeps the time of its last transition.
func setCondition(status *appsv1.DeploymentStatus, c appsv1.DeploymentCondition) {
	if have := condition(status, c.Type); have != nil && have.Status == c.Status {
		if have.Reason == c.Reason {
			return
		}
		c.LastTransitionTime = have.LastTransitionTime
	}
	removeCondition(status, c.Type)
	status.Conditions = append(status.Conditions, c)
}

func removeCondition(status *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType) {
	status.Conditions = slices.DeleteFunc(slices.Clone(status.Conditions),
		func(c appsv1.DeploymentCondition) bool { return c.Type == kind })
}
