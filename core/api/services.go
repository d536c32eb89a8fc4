package api

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Services: pkg/apis/core/v1/defaults.go and pkg/registry/core/service. Which
// addresses and ports a service gets is decided by the API server, which knows
// those that are taken. Left out: dual stack, topology hints' deprecated
// annotation.

func services() *Resource {
	r := parted(typed[corev1.Service, corev1.ServiceList](&Resource{
		Version: "v1", Kind: "Service", Plural: "services", Singular: "service",
		ShortNames: []string{"svc"}, Categories: []string{"all"}, Namespaced: true, Subresources: []string{"status"},
		ReturnsDeleted: true,
		ValidateName:   validation.NameIsDNSLabel,
		Default:        on(defaultService),
		Validate:       check(validateServiceCreate), ValidateUpdate: recheck(validateServiceUpdate),
		ValidateStatusUpdate: recheck(validateServiceStatusUpdate),
		Columns:              serviceColumns(), Row: row(serviceRow), Fields: labelled(serviceFields),
	}), false,
		func(s *corev1.Service) *corev1.ServiceSpec { return &s.Spec },
		func(s *corev1.Service) *corev1.ServiceStatus { return &s.Status })
	r.PrepareUpdate = over(prepareServiceUpdate)
	return r
}

// prepareServiceUpdate keeps the status, and drops what came with the old type
// and was not asked for.
func prepareServiceUpdate(svc, old *corev1.Service) {
	svc.Status = *old.Status.DeepCopy()
	same := equality.Semantic.DeepEqual
	if NeedsClusterIP(old) && !NeedsClusterIP(svc) {
		if svc.Spec.ClusterIP == old.Spec.ClusterIP && same(svc.Spec.ClusterIPs, old.Spec.ClusterIPs) {
			svc.Spec.ClusterIP, svc.Spec.ClusterIPs = "", nil
		}
		if same(svc.Spec.IPFamilies, old.Spec.IPFamilies) {
			svc.Spec.IPFamilies = nil
		}
		if same(svc.Spec.IPFamilyPolicy, old.Spec.IPFamilyPolicy) {
			svc.Spec.IPFamilyPolicy = nil
		}
		if same(svc.Spec.InternalTrafficPolicy, old.Spec.InternalTrafficPolicy) {
			svc.Spec.InternalTrafficPolicy = nil
		}
	}
	if NeedsNodePort(old) && !NeedsNodePort(svc) && same(NodePorts(svc), NodePorts(old)) {
		for i := range svc.Spec.Ports {
			svc.Spec.Ports[i].NodePort = 0
		}
	}
	if NeedsHealthCheck(old) && !NeedsHealthCheck(svc) && svc.Spec.HealthCheckNodePort == old.Spec.HealthCheckNodePort {
		svc.Spec.HealthCheckNodePort = 0
	}
	if isLoadBalancer(old) && !isLoadBalancer(svc) {
		if same(svc.Spec.AllocateLoadBalancerNodePorts, old.Spec.AllocateLoadBalancerNodePorts) {
			svc.Spec.AllocateLoadBalancerNodePorts = nil
		}
		if same(svc.Spec.LoadBalancerClass, old.Spec.LoadBalancerClass) {
			svc.Spec.LoadBalancerClass = nil
		}
	}
	if ExternallyAccessible(old) && !ExternallyAccessible(svc) && svc.Spec.ExternalTrafficPolicy == old.Spec.ExternalTrafficPolicy {
		svc.Spec.ExternalTrafficPolicy = ""
	}
	if !isLoadBalancer(svc) {
		svc.Status.LoadBalancer = corev1.LoadBalancerStatus{}
	}
}

// NeedsClusterIP tells whether a service may have an address of its own.
func NeedsClusterIP(svc *corev1.Service) bool { return svc.Spec.Type != corev1.ServiceTypeExternalName }

// NeedsNodePort tells whether a service gets a port on every node.
func NeedsNodePort(svc *corev1.Service) bool {
	return svc.Spec.Type == corev1.ServiceTypeNodePort ||
		isLoadBalancer(svc) && (svc.Spec.AllocateLoadBalancerNodePorts == nil || *svc.Spec.AllocateLoadBalancerNodePorts)
}

// NodePorts lists a service's node ports, 0 where a port has none.
func NodePorts(svc *corev1.Service) []int32 {
	ports := make([]int32, len(svc.Spec.Ports))
	for i, port := range svc.Spec.Ports {
		ports[i] = port.NodePort
	}
	return ports
}

