package api

import (
	"regexp"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/zone"
)

// CronJobs: pkg/apis/batch/v1/defaults.go, pkg/registry/batch/cronjob and
// pkg/apis/batch/validation.

func cronJobs() *Resource {
	return &Resource{
		Group: "batch", Version: "v1", Kind: "CronJob", Plural: "cronjobs", Singular: "cronjob",
		ShortNames: []string{"cj"}, Categories: []string{"all"}, Namespaced: true, Subresources: []string{"status"},
		New:     func() Object { return &batchv1.CronJob{} },
		NewList: func() runtime.Object { return &batchv1.CronJobList{} },

		Default:       defaultCronJob,
		PrepareCreate: prepareCronJobCreate, PrepareUpdate: prepareCronJobUpdate,
		PrepareStatusUpdate: prepareCronJobStatusUpdate,
		Validate:            validateCronJob, ValidateUpdate: validateCronJobUpdate,
		Warnings: cronJobWarnings,
		Columns:  cronJobColumns(), Row: cronJobRow,
	}
}

func defaultCronJob(obj Object) {
	spec := &obj.(*batchv1.CronJob).Spec
	setIfEmpty(&spec.ConcurrencyPolicy, batchv1.AllowConcurrent)
	setIfNil(&spec.Suspend, false)
	setIfNil(&spec.SuccessfulJobsHistoryLimit, 3)
	setIfNil(&spec.FailedJobsHistoryLimit, 1)
	defaultJobTemplate(&spec.JobTemplate.Spec)
}

func prepareCronJobCreate(obj Object) {
	cron := obj.(*batchv1.CronJob)
	cron.Status = batchv1.CronJobStatus{}
	cron.Generation = 1
}

func prepareCronJobUpdate(obj, old Object) {
	cron, oldCron := obj.(*batchv1.CronJob), old.(*batchv1.CronJob)
	cron.Status = *oldCron.Status.DeepCopy()
	cron.Generation = nextGeneration(oldCron.Generation, equality.Semantic.DeepEqual(cron.Spec, oldCron.Spec))
}

func prepareCronJobStatusUpdate(obj, old Object) {
	cron, oldCron := obj.(*batchv1.CronJob), old.(*batchv1.CronJob).DeepCopy()
	cron.Spec = oldCron.Spec
	cron.Generation = oldCron.Generation
}

func cronJobWarnings(obj, old Object) []string {
	cron := obj.(*batchv1.CronJob)
	if old != nil && cron.Generation == old.GetGeneration() {
		return nil
	}
	warnings := specWarnings(&cron.Spec.JobTemplate.Spec.Template.Spec, specPath.Child("jobTemplate", "spec", "template", "spec"))
	if old != nil {
		return warnings
	}
	return append(nameWarnings(cron.Name, "Pod names and hostnames"), warnings...)
}

// maxCronJobName leaves room for the time in its jobs' names.
const maxCronJobName = 52

func validateCronJob(obj Object) field.ErrorList {
	cron := obj.(*batchv1.CronJob)
	errs := validateCronJobSpec(&cron.Spec, nil)
	if len(cron.Name) > maxCronJobName {
		errs = append(errs, field.Invalid(metadataPath.Child("name"), cron.Name, "must be no more than 52 characters"))
	}
	return errs
}

func validateCronJobUpdate(obj, old Object) field.ErrorList {
	return validateCronJobSpec(&obj.(*batchv1.CronJob).Spec, &old.(*batchv1.CronJob).Spec)
}

