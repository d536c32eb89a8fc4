// Package podgc is the pod garbage collector: it removes the pods that were
// bound to a node which is no more, those that are on their way out on a node
// that was declared out of service, and the oldest of those that have ended
// when there are too many.
//
// It follows pkg/controller/podgc of Kubernetes v1.36.3. Instead of looking at
// all pods every twenty seconds, it watches nodes and the pods that have ended,
// and looks at a node's pods when its time has come. Left out: pods that were
// deleted before they were bound, which here the API server removes at once.
package podgc

import (
	"cmp"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

const (
	// quarantine is how long a node must have been gone before its pods go.
	quarantine = 40 * time.Second
	period     = 20 * time.Second
	// threshold is how many pods that have ended are kept.
	threshold = 12500
	// ended is the key under which too many of them are looked at; no node has that name.
	ended = ""
)

type collector struct {
	c        *client.Client
	nodes    *client.View[*corev1.Node]
	finished *client.View[*corev1.Pod]
	loop     *client.Loop
	gone     map[string]time.Time // since when a node is missed
}

// Start runs the controller with c.
func Start(c *client.Client) {
	g := &collector{
		c: c, gone: map[string]time.Time{},
		nodes:    client.NewView[*corev1.Node](c, client.ViewOptions{}),
		finished: client.NewView[*corev1.Pod](c, client.ViewOptions{FieldSelector: "status.phase!=Pending,status.phase!=Running,status.phase!=Unknown"}),
	}
	g.loop = c.NewLoop("collect pods of", g.sync)
	g.loop.Needs(g.nodes, g.finished)
	g.nodes.Handle(client.Handlers[*corev1.Node]{
		Added:   g.changed,
		Updated: func(_, n *corev1.Node) { g.changed(n) },
		Deleted: func(n *corev1.Node) { g.miss(n.Name) },
	})
	g.nodes.OnSynced(g.findOrphans)
	g.finished.Handle(client.Handlers[*corev1.Pod]{Added: func(*corev1.Pod) {
		if g.finished.Len() > threshold {
			g.loop.Add(ended)
		}
	}})
	g.nodes.Start()
	g.finished.Start()
}

func (g *collector) changed(n *corev1.Node) {
	delete(g.gone, n.Name)
	if outOfService(n) {
		g.loop.Add(n.Name)
	}
}

func (g *collector) miss(node string) {
	if _, known := g.gone[node]; !known {
		g.gone[node] = g.c.Now()
		g.loop.Add(node)
	}
}

// findOrphans looks once for pods whose node went while nobody watched.
func (g *collector) findOrphans() {
	pods, err := g.pods("spec.nodeName!=")
	if err != nil {
		g.c.After(period, sim.Idle, "look for orphans", g.findOrphans)
		return
	}
	for _, p := range pods {
		if _, ok := g.nodes.Get("", p.Spec.NodeName); !ok {
			g.miss(p.Spec.NodeName)
		}
	}
}

func (g *collector) pods(fields string) ([]*corev1.Pod, error) {
	resp, err := g.c.Do(&rest.Request{
		Verb: rest.List, Resource: api.Of[*corev1.Pod]().GVR(), ListOptions: metav1.ListOptions{FieldSelector: fields},
	})
	if err != nil {
		return nil, err
	}
	var pods []*corev1.Pod
	err = meta.EachListItem(resp.Object, func(o runtime.Object) error {
		pods = append(pods, o.(*corev1.Pod))
		return nil
	})
	return pods, err
}

// outOfService tells whether a node's pods may be taken to have ended.
func outOfService(n *corev1.Node) bool {
	tainted := slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeOutOfService })
	ready := slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
	return tainted && !ready
}

// sync takes one pass over a node, or over the pods that have ended.
func (g *collector) sync(name string) error {
	if name == ended {
		return g.remove(surplus(g.finished.List(), threshold), nil)
	}
	if node, ok := g.nodes.Get("", name); ok {
		return g.outOfService(node)
	}
	if left := g.gone[name].Add(quarantine).Sub(g.c.Now()); left > 0 {
		g.loop.AddAfter(name, left, sim.Idle)
		return nil
	}
	if _, err := client.Get[*corev1.Node](g.c, "", name); !apierrors.IsNotFound(err) {
		return err
	}
	pods, err := g.pods("spec.nodeName=" + name)
	if err != nil {
		return err
	}
	if err := g.remove(pods, &corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "DeletionByPodGC", Message: "PodGC: node no longer exists",
	}); err != nil {
		return err
	}
	delete(g.gone, name)
	return nil
}

func (g *collector) outOfService(node *corev1.Node) error {
	if !outOfService(node) {
		return nil
	}
	g.loop.AddAfter(node.Name, period, sim.Idle)
	pods, err := g.pods("spec.nodeName=" + node.Name)
	if err != nil {
		return err
	}
	return g.remove(slices.DeleteFunc(pods, func(p *corev1.Pod) bool { return p.DeletionTimestamp == nil }), nil)
}

// surplus are the pods beyond those that may be kept: evicted ones first, then
// the oldest.
func surplus(pods []*corev1.Pod, keep int) []*corev1.Pod {
	if len(pods) <= keep {
		return nil
	}
	evicted := func(p *corev1.Pod) int {
		if p.Status.Phase == corev1.PodFailed && p.Status.Reason == "Evicted" {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(pods, func(a, b *corev1.Pod) int {
		return cmp.Or(cmp.Compare(evicted(a), evicted(b)), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return pods[:len(pods)-keep]
}

// remove marks pods as failed, says why, and deletes them at once.
func (g *collector) remove(pods []*corev1.Pod, why *corev1.PodCondition) error {
	var errs []error
	for _, pod := range pods {
		err := g.mark(pod, why)
		if err == nil {
			err = client.Delete[*corev1.Pod](g.c, pod.Namespace, pod.Name, &metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
		}
		if err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (g *collector) mark(pod *corev1.Pod, why *corev1.PodCondition) error {
	if controller.PodFinished(pod) {
		return nil
	}
	uid, now := pod.UID, metav1.NewTime(g.c.Now().Truncate(time.Second))
	_, err := client.Patch(g.c, pod.Namespace, pod.Name, "status", func(p *corev1.Pod) {
		if p.UID != uid {
			return
		}
		p.Status.Phase = corev1.PodFailed
		if why != nil {
			c := *why
			c.ObservedGeneration = p.Generation
			api.SetPodCondition(&p.Status, c, now)
		}
	})
	return err
}
