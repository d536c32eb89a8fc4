package api

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validation of Services, after pkg/apis/core/validation. Left out: the
// annotations that stand for newer fields.

// isHeadless tells whether a service has said that it wants no address.
func isHeadless(svc *corev1.Service) bool {
	return len(svc.Spec.ClusterIPs) == 1 && svc.Spec.ClusterIPs[0] == corev1.ClusterIPNone
}

func isLoadBalancer(svc *corev1.Service) bool { return svc.Spec.Type == corev1.ServiceTypeLoadBalancer }

// NeedsHealthCheck tells whether a service has a node port for health checks.
func NeedsHealthCheck(svc *corev1.Service) bool {
	return isLoadBalancer(svc) && svc.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

func validateServiceCreate(svc *corev1.Service) field.ErrorList { return validateService(svc, nil) }

func validateServiceUpdate(svc, old *corev1.Service) field.ErrorList {
	errs := validateClusterIPChange(svc, old)
	errs = append(errs, validateFamilyChange(svc, old)...)
	class := specPath.Child("loadBalancerClass")
	if isLoadBalancer(svc) && isLoadBalancer(old) && !equality.Semantic.DeepEqual(svc.Spec.LoadBalancerClass, old.Spec.LoadBalancerClass) {
		errs = append(errs, field.Invalid(class, svc.Spec.LoadBalancerClass, "may not change once set"))
	}
	errs = append(errs, validateLoadBalancerClass(svc)...)
	if NeedsHealthCheck(svc) && NeedsHealthCheck(old) && svc.Spec.HealthCheckNodePort != old.Spec.HealthCheckNodePort {
		errs = append(errs, field.Forbidden(specPath.Child("healthCheckNodePort"), "field is immutable"))
	}
	return append(errs, validateService(svc, old)...)
}

func validateClusterIPChange(svc, old *corev1.Service) field.ErrorList {
	before, after := old.Spec.ClusterIPs, svc.Spec.ClusterIPs
	if svc.Spec.Type == corev1.ServiceTypeExternalName || old.Spec.Type == corev1.ServiceTypeExternalName ||
		isHeadless(old) && isHeadless(svc) {
		return nil
	}
	p := specPath.Child("clusterIPs")
	var errs field.ErrorList
	switch {
	case len(before) > 0 && len(after) == 0:
		errs = append(errs, field.Invalid(p.Index(0), after, "primary clusterIP can not be unset"))
	case len(before) == len(after):
		for i := range before {
			if before[i] != after[i] {
				errs = append(errs, field.Invalid(p.Index(i), after, "may not change once set"))
			}
		}
	case len(before) > 0 && before[0] != after[0]:
		errs = append(errs, field.Invalid(p.Index(0), after, "may not change once set"))
	}
	return errs
}

func validateFamilyChange(svc, old *corev1.Service) field.ErrorList {
	before, after := old.Spec.IPFamilies, svc.Spec.IPFamilies
	if svc.Spec.Type == corev1.ServiceTypeExternalName || old.Spec.Type == corev1.ServiceTypeExternalName ||
		isHeadless(old) || isHeadless(svc) || len(before) != len(after) {
		return nil
	}
	var errs field.ErrorList
	for i := range before {
		if before[i] != after[i] {
			errs = append(errs, field.Invalid(specPath.Child("ipFamilies").Index(0), after, "may not change once set"))
		}
	}
	return errs
}

func validateService(svc, old *corev1.Service) field.ErrorList {
	spec := &svc.Spec
	errs := validateServiceType(svc)
	names := map[string]bool{}
	for i := range spec.Ports {
		errs = append(errs, validateServicePort(&spec.Ports[i], len(spec.Ports) > 1, names, specPath.Child("ports").Index(i))...)
	}
	if spec.Selector != nil {
		errs = append(errs, inOrder(metavalidation.ValidateLabels(spec.Selector, specPath.Child("selector")),
			specPath.Child("selector"), spec.Selector, metavalidation.ValidateLabels)...)
	}
	errs = append(errs, validateSessionAffinity(spec)...)
	errs = append(errs, validateServiceIPs(svc, old)...)
	errs = append(errs, oneOf(spec.Type, specPath.Child("type"), corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName,
		corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort)...)
	errs = append(errs, validatePortsTogether(spec)...)
	errs = append(errs, validateLoadBalancerFields(svc, old)...)
	errs = append(errs, validateExternalTraffic(svc)...)
	return append(errs, validateInternalTraffic(spec)...)
}

func validateServiceType(svc *corev1.Service) field.ErrorList {
	spec := &svc.Spec
	var errs field.ErrorList
	if len(spec.Ports) == 0 && !isHeadless(svc) && spec.Type != corev1.ServiceTypeExternalName {
		errs = append(errs, field.Required(specPath.Child("ports"), ""))
	}
	switch spec.Type {
	case corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort:
		if isHeadless(svc) {
			errs = append(errs, field.Invalid(specPath.Child("clusterIPs").Index(0), spec.ClusterIPs[0],
				fmt.Sprintf("may not be set to 'None' for %s services", spec.Type)))
		}
	case corev1.ServiceTypeExternalName:
		const forbidden = "may not be set for ExternalName services"
		if len(spec.ClusterIPs) > 0 {
			errs = append(errs, field.Forbidden(specPath.Child("clusterIPs"), forbidden))
		}
		if len(spec.IPFamilies) > 0 {
			errs = append(errs, field.Forbidden(specPath.Child("ipFamilies"), forbidden))
		}
		if spec.IPFamilyPolicy != nil {
			errs = append(errs, field.Forbidden(specPath.Child("ipFamilyPolicy"), forbidden))
		}
		if cname := strings.TrimSuffix(spec.ExternalName, "."); cname != "" {
			errs = append(errs, validateDNSSubdomain(cname, specPath.Child("externalName"))...)
		} else {
			errs = append(errs, field.Required(specPath.Child("externalName"), ""))
		}
	}
	return errs
}

func validateServicePort(port *corev1.ServicePort, named bool, names map[string]bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case port.Name == "" && named:
		errs = append(errs, field.Required(p.Child("name"), ""))
	case port.Name != "":
		errs = append(errs, validateDNSLabel(port.Name, p.Child("name"))...)
		if names[port.Name] {
			errs = append(errs, field.Duplicate(p.Child("name"), port.Name))
		}
		names[port.Name] = true
	}
	errs = append(errs, invalid(p.Child("port"), port.Port, utilvalidation.IsValidPortNum(int(port.Port)))...)
	errs = append(errs, oneOf(port.Protocol, p.Child("protocol"), corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)...)
	errs = append(errs, validatePortNumOrName(port.TargetPort, p.Child("targetPort"))...)
	if port.AppProtocol != nil {
		errs = append(errs, validateQualifiedName(*port.AppProtocol, p.Child("appProtocol"))...)
	}
	return errs
}

