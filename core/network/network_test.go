package network

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// machine is a node on which the pods named listen, on port 8080.
type machine struct {
	name, address, cidr string
	pods                map[string]string // by address
}

func (m *machine) NodeName() string { return m.name }
func (m *machine) Address() string  { return m.address }
func (m *machine) PodCIDR() string  { return m.cidr }

func (m *machine) Serve(ip string, port int32, r Request, _ time.Time) (Response, bool, bool) {
	pod, there := m.pods[ip]
	if there = there || ip == m.address; !there || port != 8080 {
		return Response{}, there, false
	}
	return Response{Status: 200, By: pod, Body: pod + " to " + r.From + "\n"}, true, true
}

// lab is a network of two machines, each with pods.
type lab struct {
	*Network
	now  time.Time
	down map[string]bool
}

func newLab() *lab {
	l := &lab{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), down: map[string]bool{}}
	machines := []Machine{
		&machine{"one", "172.18.0.1", "10.244.1.0/24", map[string]string{"10.244.1.2": "a", "10.244.1.3": "b"}},
		&machine{"two", "172.18.0.2", "10.244.2.0/24", map[string]string{"10.244.2.2": "c"}},
	}
	l.Network = New(func() []Machine { return machines }, func(actor string) bool { return !l.down[actor] },
		func() time.Time { return l.now }, rand.New(rand.NewPCG(1, 2)))
	l.zone = newZone()
	return l
}

// service has the network know a service with endpoints: address@node, with ! for
// one that is not ready, ~ for one that is going but serves.
func (l *lab) service(s *corev1.Service, endpoints ...string) {
	slice := &discoveryv1.EndpointSlice{Ports: []discoveryv1.EndpointPort{{Name: ptr.To(""), Port: ptr.To[int32](8080)}}}
	for _, e := range endpoints {
		ip, node, _ := strings.Cut(strings.TrimLeft(e, "!~"), "@")
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{ip}, NodeName: &node,
			Conditions: discoveryv1.EndpointConditions{
				Ready: ptr.To(e[0] != '!' && e[0] != '~'), Serving: ptr.To(e[0] != '!'), Terminating: ptr.To(e[0] == '~'),
			},
		})
	}
	if s.Namespace == "" {
		s.Namespace = "default"
	}
	key := s.Namespace + "/" + s.Name
	l.rules.set(key, s, []*discoveryv1.EndpointSlice{slice})
	l.zone.set(key, s, []*discoveryv1.EndpointSlice{slice})
}

func web(change ...func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.ServiceSpec{ClusterIP: "10.96.0.20", Ports: []corev1.ServicePort{{Port: 80}}},
	}
	for _, fn := range change {
		fn(s)
	}
	return s
}

var inside = Caller{Namespace: "default", Node: "one", IP: "10.244.1.9", ClusterDNS: true}

// got is an outcome in short: who answered, or why nobody did.
func (l *lab) got(from Caller, host string, port int32) string {
	o := l.Send(from, host, port, Request{Method: "GET", Path: "/"})
	if o.Failure != Answered {
		return string(o.Failure)
	}
	return fmt.Sprint(o.By)
}

// all is who of several requests was answered by, each once, sorted as seen.
func (l *lab) all(from Caller, host string, port int32) string {
	seen := map[string]bool{}
	for range 40 {
		seen[l.got(from, host, port)] = true
	}
	out := ""
	for _, who := range []string{"a", "b", "c", "refused", "timed-out", "no-route"} {
		if seen[who] {
			out += who + " "
		}
	}
	return strings.TrimSpace(out)
}

