package network

import (
	"cmp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
)

// endpoint is a pod's port behind a service's.
type endpoint struct {
	ip   string
	port int32
	node string
	// ready takes requests; a pod that is going but serves still does so where
	// none is ready.
	ready, going bool
}

// servicePort is a port of a service, and what stands behind it.
type servicePort struct {
	name      string // namespace/service:port
	sticky    time.Duration
	localIn   bool // requests from inside go to pods of the same machine only
	localOut  bool // the same for those from outside
	endpoints []endpoint
}

// rules lead from addresses to pods. A machine's are the same as its
// neighbour's but for what is local to it.
type rules struct {
	inside    map[string]*servicePort // by cluster IP and port
	published map[string]*servicePort // by the address of a load balancer, or an external one, and port
	nodePorts map[int32]*servicePort
	// addresses are those of services, on which nothing but their ports answers.
	addresses map[string]bool
	placed    map[string]*corev1.Service // what the rules of a service were made of
}

func newRules() *rules {
	return &rules{
		inside: map[string]*servicePort{}, published: map[string]*servicePort{},
		nodePorts: map[int32]*servicePort{}, addresses: map[string]bool{}, placed: map[string]*corev1.Service{},
	}
}

// set makes the rules of a service anew; s is nil for one that is gone. It
// depends on nothing but its arguments.
func (r *rules) set(key string, s *corev1.Service, all []*discoveryv1.EndpointSlice) {
	if old := r.placed[key]; old != nil {
		r.remove(old)
		delete(r.placed, key)
	}
	if s == nil || s.Spec.Type == corev1.ServiceTypeExternalName || headless(s) || s.Labels[proxyName] != "" {
		return
	}
	r.placed[key] = s
	for i := range s.Spec.Ports {
		if p := &s.Spec.Ports[i]; p.Protocol == corev1.ProtocolTCP || p.Protocol == "" {
			r.add(s, p, endpointsOf(all, p.Name))
		}
	}
}

func (r *rules) remove(s *corev1.Service) {
	delete(r.addresses, s.Spec.ClusterIP)
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		delete(r.inside, join(s.Spec.ClusterIP, p.Port))
		delete(r.nodePorts, p.NodePort)
		for _, ip := range publishedAt(s) {
			delete(r.published, join(ip, p.Port))
		}
	}
}

// publishedAt are the addresses at which a service is reached from outside.
func publishedAt(s *corev1.Service) []string {
	ips := slices.Clone(s.Spec.ExternalIPs)
	for _, in := range s.Status.LoadBalancer.Ingress {
		ips = append(ips, in.IP)
	}
	return ips
}

// proxyName is a label of services that another proxy looks after.
const proxyName = "service.kubernetes.io/service-proxy-name"

func headless(s *corev1.Service) bool {
	return s.Spec.ClusterIP == corev1.ClusterIPNone || s.Spec.ClusterIP == ""
}

func (r *rules) add(s *corev1.Service, p *corev1.ServicePort, endpoints []endpoint) {
	sp := &servicePort{
		name: s.Namespace + "/" + s.Name + ":" + p.Name, endpoints: endpoints,
		localIn:  s.Spec.InternalTrafficPolicy != nil && *s.Spec.InternalTrafficPolicy == corev1.ServiceInternalTrafficPolicyLocal,
		localOut: s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal,
	}
	if s.Spec.SessionAffinity == corev1.ServiceAffinityClientIP {
		seconds := int32(corev1.DefaultClientIPServiceAffinitySeconds)
		if c := s.Spec.SessionAffinityConfig; c != nil && c.ClientIP != nil && c.ClientIP.TimeoutSeconds != nil {
			seconds = *c.ClientIP.TimeoutSeconds
		}
		sp.sticky = time.Duration(seconds) * time.Second
	}
	r.addresses[s.Spec.ClusterIP] = true
	r.inside[join(s.Spec.ClusterIP, p.Port)] = sp
	for _, ip := range publishedAt(s) {
		r.published[join(ip, p.Port)] = sp
	}
	if p.NodePort != 0 {
		r.nodePorts[p.NodePort] = sp
	}
}

