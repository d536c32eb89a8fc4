package job

import (
	"cmp"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// burst is how many pods one pass creates or deletes at most.
const burst = 500

// goOn sees to the pods of a job that isn't at its end, and finds out whether
// it is complete now.
func (p *pass) goOn() {
	going := p.job.DeletionTimestamp == nil
	if going {
		p.manage()
	}
	complete := p.succeeded > 0 && p.running == 0
	if n := p.job.Spec.Completions; n != nil {
		complete = p.succeeded >= *n && p.running == 0
	}
	switch {
	case complete:
		p.end = p.condition(batchv1.JobSuccessCriteriaMet, corev1.ConditionTrue,
			batchv1.JobReasonCompletionsReached, "Reached expected number of succeeded pods")
	case going && suspended(p.job):
		if p.set(batchv1.JobSuspended, corev1.ConditionTrue, "JobSuspended", "Job suspended") {
			p.said = append(p.said, "Suspended")
			p.status.StartTime = nil
		}
	case going:
		if p.set(batchv1.JobSuspended, corev1.ConditionFalse, "JobResumed", "Job resumed") {
			p.said = append(p.said, "Resumed")
			p.status.StartTime = p.stamp()
		}
	}
}

// set changes a condition, or adds it where it is to be true; it tells whether
// something changed.
func (p *pass) set(kind batchv1.JobConditionType, status corev1.ConditionStatus, reason, message string) bool {
	c := condition(&p.status, kind)
	switch {
	case c == nil && status == corev1.ConditionFalse, c != nil && c.Status == status && c.Reason == reason && c.Message == message:
		return false
	case c == nil:
		p.status.Conditions = append(p.status.Conditions, *p.condition(kind, status, reason, message))
	default:
		*c = *p.condition(kind, status, reason, message)
	}
	p.write = true
	return true
}

// manage deletes pods that are too many, or creates those that are missing
// (manageJob).
func (p *pass) manage() {
	wanted := p.wanted()
	if excess := p.excess(max(len(p.active)-wanted, 0)); len(excess) > 0 {
		p.drop = excess[:min(len(excess), burst)]
		p.running -= int32(len(p.drop))
		p.terminating += int32(len(p.drop))
		for _, pod := range p.drop {
			if isReady(pod) {
				p.ready--
			}
		}
		return
	}
	missing := wanted - len(p.active)
	if replacesFailedOnly(p.job) {
		missing -= int(p.terminating)
	}
	if missing <= 0 || suspended(p.job) {
		return
	}
	missing = min(missing, burst)
	if !limitedPerIndex(p.job) {
		if wait := p.backoff.left(p.now); wait > 0 {
			p.recheck = soonest(p.recheck, max(wait, batchPeriod))
			return
		}
	}
	p.create = slices.Repeat([]int{noIndex}, missing)
	if indexed(p.job) {
		p.create = p.missingIndexes(missing)
	}
	p.running += int32(len(p.create))
}

// wanted is how many pods should be active.
func (p *pass) wanted() int {
	parallel := *p.job.Spec.Parallelism
	switch n := p.job.Spec.Completions; {
	case suspended(p.job):
		return 0
	case n != nil:
		return int(max(min(*n-p.succeeded, parallel), 0))
	case p.succeeded > 0: // one success is enough; the others may end
		return len(p.active)
	default:
		return int(parallel)
	}
}

func soonest(a, b time.Duration) time.Duration {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// missingIndexes are the lowest indexes that nobody works on; where failures
// are limited for each, those whose back-off is over.
func (p *pass) missingIndexes(count int) []int {
	taken := p.done.with(indexesOf(p.active)...).with(p.failedIndexes...)
	if replacesFailedOnly(p.job) {
		for _, pod := range p.pods {
			ending := pod.DeletionTimestamp != nil && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
			if n := indexOf(pod); ending && n >= 0 {
				taken = taken.with(n)
			}
		}
	}
	free := firstMissing(taken, count, int(*p.job.Spec.Completions))
	var now []int
	wait := time.Duration(0)
	for _, n := range free {
		last := p.delayed[n]
		if last == nil {
			now = append(now, n)
			continue
		}
		left := backoff{failures: tries(last) + 1, last: finishedAt(last)}.left(p.now)
		if left == 0 {
			now = append(now, n)
		} else {
			wait = soonest(wait, left)
		}
	}
	if len(now) == 0 && wait > 0 {
		p.recheck = soonest(p.recheck, max(wait, batchPeriod))
	}
	return now
}

// excess are the active pods to go, so many at least: of an indexed job all but
// one an index and those beyond the last, then those that are easiest spared.
func (p *pass) excess(atLeast int) []*corev1.Pod {
	left := slices.Clone(p.active)
	slices.SortStableFunc(left, spare)
	var gone []*corev1.Pod
	if indexed(p.job) && !suspended(p.job) {
		kept := map[int]bool{}
		var rest []*corev1.Pod
		for _, pod := range slices.Backward(left) {
			if n := indexOf(pod); !within(p.job, pod) || kept[n] {
				gone = append(gone, pod)
			} else {
				kept[n] = true
				rest = append(rest, pod)
			}
		}
		slices.Reverse(rest)
		left = rest
	}
	if more := atLeast - len(gone); more > 0 {
		gone = append(gone, left[:min(more, len(left))]...)
	}
	return gone
}

// spare puts first what is to go first (controller_utils.go, ActivePods):
// unbound before bound, pending before running, unready before ready, young
// before old.
func spare(a, b *corev1.Pod) int {
	return cmp.Or(
		truth(a.Spec.NodeName != "")-truth(b.Spec.NodeName != ""),
		truth(a.Status.Phase == corev1.PodRunning)-truth(b.Status.Phase == corev1.PodRunning),
		truth(isReady(a))-truth(isReady(b)),
		b.CreationTimestamp.Compare(a.CreationTimestamp.Time),
		cmp.Compare(a.Name, b.Name),
	)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
