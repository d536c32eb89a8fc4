package persistentvolume

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
)

// bind completes a binding, whatever of it is there already: the volume names
// the claim and is Bound, the claim names the volume and is Bound.
func (b *binder) bind(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) error {
	volume, err := b.promise(volume, claim)
	if err != nil {
		return err
	}
	if volume, err = b.volumePhase(volume, corev1.VolumeBound, ""); err != nil {
		return err
	}
	if claim, err = b.accept(claim, volume); err != nil {
		return err
	}
	_, err = b.claimPhase(claim, corev1.ClaimBound, volume)
	return err
}

// promise has the volume name the claim.
func (b *binder) promise(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) (*corev1.PersistentVolume, error) {
	promised := api.VolumeBoundTo(volume, claim)
	if promised && volume.Spec.ClaimRef.UID == claim.UID {
		return volume, nil
	}
	volume = volume.DeepCopy()
	volume.Spec.ClaimRef = &corev1.ObjectReference{
		Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name,
		UID: claim.UID, ResourceVersion: claim.ResourceVersion,
	}
	if !promised {
		metav1.SetMetaDataAnnotation(&volume.ObjectMeta, api.AnnBoundByController, "yes")
	}
	return b.updateVolume(volume)
}

// accept has the claim name the volume, and say that the binding is complete.
func (b *binder) accept(claim *corev1.PersistentVolumeClaim, volume *corev1.PersistentVolume) (*corev1.PersistentVolumeClaim, error) {
	_, completed := claim.Annotations[api.AnnBindCompleted]
	if completed && claim.Spec.VolumeName == volume.Name {
		return claim, nil
	}
	claim = claim.DeepCopy()
	if claim.Spec.VolumeName != volume.Name {
		claim.Spec.VolumeName = volume.Name
		metav1.SetMetaDataAnnotation(&claim.ObjectMeta, api.AnnBoundByController, "yes")
	}
	metav1.SetMetaDataAnnotation(&claim.ObjectMeta, api.AnnBindCompleted, "yes")
	stored, err := client.Update(b.c, claim)
	if err != nil {
		return nil, err
	}
	b.claims.wrote(stored)
	return stored, nil
}

// claimPhase writes a claim's status, if it is not so yet. How large a bound
// claim is, is said when it becomes bound: later it may be smaller than its
// volume while that is being enlarged.
func (b *binder) claimPhase(claim *corev1.PersistentVolumeClaim, phase corev1.PersistentVolumeClaimPhase, volume *corev1.PersistentVolume) (*corev1.PersistentVolumeClaim, error) {
	status := claim.Status.DeepCopy()
	status.Phase = phase
	if volume == nil {
		status.AccessModes, status.Capacity, status.CurrentVolumeAttributesClassName = nil, nil, nil
	} else {
		status.AccessModes = slices.Clone(volume.Spec.AccessModes)
		if claim.Status.Phase != phase {
			status.Capacity = maps.Clone(volume.Spec.Capacity)
			status.CurrentVolumeAttributesClassName = volume.Spec.VolumeAttributesClassName
		}
	}
	if equality.Semantic.DeepEqual(status, &claim.Status) {
		return claim, nil
	}
	claim = claim.DeepCopy()
	claim.Status = *status
	stored, err := client.UpdateStatus(b.c, claim)
	if err != nil {
		return nil, err
	}
	b.claims.wrote(stored)
	return stored, nil
}

func (b *binder) volumePhase(volume *corev1.PersistentVolume, phase corev1.PersistentVolumePhase, message string) (*corev1.PersistentVolume, error) {
	if volume.Status.Phase == phase {
		return volume, nil
	}
	volume = volume.DeepCopy()
	volume.Status.Phase, volume.Status.Message = phase, message
	stored, err := client.UpdateStatus(b.c, volume)
	if err != nil {
		return nil, err
	}
	b.volumes.wrote(stored)
	return stored, nil
}

func (b *binder) updateVolume(volume *corev1.PersistentVolume) (*corev1.PersistentVolume, error) {
	stored, err := client.Update(b.c, volume)
	if err != nil {
		return nil, err
	}
	b.volumes.wrote(stored)
	return stored, nil
}
