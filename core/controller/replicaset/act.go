package replicaset

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
)

// maxName is the longest name of an object.
const maxName = 253

// act creates or deletes what was decided and returns the first failure.
func (rs *replicaSets) act(key string, seen observed, d decision) error {
	if d.create > 0 {
		return slowStart(d.create, func() error { return rs.create(key, seen.set) })
	}
	var failure error
	for _, pod := range d.delete {
		if err := rs.delete(key, seen.set, pod); err != nil && failure == nil {
			failure = err
		}
	}
	return failure
}

// slowStart calls fn n times in batches of 1, 2, 4, …, and stops after the
// first batch in which a call failed: where one pod is refused, most likely
// all are.
func slowStart(n int, fn func() error) error {
	for batch := 1; n > 0; batch *= 2 {
		var failure error
		for range min(batch, n) {
			if err := fn(); err != nil && failure == nil {
				failure = err
			}
		}
		if failure != nil {
			return failure
		}
		n -= batch
	}
	return nil
}

// create makes a pod. In a namespace that is being deleted nothing can be
// created, and nothing needs to be.
func (rs *replicaSets) create(key string, s *appsv1.ReplicaSet) error {
	pod, err := client.Create(rs.c, podOf(s, rs.original(s)))
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	if err != nil {
		rs.c.Event(rs.original(s), corev1.EventTypeWarning, "FailedCreate", fmt.Sprintf("Error creating: %v", err))
		return err
	}
	rs.wrotePods.Note(key, controller.Revision(pod))
	rs.c.Event(rs.original(s), corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: "+pod.Name)
	return nil
}

// podOf is the pod that a ReplicaSet's template describes; the API server names it.
func podOf(s *appsv1.ReplicaSet, owner api.Object) *corev1.Pod {
	t := &s.Spec.Template
	prefix := s.Name + "-"
	if len(prefix) > maxName {
		prefix = s.Name
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, GenerateName: prefix,
			Labels: maps.Clone(t.Labels), Annotations: maps.Clone(t.Annotations), Finalizers: slices.Clone(t.Finalizers),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, api.For(owner).GVK())},
		},
		Spec: *t.Spec.DeepCopy(),
	}
}

// delete deletes a pod; one that is gone already is as good.
func (rs *replicaSets) delete(key string, s *appsv1.ReplicaSet, pod *corev1.Pod) error {
	resp, err := rs.c.Do(&rest.Request{
		Verb: rest.Delete, Resource: api.For(pod).GVR(), Namespace: pod.Namespace, Name: pod.Name,
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		rs.c.Event(rs.original(s), corev1.EventTypeWarning, "FailedDelete", fmt.Sprintf("Error deleting: %v", err))
		return errors.New("unable to delete pods: " + err.Error())
	}
	rs.wrotePods.Note(key, resp.Revision)
	rs.c.Event(rs.original(s), corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: "+pod.Name)
	return nil
}
