package network

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// ProxyActor and DNSActor are the names of kube-proxy and CoreDNS.
const (
	ProxyActor = "kube-proxy"
	DNSActor   = "coredns"
)

// minSync is the least time between two syncs of kube-proxy's rules: what
// changes soon after one waits for the next
// (iptables.minSyncPeriod in pkg/proxy/apis/config/v1alpha1/defaults.go).
const minSync = time.Second

// watcher is what kube-proxy, CoreDNS and ingress controllers have in common:
// a view of services and their slices. It tells which service has changed, and
// when all are known first.
type watcher struct {
	c        *client.Client
	services *client.View[*corev1.Service]
	slices   *client.View[*discoveryv1.EndpointSlice]
}

const byService = "service"

// watch makes a watcher of the slices that a selector takes. changed is called
// with the key of a service that something has changed about.
func watch(c *client.Client, slices string, changed func(key string)) *watcher {
	w := &watcher{
		c:        c,
		services: client.NewView[*corev1.Service](c, client.ViewOptions{}),
		slices:   client.NewView[*discoveryv1.EndpointSlice](c, client.ViewOptions{LabelSelector: slices}),
	}
	w.slices.Index(byService, func(s *discoveryv1.EndpointSlice) []string { return []string{ofService(s)} })
	service := func(s *corev1.Service) { changed(client.Key(s)) }
	w.services.Handle(client.Handlers[*corev1.Service]{
		Added: service, Updated: func(_, s *corev1.Service) { service(s) }, Deleted: service,
	})
	slice := func(s *discoveryv1.EndpointSlice) { changed(ofService(s)) }
	w.slices.Handle(client.Handlers[*discoveryv1.EndpointSlice]{
		Added: slice, Updated: func(_, s *discoveryv1.EndpointSlice) { slice(s) }, Deleted: slice,
	})
	return w
}

// ofService is the key of the service that a slice belongs to.
func ofService(s *discoveryv1.EndpointSlice) string {
	return s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName]
}

func (w *watcher) start(known func()) {
	both := func() {
		if w.services.Synced() && w.slices.Synced() {
			known()
		}
	}
	w.services.OnSynced(both)
	w.slices.OnSynced(both)
	w.services.Start()
	w.slices.Start()
}

// get finds a service, nil if there is none, and its slices.
func (w *watcher) get(key string) (*corev1.Service, []*discoveryv1.EndpointSlice) {
	s, _ := w.services.Get(client.SplitKey(key))
	return s, w.slices.By(byService, key)
}

// proxy is kube-proxy: it writes what has changed into the rules, all at once.
type proxy struct {
	n       *Network
	w       *watcher
	known   bool // every service and slice there was has been listed
	changed map[string]bool
	last    time.Time
	next    *client.Timer
}

// StartProxy runs kube-proxy with c. The rules that it writes are all machines',
// and stay as they are when it stops.
func (n *Network) StartProxy(c *client.Client) {
	p := &proxy{n: n, changed: map[string]bool{}}
	p.w = watch(c, "!"+corev1.IsHeadlessService, func(key string) {
		p.changed[key] = true
		if p.known {
			p.plan()
		}
	})
	p.w.start(func() {
		p.known = true
		for key := range n.rules.placed {
			p.changed[key] = true // it may have gone while no proxy ran
		}
		p.sync()
	})
}

// plan has the rules written now, or a while after they were written last.
func (p *proxy) plan() {
	if p.next != nil {
		return
	}
	if wait := p.last.Add(minSync).Sub(p.w.c.Now()); wait > 0 {
		p.next = p.w.c.After(wait, sim.Work, "write proxy rules", p.sync)
		return
	}
	p.sync()
}

func (p *proxy) sync() {
	for _, key := range slices.Sorted(maps.Keys(p.changed)) {
		s, all := p.w.get(key)
		p.n.rules.set(key, s, all)
	}
	clear(p.changed)
	p.last, p.next = p.w.c.Now(), nil
}
