package persistentvolume

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

// deed is what is to be done about a claim or a volume.
type deed string

const (
	bind      deed = "bind"      // the claim and the volume to each other
	pend      deed = "pend"      // the claim stays, or is, Pending
	lose      deed = "lose"      // the claim is Lost
	classify  deed = "classify"  // the claim gets the default class
	provision deed = "provision" // the claim waits for a volume that is to be made
	hope      deed = "hope"      // the claim waits for the scheduler

	free    deed = "free"    // the volume is Available
	hold    deed = "hold"    // the volume is Bound
	release deed = "release" // the volume's claim is gone: Released, and reclaimed
	unbind  deed = "unbind"  // the volume was promised to a claim that has another one
	prompt  deed = "prompt"  // the claim completes the binding
	refuse  deed = "refuse"  // the volume names a claim of another volume mode
)

// news is an event about a claim or a volume; the zero value is none.
type news struct{ kind, reason, message string }

func normal(reason, message string) news  { return news{corev1.EventTypeNormal, reason, message} }
func warning(reason, message string) news { return news{corev1.EventTypeWarning, reason, message} }

// decision is a deed, with the volume where there is one and what to say.
type decision struct {
	do     deed
	volume *corev1.PersistentVolume
	say    news
}

// seen is what a claim's pass knows.
type seen struct {
	claim    *corev1.PersistentVolumeClaim
	volumes  []*corev1.PersistentVolume
	class    *storagev1.StorageClass // of the claim, nil where it isn't there
	fallback string                  // the default class
}

func (s *seen) named() *corev1.PersistentVolume {
	for _, v := range s.volumes {
		if v.Name == s.claim.Spec.VolumeName {
			return v
		}
	}
	return nil
}

func decideClaim(s seen) decision {
	_, completed := s.claim.Annotations[api.AnnBindCompleted]
	switch {
	case completed:
		return decideBound(s)
	case s.claim.Spec.VolumeName != "":
		return decideNamed(s)
	}
	class := api.ClaimClass(s.claim)
	waits := class != "" && s.class != nil && s.class.VolumeBindingMode != nil && *s.class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	_, placed := s.claim.Annotations[api.AnnSelectedNode]
	_, annotated := s.claim.Annotations[corev1.BetaStorageClassAnnotation]
	switch v := match(s.claim, s.volumes, waits); {
	case v != nil:
		return decision{do: bind, volume: v}
	case s.claim.Spec.StorageClassName == nil && !annotated && s.fallback != "":
		return decision{do: classify}
	case waits && !placed:
		return decision{do: hope}
	case class != "":
		return decideMaking(s.class, class)
	}
	return decision{do: pend, say: normal("FailedBinding", "no persistent volumes available for this claim and no storage class is set")}
}

// match is the volume for a claim. Of those that fit, one that allows less is
// taken before one that is smaller.
func match(claim *corev1.PersistentVolumeClaim, volumes []*corev1.PersistentVolume, waits bool) *corev1.PersistentVolume {
	groups := map[string][]*corev1.PersistentVolume{}
	var order []string
	for _, v := range volumes {
		if !api.VolumeAllows(v, claim) {
			continue
		}
		modes := make([]string, 0, len(v.Spec.AccessModes))
		for _, m := range v.Spec.AccessModes {
			modes = append(modes, string(m))
		}
		slices.Sort(modes)
		key := strings.Join(slices.Compact(modes), ",")
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], v)
	}
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, ","), strings.Count(b, ",")), cmp.Compare(a, b))
	})
	for _, key := range order {
		if v := api.MatchVolume(claim, groups[key], waits, nil); v != nil {
			return v
		}
	}
	return nil
}

// decideMaking: who is to make a volume of a class.
func decideMaking(class *storagev1.StorageClass, name string) decision {
	switch {
	case class == nil:
		return decision{do: "", say: warning("ProvisioningFailed", fmt.Sprintf("storageclass.storage.k8s.io %q not found", name))}
	case strings.HasPrefix(class.Provisioner, "kubernetes.io/"):
		return decision{do: "", say: warning("ProvisioningFailed", "no volume plugin matched name: "+class.Provisioner)}
	}
	return decision{do: provision, say: normal("ExternalProvisioning", fmt.Sprintf(
		"Waiting for a volume to be created either by the external provisioner '%s' or manually by the system administrator. "+
			"If volume creation is delayed, please verify that the provisioner is running and correctly registered.", class.Provisioner))}
}

// decideNamed is about a claim that asks for a certain volume.
func decideNamed(s seen) decision {
	v := s.named()
	switch {
	case v == nil:
		return decision{do: pend}
	case v.Spec.ClaimRef == nil:
		if why := unfit(v, s.claim); why != "" {
			return decision{do: pend, say: warning("VolumeMismatch", fmt.Sprintf("Cannot bind to requested volume %q: %s", v.Name, why))}
		}
		return decision{do: bind, volume: v}
	case api.VolumeBoundTo(v, s.claim):
		return decision{do: bind, volume: v}
	}
	return decision{do: pend, say: warning("FailedBinding", fmt.Sprintf("volume %q already bound to a different claim.", v.Name))}
}

// unfit says why a volume can't be bound to the claim that asks for it.
func unfit(v *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) string {
	switch {
	case v.DeletionTimestamp != nil:
		return fmt.Sprintf("the volume is marked for deletion %q", v.Name)
	case !api.VolumeLarge(v, claim):
		return "requested PV is too small"
	case api.VolumeClass(v) != api.ClaimClass(claim):
		return "storageClassName does not match"
	case !api.SameAttributes(v, claim):
		return "volumeAttributesClassName does not match"
	case !api.SameVolumeMode(v, claim):
		return "incompatible volumeMode"
	case !api.VolumeAllows(v, claim):
		return "incompatible accessMode"
	}
	return ""
}

// decideBound is about a claim that was bound before.
func decideBound(s seen) decision {
	lost := func(reason, message string) decision { return decision{do: lose, say: warning(reason, message)} }
	if s.claim.Spec.VolumeName == "" {
		return lost("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
	}
	v := s.named()
	switch {
	case v == nil:
		return lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
	case v.Spec.ClaimRef == nil || v.Spec.ClaimRef.UID == s.claim.UID:
		return decision{do: bind, volume: v}
	}
	return lost("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
}

// decideVolume is about a volume and the claim that it names, nil where that
// one is gone.
func decideVolume(v *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) decision {
	_, made := v.Annotations[api.AnnProvisionedBy]
	switch {
	case v.Spec.ClaimRef == nil || v.Spec.ClaimRef.UID == "":
		return decision{do: free}
	case claim == nil:
		return decision{do: release}
	case claim.Spec.VolumeName == "" && !api.SameVolumeMode(v, claim):
		return decision{do: refuse}
	case claim.Spec.VolumeName == "":
		return decision{do: prompt}
	case claim.Spec.VolumeName == v.Name:
		return decision{do: hold}
	case made && v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete:
		return decision{do: release}
	}
	return decision{do: unbind}
}
