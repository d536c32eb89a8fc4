package scheduler

import (
	"fmt"
	"math/rand/v2"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/trace"
)

// Name is the schedulerName of the pods it takes, and its name in events.
const Name = corev1.DefaultSchedulerName

type scheduler struct {
	c     *client.Client
	loop  *client.Loop
	pods  *client.View[*corev1.Pod]
	nodes *client.View[*corev1.Node]
	sets  *client.View[*appsv1.ReplicaSet]
	cache *cache
	dice  *rand.Rand

	attempts map[string]*attempt
	parked   []*attempt // in the order in which they were parked
}

// Start makes the process a scheduler. It sees all nodes before the first pod.
func Start(c *client.Client) {
	s := &scheduler{
		c: c, cache: newCache(), attempts: map[string]*attempt{}, dice: c.Rand("ties"),
		pods:  client.NewView[*corev1.Pod](c, client.ViewOptions{}),
		nodes: client.NewView[*corev1.Node](c, client.ViewOptions{}),
		sets:  client.NewView[*appsv1.ReplicaSet](c, client.ViewOptions{}),
	}
	s.loop = c.NewLoop("schedule", s.schedule)
	s.loop.Rank(s.rank)
	s.nodes.Handle(client.Handlers[*corev1.Node]{
		Added:   func(n *corev1.Node) { s.cache.setNode(n); s.nodeChanged(nil, n) },
		Updated: func(old, n *corev1.Node) { s.cache.setNode(n); s.nodeChanged(old, n) },
		Deleted: func(n *corev1.Node) { s.cache.removeNode(n.Name) },
	})
	s.pods.Handle(client.Handlers[*corev1.Pod]{Added: s.podAdded, Updated: s.podUpdated, Deleted: s.podDeleted})
	s.nodes.OnSynced(s.sets.Start)
	s.sets.OnSynced(s.pods.Start)
	s.nodes.Start()
}

func (s *scheduler) podAdded(pod *corev1.Pod) {
	switch {
	case finished(pod):
	case pod.Spec.NodeName != "":
		s.bound(pod)
		s.podCame()
	case pod.Spec.SchedulerName == Name:
		s.loop.Add(client.Key(pod))
	}
}

// finished pods take nothing of their node; upstream doesn't watch them.
func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// bound takes in a pod that has a node, whoever gave it.
func (s *scheduler) bound(pod *corev1.Pod) {
	s.cache.place(pod, pod.Spec.NodeName)
	s.forget(client.Key(pod))
}

func (s *scheduler) podUpdated(old, pod *corev1.Pod) {
	switch {
	case finished(pod):
		s.podDeleted(pod)
	case pod.Spec.NodeName != "":
		s.bound(pod)
		if !sameForTallies(old, pod) || old.Spec.NodeName == "" {
			s.podCame()
		}
	case pod.Spec.SchedulerName == Name && (old.Generation != pod.Generation || !equalLabels(old.Labels, pod.Labels)):
		s.loop.Add(client.Key(pod))
	}
}

func (s *scheduler) podDeleted(pod *corev1.Pod) {
	s.forget(client.Key(pod))
	if node, found := s.cache.lift(pod.UID); found {
		s.podGone(node)
	}
}

// schedule is one turn: one pod gets a node, or is told why it gets none.
func (s *scheduler) schedule(key string) error {
	pod, ok := s.pods.Get(client.SplitKey(key))
	if !ok || pod.Spec.NodeName != "" || finished(pod) || s.cache.placed(pod.UID) || len(pod.Spec.SchedulingGates) > 0 {
		return nil
	}
	if pod.DeletionTimestamp != nil {
		s.event(pod, corev1.EventTypeWarning, "FailedScheduling", "Scheduling",
			fmt.Sprintf("skip schedule deleting pod: %s/%s", pod.Namespace, pod.Name))
		return nil
	}
	d := Decide(pod, Snapshot{Nodes: s.cache.order, Selector: s.ownersSelector(pod), Matching: s.cache.matching}, s.dice.IntN)
	s.c.Decided(pod, trace.Verdict{Action: "schedule", Result: d.Node, Message: d.Message, Nodes: d.Rows})
	if d.Node == "" {
		s.park(key, d.failed)
		s.report(pod, corev1.PodReasonUnschedulable, d.Message)
		return nil
	}
	s.bind(key, pod, d.Node)
	return nil
}

// ownersSelector is the selector of the replica set that controls the pod, nil
// when there is none.
func (s *scheduler) ownersSelector(pod *corev1.Pod) labels.Selector {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil || owner.Kind != "ReplicaSet" {
		return nil
	}
	set, ok := s.sets.Get(pod.Namespace, owner.Name)
	if !ok {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return nil
	}
	return selector
}
