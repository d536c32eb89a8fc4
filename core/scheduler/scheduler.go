package scheduler

import (
	"fmt"
	"math/rand/v2"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/trace"
)

// Name is the schedulerName of the pods it takes unless told otherwise, and the
// reporter of their events.
const Name = corev1.DefaultSchedulerName

// ConfigNamespace and ConfigName name the ConfigMap that holds, under
// ConfigKey, what upstream reads from a file when it starts.
const (
	ConfigNamespace = "kube-system"
	ConfigName      = "kube-scheduler"
	ConfigKey       = "config.yaml"
)

type scheduler struct {
	c        *client.Client
	loop     *client.Loop
	pods     *client.View[*corev1.Pod]
	nodes    *client.View[*corev1.Node]
	sets     *client.View[*appsv1.ReplicaSet]
	stateful *client.View[*appsv1.StatefulSet]
	services *client.View[*corev1.Service]
	budgets  *client.View[*policyv1.PodDisruptionBudget]
	cache    *cache
	dice     *rand.Rand
	profiles map[string]*Profile
	// prebinding are the pods that have a node and wait for their volumes.
	prebinding map[string]*prebinding

	attempts map[string]*attempt
	parked   []*attempt // in the order in which they were parked
}

// Start makes the process a scheduler. It sees all nodes before the first pod.
func Start(c *client.Client) {
	s := &scheduler{
		c: c, cache: newCache(), attempts: map[string]*attempt{}, dice: c.Rand("ties"), prebinding: map[string]*prebinding{},
		pods:     client.NewView[*corev1.Pod](c, client.ViewOptions{}),
		nodes:    client.NewView[*corev1.Node](c, client.ViewOptions{}),
		sets:     client.NewView[*appsv1.ReplicaSet](c, client.ViewOptions{}),
		stateful: client.NewView[*appsv1.StatefulSet](c, client.ViewOptions{}),
		services: client.NewView[*corev1.Service](c, client.ViewOptions{}),
		budgets:  client.NewView[*policyv1.PodDisruptionBudget](c, client.ViewOptions{}),
	}
	s.loop = c.NewLoop("schedule", s.schedule)
	s.loop.Rank(s.rank)
	s.nodes.Handle(client.Handlers[*corev1.Node]{
		Added:   func(n *corev1.Node) { s.cache.setNode(n); s.wake(&change{isNode: n}) },
		Updated: func(old, n *corev1.Node) { s.cache.setNode(n); s.wake(&change{wasNode: old, isNode: n}) },
		Deleted: func(n *corev1.Node) { s.cache.removeNode(n.Name); s.wake(&change{wasNode: n}) },
	})
	s.pods.Handle(client.Handlers[*corev1.Pod]{Added: s.podAdded, Updated: s.podUpdated, Deleted: s.podDeleted})
	s.services.Index(byNamespace, func(v *corev1.Service) []string { return []string{v.Namespace} })
	s.startViews(append(s.watchStorage(), s.services, s.budgets, s.namespaces())...)
}

// namespaces keeps the namespaces' labels, which affinity terms may ask for.
func (s *scheduler) namespaces() *client.View[*corev1.Namespace] {
	v := client.NewView[*corev1.Namespace](s.c, client.ViewOptions{})
	set := func(n *corev1.Namespace) { s.cache.namespaces[n.Name] = n.Labels }
	v.Handle(client.Handlers[*corev1.Namespace]{
		Added: set, Updated: func(_, n *corev1.Namespace) { set(n) },
		Deleted: func(n *corev1.Namespace) { delete(s.cache.namespaces, n.Name) },
	})
	return v
}

// started is a view, of whatever kind.
type started interface {
	Start()
	OnSynced(func())
}

// startViews starts one view after the other, the pods' last.
func (s *scheduler) startViews(others ...started) {
	views := append([]started{s.nodes, s.sets, s.stateful}, others...)
	views = append(views, s.pods)
	for i := range views[1:] {
		views[i].OnSynced(views[i+1].Start)
	}
	s.profiles = s.readProfiles()
	views[0].Start()
}

// readProfiles are those of the configuration, or the default one. A
// configuration that can't be read leaves the default, as an event says;
// upstream doesn't start then.
func (s *scheduler) readProfiles() map[string]*Profile {
	out := map[string]*Profile{Name: {Name: Name, disabled: map[string]bool{}}}
	config, err := client.Get[*corev1.ConfigMap](s.c, ConfigNamespace, ConfigName)
	if err != nil {
		return out // mostly: there is none
	}
	profiles, err := ParseProfiles([]byte(config.Data[ConfigKey]))
	if err != nil {
		s.c.ActionEvent(Name, config, corev1.EventTypeWarning, "InvalidConfiguration", "Starting", truncate(err.Error()))
		return out
	}
	clear(out)
	for i := range profiles {
		out[profiles[i].Name] = &profiles[i]
	}
	return out
}

// mine tells whether a pod is for this scheduler.
func (s *scheduler) mine(pod *corev1.Pod) bool { return s.profiles[pod.Spec.SchedulerName] != nil }

func (s *scheduler) podAdded(pod *corev1.Pod) {
	switch {
	case finished(pod):
	case pod.Spec.NodeName != "":
		s.bound(pod)
		s.wake(&change{isPod: pod})
	case s.mine(pod):
		s.cache.nominate(pod, pod.Status.NominatedNodeName)
		s.loop.Add(client.Key(pod))
	}
}

