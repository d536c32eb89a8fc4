package nodelifecycle

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// reported are the conditions that only a node's kubelet can vouch for.
var reported = []corev1.NodeConditionType{
	corev1.NodeReady, corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure,
}

// unknown returns a silent node's conditions: what only the kubelet knows is Unknown.
func unknown(node *corev1.Node, now metav1.Time) []corev1.NodeCondition {
	list := slices.Clone(node.Status.Conditions)
	for _, kind := range reported {
		i := slices.IndexFunc(list, func(c corev1.NodeCondition) bool { return c.Type == kind })
		switch {
		case i < 0:
			list = append(list, corev1.NodeCondition{
				Type: kind, Status: corev1.ConditionUnknown,
				Reason: "NodeStatusNeverUpdated", Message: "Kubelet never posted node status.",
				LastHeartbeatTime: node.CreationTimestamp, LastTransitionTime: now,
			})
		case list[i].Status != corev1.ConditionUnknown:
			list[i].Status = corev1.ConditionUnknown
			list[i].Reason, list[i].Message = "NodeStatusUnknown", "Kubelet stopped posting node status."
			list[i].LastTransitionTime = now
		}
	}
	return list
}

// taintOf is the taint that a condition's status brings, by type.
var taintOf = map[corev1.NodeConditionType]map[corev1.ConditionStatus]string{
	corev1.NodeReady: {
		corev1.ConditionFalse:   corev1.TaintNodeNotReady,
		corev1.ConditionUnknown: corev1.TaintNodeUnreachable,
	},
	corev1.NodeMemoryPressure:     {corev1.ConditionTrue: corev1.TaintNodeMemoryPressure},
	corev1.NodeDiskPressure:       {corev1.ConditionTrue: corev1.TaintNodeDiskPressure},
	corev1.NodePIDPressure:        {corev1.ConditionTrue: corev1.TaintNodePIDPressure},
	corev1.NodeNetworkUnavailable: {corev1.ConditionTrue: corev1.TaintNodeNetworkUnavailable},
}

// wantedTaints are those that follow from a node's conditions: none may be
// scheduled on a node in trouble, and what runs on one that is not ready may
// be evicted.
func wantedTaints(node *corev1.Node) []corev1.Taint {
	var taints []corev1.Taint
	for _, c := range node.Status.Conditions {
		key := taintOf[c.Type][c.Status]
		if key == "" {
			continue
		}
		taints = append(taints, corev1.Taint{Key: key, Effect: corev1.TaintEffectNoSchedule})
		if c.Type == corev1.NodeReady {
			taints = append(taints, corev1.Taint{Key: key, Effect: corev1.TaintEffectNoExecute})
		}
	}
	if node.Spec.Unschedulable {
		taints = append(taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
	}
	return taints
}

// ours tells whether a taint is one that this controller puts on and takes off.
func ours(t corev1.Taint) bool {
	switch t.Key {
	case corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable:
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	case corev1.TaintNodeMemoryPressure, corev1.TaintNodeDiskPressure, corev1.TaintNodePIDPressure,
		corev1.TaintNodeNetworkUnavailable, corev1.TaintNodeUnschedulable:
		return t.Effect == corev1.TaintEffectNoSchedule
	}
	return false
}

// taints returns a node's taints with those of an effect as they should be,
// and whether they differ. Those that stay keep their place and time.
func taints(node *corev1.Node, effect corev1.TaintEffect, now metav1.Time) ([]corev1.Taint, bool) {
	wanted := slices.DeleteFunc(wantedTaints(node), func(t corev1.Taint) bool { return t.Effect != effect })
	var out []corev1.Taint
	for _, t := range node.Spec.Taints {
		i := slices.IndexFunc(wanted, func(w corev1.Taint) bool { return w.MatchTaint(&t) })
		if i >= 0 {
			wanted = slices.Delete(wanted, i, i+1)
		} else if ours(t) && t.Effect == effect {
			continue
		}
		out = append(out, t)
	}
	changed := len(out) != len(node.Spec.Taints) || len(wanted) > 0
	for _, w := range wanted {
		w.TimeAdded = &now
		out = append(out, w)
	}
	return out, changed
}
