package cluster

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// claimsDeed is what people do to a StatefulSet and its claims.
func claimsDeed(tr *trial) string {
	var names, sets []string
	each(tr.c, func(c *corev1.PersistentVolumeClaim) {
		if names = append(names, c.Name); strings.HasPrefix(c.Name, "data-") {
			sets = append(sets, c.Name)
		}
	})
	switch tr.dice.IntN(6) {
	case 0:
		if len(names) > 0 {
			return "delete pvc --wait=false " + names[tr.dice.IntN(len(names))]
		}
		return "get pvc"
	case 4:
		return `patch storageclass standard -p '{"allowVolumeExpansion":true}'`
	case 5:
		if len(sets) > 0 {
			return fmt.Sprintf(`patch pvc %s -p '{"spec":{"resources":{"requests":{"storage":"%dGi"}}}}'`, sets[tr.dice.IntN(len(sets))], 2+tr.dice.IntN(3))
		}
		return "get pvc"
	case 1:
		return fmt.Sprintf("create -f claim-%d.yaml", tr.dice.IntN(3))
	case 2:
		return "delete pod --wait=false " + tr.anyPod()
	default:
		return fmt.Sprintf("scale statefulset db --replicas=%d", tr.dice.IntN(4))
	}
}

// claimsCheck: a volume is bound to one claim and a claim to one volume; no
// claim or volume goes while it is used; no pod runs without its claims.
func claimsCheck(tr *trial) error {
	volumes, owner := map[string]*corev1.PersistentVolume{}, map[string]string{}
	each(tr.c, func(v *corev1.PersistentVolume) { volumes[v.Name] = v })
	claims := map[string]*corev1.PersistentVolumeClaim{}
	var err error
	each(tr.c, func(c *corev1.PersistentVolumeClaim) {
		claims[c.Name] = c
		name := c.Spec.VolumeName
		if name == "" {
			return
		}
		v := volumes[name]
		switch {
		case owner[name] != "":
			err = fmt.Errorf("volume %s is %s's and %s's", name, owner[name], c.Name)
		case v == nil:
			err = fmt.Errorf("claim %s has lost its volume", c.Name)
		case v.Spec.ClaimRef == nil || v.Spec.ClaimRef.UID != c.UID:
			err = fmt.Errorf("claim %s has volume %s, which names %v", c.Name, name, v.Spec.ClaimRef)
		case v.Spec.Capacity.Storage().Cmp(*c.Status.Capacity.Storage()) < 0:
			err = fmt.Errorf("claim %s says that it has more than its volume", c.Name)
		}
		owner[name] = c.Name
	})
	for _, p := range tr.pods() {
		if c := claims["data-"+p.Name]; p.Status.Phase == corev1.PodRunning && (c == nil || c.Spec.VolumeName == "") {
			return fmt.Errorf("pod %s runs, and its claim is %v", p.Name, c)
		}
	}
	return err
}

// claimsSettled: every claim that can be bound is, and no volume is left over.
func claimsSettled(tr *trial) error {
	var err error
	claims := map[string]bool{}
	each(tr.c, func(c *corev1.PersistentVolumeClaim) {
		claims[c.Name] = true
		switch {
		case c.Status.Phase != corev1.ClaimBound:
			if c.Name != "waits" && !forgotten(tr, c) {
				err = fmt.Errorf("claim %s is %s", c.Name, c.Status.Phase)
			}
		case c.Status.Capacity.Storage().Cmp(*c.Spec.Resources.Requests.Storage()) < 0 || len(c.Status.Conditions) > 0:
			err = fmt.Errorf("claim %s asks for %v, status %v", c.Name, c.Spec.Resources.Requests, c.Status)
		}
	})
	each(tr.c, func(v *corev1.PersistentVolume) {
		if ref := v.Spec.ClaimRef; v.Status.Phase != corev1.VolumeAvailable && (v.Status.Phase != corev1.VolumeBound || !claims[ref.Name]) &&
			(v.Status.Phase != corev1.VolumeReleased || v.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimRetain) {
			err = fmt.Errorf("volume %s is %s for %v", v.Name, v.Status.Phase, ref)
		}
	})
	if only[*storagev1.StorageClass](tr.c) == nil {
		return fmt.Errorf("there is no storage class")
	}
	return err
}

// forgotten tells of a claim whose pod was scaled away before it had a node: it
// waits for the next one.
func forgotten(tr *trial, c *corev1.PersistentVolumeClaim) bool {
	return strings.HasPrefix(c.Name, "data-") && !slices.ContainsFunc(tr.pods(), func(p *corev1.Pod) bool { return "data-"+p.Name == c.Name })
}
