// Package tainteviction is the taint eviction controller: it deletes the pods
// of a node with a NoExecute taint that they don't tolerate, or tolerate for a
// while only, when that is over.
//
// It follows pkg/controller/tainteviction of Kubernetes v1.36.3. As there, a
// pod's time runs from the moment at which this controller first saw the taint,
// and begins anew with a restart. Pods are watched from the first such taint
// on. Left out: pods that are being deleted anyway are let go in peace, without
// an event and a condition.
package tainteviction

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

const byNode = "node"

type evictor struct {
	c        *client.Client
	nodes    *client.View[*corev1.Node]
	pods     *client.View[*corev1.Pod]
	loop     *client.Loop
	due      map[string]time.Time // by pod: when it goes
	watching bool
}

// Start runs the controller with c.
func Start(c *client.Client) {
	e := &evictor{
		c: c, due: map[string]time.Time{},
		nodes: client.NewView[*corev1.Node](c, client.ViewOptions{}),
		pods:  client.NewView[*corev1.Pod](c, client.ViewOptions{}),
	}
	e.loop = c.NewLoop("evict pod", e.sync)
	e.loop.Needs(e.nodes, e.pods)
	e.pods.Index(byNode, func(p *corev1.Pod) []string { return []string{p.Spec.NodeName} })
	e.nodes.Handle(client.Handlers[*corev1.Node]{
		Added: e.tainted,
		Updated: func(old, n *corev1.Node) {
			if !equality.Semantic.DeepEqual(noExecute(old), noExecute(n)) {
				e.tainted(n)
			}
		},
	})
	e.pods.Handle(client.Handlers[*corev1.Pod]{
		Added: e.look,
		Updated: func(old, p *corev1.Pod) {
			if old.Spec.NodeName != p.Spec.NodeName || !equality.Semantic.DeepEqual(old.Spec.Tolerations, p.Spec.Tolerations) {
				e.look(p)
			}
		},
		Deleted: func(p *corev1.Pod) { e.loop.Add(client.Key(p)) },
	})
	e.nodes.Start()
}

func (e *evictor) tainted(n *corev1.Node) {
	if len(noExecute(n)) > 0 && !e.watching {
		e.watching = true
		e.pods.Start()
	}
	for _, p := range e.pods.By(byNode, n.Name) {
		e.loop.Add(client.Key(p))
	}
}

func (e *evictor) look(p *corev1.Pod) {
	if len(e.taintsOf(p)) > 0 {
		e.loop.Add(client.Key(p))
	}
}

func (e *evictor) taintsOf(p *corev1.Pod) []corev1.Taint {
	if n, ok := e.nodes.Get("", p.Spec.NodeName); ok && p.Spec.NodeName != "" {
		return noExecute(n)
	}
	return nil
}

func noExecute(n *corev1.Node) []corev1.Taint {
	return slices.DeleteFunc(slices.Clone(n.Spec.Taints), func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectNoExecute })
}

// sync takes one pass over a pod: read, decide, act.
func (e *evictor) sync(key string) error {
	pod, ok := e.pods.Get(client.SplitKey(key))
	if !ok || pod.DeletionTimestamp != nil {
		e.cancel(key)
		return nil
	}
	stays, forever := tolerance(pod.Spec.Tolerations, e.taintsOf(pod))
	due, scheduled := e.due[key]
	switch {
	case forever:
		e.cancel(key)
		return nil
	case stays == 0:
		e.cancel(key)
		return e.evict(key, pod)
	case !scheduled:
		e.due[key] = e.c.Now().Add(stays)
		e.loop.AddAfter(key, stays, sim.Idle)
		return nil
	case due.After(e.c.Now()):
		return nil
	}
	return e.evict(key, pod)
}

// cancel takes back what was to happen to a pod.
func (e *evictor) cancel(key string) {
	if _, scheduled := e.due[key]; scheduled {
		delete(e.due, key)
		e.report(key, "Cancelling deletion of Pod ")
	}
}

// report makes an event about a pod; such events name no version of it.
func (e *evictor) report(key, what string) {
	namespace, name := client.SplitKey(key)
	e.c.Event(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}},
		corev1.EventTypeNormal, "TaintManagerEviction", what+key)
}

// evict says in the pod's status why it goes, and deletes it.
func (e *evictor) evict(key string, pod *corev1.Pod) error {
	e.report(key, "Marking for deletion Pod ")
	now := metav1.NewTime(e.c.Now().Truncate(time.Second))
	_, err := client.Patch(e.c, pod.Namespace, pod.Name, "status", func(p *corev1.Pod) {
		if p.UID == pod.UID {
			api.SetPodCondition(&p.Status, corev1.PodCondition{
				Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, ObservedGeneration: p.Generation,
				Reason: "DeletionByTaintManager", Message: "Taint manager: deleting due to NoExecute taint",
			}, now)
		}
	})
	if err == nil {
		err = client.Delete[*corev1.Pod](e.c, pod.Namespace, pod.Name, &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.UID}})
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	delete(e.due, key)
	return nil
}
