package api

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validation of pods and templates, after ValidatePodSpec and what it calls in
// pkg/apis/core/validation/validation.go, whose order of errors it keeps. Left
// out: resource claims, ephemeral containers, Windows and host users, security
// contexts beyond user and group ids, pod-level resources, annotations of
// AppArmor and seccomp, volume sources of single vendors.

// validateTemplate checks a pod template (ValidatePodTemplateSpec).
func validateTemplate(template *corev1.PodTemplateSpec, p *field.Path) field.ErrorList {
	errs := validateLabels(template.Labels, p.Child("labels"))
	annotations := p.Child("annotations")
	errs = append(errs, inOrder(validation.ValidateAnnotations(template.Annotations, annotations),
		annotations, template.Annotations, validation.ValidateAnnotations)...)
	errs = append(errs, validatePodAnnotations(template.Annotations, &template.Spec, annotations)...)
	errs = append(errs, validatePodSpec(&template.Spec, "", p.Child("spec"))...)
	if len(template.Spec.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(p.Child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template"))
	}
	return errs
}

func validatePodAnnotations(annotations map[string]string, spec *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if value, mirror := annotations[corev1.MirrorPodAnnotationKey]; mirror && spec.NodeName == "" {
		errs = append(errs, field.Invalid(p.Key(corev1.MirrorPodAnnotationKey), value, "must set spec.nodeName if mirror pod annotation is set"))
	}
	if cost, ok := annotations[corev1.PodDeletionCost]; ok && !validDeletionCost(cost) {
		errs = append(errs, field.Invalid(p.Key(corev1.PodDeletionCost), cost, "must be a 32bit integer"))
	}
	return errs
}

// validDeletionCost: a 32 bit integer without a plus sign or leading zeros.
func validDeletionCost(cost string) bool {
	n, err := strconv.ParseInt(cost, 10, 32)
	return err == nil && strconv.FormatInt(n, 10) == cost
}

// validatePodSpec checks a pod's spec, or a template's where podName is empty.
func validatePodSpec(spec *corev1.PodSpec, podName string, p *field.Path) field.ErrorList {
	volumes, errs := validateVolumes(spec.Volumes, podName, p.Child("volumes"))
	errs = append(errs, validateContainers(spec, volumes, p.Child("containers"))...)
	errs = append(errs, validateInitContainers(spec, volumes, p.Child("initContainers"))...)
	errs = append(errs, validateHostNetwork(spec, podName != "", p.Child("containers"))...)
	errs = append(errs, oneOf(spec.RestartPolicy, p.Child("restartPolicy"),
		corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever)...)
	errs = append(errs, oneOf(spec.DNSPolicy, p.Child("dnsPolicy"),
		corev1.DNSClusterFirstWithHostNet, corev1.DNSClusterFirst, corev1.DNSDefault, corev1.DNSNone)...)
	errs = append(errs, validateLabels(spec.NodeSelector, p.Child("nodeSelector"))...)
	errs = append(errs, validatePodSecurity(spec.SecurityContext, p.Child("securityContext"))...)
	errs = append(errs, validateAffinity(spec.Affinity, p.Child("affinity"))...)
	errs = append(errs, validateDNSConfig(spec.DNSConfig, spec.DNSPolicy, p.Child("dnsConfig"))...)
	for i, gate := range spec.ReadinessGates {
		errs = append(errs, validateQualifiedName(string(gate.ConditionType), p.Child("readinessGates").Index(i).Child("conditionType"))...)
	}
	errs = append(errs, validateSchedulingGates(spec.SchedulingGates, p.Child("schedulingGates"))...)
	errs = append(errs, validateSpread(spec.TopologySpreadConstraints, p.Child("topologySpreadConstraints"))...)
	errs = append(errs, validatePodNames(spec, p)...)
	errs = append(errs, validateTolerations(spec.Tolerations, p.Child("tolerations"))...)
	errs = append(errs, validateHostAliases(spec.HostAliases, p.Child("hostAliases"))...)
	if spec.PriorityClassName != "" {
		errs = append(errs, validateDNSSubdomain(spec.PriorityClassName, p.Child("priorityClassName"))...)
	}
	if spec.RuntimeClassName != nil {
		errs = append(errs, validateDNSSubdomain(*spec.RuntimeClassName, p.Child("runtimeClassName"))...)
	}
	if spec.PreemptionPolicy != nil {
		errs = append(errs, oneOf(*spec.PreemptionPolicy, p.Child("preemptionPolicy"), corev1.PreemptLowerPriority, corev1.PreemptNever)...)
	}
	if spec.Overhead != nil {
		errs = append(errs, validateResources(&corev1.ResourceRequirements{Limits: spec.Overhead}, p.Child("overhead"))...)
	}
	if spec.OS != nil {
		errs = append(errs, validateOS(spec.OS.Name, p.Child("os"))...)
	}
	return errs
}

func validateOS(name corev1.OSName, p *field.Path) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(p.Child("name"), "")}
	}
	return supported(name, p, corev1.Linux, corev1.Windows)
}

