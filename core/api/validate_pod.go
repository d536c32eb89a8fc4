package api

import (
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validatePod(obj Object) field.ErrorList {
	pod := obj.(*corev1.Pod)
	errs := validatePodBody(pod)
	if len(pod.Spec.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(specPath.Child("ephemeralContainers"), "cannot be set on create"))
	}
	if pod.Spec.NodeName != "" && len(pod.Spec.SchedulingGates) != 0 {
		errs = append(errs, field.Forbidden(specPath.Child("nodeName"), "cannot be set until all schedulingGates have been cleared"))
	}
	return errs
}

// validatePodBody is upstream's validatePodMetadataAndSpec.
func validatePodBody(pod *corev1.Pod) field.ErrorList {
	errs := validatePodAnnotations(pod.Annotations, &pod.Spec, metadataPath.Child("annotations"))
	errs = append(errs, validatePodSpec(&pod.Spec, pod.Name, specPath)...)
	if pod.Spec.ServiceAccountName == "" {
		errs = append(errs, forbidTokens(pod.Spec.Volumes, specPath.Child("volumes"))...)
	}
	errs = append(errs, validateImageSpace(pod.Spec.Containers, specPath.Child("containers"))...)
	return append(errs, validateImageSpace(pod.Spec.InitContainers, specPath.Child("initContainers"))...)
}

func forbidTokens(volumes []corev1.Volume, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, v := range volumes {
		if v.Projected == nil {
			continue
		}
		for j, source := range v.Projected.Sources {
			if source.ServiceAccountToken != nil {
				errs = append(errs, field.Forbidden(p.Index(i).Child("projected", "sources").Index(j).Child("serviceAccountToken"),
					"must not be specified when serviceAccountName is not set"))
			}
		}
	}
	return errs
}

// validatePodUpdate lets only a few fields of a pod's spec change.
func validatePodUpdate(obj, old Object) field.ErrorList {
	pod, oldPod := obj.(*corev1.Pod), old.(*corev1.Pod)
	errs := validatePodBody(pod)
	errs = append(errs, validateMirror(pod.Annotations, oldPod.Annotations)...)
	for _, list := range []struct {
		name     string
		now, was []corev1.Container
	}{
		{"containers", pod.Spec.Containers, oldPod.Spec.Containers},
		{"initContainers", pod.Spec.InitContainers, oldPod.Spec.InitContainers},
	} {
		if len(list.now) != len(list.was) {
			return append(errs, field.Forbidden(specPath.Child(list.name), "pod updates may not add or remove containers"))
		}
	}
	deadline, stop := validateDeadlineChange(pod.Spec.ActiveDeadlineSeconds, oldPod.Spec.ActiveDeadlineSeconds)
	errs = append(errs, deadline...)
	if stop {
		return errs
	}
	errs = append(errs, validateAddedTolerations(pod.Spec.Tolerations, oldPod.Spec.Tolerations)...)
	errs = append(errs, validateRemovedGates(pod.Spec.SchedulingGates, oldPod.Spec.SchedulingGates)...)
	if equality.Semantic.DeepEqual(pod.Spec, oldPod.Spec) {
		return errs
	}
	rest := fixedFields(&pod.Spec, &oldPod.Spec)
	if len(oldPod.Spec.SchedulingGates) > 0 {
		errs = append(errs, takeGatedChanges(rest, &oldPod.Spec)...)
	}
	if !equality.Semantic.DeepEqual(*rest, oldPod.Spec) {
		errs = append(errs, field.Forbidden(specPath, fmt.Sprintf("pod updates may not change fields other than %s\n%v",
			strings.Join(updatablePodFields, ","), specDiff(&oldPod.Spec, rest))))
	}
	return errs
}

var updatablePodFields = []string{
	"`spec.containers[*].image`",
	"`spec.initContainers[*].image`",
	"`spec.activeDeadlineSeconds`",
	"`spec.tolerations` (only additions to existing tolerations)",
	"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
}

// fixedFields is the new spec with the fields that may change put back, so that
// what differs from the old one may not.
func fixedFields(spec, old *corev1.PodSpec) *corev1.PodSpec {
	rest := spec.DeepCopy()
	for i := range rest.Containers {
		rest.Containers[i].Image = old.Containers[i].Image
	}
	for i := range rest.InitContainers {
		rest.InitContainers[i].Image = old.InitContainers[i].Image
	}
	rest.ActiveDeadlineSeconds = old.ActiveDeadlineSeconds
	rest.SchedulingGates = old.SchedulingGates
	rest.Tolerations = old.Tolerations
	was, now := old.TerminationGracePeriodSeconds, rest.TerminationGracePeriodSeconds
	if was != nil && *was < 0 && now != nil && *now == 1 {
		rest.TerminationGracePeriodSeconds = was
	}
	return rest
}