func validateCronJobSpec(spec, old *batchv1.CronJobSpec) field.ErrorList {
	errs := validateSchedule(spec, old)
	if spec.StartingDeadlineSeconds != nil {
		errs = append(errs, notNegative(*spec.StartingDeadlineSeconds, specPath.Child("startingDeadlineSeconds"))...)
	}
	if old == nil || !ptr.Equal(old.TimeZone, spec.TimeZone) {
		errs = append(errs, validateTimeZone(spec.TimeZone, specPath.Child("timeZone"))...)
	}
	errs = append(errs, supported(spec.ConcurrencyPolicy, specPath.Child("concurrencyPolicy"),
		batchv1.AllowConcurrent, batchv1.ForbidConcurrent, batchv1.ReplaceConcurrent)...)
	errs = append(errs, validateJobTemplate(&spec.JobTemplate.Spec, specPath.Child("jobTemplate", "spec"))...)
	if spec.SuccessfulJobsHistoryLimit != nil {
		errs = append(errs, notNegative(*spec.SuccessfulJobsHistoryLimit, specPath.Child("successfulJobsHistoryLimit"))...)
	}
	if spec.FailedJobsHistoryLimit != nil {
		errs = append(errs, notNegative(*spec.FailedJobsHistoryLimit, specPath.Child("failedJobsHistoryLimit"))...)
	}
	return errs
}

func validateSchedule(spec, old *batchv1.CronJobSpec) field.ErrorList {
	p := specPath.Child("schedule")
	if spec.Schedule == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	if strings.Contains(spec.Schedule, "TZ") {
		return field.ErrorList{field.Invalid(p, spec.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")}
	}
	if _, err := ParseSchedule(spec.Schedule); err != nil {
		return field.ErrorList{field.Invalid(p, spec.Schedule, err.Error())}
	}
	return nil
}

var timeZonePart = regexp.MustCompile(`^[A-Za-z\.\-_0-9+]{1,14}$`)

func validateTimeZone(name *string, p *field.Path) field.ErrorList {
	if name == nil {
		return nil
	}
	if *name == "" {
		return field.ErrorList{field.Invalid(p, name, "timeZone must be nil or non-empty string")}
	}
	for _, part := range strings.Split(*name, "/") {
		if part == "." || part == ".." || strings.HasPrefix(part, "-") || !timeZonePart.MatchString(part) {
			return field.ErrorList{field.Invalid(p, name, "unknown time zone "+*name)}
		}
	}
	if strings.EqualFold(*name, "Local") {
		return field.ErrorList{field.Invalid(p, name, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")}
	}
	if _, err := zone.Load(*name); err != nil {
		return field.ErrorList{field.Invalid(p, name, err.Error())}
	}
	return nil
}

func validateJobTemplate(spec *batchv1.JobSpec, p *field.Path) field.ErrorList {
	errs := validateJobSpec(spec, p)
	if spec.Selector != nil {
		errs = append(errs, field.Invalid(p.Child("selector"), spec.Selector, "`selector` will be auto-generated"))
	}
	if spec.ManualSelector != nil && *spec.ManualSelector {
		errs = append(errs, field.NotSupported(p.Child("manualSelector"), spec.ManualSelector, []string{"nil", "false"}))
	}
	return errs
}

func cronJobColumns() []metav1.TableColumnDefinition {
	spec, status := batchv1.CronJobSpec{}.SwaggerDoc(), batchv1.CronJobStatus{}.SwaggerDoc()
	return append([]metav1.TableColumnDefinition{
		nameColumn,
		column("Schedule", spec["schedule"]),
		column("Timezone", spec["timeZone"]),
		{Name: "Suspend", Type: "boolean", Description: spec["suspend"]},
		integer("Active", status["active"]),
		column("Last Schedule", status["lastScheduleTime"]),
		ageColumn,
	}, templateColumns(batchv1.JobSpec{}.SwaggerDoc()["selector"])...)
}

func cronJobRow(obj Object, now time.Time) []any {
	cron := obj.(*batchv1.CronJob)
	zone, suspend, last := "<none>", "False", "<none>"
	if cron.Spec.TimeZone != nil {
		zone = *cron.Spec.TimeZone
	}
	if ptr.Deref(cron.Spec.Suspend, false) {
		suspend = "True"
	}
	if cron.Status.LastScheduleTime != nil {
		last = age(*cron.Status.LastScheduleTime, now)
	}
	names, images := namesAndImages(cron.Spec.JobTemplate.Spec.Template.Spec.Containers)
	return []any{cron.Name, cron.Spec.Schedule, zone, suspend, int64(len(cron.Status.Active)), last,
		age(cron.CreationTimestamp, now), names, images, metav1.FormatLabelSelector(cron.Spec.JobTemplate.Spec.Selector)}
}
