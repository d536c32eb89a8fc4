package api

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
)

// What an object uses of a ResourceQuota, after pkg/quota/v1 of Kubernetes: the
// API server asks before it admits an object, the quota controller adds up
// what is there. Left out: device classes.

// QuotaUsage is what an object counts for, by the names that quotas limit.
func QuotaUsage(obj Object, now time.Time) corev1.ResourceList {
	r := For(obj)
	used := corev1.ResourceList{corev1.ResourceName("count/" + r.GroupResource().String()): quantityOf(1)}
	switch o := obj.(type) {
	case *corev1.Pod:
		addPodUsage(used, o, now)
	case *corev1.Service:
		addServiceUsage(used, o)
	case *corev1.PersistentVolumeClaim:
		addClaimUsage(used, o)
	case *corev1.ConfigMap, *corev1.Secret, *corev1.ReplicationController, *corev1.ResourceQuota:
		used[corev1.ResourceName(r.Plural)] = quantityOf(1)
	}
	return used
}

func quantityOf(n int) resource.Quantity { return *resource.NewQuantity(int64(n), resource.DecimalSI) }

// addPodUsage: a pod that has finished, or should be gone, counts as an object only.
func addPodUsage(used corev1.ResourceList, pod *corev1.Pod, now time.Time) {
	if pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		return
	}
	if at, grace := pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds; at != nil && grace != nil &&
		now.After(at.Add(time.Duration(*grace)*time.Second)) {
		return
	}
	used[corev1.ResourcePods] = quantityOf(1)
	for name, q := range PodRequests(&pod.Spec) {
		if isNative(name) && !isHugePages(name) {
			used[name] = q
		}
		used["requests."+name] = q
	}
	for name, q := range PodLimits(&pod.Spec) {
		if isNative(name) && !isHugePages(name) {
			used["limits."+name] = q
		}
	}
}

// PodRequests is what a pod's containers ask for together: the sum of those
// that run, or what starting needs where that is more.
func PodRequests(spec *corev1.PodSpec) corev1.ResourceList {
	return podTotal(spec, func(r *corev1.ResourceRequirements) corev1.ResourceList { return r.Requests })
}

// PodLimits is what a pod's containers may use together.
func PodLimits(spec *corev1.PodSpec) corev1.ResourceList {
	return podTotal(spec, func(r *corev1.ResourceRequirements) corev1.ResourceList { return r.Limits })
}

func podTotal(spec *corev1.PodSpec, of func(*corev1.ResourceRequirements) corev1.ResourceList) corev1.ResourceList {
	total, sidecars, starting := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for i := range spec.Containers {
		addList(total, of(&spec.Containers[i].Resources))
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		needs := corev1.ResourceList{}
		addList(needs, of(&c.Resources))
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			addList(total, needs)
			addList(sidecars, needs)
			needs = sidecars
		} else {
			addList(needs, sidecars)
		}
		maxList(starting, needs)
	}
	maxList(total, starting)
	if spec.Resources != nil {
		for name, q := range of(spec.Resources) {
			total[name] = q.DeepCopy()
		}
	}
	return total
}

func addList(sum, add corev1.ResourceList) {
	for name, q := range add {
		total := q.DeepCopy()
		if before, ok := sum[name]; ok {
			total.Add(before)
		}
		sum[name] = total
	}
}

func maxList(most, list corev1.ResourceList) {
	for name, q := range list {
		if before, ok := most[name]; !ok || q.Cmp(before) > 0 {
			most[name] = q.DeepCopy()
		}
	}
}

func addServiceUsage(used corev1.ResourceList, svc *corev1.Service) {
	used[corev1.ResourceServices] = quantityOf(1)
	used[corev1.ResourceServicesLoadBalancers], used[corev1.ResourceServicesNodePorts] = quantityOf(0), quantityOf(0)
	ports := len(svc.Spec.Ports)
	if isLoadBalancer(svc) {
		used[corev1.ResourceServicesLoadBalancers] = quantityOf(1)
		if !NeedsNodePort(svc) {
			ports = len(slices.DeleteFunc(NodePorts(svc), func(n int32) bool { return n == 0 }))
		}
	}
	if isLoadBalancer(svc) || svc.Spec.Type == corev1.ServiceTypeNodePort {
		used[corev1.ResourceServicesNodePorts] = quantityOf(ports)
	}
}

const classQuota = ".storageclass.storage.k8s.io/"

func addClaimUsage(used corev1.ResourceList, claim *corev1.PersistentVolumeClaim) {
	class, size := ClaimClass(claim), claim.Spec.Resources.Requests[corev1.ResourceStorage]
	used[corev1.ResourcePersistentVolumeClaims], used[corev1.ResourceRequestsStorage] = quantityOf(1), size
	if class != "" {
		used[corev1.ResourceName(class+classQuota+string(corev1.ResourcePersistentVolumeClaims))] = quantityOf(1)
		used[corev1.ResourceName(class+classQuota+string(corev1.ResourceRequestsStorage))] = size
	}
}

// QuotaMatches tells whether a quota's scopes take an object in.
func QuotaMatches(q *corev1.ResourceQuota, obj Object) bool {
	var scopes []corev1.ScopedResourceSelectorRequirement
	for _, name := range q.Spec.Scopes {
		scopes = append(scopes, corev1.ScopedResourceSelectorRequirement{ScopeName: name, Operator: corev1.ScopeSelectorOpExists})
	}
	if q.Spec.ScopeSelector != nil {
		scopes = append(scopes, q.Spec.ScopeSelector.MatchExpressions...)
	}
	for i := range scopes {
		in := false
		switch obj := obj.(type) {
		case *corev1.Pod:
			in = podInScope(obj, &scopes[i])
		case *corev1.PersistentVolumeClaim:
			in = scopes[i].ScopeName == corev1.ResourceQuotaScopeVolumeAttributesClass && named(VolumeClasses(obj), &scopes[i])
		}
		if !in {
			return false
		}
	}
	return true
}

