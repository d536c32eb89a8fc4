package endpoints

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/dump"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/controller"
)

const (
	// managedBy marks the slices that this controller keeps.
	managedBy = "endpointslice-controller.k8s.io"
	// most is how many endpoints a slice holds at most.
	most = 100
)

// observed is what a pass knows of a service: the pods that it selects and the
// slices that there are for it.
type observed struct {
	service *corev1.Service
	pods    []*corev1.Pod
	slices  []*discoveryv1.EndpointSlice
	// zone is a node's zone; false, if there is no such node.
	zone func(node string) (string, bool)
}

// plan is what is to be done with slices.
type plan struct {
	create, update, delete []*discoveryv1.EndpointSlice
	lost                   []*corev1.Pod // left out, because their node is gone
}

// decide compares slices with pods, one family of addresses after the other.
func decide(seen observed) plan {
	var all plan
	families := families(seen.service)
	byFamily := map[discoveryv1.AddressType][]*discoveryv1.EndpointSlice{}
	for _, s := range seen.slices {
		if byFamily[s.AddressType] = append(byFamily[s.AddressType], s); !slices.Contains(families, s.AddressType) {
			all.delete = append(all.delete, s)
		}
	}
	for _, family := range families {
		p := planFamily(seen, family, byFamily[family])
		all.create = append(all.create, p.create...)
		all.update = append(all.update, p.update...)
		all.delete = append(all.delete, p.delete...)
		all.lost = append(all.lost, p.lost...)
	}
	return all
}

func families(s *corev1.Service) []discoveryv1.AddressType {
	out := []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4}
	if len(s.Spec.IPFamilies) > 0 {
		out = nil
	}
	for _, f := range s.Spec.IPFamilies {
		out = append(out, discoveryv1.AddressType(f))
	}
	return out
}

// wanted are the endpoints that share their ports, and so their slices.
type wanted struct {
	ports []discoveryv1.EndpointPort
	all   []discoveryv1.Endpoint
}

func planFamily(seen observed, family discoveryv1.AddressType, have []*discoveryv1.EndpointSlice) plan {
	var p plan
	groups := map[string][]*discoveryv1.EndpointSlice{}
	var order []string
	for _, s := range have {
		if !ownedBy(s, seen.service) {
			p.delete = append(p.delete, s)
			continue
		}
		key := portsKey(s.Ports)
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], s)
	}
	desired, keys, lost := wantedOf(seen, family)
	p.lost = lost
	for _, key := range keys {
		p.fill(seen.service, family, groups[key], desired[key])
	}
	for _, key := range order {
		if desired[key] == nil {
			p.delete = append(p.delete, groups[key]...)
		}
	}
	p.keepOne(seen.service, family, len(have))
	p.reuse(seen.service)
	return p
}

// wantedOf groups the pods' endpoints by their ports; keys says in which order they came.
func wantedOf(seen observed, family discoveryv1.AddressType) (groups map[string]*wanted, keys []string, lost []*corev1.Pod) {
	groups = map[string]*wanted{}
	byTargets := map[string]string{} // hashing is dear, and most pods have the same ports
	for _, pod := range seen.pods {
		if !served(pod, true) {
			continue
		}
		targets := targetsOf(seen.service, pod)
		key, known := byTargets[targets]
		if !known {
			ports := portsOf(seen.service, pod)
			key = portsKey(ports)
			if byTargets[targets] = key; groups[key] == nil {
				groups[key] = &wanted{ports: ports}
				keys = append(keys, key)
			}
		}
		zone, ok := seen.zone(pod.Spec.NodeName)
		if !ok && !seen.service.Spec.PublishNotReadyAddresses {
			lost = append(lost, pod)
			continue
		}
		if e := endpointOf(seen.service, pod, zone, family); len(e.Addresses) > 0 {
			groups[key].all = append(groups[key].all, e)
		}
	}
	return groups, keys, lost
}

// targetsOf are the numbers that a service's ports have at a pod, in its order:
// what tells the ports of two pods apart.
func targetsOf(s *corev1.Service, pod *corev1.Pod) string {
	var b []byte
	for i := range s.Spec.Ports {
		if n, ok := targetPort(pod, &s.Spec.Ports[i]); ok {
			b = strconv.AppendInt(b, int64(n), 10)
		}
		b = append(b, ' ')
	}
	return string(b)
}

