package apiserver

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// Services get their addresses and node ports here, while they are written
// (pkg/registry/core/service/{ipallocator,portallocator,storage}). What is
// taken is read off the services that are stored, so that nothing has to be
// released. As upstream, what nobody asked for is thrown from the upper part
// of the range, so that the lower part stays for those who ask; an IPAddress
// stands for each address in use. Left out: IPv6, more ranges than the one.

// serviceRange are the addresses of services, nodePortBase and nodePortCount the node ports.
var serviceRange = netip.MustParsePrefix("10.96.0.0/16")

const (
	serviceAddresses  = 1<<16 - 2 // without the network's own and the broadcast address
	firstDynamicIP    = 256       // min(max(16, size/16), 256) are left for those who ask
	nodePortBase      = 30000
	nodePortCount     = 2768
	firstDynamicPort  = 86 // min(max(16, size/32), 128)
	maxAllocateThrows = 64
)

var (
	serviceResource   = corev1.SchemeGroupVersion.WithResource("services")
	endpointsResource = corev1.SchemeGroupVersion.WithResource("endpoints")
	ipAddressResource = networkingv1.SchemeGroupVersion.WithResource("ipaddresses")
)

// allocateFor gives a service what it needs before it is validated; old is nil
// for a new one.
func (s *Server) allocateFor(obj, old api.Object) error {
	svc, ok := obj.(*corev1.Service)
	if !ok {
		return nil
	}
	before, _ := old.(*corev1.Service)
	if before != nil {
		keepAllocated(svc, before)
	}
	normalizeClusterIPs(svc, before)
	if !api.NeedsClusterIP(svc) {
		return nil
	}
	if err := setFamilies(svc, before); err != nil {
		return err
	}
	if err := s.allocateIP(svc, before); err != nil {
		return err
	}
	return s.allocatePorts(svc, before)
}

// keepAllocated lets an update leave out what was allocated.
func keepAllocated(svc, old *corev1.Service) {
	if api.NeedsClusterIP(old) && api.NeedsClusterIP(svc) {
		if svc.Spec.ClusterIP == "" {
			svc.Spec.ClusterIP = old.Spec.ClusterIP
		}
		if len(svc.Spec.ClusterIPs) == 0 {
			svc.Spec.ClusterIPs = slices.Clone(old.Spec.ClusterIPs)
		}
	}
	if api.NeedsNodePort(old) && api.NeedsNodePort(svc) {
		ports := map[string]int32{}
		for _, port := range old.Spec.Ports {
			ports[port.Name] = port.NodePort
		}
		for i := range svc.Spec.Ports {
			port := &svc.Spec.Ports[i]
			if was := ports[port.Name]; port.NodePort == 0 && !slices.Contains(api.NodePorts(svc), was) {
				port.NodePort = was
			}
		}
	}
	if api.NeedsHealthCheck(old) && api.NeedsHealthCheck(svc) && svc.Spec.HealthCheckNodePort == 0 {
		svc.Spec.HealthCheckNodePort = old.Spec.HealthCheckNodePort
	}
}

// normalizeClusterIPs lets clients that know clusterIP alone write it alone.
func normalizeClusterIPs(svc, old *corev1.Service) {
	if old == nil {
		if svc.Spec.ClusterIP != "" && len(svc.Spec.ClusterIPs) == 0 {
			svc.Spec.ClusterIPs = []string{svc.Spec.ClusterIP}
		}
		return
	}
	if svc.Spec.ClusterIP == old.Spec.ClusterIP || !slices.Equal(svc.Spec.ClusterIPs, old.Spec.ClusterIPs) {
		return
	}
	svc.Spec.ClusterIPs = nil
	if svc.Spec.ClusterIP != "" {
		svc.Spec.ClusterIPs = []string{svc.Spec.ClusterIP}
	}
}

