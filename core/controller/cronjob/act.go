package cronjob

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
)

// act carries a decision out and writes the status that comes of it.
func (cs *cronJobs) act(key string, cron *batchv1.CronJob, d decision) error {
	for _, n := range d.notes {
		cs.c.Event(cron, n.kind, n.reason, n.message)
	}
	failure := cs.startJob(key, cron, &d)
	for _, j := range d.tidy {
		if err := cs.deleteJob(key, cron, j); err != nil && failure == nil {
			failure = err
		}
	}
	if equality.Semantic.DeepEqual(d.status, cron.Status) {
		return failure
	}
	updated := cron.DeepCopy()
	updated.Status = d.status
	updated, err := client.UpdateStatus(cs.c, updated)
	if err != nil {
		return fmt.Errorf("unable to update status for %s (rv = %s): %w", key, cron.ResourceVersion, err)
	}
	cs.wroteCron.Note(key, controller.Revision(updated))
	return failure
}

// startJob makes room for the new job and creates it.
func (cs *cronJobs) startJob(key string, cron *batchv1.CronJob, d *decision) error {
	if d.start == nil {
		return nil
	}
	for _, j := range d.stop {
		if err := cs.deleteJob(key, cron, j); err != nil {
			return err
		}
	}
	j, err := client.Create(cs.c, d.start.DeepCopy())
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return nil
	case apierrors.IsAlreadyExists(err):
		return cs.found(cron, d)
	case err != nil:
		cs.c.Event(cron, corev1.EventTypeWarning, "FailedCreate", fmt.Sprintf("Error creating job: %v", err))
		return err
	}
	cs.wroteJobs.Note(key, controller.Revision(j))
	cs.c.Event(cron, corev1.EventTypeNormal, "SuccessfulCreate", "Created job "+j.Name)
	d.list(j)
	return nil
}

// found: there is a job of that name. It may be the CronJob's own, from a pass
// that ended before its status was written.
func (cs *cronJobs) found(cron *batchv1.CronJob, d *decision) error {
	j, err := client.Get[*batchv1.Job](cs.c, cron.Namespace, d.start.Name)
	if err != nil {
		return err
	}
	if !metav1.IsControlledBy(j, cron) || api.JobFinished(j) {
		return nil
	}
	d.list(j)
	return nil
}

// list puts a job that has been started into the status.
func (d *decision) list(j *batchv1.Job) {
	d.status.Active = append(d.status.Active, corev1.ObjectReference{
		APIVersion: "batch/v1", Kind: "Job", Namespace: j.Namespace, Name: j.Name, UID: j.UID, ResourceVersion: j.ResourceVersion,
	})
	at := metav1.NewTime(d.at)
	d.status.LastScheduleTime = &at
}

// deleteJob deletes a job with its pods; one that is gone already is as good.
func (cs *cronJobs) deleteJob(key string, cron *batchv1.CronJob, j *batchv1.Job) error {
	background := metav1.DeletePropagationBackground
	resp, err := cs.c.Do(&rest.Request{
		Verb: rest.Delete, Resource: api.For(j).GVR(), Namespace: j.Namespace, Name: j.Name,
		DeleteOptions: metav1.DeleteOptions{PropagationPolicy: &background},
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		cs.c.Event(cron, corev1.EventTypeWarning, "FailedDelete", fmt.Sprintf("Deleted job: %v", err))
		return err
	}
	cs.wroteJobs.Note(key, resp.Revision)
	cs.c.Event(cron, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted job "+j.Name)
	return nil
}