func (l *lab) want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestServices(t *testing.T) {
	local := func(s *corev1.Service) {
		s.Spec.InternalTrafficPolicy = ptr.To(corev1.ServiceInternalTrafficPolicyLocal)
		s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	}
	node := func(s *corev1.Service) { s.Spec.Ports[0].NodePort = 30080 }
	for name, c := range map[string]struct {
		service   *corev1.Service
		endpoints []string
		from      Caller
		host      string
		port      int32
		want      string
	}{
		"all ready pods":               {web(), []string{"10.244.1.2@one", "10.244.2.2@two"}, inside, "web", 80, "a c"},
		"not those that aren't":        {web(), []string{"!10.244.1.2@one", "10.244.2.2@two"}, inside, "web", 80, "c"},
		"nor those that go":            {web(), []string{"~10.244.1.2@one", "10.244.2.2@two"}, inside, "web", 80, "c"},
		"unless there are no others":   {web(), []string{"~10.244.1.2@one", "!10.244.2.2@two"}, inside, "web", 80, "a"},
		"none is refused":              {web(), []string{"!10.244.1.2@one"}, inside, "web", 80, "refused"},
		"another port is nobody's":     {web(), []string{"10.244.1.2@one"}, inside, "web", 81, "timed-out"},
		"a rule to a pod that is gone": {web(), []string{"10.244.1.77@one"}, inside, "web", 80, "no-route"},
		"by address":                   {web(), []string{"10.244.1.2@one"}, inside, "10.96.0.20", 80, "a"},
		"local ones only":              {web(local), []string{"10.244.1.2@one", "10.244.2.2@two"}, inside, "web", 80, "a"},
		"none of them local":           {web(local), []string{"10.244.2.2@two"}, inside, "web", 80, "timed-out"},
		"a node's port":                {web(node), []string{"10.244.1.2@one", "10.244.2.2@two"}, Outside, "172.18.0.2", 30080, "a c"},
		"a node's port, local":         {web(node, local), []string{"10.244.1.2@one", "10.244.2.2@two"}, Outside, "172.18.0.2", 30080, "c"},
		"a node's port, none local":    {web(node, local), []string{"10.244.1.2@one"}, Outside, "172.18.0.2", 30080, "timed-out"},
		"a pod itself":                 {web(), nil, inside, "10.244.2.2", 8080, "c"},
		"a pod's other port":           {web(), nil, inside, "10.244.2.2", 8081, "refused"},
		"no pods from outside":         {web(), nil, Outside, "10.244.2.2", 8080, "timed-out"},
		"no cluster IP from outside":   {web(), []string{"10.244.1.2@one"}, Outside, "10.96.0.20", 80, "timed-out"},
		"an address of nobody":         {web(), nil, inside, "192.0.2.9", 80, "timed-out"},
		"a load balancer": {web(func(s *corev1.Service) {
			s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.9"}}
		}), []string{"10.244.1.2@one"}, Outside, "203.0.113.9", 80, "a"},
	} {
		l := newLab()
		l.service(c.service, c.endpoints...)
		l.want(t, name, l.all(c.from, c.host, c.port), c.want)
	}
}

func TestAServiceThatGoesLeavesNoRule(t *testing.T) {
	l := newLab()
	l.service(web(func(s *corev1.Service) { s.Spec.Ports[0].NodePort = 30080 }), "10.244.1.2@one")
	l.rules.set("default/web", nil, nil)
	l.zone.set("default/web", nil, nil)
	l.want(t, "address", l.got(inside, "10.96.0.20", 80), "timed-out")
	l.want(t, "node port", l.got(inside, "172.18.0.1", 30080), "refused")
	l.want(t, "name", l.got(inside, "web", 80), "no-such-name")
}

func TestSessionAffinity(t *testing.T) {
	l := newLab()
	l.service(web(func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP }), "10.244.1.2@one", "10.244.1.3@one", "10.244.2.2@two")
	first := l.got(inside, "web", 80)
	l.want(t, "the same client", l.all(inside, "web", 80), first)
	l.now = l.now.Add(4 * time.Hour)
	l.want(t, "after three hours and more any", strings.TrimSpace(l.all(inside, "web", 80)), l.got(inside, "web", 80))
}

func TestNames(t *testing.T) {
	l := newLab()
	l.service(web(), "10.244.1.2@one")
	headless := web(func(s *corev1.Service) { s.Name, s.Namespace, s.Spec.ClusterIP = "db", "data", corev1.ClusterIPNone })
	l.service(headless, "10.244.1.3@one", "10.244.2.2@two", "!10.244.1.2@one")
	l.service(web(func(s *corev1.Service) {
		s.Name, s.Spec.Type, s.Spec.ExternalName = "alias", corev1.ServiceTypeExternalName, "db.data.svc.cluster.local"
	}))
	elsewhere := inside
	elsewhere.Namespace = "other"
	host := inside
	host.ClusterDNS = false
	for _, c := range []struct {
		from Caller
		name string
		want string
	}{
		{inside, "web", "[10.96.0.20]"},
		{inside, "web.default", "[10.96.0.20]"},
		{inside, "web.default.svc", "[10.96.0.20]"},
		{inside, "web.default.svc.cluster.local", "[10.96.0.20]"},
		{inside, "web.default.svc.cluster.local.", "[10.96.0.20]"},
		{inside, "WEB", "[10.96.0.20]"},
		{elsewhere, "web", "[] no-such-name"},
		{elsewhere, "web.default", "[10.96.0.20]"},
		{inside, "db.data", "[10.244.1.3 10.244.2.2]"},
		{inside, "10-244-2-2.db.data", "[10.244.2.2]"},
		{inside, "alias", "[10.244.1.3 10.244.2.2]"},
		{inside, "10-244-1-2.default.pod", "[10.244.1.2]"},
		{inside, "example.com", "[] no-such-name"},
		{host, "web", "[] no-such-name"},
		{inside, "localhost", "[127.0.0.1]"},
	} {
		ips, failure := l.Resolve(c.from, c.name)
		l.want(t, c.name, strings.TrimSpace(fmt.Sprint(ips)+" "+string(failure)), c.want)
	}
	l.down[DNSActor] = true
	if _, failure := l.Resolve(inside, "web"); failure != NoDNS {
		t.Errorf("without CoreDNS: %q", failure)
	}
}

