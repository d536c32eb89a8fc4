package api

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validation of Deployments and ReplicaSets, after
// pkg/apis/apps/validation/validation.go.

var specPath = field.NewPath("spec")

func validateDeployment(obj Object) field.ErrorList {
	spec := &obj.(*appsv1.Deployment).Spec
	var errs field.ErrorList
	if spec.Replicas != nil {
		errs = append(errs, notNegative(*spec.Replicas, specPath.Child("replicas"))...)
	}
	errs = append(errs, validateSelectorAndTemplate(spec.Selector, &spec.Template)...)
	errs = append(errs, validateStrategy(&spec.Strategy, specPath.Child("strategy"))...)
	errs = append(errs, notNegative(spec.MinReadySeconds, specPath.Child("minReadySeconds"))...)
	if spec.RevisionHistoryLimit != nil {
		errs = append(errs, notNegative(*spec.RevisionHistoryLimit, specPath.Child("revisionHistoryLimit"))...)
	}
	if deadline := spec.ProgressDeadlineSeconds; deadline != nil {
		p := specPath.Child("progressDeadlineSeconds")
		errs = append(errs, notNegative(*deadline, p)...)
		if *deadline <= spec.MinReadySeconds {
			errs = append(errs, field.Invalid(p, *deadline, "must be greater than minReadySeconds"))
		}
	}
	return errs
}

func validateDeploymentUpdate(obj, old Object) field.ErrorList {
	d, oldD := obj.(*appsv1.Deployment), old.(*appsv1.Deployment)
	return append(validateDeployment(d), immutable(d.Spec.Selector, oldD.Spec.Selector, specPath.Child("selector"))...)
}

func immutable(value, old any, p *field.Path) field.ErrorList {
	return validation.ValidateImmutableField(value, old, p)
}

// validateSelectorAndTemplate: the selector must be there, be well-formed, not
// be empty, and match the template's labels. The words about an empty one are
// upstream's for ReplicaSets too.
func validateSelectorAndTemplate(selector *metav1.LabelSelector, template *corev1.PodTemplateSpec) field.ErrorList {
	var errs field.ErrorList
	p := specPath.Child("selector")
	if selector == nil {
		errs = append(errs, field.Required(p, ""))
	} else {
		errs = append(errs, validateSelector(selector, p)...)
		if len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
			errs = append(errs, field.Invalid(p, selector, "empty selector is invalid for deployment"))
		}
	}
	match, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return append(errs, field.Invalid(p, selector, "invalid label selector"))
	}
	return append(errs, validateReplicaTemplate(match, template, specPath.Child("template"))...)
}

func validateReplicaTemplate(match labels.Selector, template *corev1.PodTemplateSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if !match.Empty() && !match.Matches(labels.Set(template.Labels)) {
		errs = append(errs, field.Invalid(p.Child("metadata", "labels"), template.Labels, "`selector` does not match template `labels`"))
	}
	errs = append(errs, validateTemplate(template, p)...)
	if template.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		errs = append(errs, supported(template.Spec.RestartPolicy, p.Child("spec", "restartPolicy"), corev1.RestartPolicyAlways)...)
	}
	if template.Spec.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(p.Child("spec", "activeDeadlineSeconds"), "activeDeadlineSeconds in ReplicaSet is not Supported"))
	}
	return errs
}

// internalStrategy prints a strategy as upstream's internal type does, without JSON names.
type internalStrategy struct {
	Type          appsv1.DeploymentStrategyType
	RollingUpdate *internalRollingUpdate
}

type internalRollingUpdate struct{ MaxUnavailable, MaxSurge *intstr.IntOrString }

