package persistentvolume

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// syncVolume takes one pass over a volume: read, decide, act.
func (b *binder) syncVolume(volume *corev1.PersistentVolume) error {
	claim, err := b.claimOf(volume)
	if err != nil {
		return err
	}
	switch decideVolume(volume, claim).do {
	case free:
		_, err = b.volumePhase(volume, corev1.VolumeAvailable, "")
	case hold:
		_, err = b.volumePhase(volume, corev1.VolumeBound, "")
	case release:
		err = b.release(volume)
	case unbind:
		err = b.unbind(volume)
	case prompt:
		b.loop.Add(client.Key(claim))
	case refuse:
		b.refuse(volume, claim)
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// refuse tells both that they don't go together.
func (b *binder) refuse(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) {
	const kind = "due to incompatible volumeMode."
	if b.tell(volume.Name, volume, warning("VolumeMismatch", fmt.Sprintf("Cannot bind PersistentVolume to requested PersistentVolumeClaim %q %s", claim.Name, kind))) {
		b.report(claim, warning("VolumeMismatch", fmt.Sprintf("Cannot bind PersistentVolume %q to requested PersistentVolumeClaim %s", volume.Name, kind)))
	}
}

// claimOf is the claim that a volume names, nil when there is none or it is
// another one by now. Before a volume is released because of that, the API
// server is asked: the claim may be newer than the view.
func (b *binder) claimOf(volume *corev1.PersistentVolume) (*corev1.PersistentVolumeClaim, error) {
	ref := volume.Spec.ClaimRef
	if ref == nil || ref.UID == "" {
		return nil, nil
	}
	if claim, ok := b.claims.get(ref.Namespace, ref.Name); ok && claim.UID == ref.UID {
		return claim, nil
	}
	if volume.Status.Phase == corev1.VolumeReleased || volume.Status.Phase == corev1.VolumeFailed {
		return nil, nil
	}
	claim, err := client.Get[*corev1.PersistentVolumeClaim](b.c, ref.Namespace, ref.Name)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case claim.UID != ref.UID:
		return nil, nil
	}
	return claim, nil
}

// unbind takes a promise back that the controller made; one that somebody else
// made is kept, but for the claim's UID.
func (b *binder) unbind(volume *corev1.PersistentVolume) error {
	volume = volume.DeepCopy()
	if _, ours := volume.Annotations[api.AnnBoundByController]; ours {
		volume.Spec.ClaimRef = nil
		delete(volume.Annotations, api.AnnBoundByController)
	} else {
		volume.Spec.ClaimRef.UID = ""
	}
	volume, err := b.updateVolume(volume)
	if err == nil {
		_, err = b.volumePhase(volume, corev1.VolumeAvailable, "")
	}
	return err
}

// release marks a volume whose claim is gone and does what its policy says.
func (b *binder) release(volume *corev1.PersistentVolume) error {
	if volume.Status.Phase != corev1.VolumeReleased && volume.Status.Phase != corev1.VolumeFailed {
		var err error
		if volume, err = b.volumePhase(volume, corev1.VolumeReleased, ""); err != nil {
			return err
		}
	}
	switch volume.Spec.PersistentVolumeReclaimPolicy {
	case corev1.PersistentVolumeReclaimDelete:
		return b.destroy(volume)
	case corev1.PersistentVolumeReclaimRecycle:
		return b.fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
	}
	return nil
}

// destroy deletes a volume that the controller can see to itself, which are
// those below a host's /tmp; one that a provisioner made is that one's to delete.
func (b *binder) destroy(volume *corev1.PersistentVolume) error {
	maker := volume.Annotations[api.AnnProvisionedBy]
	switch host := volume.Spec.HostPath; {
	case maker != "" && !strings.HasPrefix(maker, "kubernetes.io/"), maker == "" && volume.Spec.CSI != nil:
		return nil
	case maker != "":
		return b.fail(volume, "VolumeFailedDelete", "no volume plugin matched name: "+maker)
	case host == nil:
		return b.fail(volume, "VolumeFailedDelete", fmt.Sprintf("error getting deleter volume plugin for volume %q: no deletable volume plugin matched", volume.Name))
	case !strings.Contains(host.Path, "/tmp/") || strings.HasSuffix(host.Path, "/tmp/"):
		return b.fail(volume, "VolumeFailedDelete", "host_path deleter only supports /tmp/.+ but received provided "+host.Path)
	case volume.DeletionTimestamp != nil:
		return nil
	}
	return client.Delete[*corev1.PersistentVolume](b.c, "", volume.Name, nil)
}

// fail marks a volume that could not be reclaimed; that is tried again.
func (b *binder) fail(volume *corev1.PersistentVolume, reason, message string) error {
	b.loop.AddAfter(volume.Name, resync, sim.Idle)
	if volume.Status.Phase == corev1.VolumeFailed {
		return nil
	}
	stored, err := b.volumePhase(volume, corev1.VolumeFailed, message)
	if err == nil {
		b.report(stored, warning(reason, message))
	}
	return err
}
