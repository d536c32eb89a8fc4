package endpoints

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	// mirroredBy marks the slices that are copies of Endpoints.
	mirroredBy = "endpointslicemirroring-controller.k8s.io"
	// mostMirrored is how many addresses of a subset are copied at most.
	mostMirrored = 1000
	// leaderElection marks Endpoints that are no addresses, but a lock.
	leaderElection = "control-plane.alpha.kubernetes.io/leader"
)

// mirrored tells whether Endpoints are to be copied, if their service leaves them to people.
func mirrored(e *corev1.Endpoints) bool {
	_, lock := e.Annotations[leaderElection]
	return e.Labels[discoveryv1.LabelSkipMirror] != "true" && !lock
}

// copied is a plan for the copies of Endpoints, and what is not copied.
type copied struct {
	plan
	invalid int // addresses that are none
	left    int // all addresses that are not copied
}

// copyOf compares Endpoints with the slices that there are of them: for each
// set of ports a slice a family of addresses.
func copyOf(e *corev1.Endpoints, have []*discoveryv1.EndpointSlice) copied {
	var c copied
	byGroup := map[string][]*discoveryv1.EndpointSlice{}
	for _, s := range have {
		key := groupKey(s.AddressType, s.Ports)
		byGroup[key] = append(byGroup[key], s)
	}
	wanted := map[string]bool{}
	for _, subset := range repack(e.Subsets) {
		ports := slicePorts(subset.Ports)
		byFamily, taken, invalid := endpointsIn(subset)
		c.invalid += invalid
		c.left += len(subset.Addresses) + len(subset.NotReadyAddresses) - taken
		for _, family := range []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6} {
			key := groupKey(family, ports)
			if all := byFamily[family]; len(all) > 0 {
				wanted[key] = true
				c.group(e, family, ports, all, byGroup[key])
			}
		}
	}
	for _, s := range have {
		if !wanted[groupKey(s.AddressType, s.Ports)] {
			c.delete = append(c.delete, s)
		}
	}
	c.recycle()
	return c
}

func groupKey(family discoveryv1.AddressType, ports []discoveryv1.EndpointPort) string {
	return string(family) + " " + portsKey(ports)
}

// group keeps one slice for the addresses at some ports.
func (c *copied) group(e *corev1.Endpoints, family discoveryv1.AddressType, ports []discoveryv1.EndpointPort, all []discoveryv1.Endpoint, have []*discoveryv1.EndpointSlice) {
	s := newCopy(e, family, ports, all)
	if len(have) == 0 {
		c.create = append(c.create, s)
		return
	}
	c.delete = append(c.delete, have[1:]...)
	if sameCopy(have[0], s) {
		return
	}
	s.Name, s.GenerateName = have[0].Name, ""
	c.update = append(c.update, s)
}

// sameCopy tells whether a slice says what it should, in whatever order.
func sameCopy(old, s *discoveryv1.EndpointSlice) bool {
	if len(old.Endpoints) != len(s.Endpoints) || !equality.Semantic.DeepEqual(old.Labels, s.Labels) ||
		!equality.Semantic.DeepEqual(old.Annotations, s.Annotations) {
		return false
	}
	for _, ref := range old.OwnerReferences {
		if mine := s.OwnerReferences[0]; ref.Kind == mine.Kind && ref.Name == mine.Name && ref.UID != mine.UID {
			return false
		}
	}
	wanted := map[string]discoveryv1.Endpoint{}
	for _, e := range s.Endpoints {
		wanted[identity(e)] = e
	}
	for _, e := range old.Endpoints {
		if !equality.Semantic.DeepEqual(wanted[identity(e)], e) {
			return false
		}
	}
	return true
}

// identity is what makes an endpoint the same one.
func identity(e discoveryv1.Endpoint) string {
	target := ptr.Deref(e.TargetRef, corev1.ObjectReference{})
	return fmt.Sprint(e.Addresses, ptr.Deref(e.Hostname, ""), target.Namespace, "/", target.Name)
}

