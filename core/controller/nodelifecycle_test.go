package controller_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

// state shows a node's readiness and taints.
func (w *world) nodeState() string {
	w.Helper()
	n := must[*corev1.Node](w)(client.Get[*corev1.Node](w.user, "", "node-1"))
	words := ""
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			words = fmt.Sprintf("%s %s", c.Status, c.Reason)
		}
	}
	var keys []string
	for _, t := range n.Spec.Taints {
		keys = append(keys, t.Key+":"+string(t.Effect))
	}
	slices.Sort(keys)
	return fmt.Sprint(words, keys)
}

func (w *world) report(ready corev1.ConditionStatus) {
	w.Helper()
	must[*corev1.Node](w)(client.Patch(w.user, "", "node-1", "status", func(n *corev1.Node) {
		now := metav1.NewTime(w.sim.Now())
		n.Status.Conditions = []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: ready, Reason: "Kubelet", LastHeartbeatTime: now, LastTransitionTime: now,
		}}
	}))
	w.quiet()
}

func (w *world) renew() {
	w.Helper()
	must[*coordinationv1.Lease](w)(client.Patch(w.user, corev1.NamespaceNodeLease, "node-1", "", func(l *coordinationv1.Lease) {
		now := metav1.NewMicroTime(w.sim.Now())
		l.Spec.RenewTime = &now
	}))
	w.quiet()
}

func TestNodeFallsSilentAndComesBack(t *testing.T) {
	w := newWorld(t, 1, append(everyone, "node-lifecycle-controller")...)
	must[*corev1.Node](w)(client.Create(w.user, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}}))
	must[*coordinationv1.Lease](w)(client.Create(w.user, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: corev1.NamespaceNodeLease, Name: "node-1"},
	}))
	w.report(corev1.ConditionTrue)
	w.create(webDeployment(2))
	equal(t, "at first", w.nodeState(), "True Kubelet[]")
	for range 20 {
		w.advance(10 * time.Second)
		w.renew()
	}
	equal(t, "while the lease is renewed", w.nodeState(), "True Kubelet[]")
	w.settled()

	w.advance(49 * time.Second)
	equal(t, "49 seconds of silence", w.nodeState(), "True Kubelet[]")
	w.advance(2 * time.Second)
	equal(t, "51 seconds of silence", w.nodeState(), "Unknown NodeStatusUnknown"+
		"[node.kubernetes.io/unreachable:NoExecute node.kubernetes.io/unreachable:NoSchedule]")
	if d := w.web(); d.Status.ReadyReplicas != 0 {
		t.Errorf("%d replicas ready on a silent node", d.Status.ReadyReplicas)
	}
	w.settled()

	w.report(corev1.ConditionFalse)
	equal(t, "not ready", w.nodeState(), "False Kubelet"+
		"[node.kubernetes.io/not-ready:NoExecute node.kubernetes.io/not-ready:NoSchedule]")
	must[*corev1.Node](w)(client.Patch(w.user, "", "node-1", "", func(n *corev1.Node) {
		n.Spec.Unschedulable = true
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "mine", Effect: corev1.TaintEffectNoSchedule})
	}))
	w.report(corev1.ConditionTrue)
	equal(t, "back, but cordoned", w.nodeState(), "True Kubelet"+
		"[mine:NoSchedule node.kubernetes.io/unschedulable:NoSchedule]")
	w.settled()
}
