// Package statefulset is the StatefulSet controller: it keeps pods that have a
// name and storage of their own, db-0, db-1, …, starts them one after the other
// (or all at once), and brings them to a new template from the last to the first.
//
// One pass over a StatefulSet reads (sync.go), finds the revisions of the
// present and the last complete template (history.go), decides on steps
// (decide.go and claims.go, pure; pod.go says what a pod of an ordinal is),
// takes them (act.go) and reports (status.go). It follows
// pkg/controller/statefulset and pkg/controller/history of Kubernetes v1.36.3.
//
// Left out: maxUnavailable (upstream's feature MaxUnavailableStatefulSet is off
// by default); the comparison of revisions by meaning rather than by bytes
// (StatefulSetSemanticRevisionComparison), which is for revisions written by
// older servers; pods that bear a selected label and another set's name are
// left alone rather than released.
//
// Claims are created from the templates, and follow the retention policy
// through their owners. Nothing binds them yet, and nothing waits for that:
// the pods run all the same.
package statefulset

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

const byNamespace = "namespace"

type statefulSets struct {
	c         *client.Client
	sets      *client.View[*appsv1.StatefulSet]
	pods      *client.View[*corev1.Pod]
	claims    *client.View[*corev1.PersistentVolumeClaim]
	revisions *client.View[*appsv1.ControllerRevision]
	loop      *client.Loop
	// What this controller wrote last, by StatefulSet.
	wroteSet, wrotePods, wroteClaims, wroteRevisions controller.Written
}

// Start runs the controller with c.
func Start(c *client.Client) {
	ss := &statefulSets{
		c:         c,
		sets:      client.NewView[*appsv1.StatefulSet](c, client.ViewOptions{}),
		pods:      client.NewView[*corev1.Pod](c, client.ViewOptions{}),
		claims:    client.NewView[*corev1.PersistentVolumeClaim](c, client.ViewOptions{}),
		revisions: client.NewView[*appsv1.ControllerRevision](c, client.ViewOptions{}),
		wroteSet:  controller.Written{}, wrotePods: controller.Written{},
		wroteClaims: controller.Written{}, wroteRevisions: controller.Written{},
	}
	ss.loop = c.NewLoop("reconcile statefulset", ss.sync)
	ss.loop.Needs(ss.sets, ss.pods, ss.claims, ss.revisions)
	ss.sets.Index(byNamespace, func(s *appsv1.StatefulSet) []string { return []string{s.Namespace} })
	ss.pods.Index(controller.ByOwner, controller.Owner)
	ss.revisions.Index(controller.ByOwner, controller.Owner)
	ss.sets.Handle(client.Handlers[*appsv1.StatefulSet]{
		Added:   ss.enqueue,
		Updated: func(_, s *appsv1.StatefulSet) { ss.enqueue(s) },
		Deleted: func(s *appsv1.StatefulSet) { ss.forget(client.Key(s)) },
	})
	ss.pods.Handle(client.Handlers[*corev1.Pod]{Added: ss.podAdded, Updated: ss.podUpdated, Deleted: ss.enqueueOwner})
	ss.sets.Start()
	ss.pods.Start()
	ss.claims.Start()
	ss.revisions.Start()
}

func (ss *statefulSets) forget(key string) {
	for _, w := range []controller.Written{ss.wroteSet, ss.wrotePods, ss.wroteClaims, ss.wroteRevisions} {
		delete(w, key)
	}
}

// behind tells whether a view lacks something that was written for key.
func (ss *statefulSets) behind(key string) bool {
	return ss.wroteSet.Behind(key, ss.sets.Seen()) || ss.wrotePods.Behind(key, ss.pods.Seen()) ||
		ss.wroteClaims.Behind(key, ss.claims.Seen()) || ss.wroteRevisions.Behind(key, ss.revisions.Seen())
}

func (ss *statefulSets) enqueue(s *appsv1.StatefulSet) { ss.loop.Add(client.Key(s)) }

func (ss *statefulSets) podAdded(pod *corev1.Pod) {
	if metav1.GetControllerOfNoCopy(pod) != nil {
		ss.enqueueOwner(pod)
		return
	}
	ss.enqueueMatching(pod)
}

func (ss *statefulSets) podUpdated(old, pod *corev1.Pod) {
	was, is := metav1.GetControllerOfNoCopy(old), metav1.GetControllerOfNoCopy(pod)
	moved := (was == nil) != (is == nil) || was != nil && was.UID != is.UID
	if moved {
		ss.enqueueOwner(old)
	}
	if is != nil {
		ss.enqueueOwner(pod)
	} else if moved || !maps.Equal(old.Labels, pod.Labels) {
		ss.enqueueMatching(pod)
	}
}

// enqueueOwner wakes the StatefulSet that controls a pod, if it is known.
func (ss *statefulSets) enqueueOwner(pod *corev1.Pod) {
	ref := metav1.GetControllerOfNoCopy(pod)
	if ref == nil || ref.Kind != "StatefulSet" {
		return
	}
	if s, ok := ss.sets.Get(pod.Namespace, ref.Name); ok && s.UID == ref.UID {
		ss.enqueue(s)
	}
}

// enqueueMatching wakes the StatefulSets that might adopt an orphan.
func (ss *statefulSets) enqueueMatching(pod *corev1.Pod) {
	if len(pod.Labels) == 0 {
		return
	}
	for _, s := range ss.sets.By(byNamespace, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels)) {
			ss.enqueue(s)
		}
	}
}
