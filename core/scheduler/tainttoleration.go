package scheduler

import corev1 "k8s.io/api/core/v1"

// taintToleration drops nodes with a NoSchedule or NoExecute taint that the pod
// doesn't tolerate; those with PreferNoSchedule taints score less
// (plugins/tainttoleration). The operators Lt and Gt are off by default
// upstream and tolerate nothing here.
var taintToleration = filter{
	name:   "TaintToleration",
	taints: true,
	check: func(c *cycle, n *NodeInfo) *refusal {
		if toleratesNode(c.pod, n.Node) {
			return nil
		}
		return &refusal{[]string{"node(s) had untolerated taint(s)"}, true}
	},
	helps: func(_ *cache, pod *corev1.Pod, ch *change) bool {
		return ch.isNode != nil && (ch.wasNode == nil || !toleratesNode(pod, ch.wasNode)) && toleratesNode(pod, ch.isNode)
	},
}

func toleratesNode(pod *corev1.Pod, node *corev1.Node) bool {
	for i := range node.Spec.Taints {
		taint := &node.Spec.Taints[i]
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !tolerates(pod.Spec.Tolerations, taint) {
			return false
		}
	}
	return true
}

func tolerates(tolerations []corev1.Toleration, taint *corev1.Taint) bool {
	for i := range tolerations {
		if toleratesTaint(&tolerations[i], taint) {
			return true
		}
	}
	return false
}

func toleratesTaint(t *corev1.Toleration, taint *corev1.Taint) bool {
	if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
		return false
	}
	switch t.Operator {
	case "", corev1.TolerationOpEqual:
		return t.Value == taint.Value
	case corev1.TolerationOpExists:
		return true
	}
	return false
}

// scoreTaints counts the PreferNoSchedule taints that the pod doesn't tolerate.
func scoreTaints(c *cycle) []int64 {
	scores := make([]int64, len(c.feasible))
	for i, n := range c.feasible {
		for j := range n.Node.Spec.Taints {
			taint := &n.Node.Spec.Taints[j]
			if taint.Effect == corev1.TaintEffectPreferNoSchedule && !tolerates(c.pod.Spec.Tolerations, taint) {
				scores[i]++
			}
		}
	}
	return normalise(scores, true)
}