// hash names a value by what is in it, as upstream's deepHashObjectToString.
func hash(v any) string {
	h := fnv.New128a()
	fmt.Fprint(h, dump.ForHash(v))
	return fmt.Sprintf("%x", h.Sum(nil))
}

// portsKey is the same for the same ports, in whatever order.
func portsKey(ports []discoveryv1.EndpointPort) string {
	return hash(append([]discoveryv1.EndpointPort{}, inOrder(slices.Clone(ports))...))
}

// inOrder sorts ports as upstream does, by what they hash to.
func inOrder[P any](ports []P) []P {
	slices.SortFunc(ports, func(a, b P) int { return cmp.Compare(hash(a), hash(b)) })
	return ports
}

func portsOf(s *corev1.Service, pod *corev1.Pod) []discoveryv1.EndpointPort {
	out := []discoveryv1.EndpointPort{}
	for i := range s.Spec.Ports {
		port := &s.Spec.Ports[i]
		if n, ok := targetPort(pod, port); ok {
			out = append(out, discoveryv1.EndpointPort{
				Name: ptr.To(port.Name), Port: &n, Protocol: ptr.To(port.Protocol), AppProtocol: port.AppProtocol,
			})
		}
	}
	return inOrder(out)
}

func endpointOf(s *corev1.Service, pod *corev1.Pod, zone string, family discoveryv1.AddressType) discoveryv1.Endpoint {
	serving, going := controller.PodReady(pod), pod.DeletionTimestamp != nil
	e := discoveryv1.Endpoint{
		Addresses: addresses(pod, family == discoveryv1.AddressTypeIPv6),
		Conditions: discoveryv1.EndpointConditions{
			Ready: ptr.To(s.Spec.PublishNotReadyAddresses || serving && !going), Serving: &serving, Terminating: &going,
		},
		TargetRef: podRef(pod),
	}
	if pod.Spec.NodeName != "" {
		e.NodeName = ptr.To(pod.Spec.NodeName)
	}
	if zone != "" {
		e.Zone = &zone
	}
	if ownName(pod, s) {
		e.Hostname = ptr.To(pod.Spec.Hostname)
	}
	return e
}

func addresses(pod *corev1.Pod, six bool) []string {
	var out []string
	for _, ip := range pod.Status.PodIPs {
		if a, err := netip.ParseAddr(ip.IP); err == nil && a.Is6() == six {
			out = append(out, a.String())
		}
	}
	return out
}

func ownedBy(s *discoveryv1.EndpointSlice, service *corev1.Service) bool {
	return slices.ContainsFunc(s.OwnerReferences, func(o metav1.OwnerReference) bool {
		return o.UID == service.UID && o.Kind == "Service" && o.APIVersion == "v1"
	})
}

// same tells whether two endpoints are of the same pod at the same addresses.
func same(a, b *discoveryv1.Endpoint) bool {
	x, y := ptr.Deref(a.TargetRef, corev1.ObjectReference{}), ptr.Deref(b.TargetRef, corev1.ObjectReference{})
	return x.Namespace == y.Namespace && x.Name == y.Name &&
		slices.Equal(a.Addresses, b.Addresses) && ptr.Deref(a.Hostname, "") == ptr.Deref(b.Hostname, "")
}

// fill brings the slices of some ports up to date: endpoints stay in the slice
// they are in; new ones go first into slices that change anyway, then into the
// one that they fill best, then into new slices.
func (p *plan) fill(s *corev1.Service, family discoveryv1.AddressType, have []*discoveryv1.EndpointSlice, want *wanted) {
	var changed, unchanged []*discoveryv1.EndpointSlice
	byPod := map[string]int{}
	for i := range want.all {
		byPod[want.all[i].TargetRef.Name] = i
	}
	kept := make([]bool, len(want.all))
	for _, slice := range have {
		var stay []discoveryv1.Endpoint
		updated := false
		for i := range slice.Endpoints {
			old := &slice.Endpoints[i]
			j, ok := byPod[ptr.Deref(old.TargetRef, corev1.ObjectReference{}).Name]
			if !ok || kept[j] || !same(old, &want.all[j]) {
				continue
			}
			kept[j] = true
			stay = append(stay, want.all[j])
			updated = updated || !equality.Semantic.DeepEqual(want.all[j], *old)
		}
		labels := labelsFor(s)
		switch {
		case len(stay) == 0 && len(slice.Endpoints) > 0:
			p.delete = append(p.delete, slice)
		case updated || len(stay) != len(slice.Endpoints) || !sameLabels(slice.Labels, labels):
			slice = slice.DeepCopy()
			slice.Endpoints, slice.Labels = stay, labels
			changed = append(changed, slice)
		default:
			unchanged = append(unchanged, slice)
		}
	}
	var added []discoveryv1.Endpoint
	for i, e := range want.all {
		if !kept[i] {
			added = append(added, e)
		}
	}
	p.place(s, family, want.ports, added, changed, unchanged)
}

