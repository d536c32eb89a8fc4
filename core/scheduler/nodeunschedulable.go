package scheduler

import corev1 "k8s.io/api/core/v1"

var unschedulableTaint = corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}

// nodeUnschedulable drops cordoned nodes, unless the pod tolerates that
// (plugins/nodeunschedulable).
var nodeUnschedulable = filter{
	name:   "NodeUnschedulable",
	taints: true,
	check: func(c *cycle, n *NodeInfo) *refusal {
		if !n.Node.Spec.Unschedulable || tolerates(c.pod.Spec.Tolerations, &unschedulableTaint) {
			return nil
		}
		return &refusal{[]string{"node(s) were unschedulable"}, true}
	},
	helps: func(_ *cache, _ *corev1.Pod, ch *change) bool {
		return ch.isNode != nil && !ch.isNode.Spec.Unschedulable && (ch.wasNode == nil || ch.wasNode.Spec.Unschedulable)
	},
}

func anyNewNode(_ *cache, _ *corev1.Pod, ch *change) bool {
	return ch.isNode != nil && ch.wasNode == nil
}