func newCopy(e *corev1.Endpoints, family discoveryv1.AddressType, ports []discoveryv1.EndpointPort, all []discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	labels, annotations := map[string]string{}, map[string]string{}
	maps.Copy(labels, e.Labels)
	labels[discoveryv1.LabelServiceName], labels[discoveryv1.LabelManagedBy] = e.Name, mirroredBy
	maps.Copy(annotations, e.Annotations)
	delete(annotations, corev1.EndpointsLastChangeTriggerTime)
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: e.Namespace, GenerateName: e.Name + "-", Labels: labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(e, corev1.SchemeGroupVersion.WithKind("Endpoints"))},
		},
		AddressType: family, Ports: ports, Endpoints: all,
	}
}

// endpointsIn are a subset's addresses by family, those that are ready first.
func endpointsIn(s corev1.EndpointSubset) (all map[discoveryv1.AddressType][]discoveryv1.Endpoint, taken, invalid int) {
	all = map[discoveryv1.AddressType][]discoveryv1.Endpoint{}
	for i, a := range slices.Concat(s.Addresses, s.NotReadyAddresses) {
		if taken == mostMirrored {
			break
		}
		ip, err := netip.ParseAddr(a.IP)
		if err != nil {
			invalid++
			continue
		}
		family := discoveryv1.AddressTypeIPv4
		if ip = ip.Unmap(); ip.Is6() {
			family = discoveryv1.AddressTypeIPv6
		}
		e := discoveryv1.Endpoint{
			Addresses: []string{ip.String()}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(i < len(s.Addresses))},
			TargetRef: a.TargetRef, NodeName: a.NodeName,
		}
		if a.Hostname != "" {
			e.Hostname = &a.Hostname
		}
		all[family] = append(all[family], e)
		taken++
	}
	return all, taken, invalid
}

func slicePorts(ports []corev1.EndpointPort) []discoveryv1.EndpointPort {
	out := []discoveryv1.EndpointPort{}
	for _, p := range ports {
		out = append(out, discoveryv1.EndpointPort{Name: &p.Name, Port: &p.Port, Protocol: &p.Protocol, AppProtocol: p.AppProtocol})
	}
	return out
}

// recycle gives the names of slices that are to go to those of their family that are to come.
func (c *copied) recycle() {
	c.create = slices.DeleteFunc(c.create, func(s *discoveryv1.EndpointSlice) bool {
		i := slices.IndexFunc(c.delete, func(old *discoveryv1.EndpointSlice) bool { return old.AddressType == s.AddressType })
		if i < 0 {
			return false
		}
		s.Name, s.GenerateName = c.delete[i].Name, ""
		c.update = append(c.update, s)
		c.delete = slices.Delete(c.delete, i, i+1)
		return true
	})
}

// repack brings subsets that people have written into the form that subsetsOf
// gives. An address that is said to be both ready and not is not.
func repack(subsets []corev1.EndpointSubset) []corev1.EndpointSubset {
	var byPort []*portAddresses
	for _, s := range subsets {
		ports := []portAddresses{{none: true}}
		if len(s.Ports) > 0 {
			ports = nil
		}
		for _, p := range s.Ports {
			ports = append(ports, portAddresses{port: p})
		}
		for _, at := range ports {
			for i, a := range slices.Concat(s.Addresses, s.NotReadyAddresses) {
				byPort = serve(byPort, at, a, i < len(s.Addresses))
			}
		}
	}
	for _, p := range byPort {
		seen := map[string]bool{}
		again := func(a corev1.EndpointAddress) bool {
			key := a.IP + " " + string(uid(a))
			defer func() { seen[key] = true }()
			return seen[key]
		}
		p.not = slices.DeleteFunc(p.not, again)
		p.ready = slices.DeleteFunc(p.ready, again)
	}
	return pack(byPort)
}