// setFamilies decides the policy and the families: one, IPv4, unless a
// headless service without a selector asks for nothing.
func setFamilies(svc, old *corev1.Service) error {
	spec := &svc.Spec
	if spec.Type == "" {
		return nil // validation says so
	}
	bare := spec.ClusterIP == corev1.ClusterIPNone && len(spec.Selector) == 0
	if spec.IPFamilyPolicy == nil {
		policy := corev1.IPFamilyPolicySingleStack
		if old != nil && old.Spec.IPFamilyPolicy != nil {
			policy = *old.Spec.IPFamilyPolicy
		} else if bare {
			policy = corev1.IPFamilyPolicyRequireDualStack
		}
		spec.IPFamilyPolicy = &policy
	}
	if errs := api.ValidateServiceAddresses(svc, old); len(errs) > 0 {
		return invalidService(svc, errs)
	}
	var errs field.ErrorList
	path := field.NewPath("spec")
	for i, ip := range spec.ClusterIPs {
		if ip == corev1.ClusterIPNone || i < len(spec.IPFamilies) {
			continue
		}
		if family := api.FamilyOf(ip); family != corev1.IPv4Protocol {
			errs = append(errs, field.Invalid(path.Child("clusterIPs").Index(i), spec.ClusterIPs, fmt.Sprintf("%s is not configured on this cluster", family)))
			continue
		}
		spec.IPFamilies = append(spec.IPFamilies, corev1.IPv4Protocol)
	}
	if len(errs) == 0 && !bare {
		if *spec.IPFamilyPolicy == corev1.IPFamilyPolicyRequireDualStack {
			errs = append(errs, field.Invalid(path.Child("ipFamilyPolicy"), spec.IPFamilyPolicy, "this cluster is not configured for dual-stack services"))
		}
		for i, family := range spec.IPFamilies {
			if family != corev1.IPv4Protocol {
				errs = append(errs, field.Invalid(path.Child("ipFamilies").Index(i), family, "not configured on this cluster"))
			}
		}
	}
	if len(errs) > 0 {
		return invalidService(svc, errs)
	}
	if len(spec.IPFamilies) == 0 {
		spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	}
	if bare && len(spec.IPFamilies) < 2 && *spec.IPFamilyPolicy != corev1.IPFamilyPolicySingleStack {
		other := corev1.IPv6Protocol
		if spec.IPFamilies[0] == corev1.IPv6Protocol {
			other = corev1.IPv4Protocol
		}
		spec.IPFamilies = append(spec.IPFamilies, other)
	}
	return nil
}

func invalidService(svc *corev1.Service, errs field.ErrorList) error {
	return apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Service").GroupKind(), svc.Name, errs)
}

// allocateIP gives a service the address it asks for, or one that is free.
func (s *Server) allocateIP(svc, old *corev1.Service) error {
	wanted := svc.Spec.ClusterIP
	if wanted == corev1.ClusterIPNone || old != nil && wanted != "" && wanted == old.Spec.ClusterIP {
		return nil
	}
	if wanted != "" {
		if why := s.whyNot(wanted); why != "" {
			return invalidService(svc, field.ErrorList{field.Invalid(field.NewPath("spec", "clusterIPs"), svc.Spec.ClusterIPs,
				fmt.Sprintf("failed to allocate IP %s: %s", wanted, why))})
		}
		return nil
	}
	dice := s.opts.Rand("cluster-ip")
	free := func(n int) bool { return s.addressFree(nthAddress(n)) }
	n, found := throwFree(dice, firstDynamicIP, serviceAddresses, free)
	if !found {
		return apierrors.NewInternalError(fmt.Errorf("failed to allocate a serviceIP for Service %q: range is full", svc.Name))
	}
	svc.Spec.ClusterIP = nthAddress(n)
	svc.Spec.ClusterIPs = []string{svc.Spec.ClusterIP}
	return nil
}

// nthAddress is the nth address of the range, from 0 for 10.96.0.1.
func nthAddress(n int) string {
	base := serviceRange.Addr().As4()
	return netip.AddrFrom4([4]byte{base[0], base[1], byte((n + 1) >> 8), byte(n + 1)}).String()
}

