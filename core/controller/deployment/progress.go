package deployment

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// writeProgress decides on the status of a rollout: the counts, and how it is
// getting on. With nothing new to say, it sees to it that a rollout that is
// stuck is looked at when its deadline has passed.
func (p *pass) writeProgress() {
	status := p.status()
	if !hasDeadline(p.d) {
		removeCondition(&status, appsv1.DeploymentProgressing)
	} else if !p.settled(&status) {
		p.estimate(&status)
	}
	if failure := p.replicaFailure(); failure != nil {
		setCondition(&status, *failure)
	} else {
		removeCondition(&status, appsv1.DeploymentReplicaFailure)
	}
	if !p.writeIfChanged(status) {
		p.recheck = p.untilDeadline()
	}
}

// settled tells whether the last rollout has ended, so that what changes now
// (a replica that dies, say) is no matter of its progress.
func (p *pass) settled(status *appsv1.DeploymentStatus) bool {
	c := condition(&p.d.Status, appsv1.DeploymentProgressing)
	return c != nil && c.Reason == newReplicaSetAvailable && status.Replicas == status.UpdatedReplicas
}

// estimate sets the Progressing condition: done, under way, or too late.
func (p *pass) estimate(status *appsv1.DeploymentStatus) {
	whose := fmt.Sprintf("Deployment %q", p.d.Name)
	if p.current != nil {
		whose = fmt.Sprintf("ReplicaSet %q", p.current.Name)
	}
	switch {
	case complete(p.d, status):
		setCondition(status, p.condition(appsv1.DeploymentProgressing, corev1.ConditionTrue,
			newReplicaSetAvailable, whose+" has successfully progressed."))
	case moved(&p.d.Status, status):
		c := p.condition(appsv1.DeploymentProgressing, corev1.ConditionTrue,
			replicaSetUpdated, whose+" is progressing.")
		if have := condition(&p.d.Status, appsv1.DeploymentProgressing); have != nil && have.Status == c.Status {
			c.LastTransitionTime = have.LastTransitionTime
		}
		// Every bit of progress moves the deadline, so a condition with the same
		// reason is replaced too.
		removeCondition(status, appsv1.DeploymentProgressing)
		setCondition(status, c)
	case p.late(status):
		setCondition(status, p.condition(appsv1.DeploymentProgressing, corev1.ConditionFalse,
			progressDeadlineExceeded, whose+" has timed out progressing."))
	}
}

// moved tells whether the rollout got on: more new replicas, fewer old ones,
// more ready or more available.
func moved(before, now *appsv1.DeploymentStatus) bool {
	return now.UpdatedReplicas > before.UpdatedReplicas ||
		now.Replicas-now.UpdatedReplicas < before.Replicas-before.UpdatedReplicas ||
		now.ReadyReplicas > before.ReadyReplicas ||
		now.AvailableReplicas > before.AvailableReplicas
}

// late tells whether nothing has moved for longer than the deadline. After a
// rollout that succeeded there is no deadline.
func (p *pass) late(status *appsv1.DeploymentStatus) bool {
	c := condition(status, appsv1.DeploymentProgressing)
	switch {
	case c == nil || c.Reason == newReplicaSetAvailable:
		return false
	case c.Reason == progressDeadlineExceeded:
		return true
	}
	return c.LastUpdateTime.Add(deadline(p.d)).Before(p.now.Time)
}

func deadline(d *appsv1.Deployment) time.Duration {
	return time.Duration(*d.Spec.ProgressDeadlineSeconds) * time.Second
}

// untilDeadline is when a rollout without progress will be late, and a second;
// 0 where none is under way.
func (p *pass) untilDeadline() time.Duration {
	c := condition(&p.d.Status, appsv1.DeploymentProgressing)
	if !hasDeadline(p.d) || c == nil || complete(p.d, &p.d.Status) ||
		c.Reason == progressDeadlineExceeded || c.Reason == newReplicaSetAvailable {
		return 0
	}
	return max(c.LastUpdateTime.Add(deadline(p.d)).Sub(p.now.Time), 0) + time.Second
}

// replicaFailure is the sets' ReplicaFailure condition, the current set's first.
func (p *pass) replicaFailure() *appsv1.DeploymentCondition {
	sets := p.old
	if p.current != nil {
		sets = append([]*appsv1.ReplicaSet{p.current}, sets...)
	}
	for _, s := range sets {
		for _, c := range s.Status.Conditions {
			if c.Type == appsv1.ReplicaSetReplicaFailure {
				return &appsv1.DeploymentCondition{
					Type: appsv1.DeploymentReplicaFailure, Status: c.Status, Reason: c.Reason, Message: c.Message,
					LastTransitionTime: c.LastTransitionTime, LastUpdateTime: c.LastTransitionTime,
				}
			}
		}
	}
	return nil
}

// notePause sets the Progressing condition when the Deployment is paused or
// resumed, so that the time in between does not count as lack of progress.
func (p *pass) notePause() {
	c := condition(&p.d.Status, appsv1.DeploymentProgressing)
	if !hasDeadline(p.d) || c != nil && c.Reason == progressDeadlineExceeded {
		return
	}
	noted := c != nil && c.Reason == deploymentPaused
	switch {
	case p.d.Spec.Paused && !noted:
		p.progressing(corev1.ConditionUnknown, deploymentPaused, "Deployment is paused")
	case !p.d.Spec.Paused && noted:
		p.progressing(corev1.ConditionUnknown, deploymentResumed, "Deployment is resumed")
	default:
		return
	}
	p.write()
}