// endpointsOf are the endpoints of a service's port, by address.
func endpointsOf(all []*discoveryv1.EndpointSlice, port string) []endpoint {
	var out []endpoint
	for _, s := range all {
		for _, p := range s.Ports {
			if ptr.Deref(p.Name, "") != port || p.Port == nil || ptr.Deref(p.Protocol, corev1.ProtocolTCP) != corev1.ProtocolTCP {
				continue
			}
			for i := range s.Endpoints {
				e := &s.Endpoints[i]
				ready := ptr.Deref(e.Conditions.Ready, true)
				going := ptr.Deref(e.Conditions.Serving, ready) && ptr.Deref(e.Conditions.Terminating, false)
				if len(e.Addresses) > 0 && (ready || going) {
					out = append(out, endpoint{e.Addresses[0], *p.Port, ptr.Deref(e.NodeName, ""), ready, going})
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b endpoint) int { return cmp.Compare(a.ip, b.ip) })
	return slices.CompactFunc(out, func(a, b endpoint) bool { return a.ip == b.ip && a.port == b.port })
}

// usable are the endpoints that take requests: of node, if it is not "". Those
// that are going are the last resort (CategorizeEndpoints of topology.go).
func (sp *servicePort) usable(node string) []endpoint {
	some := func(is func(*endpoint) bool) (out []endpoint) {
		for i := range sp.endpoints {
			if e := &sp.endpoints[i]; is(e) && (node == "" || e.node == node) {
				out = append(out, *e)
			}
		}
		return out
	}
	if ready := some(func(e *endpoint) bool { return e.ready }); len(ready) > 0 {
		return ready
	}
	return some(func(e *endpoint) bool { return e.going })
}

// route is where a request goes that is sent to an address: to a service's
// endpoint, or where the address says. service is the one on the way.
func (n *Network) route(from Caller, ip string, port int32) (to endpoint, service string, f Failure) {
	key := join(ip, port)
	if sp := n.rules.inside[key]; sp != nil && from.Node != "" {
		return n.through(sp, from, sp.localIn, from.Node)
	}
	if sp := n.rules.published[key]; sp != nil {
		// A load balancer asks only machines that have a pod, where that matters.
		return n.through(sp, from, false, "")
	}
	if node := n.machineAt(ip); node != "" {
		if sp := n.rules.nodePorts[port]; sp != nil {
			return n.through(sp, from, sp.localOut, node)
		}
	}
	if n.rules.addresses[ip] {
		return endpoint{}, "", TimedOut
	}
	if from.Node == "" && n.machineAt(ip) == "" {
		return endpoint{}, "", TimedOut // pods have no addresses outside of the cluster
	}
	return endpoint{ip: ip, port: port}, "", Answered
}

// through leads to one of a service's endpoints.
func (n *Network) through(sp *servicePort, from Caller, local bool, node string) (endpoint, string, Failure) {
	to, f := n.choose(sp, from, local, node)
	service, _, _ := strings.Cut(sp.name, ":")
	return to, service, f
}

// machineAt is the name of the machine with an address, "" where none has it.
func (n *Network) machineAt(ip string) string {
	for _, m := range n.machines() {
		if m.Address() == ip {
			return m.NodeName()
		}
	}
	return ""
}

// choose takes one of a service's endpoints by lot, or the one that the same
// client had before. A service without any refuses; one that has some
// elsewhere, but may use only local ones, drops what comes.
func (n *Network) choose(sp *servicePort, from Caller, local bool, node string) (endpoint, Failure) {
	if !local {
		node = ""
	}
	all := sp.usable(node)
	switch {
	case len(sp.usable("")) == 0:
		return endpoint{}, Refused
	case len(all) == 0:
		return endpoint{}, TimedOut
	}
	key := stickyKey{sp.name, from.IP}
	if last, ok := n.sticky[key]; ok && sp.sticky > 0 && n.now().Sub(last.at) < sp.sticky {
		if i := slices.IndexFunc(all, func(e endpoint) bool { return e.ip == last.ip }); i >= 0 {
			n.sticky[key] = stuck{last.ip, n.now()}
			return all[i], Answered
		}
	}
	e := all[0]
	if len(all) > 1 {
		e = all[n.dice.IntN(len(all))]
	}
	if sp.sticky > 0 {
		n.sticky[key] = stuck{e.ip, n.now()}
	}
	return e, Answered
}

// stickyKey is a client of a service, stuck what it was led to last.
type (
	stickyKey struct{ service, client string }
	stuck     struct {
		ip string
		at time.Time
	}
)
