package job

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The back-off between a failure and the next pod (DefaultJobPodFailureBackOff).
const (
	firstBackoff = 10 * time.Second
	lastBackoff  = 10 * time.Minute
)

// backoff remembers a job's failures since its last success.
type backoff struct {
	failures int32
	last     time.Time
}

// after adds pods that have just been seen to have ended.
func (b backoff) after(succeeded, failed []*corev1.Pod) backoff {
	if len(succeeded) == 0 {
		for _, pod := range failed {
			b.failures++
			if at := finishedAt(pod); at.After(b.last) {
				b.last = at
			}
		}
		return b
	}
	success := finishedAt(slices.MaxFunc(succeeded, func(a, b *corev1.Pod) int { return finishedAt(a).Compare(finishedAt(b)) }))
	b = backoff{}
	for _, pod := range failed {
		if at := finishedAt(pod); at.After(success) {
			b.failures++
			if at.After(b.last) {
				b.last = at
			}
		}
	}
	return b
}

// left is how long the next pod has to wait.
func (b backoff) left(now time.Time) time.Duration {
	if b.failures == 0 {
		return 0
	}
	wait := firstBackoff
	for i := int32(1); i < b.failures && wait < lastBackoff; i++ {
		wait = min(2*wait, lastBackoff)
	}
	return max(wait-now.Sub(b.last), 0)
}

// finishedAt is when a pod ended: its last container, or else when it turned
// unready, or was deleted.
func finishedAt(pod *corev1.Pod) time.Time {
	if at := containersFinished(pod.Status.ContainerStatuses); !at.IsZero() {
		return at
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionFalse && !c.LastTransitionTime.IsZero() {
			return c.LastTransitionTime.Time
		}
	}
	if pod.DeletionTimestamp != nil {
		grace := int64(0)
		if pod.DeletionGracePeriodSeconds != nil {
			grace = *pod.DeletionGracePeriodSeconds
		}
		return pod.DeletionTimestamp.Add(-time.Duration(grace) * time.Second)
	}
	return pod.CreationTimestamp.Time
}

// containersFinished is zero while one still runs.
func containersFinished(statuses []corev1.ContainerStatus) (last time.Time) {
	for _, s := range statuses {
		ended := s.State.Terminated
		if ended == nil || ended.FinishedAt.IsZero() {
			return time.Time{}
		}
		if ended.FinishedAt.After(last) {
			last = ended.FinishedAt.Time
		}
	}
	return last
}