// addressFree tells whether no service has an address. An IPAddress whose
// service isn't there is what a crash between the two writes has left.
func (s *Server) addressFree(ip string) bool {
	it := s.shelves[ipAddressResource].find("", ip)
	if it == nil {
		return true
	}
	ref := it.object().(*networkingv1.IPAddress).Spec.ParentRef
	if ref == nil || ref.Resource != "services" {
		return false
	}
	parent := s.shelves[serviceResource].find(ref.Namespace, ref.Name)
	return parent == nil || clusterIPOf(parent.object()) != ip
}

// whyNot says why an address cannot be had; "" where it can.
func (s *Server) whyNot(ip string) string {
	addr, err := netip.ParseAddr(ip)
	switch {
	case err != nil || !serviceRange.Contains(addr):
		return "the provided network does not match the current range"
	case !s.addressFree(addr.String()):
		return "provided IP is already allocated"
	}
	return ""
}

// throwFree throws numbers of [first, size) until one is free, then looks at
// all in order, those below first last.
func throwFree(dice *rand.Rand, first, size int, free func(int) bool) (int, bool) {
	for range maxAllocateThrows {
		if n := first + dice.IntN(size-first); free(n) {
			return n, true
		}
	}
	for i := range size {
		if n := (first + i) % size; free(n) {
			return n, true
		}
	}
	return 0, false
}

// allocatePorts gives every port of a service its node port, if it needs one.
func (s *Server) allocatePorts(svc, old *corev1.Service) error {
	if svc.Spec.Type != corev1.ServiceTypeNodePort && svc.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return nil
	}
	taken := s.takenPorts(old)
	own := map[nodePort]bool{}
	if old != nil {
		for _, port := range old.Spec.Ports {
			own[nodePort{port.NodePort, port.Protocol}] = true
		}
	}
	var errs field.ErrorList
	for i := range svc.Spec.Ports {
		port := &svc.Spec.Ports[i]
		key := nodePort{port.NodePort, port.Protocol}
		if port.NodePort == 0 || own[key] {
			continue
		}
		if why := whyNotPort(key, taken); why != "" {
			errs = append(errs, field.Invalid(field.NewPath("spec", "ports").Index(i).Child("nodePort"), port.NodePort, why))
		}
	}
	if len(errs) > 0 {
		return invalidService(svc, errs)
	}
	for i := range svc.Spec.Ports {
		port := &svc.Spec.Ports[i]
		if port.NodePort == 0 && api.NeedsNodePort(svc) {
			if port.NodePort = s.freePort(svc, port, taken); port.NodePort == 0 {
				return apierrors.NewInternalError(fmt.Errorf("failed to allocate a nodePort: range is full"))
			}
		}
		taken[nodePort{port.NodePort, port.Protocol}] = true
	}
	if api.NeedsHealthCheck(svc) && svc.Spec.HealthCheckNodePort == 0 {
		svc.Spec.HealthCheckNodePort = s.freePort(svc, &corev1.ServicePort{Protocol: corev1.ProtocolTCP}, taken)
	}
	return nil
}

// nodePort is a port of every node; a number can be had once a protocol.
type nodePort struct {
	number   int32
	protocol corev1.Protocol
}

func whyNotPort(port nodePort, taken map[nodePort]bool) string {
	switch {
	case port.number < nodePortBase || port.number >= nodePortBase+nodePortCount:
		return fmt.Sprintf("provided port is not in the valid range. The range of valid ports is %d-%d", nodePortBase, nodePortBase+nodePortCount-1)
	case taken[port]:
		return "provided port is already allocated"
	}
	return ""
}

