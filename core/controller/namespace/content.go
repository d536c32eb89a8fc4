package namespace

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

// finalizerEstimate is how long objects with finalizers are thought to take.
const finalizerEstimate = 15 * time.Second

// remains is what is left in a namespace after one pass over it.
type remains struct {
	estimate   time.Duration // until it is gone; 0 when nothing is left to wait for
	objects    map[string]int
	finalizers map[string]int
	errs       []error
}

// class says whether waiting for the rest is work under way: pods go when
// their time is up, a finalizer may stay for ever.
func (r *remains) class() sim.Class {
	if len(r.finalizers) > 0 {
		return sim.Idle
	}
	return sim.Work
}

// empty deletes what is in a namespace: pods first, and the rest when they are
// gone. It writes the namespace's conditions where they changed.
func (ns *namespaces) empty(n *corev1.Namespace) (*remains, error) {
	left := &remains{objects: map[string]int{}, finalizers: map[string]int{}}
	pods := api.Of[*corev1.Pod]()
	ns.clear(n, pods, left)
	podsLeft := len(left.objects) > 0
	if !podsLeft {
		for _, r := range ns.c.Stored() {
			if r.Namespaced && r != pods {
				ns.clear(n, r, left)
			}
		}
	}
	// While pods are left upstream does not yet report what remains.
	if status, changed := conditions(n.Status, left, !podsLeft, ns.c.Now()); changed {
		n = n.DeepCopy()
		n.Status = status
		_, _ = client.UpdateStatus(ns.c, n) // the next pass says it again
	}
	return left, errors.Join(left.errs...)
}

// clear deletes all objects of a kind and counts those that are still there.
func (ns *namespaces) clear(n *corev1.Namespace, r *api.Resource, left *remains) {
	before, err := ns.list(r, n.Name)
	if err == nil && len(before) > 0 {
		err = ns.deleteAll(r, n.Name)
	}
	if err != nil {
		left.errs = append(left.errs, err)
		return
	}
	estimate := grace(before)
	if ns.c.Now().Sub(n.DeletionTimestamp.Time) >= estimate {
		estimate = 0
	}
	if len(before) == 0 {
		return
	}
	after, err := ns.list(r, n.Name)
	if err != nil {
		left.errs = append(left.errs, err)
		return
	}
	left.count(r, n.Name, after, estimate)
}

func (r *remains) count(kind *api.Resource, namespace string, objs []metav1.Object, estimate time.Duration) {
	if len(objs) == 0 {
		return
	}
	finalizers := false
	r.objects[kind.Plural+"."+kind.Group] = len(objs)
	for _, obj := range objs {
		for _, f := range obj.GetFinalizers() {
			r.finalizers[f]++
			finalizers = true
		}
	}
	switch {
	case estimate > 0:
	case finalizers:
		estimate = finalizerEstimate
	default:
		r.errs = append(r.errs, fmt.Errorf("unexpected items still remain in namespace: %s for gvr: %v", namespace, kind.GVR()))
	}
	r.estimate = max(r.estimate, estimate)
}

// grace is the longest time that one of the pods among objs may take to stop.
func grace(objs []metav1.Object) time.Duration {
	var longest int64
	for _, obj := range objs {
		pod, ok := obj.(*corev1.Pod)
		if ok && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed &&
			pod.Spec.TerminationGracePeriodSeconds != nil {
			longest = max(longest, *pod.Spec.TerminationGracePeriodSeconds)
		}
	}
	return time.Duration(longest) * time.Second
}

func (ns *namespaces) list(r *api.Resource, namespace string) ([]metav1.Object, error) {
	resp, err := ns.c.Do(&rest.Request{Verb: rest.List, Resource: r.GVR(), Namespace: namespace})
	if err != nil {
		return nil, err
	}
	var objs []metav1.Object
	err = meta.EachListItem(resp.Object, func(o runtime.Object) error {
		objs = append(objs, o.(metav1.Object))
		return nil
	})
	return objs, err
}

func (ns *namespaces) deleteAll(r *api.Resource, namespace string) error {
	background := metav1.DeletePropagationBackground
	_, err := ns.c.Do(&rest.Request{
		Verb: rest.DeleteCollection, Resource: r.GVR(), Namespace: namespace,
		DeleteOptions: metav1.DeleteOptions{PropagationPolicy: &background},
	})
	return err
}
