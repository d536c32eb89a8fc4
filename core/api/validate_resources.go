package api

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/api/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// computeResources are what a container can ask for by a plain name; quota
// knows more plain names, which are resources but not a container's.
var (
	computeResources = []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}
	countedResources = []corev1.ResourceName{
		corev1.ResourcePods, corev1.ResourceQuotas, corev1.ResourceServices, corev1.ResourceReplicationControllers,
		corev1.ResourceSecrets, corev1.ResourceConfigMaps, corev1.ResourcePersistentVolumeClaims,
		corev1.ResourceServicesNodePorts, corev1.ResourceServicesLoadBalancers,
	}
	quotaResources = append([]corev1.ResourceName{
		corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory, corev1.ResourceRequestsEphemeralStorage,
		corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory, corev1.ResourceLimitsEphemeralStorage,
		corev1.ResourceStorage, corev1.ResourceRequestsStorage,
	}, countedResources...)
)

// validateResources checks a container's requests and limits.
func validateResources(r *corev1.ResourceRequirements, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	limits, requests := p.Child("limits"), p.Child("requests")
	for _, name := range sortedKeys(r.Limits) {
		errs = append(errs, validateAmount(name, r.Limits[name], limits.Key(string(name)))...)
		errs = append(errs, validateHugePages(name, r.Limits[name], limits.Key(string(name)))...)
	}
	for _, name := range sortedKeys(r.Requests) {
		request := r.Requests[name]
		errs = append(errs, validateAmount(name, request, requests.Key(string(name)))...)
		limit, ok := r.Limits[name]
		switch {
		case !ok && !overcommits(name):
			errs = append(errs, field.Required(limits, "Limit must be set for non overcommitable resources"))
		case ok && request.Cmp(limit) != 0 && !overcommits(name):
			errs = append(errs, field.Invalid(requests, request.String(), fmt.Sprintf("must be equal to %s limit of %s", name, limit.String())))
		case ok && request.Cmp(limit) > 0:
			errs = append(errs, field.Invalid(requests, request.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String())))
		}
		errs = append(errs, validateHugePages(name, request, requests.Key(string(name)))...)
	}
	if usesHugePages(r) && !usesCompute(r) {
		errs = append(errs, field.Forbidden(p, "HugePages require cpu or memory"))
	}
	return errs
}

// validateHugePages wants whole pages of the size that the name says.
func validateHugePages(name corev1.ResourceName, quantity resource.Quantity, p *field.Path) field.ErrorList {
	text, ok := strings.CutPrefix(string(name), corev1.ResourceHugePagesPrefix)
	if !ok {
		return nil
	}
	size, err := resource.ParseQuantity(text)
	if err == nil && size.Sign() > 0 && size.MilliValue()%1000 == 0 && quantity.Value()%size.Value() == 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p, quantity.String(), fmt.Sprintf("%s is not positive integer multiple of %s", quantity.String(), name))}
}

func usesHugePages(r *corev1.ResourceRequirements) bool {
	for _, list := range []corev1.ResourceList{r.Limits, r.Requests} {
		for name := range list {
			if isHugePages(name) {
				return true
			}
		}
	}
	return false
}

func usesCompute(r *corev1.ResourceRequirements) bool {
	for _, list := range []corev1.ResourceList{r.Limits, r.Requests} {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if _, ok := list[name]; ok {
				return true
			}
		}
	}
	return false
}

func validateAmount(name corev1.ResourceName, quantity resource.Quantity, p *field.Path) field.ErrorList {
	return append(validateResourceName(name, p), validateQuantity(name, quantity, p)...)
}

// validateResourceName reports a plain name that isn't known twice, as upstream does.
func validateResourceName(name corev1.ResourceName, p *field.Path) field.ErrorList {
	errs := invalid(p, name, utilvalidation.IsQualifiedName(string(name)))
	qualified := strings.Contains(string(name), "/")
	if len(errs) == 0 && !qualified && !isStandard(name) {
		errs = append(errs, field.Invalid(p, name, "must be a standard resource type or fully qualified"))
	}
	switch {
	case !qualified && !slices.Contains(computeResources, name) && !isHugePages(name):
		errs = append(errs, field.Invalid(p, name, "must be a standard resource for containers"))
	case qualified && !isNative(name) && !isExtended(name):
		errs = append(errs, field.Invalid(p, name, "doesn't follow extended resource name standard"))
	}
	return errs
}

func isStandard(name corev1.ResourceName) bool {
	return slices.Contains(computeResources, name) || slices.Contains(quotaResources, name) ||
		isHugePages(name) || strings.HasPrefix(string(name), "requests.hugepages-")
}

// isNative: plain names and those under kubernetes.io.
func isNative(name corev1.ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

// isExtended: names like nvidia.com/gpu, which count whole devices.
func isExtended(name corev1.ResourceName) bool {
	return !isNative(name) && !strings.HasPrefix(string(name), corev1.DefaultResourceRequestsPrefix) &&
		len(utilvalidation.IsQualifiedName(corev1.DefaultResourceRequestsPrefix+string(name))) == 0
}

func isHugePages(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// overcommits tells whether limits may be above requests.
func overcommits(name corev1.ResourceName) bool { return isNative(name) && !isHugePages(name) }

func validateQuantity(name corev1.ResourceName, quantity resource.Quantity, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if quantity.Sign() < 0 {
		errs = append(errs, field.Invalid(p, quantity.String(), validation.IsNegativeErrorMsg))
	}
	whole := slices.Contains(countedResources, name) || isExtended(name)
	if whole && quantity.MilliValue()%1000 != 0 {
		errs = append(errs, field.Invalid(p, quantity, "must be an integer"))
	}
	return errs
}
