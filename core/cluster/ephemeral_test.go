package cluster

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func ephemeralDeed(tr *trial) string {
	switch tr.dice.IntN(4) {
	case 0:
		return "delete pod --wait=false " + tr.anyPod()
	case 1:
		return fmt.Sprintf("scale deployment web --replicas=%d", tr.dice.IntN(4))
	case 2:
		return "delete pvc --wait=false --all"
	default:
		return fmt.Sprintf("set image deployment/web nginx=nginx:1.%d", 20+tr.dice.IntN(8))
	}
}

// ephemeralCheck: a pod that runs has a claim of its own.
func ephemeralCheck(tr *trial) error {
	claims := map[string]*corev1.PersistentVolumeClaim{}
	each(tr.c, func(c *corev1.PersistentVolumeClaim) { claims[c.Name] = c })
	for _, p := range tr.pods() {
		c := claims[p.Name+"-scratch"]
		if p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil && (c == nil || !metav1.IsControlledBy(c, p)) {
			return fmt.Errorf("pod %s runs, and its claim is %v", p.Name, c)
		}
	}
	return nil
}

// ephemeralSettled: every pod has its claim, bound, and there is no other. One
// that somebody has deleted stays as long as its pod does.
func ephemeralSettled(tr *trial) error {
	claims := map[string]*corev1.PersistentVolumeClaim{}
	each(tr.c, func(c *corev1.PersistentVolumeClaim) { claims[c.Name] = c })
	for _, p := range tr.pods() {
		c := claims[p.Name+"-scratch"]
		if c == nil || c.Status.Phase != corev1.ClaimBound || !metav1.IsControlledBy(c, p) {
			return fmt.Errorf("pod %s has the claim %v", p.Name, c)
		}
	}
	if len(claims) != len(tr.pods()) {
		return fmt.Errorf("%d pods and %d claims", len(tr.pods()), len(claims))
	}
	return nil
}
