package api

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validation of ResourceQuotas and LimitRanges, after pkg/apis/core/validation.
// Left out: scope selectors by priority class.

func validateResourceQuota(q *corev1.ResourceQuota) field.ErrorList {
	errs := validateQuotaList(q.Spec.Hard, specPath.Child("hard"))
	return append(errs, validateQuotaScopes(&q.Spec, specPath.Child("scopes"))...)
}

func validateQuotaList(list corev1.ResourceList, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range sortedKeys(list) {
		at := p.Key(string(name))
		errs = append(errs, validateQuotaName(name, at)...)
		errs = append(errs, validateQuantity(name, list[name], at)...)
	}
	return errs
}

// validateQuotaName reports a plain name that isn't known twice, as upstream does.
func validateQuotaName(name corev1.ResourceName, p *field.Path) field.ErrorList {
	errs := invalid(p, name, utilvalidation.IsQualifiedName(string(name)))
	if strings.Contains(string(name), "/") {
		return errs
	}
	if len(errs) == 0 && !isStandard(name) {
		errs = append(errs, field.Invalid(p, name, "must be a standard resource type or fully qualified"))
	}
	if !isQuota(name) {
		errs = append(errs, field.Invalid(p, name, "must be a standard resource for quota"))
	}
	return errs
}

func isQuota(name corev1.ResourceName) bool {
	return slices.Contains(computeResources, name) || slices.Contains(quotaResources, name) && name != corev1.ResourceStorage ||
		isHugePages(name) || strings.HasPrefix(string(name), "requests.hugepages-")
}

// quotaScopes are the scopes and the plain names that each can limit; nil means all.
var quotaScopes = map[corev1.ResourceQuotaScope][]corev1.ResourceName{
	corev1.ResourceQuotaScopeTerminating:               podQuota,
	corev1.ResourceQuotaScopeNotTerminating:            podQuota,
	corev1.ResourceQuotaScopeNotBestEffort:             podQuota,
	corev1.ResourceQuotaScopePriorityClass:             podQuota,
	corev1.ResourceQuotaScopeCrossNamespacePodAffinity: podQuota,
	corev1.ResourceQuotaScopeBestEffort:                {corev1.ResourcePods},
	corev1.ResourceQuotaScopeVolumeAttributesClass:     {corev1.ResourcePersistentVolumeClaims, corev1.ResourceRequestsStorage},
}

var podQuota = []corev1.ResourceName{
	corev1.ResourcePods, corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage,
	corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory, corev1.ResourceRequestsEphemeralStorage,
	corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory, corev1.ResourceLimitsEphemeralStorage,
}

func validateQuotaScopes(spec *corev1.ResourceQuotaSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	has := func(scope corev1.ResourceQuotaScope) bool { return slices.Contains(spec.Scopes, scope) }
	for _, scope := range spec.Scopes {
		names, known := quotaScopes[scope]
		if !known {
			errs = append(errs, field.Invalid(p, spec.Scopes, "unsupported scope"))
		}
		for _, name := range sortedKeys(spec.Hard) {
			if known && isQuota(name) && !slices.Contains(names, name) {
				errs = append(errs, field.Invalid(p, spec.Scopes, "unsupported scope applied to resource"))
			}
		}
	}
	if has(corev1.ResourceQuotaScopeBestEffort) && has(corev1.ResourceQuotaScopeNotBestEffort) {
		errs = append(errs, field.Invalid(p, spec.Scopes, "conflicting scopes"))
	}
	if has(corev1.ResourceQuotaScopeTerminating) && has(corev1.ResourceQuotaScopeNotTerminating) {
		errs = append(errs, field.Invalid(p, spec.Scopes, "conflicting scopes"))
	}
	return errs
}

func validateResourceQuotaUpdate(q, old *corev1.ResourceQuota) field.ErrorList {
	errs := validateResourceQuota(q)
	if !slices.Equal(slices.Sorted(slices.Values(q.Spec.Scopes)), slices.Sorted(slices.Values(old.Spec.Scopes))) {
		errs = append(errs, field.Invalid(specPath.Child("scopes"), q.Spec.Scopes, "field is immutable"))
	}
	return errs
}

func validateResourceQuotaStatusUpdate(q, _ *corev1.ResourceQuota) field.ErrorList {
	errs := validateQuotaList(q.Status.Hard, field.NewPath("status", "hard"))
	return append(errs, validateQuotaList(q.Status.Used, field.NewPath("status", "used"))...)
}

func validateLimitRange(lr *corev1.LimitRange) field.ErrorList {
	var errs field.ErrorList
	seen := map[corev1.LimitType]bool{}
	for i := range lr.Spec.Limits {
		item, p := &lr.Spec.Limits[i], specPath.Child("limits").Index(i)
		wrong := invalid(p.Child("type"), item.Type, utilvalidation.IsQualifiedName(string(item.Type)))
		known := item.Type == corev1.LimitTypePod || item.Type == corev1.LimitTypeContainer || item.Type == corev1.LimitTypePersistentVolumeClaim
		if len(wrong) == 0 && !known && !strings.Contains(string(item.Type), "/") {
			wrong = field.ErrorList{field.Invalid(p.Child("type"), item.Type, "must be a standard limit type or fully qualified")}
		}
		errs = append(errs, wrong...)
		if seen[item.Type] {
			errs = append(errs, field.Duplicate(p.Child("type"), item.Type))
		}
		seen[item.Type] = true
		errs = append(errs, validateLimitNames(item, p)...)
		errs = append(errs, validateBounds(item, p)...)
	}
	return errs
}

