// Package replicaset is the ReplicaSet controller, and that of
// ReplicationControllers (replication.go): it keeps as many pods as a
// ReplicaSet asks for, adopts and releases pods by its selector, and reports
// their number in its status.
//
// One pass is read (sync.go), decide (decide.go, pure) and act (act.go);
// rank.go holds the order in which pods are given up, status.go what is
// reported, tally.go counts pods as they come and go. It follows pkg/controller/replicaset and
// pkg/controller/controller_utils.go of Kubernetes v1.36.3.
//
// Left out: counted
// expectations (replica_set.go's UIDTrackingControllerExpectations), because
// the gate on written revisions that v1.36 added beside them
// (StaleControllerConsistencyReplicaSet) is enough here, where every call is
// answered before the pass ends: see controller.Written.
package replicaset

import (
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// perPod is the virtual time that a pass takes for each pod it looks at, so
// that what arrives while a large set is counted is merged into one more pass.
const perPod = 5 * time.Microsecond

const byNamespace = "namespace"

// kind is what differs between ReplicaSets and ReplicationControllers.
type kind struct {
	name string // of the kind
	sets views
	// original is the object of that kind, for owner references and events.
	original    func(*appsv1.ReplicaSet) api.Object
	fresh       func(namespace, name string) (*appsv1.ReplicaSet, error)
	writeStatus func(*appsv1.ReplicaSet) (*appsv1.ReplicaSet, error)
	terminating bool // its status has the number of pods that are going
}

// views are how the loop sees the sets.
type views interface {
	Get(namespace, name string) (*appsv1.ReplicaSet, bool)
	By(index, value string) []*appsv1.ReplicaSet
	Seen() int64
}

type replicaSets struct {
	kind
	c       *client.Client
	pods    *client.View[*corev1.Pod]
	loop    *client.Loop
	tallies *tallies
	// What this controller wrote last, by ReplicaSet: of the pods, and of the set.
	wrotePods, wroteSet controller.Written
}

// Start runs the controller with c.
func Start(c *client.Client) {
	all := client.NewView[*appsv1.ReplicaSet](c, client.ViewOptions{})
	rs := newReplicaSets(c, kind{
		name: "ReplicaSet", sets: all, terminating: true,
		original: func(s *appsv1.ReplicaSet) api.Object { return s },
		fresh: func(namespace, name string) (*appsv1.ReplicaSet, error) {
			return client.Get[*appsv1.ReplicaSet](c, namespace, name)
		},
		writeStatus: func(s *appsv1.ReplicaSet) (*appsv1.ReplicaSet, error) { return client.UpdateStatus(c, s) },
	})
	rs.loop = c.NewLoop("reconcile replicaset", rs.sync)
	rs.loop.Needs(all, rs.pods)
	all.Index(byNamespace, func(s *appsv1.ReplicaSet) []string { return []string{s.Namespace} })
	all.Index(controller.ByOwner, controller.Owner)
	all.Handle(client.Handlers[*appsv1.ReplicaSet]{
		Added:   rs.enqueue,
		Updated: func(_, s *appsv1.ReplicaSet) { rs.enqueue(s) },
		Deleted: func(s *appsv1.ReplicaSet) { rs.forget(client.Key(s)) },
	})
	all.Start()
	rs.pods.Start()
}

// newReplicaSets makes the loop's state, and has it look at pods.
func newReplicaSets(c *client.Client, k kind) *replicaSets {
	rs := &replicaSets{
		kind: k, c: c,
		pods:      client.NewView[*corev1.Pod](c, client.ViewOptions{}),
		tallies:   newTallies(),
		wrotePods: controller.Written{}, wroteSet: controller.Written{},
	}
	rs.pods.Index(controller.ByOwner, controller.Owner)
	rs.pods.Handle(client.Handlers[*corev1.Pod]{
		Added:   rs.podAdded,
		Updated: rs.podUpdated,
		Deleted: rs.podDeleted,
	})
	return rs
}

func (rs *replicaSets) forget(key string) {
	delete(rs.wrotePods, key)
	delete(rs.wroteSet, key)
}

func (rs *replicaSets) enqueue(s *appsv1.ReplicaSet) { rs.loop.Add(client.Key(s)) }

func (rs *replicaSets) podDeleted(pod *corev1.Pod) {
	rs.tallies.forget(pod)
	rs.enqueueOwner(pod)
}

func (rs *replicaSets) podAdded(pod *corev1.Pod) {
	rs.tallies.count(pod)
	if metav1.GetControllerOfNoCopy(pod) != nil {
		rs.enqueueOwner(pod)
		return
	}
	rs.enqueueMatching(pod)
}

// podUpdated wakes those whom a change concerns. A change of nothing that a
// ReplicaSet counts (that the pod was bound to a node, say) wakes nobody.
func (rs *replicaSets) podUpdated(old, pod *corev1.Pod) {
	moved := !sameOwner(old, pod)
	relabelled := !maps.Equal(old.Labels, pod.Labels)
	if !moved && !relabelled && aspectOf(old) == aspectOf(pod) {
		return
	}
	rs.tallies.count(pod)
	if moved {
		rs.enqueueOwner(old)
	}
	if metav1.GetControllerOfNoCopy(pod) != nil {
		rs.enqueueOwner(pod)
	} else if moved || relabelled {
		rs.enqueueMatching(pod)
	}
}

func sameOwner(a, b *corev1.Pod) bool {
	x, y := metav1.GetControllerOfNoCopy(a), metav1.GetControllerOfNoCopy(b)
	return x == y || x != nil && y != nil && x.UID == y.UID
}

// aspect is all that a ReplicaSet's pass sees of a pod besides labels and owner.
type aspect struct {
	active, terminating, ready bool
	readySince                 int64
}

func aspectOf(pod *corev1.Pod) aspect {
	c := aspect{active: isActive(pod), terminating: isTerminating(pod)}
	if cond := readyCondition(pod); cond != nil && cond.Status == corev1.ConditionTrue {
		c.ready, c.readySince = true, cond.LastTransitionTime.Unix()
	}
	return c
}

// enqueueOwner wakes the ReplicaSet that controls a pod, if it is known.
func (rs *replicaSets) enqueueOwner(pod *corev1.Pod) {
	ref := metav1.GetControllerOfNoCopy(pod)
	if ref == nil || ref.Kind != rs.name {
		return
	}
	if s, ok := rs.sets.Get(pod.Namespace, ref.Name); ok && s.UID == ref.UID {
		rs.enqueue(s)
	}
}

// enqueueMatching wakes the ReplicaSets that might adopt an orphan.
func (rs *replicaSets) enqueueMatching(pod *corev1.Pod) {
	if len(pod.Labels) == 0 {
		return
	}
	for _, s := range rs.sets.By(byNamespace, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels)) {
			rs.enqueue(s)
		}
	}
}