func validateStrategy(strategy *appsv1.DeploymentStrategy, p *field.Path) field.ErrorList {
	switch strategy.Type {
	case appsv1.RecreateDeploymentStrategyType:
		if strategy.RollingUpdate != nil {
			return field.ErrorList{field.Forbidden(p.Child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'")}
		}
		return nil
	case appsv1.RollingUpdateDeploymentStrategyType:
		if strategy.RollingUpdate == nil {
			return field.ErrorList{field.Required(p.Child("rollingUpdate"), "this should be defaulted and never be nil")}
		}
		return validateRollingUpdate(strategy.RollingUpdate, p.Child("rollingUpdate"))
	}
	bad := internalStrategy{Type: strategy.Type}
	if r := strategy.RollingUpdate; r != nil {
		bad.RollingUpdate = &internalRollingUpdate{orZero(r.MaxUnavailable), orZero(r.MaxSurge)}
	}
	return field.ErrorList{field.NotSupported(p, bad, []string{
		string(appsv1.RecreateDeploymentStrategyType), string(appsv1.RollingUpdateDeploymentStrategyType)})}
}

func orZero(value *intstr.IntOrString) *intstr.IntOrString {
	if value == nil {
		return &intstr.IntOrString{}
	}
	return value
}

func validateRollingUpdate(r *appsv1.RollingUpdateDeployment, p *field.Path) field.ErrorList {
	unavailable, surge := *orZero(r.MaxUnavailable), *orZero(r.MaxSurge)
	at := p.Child("maxUnavailable")
	errs := validateIntOrPercent(unavailable, at)
	errs = append(errs, validateIntOrPercent(surge, p.Child("maxSurge"))...)
	if intOrPercent(unavailable) == 0 && intOrPercent(surge) == 0 {
		errs = append(errs, field.Invalid(at, unavailable, "may not be 0 when `maxSurge` is 0"))
	}
	if unavailable.Type == intstr.String && intOrPercent(unavailable) > 100 {
		errs = append(errs, field.Invalid(at, unavailable, "must not be greater than 100%"))
	}
	return errs
}

func validateIntOrPercent(value intstr.IntOrString, p *field.Path) field.ErrorList {
	if value.Type == intstr.String {
		return invalid(p, value, utilvalidation.IsValidPercent(value.StrVal))
	}
	return notNegative(value.IntVal, p)
}

// intOrPercent is the number, with or without a percent sign; 0 for neither.
func intOrPercent(value intstr.IntOrString) int {
	if value.Type == intstr.String && len(utilvalidation.IsValidPercent(value.StrVal)) == 0 {
		n, err := strconv.Atoi(value.StrVal[:len(value.StrVal)-1])
		if err == nil {
			return n
		}
	}
	return value.IntValue()
}

func validateDeploymentStatusUpdate(obj, old Object) field.ErrorList {
	status, oldStatus := obj.(*appsv1.Deployment).Status, old.(*appsv1.Deployment).Status
	p := field.NewPath("status")
	errs := notNegatives(p,
		namedInt{"observedGeneration", status.ObservedGeneration},
		namedInt{"replicas", int64(status.Replicas)},
		namedInt{"updatedReplicas", int64(status.UpdatedReplicas)},
		namedInt{"readyReplicas", int64(status.ReadyReplicas)},
		namedInt{"availableReplicas", int64(status.AvailableReplicas)},
		namedInt{"unavailableReplicas", int64(status.UnavailableReplicas)},
		namedInt{"terminatingReplicas", replicas(status.TerminatingReplicas)},
		namedInt{"collisionCount", replicas(status.CollisionCount)},
	)
	errs = append(errs, notAbove(status.Replicas, p,
		namedInt{"updatedReplicas", int64(status.UpdatedReplicas)},
		namedInt{"readyReplicas", int64(status.ReadyReplicas)},
		namedInt{"availableReplicas", int64(status.AvailableReplicas)},
	)...)
	errs = append(errs, notAboveReady(status.AvailableReplicas, status.ReadyReplicas, p)...)
	if now, before := status.CollisionCount, oldStatus.CollisionCount; before != nil && (now == nil || *now < *before) {
		errs = append(errs, field.Invalid(p.Child("collisionCount"), replicas(status.CollisionCount), "cannot be decremented"))
	}
	return errs
}

func notAbove(total int32, p *field.Path, parts ...namedInt) field.ErrorList {
	var errs field.ErrorList
	for _, part := range parts {
		if part.value > int64(total) {
			errs = append(errs, field.Invalid(p.Child(part.name), part.value, "cannot be greater than status.replicas"))
		}
	}
	return errs
}

func notAboveReady(available, ready int32, p *field.Path) field.ErrorList {
	if available > ready {
		return field.ErrorList{field.Invalid(p.Child("availableReplicas"), available, "cannot be greater than readyReplicas")}
	}
	return nil
}

func validateReplicaSet(obj Object) field.ErrorList {
	spec := &obj.(*appsv1.ReplicaSet).Spec
	var errs field.ErrorList
	if spec.Replicas != nil {
		errs = append(errs, notNegative(*spec.Replicas, specPath.Child("replicas"))...)
	}
	errs = append(errs, notNegative(spec.MinReadySeconds, specPath.Child("minReadySeconds"))...)
	return append(errs, validateSelectorAndTemplate(spec.Selector, &spec.Template)...)
}

func validateReplicaSetUpdate(obj, old Object) field.ErrorList {
	rs, oldRS := obj.(*appsv1.ReplicaSet), old.(*appsv1.ReplicaSet)
	return append(validateReplicaSet(rs), immutable(rs.Spec.Selector, oldRS.Spec.Selector, specPath.Child("selector"))...)
}

func validateReplicaSetStatusUpdate(obj, _ Object) field.ErrorList {
	status := obj.(*appsv1.ReplicaSet).Status
	p := field.NewPath("status")
	errs := notNegatives(p,
		namedInt{"replicas", int64(status.Replicas)},
		namedInt{"fullyLabeledReplicas", int64(status.FullyLabeledReplicas)},
		namedInt{"readyReplicas", int64(status.ReadyReplicas)},
		namedInt{"availableReplicas", int64(status.AvailableReplicas)},
		namedInt{"observedGeneration", status.ObservedGeneration},
		namedInt{"terminatingReplicas", replicas(status.TerminatingReplicas)},
	)
	errs = append(errs, notAbove(status.Replicas, p,
		namedInt{"fullyLabeledReplicas", int64(status.FullyLabeledReplicas)},
		namedInt{"readyReplicas", int64(status.ReadyReplicas)},
		namedInt{"availableReplicas", int64(status.AvailableReplicas)},
	)...)
	return append(errs, notAboveReady(status.AvailableReplicas, status.ReadyReplicas, p)...)
}

// ValidateScale checks what is written to a scale subresource
// (pkg/apis/autoscaling/validation.ValidateScale).
func ValidateScale(scale *autoscalingv1.Scale) field.ErrorList {
	errs := orderMeta(validation.ValidateObjectMeta(&scale.ObjectMeta, true, validation.NameIsDNSSubdomain, metadataPath),
		scale.Labels, scale.Annotations, metadataPath)
	return append(errs, notNegative(scale.Spec.Replicas, specPath.Child("replicas"))...)
}