func validateLimitNames(item *corev1.LimitRangeItem, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := func(list corev1.ResourceList, field string) {
		for _, name := range sortedKeys(list) {
			errs = append(errs, validateLimitName(item.Type, name, p.Child(field).Key(string(name)))...)
		}
	}
	names(item.Max, "max")
	names(item.Min, "min")
	if item.Type == corev1.LimitTypePod {
		for _, f := range []struct {
			name string
			list corev1.ResourceList
		}{{"default", item.Default}, {"defaultRequest", item.DefaultRequest}} {
			if len(f.list) > 0 {
				errs = append(errs, field.Forbidden(p.Child(f.name), "may not be specified when `type` is 'Pod'"))
			}
		}
	} else {
		names(item.Default, "default")
		names(item.DefaultRequest, "defaultRequest")
	}
	if item.Type == corev1.LimitTypePersistentVolumeClaim {
		_, least := item.Min[corev1.ResourceStorage]
		_, most := item.Max[corev1.ResourceStorage]
		if !least && !most {
			errs = append(errs, field.Required(p.Child("limits"), "either minimum or maximum storage value is required, but neither was provided"))
		}
	}
	names(item.MaxLimitRequestRatio, "maxLimitRequestRatio")
	return errs
}

func validateLimitName(kind corev1.LimitType, name corev1.ResourceName, p *field.Path) field.ErrorList {
	if kind == corev1.LimitTypePod || kind == corev1.LimitTypeContainer {
		return validateResourceName(name, p)
	}
	errs := invalid(p, name, utilvalidation.IsQualifiedName(string(name)))
	if len(errs) == 0 && !strings.Contains(string(name), "/") && !isStandard(name) {
		errs = append(errs, field.Invalid(p, name, "must be a standard resource type or fully qualified"))
	}
	return errs
}

// validateBounds wants least ≤ default request ≤ default ≤ most.
func validateBounds(item *corev1.LimitRangeItem, p *field.Path) field.ErrorList {
	all := map[corev1.ResourceName]bool{}
	for _, list := range []corev1.ResourceList{item.Max, item.Min, item.Default, item.DefaultRequest, item.MaxLimitRequestRatio} {
		for name := range list {
			all[name] = true
		}
	}
	pairs := []struct {
		low, high       corev1.ResourceList
		field           string
		value           corev1.ResourceList
		message         string
		exceptForPodDef bool
	}{
		{item.Min, item.Max, "min", item.Min, "min value %s is greater than max value %s", false},
		{item.Min, item.DefaultRequest, "defaultRequest", item.DefaultRequest, "min value %s is greater than default request value %s", true},
		{item.DefaultRequest, item.Max, "defaultRequest", item.DefaultRequest, "default request value %s is greater than max value %s", true},
		{item.DefaultRequest, item.Default, "defaultRequest", item.DefaultRequest, "default request value %s is greater than default limit value %s", true},
		{item.Min, item.Default, "default", item.Min, "min value %s is greater than default value %s", true},
		{item.Default, item.Max, "default", item.Max, "default value %s is greater than max value %s", true},
	}
	var errs field.ErrorList
	for _, name := range sortedKeys(all) {
		for _, pair := range pairs {
			low, hasLow := pair.low[name]
			high, hasHigh := pair.high[name]
			if hasLow && hasHigh && low.Cmp(high) > 0 && !(pair.exceptForPodDef && item.Type == corev1.LimitTypePod) {
				errs = append(errs, field.Invalid(p.Child(pair.field).Key(string(name)), pair.value[name],
					fmt.Sprintf(pair.message, low.String(), high.String())))
			}
		}
		errs = append(errs, validateRatio(item, name, p)...)
	}
	return errs
}

func validateRatio(item *corev1.LimitRangeItem, name corev1.ResourceName, p *field.Path) field.ErrorList {
	ratio, given := item.MaxLimitRequestRatio[name]
	if !given {
		return nil
	}
	at := p.Child("maxLimitRequestRatio").Key(string(name))
	var errs field.ErrorList
	if ratio.Cmp(*resource.NewQuantity(1, resource.DecimalSI)) < 0 {
		errs = append(errs, field.Invalid(at, ratio, fmt.Sprintf("ratio %s is less than 1", ratio.String())))
	}
	least, hasLeast := item.Min[name]
	most, hasMost := item.Max[name]
	if limit := most.AsApproximateFloat64() / least.AsApproximateFloat64(); hasLeast && hasMost && ratio.AsApproximateFloat64() > limit {
		errs = append(errs, field.Invalid(at, ratio, fmt.Sprintf("ratio %s is greater than max/min = %f", ratio.String(), limit)))
	}
	return errs
}
