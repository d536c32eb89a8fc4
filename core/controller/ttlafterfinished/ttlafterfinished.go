// Package ttlafterfinished is the controller that deletes finished Jobs: those
// that say for how many seconds they are to be kept, when that time is over,
// with their pods. It follows pkg/controller/ttlafterfinished of Kubernetes
// v1.36.3; nothing is left out.
package ttlafterfinished

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

type cleaner struct {
	c    *client.Client
	jobs *client.View[*batchv1.Job]
	loop *client.Loop
}

// Start runs the controller with c.
func Start(c *client.Client) {
	cl := &cleaner{c: c, jobs: client.NewView[*batchv1.Job](c, client.ViewOptions{})}
	cl.loop = c.NewLoop("clean up job", cl.sync)
	cl.loop.Needs(cl.jobs)
	cl.jobs.Handle(client.Handlers[*batchv1.Job]{
		Added:   cl.look,
		Updated: func(_, j *batchv1.Job) { cl.look(j) },
	})
	cl.jobs.Start()
}

func (cl *cleaner) look(j *batchv1.Job) {
	if _, has := expiry(j); has {
		cl.loop.Add(client.Key(j))
	}
}

// expiry is when a finished job is to go; has is false for one that is kept.
func expiry(j *batchv1.Job) (at time.Time, has bool) {
	ttl := j.Spec.TTLSecondsAfterFinished
	if ttl == nil || j.DeletionTimestamp != nil || !api.JobFinished(j) {
		return time.Time{}, false
	}
	for _, c := range j.Status.Conditions {
		if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Add(time.Duration(*ttl) * time.Second), true
		}
	}
	return time.Time{}, false
}

// sync deletes a job whose time is over, after it has been read anew: its time
// may have been changed meanwhile.
func (cl *cleaner) sync(key string) error {
	j, ok := cl.jobs.Get(client.SplitKey(key))
	if !ok || cl.wait(key, j) {
		return nil
	}
	fresh, err := client.Get[*batchv1.Job](cl.c, j.Namespace, j.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if cl.wait(key, fresh) {
		return nil
	}
	foreground := metav1.DeletePropagationForeground
	err = client.Delete[*batchv1.Job](cl.c, fresh.Namespace, fresh.Name, &metav1.DeleteOptions{
		PropagationPolicy: &foreground,
		Preconditions:     &metav1.Preconditions{UID: &fresh.UID, ResourceVersion: &fresh.ResourceVersion},
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// wait tells whether a job's time isn't over, and comes back when it is.
func (cl *cleaner) wait(key string, j *batchv1.Job) bool {
	at, has := expiry(j)
	if !has {
		return true
	}
	left := at.Sub(cl.c.Now())
	if left <= 0 {
		return false
	}
	cl.loop.AddAfter(key, left, sim.Idle)
	return true
}
