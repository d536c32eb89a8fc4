package cronjob

import (
	"errors"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

// tooMany missed times are worth a warning.
const tooMany = 100

// margin is added to every wait, so that the time has come when it is over.
const margin = 100 * time.Millisecond

// missed is what has come of the schedule since a CronJob last ran.
type missed struct {
	since  time.Time // where the counting begins
	recent time.Time // the last time that has passed; zero for none
	some   bool      // more than one time has passed, even if the clocks have left out all but the first
	many   bool
}

// missedTimes counts from the last run, or from the creation, or from as far
// back as the deadline for starting lets (mostRecentScheduleTime).
func missedTimes(cron *batchv1.CronJob, now time.Time, schedule *api.Schedule, withDeadline bool) (missed, error) {
	m := missed{since: cron.CreationTimestamp.Time}
	if last := cron.Status.LastScheduleTime; last != nil {
		m.since = last.Time
	}
	deadline := cron.Spec.StartingDeadlineSeconds
	if withDeadline && deadline != nil {
		if from := now.Add(-time.Duration(*deadline) * time.Second); from.After(m.since) {
			m.since = from
		}
	}
	zone := now.Location()
	first := schedule.Next(m.since.In(zone))
	if first.IsZero() || now.Before(first) {
		return m, nil
	}
	second := schedule.Next(first)
	m.recent = first
	if second.IsZero() || now.Before(second) {
		return m, nil
	}
	between := second.Sub(first).Round(time.Second)
	if between < time.Second {
		return m, errors.New("time difference between two schedules is less than 1 second")
	}
	n := int64(now.Sub(first)/between) + 1
	m.recent = time.Time{}
	for t := schedule.Next(first.Add(time.Duration(n-2) * between)); !t.IsZero() && !t.After(now); t = schedule.Next(t) {
		m.recent = t
	}
	m.some, m.many = true, n > tooMany
	return m, nil
}

// untilNext is how long it is to the next time (nextScheduleTimeDuration).
func untilNext(cron *batchv1.CronJob, now time.Time, schedule *api.Schedule) (wait time.Duration, ok bool) {
	m, err := missedTimes(cron, now, schedule, false)
	from := now
	switch {
	case err == nil && !m.recent.IsZero():
		from = m.recent
	case err == nil && !m.some:
		from = m.since.In(now.Location())
	}
	next := schedule.Next(from)
	if next.IsZero() {
		return 0, false
	}
	return max(next.Sub(now), 0) + margin, true
}
