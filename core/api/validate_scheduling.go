package api

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateAffinity(affinity *corev1.Affinity, p *field.Path) field.ErrorList {
	if affinity == nil {
		return nil
	}
	var errs field.ErrorList
	if a := affinity.NodeAffinity; a != nil {
		errs = append(errs, validateNodeAffinity(a, p.Child("nodeAffinity"))...)
	}
	if a := affinity.PodAffinity; a != nil {
		errs = append(errs, validatePodAffinity(a.RequiredDuringSchedulingIgnoredDuringExecution,
			a.PreferredDuringSchedulingIgnoredDuringExecution, p.Child("podAffinity"))...)
	}
	if a := affinity.PodAntiAffinity; a != nil {
		errs = append(errs, validatePodAffinity(a.RequiredDuringSchedulingIgnoredDuringExecution,
			a.PreferredDuringSchedulingIgnoredDuringExecution, p.Child("podAntiAffinity"))...)
	}
	return errs
}

const (
	requiredTerms  = "requiredDuringSchedulingIgnoredDuringExecution"
	preferredTerms = "preferredDuringSchedulingIgnoredDuringExecution"
)

func validateNodeAffinity(a *corev1.NodeAffinity, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		terms := p.Child(requiredTerms, "nodeSelectorTerms")
		if len(a.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms) == 0 {
			errs = append(errs, field.Required(terms, "must have at least one node selector term"))
		}
		for i, term := range a.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
			errs = append(errs, validateNodeTerm(term, true, terms.Index(i))...)
		}
	}
	for i, term := range a.PreferredDuringSchedulingIgnoredDuringExecution {
		at := p.Child(preferredTerms).Index(i)
		errs = append(errs, validateWeight(term.Weight, at.Child("weight"))...)
		errs = append(errs, validateNodeTerm(term.Preference, false, at.Child("preference"))...)
	}
	return errs
}

func validateWeight(weight int32, p *field.Path) field.ErrorList {
	if weight <= 0 || weight > 100 {
		return field.ErrorList{field.Invalid(p, weight, "must be in the range 1-100")}
	}
	return nil
}

// validateNodeTerm checks label values only where the term is required.
func validateNodeTerm(term corev1.NodeSelectorTerm, strict bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, r := range term.MatchExpressions {
		errs = append(errs, validateNodeExpression(r, strict, p.Child("matchExpressions").Index(i))...)
	}
	for i, r := range term.MatchFields {
		errs = append(errs, validateNodeField(r, p.Child("matchFields").Index(i))...)
	}
	return errs
}

