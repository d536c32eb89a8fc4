package api

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The kinds of networking.k8s.io: pkg/apis/networking/v1/defaults.go and
// pkg/registry/networking.

const networking = "networking.k8s.io"

func ingresses() *Resource {
	return parted(typed[networkingv1.Ingress, networkingv1.IngressList](&Resource{
		Group: networking, Version: "v1", Kind: "Ingress", Plural: "ingresses", Singular: "ingress",
		Validate: check(validateIngressCreate), ValidateUpdate: recheck(validateIngressUpdate),
		Warnings:   warn(ingressWarnings),
		ShortNames: []string{"ing"}, Namespaced: true, Subresources: []string{"status"},
		Columns: []metav1.TableColumnDefinition{
			nameColumn,
			column("Class", "The name of the IngressClass resource that should be used for additional configuration"),
			column("Hosts", "Hosts that incoming requests are matched against before the ingress rule"),
			column("Address", "Address is a list containing ingress points for the load-balancer"),
			column("Ports", "Ports of TLS configurations that open"),
			ageColumn,
		},
		Row: row(ingressRow),
	}), true,
		func(in *networkingv1.Ingress) *networkingv1.IngressSpec { return &in.Spec },
		func(in *networkingv1.Ingress) *networkingv1.IngressStatus { return &in.Status })
}

// ingressWarnings are for the annotation that the class field has replaced.
func ingressWarnings(in, old *networkingv1.Ingress) []string {
	if _, ok := in.Annotations[ingressClassAnnotation]; ok && old == nil && in.Spec.IngressClassName == nil {
		return []string{fmt.Sprintf("annotation %q is deprecated, please use 'spec.ingressClassName' instead", ingressClassAnnotation)}
	}
	return nil
}

func ingressRow(in *networkingv1.Ingress, now time.Time) []any {
	class, ports := "", "80"
	if in.Spec.IngressClassName != nil {
		class = *in.Spec.IngressClassName
	}
	if len(in.Spec.TLS) > 0 {
		ports = "80, 443"
	}
	addresses := map[string]bool{}
	for _, point := range in.Status.LoadBalancer.Ingress {
		address := point.IP
		setIfEmpty(&address, point.Hostname)
		addresses[address] = true
	}
	delete(addresses, "")
	return []any{in.Name, orNone(class), ingressHosts(in.Spec.Rules), strings.Join(sortedKeys(addresses), ","), ports,
		age(in.CreationTimestamp, now)}
}

// ingressHosts lists three hosts; the count of the others goes by rules, as upstream's.
func ingressHosts(rules []networkingv1.IngressRule) string {
	const limit = 3
	var hosts []string
	for _, rule := range rules {
		if len(hosts) == limit {
			return fmt.Sprintf("%s + %d more...", strings.Join(hosts, ","), len(rules)-limit)
		}
		if rule.Host != "" {
			hosts = append(hosts, rule.Host)
		}
	}
	if len(hosts) == 0 {
		return "*"
	}
	return strings.Join(hosts, ",")
}

func ingressClasses() *Resource {
	return counted(typed[networkingv1.IngressClass, networkingv1.IngressClassList](&Resource{
		Group: networking, Version: "v1", Kind: "IngressClass", Plural: "ingressclasses", Singular: "ingressclass",
		Validate: check(validateIngressClass), ValidateUpdate: recheck(validateIngressClassUpdate),
		Default: on(func(c *networkingv1.IngressClass) {
			if c.Spec.Parameters != nil {
				setIfNil(&c.Spec.Parameters.Scope, networkingv1.IngressClassParametersReferenceScopeCluster)
			}
		}),
		Columns: []metav1.TableColumnDefinition{
			nameColumn,
			column("Controller", "Controller that is responsible for handling this class"),
			column("Parameters", "A reference to a resource with additional parameters"),
			ageColumn,
		},
		Row: row(ingressClassRow),
	}), func(c *networkingv1.IngressClass) *networkingv1.IngressClassSpec { return &c.Spec })
}

func ingressClassRow(c *networkingv1.IngressClass, now time.Time) []any {
	parameters := "<none>"
	if p := c.Spec.Parameters; p != nil {
		parameters = p.Kind
		if p.APIGroup != nil {
			parameters += "." + *p.APIGroup
		}
		parameters += "/" + p.Name
	}
	return []any{c.Name + defaultMark(c.Annotations, networkingv1.AnnotationIsDefaultIngressClass), c.Spec.Controller, parameters,
		age(c.CreationTimestamp, now)}
}