func podInScope(pod *corev1.Pod, scope *corev1.ScopedResourceSelectorRequirement) bool {
	switch scope.ScopeName {
	case corev1.ResourceQuotaScopeBestEffort:
		return PodQOS(pod) == corev1.PodQOSBestEffort
	case corev1.ResourceQuotaScopeNotBestEffort:
		return PodQOS(pod) != corev1.PodQOSBestEffort
	case corev1.ResourceQuotaScopeTerminating:
		return IsTerminating(pod)
	case corev1.ResourceQuotaScopeNotTerminating:
		return !IsTerminating(pod)
	case corev1.ResourceQuotaScopePriorityClass:
		return named(given(pod.Spec.PriorityClassName), scope)
	case corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		return looksElsewhere(pod.Spec.Affinity)
	}
	return false
}

// IsTerminating tells of pods that are to end by themselves, which quotas set apart.
func IsTerminating(pod *corev1.Pod) bool { return pod.Spec.ActiveDeadlineSeconds != nil }

// VolumeClasses are the classes of volume attributes that a claim has to do with:
// the one it wants, the one it has, and the one that is being tried.
func VolumeClasses(claim *corev1.PersistentVolumeClaim) []string {
	names := given(ptr.Deref(claim.Spec.VolumeAttributesClassName, ""), ptr.Deref(claim.Status.CurrentVolumeAttributesClassName, ""))
	if m := claim.Status.ModifyVolumeStatus; m != nil {
		names = append(names, given(m.TargetVolumeAttributesClassName)...)
	}
	return uniqueSorted(names)
}

// given are those of some names that are not empty.
func given(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// named tells whether one of the names that an object has is what a scope
// selects; an object without any is to it as one without a label to a selector.
func named(names []string, scope *corev1.ScopedResourceSelectorRequirement) bool {
	switch scope.Operator {
	case corev1.ScopeSelectorOpExists:
		return len(names) > 0
	case corev1.ScopeSelectorOpDoesNotExist:
		return len(names) == 0
	case corev1.ScopeSelectorOpIn:
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(scope.Values, name) })
	}
	return len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(scope.Values, name) })
}

// looksElsewhere tells whether a pod's affinity counts pods of other namespaces.
func looksElsewhere(a *corev1.Affinity) bool {
	if a == nil {
		return false
	}
	var terms []corev1.PodAffinityTerm
	add := func(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
		terms = append(terms, required...)
		for i := range preferred {
			terms = append(terms, preferred[i].PodAffinityTerm)
		}
	}
	if p := a.PodAffinity; p != nil {
		add(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if p := a.PodAntiAffinity; p != nil {
		add(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return slices.ContainsFunc(terms, func(t corev1.PodAffinityTerm) bool { return len(t.Namespaces) > 0 || t.NamespaceSelector != nil })
}

// QuotaConcerns are those of a quota's names that objects of a kind use.
func QuotaConcerns(r *Resource, names []corev1.ResourceName) []corev1.ResourceName {
	var out []corev1.ResourceName
	for _, name := range names {
		if concerns(r, name) {
			out = append(out, name)
		}
	}
	return out
}

func concerns(r *Resource, name corev1.ResourceName) bool {
	if string(name) == "count/"+r.GroupResource().String() {
		return true
	}
	if r.Group != "" {
		return false
	}
	switch r.Plural {
	case "pods":
		return slices.Contains(podQuota, name) || isHugePages(name) ||
			strings.HasPrefix(string(name), corev1.DefaultResourceRequestsPrefix) && name != corev1.ResourceRequestsStorage
	case "services":
		return name == corev1.ResourceServices || name == corev1.ResourceServicesNodePorts || name == corev1.ResourceServicesLoadBalancers
	case "persistentvolumeclaims":
		return name == corev1.ResourcePersistentVolumeClaims || name == corev1.ResourceRequestsStorage || strings.Contains(string(name), classQuota)
	case "configmaps", "secrets", "replicationcontrollers", "resourcequotas":
		return string(name) == r.Plural
	}
	return false
}

// QuotaMissing says which of a quota's names a pod has to ask for and doesn't:
// "must specify limits.cpu for: a,b".
func QuotaMissing(pod *corev1.Pod, names []corev1.ResourceName) error {
	if pod.Spec.Resources != nil {
		return nil
	}
	var missing []string
	for _, name := range slices.Sorted(slices.Values(names)) {
		if !slices.Contains(podQuota[1:], name) || name == corev1.ResourceEphemeralStorage ||
			strings.HasSuffix(string(name), string(corev1.ResourceEphemeralStorage)) {
			continue
		}
		var without []string
		for _, c := range containers(&pod.Spec) {
			list, plain := c.Resources.Requests, strings.TrimPrefix(string(name), "requests.")
			if limit, ok := strings.CutPrefix(string(name), "limits."); ok {
				list, plain = c.Resources.Limits, limit
			}
			if _, ok := list[corev1.ResourceName(plain)]; !ok {
				without = append(without, c.Name)
			}
		}
		if len(without) > 0 {
			missing = append(missing, fmt.Sprintf("%s for: %s", name, strings.Join(uniqueSorted(without), ",")))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("must specify %s", strings.Join(missing, "; "))
}