// validateDeadlineChange lets a deadline be set or come closer. stop says that
// upstream looks no further.
func validateDeadlineChange(now, was *int64) (errs field.ErrorList, stop bool) {
	p := specPath.Child("activeDeadlineSeconds")
	switch {
	case now == nil && was != nil:
		return field.ErrorList{field.Invalid(p, now, "must not update from a positive integer to nil value")}, false
	case now == nil:
		return nil, false
	case *now < 0 || *now > math.MaxInt32:
		return field.ErrorList{field.Invalid(p, *now, utilvalidation.InclusiveRangeError(0, math.MaxInt32))}, true
	case was != nil && *was < *now:
		return field.ErrorList{field.Invalid(p, *now, "must be less than or equal to previous value")}, true
	}
	return nil, false
}

func validateMirror(annotations, old map[string]string) field.ErrorList {
	now, is := annotations[corev1.MirrorPodAnnotationKey]
	before, was := old[corev1.MirrorPodAnnotationKey]
	p := metadataPath.Child("annotations").Key(corev1.MirrorPodAnnotationKey)
	switch {
	case was && (!is || now != before):
		return field.ErrorList{field.Forbidden(p, "may not remove or update mirror pod annotation")}
	case is && !was:
		return field.ErrorList{field.Forbidden(p, "may not add mirror pod annotation")}
	}
	return nil
}

func validateAddedTolerations(now, was []corev1.Toleration) field.ErrorList {
	p := specPath.Child("tolerations")
	for _, old := range was {
		kept := slices.ContainsFunc(now, func(t corev1.Toleration) bool {
			t.TolerationSeconds = old.TolerationSeconds
			return t == old
		})
		if !kept {
			return field.ErrorList{field.Forbidden(p, "existing toleration can not be modified except its tolerationSeconds")}
		}
	}
	return validateTolerations(now, p)
}

func validateRemovedGates(now, was []corev1.PodSchedulingGate) field.ErrorList {
	var errs field.ErrorList
	for i, gate := range now {
		if !slices.Contains(was, gate) {
			errs = append(errs, field.Forbidden(specPath.Child("schedulingGates").Index(i).Child("name"),
				fmt.Sprintf("only deletion is allowed, but found new scheduling gate '%s'", gate.Name)))
		}
	}
	return errs
}

// takeGatedChanges lets a pod that may not be scheduled yet narrow the nodes
// that it will accept, and puts that part of spec back to the old one's.
func takeGatedChanges(spec, old *corev1.PodSpec) field.ErrorList {
	var errs field.ErrorList
	for key, value := range old.NodeSelector {
		if now, ok := spec.NodeSelector[key]; !ok || now != value {
			errs = append(errs, field.Invalid(specPath.Child("nodeSelector"), spec.NodeSelector,
				"only additions to spec.nodeSelector are allowed (no mutations or deletions)"))
			break
		}
	}
	spec.NodeSelector = old.NodeSelector
	now, was := nodeAffinity(spec), nodeAffinity(old)
	if equality.Semantic.DeepEqual(now, was) {
		return errs
	}
	errs = append(errs, validateNarrowed(now, was)...)
	switch {
	case spec.Affinity == nil:
		spec.Affinity = &corev1.Affinity{NodeAffinity: was}
	case old.Affinity == nil && spec.Affinity.PodAffinity == nil && spec.Affinity.PodAntiAffinity == nil:
		spec.Affinity = nil
	default:
		spec.Affinity.NodeAffinity = was
	}
	return errs
}

func nodeAffinity(spec *corev1.PodSpec) *corev1.NodeAffinity {
	if spec.Affinity == nil {
		return nil
	}
	return spec.Affinity.NodeAffinity
}

func requiredNodeTerms(a *corev1.NodeAffinity) []corev1.NodeSelectorTerm {
	if a == nil || a.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	return a.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
}