func TestIngressRules(t *testing.T) {
	path := func(kind networkingv1.PathType, path, to string) networkingv1.HTTPIngressPath {
		return networkingv1.HTTPIngressPath{Path: path, PathType: &kind, Backend: networkingv1.IngressBackend{
			Service: &networkingv1.IngressServiceBackend{Name: to}}}
	}
	rule := func(host string, paths ...networkingv1.HTTPIngressPath) networkingv1.IngressRule {
		return networkingv1.IngressRule{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}}}
	}
	in := &networkingv1.Ingress{Spec: networkingv1.IngressSpec{
		DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "rest"}},
		Rules: []networkingv1.IngressRule{
			rule("", path(networkingv1.PathTypePrefix, "/any", "any")),
			rule("shop.example", path(networkingv1.PathTypePrefix, "/", "shop"), path(networkingv1.PathTypePrefix, "/cart", "cart"), path(networkingv1.PathTypeExact, "/cart/pay", "pay")),
			rule("*.example", path(networkingv1.PathTypePrefix, "/", "wild")),
		},
	}}
	for request, want := range map[string]string{
		"shop.example/": "shop", "shop.example/cart": "cart", "shop.example/cart/": "cart", "shop.example/cart/1?a=b": "cart",
		"shop.example/cartoon": "shop", "shop.example/cart/pay": "pay", "shop.example/cart/pay/now": "cart",
		"blog.example/x": "wild", "a.blog.example/x": "rest", "other.test/any/thing": "any", "other.test/": "rest",
	} {
		host, p, _ := strings.Cut(request, "/")
		b := choosePath([]*networkingv1.Ingress{in}, host, "/"+p)
		if b.backend == nil || b.backend.Service.Name != want {
			t.Errorf("%s leads to %+v, want %s", request, b.backend, want)
		}
	}
	if b := choosePath(nil, "shop.example", "/"); b.backend != nil {
		t.Errorf("without an Ingress there is %+v", b)
	}
}

// TestPrograms: what wget, curl and nslookup say.
func TestPrograms(t *testing.T) {
	l := newLab()
	l.service(web(), "10.244.1.2@one")
	l.service(web(func(s *corev1.Service) { s.Name, s.Spec.ClusterIP = "empty", "10.96.0.21" }))
	for line, want := range map[string]string{
		"wget -qO- http://web":                     "a to 10.244.1.9|0",
		"wget -q -O - web":                         "a to 10.244.1.9|0",
		"wget -O- web:80":                          "2:Connecting to web:80 (10.96.0.20:80)|2:writing to stdout|a to 10.244.1.9|2:-                    100% |********************************|    16  0:00:00 ETA|2:written to stdout|0",
		"wget -qO- http://empty":                   "2:wget: can't connect to remote host (10.96.0.21): Connection refused|1",
		"wget -qO- http://nobody":                  "2:wget: bad address 'nobody'|1",
		"wget -qO- -T 2 http://web:81":             "2:wget: download timed out|1",
		"wget -qO- --timeout=2 http://192.0.2.1":   "2:wget: download timed out|1",
		"curl -s http://web":                       "a to 10.244.1.9|0",
		"curl -s http://empty":                     "7",
		"curl -sS http://empty":                    "2:curl: (7) Failed to connect to empty port 80 after 1 ms: Could not connect to server|7",
		"curl -s -o /dev/null -w %{http_code} web": "200|0",
		"curl -sS http://nobody":                   "2:curl: (6) Could not resolve host: nobody|6",
		"curl -sSm 3 http://web:81":                "2:curl: (28) Connection timed out after 3000 milliseconds|28",
		"curl -sSI web":                            "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 16\nConnection: close\n|0",
		"nslookup web.default.svc.cluster.local":   "Server:\t\t10.96.0.10|Address:\t10.96.0.10:53\n|Name:\tweb.default.svc.cluster.local\nAddress: 10.96.0.20||" + "|0",
		"nslookup web.default":                     "Server:\t\t10.96.0.10|Address:\t10.96.0.10:53\n|** server can't find web.default: NXDOMAIN\n|** server can't find web.default: NXDOMAIN\n|1",
	} {
		ran := l.Run(Program{Words: strings.Fields(line), From: inside})
		var out []string
		for _, p := range ran.Printed {
			if p.Err {
				p.Text = "2:" + p.Text
			}
			out = append(out, p.Text)
		}
		l.want(t, line, strings.Join(append(out, fmt.Sprint(ran.Exit)), "|"), want)
	}
	ran := l.Run(Program{Words: []string{"nslookup", "web"}, From: inside, OldLookup: true})
	last := ran.Printed[len(ran.Printed)-1].Text
	l.want(t, "old nslookup", last, "Address 1: 10.96.0.20 web.default.svc.cluster.local")
}
