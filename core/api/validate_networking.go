package api

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validation of the kinds of networking.k8s.io, after
// pkg/apis/networking/validation.

const ingressClassAnnotation = "kubernetes.io/ingress.class"

func validateIngressCreate(in *networkingv1.Ingress) field.ErrorList {
	errs := validateIngress(in)
	class, ok := in.Annotations[ingressClassAnnotation]
	if ok && in.Spec.IngressClassName != nil && class != *in.Spec.IngressClassName {
		errs = append(errs, field.Invalid(field.NewPath("annotations").Child(ingressClassAnnotation), class,
			"must match `ingressClassName` when both are specified"))
	}
	return errs
}

func validateIngressUpdate(in, _ *networkingv1.Ingress) field.ErrorList { return validateIngress(in) }

func validateIngress(in *networkingv1.Ingress) field.ErrorList {
	spec := &in.Spec
	var errs field.ErrorList
	if len(spec.Rules) == 0 && spec.DefaultBackend == nil {
		errs = append(errs, field.Invalid(specPath, spec.Rules, "either `defaultBackend` or `rules` must be specified"))
	}
	if spec.DefaultBackend != nil {
		errs = append(errs, validateBackend(spec.DefaultBackend, specPath.Child("defaultBackend"))...)
	}
	for i := range spec.Rules {
		errs = append(errs, validateIngressRule(&spec.Rules[i], specPath.Child("rules").Index(i))...)
	}
	for i, tls := range spec.TLS {
		p := specPath.Child("tls").Index(i)
		for j, host := range tls.Hosts {
			errs = append(errs, validateIngressHost(host, p.Child("hosts").Index(j))...)
		}
		if tls.SecretName != "" {
			errs = append(errs, validateDNSSubdomain(tls.SecretName, p.Child("secretName"))...)
		}
	}
	if class := spec.IngressClassName; class != nil {
		errs = append(errs, validateDNSSubdomain(*class, specPath.Child("ingressClassName"))...)
	}
	return errs
}

func validateIngressHost(host string, p *field.Path) field.ErrorList {
	if strings.Contains(host, "*") {
		return invalid(p, host, utilvalidation.IsWildcardDNS1123Subdomain(host))
	}
	return validateDNSSubdomain(host, p)
}

func validateIngressRule(rule *networkingv1.IngressRule, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if rule.Host != "" {
		if _, err := netip.ParseAddr(rule.Host); err == nil {
			errs = append(errs, field.Invalid(p.Child("host"), rule.Host, "must be a DNS name, not an IP address"))
		}
		errs = append(errs, validateIngressHost(rule.Host, p.Child("host"))...)
	}
	if rule.HTTP == nil {
		return errs
	}
	paths := p.Child("http", "paths")
	if len(rule.HTTP.Paths) == 0 {
		errs = append(errs, field.Required(paths, ""))
	}
	for i := range rule.HTTP.Paths {
		errs = append(errs, validateIngressPath(&rule.HTTP.Paths[i], paths.Index(i))...)
	}
	return errs
}

func validateIngressPath(path *networkingv1.HTTPIngressPath, p *field.Path) field.ErrorList {
	if path.PathType == nil {
		return field.ErrorList{field.Required(p.Child("pathType"), "pathType must be specified")}
	}
	var errs field.ErrorList
	at := p.Child("path")
	notAbsolute := !strings.HasPrefix(path.Path, "/")
	switch *path.PathType {
	case networkingv1.PathTypeExact, networkingv1.PathTypePrefix:
		if notAbsolute {
			errs = append(errs, field.Invalid(at, path.Path, "must be an absolute path"))
		}
		for _, bad := range []string{"//", "/./", "/../", "%2f", "%2F"} {
			if strings.Contains(path.Path, bad) {
				errs = append(errs, field.Invalid(at, path.Path, "must not contain '"+bad+"'"))
			}
		}
		for _, bad := range []string{"/..", "/."} {
			if strings.HasSuffix(path.Path, bad) {
				errs = append(errs, field.Invalid(at, path.Path, "cannot end with '"+bad+"'"))
			}
		}
	case networkingv1.PathTypeImplementationSpecific:
		if path.Path != "" && notAbsolute {
			errs = append(errs, field.Invalid(at, path.Path, "must be an absolute path"))
		}
	default:
		errs = append(errs, supported(*path.PathType, p.Child("pathType"),
			networkingv1.PathTypeExact, networkingv1.PathTypeImplementationSpecific, networkingv1.PathTypePrefix)...)
	}
	return append(errs, validateBackend(&path.Backend, p.Child("backend"))...)
}

