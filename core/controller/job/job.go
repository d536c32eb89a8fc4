// Package job is the Job controller: it runs pods until so many have ended
// well, any that fail again after a while, and gives up after so many failures.
//
// Every pod of a job carries a finalizer until it has been counted: its UID is
// first written into the job's status (uncountedTerminatedPods), then the
// finalizer goes, then the counter is raised. So no end is counted twice or
// lost, whatever stops in between.
//
// One pass reads (sync.go), decides (decide.go, pure: whether the job is at its
// end in finish.go and policy.go, what pods it lacks in manage.go, what is to be
// counted in track.go; indexes.go and backoff.go serve them), and acts (act.go).
// orphan.go takes the finalizer off pods that no job counts any more. It
// follows pkg/controller/job of Kubernetes v1.36.3.
//
// Left out: counted expectations, for which controller.Written stands in, as
// for ReplicaSets; pod groups (job_scheduling_manager.go, an alpha feature);
// the limit of 500 uncounted pods a pass.
package job

import (
	"maps"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/sim"
)

// batchPeriod is how long what happens to pods is gathered before a pass
// (SyncJobBatchPeriod).
const batchPeriod = time.Second

// soon is how long a wait may be and still count as work under way.
const soon = 2 * time.Second

const byNamespace = "namespace"

type jobs struct {
	c        *client.Client
	all      *client.View[*batchv1.Job]
	pods     *client.View[*corev1.Pod]
	loop     *client.Loop
	orphans  *client.Loop
	due      map[string]time.Time // when a pass is due, by job
	backoffs map[string]backoff
	// What this controller wrote last, by job.
	wroteJob, wrotePods controller.Written
}

// Start runs the controller with c.
func Start(c *client.Client) {
	js := &jobs{
		c:    c,
		all:  client.NewView[*batchv1.Job](c, client.ViewOptions{}),
		pods: client.NewView[*corev1.Pod](c, client.ViewOptions{}),
		due:  map[string]time.Time{}, backoffs: map[string]backoff{},
		wroteJob: controller.Written{}, wrotePods: controller.Written{},
	}
	js.loop = c.NewLoop("reconcile job", js.sync)
	js.loop.Needs(js.all, js.pods)
	js.orphans = c.NewLoop("release pod", js.release)
	js.orphans.Needs(js.all, js.pods)
	js.all.Index(byNamespace, func(j *batchv1.Job) []string { return []string{j.Namespace} })
	js.pods.Index(controller.ByOwner, controller.Owner)
	js.all.Handle(client.Handlers[*batchv1.Job]{Added: js.jobAdded, Updated: js.jobUpdated, Deleted: js.jobDeleted})
	js.pods.Handle(client.Handlers[*corev1.Pod]{Added: js.podAdded, Updated: js.podUpdated, Deleted: js.podChanged})
	js.all.Start()
	js.pods.Start()
}

// after asks for a pass d from now, unless one is due before.
func (js *jobs) after(j *batchv1.Job, d time.Duration) {
	key, at := client.Key(j), js.c.Now().Add(d)
	if due, ok := js.due[key]; ok && due.After(js.c.Now()) && !due.After(at) {
		return
	}
	js.due[key] = at
	class := sim.Work
	if d > soon {
		class = sim.Idle
	}
	js.loop.AddAfter(key, d, class)
}

func (js *jobs) jobAdded(j *batchv1.Job) { js.loop.Add(client.Key(j)) }

func (js *jobs) jobUpdated(old, j *batchv1.Job) {
	switch {
	case finished(j):
		js.releaseAll(j)
	case j.Generation != old.Generation:
		js.loop.Add(client.Key(j))
	default:
		js.after(j, batchPeriod)
	}
}

func (js *jobs) jobDeleted(j *batchv1.Job) {
	js.forget(client.Key(j))
	js.releaseAll(j)
}

func (js *jobs) forget(key string) {
	delete(js.wroteJob, key)
	delete(js.wrotePods, key)
	delete(js.backoffs, key)
	delete(js.due, key)
}

func (js *jobs) podAdded(pod *corev1.Pod) {
	if metav1.GetControllerOfNoCopy(pod) != nil {
		js.podChanged(pod)
		return
	}
	js.podOrphaned(pod)
}

func (js *jobs) podUpdated(old, pod *corev1.Pod) {
	was, is := metav1.GetControllerOfNoCopy(old), metav1.GetControllerOfNoCopy(pod)
	moved := (was == nil) != (is == nil) || was != nil && was.UID != is.UID
	if moved {
		js.podChanged(old)
	}
	switch {
	case is != nil:
		js.podChanged(pod)
	case moved || !maps.Equal(old.Labels, pod.Labels):
		js.podOrphaned(pod)
	}
}

// podChanged wakes the job that controls a pod; where there is none that
// counts, the pod's finalizer is to go.
func (js *jobs) podChanged(pod *corev1.Pod) {
	j := js.jobOf(pod)
	if j != nil && !finished(j) {
		js.after(j, batchPeriod)
		return
	}
	if ref := metav1.GetControllerOfNoCopy(pod); tracked(pod) && (ref == nil || ref.Kind == "Job") {
		js.orphans.Add(client.Key(pod))
	}
}

func (js *jobs) jobOf(pod *corev1.Pod) *batchv1.Job {
	ref := metav1.GetControllerOfNoCopy(pod)
	if ref == nil || ref.Kind != "Job" {
		return nil
	}
	if j, ok := js.all.Get(pod.Namespace, ref.Name); ok && j.UID == ref.UID {
		return j
	}
	return nil
}

// podOrphaned wakes the jobs that might adopt a pod.
func (js *jobs) podOrphaned(pod *corev1.Pod) {
	if tracked(pod) {
		js.orphans.Add(client.Key(pod))
	}
	if len(pod.Labels) == 0 {
		return
	}
	for _, j := range js.all.By(byNamespace, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(j.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels)) {
			js.after(j, batchPeriod)
		}
	}
}
