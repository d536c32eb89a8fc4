package network

import (
	"cmp"
	"slices"
	"strings"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// IngressActor is the ingress controller's name, IngressAddress where it is
// reached, on port 80.
const (
	IngressActor   = "ingress-controller"
	IngressAddress = "203.0.113.1"
)

// appears is how long it takes until an Ingress says where it is reached.
const appears = 10 * time.Second

// ingressClass is the class of Ingresses that the controller serves; those of
// no class are nobody's, as ingress-nginx has it.
const ingressClass = "nginx"

// front is what the ingress controller knows.
type front struct {
	ingresses []*networkingv1.Ingress // oldest first
	w         *watcher
}

// StartIngress runs the ingress controller with c.
func (n *Network) StartIngress(c *client.Client) {
	ctl := &ingressController{n: n, c: c}
	f := &front{}
	f.w = watch(c, "", func(string) {})
	view := client.NewView[*networkingv1.Ingress](c, client.ViewOptions{})
	look := func() {
		f.ingresses = slices.DeleteFunc(view.List(), func(in *networkingv1.Ingress) bool { return classOf(in) != ingressClass })
		slices.SortStableFunc(f.ingresses, func(a, b *networkingv1.Ingress) int {
			return a.CreationTimestamp.Time.Compare(b.CreationTimestamp.Time)
		})
	}
	seen := func(in *networkingv1.Ingress) { look(); ctl.seen(in) }
	view.Handle(client.Handlers[*networkingv1.Ingress]{
		Added: seen, Updated: func(_, in *networkingv1.Ingress) { seen(in) }, Deleted: func(*networkingv1.Ingress) { look() },
	})
	ctl.view = view
	f.w.start(func() { n.front = f })
	view.Start()
}

func classOf(in *networkingv1.Ingress) string {
	if in.Spec.IngressClassName != nil {
		return *in.Spec.IngressClassName
	}
	return in.Annotations["kubernetes.io/ingress.class"]
}

// ingressController writes into Ingresses where they are reached.
type ingressController struct {
	n    *Network
	c    *client.Client
	view *client.View[*networkingv1.Ingress]
}

// seen tells of an Ingress: its address is published a while later, as
// ingress-nginx does at its next look.
func (ctl *ingressController) seen(in *networkingv1.Ingress) {
	if classOf(in) != ingressClass || len(in.Status.LoadBalancer.Ingress) > 0 {
		return
	}
	ctl.c.After(appears, sim.Idle, "publish ingress "+client.Key(in), func() {
		now, ok := ctl.view.Get(in.Namespace, in.Name)
		if !ok || now.UID != in.UID || len(now.Status.LoadBalancer.Ingress) > 0 {
			return
		}
		_, _ = client.Patch(ctl.c, in.Namespace, in.Name, "status", func(in *networkingv1.Ingress) {
			in.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: IngressAddress}}
		}) // what fails has gone, or is tried when it is seen again
	})
}

// enter answers a request that has come to the ingress controller.
func (n *Network) enter(port int32, r Request) Outcome {
	if port != 80 {
		return Outcome{Failure: Refused}
	}
	b := choosePath(n.front.ingresses, hostOf(r.Host), r.Path)
	if b.backend == nil || b.backend.Service == nil {
		return Outcome{Response: page(404, "Not Found")}
	}
	s, all := n.front.w.get(b.namespace + "/" + b.backend.Service.Name)
	if s == nil {
		return Outcome{Response: page(503, "Service Temporarily Unavailable")}
	}
	service := client.Key(s)
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		if want := b.backend.Service.Port; p.Name != want.Name && (want.Number == 0 || p.Port != want.Number) {
			continue
		}
		sp := servicePort{endpoints: endpointsOf(all, p.Name)}
		if ready := sp.usable(""); len(ready) > 0 {
			e := ready[0]
			if len(ready) > 1 {
				e = ready[n.dice.IntN(len(ready))]
			}
			r.From = IngressAddress
			out := n.deliver(e, r)
			if out.Failure != Answered {
				by := out.By
				out.Failure, out.Response = Answered, page(502, "Bad Gateway")
				out.By = by
			}
			out.Service = service
			return out
		}
	}
	return Outcome{Response: page(503, "Service Temporarily Unavailable"), Service: service}
}

// page is what nginx says itself.
func page(status int, text string) Response {
	return Response{Status: status, Server: "nginx", Body: StatusPage(status, text)}
}

func hostOf(header string) string {
	host, _, _ := strings.Cut(header, ":")
	return strings.ToLower(host)
}

// backend is where an Ingress leads, in its namespace.
type backend struct {
	namespace string
	backend   *networkingv1.IngressBackend
}

// choosePath finds the rule for a host and a path: the host's own rules before
// those of a wildcard and those for any; among paths Exact first, then the
// longest; else a default backend. It is pure.
func choosePath(all []*networkingv1.Ingress, host, path string) backend {
	path, _, _ = strings.Cut(path, "?")
	var best backend
	var bestRank [3]int
	for _, in := range all {
		if d := in.Spec.DefaultBackend; d != nil && best.backend == nil {
			best = backend{in.Namespace, d}
		}
		for i := range in.Spec.Rules {
			rule := &in.Spec.Rules[i]
			fits := hostFits(rule.Host, host)
			if fits == 0 || rule.HTTP == nil {
				continue
			}
			for j := range rule.HTTP.Paths {
				p := &rule.HTTP.Paths[j]
				rank := [3]int{fits, 0, len(p.Path)}
				exact := p.PathType != nil && *p.PathType == networkingv1.PathTypeExact
				switch {
				case exact && path == p.Path:
					rank[1] = 1
				case exact || !under(path, p.Path):
					continue
				}
				if slices.CompareFunc(rank[:], bestRank[:], cmp.Compare[int]) > 0 {
					best, bestRank = backend{in.Namespace, &p.Backend}, rank
				}
			}
		}
	}
	return best
}

// hostFits is 3 for a rule of this very host, 2 for a wildcard, 1 for any host
// and 0 for another.
func hostFits(rule, host string) int {
	first, rest, _ := strings.Cut(host, ".")
	switch {
	case rule == "":
		return 1
	case rule == host:
		return 3
	case first != "" && strings.HasPrefix(rule, "*.") && rule[2:] == rest:
		return 2
	}
	return 0
}

// under tells whether a path is prefix or below it, by whole elements.
func under(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}
