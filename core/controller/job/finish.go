package job

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// condition returns one of the status's conditions, nil where it isn't there.
func condition(s *batchv1.JobStatus, kind batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == kind {
			return &s.Conditions[i]
		}
	}
	return nil
}

func (p *pass) condition(kind batchv1.JobConditionType, status corev1.ConditionStatus, reason, message string) *batchv1.JobCondition {
	return &batchv1.JobCondition{
		Type: kind, Status: status, LastProbeTime: *p.stamp(), LastTransitionTime: *p.stamp(), Reason: reason, Message: message,
	}
}

// judgeEnd finds out whether the job is to end: one that was found to be at its
// end before stays there until its pods are gone.
func (p *pass) judgeEnd() {
	if c := condition(&p.status, batchv1.JobSuccessCriteriaMet); c != nil && c.Status == corev1.ConditionTrue {
		p.end = c.DeepCopy()
		return
	}
	if c := condition(&p.status, batchv1.JobFailureTarget); c != nil && c.Status == corev1.ConditionTrue {
		p.end = p.condition(batchv1.JobFailed, corev1.ConditionTrue, c.Reason, c.Message)
		return
	}
	if reason, message := p.failure(); reason != "" {
		p.end = p.condition(batchv1.JobFailureTarget, corev1.ConditionTrue, reason, message)
		return
	}
	if !indexed(p.job) {
		return
	}
	if message, met := successRule(p.job, p.done); met {
		p.end = p.condition(batchv1.JobSuccessCriteriaMet, corev1.ConditionTrue, batchv1.JobReasonSuccessPolicy, message)
	}
}

// failure is why the job has failed; "" while it hasn't.
func (p *pass) failure() (reason, message string) {
	for _, pod := range p.pods {
		if p.hasFailed(pod) {
			if v := judge(p.job, pod); v.message != "" {
				return batchv1.JobReasonPodFailurePolicy, v.message
			}
		}
	}
	if p.failed > *p.job.Spec.BackoffLimit || p.restartsExceeded() {
		return batchv1.JobReasonBackoffLimitExceeded, "Job has reached the specified backoff limit"
	}
	if left, has := p.timeLeft(); has && left <= 0 {
		return batchv1.JobReasonDeadlineExceeded, "Job was active longer than specified deadline"
	} else if has {
		p.recheck = left
	}
	if most := p.job.Spec.MaxFailedIndexes; most != nil && len(p.failedIndexes) > int(*most) {
		return batchv1.JobReasonMaxFailedIndexesExceeded, "Job has exceeded the specified maximal number of failed indexes"
	}
	if n := len(p.failedIndexes); n > 0 && n+len(p.done) >= int(*p.job.Spec.Completions) {
		return batchv1.JobReasonFailedIndexes, "Job has failed indexes"
	}
	return "", ""
}

// timeLeft is how long the job may still go on, where it has a deadline.
func (p *pass) timeLeft() (left time.Duration, has bool) {
	deadline := p.job.Spec.ActiveDeadlineSeconds
	if deadline == nil || p.status.StartTime == nil || suspended(p.job) {
		return 0, false
	}
	return p.status.StartTime.Add(time.Duration(*deadline) * time.Second).Sub(p.now), true
}

// restartsExceeded: where containers are restarted in their pod, the restarts
// count instead of failed pods (pastBackoffLimitOnFailure).
func (p *pass) restartsExceeded() bool {
	if p.job.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyOnFailure {
		return false
	}
	restarts := int32(0)
	for _, pod := range p.pods {
		if pod.Status.Phase != corev1.PodRunning && pod.Status.Phase != corev1.PodPending {
			continue
		}
		for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
			for i := range list {
				restarts += list[i].RestartCount
			}
		}
	}
	return restarts > 0 && restarts >= *p.job.Spec.BackoffLimit
}
