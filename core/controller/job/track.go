package job

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// track notes the pods that have ended in the status, to be counted once their
// finalizer is off, and the conditions that announce the job's end
// (trackJobStatusAndRemoveFinalizers).
func (p *pass) track() {
	p.settle(p.trackedUIDs())
	for _, pod := range p.pods {
		if tracked(pod) && p.countable(pod) {
			p.count = append(p.count, pod)
			p.note(pod)
		}
	}
	if indexed(p.job) {
		p.noteIndexes()
	}
	p.announce()
}

func (p *pass) trackedUIDs() map[types.UID]bool {
	with := map[types.UID]bool{}
	for _, pod := range p.pods {
		if tracked(pod) {
			with[pod.UID] = true
		}
	}
	return with
}

// settle counts the noted pods that have lost their finalizer (cleanUncountedPodsWithoutFinalizers).
func (p *pass) settle(with map[types.UID]bool) {
	if settle(&p.status, with) {
		p.write = true
	}
}

func settle(s *batchv1.JobStatus, with map[types.UID]bool) (changed bool) {
	u := s.UncountedTerminatedPods
	without := func(uid types.UID) bool { return !with[uid] }
	succeeded := slices.DeleteFunc(slices.Clone(u.Succeeded), without)
	failed := slices.DeleteFunc(slices.Clone(u.Failed), without)
	changed = len(succeeded) != len(u.Succeeded) || len(failed) != len(u.Failed)
	if !changed {
		return false
	}
	s.Succeeded += int32(len(u.Succeeded) - len(succeeded))
	s.Failed += int32(len(u.Failed) - len(failed))
	u.Succeeded, u.Failed = orNil(succeeded), orNil(failed)
	return true
}

func orNil(uids []types.UID) []types.UID {
	if len(uids) == 0 {
		return nil
	}
	return uids
}

// countable tells whether a pod's finalizer may go (canRemoveFinalizer).
func (p *pass) countable(pod *corev1.Pod) bool {
	if p.job.DeletionTimestamp != nil || p.end != nil || pod.Status.Phase == corev1.PodSucceeded {
		return true
	}
	if !p.hasFailed(pod) {
		return false
	}
	last := p.delayed[indexOf(pod)]
	return last == nil || last.UID != pod.UID // else it waits until its index is tried again
}

func (p *pass) note(pod *corev1.Pod) {
	u := p.status.UncountedTerminatedPods
	succeeded := pod.Status.Phase == corev1.PodSucceeded && !slices.Contains(u.Failed, pod.UID)
	switch {
	case succeeded && indexed(p.job):
		// its index says that it has succeeded
	case succeeded:
		if !slices.Contains(u.Succeeded, pod.UID) {
			u.Succeeded = append(u.Succeeded, pod.UID)
			p.write = true
		}
	case p.hasFailed(pod) || p.end != nil && p.end.Type != batchv1.JobSuccessCriteriaMet:
		known := slices.Contains(u.Failed, pod.UID) || indexed(p.job) && !within(p.job, pod)
		if !known && !judge(p.job, pod).ignored {
			u.Failed = append(u.Failed, pod.UID)
			p.write = true
		}
	}
}

func (p *pass) noteIndexes() {
	s := &p.status
	if text := p.done.String(); text != s.CompletedIndexes {
		s.CompletedIndexes = text
		p.write = true
	}
	s.Succeeded = int32(len(p.done))
	if !limitedPerIndex(p.job) {
		return
	}
	if text := p.failedIndexes.String(); s.FailedIndexes == nil || *s.FailedIndexes != text {
		s.FailedIndexes = &text
		p.write = true
	}
}

// announce adds the condition that comes before the last one: pods that are
// still there have to go first.
func (p *pass) announce() {
	if p.end == nil {
		return
	}
	kind := p.end.Type
	switch kind {
	case batchv1.JobFailureTarget:
		p.status.Conditions = append(p.status.Conditions, *p.end)
		p.write = true
		p.end = p.condition(batchv1.JobFailed, corev1.ConditionTrue, p.end.Reason, p.end.Message)
	case batchv1.JobSuccessCriteriaMet:
		if condition(&p.status, kind) == nil {
			p.status.Conditions = append(p.status.Conditions, *p.end)
			p.write = true
		}
		p.end = p.condition(batchv1.JobComplete, corev1.ConditionTrue, p.end.Reason, p.end.Message)
	}
}

// enact puts the last condition into a status, once every pod has been counted
// and none is still ending.
func (p *pass) enact(s *batchv1.JobStatus) bool {
	u := s.UncountedTerminatedPods
	if p.end == nil || len(u.Succeeded)+len(u.Failed) > 0 || p.terminating > 0 {
		return false
	}
	s.Conditions = append(s.Conditions, *p.end)
	if p.end.Type == batchv1.JobComplete {
		s.CompletionTime = p.end.LastTransitionTime.DeepCopy()
	}
	return true
}