func validatePortNumOrName(port intstr.IntOrString, p *field.Path) field.ErrorList {
	if port.Type == intstr.Int {
		return invalid(p, port.IntValue(), utilvalidation.IsValidPortNum(port.IntValue()))
	}
	return invalid(p, port.StrVal, utilvalidation.IsValidPortName(port.StrVal))
}

func validateSessionAffinity(spec *corev1.ServiceSpec) field.ErrorList {
	p := specPath.Child("sessionAffinityConfig")
	errs := oneOf(spec.SessionAffinity, specPath.Child("sessionAffinity"), corev1.ServiceAffinityClientIP, corev1.ServiceAffinityNone)
	if c := spec.SessionAffinityConfig; spec.SessionAffinity == corev1.ServiceAffinityClientIP && c != nil && c.ClientIP != nil {
		if t := *c.ClientIP.TimeoutSeconds; t <= 0 || t > maxAffinitySeconds {
			errs = append(errs, field.Invalid(p.Child("clientIP").Child("timeoutSeconds"), t,
				fmt.Sprintf("must be greater than 0 and less than %d", maxAffinitySeconds)))
		}
	}
	return errs
}

// maxAffinitySeconds is a day.
const maxAffinitySeconds = 86400

// ValidateServiceAddresses checks the cluster IPs and families of a service;
// it is asked before an address is allocated, too.
func ValidateServiceAddresses(svc, _ *corev1.Service) field.ErrorList {
	spec := &svc.Spec
	if spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	ips := specPath.Child("clusterIPs")
	var errs field.ErrorList
	switch {
	case spec.ClusterIP == "" && len(spec.ClusterIPs) > 0:
		errs = append(errs, field.Invalid(ips, spec.ClusterIPs, "must be empty when `clusterIP` is not specified"))
	case spec.ClusterIP != "" && len(spec.ClusterIPs) == 0:
		errs = append(errs, field.Required(ips, ""))
	case spec.ClusterIP != "" && spec.ClusterIPs[0] != spec.ClusterIP:
		errs = append(errs, field.Invalid(ips, spec.ClusterIPs, "first value must match `clusterIP`"))
	}
	errs = append(errs, validateFamilies(spec)...)
	bad := false
	for i, ip := range spec.ClusterIPs {
		if i == 0 && ip == corev1.ClusterIPNone {
			if len(spec.ClusterIPs) > 1 {
				bad = true
				errs = append(errs, field.Invalid(ips, spec.ClusterIPs, "'None' must be the first and only value"))
			}
			continue
		}
		wrong := utilvalidation.IsValidIPForLegacyField(ips.Index(i), ip, strictIPs, nil)
		bad = bad || len(wrong) > 0
		errs = append(errs, wrong...)
	}
	if len(spec.ClusterIPs) > 2 {
		errs = append(errs, field.Invalid(ips, spec.ClusterIPs, "may only hold up to 2 values"))
	}
	if bad || isHeadless(svc) {
		return errs
	}
	return append(errs, validateFamilyMatch(spec, ips)...)
}

