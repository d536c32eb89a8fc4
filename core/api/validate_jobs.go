package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validation of Jobs, after pkg/apis/batch/validation. Left out: limits on very
// large indexed jobs, and of the status what only a broken controller writes.

func validateJob(obj Object) field.ErrorList {
	job := obj.(*batchv1.Job)
	errs := validateGeneratedSelector(job)
	errs = append(errs, validateJobSpec(&job.Spec, specPath)...)
	errs = append(errs, validateJobSelector(&job.Spec)...)
	if indexed(&job.Spec) && replicas(job.Spec.Completions) > 0 {
		last := fmt.Sprintf("%s-%d", job.Name, *job.Spec.Completions-1)
		if len(utilvalidation.IsDNS1123Label(last)) > 0 {
			errs = append(errs, field.Invalid(metadataPath.Child("name"), job.Name, "will not able to create pod with invalid DNS label: "+last))
		}
	}
	return errs
}

func indexed(spec *batchv1.JobSpec) bool {
	return spec.CompletionMode != nil && *spec.CompletionMode == batchv1.IndexedCompletion
}

// validateGeneratedSelector compares what generateSelector found with what it
// would have made.
func validateGeneratedSelector(job *batchv1.Job) field.ErrorList {
	if job.Spec.ManualSelector != nil && *job.Spec.ManualSelector || job.Spec.Selector == nil {
		return nil
	}
	var errs field.ErrorList
	p := specPath.Child("template", "metadata", "labels")
	expected := labels.Set{}
	for _, l := range []struct{ key, value string }{
		{"controller-uid", string(job.UID)}, {"job-name", job.Name},
		{batchv1.ControllerUidLabel, string(job.UID)}, {batchv1.JobNameLabel, job.Name},
	} {
		expected[l.key] = l.value
		switch got, found := job.Spec.Template.Labels[l.key]; {
		case !found:
			errs = append(errs, field.Required(p.Key(l.key), "must be '"+l.value+"'"))
		case got != l.value:
			errs = append(errs, field.Invalid(p.Key(l.key), job.Spec.Template.Labels, "must be '"+l.value+"'"))
		}
	}
	if match, err := metav1.LabelSelectorAsSelector(job.Spec.Selector); err == nil && !match.Matches(expected) {
		errs = append(errs, field.Invalid(specPath.Child("selector"), job.Spec.Selector, "`selector` not auto-generated"))
	}
	return errs
}

