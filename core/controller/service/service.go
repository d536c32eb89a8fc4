// Package service is the controller that a cloud provider brings: it gives each
// Service of type LoadBalancer an address that is reached from outside, from a
// small range of its own, as minikube's tunnel does for lack of a cloud. What
// comes to the address goes the way that kube-proxy's rules say.
//
// It follows controllers/service of k8s.io/cloud-provider v0.36.3 (controller.go):
// the finalizer, the events, an address in the status. The balancer is there a
// while after it was asked for, as one of a cloud is, and until then the service
// is <pending>. Left out: load balancers' errors, the set of nodes behind one,
// services with a loadBalancerClass, which are another's.
package service

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// finalizer keeps a service until its load balancer is gone.
const finalizer = "service.kubernetes.io/load-balancer-cleanup"

// takes is how long it is until a load balancer is made or unmade.
const takes = 10 * time.Second

// The addresses: 203.0.113.10 to 203.0.113.250, of the range for documentation.
const first, last = 10, 250

type controller struct {
	c        *client.Client
	services *client.View[*corev1.Service]
	loop     *client.Loop
}

// Start runs the controller with c.
func Start(c *client.Client) {
	ctl := &controller{c: c, services: client.NewView[*corev1.Service](c, client.ViewOptions{})}
	ctl.loop = c.NewLoop("sync load balancer", ctl.sync)
	ctl.loop.Needs(ctl.services)
	ctl.services.Handle(client.Handlers[*corev1.Service]{
		Added: ctl.look, Updated: func(_, s *corev1.Service) { ctl.look(s) },
	})
	ctl.services.Start()
}

// deed is what is to be done about a service.
type deed int

const (
	nothing deed = iota
	build
	takeDown
)

// decide tells what a service lacks. It is pure.
func decide(s *corev1.Service) deed {
	wanted := s.Spec.Type == corev1.ServiceTypeLoadBalancer && s.Spec.LoadBalancerClass == nil && s.DeletionTimestamp == nil
	kept := slices.Contains(s.Finalizers, finalizer)
	switch {
	case wanted && (!kept || len(s.Status.LoadBalancer.Ingress) == 0):
		return build
	case !wanted && kept:
		return takeDown
	}
	return nothing
}

func (ctl *controller) look(s *corev1.Service) {
	switch decide(s) {
	case build:
		ctl.loop.AddAfter(client.Key(s), takes, sim.Idle)
	case takeDown:
		ctl.loop.Add(client.Key(s))
	}
}

func (ctl *controller) sync(key string) error {
	s, ok := ctl.services.Get(client.SplitKey(key))
	if !ok {
		return nil
	}
	switch decide(s) {
	case build:
		return ctl.ensure(s)
	case takeDown:
		return ctl.remove(s)
	}
	return nil
}

// ensure makes the balancer and publishes its address.
func (ctl *controller) ensure(s *corev1.Service) error {
	ctl.say(s, "EnsuringLoadBalancer", "Ensuring load balancer")
	address := ctl.free(s.Spec.LoadBalancerIP)
	if address == "" {
		ctl.c.EventFrom(source, s, corev1.EventTypeWarning, "SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: no address is left")
		return nil
	}
	if _, err := client.Patch(ctl.c, s.Namespace, s.Name, "", func(s *corev1.Service) {
		if !slices.Contains(s.Finalizers, finalizer) {
			s.Finalizers = append(s.Finalizers, finalizer)
		}
	}); err != nil {
		return err
	}
	mode := corev1.LoadBalancerIPModeVIP
	if _, err := client.Patch(ctl.c, s.Namespace, s.Name, "status", func(s *corev1.Service) {
		s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address, IPMode: &mode}}
	}); err != nil {
		return err
	}
	ctl.say(s, "EnsuredLoadBalancer", "Ensured load balancer")
	return nil
}

// remove unmakes the balancer of a service that wants none any more, and lets it go.
func (ctl *controller) remove(s *corev1.Service) error {
	ctl.say(s, "DeletingLoadBalancer", "Deleting load balancer")
	if len(s.Status.LoadBalancer.Ingress) > 0 {
		if _, err := client.Patch(ctl.c, s.Namespace, s.Name, "status", func(s *corev1.Service) {
			s.Status.LoadBalancer = corev1.LoadBalancerStatus{}
		}); err != nil {
			return err
		}
	}
	ctl.say(s, "DeletedLoadBalancer", "Deleted load balancer")
	_, err := client.Patch(ctl.c, s.Namespace, s.Name, "", func(s *corev1.Service) {
		s.Finalizers = slices.DeleteFunc(s.Finalizers, func(f string) bool { return f == finalizer })
	})
	return err
}

var source = client.EventSource{Component: "service-controller"}

func (ctl *controller) say(s *corev1.Service, reason, message string) {
	ctl.c.EventFrom(source, s, corev1.EventTypeNormal, reason, message)
}

// free is an address that no other service has: the one wished for, or the first.
func (ctl *controller) free(wish string) string {
	taken := map[string]bool{}
	for _, s := range ctl.services.List() {
		for _, in := range s.Status.LoadBalancer.Ingress {
			taken[in.IP] = true
		}
	}
	if wish != "" && !taken[wish] {
		return wish
	}
	for n := first; n <= last; n++ {
		if ip := fmt.Sprintf("203.0.113.%d", n); !taken[ip] {
			return ip
		}
	}
	return ""
}
