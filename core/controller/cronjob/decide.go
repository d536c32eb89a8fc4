package cronjob

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/zone"
)

// observed is what a pass knows: the CronJob and the jobs that it controls.
type observed struct {
	cron *batchv1.CronJob
	jobs []*batchv1.Job
	now  time.Time
}

// note is an event to be reported.
type note struct{ kind, reason, message string }

// decision is what a pass comes to: the status, jobs to stop because a new one
// takes their place, the job to start, finished jobs to delete, and how long it
// is until something is to be done again (0: nothing).
type decision struct {
	status batchv1.CronJobStatus
	notes  []note
	stop   []*batchv1.Job
	start  *batchv1.Job
	at     time.Time // when that job was to start
	tidy   []*batchv1.Job
	wait   time.Duration
}

func (d *decision) say(kind, reason, format string, args ...any) {
	d.notes = append(d.notes, note{kind, reason, fmt.Sprintf(format, args...)})
}

// decide takes stock of the jobs and then looks at the clock (syncCronJob).
func decide(seen observed) decision {
	d := decision{status: *seen.cron.Status.DeepCopy()}
	d.takeStock(seen)
	if seen.cron.DeletionTimestamp == nil {
		d.look(seen)
	}
	d.tidy = append(excess(seen, batchv1.JobComplete, seen.cron.Spec.SuccessfulJobsHistoryLimit),
		excess(seen, batchv1.JobFailed, seen.cron.Spec.FailedJobsHistoryLimit)...)
	return d
}

// takeStock keeps the list of active jobs and the time of the last success.
func (d *decision) takeStock(seen observed) {
	known := map[types.UID]bool{}
	for _, j := range seen.jobs {
		known[j.UID] = true
		listed := slices.ContainsFunc(d.status.Active, func(r corev1.ObjectReference) bool { return r.UID == j.UID })
		switch {
		case !listed && !api.JobFinished(j):
			d.say(corev1.EventTypeWarning, "UnexpectedJob", "Saw a job that the controller did not create or forgot: %s", j.Name)
		case listed && api.JobFinished(j):
			d.unlist(j.UID)
			d.say(corev1.EventTypeNormal, "SawCompletedJob", "Saw completed job: %s, condition: %v", j.Name, outcome(j))
		}
		end := j.Status.CompletionTime
		if api.HasJobCondition(j, batchv1.JobComplete) && end != nil &&
			(d.status.LastSuccessfulTime == nil || end.After(d.status.LastSuccessfulTime.Time)) {
			d.status.LastSuccessfulTime = end.DeepCopy()
		}
	}
	for _, ref := range slices.Clone(d.status.Active) {
		if !known[ref.UID] {
			d.say(corev1.EventTypeNormal, "MissingJob", "Active job went missing: %v", ref.Name)
			d.unlist(ref.UID)
		}
	}
}

func outcome(j *batchv1.Job) batchv1.JobConditionType {
	if api.HasJobCondition(j, batchv1.JobFailed) {
		return batchv1.JobFailed
	}
	return batchv1.JobComplete
}

func (d *decision) unlist(uid types.UID) {
	d.status.Active = slices.DeleteFunc(d.status.Active, func(r corev1.ObjectReference) bool { return r.UID == uid })
	if len(d.status.Active) == 0 {
		d.status.Active = nil
	}
}

// look decides whether a job is to be started now.
func (d *decision) look(seen observed) {
	cron, now := seen.cron, seen.now
	if name := cron.Spec.TimeZone; name != nil {
		location, err := zone.Load(*name)
		if err != nil {
			d.say(corev1.EventTypeWarning, "UnknownTimeZone", "invalid timeZone: %q: %s", *name, err)
			return
		}
		now = now.In(location)
	}
	if cron.Spec.Suspend != nil && *cron.Spec.Suspend {
		return
	}
	schedule, err := api.ParseSchedule(cron.Spec.Schedule)
	if err != nil {
		d.say(corev1.EventTypeWarning, "UnparseableSchedule", "unparseable schedule: %q : %s", cron.Spec.Schedule, err)
		return
	}
	m, err := missedTimes(cron, now, schedule, true)
	if err != nil {
		d.say(corev1.EventTypeWarning, "InvalidSchedule", "invalid schedule: %s : %s", cron.Spec.Schedule, err)
		return
	}
	if m.many && !m.recent.IsZero() {
		d.say(corev1.EventTypeWarning, "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew")
	}
	if wait, ok := untilNext(cron, now, schedule); ok {
		d.wait = wait
	}
	if !m.recent.IsZero() {
		d.run(seen, m.recent, now)
	}
}

// run starts the job of a time that has come, as far as the concurrency policy lets it.
func (d *decision) run(seen observed, at, now time.Time) {
	cron := seen.cron
	if deadline := cron.Spec.StartingDeadlineSeconds; deadline != nil && at.Add(time.Duration(*deadline)*time.Second).Before(now) {
		d.say(corev1.EventTypeWarning, "MissSchedule", "Missed scheduled time to start a job: %s", at.UTC().Format(time.RFC1123Z))
		return
	}
	last := cron.Status.LastScheduleTime
	if last != nil && last.Time.Equal(at) || slices.ContainsFunc(d.status.Active, func(r corev1.ObjectReference) bool { return r.Name == nameAt(cron, at) }) {
		return
	}
	switch {
	case cron.Spec.ConcurrencyPolicy == batchv1.ForbidConcurrent && len(d.status.Active) > 0:
		d.say(corev1.EventTypeNormal, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid")
		return
	case cron.Spec.ConcurrencyPolicy == batchv1.ReplaceConcurrent:
		for _, j := range seen.jobs {
			if slices.ContainsFunc(d.status.Active, func(r corev1.ObjectReference) bool { return r.UID == j.UID }) {
				d.stop = append(d.stop, j)
				d.unlist(j.UID)
			}
		}
	}
	d.start, d.at = jobAt(cron, at), at
}

// nameAt is the job's name: the CronJob's, and the minute since 1970.
func nameAt(cron *batchv1.CronJob, at time.Time) string {
	return fmt.Sprintf("%s-%d", cron.Name, at.Unix()/60)
}

func jobAt(cron *batchv1.CronJob, at time.Time) *batchv1.Job {
	t := cron.Spec.JobTemplate.DeepCopy()
	annotations := map[string]string{}
	maps.Copy(annotations, t.Annotations)
	annotations[batchv1.CronJobScheduledTimestampAnnotation] = at.Format(time.RFC3339)
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: cron.Namespace, Name: nameAt(cron, at),
			Labels: t.Labels, Annotations: annotations, CreationTimestamp: metav1.NewTime(at),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cron, api.For(cron).GVK())},
		},
		Spec: t.Spec,
	}
}

// excess are the oldest finished jobs above a limit; no limit keeps all.
func excess(seen observed, kind batchv1.JobConditionType, limit *int32) []*batchv1.Job {
	if limit == nil {
		return nil
	}
	var all []*batchv1.Job
	for _, j := range seen.jobs {
		if api.HasJobCondition(j, kind) {
			all = append(all, j)
		}
	}
	slices.SortStableFunc(all, func(a, b *batchv1.Job) int {
		return cmp.Or(begun(a).Compare(begun(b)), strings.Compare(a.Name, b.Name))
	})
	return all[:max(len(all)-int(*limit), 0)]
}

func begun(j *batchv1.Job) time.Time {
	if j.Status.StartTime == nil {
		return time.Time{}
	}
	return j.Status.StartTime.Time
}
