package job

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
)

// act carries a pass out: pods first, then the status that notes who has
// ended, then their finalizers, then the status that counts them. The pods'
// failures are returned after the status has been seen to.
func (js *jobs) act(key string, p *pass) error {
	failure := js.actOnPods(key, p)
	j := p.job
	if p.write {
		updated, err := js.writeStatus(key, j, p.status)
		if err != nil {
			return fmt.Errorf("tracking status: adding uncounted pods to status: %w", err)
		}
		j = updated
		js.backoffs[key] = p.backoff
	}
	with := p.trackedUIDs()
	var untracking error
	for _, pod := range p.count {
		revision, err := js.untrack(pod)
		if err != nil {
			untracking = errors.Join(untracking, err)
			continue
		}
		js.wrotePods.Note(key, revision)
		delete(with, pod.UID)
	}
	status := *j.Status.DeepCopy()
	if status.UncountedTerminatedPods == nil {
		status.UncountedTerminatedPods = &batchv1.UncountedTerminatedPods{}
	}
	changed := settle(&status, with)
	over := untracking == nil && failure == nil && p.enact(&status)
	if changed || over {
		updated, err := js.writeStatus(key, j, status)
		if err != nil {
			return fmt.Errorf("tracking status: removing uncounted pods from status: %w", err)
		}
		if over {
			js.reportEnd(updated, p.end)
		}
	}
	js.reportSuspension(j, p.said)
	return errors.Join(untracking, failure)
}

// actOnPods creates and deletes; what fails is taken out of the status again.
func (js *jobs) actOnPods(key string, p *pass) error {
	var errs []error
	for _, pod := range p.drop {
		revision, err := js.untrack(pod)
		if err == nil {
			js.wrotePods.Note(key, revision)
			err = js.delete(key, p.job, pod)
		}
		errs = append(errs, err)
	}
	for _, pod := range p.remove {
		errs = append(errs, js.delete(key, p.job, pod))
	}
	made, err := js.createAll(key, p)
	p.status.Active -= int32(len(p.create) - made)
	failure := errors.Join(append(errs, err)...)
	if failure != nil && len(p.remove) > 0 {
		p.count, p.end = nil, nil // the next pass tries again
	}
	return failure
}

// createAll makes pods in batches of 1, 2, 4, … and stops after the first in
// which one was refused.
func (js *jobs) createAll(key string, p *pass) (made int, err error) {
	left := p.create
	for batch := 1; len(left) > 0 && err == nil; batch *= 2 {
		n := min(batch, len(left))
		for _, index := range left[:n] {
			if failure := js.create(key, p, index); failure != nil {
				err = errors.Join(err, failure)
				continue
			}
			made++
		}
		left = left[n:]
	}
	return made, err
}

// create makes a pod. In a namespace that is being deleted nothing can be
// created, and nothing needs to be.
func (js *jobs) create(key string, p *pass, index int) error {
	pod, err := client.Create(js.c, p.podFor(index))
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	if err != nil {
		js.c.Event(p.job, corev1.EventTypeWarning, "FailedCreate", fmt.Sprintf("Error creating: %v", err))
		return err
	}
	js.wrotePods.Note(key, controller.Revision(pod))
	js.c.Event(p.job, corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: "+pod.Name)
	return nil
}

// maxGenerated is how long generateName may be in a name of 63.
const maxGenerated = 58

// podFor is the pod that the job's template describes, for an index where the
// job has them.
func (p *pass) podFor(index int) *corev1.Pod {
	j := p.job
	t := j.Spec.Template.DeepCopy()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: j.Namespace, GenerateName: j.Name + "-",
			Labels: t.Labels, Annotations: t.Annotations, Finalizers: t.Finalizers,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(j, api.For(j).GVK())},
		},
		Spec: t.Spec,
	}
	if !tracked(pod) {
		pod.Finalizers = append(pod.Finalizers, batchv1.JobTrackingFinalizer)
	}
	if index != noIndex {
		p.number(pod, index)
	}
	return pod
}