func defaultService(svc *corev1.Service) {
	spec := &svc.Spec
	setIfEmpty(&spec.SessionAffinity, corev1.ServiceAffinityNone)
	switch spec.SessionAffinity {
	case corev1.ServiceAffinityNone:
		spec.SessionAffinityConfig = nil
	case corev1.ServiceAffinityClientIP:
		if c := spec.SessionAffinityConfig; c == nil || c.ClientIP == nil || c.ClientIP.TimeoutSeconds == nil {
			timeout := corev1.DefaultClientIPServiceAffinitySeconds
			spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: &timeout}}
		}
	}
	setIfEmpty(&spec.Type, corev1.ServiceTypeClusterIP)
	for i := range spec.Ports {
		port := &spec.Ports[i]
		setIfEmpty(&port.Protocol, corev1.ProtocolTCP)
		if port.TargetPort == intstr.FromInt32(0) || port.TargetPort == intstr.FromString("") {
			port.TargetPort = intstr.FromInt32(port.Port)
		}
	}
	if ExternallyAccessible(svc) {
		setIfEmpty(&spec.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster)
	}
	if spec.Type != corev1.ServiceTypeExternalName {
		setIfNil(&spec.InternalTrafficPolicy, corev1.ServiceInternalTrafficPolicyCluster)
	}
	if spec.Type == corev1.ServiceTypeLoadBalancer {
		setIfNil(&spec.AllocateLoadBalancerNodePorts, true)
		for i := range svc.Status.LoadBalancer.Ingress {
			if in := &svc.Status.LoadBalancer.Ingress[i]; in.IP != "" {
				setIfNil(&in.IPMode, corev1.LoadBalancerIPModeVIP)
			}
		}
	}
}

// ExternallyAccessible tells whether a service can be reached from outside the cluster.
func ExternallyAccessible(svc *corev1.Service) bool {
	return svc.Spec.Type == corev1.ServiceTypeLoadBalancer || svc.Spec.Type == corev1.ServiceTypeNodePort ||
		svc.Spec.Type == corev1.ServiceTypeClusterIP && len(svc.Spec.ExternalIPs) > 0
}

func serviceFields(svc *corev1.Service) fields.Set {
	return fields.Set{"spec.clusterIP": svc.Spec.ClusterIP, "spec.type": string(svc.Spec.Type)}
}

func serviceColumns() []metav1.TableColumnDefinition {
	spec := corev1.ServiceSpec{}.SwaggerDoc()
	return []metav1.TableColumnDefinition{
		nameColumn,
		column("Type", spec["type"]),
		column("Cluster-IP", spec["clusterIP"]),
		column("External-IP", spec["externalIPs"]),
		column("Port(s)", spec["ports"]),
		ageColumn,
		wide("Selector", spec["selector"]),
	}
}

func serviceRow(svc *corev1.Service, now time.Time) []any {
	ip := ""
	if len(svc.Spec.ClusterIPs) > 0 {
		ip = svc.Spec.ClusterIPs[0]
	}
	return []any{svc.Name, string(svc.Spec.Type), orNone(ip), externalIP(svc), orNone(servicePorts(svc.Spec.Ports)),
		age(svc.CreationTimestamp, now), labels.FormatLabels(svc.Spec.Selector)}
}

func externalIP(svc *corev1.Service) string {
	external := strings.Join(svc.Spec.ExternalIPs, ",")
	switch svc.Spec.Type {
	case corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort:
		return orNone(external)
	case corev1.ServiceTypeExternalName:
		return svc.Spec.ExternalName
	case corev1.ServiceTypeLoadBalancer:
		if all := joined(loadBalancerAddresses(svc), external); all != "" {
			return all
		}
		return "<pending>"
	}
	return "<unknown>"
}

// joined puts commas between those of the words that aren't empty.
func joined(words ...string) string {
	var some []string
	for _, w := range words {
		if w != "" {
			some = append(some, w)
		}
	}
	return strings.Join(some, ",")
}

func loadBalancerAddresses(svc *corev1.Service) string {
	set := map[string]bool{}
	for _, in := range svc.Status.LoadBalancer.Ingress {
		address := in.IP
		setIfEmpty(&address, in.Hostname)
		set[address] = address != ""
	}
	delete(set, "")
	return strings.Join(sortedKeys(set), ",")
}

func servicePorts(ports []corev1.ServicePort) string {
	pieces := make([]string, len(ports))
	for i, port := range ports {
		pieces[i] = fmt.Sprintf("%d/%s", port.Port, port.Protocol)
		if port.NodePort > 0 {
			pieces[i] = fmt.Sprintf("%d:%d/%s", port.Port, port.NodePort, port.Protocol)
		}
	}
	return strings.Join(pieces, ",")
}
