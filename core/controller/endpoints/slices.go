package endpoints

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/sim"
)

// changeDelay is how long a slice that somebody else changed is left before
// its service is looked at.
const changeDelay = time.Second

type slicesController struct {
	sliceWriter
	controller.Selection[*corev1.Service]
	nodes    *client.View[*corev1.Node]
	slices   *client.View[*discoveryv1.EndpointSlice]
	loop     *client.Loop
	triggers triggers
}

// StartSlices runs the EndpointSlice controller with c.
func StartSlices(c *client.Client) {
	sc := &slicesController{
		sliceWriter: newWriter(c), Selection: selection(), triggers: triggers{},
		nodes:  client.NewView[*corev1.Node](c, client.ViewOptions{}),
		slices: viewOf(c, managedBy),
	}
	sc.loop = c.NewLoop("sync endpoint slices", sc.sync)
	sc.loop.Needs(sc.nodes, sc.slices)
	sc.slices.Handle(client.Handlers[*discoveryv1.EndpointSlice]{
		Added:   sc.changed,
		Updated: func(old, s *discoveryv1.EndpointSlice) { sc.changed(s) },
		Deleted: sc.changed,
	})
	sc.Select(c, sc.loop)
	sc.Start()
	sc.nodes.Start()
	sc.slices.Start()
}

// changed looks after a slice that somebody else has changed or deleted.
func (sc *slicesController) changed(s *discoveryv1.EndpointSlice) {
	if sc.slices.Synced() && sc.somebodyElses(s) {
		sc.loop.AddAfter(serviceKey(s), changeDelay, sim.Work)
	}
}

// sync takes one pass over a service: read, decide, act.
func (sc *slicesController) sync(key string) error {
	s, ok := sc.Owners.Get(client.SplitKey(key))
	if !ok {
		delete(sc.triggers, key)
		delete(sc.wrote, key)
		return nil
	}
	pods, known := sc.Of(s)
	if selectorOf(s) == nil || !known {
		return nil
	}
	if sc.wrote.Behind(key, sc.slices.Seen()) {
		return controller.ErrBehind
	}
	seen := observed{service: s, pods: pods, zone: sc.zone}
	for _, slice := range sc.slices.By(byService, key) {
		if slice.DeletionTimestamp == nil {
			seen.slices = append(seen.slices, slice)
		}
	}
	p := decide(seen)
	trigger := sc.triggers.note(key, s, pods)
	for _, slice := range slices.Concat(p.create, p.update) {
		stamp(&slice.ObjectMeta, trigger)
	}
	err := sc.act(key, "Service "+key, p, s.DeletionTimestamp == nil)
	if err == nil && len(p.lost) > 0 {
		pod := p.lost[0]
		err = fmt.Errorf("skipping Pod %s for Service %s: Node %s Not Found", pod.Name, key, pod.Spec.NodeName)
	}
	if err != nil {
		sc.c.EventFrom(client.EventSource{Component: "endpoint-slice-controller"}, s, corev1.EventTypeWarning,
			"FailedToUpdateEndpointSlices", fmt.Sprintf("Error updating Endpoint Slices for Service %s: %v", key, err))
	}
	return err
}

func (sc *slicesController) zone(node string) (string, bool) {
	n, ok := sc.nodes.Get("", node)
	if !ok {
		return "", false
	}
	return n.Labels[corev1.LabelTopologyZone], true
}
