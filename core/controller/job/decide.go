package job

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

// observed is what a pass knows: the job, its pods, and its failures so far.
type observed struct {
	job     *batchv1.Job
	pods    []*corev1.Pod
	backoff backoff
	now     time.Time
}

// pass is one pass over a job and what it decides.
type pass struct {
	observed
	status batchv1.JobStatus // as it is to be written first

	active              []*corev1.Pod
	newSucceeded        []*corev1.Pod // ended, and neither counted nor noted yet
	newFailed           []*corev1.Pod
	succeeded, failed   int32
	ready, terminating  int32
	running             int32 // active pods once the decisions are carried out
	done, failedIndexes indexes
	delayed             map[int]*corev1.Pod // by index: the failed pod that is to be replaced

	end *batchv1.JobCondition // nil while the job goes on

	// What is to be done: pods to create (for indexed jobs, one an index), pods
	// to delete, of which those of drop lose their finalizer first, and pods
	// that are to be counted.
	create  []int
	remove  []*corev1.Pod
	drop    []*corev1.Pod
	count   []*corev1.Pod
	write   bool // the status differs
	recheck time.Duration
	said    []string // events: reasons
}

// noIndex is the index of pods of a job that isn't indexed.
const noIndex = -1

func finished(j *batchv1.Job) bool { return api.JobFinished(j) }

func suspended(j *batchv1.Job) bool { return j.Spec.Suspend != nil && *j.Spec.Suspend }

// decide works out a pass (syncJob). It changes nothing but its own copy of
// the status.
func decide(seen observed) *pass {
	p := &pass{observed: seen, status: *seen.job.Status.DeepCopy()}
	if p.status.UncountedTerminatedPods == nil {
		p.status.UncountedTerminatedPods = &batchv1.UncountedTerminatedPods{}
	}
	p.sort()
	if p.status.StartTime == nil && !suspended(p.job) {
		p.status.StartTime = p.stamp()
	}
	p.judgeEnd()
	if p.end != nil {
		p.remove = p.active
		p.running -= int32(len(p.active))
		p.terminating += int32(len(p.active))
		p.ready = 0
	} else {
		p.goOn()
	}
	p.report()
	p.track()
	return p
}

func (p *pass) stamp() *metav1.Time {
	t := metav1.NewTime(p.now.Truncate(time.Second))
	return &t
}

// sort finds what has become of the pods.
func (p *pass) sort() {
	uncounted := p.status.UncountedTerminatedPods
	for _, pod := range p.pods {
		over := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		switch {
		case !over && pod.DeletionTimestamp == nil:
			p.active = append(p.active, pod)
			if isReady(pod) {
				p.ready++
			}
		case !over:
			p.terminating++
		}
		if !tracked(pod) || indexed(p.job) && !within(p.job, pod) {
			continue
		}
		if pod.Status.Phase == corev1.PodSucceeded && !slices.Contains(uncounted.Succeeded, pod.UID) {
			p.newSucceeded = append(p.newSucceeded, pod)
		}
		if p.hasFailed(pod) && !slices.Contains(uncounted.Failed, pod.UID) {
			p.newFailed = append(p.newFailed, pod)
		}
	}
	p.running = int32(len(p.active))
	p.succeeded = p.status.Succeeded + int32(len(p.newSucceeded)+len(uncounted.Succeeded))
	p.failed = p.status.Failed + int32(len(uncounted.Failed))
	for _, pod := range p.newFailed {
		if !judge(p.job, pod).ignored {
			p.failed++
		}
	}
	p.backoff = p.backoff.after(p.newSucceeded, p.newFailed)
	if indexed(p.job) {
		p.sortIndexes()
	}
}

func isReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// replacesFailedOnly: a pod that is being deleted is replaced only once it has ended.
func replacesFailedOnly(j *batchv1.Job) bool {
	return j.Spec.PodReplacementPolicy != nil && *j.Spec.PodReplacementPolicy == batchv1.Failed || j.Spec.PodFailurePolicy != nil
}

func (p *pass) hasFailed(pod *corev1.Pod) bool {
	if pod.Status.Phase == corev1.PodFailed {
		return true
	}
	return !replacesFailedOnly(p.job) && pod.DeletionTimestamp != nil && pod.Status.Phase != corev1.PodSucceeded
}

// sortIndexes finds the indexes that have succeeded, and where failures are
// limited for each, those that have failed and those to be tried again.
func (p *pass) sortIndexes() {
	completions := int(*p.job.Spec.Completions)
	p.done = parseIndexes(p.status.CompletedIndexes, completions).with(indexesOf(p.newSucceeded)...)
	p.succeeded = int32(len(p.done))
	if !limitedPerIndex(p.job) {
		return
	}
	if text := p.status.FailedIndexes; text != nil {
		p.failedIndexes = parseIndexes(*text, completions)
	}
	var candidates []*corev1.Pod
	for _, pod := range p.pods {
		if !tracked(pod) || !within(p.job, pod) || !p.hasFailed(pod) {
			continue
		}
		counted, _ := failures(pod)
		switch v := judge(p.job, pod); {
		case v.index || !v.ignored && counted >= *p.job.Spec.BackoffLimitPerIndex:
			p.failedIndexes = p.failedIndexes.with(indexOf(pod))
		default:
			candidates = append(candidates, pod)
		}
	}
	p.delayed = map[int]*corev1.Pod{}
	busy := indexesOf(p.active)
	for _, pod := range candidates {
		n := indexOf(pod)
		if p.done.has(n) || p.failedIndexes.has(n) || busy.has(n) {
			continue
		}
		if other := p.delayed[n]; other == nil || tries(other) <= tries(pod) && !finishedAt(pod).Before(finishedAt(other)) {
			p.delayed[n] = pod
		}
	}
}

// tries is how often a pod's index had been tried before it.
func tries(pod *corev1.Pod) int32 {
	counted, ignored := failures(pod)
	return counted + ignored
}

// report puts the numbers into the status.
func (p *pass) report() {
	s := &p.status
	p.write = p.write || s.Active != p.running || s.Ready == nil || *s.Ready != p.ready ||
		s.Terminating == nil || *s.Terminating != p.terminating
	s.Active, s.Ready, s.Terminating = p.running, &p.ready, &p.terminating
}