func validateNarrowed(a, old *corev1.NodeAffinity) field.ErrorList {
	p := specPath.Child("affinity", "nodeAffinity", requiredTerms, "nodeSelectorTerms")
	now, was := requiredNodeTerms(a), requiredNodeTerms(old)
	if len(was) == 0 {
		return nil
	}
	if len(was) != len(now) {
		return field.ErrorList{field.Invalid(p, now, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")}
	}
	var errs field.ErrorList
	for i := range was {
		empty := len(was[i].MatchExpressions) == 0 && len(was[i].MatchFields) == 0
		grown := len(now[i].MatchExpressions) > 0 || len(now[i].MatchFields) > 0
		if empty && grown || !startsWith(now[i].MatchExpressions, was[i].MatchExpressions) || !startsWith(now[i].MatchFields, was[i].MatchFields) {
			errs = append(errs, field.Invalid(p.Index(i), now[i], "only additions are allowed (no mutations or deletions)"))
		}
	}
	return errs
}

func startsWith(list, prefix []corev1.NodeSelectorRequirement) bool {
	return len(list) >= len(prefix) && (len(prefix) == 0 || equality.Semantic.DeepEqual(list[:len(prefix)], prefix))
}

func validatePodStatusUpdate(obj, old Object) field.ErrorList {
	pod, oldPod := obj.(*corev1.Pod), old.(*corev1.Pod)
	p := field.NewPath("status")
	errs := validatePodConditions(pod.Status.Conditions, p.Child("conditions"))
	if n := pod.Status.NominatedNodeName; n != "" && n != oldPod.Status.NominatedNodeName {
		at := p.Child("nominatedNodeName")
		errs = append(errs, validateDNSSubdomain(n, at)...)
		if oldPod.Spec.NodeName != "" {
			errs = append(errs, field.Forbidden(at, "may not be set on pods that are already bound to a node"))
		}
	}
	if pod.Status.ObservedGeneration < 0 {
		errs = append(errs, field.Invalid(p.Child("observedGeneration"), pod.Status.ObservedGeneration, "must be a non-negative integer"))
	}
	errs = append(errs, immutable(pod.Status.QOSClass, oldPod.Status.QOSClass, p.Child("qosClass"))...)
	errs = append(errs, validateStates(pod.Status.ContainerStatuses, oldPod.Status.ContainerStatuses,
		oldPod.Spec.Containers, &oldPod.Spec, p.Child("containerStatuses"))...)
	errs = append(errs, validateStates(pod.Status.InitContainerStatuses, oldPod.Status.InitContainerStatuses,
		oldPod.Spec.InitContainers, &oldPod.Spec, p.Child("initContainerStatuses"))...)
	for i, ip := range pod.Status.PodIPs {
		if !slices.Contains(oldPod.Status.PodIPs, ip) {
			errs = append(errs, utilvalidation.IsValidIPForLegacyField(p.Child("podIPs").Index(i), ip.IP, strictIPs, nil)...)
		}
	}
	return errs
}

func validatePodConditions(conditions []corev1.PodCondition, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, c := range conditions {
		if c.ObservedGeneration < 0 {
			errs = append(errs, field.Invalid(p.Index(i).Child("observedGeneration"), c.ObservedGeneration, "must be a non-negative integer"))
		}
		errs = append(errs, validateQualifiedName(string(c.Type), p.Index(i).Child("Type"))...)
	}
	return errs
}

// validateStates: a container that has ended and won't be restarted can't run again.
func validateStates(now, was []corev1.ContainerStatus, list []corev1.Container, spec *corev1.PodSpec, p *field.Path) field.ErrorList {
	if restartsAll(spec) {
		return nil
	}
	var errs field.ErrorList
	for i, old := range was {
		if old.State.Terminated == nil {
			continue
		}
		runs := slices.ContainsFunc(now, func(s corev1.ContainerStatus) bool { return s.Name == old.Name && s.State.Terminated == nil })
		if runs && !slices.ContainsFunc(list, func(c corev1.Container) bool {
			return c.Name == old.Name && restarts(&c, spec.RestartPolicy, old.State.Terminated.ExitCode)
		}) {
			errs = append(errs, field.Forbidden(p.Index(i).Child("state"), "may not be transitioned to non-terminated state"))
		}
	}
	return errs
}

// restartsAll tells whether any container's end can restart the others.
func restartsAll(spec *corev1.PodSpec) bool {
	for _, c := range containers(spec) {
		for _, rule := range c.RestartPolicyRules {
			if rule.Action == corev1.ContainerRestartRuleActionRestartAllContainers {
				return true
			}
		}
	}
	return false
}

// restarts tells whether a container runs again after it exits with code
// (ContainerShouldRestart in pkg/api/v1/pod).
func restarts(c *corev1.Container, podPolicy corev1.RestartPolicy, code int32) bool {
	policy := string(podPolicy)
	if c.RestartPolicy != nil {
		for _, rule := range c.RestartPolicyRules {
			if ruleMatches(rule, code) {
				return true
			}
		}
		policy = string(*c.RestartPolicy)
	}
	switch policy {
	case string(corev1.RestartPolicyOnFailure):
		return code != 0
	case string(corev1.RestartPolicyNever):
		return false
	}
	return true
}

func ruleMatches(rule corev1.ContainerRestartRule, code int32) bool {
	if rule.ExitCodes == nil {
		return false
	}
	listed := slices.Contains(rule.ExitCodes.Values, code)
	return listed == (rule.ExitCodes.Operator == corev1.ContainerRestartRuleOnExitCodesOpIn)
}