func validateNodeExpression(r corev1.NodeSelectorRequirement, strict bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	values := p.Child("values")
	switch r.Operator {
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		if len(r.Values) == 0 {
			errs = append(errs, field.Required(values, "must be specified when `operator` is 'In' or 'NotIn'"))
		}
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		if len(r.Values) > 0 {
			errs = append(errs, field.Forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
		}
	case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
		if len(r.Values) != 1 {
			errs = append(errs, field.Required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
		}
	default:
		errs = append(errs, field.Invalid(p.Child("operator"), r.Operator, "not a valid selector operator"))
	}
	errs = append(errs, validateLabelName(r.Key, p.Child("key"))...)
	if strict {
		for i, value := range r.Values {
			errs = append(errs, invalid(values.Index(i), value, utilvalidation.IsValidLabelValue(value))...)
		}
	}
	return errs
}

func validateNodeField(r corev1.NodeSelectorRequirement, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch r.Operator {
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		if len(r.Values) != 1 {
			errs = append(errs, field.Required(p.Child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
		}
	default:
		errs = append(errs, field.Invalid(p.Child("operator"), r.Operator, "not a valid selector operator"))
	}
	if r.Key != metav1.ObjectNameField {
		return append(errs, field.Invalid(p.Child("key"), r.Key, "not a valid field selector key"))
	}
	for i, value := range r.Values {
		errs = append(errs, invalid(p.Child("values").Index(i), value, utilvalidation.IsDNS1123Subdomain(value))...)
	}
	return errs
}

func validatePodAffinity(require []corev1.PodAffinityTerm, prefer []corev1.WeightedPodAffinityTerm, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, term := range require {
		errs = append(errs, validatePodTerm(term, p.Child(requiredTerms).Index(i))...)
	}
	for i, term := range prefer {
		at := p.Child(preferredTerms).Index(i)
		errs = append(errs, validateWeight(term.Weight, at.Child("weight"))...)
		errs = append(errs, validatePodTerm(term.PodAffinityTerm, at.Child("podAffinityTerm"))...)
	}
	return errs
}

func validatePodTerm(term corev1.PodAffinityTerm, p *field.Path) field.ErrorList {
	errs := validateSelector(term.LabelSelector, p.Child("labelSelector"))
	errs = append(errs, validateSelector(term.NamespaceSelector, p.Child("namespaceSelector"))...)
	for _, name := range term.Namespaces {
		errs = append(errs, invalid(p.Child("namespace"), name, validation.ValidateNamespaceName(name, false))...)
	}
	errs = append(errs, validateLabelKeys(term.MatchLabelKeys, term.MismatchLabelKeys, term.LabelSelector, p)...)
	if term.TopologyKey == "" {
		errs = append(errs, field.Required(p.Child("topologyKey"), "can not be empty"))
	}
	return append(errs, validateLabelName(term.TopologyKey, p.Child("topologyKey"))...)
}

func validateLabelKeys(match, mismatch []string, selector *metav1.LabelSelector, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := func(keys []string, p *field.Path) {
		if len(keys) > 0 && selector == nil {
			errs = append(errs, field.Forbidden(p, "must not be specified when labelSelector is not set"))
			return
		}
		for i, key := range keys {
			errs = append(errs, validateLabelName(key, p.Index(i))...)
		}
	}
	names(match, p.Child("matchLabelKeys"))
	names(mismatch, p.Child("mismatchLabelKeys"))
	errs = append(errs, validateKeysOnce(match, selector, p)...)
	for i, key := range match {
		if slices.Contains(mismatch, key) {
			errs = append(errs, field.Invalid(p.Child("matchLabelKeys").Index(i), key, "exists in both matchLabelKeys and mismatchLabelKeys"))
		}
	}
	return errs
}

// validateKeysOnce: a pod's match label keys have become expressions of its
// selector (mergeLabelKeys), so the selector may not name them itself.
func validateKeysOnce(match []string, selector *metav1.LabelSelector, p *field.Path) field.ErrorList {
	if selector == nil {
		return nil
	}
	var errs field.ErrorList
	last, seen := map[string]int{}, map[string]bool{}
	for i, key := range match {
		last[key] = i
	}
	for key := range selector.MatchLabels {
		seen[key] = true
	}
	for _, e := range selector.MatchExpressions {
		if i, ok := last[e.Key]; ok && seen[e.Key] {
			errs = append(errs, field.Invalid(p.Index(i), e.Key, "exists in both matchLabelKeys and labelSelector"))
		}
		seen[e.Key] = true
	}
	return errs
}

func validateSpread(constraints []corev1.TopologySpreadConstraint, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, c := range constraints {
		at := p.Index(i)
		if c.MaxSkew <= 0 {
			errs = append(errs, field.Invalid(at.Child("maxSkew"), int64(c.MaxSkew), "must be greater than zero"))
		}
		if c.TopologyKey == "" {
			errs = append(errs, field.Required(at.Child("topologyKey"), "can not be empty"))
		}
		errs = append(errs, supported(c.WhenUnsatisfiable, at.Child("whenUnsatisfiable"), corev1.DoNotSchedule, corev1.ScheduleAnyway)...)
		if repeats(c, constraints[i+1:]) {
			errs = append(errs, field.Duplicate(at.Child("{topologyKey, whenUnsatisfiable}"), fmt.Sprintf("{%v, %v}", c.TopologyKey, c.WhenUnsatisfiable)))
		}
		if c.MinDomains != nil {
			errs = append(errs, validateMinDomains(*c.MinDomains, c.WhenUnsatisfiable, at.Child("minDomains"))...)
		}
		errs = append(errs, validateInclusion(c.NodeAffinityPolicy, at.Child("nodeAffinityPolicy"))...)
		errs = append(errs, validateInclusion(c.NodeTaintsPolicy, at.Child("nodeTaintsPolicy"))...)
		errs = append(errs, validateLabelKeys(c.MatchLabelKeys, nil, c.LabelSelector, at)...)
		errs = append(errs, validateSelector(c.LabelSelector, at.Child("labelSelector"))...)
	}
	return errs
}

func repeats(c corev1.TopologySpreadConstraint, rest []corev1.TopologySpreadConstraint) bool {
	return slices.ContainsFunc(rest, func(other corev1.TopologySpreadConstraint) bool {
		return other.TopologyKey == c.TopologyKey && other.WhenUnsatisfiable == c.WhenUnsatisfiable
	})
}

func validateMinDomains(n int32, action corev1.UnsatisfiableConstraintAction, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if n <= 0 {
		errs = append(errs, field.Invalid(p, int64(n), "must be greater than zero"))
	}
	if action != corev1.DoNotSchedule {
		errs = append(errs, field.Invalid(p, n, fmt.Sprintf("can only use minDomains if whenUnsatisfiable=%s, not %s", corev1.DoNotSchedule, action)))
	}
	return errs
}

func validateInclusion(policy *corev1.NodeInclusionPolicy, p *field.Path) field.ErrorList {
	if policy == nil {
		return nil
	}
	return supported(*policy, p, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)
}

func validateTolerations(tolerations []corev1.Toleration, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, t := range tolerations {
		at := p.Index(i)
		if t.Key != "" {
			errs = append(errs, validateLabelName(t.Key, at.Child("key"))...)
		}
		if t.Key == "" && t.Operator != corev1.TolerationOpExists {
			errs = append(errs, field.Invalid(at.Child("operator"), t.Operator,
				"operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
		}
		if t.TolerationSeconds != nil && t.Effect != corev1.TaintEffectNoExecute {
			errs = append(errs, field.Invalid(at.Child("effect"), t.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
		}
		errs = append(errs, validateTolerationValue(t, at.Child("operator"))...)
		if t.Effect != "" {
			errs = append(errs, validateTaintEffect(t.Effect, at.Child("effect"))...)
		}
	}
	return errs
}

// validateTolerationValue reports a bad value at the operator, as upstream does.
func validateTolerationValue(t corev1.Toleration, p *field.Path) field.ErrorList {
	switch t.Operator {
	case corev1.TolerationOpEqual, "":
		if msgs := utilvalidation.IsValidLabelValue(t.Value); len(msgs) != 0 {
			return field.ErrorList{field.Invalid(p, t.Value, strings.Join(msgs, ";"))}
		}
	case corev1.TolerationOpExists:
		if t.Value != "" {
			return field.ErrorList{field.Invalid(p, t.Value, "value must be empty when `operator` is 'Exists'")}
		}
	case corev1.TolerationOpLt, corev1.TolerationOpGt:
		return field.ErrorList{field.NotSupported(p, t.Operator, []corev1.TolerationOperator{
			corev1.TolerationOpEqual, corev1.TolerationOpExists, corev1.TolerationOpLt, corev1.TolerationOpGt})}
	default:
		return field.ErrorList{field.NotSupported(p, t.Operator, []corev1.TolerationOperator{corev1.TolerationOpEqual, corev1.TolerationOpExists})}
	}
	return nil
}