// freePort throws a port; a service that has the same port for another
// protocol already gets the same number.
func (s *Server) freePort(svc *corev1.Service, port *corev1.ServicePort, taken map[nodePort]bool) int32 {
	for _, other := range svc.Spec.Ports {
		if other.Port == port.Port && other.NodePort != 0 && !taken[nodePort{other.NodePort, port.Protocol}] {
			return other.NodePort
		}
	}
	n, found := throwFree(s.opts.Rand("node-port"), firstDynamicPort, nodePortCount, func(n int) bool {
		number := int32(nodePortBase + n)
		return !taken[nodePort{number, corev1.ProtocolTCP}] && !taken[nodePort{number, corev1.ProtocolUDP}] && !taken[nodePort{number, corev1.ProtocolSCTP}]
	})
	if !found {
		return 0
	}
	return int32(nodePortBase + n)
}

// takenPorts are the node ports of all services but this one; nil leaves none out.
func (s *Server) takenPorts(but *corev1.Service) map[nodePort]bool {
	taken := map[nodePort]bool{}
	s.shelves[serviceResource].each("", "", func(it *item) bool {
		svc := it.object().(*corev1.Service)
		if but != nil && svc.UID == but.UID {
			return true
		}
		for _, port := range svc.Spec.Ports {
			taken[nodePort{port.NodePort, port.Protocol}] = true
		}
		if svc.Spec.HealthCheckNodePort != 0 {
			taken[nodePort{svc.Spec.HealthCheckNodePort, corev1.ProtocolTCP}] = true
		}
		return true
	})
	delete(taken, nodePort{0, corev1.ProtocolTCP})
	return taken
}

// addressesOf keeps the IPAddresses in step with a service that is being
// written or, with obj nil, has been deleted.
func (s *Server) addressesOf(c *call, obj, old api.Object) error {
	before, after := clusterIPOf(old), clusterIPOf(obj)
	if before == after {
		return nil
	}
	sh := s.shelves[ipAddressResource]
	on := func(name string) *call {
		return &call{res: sh.res, shelf: sh, Request: &rest.Request{
			Verb: rest.Create, Resource: ipAddressResource, Name: name, Actor: bootstrapActor, Causes: c.Causes,
		}}
	}
	for _, ip := range []string{before, after} {
		if it := sh.find("", ip); it != nil {
			forget := on(ip)
			forget.Verb = rest.Delete
			if _, err := s.remove(forget, it, false); err != nil {
				return err
			}
		}
	}
	if after == "" {
		return nil
	}
	_, err := s.createObject(on(""), &networkingv1.IPAddress{
		ObjectMeta: metav1.ObjectMeta{Name: after, Labels: map[string]string{
			networkingv1.LabelIPAddressFamily: string(api.FamilyOf(after)), networkingv1.LabelManagedBy: "ipallocator.k8s.io",
		}},
		Spec: networkingv1.IPAddressSpec{ParentRef: &networkingv1.ParentReference{
			Resource: "services", Namespace: obj.GetNamespace(), Name: obj.GetName(),
		}},
	}, false)
	return err
}

// endpointsGo removes a deleted service's Endpoints, as the real one's storage
// does (pkg/registry/core/service/storage): old ones that are left would be
// taken for those of a new service of that name.
func (s *Server) endpointsGo(c *call, svc api.Object) error {
	sh := s.shelves[endpointsResource]
	it := sh.find(svc.GetNamespace(), svc.GetName())
	if it == nil {
		return nil
	}
	_, err := s.remove(&call{res: sh.res, shelf: sh, Request: &rest.Request{
		Verb: rest.Delete, Resource: endpointsResource, Namespace: svc.GetNamespace(), Name: svc.GetName(), Actor: bootstrapActor, Causes: c.Causes,
	}}, it, false)
	return err
}

// clusterIPOf is the address that a service has taken.
func clusterIPOf(obj api.Object) string {
	svc, ok := obj.(*corev1.Service)
	if !ok || svc.Spec.ClusterIP == corev1.ClusterIPNone {
		return ""
	}
	return svc.Spec.ClusterIP
}

func isService(obj api.Object) bool {
	_, ok := obj.(*corev1.Service)
	return ok
}

// objectOf is an item's object; nil for none.
func objectOf(it *item) api.Object {
	if it == nil {
		return nil
	}
	return it.object()
}
