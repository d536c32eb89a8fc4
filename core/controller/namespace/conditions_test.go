package namespace

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func TestConditions(t *testing.T) {
	now := time.Unix(1000, 0)
	quiet := &remains{}
	status, changed := conditions(corev1.NamespaceStatus{}, quiet, true, now)
	if !changed || len(status.Conditions) != 5 {
		t.Fatalf("%d conditions, changed %v", len(status.Conditions), changed)
	}
	if _, changed = conditions(status, quiet, true, now.Add(time.Hour)); changed {
		t.Error("the same again is a change")
	}
	busy := &remains{
		objects:    map[string]int{"pods.": 2, "deployments.apps": 1},
		finalizers: map[string]int{"x/y": 3},
		errs:       []error{errors.New("b"), errors.New("a")},
	}
	status, changed = conditions(status, busy, true, now.Add(time.Minute))
	want := map[corev1.NamespaceConditionType]string{
		corev1.NamespaceDeletionContentFailure: "Failed to delete all resource types, 2 remaining: a, b",
		corev1.NamespaceContentRemaining:       "Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances",
		corev1.NamespaceFinalizersRemaining:    "Some content in the namespace has finalizers remaining: x/y in 3 resource instances",
	}
	for _, c := range status.Conditions {
		if text, trouble := want[c.Type]; trouble && (c.Status != corev1.ConditionTrue || c.Message != text) {
			t.Errorf("%s is %s: %s", c.Type, c.Status, c.Message)
		}
		if moved := c.LastTransitionTime.Unix() == 1060; moved != (c.Status == corev1.ConditionTrue) {
			t.Errorf("%s moved at %s", c.Type, c.LastTransitionTime)
		}
	}
	if !changed {
		t.Error("no change")
	}
	if status, _ = conditions(corev1.NamespaceStatus{}, busy, false, now); status.Conditions[3].Status != corev1.ConditionFalse {
		t.Error("totals were reported while pods are left")
	}
}
