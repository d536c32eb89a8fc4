package provisioner

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func storage(size string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
}

func TestGrowth(t *testing.T) {
	type change func(*corev1.PersistentVolumeClaim, *corev1.PersistentVolume)
	asks := func(size string) change {
		return func(claim *corev1.PersistentVolumeClaim, _ *corev1.PersistentVolume) {
			claim.Spec.Resources.Requests = storage(size)
		}
	}
	announced := func(claim *corev1.PersistentVolumeClaim, _ *corev1.PersistentVolume) {
		claim.Status.Conditions = []corev1.PersistentVolumeClaimCondition{{Type: corev1.PersistentVolumeClaimResizing, Status: corev1.ConditionTrue}}
	}
	large := func(_ *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) { v.Spec.Capacity = storage("2Gi") }
	for _, c := range []struct {
		name    string
		changes []change
		done    bool
		want    toGrow
	}{
		{"has what it asks for", nil, false, grownEnough},
		{"asks for more", []change{asks("2Gi")}, false, announceGrowth},
		{"asks for less", []change{asks("500Mi")}, false, grownEnough},
		{"the folder is on its way", []change{asks("2Gi"), announced}, false, announceGrowth},
		{"the folder is larger", []change{asks("2Gi"), announced}, true, growVolume},
		{"the volume says so", []change{asks("2Gi"), announced, large}, true, growClaim},
		{"once more meanwhile", []change{asks("3Gi"), announced, large}, true, growVolume},
		{"is not bound", []change{asks("2Gi"), func(claim *corev1.PersistentVolumeClaim, _ *corev1.PersistentVolume) {
			claim.Status.Phase = corev1.ClaimPending
		}}, false, grownEnough},
		{"is being deleted", []change{asks("2Gi"), func(claim *corev1.PersistentVolumeClaim, _ *corev1.PersistentVolume) {
			claim.DeletionTimestamp = &metav1.Time{}
		}}, false, grownEnough},
		{"somebody else's volume", []change{asks("2Gi"), func(_ *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) {
			v.Spec.ClaimRef.UID = "other"
		}}, false, grownEnough},
	} {
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{UID: "c"}}
		claim.Spec.Resources.Requests, claim.Status.Capacity, claim.Status.Phase = storage("1Gi"), storage("1Gi"), corev1.ClaimBound
		v := &corev1.PersistentVolume{}
		v.Spec.Capacity, v.Spec.ClaimRef = storage("1Gi"), &corev1.ObjectReference{UID: "c"}
		for _, change := range c.changes {
			change(claim, v)
		}
		if got := growth(claim, v, c.done); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
