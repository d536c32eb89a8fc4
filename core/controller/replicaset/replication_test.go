package replicaset

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestThereAndBack: a ReplicationController seen as a ReplicaSet and written
// back is what it was.
func TestThereAndBack(t *testing.T) {
	two := int32(2)
	rc := &corev1.ReplicationController{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", UID: "u", Generation: 3},
		Spec: corev1.ReplicationControllerSpec{
			Replicas: &two, MinReadySeconds: 5, Selector: map[string]string{"app": "web"},
			Template: &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}}},
		},
		Status: corev1.ReplicationControllerStatus{
			Replicas: 2, FullyLabeledReplicas: 2, ReadyReplicas: 1, AvailableReplicas: 1, ObservedGeneration: 2,
			Conditions: []corev1.ReplicationControllerCondition{{Type: "ReplicaFailure", Status: "True", Reason: "FailedCreate", Message: "no room"}},
		},
	}
	s := asSet(rc)
	back := &corev1.ReplicationController{ObjectMeta: s.ObjectMeta, Spec: specOf(s), Status: replicationStatus(&s.Status)}
	if !equality.Semantic.DeepEqual(rc, back) {
		t.Errorf("%+v\nwas %+v", back, rc)
	}
	if labels, err := metav1.LabelSelectorAsSelector(s.Spec.Selector); err != nil || labels.String() != "app=web" {
		t.Error(labels, err)
	}
}
