// Package daemonset is the DaemonSet controller: it keeps one pod on every node
// that a DaemonSet is for, and brings the pods to a new template a few at a
// time. It names each pod's node in the pod's affinity and leaves the binding
// to the scheduler.
//
// One pass over a DaemonSet reads (sync.go), finds the revision of its template
// (history.go), decides (decide.go and rolling.go, pure; nodes.go tells which
// nodes are meant), acts (act.go) and reports (status.go). It follows
// pkg/controller/daemon of Kubernetes v1.36.3.
//
// Left out: counted expectations, for which controller.Written stands in, as
// for ReplicaSets; the history of extensions/v1beta1 (revisions without the
// label of their hash).
package daemonset

import (
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// perNode is the virtual time that a pass takes for each node.
const perNode = 5 * time.Microsecond

const (
	byNamespace = "namespace"
	byNode      = "node"
)

type daemonSets struct {
	c         *client.Client
	sets      *client.View[*appsv1.DaemonSet]
	pods      *client.View[*corev1.Pod]
	nodes     *client.View[*corev1.Node]
	revisions *client.View[*appsv1.ControllerRevision]
	loop      *client.Loop
	backoffs  map[string]backoff
	// What this controller wrote last, by DaemonSet.
	wrotePods, wroteSet, wroteRevisions controller.Written
}

// Start runs the controller with c.
func Start(c *client.Client) {
	ds := &daemonSets{
		c:         c,
		sets:      client.NewView[*appsv1.DaemonSet](c, client.ViewOptions{}),
		pods:      client.NewView[*corev1.Pod](c, client.ViewOptions{}),
		nodes:     client.NewView[*corev1.Node](c, client.ViewOptions{}),
		revisions: client.NewView[*appsv1.ControllerRevision](c, client.ViewOptions{}),
		backoffs:  map[string]backoff{},
		wrotePods: controller.Written{}, wroteSet: controller.Written{}, wroteRevisions: controller.Written{},
	}
	ds.loop = c.NewLoop("reconcile daemonset", ds.sync)
	ds.loop.Needs(ds.sets, ds.pods, ds.nodes, ds.revisions)
	ds.sets.Index(byNamespace, func(s *appsv1.DaemonSet) []string { return []string{s.Namespace} })
	ds.pods.Index(controller.ByOwner, controller.Owner)
	ds.pods.Index(byNode, func(p *corev1.Pod) []string { return []string{p.Spec.NodeName} })
	ds.revisions.Index(controller.ByOwner, controller.Owner)
	ds.handle()
	ds.sets.Start()
	ds.pods.Start()
	ds.nodes.Start()
	ds.revisions.Start()
}

func (ds *daemonSets) handle() {
	ds.sets.Handle(client.Handlers[*appsv1.DaemonSet]{
		Added:   ds.enqueue,
		Updated: func(_, s *appsv1.DaemonSet) { ds.enqueue(s) },
		Deleted: func(s *appsv1.DaemonSet) { ds.forget(client.Key(s)) },
	})
	ds.pods.Handle(client.Handlers[*corev1.Pod]{
		Added:   ds.podAdded,
		Updated: ds.podUpdated,
		Deleted: func(p *corev1.Pod) { ds.enqueueOwner(p) },
	})
	ds.nodes.Handle(client.Handlers[*corev1.Node]{
		Added: ds.nodeChanged,
		Updated: func(old, node *corev1.Node) {
			if !maps.Equal(old.Labels, node.Labels) || !equality.Semantic.DeepEqual(old.Spec.Taints, node.Spec.Taints) {
				ds.nodeChanged(node)
			}
		},
	})
	ds.revisions.Handle(client.Handlers[*appsv1.ControllerRevision]{ // a new one wakes nobody: it is this controller's own
		Updated: func(_, r *appsv1.ControllerRevision) { ds.enqueueOwner(r) },
		Deleted: func(r *appsv1.ControllerRevision) { ds.enqueueOwner(r) },
	})
}

func (ds *daemonSets) forget(key string) {
	delete(ds.wrotePods, key)
	delete(ds.wroteSet, key)
	delete(ds.wroteRevisions, key)
}

func (ds *daemonSets) enqueue(s *appsv1.DaemonSet) { ds.loop.Add(client.Key(s)) }

// enqueueOwner wakes the DaemonSet that controls an object, if it is known.
func (ds *daemonSets) enqueueOwner(obj api.Object) {
	ref := metav1.GetControllerOfNoCopy(obj)
	if ref == nil || ref.Kind != "DaemonSet" {
		return
	}
	if s, ok := ds.sets.Get(obj.GetNamespace(), ref.Name); ok && s.UID == ref.UID {
		ds.enqueue(s)
	}
}

func (ds *daemonSets) podAdded(pod *corev1.Pod) {
	if metav1.GetControllerOfNoCopy(pod) != nil {
		ds.enqueueOwner(pod)
		return
	}
	ds.enqueueMatching(pod)
}

func (ds *daemonSets) podUpdated(old, pod *corev1.Pod) {
	was, is := metav1.GetControllerOfNoCopy(old), metav1.GetControllerOfNoCopy(pod)
	moved := (was == nil) != (is == nil) || was != nil && was.UID != is.UID
	if moved {
		ds.enqueueOwner(old)
	}
	if is != nil {
		ds.enqueueOwner(pod)
	} else if moved || !maps.Equal(old.Labels, pod.Labels) {
		ds.enqueueMatching(pod)
	}
}

// enqueueMatching wakes the DaemonSets that might adopt an orphan.
func (ds *daemonSets) enqueueMatching(pod *corev1.Pod) {
	if len(pod.Labels) == 0 {
		return
	}
	for _, s := range ds.sets.By(byNamespace, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels)) {
			ds.enqueue(s)
		}
	}
}

// nodeChanged wakes the DaemonSets that lack a pod on a node, or have one too many.
func (ds *daemonSets) nodeChanged(node *corev1.Node) {
	has := map[string]bool{}
	for _, pod := range ds.pods.By(byNode, node.Name) {
		if ref := metav1.GetControllerOfNoCopy(pod); ref != nil {
			has[string(ref.UID)] = true
		}
	}
	for _, s := range ds.sets.List() {
		run, stay := fits(s, node)
		there := has[string(s.UID)]
		if run && !there || !stay && there || there && s.Status.NumberMisscheduled > 0 {
			ds.enqueue(s)
		}
	}
}
