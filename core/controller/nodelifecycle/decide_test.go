package nodelifecycle

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func node(change ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", CreationTimestamp: metav1.Unix(1, 0)}}
	for _, c := range change {
		c(n)
	}
	return n
}

func with(kind corev1.NodeConditionType, status corev1.ConditionStatus) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{
			Type: kind, Status: status, Reason: "Kubelet", LastTransitionTime: metav1.Unix(2, 0),
		})
	}
}

func tainted(key string, effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Effect: effect, TimeAdded: &metav1.Time{Time: time.Unix(3, 0)}})
	}
}

func cordoned(n *corev1.Node) { n.Spec.Unschedulable = true }

func TestTaints(t *testing.T) {
	const noSchedule, noExecute = corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute
	for _, c := range []struct {
		name string
		node *corev1.Node
		want string // effects of new taints carry a plus
	}{
		{"ready", node(with(corev1.NodeReady, corev1.ConditionTrue)), ""},
		{"never reported", node(), ""},
		{"not ready", node(with(corev1.NodeReady, corev1.ConditionFalse)),
			"node.kubernetes.io/not-ready:NoSchedule+ node.kubernetes.io/not-ready:NoExecute+"},
		{"silent after not ready",
			node(with(corev1.NodeReady, corev1.ConditionUnknown), tainted(corev1.TaintNodeNotReady, noSchedule)),
			"node.kubernetes.io/unreachable:NoSchedule+ node.kubernetes.io/unreachable:NoExecute+"},
		{"registered, then ready", node(with(corev1.NodeReady, corev1.ConditionTrue), tainted(corev1.TaintNodeNotReady, noSchedule)), ""},
		{"others' taints stay", node(tainted("a", noSchedule), tainted(corev1.TaintNodeMemoryPressure, noExecute), cordoned),
			"a:NoSchedule node.kubernetes.io/memory-pressure:NoExecute node.kubernetes.io/unschedulable:NoSchedule+"},
		{"under pressure", node(with(corev1.NodeDiskPressure, corev1.ConditionTrue), with(corev1.NodePIDPressure, corev1.ConditionFalse)),
			"node.kubernetes.io/disk-pressure:NoSchedule+"},
		{"as it should be", node(with(corev1.NodeReady, corev1.ConditionFalse),
			tainted(corev1.TaintNodeNotReady, noExecute), tainted(corev1.TaintNodeNotReady, noSchedule)),
			"node.kubernetes.io/not-ready:NoExecute node.kubernetes.io/not-ready:NoSchedule"},
	} {
		now := metav1.Unix(100, 0)
		had := len(c.node.Spec.Taints)
		list, changed := bothPasses(c.node, now)
		var words []string
		for _, taint := range list {
			w := taint.Key + ":" + string(taint.Effect)
			if taint.TimeAdded.Equal(&now) {
				w += "+"
			}
			words = append(words, w)
		}
		if got := strings.Join(words, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if want := strings.Contains(c.want, "+") || len(list) != had; changed != want {
			t.Errorf("%s: changed is %v", c.name, changed)
		}
		if again, changed := bothPasses(c.node, metav1.Unix(200, 0)); changed || len(again) != len(list) {
			t.Errorf("%s: a second look changes %v", c.name, again)
		}
	}
}

// bothPasses puts a node's taints right, those against scheduling first.
func bothPasses(n *corev1.Node, now metav1.Time) (list []corev1.Taint, changed bool) {
	for _, effect := range []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute} {
		taints, differ := taints(n, effect, now)
		n.Spec.Taints, changed = taints, changed || differ
	}
	return n.Spec.Taints, changed
}

func TestUnknown(t *testing.T) {
	now := metav1.Unix(100, 0)
	n := node(with(corev1.NodeReady, corev1.ConditionTrue), with(corev1.NodeNetworkUnavailable, corev1.ConditionFalse),
		with(corev1.NodeDiskPressure, corev1.ConditionUnknown))
	var words []string
	for _, c := range unknown(n, now) {
		words = append(words, string(c.Type)+" "+string(c.Status)+" "+c.Reason)
	}
	want := []string{
		"Ready Unknown NodeStatusUnknown", "NetworkUnavailable False Kubelet", "DiskPressure Unknown Kubelet",
		"MemoryPressure Unknown NodeStatusNeverUpdated", "PIDPressure Unknown NodeStatusNeverUpdated",
	}
	if !slices.Equal(words, want) {
		t.Errorf("%q, want %q", words, want)
	}
	if n.Status.Conditions[0].Status != corev1.ConditionTrue {
		t.Error("the node itself was changed")
	}
}
