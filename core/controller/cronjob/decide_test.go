package cronjob

import (
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// autumn is two in the afternoon of the last summer day in Zurich.
var autumn = time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)

// hourly was made at ten past eleven and runs on the hour.
func hourly(change ...func(*batchv1.CronJob)) *batchv1.CronJob {
	cron := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Name: "hello", Namespace: "default", UID: "c",
		CreationTimestamp: metav1.NewTime(noon.Add(-50 * time.Minute))}}
	cron.Spec.Schedule, cron.Spec.ConcurrencyPolicy = "0 * * * *", batchv1.AllowConcurrent
	cron.Spec.SuccessfulJobsHistoryLimit, cron.Spec.FailedJobsHistoryLimit = ptr.To[int32](1), ptr.To[int32](0)
	for _, c := range change {
		c(cron)
	}
	return cron
}

func lastAt(at time.Time) func(*batchv1.CronJob) {
	return func(c *batchv1.CronJob) { c.Status.LastScheduleTime = ptr.To(metav1.NewTime(at)) }
}
func policy(p batchv1.ConcurrencyPolicy) func(*batchv1.CronJob) {
	return func(c *batchv1.CronJob) { c.Spec.ConcurrencyPolicy = p }
}
func deadline(seconds int64) func(*batchv1.CronJob) {
	return func(c *batchv1.CronJob) { c.Spec.StartingDeadlineSeconds = &seconds }
}
func running(names ...string) func(*batchv1.CronJob) {
	return func(c *batchv1.CronJob) {
		for _, name := range names {
			c.Status.Active = append(c.Status.Active, corev1.ObjectReference{Name: name, UID: types.UID(name)})
		}
	}
}
func suspend(c *batchv1.CronJob) { c.Spec.Suspend = ptr.To(true) }
func inZone(name string) func(*batchv1.CronJob) {
	return func(c *batchv1.CronJob) { c.Spec.TimeZone = &name }
}
func schedule(text string) func(*batchv1.CronJob) {
	return func(c *batchv1.CronJob) { c.Spec.Schedule = text }
}
func dying(c *batchv1.CronJob) { c.DeletionTimestamp = &metav1.Time{Time: noon} }

// jobsOf makes jobs from words: a name, and how it ended: "+" well, "-" badly.
func jobsOf(words ...string) []*batchv1.Job {
	var jobs []*batchv1.Job
	for i, word := range words {
		name := strings.TrimRight(word, "+-")
		j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}}
		j.Status.StartTime = ptr.To(metav1.NewTime(noon.Add(time.Duration(i) * time.Minute)))
		end := map[string]batchv1.JobConditionType{"+": batchv1.JobComplete, "-": batchv1.JobFailed}[word[len(name):]]
		if end != "" {
			j.Status.Conditions = []batchv1.JobCondition{{Type: end, Status: corev1.ConditionTrue}}
		}
		if end == batchv1.JobComplete {
			j.Status.CompletionTime = ptr.To(metav1.NewTime(noon.Add(time.Duration(i) * time.Hour)))
		}
		jobs = append(jobs, j)
	}
	return jobs
}

