package network

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tabernetes/tabernetes/core/client"
)

// PolicyActor is the name of what keeps NetworkPolicies, a part of the network
// plugin on every machine.
const PolicyActor = "network-policy-agent"

// guard is what the agent knows. Pods and namespaces are watched from the first
// policy on: where there is none, everything is allowed.
type guard struct {
	policies   *client.View[*networkingv1.NetworkPolicy]
	pods       *client.View[*corev1.Pod]
	namespaces *client.View[*corev1.Namespace]
}

const byAddress = "address"

// StartPolicies runs the agent with c. What it has set up stays when it stops.
func (n *Network) StartPolicies(c *client.Client) {
	g := &guard{
		policies:   client.NewView[*networkingv1.NetworkPolicy](c, client.ViewOptions{}),
		pods:       client.NewView[*corev1.Pod](c, client.ViewOptions{}),
		namespaces: client.NewView[*corev1.Namespace](c, client.ViewOptions{}),
	}
	g.pods.Index(byAddress, func(p *corev1.Pod) []string {
		if p.Status.PodIP == "" || p.Spec.HostNetwork || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			return nil
		}
		return []string{p.Status.PodIP}
	})
	watching := false
	g.policies.Handle(client.Handlers[*networkingv1.NetworkPolicy]{Added: func(*networkingv1.NetworkPolicy) {
		if !watching {
			watching = true
			g.namespaces.Start()
			g.pods.Start()
		}
	}})
	g.pods.OnSynced(func() { n.guard = g })
	g.policies.OnSynced(func() {
		if g.policies.Len() == 0 {
			n.guard = nil // what an agent before this one had set up
		}
	})
	g.policies.Start()
}

// party is an end of a connection: a pod that is known, or only an address.
type party struct {
	ip  netip.Addr
	pod *corev1.Pod
}

func (g *guard) party(ip string) party {
	addr, _ := netip.ParseAddr(ip)
	p := party{ip: addr}
	if pods := g.pods.By(byAddress, ip); len(pods) > 0 {
		p.pod = pods[0]
	}
	return p
}

// allows tells whether policies let one address reach a port of another: those
// that select the pod that asks, and those that select the one that is asked.
// A pod that none selects is open. A machine reaches its own pods, and a pod itself.
func (g *guard) allows(from, to string, port int32) bool {
	if g == nil || from == to {
		return true
	}
	asks, asked := g.party(from), g.party(to)
	return g.lets(networkingv1.PolicyTypeEgress, asks.pod, asked, asked.pod, port) &&
		(g.nodeOf(asked.pod, from) || g.lets(networkingv1.PolicyTypeIngress, asked.pod, asks, asked.pod, port))
}

// names tells whether policies let a pod ask CoreDNS, which to them is a pod of
// kube-system with the label k8s-app=kube-dns.
func (g *guard) names(from string) bool {
	if g == nil {
		return true
	}
	dns := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Labels: map[string]string{"k8s-app": "kube-dns"}}}
	return g.lets(networkingv1.PolicyTypeEgress, g.party(from).pod, party{pod: dns}, dns, 53)
}

func (g *guard) nodeOf(pod *corev1.Pod, ip string) bool { return pod != nil && pod.Status.HostIP == ip }

// lets tells whether the policies that select a pod let it talk to a peer, in
// one direction; port is one of target's.
func (g *guard) lets(way networkingv1.PolicyType, pod *corev1.Pod, peer party, target *corev1.Pod, port int32) bool {
	if pod == nil {
		return true
	}
	isolated := false
	for _, p := range g.policies.List() {
		if p.Namespace != pod.Namespace || !slices.Contains(directions(p), way) || !selects(&p.Spec.PodSelector, pod.Labels) {
			continue
		}
		isolated = true
		if way == networkingv1.PolicyTypeIngress {
			for _, r := range p.Spec.Ingress {
				if g.peers(p.Namespace, r.From, peer) && ports(r.Ports, target, port) {
					return true
				}
			}
			continue
		}
		for _, r := range p.Spec.Egress {
			if g.peers(p.Namespace, r.To, peer) && ports(r.Ports, target, port) {
				return true
			}
		}
	}
	return !isolated
}

// directions are those that a policy is about (the API server fills them in).
func directions(p *networkingv1.NetworkPolicy) []networkingv1.PolicyType {
	if len(p.Spec.PolicyTypes) > 0 {
		return p.Spec.PolicyTypes
	}
	if len(p.Spec.Egress) > 0 {
		return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	}
	return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
}

func selects(s *metav1.LabelSelector, set map[string]string) bool {
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(labels.Set(set))
}

// peers tells whether a party is one of a rule's; none listed means anybody.
func (g *guard) peers(namespace string, list []networkingv1.NetworkPolicyPeer, p party) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(peer networkingv1.NetworkPolicyPeer) bool {
		if b := peer.IPBlock; b != nil {
			return within(b.CIDR, p.ip) && !slices.ContainsFunc(b.Except, func(cidr string) bool { return within(cidr, p.ip) })
		}
		if p.pod == nil || peer.PodSelector != nil && !selects(peer.PodSelector, p.pod.Labels) {
			return false
		}
		if peer.NamespaceSelector == nil {
			return p.pod.Namespace == namespace
		}
		ns, known := g.namespaces.Get("", p.pod.Namespace)
		return known && selects(peer.NamespaceSelector, ns.Labels)
	})
}

func within(cidr string, ip netip.Addr) bool {
	prefix, err := netip.ParsePrefix(cidr)
	return err == nil && prefix.Contains(ip)
}

func protocolOf(p networkingv1.NetworkPolicyPort) corev1.Protocol {
	if p.Protocol == nil {
		return corev1.ProtocolTCP
	}
	return *p.Protocol
}

// ports tells whether a port is one of a rule's; none listed means any. A name
// is that of a port of the pod that is asked. 53 is the names' port, over UDP;
// all others are asked over TCP.
func ports(list []networkingv1.NetworkPolicyPort, target *corev1.Pod, port int32) bool {
	over := corev1.ProtocolTCP
	if port == 53 {
		over = corev1.ProtocolUDP
	}
	return len(list) == 0 || slices.ContainsFunc(list, func(p networkingv1.NetworkPolicyPort) bool {
		switch {
		case protocolOf(p) != over:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return target != nil && slices.ContainsFunc(target.Spec.Containers, func(c corev1.Container) bool {
				return slices.ContainsFunc(c.Ports, func(cp corev1.ContainerPort) bool {
					return cp.Name == p.Port.StrVal && cp.ContainerPort == port
				})
			})
		case p.EndPort != nil:
			return port >= p.Port.IntVal && port <= *p.EndPort
		}
		return port == p.Port.IntVal
	})
}