func validateFamilies(spec *corev1.ServiceSpec) field.ErrorList {
	var errs field.ErrorList
	seen := map[corev1.IPFamily]bool{}
	for i, family := range spec.IPFamilies {
		p := specPath.Child("ipFamilies").Index(i)
		errs = append(errs, supported(family, p, corev1.IPv4Protocol, corev1.IPv6Protocol)...)
		if seen[family] {
			errs = append(errs, field.Duplicate(p, family))
		}
		seen[family] = true
	}
	if policy := spec.IPFamilyPolicy; policy != nil {
		policies := []corev1.IPFamilyPolicy{corev1.IPFamilyPolicyPreferDualStack, corev1.IPFamilyPolicyRequireDualStack, corev1.IPFamilyPolicySingleStack}
		if !slices.Contains(policies, *policy) {
			errs = append(errs, field.NotSupported(specPath.Child("ipFamilyPolicy"), policy, policies))
		}
	}
	return errs
}

// FamilyOf is the IP family of an address.
func FamilyOf(ip string) corev1.IPFamily {
	if a, err := netip.ParseAddr(ip); err == nil && a.Is6() {
		return corev1.IPv6Protocol
	}
	return corev1.IPv4Protocol
}

func validateFamilyMatch(spec *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if ips := spec.ClusterIPs; len(ips) == 2 && FamilyOf(ips[0]) == FamilyOf(ips[1]) {
		errs = append(errs, field.Invalid(p, ips, "may specify no more than one IP for each IP family"))
	}
	for i, ip := range spec.ClusterIPs {
		if i < len(spec.IPFamilies) && FamilyOf(ip) != spec.IPFamilies[i] && spec.IPFamilies[i] != "" {
			errs = append(errs, field.Invalid(p.Index(i), ip, fmt.Sprintf("expected an %s value as indicated by `ipFamilies[%d]`", spec.IPFamilies[i], i)))
		}
	}
	return errs
}

func validateServiceIPs(svc, old *corev1.Service) field.ErrorList {
	errs := ValidateServiceAddresses(svc, old)
	var before []string
	if old != nil {
		before = old.Spec.ExternalIPs
	}
	for i, ip := range svc.Spec.ExternalIPs {
		p := specPath.Child("externalIPs").Index(i)
		if wrong := utilvalidation.IsValidIPForLegacyField(p, ip, strictIPs, before); len(wrong) > 0 {
			errs = append(errs, wrong...)
		} else {
			errs = append(errs, validateEndpointIP(ip, p)...)
		}
	}
	return errs
}