func validateBackend(b *networkingv1.IngressBackend, p *field.Path) field.ErrorList {
	switch {
	case b.Resource != nil && b.Service != nil:
		return field.ErrorList{field.Invalid(p, "", "cannot set both resource and service backends")}
	case b.Resource != nil:
		return validateTypedReference(b.Resource, p.Child("resource"))
	case b.Service == nil:
		return field.ErrorList{field.Invalid(p, "", "resource or service backend is required")}
	}
	var errs field.ErrorList
	service := p.Child("service")
	if b.Service.Name == "" {
		errs = append(errs, field.Required(service.Child("name"), ""))
	} else {
		errs = append(errs, invalid(service.Child("name"), b.Service.Name, validation.NameIsDNSLabel(b.Service.Name, false))...)
	}
	port := b.Service.Port
	switch {
	case port.Name != "" && port.Number != 0:
		errs = append(errs, field.Invalid(p, "", "cannot set both port name & port number"))
	case port.Name != "":
		errs = append(errs, invalid(service.Child("port", "name"), port.Name, utilvalidation.IsValidPortName(port.Name))...)
	case port.Number != 0:
		errs = append(errs, invalid(service.Child("port", "number"), port.Number, utilvalidation.IsValidPortNum(int(port.Number)))...)
	default:
		errs = append(errs, field.Required(p, "port name or number is required"))
	}
	return errs
}

func validateTypedReference(ref *corev1.TypedLocalObjectReference, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if ref.APIGroup != nil {
		errs = append(errs, validateDNSSubdomain(*ref.APIGroup, p.Child("apiGroup"))...)
	}
	for _, f := range []struct{ name, value string }{{"kind", ref.Kind}, {"name", ref.Name}} {
		if f.value == "" {
			errs = append(errs, field.Required(p.Child(f.name), ""))
		} else {
			errs = append(errs, invalid(p.Child(f.name), f.value, validatePathSegment(f.value, false))...)
		}
	}
	return errs
}

func validateIngressClass(c *networkingv1.IngressClass) field.ErrorList {
	p := specPath.Child("controller")
	var errs field.ErrorList
	switch name := c.Spec.Controller; {
	case len(name) > 250:
		errs = append(errs, field.TooLong(p, name, 250))
	case name == "":
		errs = append(errs, field.Required(p, ""))
	default:
		errs = append(errs, utilvalidation.IsDomainPrefixedPath(p, name)...)
	}
	return errs
}

func validateIngressClassUpdate(c, old *networkingv1.IngressClass) field.ErrorList {
	return append(immutable(c.Spec.Controller, old.Spec.Controller, specPath.Child("controller")), validateIngressClass(c)...)
}

func validateNetworkPolicy(policy *networkingv1.NetworkPolicy) field.ErrorList {
	spec := &policy.Spec
	errs := validateSelector(&spec.PodSelector, specPath.Child("podSelector"))
	for i, rule := range spec.Ingress {
		p := specPath.Child("ingress").Index(i)
		errs = append(errs, validatePolicyRule(rule.Ports, rule.From, p, "from")...)
	}
	for i, rule := range spec.Egress {
		p := specPath.Child("egress").Index(i)
		errs = append(errs, validatePolicyRule(rule.Ports, rule.To, p, "to")...)
	}
	types := specPath.Child("policyTypes")
	if len(spec.PolicyTypes) > 2 {
		return append(errs, field.Invalid(types, &spec.PolicyTypes, "may not specify more than two policyTypes"))
	}
	for i, kind := range spec.PolicyTypes {
		errs = append(errs, supported(kind, types.Index(i), networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)...)
	}
	return errs
}

func validatePolicyRule(ports []networkingv1.NetworkPolicyPort, peers []networkingv1.NetworkPolicyPeer, p *field.Path, side string) field.ErrorList {
	var errs field.ErrorList
	for i := range ports {
		errs = append(errs, validatePolicyPort(&ports[i], p.Child("ports").Index(i))...)
	}
	for i := range peers {
		errs = append(errs, validatePolicyPeer(&peers[i], p.Child(side).Index(i))...)
	}
	return errs
}

