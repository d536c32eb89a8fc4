package daemonset

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
)

// podTemplateGeneration is the label that pods had before there were
// revisions, and still have.
const podTemplateGeneration = "pod-template-generation"

// The back-off of failed pods of a DaemonSet on a node.
const (
	firstBackoff = time.Second
	lastBackoff  = 15 * time.Minute
)

// backoff is how long a node's failed pod is left alone since the last was deleted.
type backoff struct {
	wait  time.Duration
	since time.Time
}

// backoffKey begins anew with every generation.
func backoffKey(s *appsv1.DaemonSet, node string) string {
	return fmt.Sprintf("%s/%d/%s", s.UID, s.Status.ObservedGeneration, node)
}

// waiting is how long a failed pod on a node is still let be.
func (ds *daemonSets) waiting(s *appsv1.DaemonSet, node string) time.Duration {
	b, ok := ds.backoffs[backoffKey(s, node)]
	if !ok {
		return 0
	}
	return max(b.since.Add(b.wait).Sub(ds.c.Now()), 0)
}

// killed doubles a node's back-off; it begins anew where nothing failed for long.
func (ds *daemonSets) killed(s *appsv1.DaemonSet, node string) {
	key, now := backoffKey(s, node), ds.c.Now()
	b, ok := ds.backoffs[key]
	if !ok || now.Sub(b.since) > 2*lastBackoff {
		b.wait = firstBackoff
	} else {
		b.wait = min(2*b.wait, lastBackoff)
	}
	b.since = now
	ds.backoffs[key] = b
}

// report says something of a DaemonSet.
func (ds *daemonSets) report(s *appsv1.DaemonSet, kind, reason, message string) {
	ds.c.EventFrom(client.EventSource{Component: "daemonset-controller"}, s, kind, reason, message)
}

// act creates and deletes what was decided and returns what failed.
func (ds *daemonSets) act(key string, seen observed, d decision) error {
	var errs []error
	errs = append(errs, ds.createAll(key, seen, d.create))
	for _, pod := range d.ended {
		ds.explain(seen.set, pod)
		errs = append(errs, ds.delete(key, seen.set, pod))
	}
	for _, pod := range d.delete {
		errs = append(errs, ds.delete(key, seen.set, pod))
	}
	return errors.Join(errs...)
}

// createAll creates pods in batches of 1, 2, 4, … and stops after the first in
// which one was refused.
func (ds *daemonSets) createAll(key string, seen observed, nodes []string) error {
	var errs []error
	for batch := 1; len(nodes) > 0 && len(errs) == 0; batch *= 2 {
		n := min(batch, len(nodes))
		for _, node := range nodes[:n] {
			if err := ds.create(key, seen, node); err != nil {
				errs = append(errs, err)
			}
		}
		nodes = nodes[n:]
	}
	return errors.Join(errs...)
}

// create makes a pod for a node. In a namespace that is being deleted nothing
// can be created, and nothing needs to be.
func (ds *daemonSets) create(key string, seen observed, node string) error {
	pod, err := client.Create(ds.c, podFor(seen.set, seen.hash, node))
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	if err != nil {
		ds.report(seen.set, corev1.EventTypeWarning, "FailedCreate", fmt.Sprintf("Error creating: %v", err))
		return err
	}
	ds.wrotePods.Note(key, controller.Revision(pod))
	ds.report(seen.set, corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: "+pod.Name)
	return nil
}

// podFor is the pod that a DaemonSet's template describes, for one node.
func podFor(s *appsv1.DaemonSet, hash, node string) *corev1.Pod {
	t := &s.Spec.Template
	labels := maps.Clone(t.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	if generation := api.TemplateGeneration(s); generation != 0 {
		labels[podTemplateGeneration] = strconv.FormatInt(generation, 10)
	}
	labels[appsv1.ControllerRevisionHashLabelKey] = hash
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, GenerateName: s.Name + "-", Labels: labels,
			Annotations: maps.Clone(t.Annotations), Finalizers: slices.Clone(t.Finalizers),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s, api.For(s).GVK())},
		},
		Spec: *t.Spec.DeepCopy(),
	}
	pod.Spec.Tolerations = tolerations(&t.Spec)
	pod.Spec.Affinity = onNode(t.Spec.Affinity, node)
	return pod
}

// explain reports why a pod that has ended is deleted.
func (ds *daemonSets) explain(s *appsv1.DaemonSet, pod *corev1.Pod) {
	node := targetOf(pod)
	switch pod.Status.Phase {
	case corev1.PodFailed:
		ds.killed(s, node)
		ds.report(s, corev1.EventTypeWarning, "FailedDaemonPod",
			fmt.Sprintf("Found failed daemon pod %s/%s on node %s, will try to kill it", pod.Namespace, pod.Name, node))
	case corev1.PodSucceeded:
		ds.report(s, corev1.EventTypeNormal, "SucceededDaemonPod",
			fmt.Sprintf("Found succeeded daemon pod %s/%s on node %s, will try to delete it", pod.Namespace, pod.Name, node))
	}
}

// delete deletes a pod; one that is gone already is as good.
func (ds *daemonSets) delete(key string, s *appsv1.DaemonSet, pod *corev1.Pod) error {
	resp, err := ds.c.Do(&rest.Request{
		Verb: rest.Delete, Resource: api.For(pod).GVR(), Namespace: pod.Namespace, Name: pod.Name,
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		ds.report(s, corev1.EventTypeWarning, "FailedDelete", fmt.Sprintf("Error deleting: %v", err))
		return fmt.Errorf("unable to delete pods: %w", err)
	}
	ds.wrotePods.Note(key, resp.Revision)
	ds.report(s, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: "+pod.Name)
	return nil
}
