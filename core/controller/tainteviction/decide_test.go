package tainteviction

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

func TestTolerance(t *testing.T) {
	taint := func(key, value string) corev1.Taint {
		return corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffectNoExecute}
	}
	exists := func(key string, seconds *int64) corev1.Toleration {
		return corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, TolerationSeconds: seconds}
	}
	for _, c := range []struct {
		name        string
		tolerations []corev1.Toleration
		taints      []corev1.Taint
		stays       time.Duration
		forever     bool
	}{
		{"no taint", nil, nil, 0, true},
		{"not tolerated", nil, []corev1.Taint{taint("a", "")}, 0, false},
		{"another is", []corev1.Toleration{exists("b", nil)}, []corev1.Taint{taint("a", "")}, 0, false},
		{"for good", []corev1.Toleration{exists("a", nil)}, []corev1.Taint{taint("a", "")}, 0, true},
		{"all", []corev1.Toleration{exists("", nil)}, []corev1.Taint{taint("a", ""), taint("b", "")}, 0, true},
		{"for a while", []corev1.Toleration{exists("a", ptr.To[int64](300))}, []corev1.Taint{taint("a", "")}, 300 * time.Second, false},
		{"the shorter of two", []corev1.Toleration{exists("a", ptr.To[int64](300)), exists("b", ptr.To[int64](20))},
			[]corev1.Taint{taint("a", ""), taint("b", "")}, 20 * time.Second, false},
		{"one that isn't needed doesn't count", []corev1.Toleration{exists("a", ptr.To[int64](300)), exists("b", ptr.To[int64](20))},
			[]corev1.Taint{taint("a", "")}, 300 * time.Second, false},
		{"not at all", []corev1.Toleration{exists("a", ptr.To[int64](-1))}, []corev1.Taint{taint("a", "")}, 0, false},
		{"another value", []corev1.Toleration{{Key: "a", Value: "x"}}, []corev1.Taint{taint("a", "y")}, 0, false},
		{"that value", []corev1.Toleration{{Key: "a", Value: "y"}}, []corev1.Taint{taint("a", "y")}, 0, true},
		{"another effect", []corev1.Toleration{{Key: "a", Operator: "Exists", Effect: "NoSchedule"}}, []corev1.Taint{taint("a", "")}, 0, false},
	} {
		if stays, forever := tolerance(c.tolerations, c.taints); stays != c.stays || forever != c.forever {
			t.Errorf("%s: %v %v", c.name, stays, forever)
		}
	}
}
