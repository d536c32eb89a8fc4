package podgc

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestSurplusIsEvictedOnesThenTheOldest(t *testing.T) {
	pod := func(name string, age int, reason string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(time.Unix(int64(1000-age), 0))},
			Status:     corev1.PodStatus{Phase: corev1.PodFailed, Reason: reason},
		}
	}
	for keep, want := range map[int]string{
		4: "[]", 3: "[evicted]", 2: "[evicted old]", 1: "[evicted old a]", 0: "[evicted old a b]",
	} {
		var got []string
		for _, p := range surplus([]*corev1.Pod{pod("b", 5, ""), pod("a", 5, ""), pod("old", 9, ""), pod("evicted", 1, "Evicted")}, keep) {
			got = append(got, p.Name)
		}
		if diff := cmp.Diff(want, fmt.Sprint(got)); diff != "" {
			t.Errorf("keeping %d: %s", keep, diff)
		}
	}
}

func TestOutOfService(t *testing.T) {
	node := func(status corev1.ConditionStatus, taint string) *corev1.Node {
		return &corev1.Node{
			Spec:   corev1.NodeSpec{Taints: []corev1.Taint{{Key: taint, Effect: corev1.TaintEffectNoExecute}}},
			Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}},
		}
	}
	for _, c := range []struct {
		status corev1.ConditionStatus
		taint  string
		want   bool
	}{
		{corev1.ConditionUnknown, corev1.TaintNodeOutOfService, true},
		{corev1.ConditionFalse, corev1.TaintNodeOutOfService, true},
		{corev1.ConditionTrue, corev1.TaintNodeOutOfService, false},
		{corev1.ConditionUnknown, corev1.TaintNodeUnreachable, false},
	} {
		if got := outOfService(node(c.status, c.taint)); got != c.want {
			t.Errorf("ready %s, taint %s: %v", c.status, c.taint, got)
		}
	}
}
