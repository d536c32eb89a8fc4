package scheduler

import corev1 "k8s.io/api/core/v1"

var unschedulableTaint = corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}

// nodeUnschedulable drops cordoned nodes, unless the pod tolerates that
// (plugins/nodeunschedulable).
var nodeUnschedulable = filter{
	name: "NodeUnschedulable",
	check: func(c *cycle, n *NodeInfo) *refusal {
		if !n.Node.Spec.Unschedulable || tolerates(c.pod.Spec.Tolerations, &unschedulableTaint) {
			return nil
		}
		return &refusal{[]string{"node(s) were unschedulable"}, true}
	},
	helps: func(_ *corev1.Pod, was, is *corev1.Node) bool {
		return !is.Spec.Unschedulable && (was == nil || was.Spec.Unschedulable)
	},
}

func anyNewNode(_ *corev1.Pod, was, _ *corev1.Node) bool { return was == nil }