func validatePolicyPort(port *networkingv1.NetworkPolicyPort, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if port.Protocol != nil {
		errs = supported(*port.Protocol, p.Child("protocol"), corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)
	}
	end := p.Child("endPort")
	switch {
	case port.Port == nil && port.EndPort != nil:
		errs = append(errs, field.Invalid(end, *port.EndPort, "may not be specified when `port` is not specified"))
	case port.Port == nil:
	case port.Port.Type == intstr.Int:
		errs = append(errs, invalid(p.Child("port"), port.Port.IntVal, utilvalidation.IsValidPortNum(int(port.Port.IntVal)))...)
		if port.EndPort != nil && *port.EndPort < port.Port.IntVal {
			errs = append(errs, field.Invalid(end, port.Port.IntVal, "must be greater than or equal to `port`"))
		}
		if port.EndPort != nil {
			errs = append(errs, invalid(end, *port.EndPort, utilvalidation.IsValidPortNum(int(*port.EndPort)))...)
		}
	default:
		if port.EndPort != nil {
			errs = append(errs, field.Invalid(end, *port.EndPort, "may not be specified when `port` is non-numeric"))
		}
		errs = append(errs, invalid(p.Child("port"), port.Port.StrVal, utilvalidation.IsValidPortName(port.Port.StrVal))...)
	}
	return errs
}

func validatePolicyPeer(peer *networkingv1.NetworkPolicyPeer, p *field.Path) field.ErrorList {
	errs := validateSelector(peer.PodSelector, p.Child("podSelector"))
	errs = append(errs, validateSelector(peer.NamespaceSelector, p.Child("namespaceSelector"))...)
	if peer.IPBlock != nil {
		errs = append(errs, validateIPBlock(peer.IPBlock, p.Child("ipBlock"))...)
	}
	switch others := peer.PodSelector != nil || peer.NamespaceSelector != nil; {
	case !others && peer.IPBlock == nil:
		errs = append(errs, field.Required(p, "must specify a peer"))
	case others && peer.IPBlock != nil:
		errs = append(errs, field.Forbidden(p, "may not specify both ipBlock and another peer"))
	}
	return errs
}

func validateIPBlock(block *networkingv1.IPBlock, p *field.Path) field.ErrorList {
	if block.CIDR == "" {
		return field.ErrorList{field.Required(p.Child("cidr"), "")}
	}
	errs := utilvalidation.IsValidCIDRForLegacyField(p.Child("cidr"), block.CIDR, strictIPs, nil)
	outer, err := netip.ParsePrefix(block.CIDR)
	for i, except := range block.Except {
		at := p.Child("except").Index(i)
		errs = append(errs, utilvalidation.IsValidCIDRForLegacyField(at, except, strictIPs, nil)...)
		inner, wrong := netip.ParsePrefix(except)
		if err == nil && wrong == nil && (!outer.Contains(inner.Addr()) || inner.Bits() <= outer.Bits()) {
			errs = append(errs, field.Invalid(at, except, "must be a strict subset of `cidr`"))
		}
	}
	return errs
}

func validateNetworkPolicyUpdate(policy, _ *networkingv1.NetworkPolicy) field.ErrorList {
	return validateNetworkPolicy(policy)
}

func validateIPAddress(ip *networkingv1.IPAddress) field.ErrorList {
	p, ref := specPath.Child("parentRef"), ip.Spec.ParentRef
	if ref == nil {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	if ref.Resource == "" {
		errs = append(errs, field.Required(p.Child("resource"), ""))
	}
	if ref.Name == "" {
		errs = append(errs, field.Required(p.Child("name"), ""))
	}
	return errs
}

func validateIPAddressUpdate(ip, old *networkingv1.IPAddress) field.ErrorList {
	return append(validateIPAddress(ip), immutable(ip.Spec.ParentRef, old.Spec.ParentRef, specPath.Child("parentRef"))...)
}

// validateIPName wants an address in its canonical form as a name.
func validateIPName(name string, _ bool) []string {
	if a, err := netip.ParseAddr(name); err != nil || a.String() != name {
		return []string{"must be a valid IP address in canonical form"}
	}
	return nil
}

func validateServiceCIDR(c *networkingv1.ServiceCIDR) field.ErrorList {
	p := specPath.Child("cidrs")
	if len(c.Spec.CIDRs) == 0 {
		return field.ErrorList{field.Required(p, "at least one CIDR required")}
	}
	if len(c.Spec.CIDRs) > 2 {
		return field.ErrorList{field.Invalid(p, c.Spec.CIDRs, "may only hold up to 2 values")}
	}
	var errs field.ErrorList
	for i, cidr := range c.Spec.CIDRs {
		errs = append(errs, utilvalidation.IsValidCIDR(p.Index(i), cidr)...)
	}
	return errs
}

func validateServiceCIDRUpdate(c, old *networkingv1.ServiceCIDR) field.ErrorList {
	if slices.Equal(c.Spec.CIDRs, old.Spec.CIDRs) || equality.Semantic.DeepEqual(c.Spec, old.Spec) {
		return nil
	}
	return field.ErrorList{field.Invalid(specPath.Child("cidrs").Index(0), c.Spec.CIDRs[0], "field is immutable")}
}
