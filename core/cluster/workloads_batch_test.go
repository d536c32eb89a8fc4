package cluster

import (
	"fmt"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

func jobDeed(tr *trial) string {
	switch tr.dice.IntN(4) {
	case 0:
		return "delete pod --wait=false " + tr.anyPod()
	case 1:
		return fmt.Sprintf(`patch job count --type=merge -p '{"spec":{"suspend":%v}}'`, tr.dice.IntN(2) == 0)
	case 2:
		return fmt.Sprintf(`patch job count --type=merge -p '{"spec":{"parallelism":%d}}'`, 1+tr.dice.IntN(4))
	default:
		return "delete pod --wait=false --grace-period=1 " + tr.anyPod()
	}
}

// jobCheck: pods only of the job, at most one active an index, and the counters
// never fall.
func jobCheck(tr *trial) error {
	job := only[*batchv1.Job](tr.c)
	if job == nil {
		return nil
	}
	if job.Status.Succeeded < tr.bounds.most {
		return fmt.Errorf("%d have succeeded, it was %d before", job.Status.Succeeded, tr.bounds.most)
	}
	if job.Status.Succeeded > 0 {
		tr.bounds.most = job.Status.Succeeded
	}
	if job.Status.Succeeded > *job.Spec.Completions {
		return fmt.Errorf("%d of %d have succeeded", job.Status.Succeeded, *job.Spec.Completions)
	}
	active := map[string]int{}
	for _, p := range tr.pods() {
		if !metav1.IsControlledBy(p, job) {
			return fmt.Errorf("pod %s: owners %v", p.Name, p.OwnerReferences)
		}
		index, numbered := p.Annotations[batchv1.JobCompletionIndexAnnotation]
		if p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed || !numbered {
			continue
		}
		if active[index]++; active[index] > 1 {
			return fmt.Errorf("%d pods work on index %s", active[index], index)
		}
	}
	return nil
}

// jobSettled: a job that isn't suspended is complete, and each of its pods that
// are left has been counted.
func jobSettled(tr *trial) error {
	if job := only[*batchv1.Job](tr.c); *job.Spec.Suspend {
		tr.bounds.most = job.Status.Succeeded
		if err := tr.do(`kubectl patch job count --type=merge -p '{"spec":{"suspend":false}}'`); err != nil {
			return err
		}
	}
	if err := tr.c.AdvanceTo(tr.c.Now().Add(time.Hour), 2_000_000); err != nil { // back-offs after pods were deleted
		return err
	}
	job := only[*batchv1.Job](tr.c)
	s := job.Status
	if !api.JobFinished(job) || s.Active != 0 || len(s.UncountedTerminatedPods.Succeeded)+len(s.UncountedTerminatedPods.Failed) > 0 {
		return fmt.Errorf("status %+v", s)
	}
	if api.HasJobCondition(job, batchv1.JobComplete) != (s.Succeeded == *job.Spec.Completions) {
		return fmt.Errorf("%d of %d have succeeded: %+v", s.Succeeded, *job.Spec.Completions, s.Conditions)
	}
	for _, p := range tr.pods() {
		if len(p.Finalizers) > 0 || p.Status.Phase == corev1.PodRunning {
			return fmt.Errorf("pod %s: finalizers %v, phase %s", p.Name, p.Finalizers, p.Status.Phase)
		}
	}
	return nil
}

func cronJobDeed(tr *trial) string {
	switch tr.dice.IntN(4) {
	case 0:
		return "delete jobs --all --wait=false"
	case 1:
		return "delete pod --wait=false " + tr.anyPod()
	default:
		return fmt.Sprintf("wait --for=condition=never cronjob/hello --timeout=%ds", 50+tr.dice.IntN(200))
	}
}

// cronJobCheck: one job a minute at most, and none beside one that runs.
func cronJobCheck(tr *trial) error {
	running := 0
	var err error
	each(tr.c, func(j *batchv1.Job) {
		at, parsed := time.Parse(time.RFC3339, j.Annotations[batchv1.CronJobScheduledTimestampAnnotation])
		if parsed != nil || at.Second() != 0 || at.After(tr.c.Now()) || j.Name != fmt.Sprintf("hello-%d", at.Unix()/60) {
			err = fmt.Errorf("job %s is for %v", j.Name, at)
		}
		if j.DeletionTimestamp == nil && !api.JobFinished(j) {
			running++
		}
	})
	if running > 1 {
		return fmt.Errorf("%d jobs at the same time", running)
	}
	return err
}

// cronJobSettled: after some minutes the last three jobs are left; once
// suspended, nothing more happens.
func cronJobSettled(tr *trial) error {
	if err := tr.c.AdvanceTo(tr.c.Now().Add(10*time.Minute), 2_000_000); err != nil {
		return err
	}
	if err := tr.do(`kubectl patch cronjob hello --type=merge -p '{"spec":{"suspend":true}}'`); err != nil {
		return err
	}
	if err := tr.rest(); err != nil {
		return err
	}
	cron, left := only[*batchv1.CronJob](tr.c), 0
	each(tr.c, func(*batchv1.Job) { left++ })
	if left != 3 || len(cron.Status.Active) > 0 || cron.Status.LastSuccessfulTime == nil {
		return fmt.Errorf("%d jobs are left, status %+v", left, cron.Status)
	}
	if ago := tr.c.Now().Sub(cron.Status.LastScheduleTime.Time); ago > 4*time.Minute {
		return fmt.Errorf("the last job was %v ago", ago)
	}
	return nil
}

// TestFinishedJobsGo: a job is deleted with its pods when its time is over.
func TestFinishedJobsGo(t *testing.T) {
	c, err := New(Options{Seed: 1, Nodes: 1, Files: manifests{}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, c, "create job brief --image=busybox -- true")
	run(t, c, "create -f job.yaml")
	run(t, c, `patch job count --type=merge -p '{"spec":{"ttlSecondsAfterFinished":100}}'`)
	jobs := func() (n int) { each(c, func(*batchv1.Job) { n++ }); return n }
	for after, want := range []int{2, 2, 1} {
		if got := jobs(); got != want {
			t.Errorf("after %d minutes %d jobs are there, want %d", after, got, want)
		}
		if err := c.AdvanceTo(c.Now().Add(time.Minute), 1_000_000); err != nil {
			t.Fatal(err)
		}
	}
	each(c, func(p *corev1.Pod) {
		if ref := metav1.GetControllerOf(p); ref == nil || ref.Name != "brief" {
			t.Errorf("pod %s of %v is still there", p.Name, ref)
		}
	})
}
