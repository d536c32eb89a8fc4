package endpoints

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

type mirrorController struct {
	sliceWriter
	services  *client.View[*corev1.Service]
	endpoints *client.View[*corev1.Endpoints]
	slices    *client.View[*discoveryv1.EndpointSlice]
	loop      *client.Loop
}

// StartMirroring runs the controller that copies people's Endpoints into slices, with c.
func StartMirroring(c *client.Client) {
	mc := &mirrorController{
		sliceWriter: newWriter(c),
		services:    client.NewView[*corev1.Service](c, client.ViewOptions{}),
		endpoints:   client.NewView[*corev1.Endpoints](c, client.ViewOptions{}),
		slices:      viewOf(c, mirroredBy),
	}
	mc.loop = c.NewLoop("mirror endpoints", mc.sync)
	mc.loop.Needs(mc.services, mc.endpoints, mc.slices)
	mc.listen()
	mc.services.Start()
	mc.endpoints.Start()
	mc.slices.Start()
}

func (mc *mirrorController) listen() {
	service := func(s *corev1.Service) {
		if s.Spec.Selector == nil {
			mc.loop.Add(client.Key(s))
		}
	}
	mc.services.Handle(client.Handlers[*corev1.Service]{
		Added: service,
		Updated: func(old, s *corev1.Service) {
			if (old.Spec.Selector == nil) != (s.Spec.Selector == nil) {
				mc.loop.Add(client.Key(s))
			}
		},
		Deleted: service,
	})
	endpoints := func(e *corev1.Endpoints) {
		if mirrored(e) {
			mc.loop.Add(client.Key(e))
		}
	}
	mc.endpoints.Handle(client.Handlers[*corev1.Endpoints]{
		Added: endpoints,
		Updated: func(old, e *corev1.Endpoints) {
			if mirrored(old) || mirrored(e) {
				mc.loop.Add(client.Key(e))
			}
		},
		Deleted: endpoints,
	})
	slice := func(s *discoveryv1.EndpointSlice) {
		if mc.somebodyElses(s) {
			mc.loop.Add(serviceKey(s))
		}
	}
	mc.slices.Handle(client.Handlers[*discoveryv1.EndpointSlice]{
		Added: slice,
		Updated: func(old, s *discoveryv1.EndpointSlice) {
			if slice(s); serviceKey(old) != serviceKey(s) {
				mc.loop.Add(serviceKey(old))
			}
		},
		Deleted: slice,
	})
}

// sync takes one pass over Endpoints: read, decide, act.
func (mc *mirrorController) sync(key string) error {
	if mc.wrote.Behind(key, mc.slices.Seen()) {
		return controller.ErrBehind
	}
	namespace, name := client.SplitKey(key)
	have := slices.DeleteFunc(mc.slices.By(byService, key), func(s *discoveryv1.EndpointSlice) bool { return s.DeletionTimestamp != nil })
	e, exists := mc.endpoints.Get(namespace, name)
	s, served := mc.services.Get(namespace, name)
	if !exists || !served || !mirrored(e) || s.Spec.Selector != nil {
		return mc.act(key, "Endpoints "+key, plan{delete: have}, false)
	}
	c := copyOf(e, have)
	mc.report(e, c)
	return mc.act(key, "Endpoints "+key, c.plan, e.DeletionTimestamp == nil)
}

// report says what could not be copied.
func (mc *mirrorController) report(e *corev1.Endpoints, c copied) {
	if c.invalid > 0 {
		mc.say(e, "InvalidIPAddress", fmt.Sprintf("Skipped %d invalid IP addresses when mirroring to EndpointSlices", c.invalid))
	}
	if c.left > c.invalid {
		mc.say(e, "TooManyAddressesToMirror", fmt.Sprintf(
			"A max of %d addresses can be mirrored to EndpointSlices per Endpoints subset. %d addresses were skipped", mostMirrored, c.left))
	}
}

func (mc *mirrorController) say(e *corev1.Endpoints, reason, message string) {
	mc.c.EventFrom(client.EventSource{Component: "endpoint-slice-mirroring-controller"}, e, corev1.EventTypeWarning, reason, message)
}