// number tells a pod its index, in its name, host name, labels, annotations and
// environment.
func (p *pass) number(pod *corev1.Pod, index int) {
	text := strconv.Itoa(index)
	suffix := "-" + text + "-"
	prefix := p.job.Name
	pod.GenerateName = prefix[:min(len(prefix), maxGenerated-len(suffix))] + suffix
	pod.Spec.Hostname = p.job.Name + "-" + text
	mark := map[string]string{batchv1.JobCompletionIndexAnnotation: text}
	pod.Labels = with(pod.Labels, mark)
	pod.Annotations = with(pod.Annotations, mark)
	if limitedPerIndex(p.job) {
		pod.Annotations = with(pod.Annotations, p.failureCounts(p.delayed[index]))
	}
	for i := range pod.Spec.InitContainers {
		tellIndex(&pod.Spec.InitContainers[i])
	}
	for i := range pod.Spec.Containers {
		tellIndex(&pod.Spec.Containers[i])
	}
}

func with(into, add map[string]string) map[string]string {
	if into == nil {
		into = map[string]string{}
	}
	maps.Copy(into, add)
	return into
}

// failureCounts are those of the pod that is replaced, and its own failure.
func (p *pass) failureCounts(replaced *corev1.Pod) map[string]string {
	counted, ignored := int32(0), int32(0)
	if replaced != nil {
		counted, ignored = failures(replaced)
		if judge(p.job, replaced).ignored {
			ignored++
		} else {
			counted++
		}
	}
	out := map[string]string{batchv1.JobIndexFailureCountAnnotation: fmt.Sprint(counted)}
	if ignored > 0 {
		out[batchv1.JobIndexIgnoredFailureCountAnnotation] = fmt.Sprint(ignored)
	}
	return out
}

func tellIndex(c *corev1.Container) {
	const name = "JOB_COMPLETION_INDEX"
	if slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == name }) {
		return
	}
	c.Env = append(c.Env, corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{
		FieldPath: fmt.Sprintf("metadata.labels['%s']", batchv1.JobCompletionIndexAnnotation),
	}}})
}

// delete deletes a pod; one that is gone already is as good.
func (js *jobs) delete(key string, j *batchv1.Job, pod *corev1.Pod) error {
	resp, err := js.c.Do(&rest.Request{
		Verb: rest.Delete, Resource: api.For(pod).GVR(), Namespace: pod.Namespace, Name: pod.Name,
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		js.c.Event(j, corev1.EventTypeWarning, "FailedDelete", fmt.Sprintf("Error deleting: %v", err))
		return fmt.Errorf("unable to delete pods: %w", err)
	}
	js.wrotePods.Note(key, resp.Revision)
	js.c.Event(j, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: "+pod.Name)
	return nil
}

func (js *jobs) writeStatus(key string, j *batchv1.Job, status batchv1.JobStatus) (*batchv1.Job, error) {
	j = j.DeepCopy()
	j.Status = status
	updated, err := client.UpdateStatus(js.c, j)
	if err == nil {
		js.wroteJob.Note(key, controller.Revision(updated))
	}
	return updated, err
}

func (js *jobs) reportEnd(j *batchv1.Job, end *batchv1.JobCondition) {
	if end.Type != batchv1.JobComplete {
		js.c.Event(j, corev1.EventTypeWarning, end.Reason, end.Message)
		return
	}
	if n := j.Spec.Completions; n != nil && j.Status.Succeeded > *n {
		js.c.Event(j, corev1.EventTypeWarning, "TooManySucceededPods", "Too many succeeded pods running after completion count reached")
	}
	js.c.Event(j, corev1.EventTypeNormal, "Completed", "Job completed")
}

func (js *jobs) reportSuspension(j *batchv1.Job, reasons []string) {
	for _, reason := range reasons {
		js.c.Event(j, corev1.EventTypeNormal, reason, map[string]string{"Suspended": "Job suspended", "Resumed": "Job resumed"}[reason])
	}
}
