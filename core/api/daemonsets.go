package api

import (
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// DaemonSets: pkg/apis/apps/v1/defaults.go, pkg/registry/apps/daemonset and
// pkg/apis/apps/validation. spec.templateGeneration is a field of the internal
// type only; in apps/v1 it is the annotation appsv1.DeprecatedTemplateGeneration.

func daemonSets() *Resource {
	return &Resource{
		Group: "apps", Version: "v1", Kind: "DaemonSet", Plural: "daemonsets", Singular: "daemonset",
		ShortNames: []string{"ds"}, Categories: []string{"all"}, Namespaced: true,
		Subresources: []string{"status"},
		New:          func() Object { return &appsv1.DaemonSet{} },
		NewList:      func() runtime.Object { return &appsv1.DaemonSetList{} },

		Default:       defaultDaemonSet,
		PrepareCreate: prepareDaemonSetCreate, PrepareUpdate: prepareDaemonSetUpdate,
		PrepareStatusUpdate: prepareDaemonSetStatusUpdate,
		Validate:            validateDaemonSet, ValidateUpdate: validateDaemonSetUpdate,
		ValidateStatusUpdate: validateDaemonSetStatusUpdate,
		Warnings:             daemonSetWarnings,
		Columns:              daemonSetColumns(), Row: daemonSetRow,
	}
}

func defaultDaemonSet(obj Object) {
	spec := &obj.(*appsv1.DaemonSet).Spec
	setIfEmpty(&spec.UpdateStrategy.Type, appsv1.RollingUpdateDaemonSetStrategyType)
	if spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		if spec.UpdateStrategy.RollingUpdate == nil {
			spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{}
		}
		setIfNil(&spec.UpdateStrategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
		setIfNil(&spec.UpdateStrategy.RollingUpdate.MaxSurge, intstr.FromInt32(0))
	}
	setIfNil(&spec.RevisionHistoryLimit, 10)
	defaultPodSpec(&spec.Template.Spec)
}

// TemplateGeneration counts a DaemonSet's templates; 0 where nothing is known.
func TemplateGeneration(ds *appsv1.DaemonSet) int64 {
	n, _ := strconv.ParseInt(ds.Annotations[appsv1.DeprecatedTemplateGeneration], 10, 64)
	return n
}

func setTemplateGeneration(ds *appsv1.DaemonSet, n int64) {
	ds.Annotations = merged(ds.Annotations, map[string]string{
		appsv1.DeprecatedTemplateGeneration: strconv.FormatInt(n, 10)})
}

func prepareDaemonSetCreate(obj Object) {
	ds := obj.(*appsv1.DaemonSet)
	ds.Status = appsv1.DaemonSetStatus{}
	ds.Generation = 1
	setTemplateGeneration(ds, max(1, TemplateGeneration(ds)))
}

func prepareDaemonSetUpdate(obj, old Object) {
	ds, oldDS := obj.(*appsv1.DaemonSet), old.(*appsv1.DaemonSet)
	ds.Status = *oldDS.Status.DeepCopy()
	generation := TemplateGeneration(oldDS)
	if !equality.Semantic.DeepEqual(ds.Spec.Template, oldDS.Spec.Template) {
		generation++
	}
	setTemplateGeneration(ds, generation)
	ds.Generation = nextGeneration(oldDS.Generation, equality.Semantic.DeepEqual(ds.Spec, oldDS.Spec))
}

func prepareDaemonSetStatusUpdate(obj, old Object) {
	ds, oldDS := obj.(*appsv1.DaemonSet), old.(*appsv1.DaemonSet).DeepCopy()
	ds.Spec = oldDS.Spec
	ds.Generation = oldDS.Generation
	setTemplateGeneration(ds, TemplateGeneration(oldDS))
}

func daemonSetWarnings(obj, old Object) []string {
	ds := obj.(*appsv1.DaemonSet)
	if old != nil && TemplateGeneration(ds) == TemplateGeneration(old.(*appsv1.DaemonSet)) {
		return nil
	}
	return templateWarnings(&ds.Spec.Template)
}

func validateDaemonSet(obj Object) field.ErrorList {
	spec := &obj.(*appsv1.DaemonSet).Spec
	p, template := specPath, specPath.Child("template")
	var errs field.ErrorList
	if spec.Selector != nil {
		errs = append(errs, validateSelector(spec.Selector, p.Child("selector"))...)
	}
	match, err := metav1.LabelSelectorAsSelector(spec.Selector)
	if err == nil && !match.Matches(labels.Set(spec.Template.Labels)) {
		errs = append(errs, field.Invalid(template.Child("metadata", "labels"), spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	if spec.Selector != nil && len(spec.Selector.MatchLabels)+len(spec.Selector.MatchExpressions) == 0 {
		errs = append(errs, field.Invalid(p.Child("selector"), spec.Selector, "empty selector is invalid for daemonset"))
	}
	errs = append(errs, validateTemplate(&spec.Template, template)...)
	errs = append(errs, validateAlwaysRuns(&spec.Template, template, "DaemonSet")...)
	errs = append(errs, notNegative(spec.MinReadySeconds, p.Child("minReadySeconds"))...)
	errs = append(errs, validateDaemonSetStrategy(&spec.UpdateStrategy, p.Child("updateStrategy"))...)
	if spec.RevisionHistoryLimit != nil {
		errs = append(errs, notNegative(*spec.RevisionHistoryLimit, p.Child("revisionHistoryLimit"))...)
	}
	return errs
}

// validateAlwaysRuns refuses templates of pods that end.
func validateAlwaysRuns(template *corev1.PodTemplateSpec, p *field.Path, kind string) field.ErrorList {
	var errs field.ErrorList
	if template.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		errs = append(errs, supported(template.Spec.RestartPolicy, p.Child("spec", "restartPolicy"), corev1.RestartPolicyAlways)...)
	}
	if template.Spec.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(p.Child("spec", "activeDeadlineSeconds"), "activeDeadlineSeconds in "+kind+" is not Supported"))
	}
	return errs
}

// internalDaemonSetStrategy prints a strategy as upstream's internal type does, without JSON names.
type internalDaemonSetStrategy struct {
	Type          appsv1.DaemonSetUpdateStrategyType
	RollingUpdate *internalRollingUpdate
}

func validateDaemonSetStrategy(strategy *appsv1.DaemonSetUpdateStrategy, p *field.Path) field.ErrorList {
	r := strategy.RollingUpdate
	switch strategy.Type {
	case appsv1.OnDeleteDaemonSetStrategyType:
		return nil
	case appsv1.RollingUpdateDaemonSetStrategyType:
		if r == nil {
			return field.ErrorList{field.Required(p.Child("rollingUpdate"), "")}
		}
		return validateDaemonSetRolling(r, p.Child("rollingUpdate"))
	}
	bad := internalDaemonSetStrategy{Type: strategy.Type}
	if r != nil {
		bad.RollingUpdate = &internalRollingUpdate{orZero(r.MaxUnavailable), orZero(r.MaxSurge)}
	}
	return field.ErrorList{field.NotSupported(p, bad, []string{
		string(appsv1.RollingUpdateDaemonSetStrategyType), string(appsv1.OnDeleteDaemonSetStrategyType)})}
}

func validateDaemonSetRolling(r *appsv1.RollingUpdateDaemonSet, p *field.Path) field.ErrorList {
	unavailable, surge := *orZero(r.MaxUnavailable), *orZero(r.MaxSurge)
	errs := validateIntOrPercent(unavailable, p.Child("maxUnavailable"))
	errs = append(errs, validateIntOrPercent(surge, p.Child("maxSurge"))...)
	errs = append(errs, notAbove100Percent(unavailable, p.Child("maxUnavailable"))...)
	errs = append(errs, notAbove100Percent(surge, p.Child("maxSurge"))...)
	switch hasUnavailable, hasSurge := intOrPercent(unavailable) != 0, intOrPercent(surge) != 0; {
	case hasUnavailable && hasSurge:
		errs = append(errs, field.Invalid(p.Child("maxSurge"), surge, "may not be set when maxUnavailable is non-zero"))
	case !hasUnavailable && !hasSurge:
		errs = append(errs, field.Required(p.Child("maxUnavailable"), "cannot be 0 when maxSurge is 0"))
	}
	return errs
}

func notAbove100Percent(value intstr.IntOrString, p *field.Path) field.ErrorList {
	if value.Type == intstr.String && intOrPercent(value) > 100 {
		return field.ErrorList{field.Invalid(p, value, "must not be greater than 100%")}
	}
	return nil
}

func validateDaemonSetUpdate(obj, old Object) field.ErrorList {
	ds, oldDS := obj.(*appsv1.DaemonSet), old.(*appsv1.DaemonSet)
	return append(immutable(ds.Spec.Selector, oldDS.Spec.Selector, specPath.Child("selector")), validateDaemonSet(ds)...)
}

func validateDaemonSetStatusUpdate(obj, old Object) field.ErrorList {
	status, before := obj.(*appsv1.DaemonSet).Status, old.(*appsv1.DaemonSet).Status.CollisionCount
	p := field.NewPath("status")
	errs := notNegatives(p,
		namedInt{"currentNumberScheduled", int64(status.CurrentNumberScheduled)},
		namedInt{"numberMisscheduled", int64(status.NumberMisscheduled)},
		namedInt{"desiredNumberScheduled", int64(status.DesiredNumberScheduled)},
		namedInt{"numberReady", int64(status.NumberReady)},
		namedInt{"observedGeneration", status.ObservedGeneration},
		namedInt{"updatedNumberScheduled", int64(status.UpdatedNumberScheduled)},
		namedInt{"numberAvailable", int64(status.NumberAvailable)},
		namedInt{"numberUnavailable", int64(status.NumberUnavailable)},
		namedInt{"collisionCount", replicas(status.CollisionCount)},
	)
	return append(errs, notDecremented(status.CollisionCount, before, p.Child("collisionCount"))...)
}

func notDecremented(now, before *int32, p *field.Path) field.ErrorList {
	if before != nil && (now == nil || *now < *before) {
		return field.ErrorList{field.Invalid(p, replicas(now), "cannot be decremented")}
	}
	return nil
}

func daemonSetColumns() []metav1.TableColumnDefinition {
	status := appsv1.DaemonSetStatus{}.SwaggerDoc()
	return append([]metav1.TableColumnDefinition{
		nameColumn,
		integer("Desired", status["desiredNumberScheduled"]),
		integer("Current", status["currentNumberScheduled"]),
		integer("Ready", status["numberReady"]),
		integer("Up-to-date", status["updatedNumberScheduled"]),
		integer("Available", status["numberAvailable"]),
		column("Node Selector", corev1.PodSpec{}.SwaggerDoc()["nodeSelector"]),
		ageColumn,
	}, templateColumns(appsv1.DaemonSetSpec{}.SwaggerDoc()["selector"])...)
}

func daemonSetRow(obj Object, now time.Time) []any {
	ds := obj.(*appsv1.DaemonSet)
	names, images := namesAndImages(ds.Spec.Template.Spec.Containers)
	return []any{ds.Name, int64(ds.Status.DesiredNumberScheduled), int64(ds.Status.CurrentNumberScheduled),
		int64(ds.Status.NumberReady), int64(ds.Status.UpdatedNumberScheduled), int64(ds.Status.NumberAvailable),
		labels.FormatLabels(ds.Spec.Template.Spec.NodeSelector), age(ds.CreationTimestamp, now),
		names, images, metav1.FormatLabelSelector(ds.Spec.Selector)}
}
