package tainteviction

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// tolerance is how long a pod with these tolerations stays on a node with
// these NoExecute taints: the least that any toleration which is needed allows,
// and nothing where a taint has none.
func tolerance(tolerations []corev1.Toleration, taints []corev1.Taint) (stays time.Duration, forever bool) {
	least, limited := int64(0), false
	for i := range taints {
		t := tolerating(tolerations, &taints[i])
		if t == nil {
			return 0, false
		}
		if s := t.TolerationSeconds; s != nil && (!limited || *s < least) {
			least, limited = *s, true
		}
	}
	return time.Duration(max(least, 0)) * time.Second, !limited
}

// tolerating is the first toleration of a taint.
func tolerating(tolerations []corev1.Toleration, taint *corev1.Taint) *corev1.Toleration {
	for i := range tolerations {
		t := &tolerations[i]
		if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
			continue
		}
		if t.Operator == corev1.TolerationOpExists || (t.Operator == "" || t.Operator == corev1.TolerationOpEqual) && t.Value == taint.Value {
			return t
		}
	}
	return nil
}
