package provisioner

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// Where claims may grow, the provisioner is also what makes their volumes
// larger, with the words and the order of writes of the program that does it
// beside a CSI driver (github.com/kubernetes-csi/external-resizer,
// pkg/controller): the claim's condition Resizing, the volume's capacity, the
// claim's. What is larger is a folder, so that a node has nothing to do for it.

// toGrow tells what is to be done for a claim that asks for more than it has.
type toGrow int

const (
	grownEnough toGrow = iota
	announceGrowth
	growVolume
	growClaim
)

// growth decides the next step for a bound claim; done says that the folder has
// been made larger.
func growth(claim *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume, done bool) toGrow {
	switch {
	case !asksForMore(claim) || claim.DeletionTimestamp != nil || v.Spec.ClaimRef == nil || v.Spec.ClaimRef.UID != claim.UID:
		return grownEnough
	case !isResizing(claim):
		return announceGrowth
	case v.Spec.Capacity.Storage().Cmp(*claim.Spec.Resources.Requests.Storage()) >= 0:
		return growClaim
	case done:
		return growVolume
	}
	return announceGrowth
}

func isResizing(claim *corev1.PersistentVolumeClaim) bool {
	return slices.ContainsFunc(claim.Status.Conditions, func(c corev1.PersistentVolumeClaimCondition) bool {
		return c.Type == corev1.PersistentVolumeClaimResizing && c.Status == corev1.ConditionTrue
	})
}

// grows tells whether a claim is one whose volume is of this provisioner's
// making and too small.
func (p *provisioner) grows(claim *corev1.PersistentVolumeClaim) (*corev1.PersistentVolume, bool) {
	v, ok := p.volumes.Get("", claim.Spec.VolumeName)
	return v, ok && v.Annotations[api.AnnProvisionedBy] == Name && growth(claim, v, false) != grownEnough
}

// asksForMore tells of a bound claim, without a look at its volume.
func asksForMore(claim *corev1.PersistentVolumeClaim) bool {
	return claim.Status.Phase == corev1.ClaimBound && claim.Spec.Resources.Requests.Storage().Cmp(*claim.Status.Capacity.Storage()) > 0
}

// grow takes the next step; each is one write, whose notification brings the one after.
func (p *provisioner) grow(key string, claim *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) error {
	if p.wrote.Behind(key, p.claims.Seen()) {
		return controller.ErrBehind
	}
	done := isResizing(claim) && p.worked(key, claim.UID)
	switch growth(claim, v, done) {
	case announceGrowth:
		if isResizing(claim) {
			return nil // the folder is on its way
		}
		delete(p.done, claim.UID)
		p.report(claim, corev1.EventTypeNormal, "Resizing", "External resizer is resizing volume "+v.Name)
		return p.status(key, claim, func(s *corev1.PersistentVolumeClaimStatus) {
			at := metav1.NewTime(p.c.Now().Truncate(time.Second))
			s.Conditions = append(s.Conditions, corev1.PersistentVolumeClaimCondition{
				Type: corev1.PersistentVolumeClaimResizing, Status: corev1.ConditionTrue, LastTransitionTime: at,
			})
			setStorage(&s.AllocatedResources, claim)
			s.AllocatedResourceStatuses = map[corev1.ResourceName]corev1.ClaimResourceStatus{
				corev1.ResourceStorage: corev1.PersistentVolumeClaimControllerResizeInProgress,
			}
		})
	case growVolume:
		_, err := client.Patch(p.c, "", v.Name, "", func(fresh *corev1.PersistentVolume) { setStorage(&fresh.Spec.Capacity, claim) })
		return err
	case growClaim:
		delete(p.done, claim.UID)
		err := p.status(key, claim, func(s *corev1.PersistentVolumeClaimStatus) {
			setStorage(&s.Capacity, claim)
			s.AllocatedResourceStatuses = nil
			s.Conditions = slices.DeleteFunc(s.Conditions, func(c corev1.PersistentVolumeClaimCondition) bool {
				return c.Type == corev1.PersistentVolumeClaimResizing
			})
		})
		if err == nil {
			p.report(claim, corev1.EventTypeNormal, "VolumeResizeSuccessful", "Resize volume succeeded")
		}
		return err
	}
	return nil
}

// setStorage puts what a claim asks for into a list of resources.
func setStorage(list *corev1.ResourceList, claim *corev1.PersistentVolumeClaim) {
	if *list == nil {
		*list = corev1.ResourceList{}
	}
	(*list)[corev1.ResourceStorage] = claim.Spec.Resources.Requests.Storage().DeepCopy()
}

func (p *provisioner) status(key string, claim *corev1.PersistentVolumeClaim, change func(*corev1.PersistentVolumeClaimStatus)) error {
	written, err := client.Patch(p.c, claim.Namespace, claim.Name, "status", func(fresh *corev1.PersistentVolumeClaim) { change(&fresh.Status) })
	if err == nil {
		p.wrote.Note(key, controller.Revision(written))
	}
	return ignoreMissing(err)
}