func TestDecide(t *testing.T) {
	at12, at11 := fmt.Sprintf("hello-%d", noon.Unix()/60), fmt.Sprintf("hello-%d", noon.Unix()/60-60)
	for _, c := range []struct {
		name  string
		cron  *batchv1.CronJob
		jobs  []*batchv1.Job
		now   time.Time
		start string
		stop  string
		says  string
		wait  time.Duration
	}{
		{"not yet", hourly(), nil, noon.Add(-time.Second), "", "", "", time.Second + margin},
		{"now", hourly(), nil, noon, at12, "", "", time.Hour + margin},
		{"a bit late", hourly(), nil, noon.Add(10 * time.Minute), at12, "", "", 50*time.Minute + margin},
		{"several missed: the last", hourly(lastAt(noon.Add(-5 * time.Hour))), nil, noon.Add(time.Minute), at12, "", "", 59*time.Minute + margin},
		{"very many missed", hourly(lastAt(noon.Add(-500 * time.Hour))), nil, noon, at12, "", "TooManyMissedTimes", time.Hour + margin},
		{"has run", hourly(lastAt(noon)), nil, noon.Add(time.Second), "", "", "", time.Hour - time.Second + margin},
		{"is in the list already", hourly(running(at12)), jobsOf(at12), noon.Add(time.Second), "", "", "", time.Hour - time.Second + margin},
		{"too late", hourly(deadline(60)), nil, noon.Add(2 * time.Minute), "", "", "", 58*time.Minute + margin},
		{"in time", hourly(deadline(60)), nil, noon.Add(time.Minute - time.Second), at12, "", "", 59*time.Minute + time.Second + margin},
		{"beside another", hourly(running(at11)), jobsOf(at11), noon, at12, "", "", time.Hour + margin},
		{"not beside another", hourly(running(at11), policy(batchv1.ForbidConcurrent)), jobsOf(at11), noon, "", "", "JobAlreadyActive", time.Hour + margin},
		{"instead of another", hourly(running(at11), policy(batchv1.ReplaceConcurrent)), jobsOf(at11), noon, at12, at11, "", time.Hour + margin},
		{"after another", hourly(running(at11), policy(batchv1.ForbidConcurrent)), jobsOf(at11 + "+"), noon, at12, "", "SawCompletedJob", time.Hour + margin},
		{"suspended", hourly(suspend), nil, noon, "", "", "", 0},
		{"being deleted", hourly(dying), nil, noon, "", "", "", 0},
		{"in another zone", hourly(schedule("0 14 * * *"), inZone("Etc/GMT-2")), nil, noon, at12, "", "", 24*time.Hour + margin},
		{"in another zone's winter", hourly(schedule("0 13 * * *"), inZone("Europe/Zurich")), nil, noon, at12, "", "", 24*time.Hour + margin},
		{"its clocks are turned tomorrow", hourly(lastAt(autumn), schedule("0 14 * * *"), inZone("Europe/Zurich")), nil, autumn, "", "", "", 25*time.Hour + margin},
		{"in no zone", hourly(inZone("Nowhere")), nil, noon, "", "", "UnknownTimeZone", 0},
		{"no schedule", hourly(schedule("now and then")), nil, noon, "", "", "UnparseableSchedule", 0},
		{"somebody's", hourly(lastAt(noon)), jobsOf("own"), noon, "", "", "UnexpectedJob", time.Hour + margin},
		{"one went missing", hourly(lastAt(noon), running("gone")), nil, noon, "", "", "MissingJob", time.Hour + margin},
	} {
		d := decide(observed{cron: c.cron, jobs: c.jobs, now: c.now})
		var start, stop, says []string
		if d.start != nil {
			start = append(start, d.start.Name)
		}
		for _, j := range d.stop {
			stop = append(stop, j.Name)
		}
		for _, n := range d.notes {
			says = append(says, n.reason)
		}
		got := fmt.Sprint(start, stop, says, d.wait)
		want := fmt.Sprint(strings.Fields(c.start), strings.Fields(c.stop), strings.Fields(c.says), c.wait)
		if got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

func TestStock(t *testing.T) {
	cron := hourly(lastAt(noon), running("a", "b"))
	d := decide(observed{cron: cron, jobs: jobsOf("a+", "b", "c-", "d+"), now: noon})
	if len(d.status.Active) != 1 || d.status.Active[0].Name != "b" || !d.status.LastSuccessfulTime.Time.Equal(noon.Add(3*time.Hour)) {
		t.Errorf("status %+v", d.status)
	}
	var tidy []string
	for _, j := range d.tidy {
		tidy = append(tidy, j.Name)
	}
	if fmt.Sprint(tidy) != "[a c]" {
		t.Errorf("%v go, want the older success and the failure", tidy)
	}
	if len(cron.Status.Active) != 2 {
		t.Error("the view's object was changed")
	}
}

func TestJobAt(t *testing.T) {
	cron := hourly()
	cron.Spec.JobTemplate.Labels = map[string]string{"a": "b"}
	j := jobAt(cron, noon)
	if j.Labels["a"] != "b" || j.Annotations[batchv1.CronJobScheduledTimestampAnnotation] != "2026-01-02T12:00:00Z" || !metav1.IsControlledBy(j, cron) {
		t.Errorf("%+v", j.ObjectMeta)
	}
}
