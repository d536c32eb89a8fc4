package api

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

// What scheduler, volume controller and provisioners have to agree on about
// volumes and claims: k8s.io/component-helpers/storage/volume of v0.36.3.

// The annotations and finalizers that they leave for each other.
const (
	AnnBindCompleted     = "pv.kubernetes.io/bind-completed"
	AnnBoundByController = "pv.kubernetes.io/bound-by-controller"
	AnnSelectedNode      = "volume.kubernetes.io/selected-node"
	AnnProvisioner       = "volume.kubernetes.io/storage-provisioner"
	AnnBetaProvisioner   = "volume.beta.kubernetes.io/storage-provisioner"
	AnnProvisionedBy     = "pv.kubernetes.io/provisioned-by"
	NoProvisioner        = "kubernetes.io/no-provisioner"

	ClaimFinalizer  = "kubernetes.io/pvc-protection"
	VolumeFinalizer = "kubernetes.io/pv-protection"
)

// ClaimClass is the storage class that a claim asks for, "" for none.
func ClaimClass(claim *corev1.PersistentVolumeClaim) string {
	if class, ok := claim.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return class
	}
	return ptr.Deref(claim.Spec.StorageClassName, "")
}

// VolumeClass is the storage class that a volume is of.
func VolumeClass(volume *corev1.PersistentVolume) string {
	if class, ok := volume.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return class
	}
	return volume.Spec.StorageClassName
}

// VolumeBoundTo tells whether a volume names a claim as its own. Where it does
// so without a UID, any claim of that name will do.
func VolumeBoundTo(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	ref := volume.Spec.ClaimRef
	return ref != nil && ref.Name == claim.Name && ref.Namespace == claim.Namespace && (ref.UID == "" || ref.UID == claim.UID)
}

// SameVolumeMode tells whether both are file systems, or both block devices.
func SameVolumeMode(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	const usual = corev1.PersistentVolumeFilesystem
	return ptr.Deref(volume.Spec.VolumeMode, usual) == ptr.Deref(claim.Spec.VolumeMode, usual)
}

// VolumeAllows tells whether a volume can be used in every way that a claim asks for.
func VolumeAllows(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	return !slices.ContainsFunc(claim.Spec.AccessModes, func(m corev1.PersistentVolumeAccessMode) bool {
		return !slices.Contains(volume.Spec.AccessModes, m)
	})
}

// VolumeLarge tells whether a volume holds as much as a claim asks for.
func VolumeLarge(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	return volume.Spec.Capacity.Storage().Cmp(*claim.Spec.Resources.Requests.Storage()) >= 0
}

// SameAttributes tells whether both are of the same VolumeAttributesClass.
func SameAttributes(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	return ptr.Deref(volume.Spec.VolumeAttributesClassName, "") == ptr.Deref(claim.Spec.VolumeAttributesClassName, "")
}

// MatchVolume is the volume for a claim: the first that names it, else the
// smallest of those that are free and fit, unless the claim is to be left to
// the scheduler (delayed). Volumes that can't be reached don't fit, and where
// that is so of the one that names the claim, none does; reaches may be nil
// (FindMatchingVolume).
func MatchVolume(claim *corev1.PersistentVolumeClaim, volumes []*corev1.PersistentVolume, delayed bool, reaches func(*corev1.PersistentVolume) bool) *corev1.PersistentVolume {
	selector := labels.Everything()
	if claim.Spec.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(claim.Spec.Selector); err != nil {
			return nil
		}
	}
	reach := func(v *corev1.PersistentVolume) bool { return reaches == nil || reaches(v) }
	var best *corev1.PersistentVolume
	for _, v := range volumes {
		mine := VolumeBoundTo(v, claim)
		if v.Spec.ClaimRef != nil && !mine || v.DeletionTimestamp != nil ||
			!VolumeLarge(v, claim) || !SameVolumeMode(v, claim) || !SameAttributes(v, claim) {
			continue
		}
		if mine {
			if !reach(v) {
				return nil
			}
			return v
		}
		if delayed || v.Status.Phase != corev1.VolumeAvailable || VolumeClass(v) != ClaimClass(claim) ||
			!VolumeAllows(v, claim) || !selector.Matches(labels.Set(v.Labels)) || !reach(v) {
			continue
		}
		if best == nil || v.Spec.Capacity.Storage().Cmp(*best.Spec.Capacity.Storage()) < 0 {
			best = v
		}
	}
	return best
}

// PodClaim is the name of the claim behind a pod's volume; "" for a volume without.
func PodClaim(pod *corev1.Pod, v *corev1.Volume) string {
	switch {
	case v.PersistentVolumeClaim != nil:
		return v.PersistentVolumeClaim.ClaimName
	case v.Ephemeral != nil:
		return pod.Name + "-" + v.Name
	}
	return ""
}
