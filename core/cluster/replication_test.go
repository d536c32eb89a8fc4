package cluster

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// TestReplicationController: what ReplicaSets do, their forerunners do too.
func TestReplicationController(t *testing.T) {
	c := start(t, Options{Seed: 1})
	do := func(req *rest.Request) *rest.Response {
		t.Helper()
		req.Resource, req.Namespace, req.Actor = corev1.SchemeGroupVersion.WithResource("replicationcontrollers"), "default", "test"
		resp := c.Server().Serve(req)
		if status := resp.Status(); status != nil {
			t.Fatal(status.Message)
		}
		settle(t, c)
		return resp
	}
	pods := func() (owned, all int) {
		each(c, func(p *corev1.Pod) {
			all++
			if ref := metav1.GetControllerOf(p); ref != nil && ref.Kind == "ReplicationController" && ref.APIVersion == "v1" {
				owned++
			}
		})
		return owned, all
	}
	three := int32(3)
	do(&rest.Request{Verb: rest.Create, Object: &corev1.ReplicationController{
		ObjectMeta: metav1.ObjectMeta{Name: "old"},
		Spec: corev1.ReplicationControllerSpec{Replicas: &three, Template: &corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "old"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "nginx"}}},
		}},
	}})
	rc := do(&rest.Request{Verb: rest.Get, Name: "old"}).Object.(*corev1.ReplicationController)
	if owned, _ := pods(); owned != 3 || rc.Status.AvailableReplicas != 3 || rc.Status.ObservedGeneration != rc.Generation {
		t.Errorf("%d pods, %+v", owned, rc.Status)
	}
	do(&rest.Request{Verb: rest.Patch, Name: "old", Mutate: func(o api.Object) error {
		*o.(*corev1.ReplicationController).Spec.Replicas = 1
		return nil
	}})
	if owned, _ := pods(); owned != 1 {
		t.Errorf("%d pods after scaling to 1", owned)
	}
	before := c.Revision()
	if err := c.Restart("replication-controller"); err != nil {
		t.Fatal(err)
	}
	settle(t, c)
	if c.Revision() != before {
		t.Errorf("%d writes over an unchanged world", c.Revision()-before)
	}
	orphan := metav1.DeletePropagationOrphan
	do(&rest.Request{Verb: rest.Delete, Name: "old", DeleteOptions: metav1.DeleteOptions{PropagationPolicy: &orphan}})
	if owned, all := pods(); owned != 0 || all != 1 {
		t.Errorf("%d owned pods of %d after orphaning", owned, all)
	}
}