func validateJobSelector(spec *batchv1.JobSpec) field.ErrorList {
	var errs field.ErrorList
	if spec.Selector == nil {
		errs = append(errs, field.Required(specPath.Child("selector"), ""))
	} else {
		errs = append(errs, validateSelector(spec.Selector, specPath.Child("selector"))...)
	}
	match, err := metav1.LabelSelectorAsSelector(spec.Selector)
	if err == nil && !match.Matches(labels.Set(spec.Template.Labels)) {
		errs = append(errs, field.Invalid(specPath.Child("template", "metadata", "labels"), spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	return errs
}

// validateJobSpec is for CronJobs' templates too.
func validateJobSpec(spec *batchv1.JobSpec, p *field.Path) field.ErrorList {
	errs := validateJobNumbers(spec, p)
	errs = append(errs, validateCompletionMode(spec, p)...)
	if spec.PodFailurePolicy != nil {
		errs = append(errs, validatePodFailurePolicy(spec, p.Child("podFailurePolicy", "rules"))...)
	}
	if spec.SuccessPolicy != nil {
		errs = append(errs, validateSuccessPolicy(spec, p.Child("successPolicy"))...)
	}
	if policy := spec.PodReplacementPolicy; policy != nil {
		known := []batchv1.PodReplacementPolicy{batchv1.Failed, batchv1.TerminatingOrFailed}
		if spec.PodFailurePolicy != nil {
			known = known[:1]
		}
		errs = append(errs, supported(*policy, p.Child("podReplacementPolicy"), known...)...)
	}
	errs = append(errs, validateTemplate(&spec.Template, p.Child("template"))...)
	return append(errs, validateJobRestart(spec, p.Child("template", "spec", "restartPolicy"))...)
}

func validateJobNumbers(spec *batchv1.JobSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	check := func(name string, n *int32) {
		if n != nil {
			errs = append(errs, notNegative(*n, p.Child(name))...)
		}
	}
	check("parallelism", spec.Parallelism)
	check("completions", spec.Completions)
	if spec.ActiveDeadlineSeconds != nil {
		errs = append(errs, notNegative(*spec.ActiveDeadlineSeconds, p.Child("activeDeadlineSeconds"))...)
	}
	check("backoffLimit", spec.BackoffLimit)
	check("ttlSecondsAfterFinished", spec.TTLSecondsAfterFinished)
	check("backoffLimitPerIndex", spec.BackoffLimitPerIndex)
	check("maxFailedIndexes", spec.MaxFailedIndexes)
	if spec.MaxFailedIndexes != nil && spec.BackoffLimitPerIndex == nil {
		errs = append(errs, field.Required(p.Child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"))
	}
	return errs
}

func validateCompletionMode(spec *batchv1.JobSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if spec.CompletionMode != nil {
		errs = append(errs, supported(*spec.CompletionMode, p.Child("completionMode"), batchv1.NonIndexedCompletion, batchv1.IndexedCompletion)...)
	}
	if indexed(spec) {
		if spec.Completions == nil {
			errs = append(errs, field.Required(p.Child("completions"), "when completion mode is Indexed"))
		}
		if spec.Completions != nil && spec.MaxFailedIndexes != nil && *spec.MaxFailedIndexes > *spec.Completions {
			errs = append(errs, field.Invalid(p.Child("maxFailedIndexes"), *spec.MaxFailedIndexes, "must be less than or equal to completions"))
		}
		return errs
	}
	const needed = "requires indexed completion mode"
	if spec.BackoffLimitPerIndex != nil {
		errs = append(errs, field.Invalid(p.Child("backoffLimitPerIndex"), *spec.BackoffLimitPerIndex, needed))
	}
	if spec.MaxFailedIndexes != nil {
		errs = append(errs, field.Invalid(p.Child("maxFailedIndexes"), *spec.MaxFailedIndexes, needed))
	}
	return errs
}

func validateJobRestart(spec *batchv1.JobSpec, p *field.Path) field.ErrorList {
	switch policy := spec.Template.Spec.RestartPolicy; {
	case policy == corev1.RestartPolicyAlways || policy == "":
		return field.ErrorList{field.Required(p, `valid values: "OnFailure", "Never"`)}
	case policy != corev1.RestartPolicyOnFailure && policy != corev1.RestartPolicyNever:
		return supported(policy, p, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever)
	case spec.PodFailurePolicy != nil && policy != corev1.RestartPolicyNever:
		return field.ErrorList{field.Invalid(p, policy, `only "Never" is supported when podFailurePolicy is specified`)}
	}
	return nil
}

func validatePodFailurePolicy(spec *batchv1.JobSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range spec.PodFailurePolicy.Rules {
		rule, at := &spec.PodFailurePolicy.Rules[i], p.Index(i)
		errs = append(errs, validateFailureAction(spec, rule.Action, at.Child("action"))...)
		if rule.OnExitCodes != nil {
			errs = append(errs, validateExitCodes(spec, rule.OnExitCodes, at.Child("onExitCodes"))...)
		}
		for j, pattern := range rule.OnPodConditions {
			status := at.Child("onPodConditions").Index(j).Child("status")
			errs = append(errs, supported(pattern.Status, status, corev1.ConditionFalse, corev1.ConditionTrue, corev1.ConditionUnknown)...)
		}
		switch both := len(rule.OnPodConditions) > 0; {
		case rule.OnExitCodes != nil && both:
			errs = append(errs, field.Invalid(at, field.OmitValueType{}, "specifying both OnExitCodes and OnPodConditions is not supported"))
		case rule.OnExitCodes == nil && !both:
			errs = append(errs, field.Invalid(at, field.OmitValueType{}, "specifying one of OnExitCodes and OnPodConditions is required"))
		}
	}
	return errs
}

func validateFailureAction(spec *batchv1.JobSpec, action batchv1.PodFailurePolicyAction, p *field.Path) field.ErrorList {
	known := []batchv1.PodFailurePolicyAction{
		batchv1.PodFailurePolicyActionCount, batchv1.PodFailurePolicyActionFailIndex,
		batchv1.PodFailurePolicyActionFailJob, batchv1.PodFailurePolicyActionIgnore,
	}
	switch {
	case action == "":
		return field.ErrorList{field.Required(p, fmt.Sprintf("valid values: %q", known))}
	case action == batchv1.PodFailurePolicyActionFailIndex && spec.BackoffLimitPerIndex == nil:
		return field.ErrorList{field.Invalid(p, action, "requires the backoffLimitPerIndex to be set")}
	}
	return supported(action, p, known...)
}

func validateExitCodes(spec *batchv1.JobSpec, on *batchv1.PodFailurePolicyOnExitCodesRequirement, p *field.Path) field.ErrorList {
	known := []batchv1.PodFailurePolicyOnExitCodesOperator{batchv1.PodFailurePolicyOnExitCodesOpIn, batchv1.PodFailurePolicyOnExitCodesOpNotIn}
	var errs field.ErrorList
	if on.Operator == "" {
		errs = append(errs, field.Required(p.Child("operator"), fmt.Sprintf("valid values: %q", known)))
	} else {
		errs = append(errs, supported(on.Operator, p.Child("operator"), known...)...)
	}
	if name := on.ContainerName; name != nil && !slices.ContainsFunc(containers(&spec.Template.Spec), func(c *corev1.Container) bool { return c.Name == *name }) {
		errs = append(errs, field.Invalid(p.Child("containerName"), *name, "must be one of the container or initContainer names in the pod template"))
	}
	values := p.Child("values")
	if len(on.Values) == 0 {
		errs = append(errs, field.Invalid(values, on.Values, "at least one value is required"))
	}
	for i, code := range on.Values {
		if on.Operator == batchv1.PodFailurePolicyOnExitCodesOpIn && code == 0 {
			errs = append(errs, field.Invalid(values.Index(i), code, "must not be 0 for the In operator"))
		}
		if slices.Contains(on.Values[:i], code) {
			errs = append(errs, field.Duplicate(values.Index(i), code))
		}
	}
	if !slices.IsSorted(on.Values) {
		errs = append(errs, field.Invalid(values, on.Values, "must be ordered"))
	}
	return errs
}

func validateSuccessPolicy(spec *batchv1.JobSpec, p *field.Path) field.ErrorList {
	if !indexed(spec) {
		return field.ErrorList{field.Invalid(p, *spec.SuccessPolicy, "requires indexed completion mode")}
	}
	rules := p.Child("rules")
	var errs field.ErrorList
	if len(spec.SuccessPolicy.Rules) == 0 {
		errs = append(errs, field.Required(rules, "at least one rules must be specified when the successPolicy is specified"))
	}
	completions := int(replicas(spec.Completions))
	for i, rule := range spec.SuccessPolicy.Rules {
		at, total := rules.Index(i), 0
		if rule.SucceededCount == nil && rule.SucceededIndexes == nil {
			errs = append(errs, field.Required(at, "at least one of succeededCount or succeededIndexes must be specified"))
		}
		if rule.SucceededIndexes != nil {
			var err error
			if total, err = countIndexes(*rule.SucceededIndexes, completions); err != nil {
				errs = append(errs, field.Invalid(at.Child("succeededIndexes"), *rule.SucceededIndexes, "error parsing succeededIndexes: "+err.Error()))
			}
		}
		if n := rule.SucceededCount; n != nil {
			errs = append(errs, validateSucceededCount(int(*n), completions, total, rule.SucceededIndexes != nil, at.Child("succeededCount"))...)
		}
	}
	return errs
}

func validateSucceededCount(n, completions, total int, listed bool, p *field.Path) field.ErrorList {
	errs := notNegative(int64(n), p)
	if n > completions {
		errs = append(errs, field.Invalid(p, int32(n), fmt.Sprintf("must be less than or equal to %d (the number of specified completions)", completions)))
	}
	if listed && n > total {
		errs = append(errs, field.Invalid(p, int32(n), fmt.Sprintf("must be less than or equal to %d (the number of indexes in the specified succeededIndexes field)", total)))
	}
	return errs
}

// countIndexes counts what a list such as 0,2-4,7 names.
func countIndexes(list string, completions int) (total int, err error) {
	last := -1
	for _, part := range strings.Split(list, ",") {
		if part == "" && list == "" {
			return 0, nil
		}
		first, end, err := indexInterval(part, completions)
		if err != nil {
			return 0, err
		}
		if first <= last {
			return 0, fmt.Errorf("non-increasing order, previous: %d, current: %d", last, first)
		}
		total, last = total+end-first+1, end
	}
	return total, nil
}

func indexInterval(part string, completions int) (first, last int, err error) {
	limits := strings.Split(part, "-")
	if len(limits) > 2 {
		return 0, 0, fmt.Errorf("the fragment %q violates the requirement that an index interval can have at most two parts separated by '-'", part)
	}
	numbers := make([]int, len(limits))
	for i, text := range limits {
		if numbers[i], err = strconv.Atoi(text); err != nil {
			return 0, 0, fmt.Errorf("cannot convert string to integer for index: %q", text)
		}
		if numbers[i] >= completions {
			return 0, 0, fmt.Errorf("too large index: %q", text)
		}
	}
	first, last = numbers[0], numbers[len(numbers)-1]
	if len(numbers) == 2 && first >= last {
		return 0, 0, fmt.Errorf("non-increasing order, previous: %d, current: %d", first, last)
	}
	return first, last, nil
}

// validateJobUpdate repeats validateJobSpec, as upstream does.
func validateJobUpdate(obj, old Object) field.ErrorList {
	job, oldJob := obj.(*batchv1.Job), old.(*batchv1.Job)
	spec, oldSpec := &job.Spec, &oldJob.Spec
	errs := validateJob(job)
	errs = append(errs, validateJobSpec(spec, specPath)...)
	errs = append(errs, validateJobSelector(spec)...)
	completions := specPath.Child("completions")
	switch {
	case !indexed(spec):
		errs = append(errs, immutable(spec.Completions, oldSpec.Completions, completions)...)
	case !equality.Semantic.DeepEqual(spec.Completions, oldSpec.Completions) && spec.Completions != nil && *spec.Completions != *spec.Parallelism:
		errs = append(errs, field.Invalid(completions, spec.Completions, "can only be modified in tandem with spec.parallelism"))
	}
	errs = append(errs, immutable(spec.Selector, oldSpec.Selector, specPath.Child("selector"))...)
	errs = append(errs, immutable(&spec.Template, steered(job, oldJob), specPath.Child("template"))...)
	errs = append(errs, immutable(spec.CompletionMode, oldSpec.CompletionMode, specPath.Child("completionMode"))...)
	errs = append(errs, immutable(spec.PodFailurePolicy, oldSpec.PodFailurePolicy, specPath.Child("podFailurePolicy"))...)
	errs = append(errs, immutable(spec.BackoffLimitPerIndex, oldSpec.BackoffLimitPerIndex, specPath.Child("backoffLimitPerIndex"))...)
	errs = append(errs, immutable(spec.ManagedBy, oldSpec.ManagedBy, specPath.Child("managedBy"))...)
	return append(errs, immutable(spec.SuccessPolicy, oldSpec.SuccessPolicy, specPath.Child("successPolicy"))...)
}

// steered is the old template with what may be changed of a suspended job that
// hasn't begun: where its pods go.
func steered(job, oldJob *batchv1.Job) *corev1.PodTemplateSpec {
	template := oldJob.Spec.Template.DeepCopy()
	if oldJob.Spec.Suspend == nil || !*oldJob.Spec.Suspend || oldJob.Status.StartTime != nil {
		return template
	}
	now := &job.Spec.Template
	template.Annotations, template.Labels = now.Annotations, now.Labels
	template.Spec.NodeSelector, template.Spec.Tolerations = now.Spec.NodeSelector, now.Spec.Tolerations
	template.Spec.SchedulingGates = now.Spec.SchedulingGates
	var wanted *corev1.NodeAffinity
	if now.Spec.Affinity != nil {
		wanted = now.Spec.Affinity.NodeAffinity
	}
	if template.Spec.Affinity == nil {
		template.Spec.Affinity = &corev1.Affinity{}
	}
	template.Spec.Affinity.NodeAffinity = wanted
	if now.Spec.Affinity == nil && *template.Spec.Affinity == (corev1.Affinity{}) {
		template.Spec.Affinity = nil
	}
	return template
}

func validateJobStatusUpdate(obj, _ Object) field.ErrorList {
	status := obj.(*batchv1.Job).Status
	return notNegatives(field.NewPath("status"),
		namedInt{"active", int64(status.Active)},
		namedInt{"succeeded", int64(status.Succeeded)},
		namedInt{"failed", int64(status.Failed)},
		namedInt{"ready", replicas(status.Ready)},
		namedInt{"terminating", replicas(status.Terminating)},
	)
}