func (p *plan) place(s *corev1.Service, family discoveryv1.AddressType, ports []discoveryv1.EndpointPort, added []discoveryv1.Endpoint, changed, unchanged []*discoveryv1.EndpointSlice) {
	take := func(slice *discoveryv1.EndpointSlice) {
		n := min(len(added), max(most-len(slice.Endpoints), 0))
		slice.Endpoints = append(slice.Endpoints, added[:n]...)
		added = added[n:]
	}
	slices.SortStableFunc(changed, func(a, b *discoveryv1.EndpointSlice) int { return len(b.Endpoints) - len(a.Endpoints) })
	for _, slice := range changed {
		take(slice)
	}
	for len(added) > 0 {
		if i := bestFit(unchanged, len(added)); i >= 0 {
			slice := unchanged[i].DeepCopy()
			take(slice)
			changed = append(changed, slice)
			continue
		}
		slice := newSlice(s, family, ports)
		take(slice)
		p.create = append(p.create, slice)
	}
	p.update = append(p.update, changed...)
}

// bestFit is the slice that n more endpoints leave the least room in; -1, if none has room for all.
func bestFit(have []*discoveryv1.EndpointSlice, n int) int {
	best, least := -1, most
	for i, slice := range have {
		if room := most - n - len(slice.Endpoints); room >= 0 && room < least {
			best, least = i, room
		}
	}
	return best
}

func newSlice(s *corev1.Service, family discoveryv1.AddressType, ports []discoveryv1.EndpointPort) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, GenerateName: s.Name + "-", Labels: labelsFor(s),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s, corev1.SchemeGroupVersion.WithKind("Service"))},
		},
		AddressType: family, Ports: ports, Endpoints: []discoveryv1.Endpoint{},
	}
}

// labelsFor are the service's labels and those that say whose a slice is.
func labelsFor(s *corev1.Service) map[string]string {
	out := map[string]string{}
	maps.Copy(out, s.Labels)
	delete(out, corev1.IsHeadlessService)
	if headless(s) {
		out[corev1.IsHeadlessService] = ""
	}
	out[discoveryv1.LabelServiceName], out[discoveryv1.LabelManagedBy] = s.Name, managedBy
	return out
}

// sameLabels compares labels but for the one that says whether a service is
// headless, which alone is no reason to write.
func sameLabels(a, b map[string]string) bool {
	a, b = maps.Clone(a), maps.Clone(b)
	delete(a, corev1.IsHeadlessService)
	delete(b, corev1.IsHeadlessService)
	return maps.Equal(a, b)
}

// keepOne sees to it that there is a slice, if an empty one.
func (p *plan) keepOne(s *corev1.Service, family discoveryv1.AddressType, have int) {
	if len(p.delete) != have || len(p.create) > 0 {
		return
	}
	empty := newSlice(s, family, []discoveryv1.EndpointPort{})
	if have == 1 {
		old := p.delete[0]
		if ownedBy(old, s) && len(old.Endpoints) == 0 && len(old.Ports) == 0 && maps.Equal(old.Labels, empty.Labels) {
			p.delete = nil
			return
		}
	}
	p.create = append(p.create, empty)
}

// reuse gives the names of slices that are to go to those that are to come:
// one write for two.
func (p *plan) reuse(s *corev1.Service) {
	p.delete = slices.DeleteFunc(p.delete, func(old *discoveryv1.EndpointSlice) bool {
		n := len(p.create)
		if n == 0 || !ownedBy(old, s) {
			return false
		}
		p.create[n-1].Name = old.Name
		p.update = append(p.update, p.create[n-1])
		p.create = p.create[:n-1]
		return true
	})
}
