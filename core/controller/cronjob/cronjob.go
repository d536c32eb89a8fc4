// Package cronjob is the CronJob controller: at the times that a schedule
// names it creates a job, keeps account of those that run, and deletes the
// oldest of those that have ended.
//
// Times are the world's virtual ones, and waiting for one is idle: a world is
// quiet between two runs, and time has to be let pass.
//
// One pass reads (sync.go), decides (decide.go, pure; schedule.go finds the
// times) and acts (act.go). It follows pkg/controller/cronjob of Kubernetes
// v1.36.3. Left out: schedules that begin with TZ or CRON_TZ, which new
// CronJobs can't have; of time zones, what core/zone leaves out.
package cronjob

import (
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

type cronJobs struct {
	c    *client.Client
	all  *client.View[*batchv1.CronJob]
	jobs *client.View[*batchv1.Job]
	loop *client.Loop
	// What this controller wrote last, by CronJob.
	wroteCron, wroteJobs controller.Written
}

// Start runs the controller with c.
func Start(c *client.Client) {
	cs := &cronJobs{
		c:         c,
		all:       client.NewView[*batchv1.CronJob](c, client.ViewOptions{}),
		jobs:      client.NewView[*batchv1.Job](c, client.ViewOptions{}),
		wroteCron: controller.Written{}, wroteJobs: controller.Written{},
	}
	cs.loop = c.NewLoop("reconcile cronjob", cs.sync)
	cs.loop.Needs(cs.all, cs.jobs)
	cs.jobs.Index(controller.ByOwner, controller.Owner)
	cs.all.Handle(client.Handlers[*batchv1.CronJob]{
		Added:   cs.enqueue,
		Updated: func(_, cron *batchv1.CronJob) { cs.enqueue(cron) },
		Deleted: func(cron *batchv1.CronJob) { cs.forget(client.Key(cron)) },
	})
	cs.jobs.Handle(client.Handlers[*batchv1.Job]{
		Added: cs.enqueueOwner,
		Updated: func(old, j *batchv1.Job) {
			cs.enqueueOwner(old)
			cs.enqueueOwner(j)
		},
		Deleted: cs.enqueueOwner,
	})
	cs.all.Start()
	cs.jobs.Start()
}

func (cs *cronJobs) forget(key string) {
	delete(cs.wroteCron, key)
	delete(cs.wroteJobs, key)
}

func (cs *cronJobs) enqueue(cron *batchv1.CronJob) { cs.loop.Add(client.Key(cron)) }

// enqueueOwner wakes the CronJob that controls a job, if it is known.
func (cs *cronJobs) enqueueOwner(j *batchv1.Job) {
	ref := metav1.GetControllerOfNoCopy(j)
	if ref == nil || ref.Kind != "CronJob" {
		return
	}
	if cron, ok := cs.all.Get(j.Namespace, ref.Name); ok && cron.UID == ref.UID {
		cs.enqueue(cron)
	}
}
