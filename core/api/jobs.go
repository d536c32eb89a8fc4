package api

import (
	"fmt"
	"maps"
	"math"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
)

// Jobs: pkg/apis/batch/v1/defaults.go and pkg/registry/batch/job. Their
// validation is in validate_jobs.go.

func jobs() *Resource {
	return &Resource{
		Group: "batch", Version: "v1", Kind: "Job", Plural: "jobs", Singular: "job",
		Categories: []string{"all"}, Namespaced: true, Subresources: []string{"status"},
		New:     func() Object { return &batchv1.Job{} },
		NewList: func() runtime.Object { return &batchv1.JobList{} },

		Default: defaultJob, Restore: labelJob,
		PrepareCreate: prepareJobCreate, PrepareUpdate: prepareJobUpdate,
		PrepareStatusUpdate: prepareJobStatusUpdate,
		Validate:            validateJob, ValidateUpdate: validateJobUpdate,
		ValidateStatusUpdate: validateJobStatusUpdate,
		Warnings:             jobWarnings,
		Columns:              jobColumns(), Row: jobRow, Fields: jobFields,
	}
}

func defaultJob(obj Object) {
	job := obj.(*batchv1.Job)
	spec := &job.Spec
	if spec.Parallelism == nil {
		setIfNil(&spec.Completions, 1)
	}
	setIfNil(&spec.Parallelism, 1)
	if spec.BackoffLimitPerIndex != nil {
		setIfNil(&spec.BackoffLimit, math.MaxInt32)
	}
	setIfNil(&spec.BackoffLimit, 6)
	labelJob(job)
	setIfNil(&spec.CompletionMode, batchv1.NonIndexedCompletion)
	setIfNil(&spec.Suspend, false)
	if spec.PodFailurePolicy != nil {
		setIfNil(&spec.PodReplacementPolicy, batchv1.Failed)
	}
	setIfNil(&spec.PodReplacementPolicy, batchv1.TerminatingOrFailed)
	setIfNil(&spec.ManualSelector, false)
	defaultJobTemplate(spec)
}

// labelJob gives a job that has no labels its template's. Upstream defaults
// that whenever it reads a job, so that the labels which come with the
// generated selector show too.
func labelJob(obj Object) {
	if job := obj.(*batchv1.Job); len(job.Labels) == 0 && job.Spec.Template.Labels != nil {
		job.Labels = maps.Clone(job.Spec.Template.Labels)
	}
}

// defaultJobTemplate is what a CronJob's template of jobs gets too.
func defaultJobTemplate(spec *batchv1.JobSpec) {
	if spec.PodFailurePolicy != nil {
		for i := range spec.PodFailurePolicy.Rules {
			patterns := spec.PodFailurePolicy.Rules[i].OnPodConditions
			for j := range patterns {
				setIfEmpty(&patterns[j].Status, corev1.ConditionTrue)
			}
		}
	}
	defaultPodSpec(&spec.Template.Spec)
}

func prepareJobCreate(obj Object) {
	job := obj.(*batchv1.Job)
	if !*job.Spec.ManualSelector {
		generateSelector(job)
	}
	job.Status = batchv1.JobStatus{}
	job.Generation = 1
	labelJob(job)
}

// generateSelector makes a job's pods its own by the job's UID.
func generateSelector(job *batchv1.Job) {
	add := map[string]string{
		"job-name": job.Name, batchv1.JobNameLabel: job.Name,
		"controller-uid": string(job.UID), batchv1.ControllerUidLabel: string(job.UID),
	}
	for key := range job.Spec.Template.Labels {
		delete(add, key) // what is there is kept, for validation to compare
	}
	job.Spec.Template.Labels = merged(maps.Clone(job.Spec.Template.Labels), add)
	if job.Spec.Selector == nil {
		job.Spec.Selector = &metav1.LabelSelector{}
	}
	if _, found := job.Spec.Selector.MatchLabels[batchv1.ControllerUidLabel]; !found {
		job.Spec.Selector.MatchLabels = merged(job.Spec.Selector.MatchLabels, map[string]string{batchv1.ControllerUidLabel: string(job.UID)})
	}
}

