package replicaset

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// ReplicationControllers are what ReplicaSets were before they had selectors
// that are more than labels. As upstream (pkg/controller/replication), the same
// loop runs them, over views of them as ReplicaSets.

// StartReplication runs the controller of ReplicationControllers with c.
func StartReplication(c *client.Client) {
	all := client.NewView[*corev1.ReplicationController](c, client.ViewOptions{})
	kind := kind{
		name:     "ReplicationController",
		sets:     asSets{all},
		original: func(s *appsv1.ReplicaSet) api.Object { return &corev1.ReplicationController{ObjectMeta: s.ObjectMeta} },
		fresh: func(namespace, name string) (*appsv1.ReplicaSet, error) {
			rc, err := client.Get[*corev1.ReplicationController](c, namespace, name)
			if err != nil {
				return nil, err
			}
			return asSet(rc), nil
		},
		writeStatus: func(s *appsv1.ReplicaSet) (*appsv1.ReplicaSet, error) {
			rc, err := client.UpdateStatus(c, &corev1.ReplicationController{
				ObjectMeta: s.ObjectMeta, Spec: specOf(s), Status: replicationStatus(&s.Status),
			})
			if err != nil {
				return nil, err
			}
			return asSet(rc), nil
		},
	}
	rs := newReplicaSets(c, kind)
	rs.loop = c.NewLoop("reconcile replicationcontroller", rs.sync)
	rs.loop.Needs(all, rs.pods)
	all.Index(byNamespace, func(rc *corev1.ReplicationController) []string { return []string{rc.Namespace} })
	all.Index(controller.ByOwner, controller.Owner)
	all.Handle(client.Handlers[*corev1.ReplicationController]{
		Added:   func(rc *corev1.ReplicationController) { rs.loop.Add(client.Key(rc)) },
		Updated: func(_, rc *corev1.ReplicationController) { rs.loop.Add(client.Key(rc)) },
		Deleted: func(rc *corev1.ReplicationController) { rs.forget(client.Key(rc)) },
	})
	all.Start()
	rs.pods.Start()
}

// asSets shows ReplicationControllers as ReplicaSets.
type asSets struct {
	*client.View[*corev1.ReplicationController]
}

func (v asSets) Get(namespace, name string) (*appsv1.ReplicaSet, bool) {
	rc, ok := v.View.Get(namespace, name)
	if !ok {
		return nil, false
	}
	return asSet(rc), true
}

func (v asSets) By(index, value string) (out []*appsv1.ReplicaSet) {
	for _, rc := range v.View.By(index, value) {
		out = append(out, asSet(rc))
	}
	return out
}

// asSet is a ReplicationController as a ReplicaSet. The parts are shared.
func asSet(rc *corev1.ReplicationController) *appsv1.ReplicaSet {
	s := &appsv1.ReplicaSet{
		ObjectMeta: rc.ObjectMeta,
		Spec: appsv1.ReplicaSetSpec{
			Replicas: rc.Spec.Replicas, MinReadySeconds: rc.Spec.MinReadySeconds,
			Selector: &metav1.LabelSelector{MatchLabels: rc.Spec.Selector},
		},
		Status: appsv1.ReplicaSetStatus{
			Replicas: rc.Status.Replicas, FullyLabeledReplicas: rc.Status.FullyLabeledReplicas, ReadyReplicas: rc.Status.ReadyReplicas,
			AvailableReplicas: rc.Status.AvailableReplicas, ObservedGeneration: rc.Status.ObservedGeneration,
		},
	}
	if rc.Spec.Template != nil {
		s.Spec.Template = *rc.Spec.Template
	}
	for _, c := range rc.Status.Conditions {
		s.Status.Conditions = append(s.Status.Conditions, appsv1.ReplicaSetCondition{
			Type: appsv1.ReplicaSetConditionType(c.Type), Status: c.Status, LastTransitionTime: c.LastTransitionTime, Reason: c.Reason, Message: c.Message,
		})
	}
	return s
}

func specOf(s *appsv1.ReplicaSet) corev1.ReplicationControllerSpec {
	return corev1.ReplicationControllerSpec{
		Replicas: s.Spec.Replicas, MinReadySeconds: s.Spec.MinReadySeconds, Selector: s.Spec.Selector.MatchLabels, Template: &s.Spec.Template,
	}
}

func replicationStatus(s *appsv1.ReplicaSetStatus) corev1.ReplicationControllerStatus {
	out := corev1.ReplicationControllerStatus{
		Replicas: s.Replicas, FullyLabeledReplicas: s.FullyLabeledReplicas, ReadyReplicas: s.ReadyReplicas,
		AvailableReplicas: s.AvailableReplicas, ObservedGeneration: s.ObservedGeneration,
	}
	for _, c := range s.Conditions {
		out.Conditions = append(out.Conditions, corev1.ReplicationControllerCondition{
			Type: corev1.ReplicationControllerConditionType(c.Type), Status: c.Status, LastTransitionTime: c.LastTransitionTime, Reason: c.Reason, Message: c.Message,
		})
	}
	return out
}
