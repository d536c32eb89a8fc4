package endpoints

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/controller"
)

// capacity is how many addresses Endpoints hold at most.
const capacity = 1000

// portAddresses are the addresses that serve at a port.
type portAddresses struct {
	port  corev1.EndpointPort
	none  bool // of a headless service without ports
	ready []corev1.EndpointAddress
	not   []corev1.EndpointAddress
}

// subsetsOf are a service's endpoints: ports with the same addresses together,
// as RepackSubsets of pkg/api/v1/endpoints packs and orders them.
func subsetsOf(s *corev1.Service, pods []*corev1.Pod) []corev1.EndpointSubset {
	var byPort []*portAddresses
	for _, pod := range pods {
		if !served(pod, s.Spec.PublishNotReadyAddresses) {
			continue
		}
		address, ok := addressOf(s, pod)
		if !ok {
			continue
		}
		ready := s.Spec.PublishNotReadyAddresses || controller.PodReady(pod)
		if len(s.Spec.Ports) == 0 && s.Spec.ClusterIP == corev1.ClusterIPNone {
			byPort = serve(byPort, portAddresses{none: true}, address, ready)
		}
		for i := range s.Spec.Ports {
			port := &s.Spec.Ports[i]
			if n, ok := targetPort(pod, port); ok {
				at := corev1.EndpointPort{Name: port.Name, Port: n, Protocol: port.Protocol, AppProtocol: port.AppProtocol}
				byPort = serve(byPort, portAddresses{port: at}, address, ready)
			}
		}
	}
	return pack(byPort)
}

func addressOf(s *corev1.Service, pod *corev1.Pod) (corev1.EndpointAddress, bool) {
	list := addresses(pod, len(s.Spec.IPFamilies) > 0 && s.Spec.IPFamilies[0] == corev1.IPv6Protocol)
	if len(list) == 0 {
		return corev1.EndpointAddress{}, false
	}
	node := pod.Spec.NodeName
	a := corev1.EndpointAddress{IP: list[0], NodeName: &node, TargetRef: podRef(pod)}
	if ownName(pod, s) {
		a.Hostname = pod.Spec.Hostname
	}
	return a, true
}

func serve(byPort []*portAddresses, at portAddresses, address corev1.EndpointAddress, ready bool) []*portAddresses {
	i := slices.IndexFunc(byPort, func(p *portAddresses) bool { return p.none == at.none && p.port == at.port })
	if i < 0 {
		i, byPort = len(byPort), append(byPort, &at)
	}
	if ready {
		byPort[i].ready = append(byPort[i].ready, address)
	} else {
		byPort[i].not = append(byPort[i].not, address)
	}
	return byPort
}

// pack puts ports with the same addresses together.
func pack(byPort []*portAddresses) []corev1.EndpointSubset {
	out := []corev1.EndpointSubset{}
	at := map[string]int{}
	for _, p := range byPort {
		slices.SortFunc(p.ready, byAddress)
		slices.SortFunc(p.not, byAddress)
		key := text(p.ready) + "/" + text(p.not)
		i, ok := at[key]
		if !ok {
			i, at[key] = len(out), len(out)
			out = append(out, corev1.EndpointSubset{Addresses: p.ready, NotReadyAddresses: p.not})
		}
		if !p.none {
			out[i].Ports = append(out[i].Ports, p.port)
		}
	}
	for i := range out {
		inOrder(out[i].Ports)
	}
	return inOrder(out)
}

func byAddress(a, b corev1.EndpointAddress) int {
	return cmp.Or(cmp.Compare(a.IP, b.IP), cmp.Compare(uid(a), uid(b)))
}

// uid is that of the pod behind an address; addresses written by hand need none.
func uid(a corev1.EndpointAddress) types.UID {
	if a.TargetRef == nil {
		return ""
	}
	return a.TargetRef.UID
}

func text(list []corev1.EndpointAddress) string {
	var b strings.Builder
	for _, a := range list {
		b.WriteString(a.IP + " " + string(uid(a)) + " ")
	}
	return b.String()
}

// truncate leaves no more addresses than Endpoints may hold, each subset its
// share, ready ones before the others; false, if there were not too many.
func truncate(subsets []corev1.EndpointSubset) bool {
	ready, not := 0, 0
	for _, s := range subsets {
		ready, not = ready+len(s.Addresses), not+len(s.NotReadyAddresses)
	}
	if ready+not <= capacity {
		return false
	}
	room, total := capacity-ready, not
	if ready > capacity {
		room, total = capacity, ready
	}
	left := room
	for i := range subsets {
		list := &subsets[i].NotReadyAddresses
		if ready > capacity {
			*list = nil
			list = &subsets[i].Addresses
		}
		share := (len(*list)*room + total - 1) / total
		*list = (*list)[:min(share, left, len(*list))]
		left -= len(*list)
	}
	return true
}