// validatePodNames checks the names and numbers between the scheduling
// constraints and the tolerations.
func validatePodNames(spec *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if spec.ServiceAccountName != "" {
		errs = append(errs, validateDNSSubdomain(spec.ServiceAccountName, p.Child("serviceAccountName"))...)
	}
	if spec.NodeName != "" {
		errs = append(errs, validateDNSSubdomain(spec.NodeName, p.Child("nodeName"))...)
	}
	if d := spec.ActiveDeadlineSeconds; d != nil && (*d < 1 || *d > math.MaxInt32) {
		errs = append(errs, field.Invalid(p.Child("activeDeadlineSeconds"), *d, utilvalidation.InclusiveRangeError(1, math.MaxInt32)))
	}
	if spec.Hostname != "" {
		errs = append(errs, validateDNSLabel(spec.Hostname, p.Child("hostname"))...)
	}
	if spec.Subdomain != "" {
		errs = append(errs, validateDNSLabel(spec.Subdomain, p.Child("subdomain"))...)
	}
	return errs
}

// validateHostNetwork: on the host's network a container's port is the host's.
// A template may leave the host's out.
func validateHostNetwork(spec *corev1.PodSpec, isPod bool, p *field.Path) field.ErrorList {
	if !spec.HostNetwork {
		return nil
	}
	var errs field.ErrorList
	for i, c := range spec.Containers {
		for j, port := range c.Ports {
			if (isPod || port.HostPort != 0) && port.HostPort != port.ContainerPort {
				errs = append(errs, field.Invalid(p.Index(i).Child("ports").Index(j).Child("hostPort"), port.HostPort,
					"must match `containerPort` when `hostNetwork` is true"))
			}
		}
	}
	return errs
}

func validatePodSecurity(sc *corev1.PodSecurityContext, p *field.Path) field.ErrorList {
	if sc == nil {
		return nil
	}
	var errs field.ErrorList
	if sc.FSGroup != nil {
		errs = append(errs, invalid(p.Child("fsGroup"), *sc.FSGroup, utilvalidation.IsValidGroupID(*sc.FSGroup))...)
	}
	if sc.RunAsUser != nil {
		errs = append(errs, invalid(p.Child("runAsUser"), *sc.RunAsUser, utilvalidation.IsValidUserID(*sc.RunAsUser))...)
	}
	if sc.RunAsGroup != nil {
		errs = append(errs, invalid(p.Child("runAsGroup"), *sc.RunAsGroup, utilvalidation.IsValidGroupID(*sc.RunAsGroup))...)
	}
	for i, gid := range sc.SupplementalGroups {
		errs = append(errs, invalid(p.Child("supplementalGroups").Index(i), gid, utilvalidation.IsValidGroupID(gid))...)
	}
	return errs
}

func validateSchedulingGates(gates []corev1.PodSchedulingGate, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := map[string]bool{}
	for i, gate := range gates {
		errs = append(errs, validateQualifiedName(gate.Name, p.Index(i))...)
		if seen[gate.Name] {
			errs = append(errs, field.Duplicate(p.Index(i), gate.Name))
		}
		seen[gate.Name] = true
	}
	return errs
}

// The limits of ValidatePodDNSConfig: what resolvers take.
const (
	maxNameservers = 3
	maxSearches    = 32
	maxSearchChars = 2048
)

func validateDNSConfig(config *corev1.PodDNSConfig, policy corev1.DNSPolicy, p *field.Path) field.ErrorList {
	servers, searches := p.Child("nameservers"), p.Child("searches")
	if policy == corev1.DNSNone && config == nil {
		return field.ErrorList{field.Required(p, "must provide `dnsConfig` when `dnsPolicy` is None")}
	}
	if config == nil {
		return nil
	}
	if policy == corev1.DNSNone && len(config.Nameservers) == 0 {
		return field.ErrorList{field.Required(servers, "must provide at least one DNS nameserver when `dnsPolicy` is None")}
	}
	var errs field.ErrorList
	if len(config.Nameservers) > maxNameservers {
		errs = append(errs, field.Invalid(servers, config.Nameservers, fmt.Sprintf("must not have more than %v nameservers", maxNameservers)))
	}
	for i, server := range config.Nameservers {
		errs = append(errs, utilvalidation.IsValidIPForLegacyField(servers.Index(i), server, strictIPs, nil)...)
	}
	if len(config.Searches) > maxSearches {
		errs = append(errs, field.Invalid(searches, config.Searches, fmt.Sprintf("must not have more than %v search paths", maxSearches)))
	}
	if len(strings.Join(config.Searches, " ")) > maxSearchChars {
		errs = append(errs, field.Invalid(searches, config.Searches,
			fmt.Sprintf("must not have more than %v characters (including spaces) in the search list", maxSearchChars)))
	}
	for i, search := range config.Searches {
		if search != "." {
			search = strings.TrimSuffix(search, ".")
			errs = append(errs, invalid(searches.Index(i), search, utilvalidation.IsDNS1123SubdomainWithUnderscore(search))...)
		}
	}
	for i, option := range config.Options {
		if option.Name == "" {
			errs = append(errs, field.Required(p.Child("options").Index(i), "must not be empty"))
		}
	}
	return errs
}

func validateHostAliases(aliases []corev1.HostAlias, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, alias := range aliases {
		errs = append(errs, utilvalidation.IsValidIPForLegacyField(p.Index(i).Child("ip"), alias.IP, strictIPs, nil)...)
		for j, host := range alias.Hostnames {
			errs = append(errs, validateDNSSubdomain(host, p.Index(i).Child("hostnames").Index(j))...)
		}
	}
	return errs
}