// validateEndpointIP refuses addresses that mean the machine itself or its neighbourhood.
func validateEndpointIP(ip string, p *field.Path) field.ErrorList {
	a, err := netip.ParseAddr(ip)
	switch {
	case err != nil:
		return field.ErrorList{field.Invalid(p, ip, "must be a valid IP address")}
	case a.IsUnspecified():
		return field.ErrorList{field.Invalid(p, ip, fmt.Sprintf("may not be unspecified (%v)", ip))}
	case a.IsLoopback():
		return field.ErrorList{field.Invalid(p, ip, "may not be in the loopback range (127.0.0.0/8, ::1/128)")}
	case a.IsLinkLocalUnicast():
		return field.ErrorList{field.Invalid(p, ip, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")}
	case a.IsLinkLocalMulticast():
		return field.ErrorList{field.Invalid(p, ip, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")}
	}
	return nil
}

// protocolPort prints as upstream's internal ServicePort does in a duplicate.
type protocolPort struct {
	Name        string
	Protocol    corev1.Protocol
	AppProtocol *string
	Port        int32
	TargetPort  intstr.IntOrString
	NodePort    int32
}

func validatePortsTogether(spec *corev1.ServiceSpec) field.ErrorList {
	ports := specPath.Child("ports")
	var errs field.ErrorList
	nodePorts, seen := map[protocolPort]bool{}, map[protocolPort]bool{}
	for i, port := range spec.Ports {
		if port.NodePort != 0 && spec.Type == corev1.ServiceTypeClusterIP {
			errs = append(errs, field.Forbidden(ports.Index(i).Child("nodePort"), "may not be used when `type` is 'ClusterIP'"))
		}
	}
	for i, port := range spec.Ports {
		key := protocolPort{Protocol: port.Protocol, NodePort: port.NodePort}
		if port.NodePort != 0 && nodePorts[key] {
			errs = append(errs, field.Duplicate(ports.Index(i).Child("nodePort"), port.NodePort))
		}
		nodePorts[key] = true
	}
	for i, port := range spec.Ports {
		key := protocolPort{Protocol: port.Protocol, Port: port.Port}
		if seen[key] {
			errs = append(errs, field.Duplicate(ports.Index(i), key))
		}
		seen[key] = true
	}
	return errs
}

func validateLoadBalancerFields(svc, old *corev1.Service) field.ErrorList {
	const only = "may only be used when `type` is 'LoadBalancer'"
	spec := &svc.Spec
	var errs field.ErrorList
	if len(spec.LoadBalancerSourceRanges) > 0 {
		p := specPath.Child("LoadBalancerSourceRanges")
		if !isLoadBalancer(svc) {
			errs = append(errs, field.Forbidden(p, only))
		}
		var before []string
		if old != nil {
			before = old.Spec.LoadBalancerSourceRanges
		}
		for i, value := range spec.LoadBalancerSourceRanges {
			errs = append(errs, utilvalidation.IsValidCIDRForLegacyField(p.Index(i), strings.TrimSpace(value), strictIPs, before)...)
		}
	}
	if spec.AllocateLoadBalancerNodePorts != nil && !isLoadBalancer(svc) {
		errs = append(errs, field.Forbidden(specPath.Child("allocateLoadBalancerNodePorts"), only))
	}
	return append(errs, validateLoadBalancerClass(svc)...)
}

func validateLoadBalancerClass(svc *corev1.Service) field.ErrorList {
	class, p := svc.Spec.LoadBalancerClass, specPath.Child("loadBalancerClass")
	switch {
	case class == nil:
		return nil
	case !isLoadBalancer(svc):
		return field.ErrorList{field.Forbidden(p, "may only be used when `type` is 'LoadBalancer'")}
	}
	return validateQualifiedName(*class, p)
}

func validateExternalTraffic(svc *corev1.Service) field.ErrorList {
	policy, p := svc.Spec.ExternalTrafficPolicy, specPath.Child("externalTrafficPolicy")
	var errs field.ErrorList
	if !ExternallyAccessible(svc) {
		if policy != "" {
			errs = append(errs, field.Invalid(p, policy, "may only be set for externally-accessible services"))
		}
	} else {
		errs = append(errs, oneOf(policy, p, corev1.ServiceExternalTrafficPolicyCluster, corev1.ServiceExternalTrafficPolicyLocal)...)
	}
	port, at := svc.Spec.HealthCheckNodePort, specPath.Child("healthCheckNodePort")
	switch {
	case !NeedsHealthCheck(svc) && port != 0:
		errs = append(errs, field.Invalid(at, port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"))
	case NeedsHealthCheck(svc) && port == 0:
		errs = append(errs, field.Required(at, ""))
	case NeedsHealthCheck(svc):
		errs = append(errs, invalid(at, port, utilvalidation.IsValidPortNum(int(port)))...)
	}
	return errs
}

func validateInternalTraffic(spec *corev1.ServiceSpec) field.ErrorList {
	var errs field.ErrorList
	if policy := spec.InternalTrafficPolicy; policy != nil {
		errs = supported(*policy, specPath.Child("internalTrafficPolicy"),
			corev1.ServiceInternalTrafficPolicyCluster, corev1.ServiceInternalTrafficPolicyLocal)
	}
	if d := spec.TrafficDistribution; d != nil {
		errs = append(errs, supported(*d, specPath.Child("trafficDistribution"), corev1.ServiceTrafficDistributionPreferClose,
			corev1.ServiceTrafficDistributionPreferSameZone, corev1.ServiceTrafficDistributionPreferSameNode)...)
	}
	return errs
}

func validateServiceStatusUpdate(svc, _ *corev1.Service) field.ErrorList {
	p := field.NewPath("status", "loadBalancer", "ingress")
	points := svc.Status.LoadBalancer.Ingress
	if !isLoadBalancer(svc) && len(points) > 0 {
		return field.ErrorList{field.Forbidden(p, "may only be used when `spec.type` is 'LoadBalancer'")}
	}
	var errs field.ErrorList
	for i, point := range points {
		if point.IP != "" {
			errs = append(errs, utilvalidation.IsValidIPForLegacyField(p.Index(i).Child("ip"), point.IP, strictIPs, nil)...)
		}
		if point.Hostname != "" {
			errs = append(errs, validateDNSSubdomain(point.Hostname, p.Index(i).Child("hostname"))...)
		}
	}
	return errs
}
