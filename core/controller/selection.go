package controller

import (
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
)

const byNamespace = "namespace"

// perPod is the virtual time that looking at a pod takes: what changes
// meanwhile is merged into one more pass.
const perPod = 20 * time.Microsecond

// Selection is a kind whose objects select pods without owning them (services,
// disruption budgets) beside the pods. It wakes a loop for an object when that
// object, or a pod that it selects, changes.
//
// The pods are watched from the first object that selects any: a cluster that
// has no services pays nothing for their controllers.
type Selection[T api.Object] struct {
	Owners *client.View[T]
	Pods   *client.View[*corev1.Pod]
	// Selector is what an object selects by; nil, nothing.
	Selector func(T) labels.Selector
	// Matters tells whether a change of a pod that keeps its labels is of interest.
	Matters func(old, pod *corev1.Pod) bool

	c        *client.Client
	loop     *client.Loop
	watching bool
}

// Select makes the views of a selection and has them wake loop; Start starts them.
func (s *Selection[T]) Select(c *client.Client, loop *client.Loop) {
	s.c, s.loop = c, loop
	s.Owners = client.NewView[T](c, client.ViewOptions{})
	s.Pods = client.NewView[*corev1.Pod](c, client.ViewOptions{})
	loop.Needs(s.Owners)
	s.Owners.Index(byNamespace, func(o T) []string { return []string{o.GetNamespace()} })
	s.Pods.Index(byNamespace, func(p *corev1.Pod) []string { return []string{p.Namespace} })
	s.Owners.Handle(client.Handlers[T]{
		Added:   s.changed,
		Updated: func(_, o T) { s.changed(o) },
		Deleted: func(o T) { loop.Add(client.Key(o)) },
	})
	s.Pods.Handle(client.Handlers[*corev1.Pod]{
		Added:   s.wake,
		Updated: s.podUpdated,
		Deleted: s.wake,
	})
	s.Pods.OnSynced(func() {
		for _, o := range s.Owners.List() {
			loop.Add(client.Key(o))
		}
	})
}

// Start starts the view of the objects.
func (s *Selection[T]) Start() { s.Owners.Start() }

func (s *Selection[T]) changed(o T) {
	s.loop.Add(client.Key(o))
	if !s.watching && s.Selector(o) != nil {
		s.watching = true
		s.Pods.Start()
	}
}

// Of returns the pods that an object selects; false, as long as they are not known.
func (s *Selection[T]) Of(o T) ([]*corev1.Pod, bool) {
	if !s.Pods.Synced() {
		return nil, false
	}
	var pods []*corev1.Pod
	selector := s.Selector(o)
	if selector == nil {
		return nil, true
	}
	for _, pod := range s.Pods.By(byNamespace, o.GetNamespace()) {
		if selector.Matches(labels.Set(pod.Labels)) {
			pods = append(pods, pod)
		}
	}
	s.c.Spend(time.Duration(len(pods)) * perPod)
	return pods, true
}

func (s *Selection[T]) podUpdated(old, pod *corev1.Pod) {
	switch {
	case !maps.Equal(old.Labels, pod.Labels):
		s.wake(old)
		s.wake(pod)
	case s.Matters(old, pod):
		s.wake(pod)
	}
}

// wake asks for a pass over every object that selects a pod.
func (s *Selection[T]) wake(pod *corev1.Pod) {
	for _, o := range s.Owners.By(byNamespace, pod.Namespace) {
		if selector := s.Selector(o); selector != nil && selector.Matches(labels.Set(pod.Labels)) {
			s.loop.Add(client.Key(o))
		}
	}
}

// PodReady tells whether a pod's Ready condition is true.
func PodReady(pod *corev1.Pod) bool {
	c := PodCondition(pod, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

// PodCondition is a pod's condition of a type, or nil.
func PodCondition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// PodFinished tells whether a pod has run to its end.
func PodFinished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}