// finished pods take nothing of their node; upstream doesn't watch them.
func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// bound takes in a pod that has a node, whoever gave it.
func (s *scheduler) bound(pod *corev1.Pod) {
	s.cache.nominate(pod, "")
	s.cache.place(pod, pod.Spec.NodeName)
	s.forget(client.Key(pod))
}

func (s *scheduler) podUpdated(old, pod *corev1.Pod) {
	switch {
	case finished(pod):
		s.podDeleted(pod)
	case pod.Spec.NodeName != "" && old.Spec.NodeName == "":
		s.bound(pod)
		s.wake(&change{isPod: pod})
	case pod.Spec.NodeName != "":
		s.bound(pod)
		if !sameForTallies(old, pod) {
			s.wake(&change{wasPod: old, isPod: pod})
		}
	case s.mine(pod):
		s.cache.nominate(pod, pod.Status.NominatedNodeName)
		if old.Generation != pod.Generation || !equalLabels(old.Labels, pod.Labels) {
			s.loop.Add(client.Key(pod))
		}
	}
}

func (s *scheduler) podDeleted(pod *corev1.Pod) {
	s.forget(client.Key(pod))
	s.cache.nominate(pod, "")
	if p := s.prebinding[client.Key(pod)]; p != nil {
		s.endPrebinding(client.Key(pod), p)
	}
	switch _, found := s.cache.lift(pod.UID); {
	case found:
		s.wake(&change{wasPod: pod})
	case pod.Status.NominatedNodeName != "":
		gone := pod.DeepCopy() // the room that was kept for it is free
		gone.Spec.NodeName = pod.Status.NominatedNodeName
		s.wake(&change{wasPod: gone})
	}
}

// schedule is one turn: one pod gets a node, or is told why it gets none.
func (s *scheduler) schedule(key string) error {
	if p := s.prebinding[key]; p != nil {
		s.resume(key, p)
		return nil
	}
	pod, ok := s.pods.Get(client.SplitKey(key))
	if !ok || pod.Spec.NodeName != "" || finished(pod) || s.cache.placed(pod.UID) || len(pod.Spec.SchedulingGates) > 0 {
		return nil
	}
	if pod.DeletionTimestamp != nil {
		s.event(pod, nil, corev1.EventTypeWarning, "FailedScheduling", "Scheduling",
			fmt.Sprintf("skip schedule deleting pod: %s/%s", pod.Namespace, pod.Name))
		return nil
	}
	d := Decide(pod, s.snapshot(pod), s.dice.IntN)
	s.c.Decided(pod, d.verdict())
	switch {
	case d.Node != "" && !d.volumes.empty():
		s.prebind(key, pod, &d)
		return nil
	case d.Node != "":
		s.bind(key, pod, d.Node)
		return nil
	}
	if d.failed == 0 {
		// Nothing in particular is to blame, so no event is waited for.
		s.loop.AddAfter(key, s.failed(key).backoff(), sim.Idle)
	} else {
		s.park(key, d.failed)
	}
	s.cache.renominate(pod, &d)
	s.report(pod, corev1.PodReasonUnschedulable, d.Message, &d)
	s.evict(pod, &d)
	return nil
}

func (s *scheduler) snapshot(pod *corev1.Pod) Snapshot {
	return Snapshot{
		Nodes: s.cache.order, Selector: s.kindSelector(pod), Now: s.c.Now(), Budgets: s.budgets.List(),
		cache: s.cache, profile: s.profiles[pod.Spec.SchedulerName],
	}
}

// verdict is the decision as the trace shows it.
func (d *Decision) verdict() trace.Verdict {
	v := trace.Verdict{Action: "schedule", Result: d.Node, Message: d.Message, Filters: d.Filters, Nodes: d.Rows, Nominated: d.Nomination}
	for _, p := range d.Victims {
		v.Victims = append(v.Victims, client.Key(p))
	}
	return v
}

const byNamespace = "namespace"

// kindSelector is what pods of the same kind have in common: what the Services
// that mean the pod select, and its owner's selector; nil when there is neither
// (plugins/helper/spread.go).
func (s *scheduler) kindSelector(pod *corev1.Pod) labels.Selector {
	all := labels.Set{}
	for _, service := range s.services.By(byNamespace, pod.Namespace) {
		if len(service.Spec.Selector) > 0 && labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			all = labels.Merge(all, service.Spec.Selector)
		}
	}
	selector := s.ownersSelector(pod)
	if len(all) == 0 {
		return selector
	}
	if selector == nil {
		return labels.SelectorFromSet(all)
	}
	requirements, _ := labels.SelectorFromSet(all).Requirements()
	return selector.Add(requirements...)
}

// ownersSelector is the selector of the replica set or stateful set that
// controls the pod, nil when there is none.
func (s *scheduler) ownersSelector(pod *corev1.Pod) labels.Selector {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return nil
	}
	switch owner.Kind {
	case "ReplicaSet":
		if set, ok := s.sets.Get(pod.Namespace, owner.Name); ok {
			return compileSelector(set.Spec.Selector)
		}
	case "StatefulSet":
		if set, ok := s.stateful.Get(pod.Namespace, owner.Name); ok {
			return compileSelector(set.Spec.Selector)
		}
	}
	return nil
}