func prepareJobUpdate(obj, old Object) {
	job, oldJob := obj.(*batchv1.Job), old.(*batchv1.Job)
	job.Status = *oldJob.Status.DeepCopy()
	job.Generation = nextGeneration(oldJob.Generation, equality.Semantic.DeepEqual(job.Spec, oldJob.Spec))
}

func prepareJobStatusUpdate(obj, old Object) {
	job, oldJob := obj.(*batchv1.Job), old.(*batchv1.Job).DeepCopy()
	job.Spec = oldJob.Spec
	job.Generation = oldJob.Generation
}

func jobWarnings(obj, old Object) []string {
	job := obj.(*batchv1.Job)
	if old != nil {
		if job.Generation == old.GetGeneration() {
			return nil
		}
		return templateWarnings(&job.Spec.Template)
	}
	return append(nameWarnings(job.Name, "Pod names and hostnames"), templateWarnings(&job.Spec.Template)...)
}

func jobFields(obj Object) fields.Set {
	return fields.Set{"status.successful": fmt.Sprint(obj.(*batchv1.Job).Status.Succeeded)}
}

func jobColumns() []metav1.TableColumnDefinition {
	return append([]metav1.TableColumnDefinition{
		nameColumn,
		column("Status", "Status of the job."),
		column("Completions", batchv1.JobStatus{}.SwaggerDoc()["succeeded"]),
		column("Duration", "Time required to complete the job."),
		ageColumn,
	}, templateColumns(batchv1.JobSpec{}.SwaggerDoc()["selector"])...)
}

func jobRow(obj Object, now time.Time) []any {
	job := obj.(*batchv1.Job)
	names, images := namesAndImages(job.Spec.Template.Spec.Containers)
	return []any{job.Name, jobState(job), jobCompletions(job), jobDuration(job, now), age(job.CreationTimestamp, now),
		names, images, metav1.FormatLabelSelector(job.Spec.Selector)}
}

// jobState is the most telling of a job's conditions.
func jobState(job *batchv1.Job) string {
	switch {
	case HasJobCondition(job, batchv1.JobComplete):
		return "Complete"
	case HasJobCondition(job, batchv1.JobFailed):
		return "Failed"
	case job.DeletionTimestamp != nil:
		return "Terminating"
	}
	for _, kind := range []batchv1.JobConditionType{batchv1.JobSuspended, batchv1.JobFailureTarget, batchv1.JobSuccessCriteriaMet} {
		if HasJobCondition(job, kind) {
			return string(kind)
		}
	}
	return "Running"
}

// HasJobCondition tells whether a job has a condition that is true.
func HasJobCondition(job *batchv1.Job, kind batchv1.JobConditionType) bool {
	for _, c := range job.Status.Conditions {
		if c.Type == kind {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// JobFinished tells whether a job has come to its end, well or not.
func JobFinished(job *batchv1.Job) bool {
	return HasJobCondition(job, batchv1.JobComplete) || HasJobCondition(job, batchv1.JobFailed)
}

func jobCompletions(job *batchv1.Job) string {
	if job.Spec.Completions != nil {
		return fmt.Sprintf("%d/%d", job.Status.Succeeded, *job.Spec.Completions)
	}
	if n := replicas(job.Spec.Parallelism); n > 1 {
		return fmt.Sprintf("%d/1 of %d", job.Status.Succeeded, n)
	}
	return fmt.Sprintf("%d/1", job.Status.Succeeded)
}

func jobDuration(job *batchv1.Job, now time.Time) string {
	switch start, end := job.Status.StartTime, job.Status.CompletionTime; {
	case start == nil:
		return ""
	case end == nil:
		return duration.HumanDuration(now.Sub(start.Time))
	default:
		return duration.HumanDuration(end.Sub(start.Time))
	}
}
