package endpoints

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

// changeDelay is how long a slice that somebody else changed is left before
// its service is looked at.
const changeDelay = time.Second

const byService = "service"

type slicesController struct {
	c *client.Client
	controller.Selection[*corev1.Service]
	nodes    *client.View[*corev1.Node]
	slices   *client.View[*discoveryv1.EndpointSlice]
	loop     *client.Loop
	triggers triggers
	wrote    controller.Written // by service
	mine     controller.Written // by slice: what a notification of one's own write says
}

// StartSlices runs the EndpointSlice controller with c.
func StartSlices(c *client.Client) {
	sc := &slicesController{
		c: c, Selection: selection(), triggers: triggers{},
		nodes:  client.NewView[*corev1.Node](c, client.ViewOptions{}),
		slices: client.NewView[*discoveryv1.EndpointSlice](c, client.ViewOptions{LabelSelector: discoveryv1.LabelManagedBy + "=" + managedBy}),
		wrote:  controller.Written{}, mine: controller.Written{},
	}
	sc.loop = c.NewLoop("sync endpoint slices", sc.sync)
	sc.loop.Needs(sc.nodes, sc.slices)
	sc.slices.Index(byService, func(s *discoveryv1.EndpointSlice) []string { return []string{serviceKey(s)} })
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

func serviceKey(s *discoveryv1.EndpointSlice) string {
	return s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName]
}

// changed looks after a slice that somebody else has changed or deleted.
func (sc *slicesController) changed(s *discoveryv1.EndpointSlice) {
	if sc.slices.Synced() && controller.Revision(s) > sc.mine[client.Key(s)] {
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
	err := sc.act(key, s, p, sc.triggers.note(key, s, pods))
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

func (sc *slicesController) act(key string, s *corev1.Service, p plan, trigger string) error {
	if s.DeletionTimestamp == nil {
		for _, slice := range p.create {
			err := sc.write(key, rest.Create, slice, trigger)
			if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("failed to create EndpointSlice for Service %s: %w", key, err)
			}
		}
	}
	for _, slice := range p.update {
		if err := sc.write(key, rest.Update, slice, trigger); err != nil {
			return fmt.Errorf("failed to update %s EndpointSlice for Service %s: %w", slice.Name, key, err)
		}
	}
	for _, slice := range p.delete {
		if err := sc.do(key, slice, &rest.Request{Verb: rest.Delete}); err != nil {
			return fmt.Errorf("failed to delete %s EndpointSlice for Service %s: %w", slice.Name, key, err)
		}
	}
	return nil
}

func (sc *slicesController) write(key, verb string, slice *discoveryv1.EndpointSlice, trigger string) error {
	stamp(&slice.ObjectMeta, trigger)
	return sc.do(key, slice, &rest.Request{Verb: verb, Object: slice})
}

func (sc *slicesController) do(key string, slice *discoveryv1.EndpointSlice, req *rest.Request) error {
	req.Resource, req.Namespace, req.Name = api.For(slice).GVR(), slice.Namespace, slice.Name
	resp, err := sc.c.Do(req)
	if err != nil {
		return err
	}
	sc.wrote.Note(key, resp.Revision)
	if written, ok := resp.Object.(*discoveryv1.EndpointSlice); ok {
		slice = written
	}
	sc.mine.Note(client.Key(slice), resp.Revision)
	return nil
}