// defaultMark follows the name of a class that an annotation makes the default.
func defaultMark(annotations map[string]string, keys ...string) string {
	for _, key := range keys {
		if annotations[key] == "true" {
			return " (default)"
		}
	}
	return ""
}

func networkPolicies() *Resource {
	return counted(typed[networkingv1.NetworkPolicy, networkingv1.NetworkPolicyList](&Resource{
		Group: networking, Version: "v1", Kind: "NetworkPolicy", Plural: "networkpolicies", Singular: "networkpolicy",
		Validate: check(validateNetworkPolicy), ValidateUpdate: recheck(validateNetworkPolicyUpdate),
		ShortNames: []string{"netpol"}, Namespaced: true,
		Default: on(defaultNetworkPolicy),
		Columns: []metav1.TableColumnDefinition{
			nameColumn, column("Pod-Selector", networkingv1.NetworkPolicySpec{}.SwaggerDoc()["podSelector"]), ageColumn,
		},
		Row: row(func(p *networkingv1.NetworkPolicy, now time.Time) []any {
			return []any{p.Name, metav1.FormatLabelSelector(&p.Spec.PodSelector), age(p.CreationTimestamp, now)}
		}),
	}), func(p *networkingv1.NetworkPolicy) *networkingv1.NetworkPolicySpec { return &p.Spec })
}

func defaultNetworkPolicy(p *networkingv1.NetworkPolicy) {
	if len(p.Spec.PolicyTypes) == 0 {
		p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(p.Spec.Egress) > 0 {
			p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	ports := func(list []networkingv1.NetworkPolicyPort) {
		for i := range list {
			setIfNil(&list[i].Protocol, corev1.ProtocolTCP)
		}
	}
	for _, rule := range p.Spec.Ingress {
		ports(rule.Ports)
	}
	for _, rule := range p.Spec.Egress {
		ports(rule.Ports)
	}
}

func ipAddresses() *Resource {
	return typed[networkingv1.IPAddress, networkingv1.IPAddressList](&Resource{
		Group: networking, Version: "v1", Kind: "IPAddress", Plural: "ipaddresses", Singular: "ipaddress",
		Validate: check(validateIPAddress), ValidateUpdate: recheck(validateIPAddressUpdate),
		ValidateName: validateIPName,
		ShortNames:   []string{"ip"},
		Columns: []metav1.TableColumnDefinition{
			nameColumn, column("ParentRef", networkingv1.IPAddressSpec{}.SwaggerDoc()["parentRef"]),
		},
		Row: row(func(ip *networkingv1.IPAddress, now time.Time) []any {
			parent := "<none>"
			if ref := ip.Spec.ParentRef; ref != nil {
				parent = strings.ToLower(schema.GroupResource{Group: ref.Group, Resource: ref.Resource}.String())
				if ref.Namespace != "" {
					parent += "/" + ref.Namespace
				}
				parent += "/" + ref.Name
			}
			return []any{ip.Name, parent, age(ip.CreationTimestamp, now)}
		}),
	})
}

func serviceCIDRs() *Resource {
	return parted(typed[networkingv1.ServiceCIDR, networkingv1.ServiceCIDRList](&Resource{
		Group: networking, Version: "v1", Kind: "ServiceCIDR", Plural: "servicecidrs", Singular: "servicecidr",
		Validate: check(validateServiceCIDR), ValidateUpdate: recheck(validateServiceCIDRUpdate),
		Subresources: []string{"status"},
		Columns: []metav1.TableColumnDefinition{
			nameColumn, column("CIDRs", networkingv1.ServiceCIDRSpec{}.SwaggerDoc()["cidrs"]), ageColumn,
		},
		Row: row(func(c *networkingv1.ServiceCIDR, now time.Time) []any {
			return []any{c.Name, strings.Join(c.Spec.CIDRs, ","), age(c.CreationTimestamp, now)}
		}),
	}), false,
		func(c *networkingv1.ServiceCIDR) *networkingv1.ServiceCIDRSpec { return &c.Spec },
		func(c *networkingv1.ServiceCIDR) *networkingv1.ServiceCIDRStatus { return &c.Status })
}
