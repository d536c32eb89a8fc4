package scheduler

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// volumeBinding drops nodes that can't reach the pod's volumes, and those where
// none can be found or made for claims that wait for their first consumer
// (plugins/volumebinding).
var volumeBinding = filter{
	name: "VolumeBinding",
	prepare: func(c *cycle) bool {
		if refused := c.collectClaims(); refused || len(c.volumes.claims) == 0 {
			return refused
		}
		for _, claim := range c.volumes.claims {
			switch {
			case fullyBound(claim):
				c.volumes.bound = append(c.volumes.bound, claim)
			case claim.Spec.VolumeName == "" && c.cache.waitsForConsumer(claim):
				c.volumes.waiting = append(c.volumes.waiting, claim)
			default:
				return c.refuseAll("pod has unbound immediate PersistentVolumeClaims")
			}
		}
		slices.SortStableFunc(c.volumes.waiting, func(a, b *corev1.PersistentVolumeClaim) int {
			return a.Spec.Resources.Requests.Storage().Cmp(*b.Spec.Resources.Requests.Storage())
		})
		return true
	},
	check: func(c *cycle, n *NodeInfo) *refusal {
		plan, reasons := c.planVolumes(n.Node)
		if len(reasons) > 0 {
			return &refusal{reasons, true}
		}
		c.volumes.plans[n.Node.Name] = plan
		return nil
	},
	helps: func(c *cache, pod *corev1.Pod, ch *change) bool {
		switch {
		case ch.claim != nil:
			return usesClaim(pod, ch.claim)
		case ch.isNode != nil:
			return ch.wasNode == nil || !equalLabels(ch.wasNode.Labels, ch.isNode.Labels)
		}
		return ch.storage
	},
}

// collectClaims finds the pod's claims; true when one of them will not do.
func (c *cycle) collectClaims() (refused bool) {
	for i := range c.pod.Spec.Volumes {
		v := &c.pod.Spec.Volumes[i]
		name := claimName(c.pod, v)
		if name == "" {
			continue
		}
		claim := c.cache.claims[c.pod.Namespace+"/"+name]
		switch {
		case claim == nil && v.Ephemeral != nil:
			return c.refuseAll("waiting for ephemeral volume controller to create the persistentvolumeclaim %q", name)
		case claim == nil:
			return c.refuseAll("persistentvolumeclaim %q not found", name)
		case claim.Status.Phase == corev1.ClaimLost:
			return c.refuseAll("persistentvolumeclaim %q bound to non-existent persistentvolume %q", name, claim.Spec.VolumeName)
		case claim.DeletionTimestamp != nil:
			return c.refuseAll("persistentvolumeclaim %q is being deleted", name)
		case v.Ephemeral != nil && !metav1.IsControlledBy(claim, c.pod):
			return c.refuseAll("PVC %s/%s was not created for pod %s/%s (pod is not owner)", claim.Namespace, name, c.pod.Namespace, c.pod.Name)
		}
		c.volumes.claims = append(c.volumes.claims, claim)
	}
	return false
}

func fullyBound(claim *corev1.PersistentVolumeClaim) bool {
	_, completed := claim.Annotations[bindCompleted]
	return claim.Spec.VolumeName != "" && completed
}

func (c *cache) waitsForConsumer(claim *corev1.PersistentVolumeClaim) bool {
	class := c.classes[className(claim)]
	return class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
}

// planVolumes is what would have to be bound and made on a node, or why that
// can't be (volumebinding/binder.go, FindPodVolumes).
func (c *cycle) planVolumes(node *corev1.Node) (*volumePlan, []string) {
	for _, claim := range c.volumes.bound {
		volume := c.cache.volumes[claim.Spec.VolumeName]
		if volume == nil {
			return nil, []string{"node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"}
		}
		if !reaches(volume, node) {
			return nil, []string{"node(s) didn't match PersistentVolume's node affinity"}
		}
	}
	const none = "node(s) didn't find available persistent volumes to bind"
	plan, chosen := &volumePlan{}, map[string]bool{}
	for _, claim := range c.volumes.waiting {
		at, selected := claim.Annotations[selectedNode]
		if selected && at != node.Name {
			return nil, []string{none}
		}
		volume := c.cache.freeVolume(claim, node, chosen)
		switch {
		case !selected && volume != nil:
			chosen[volume.Name] = true
			plan.bind = append(plan.bind, volumeBindingOf{volume, claim})
		case c.cache.canMake(claim, node):
			plan.make = append(plan.make, claim)
		default:
			return nil, []string{none}
		}
	}
	return plan, nil
}

// reaches tells whether a volume can be used on a node.
func reaches(volume *corev1.PersistentVolume, node *corev1.Node) bool {
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return true
	}
	return slices.ContainsFunc(volume.Spec.NodeAffinity.Required.NodeSelectorTerms, func(t corev1.NodeSelectorTerm) bool {
		term := compileTerm(&t)
		return term.matches(node)
	})
}

// freeVolume is the smallest volume that a claim may be bound to on a node, or
// the one that was made for it (storage/volume/pv_helpers.go, FindMatchingVolume).
func (c *cache) freeVolume(claim *corev1.PersistentVolumeClaim, node *corev1.Node, chosen map[string]bool) *corev1.PersistentVolume {
	var best *corev1.PersistentVolume
	for _, name := range slices.Sorted(maps.Keys(c.volumes)) {
		volume := c.volumes[name]
		mine := c.promised[name] == "" && boundTo(volume, claim)
		if chosen[name] || c.promised[name] != "" || volume.Spec.ClaimRef != nil && !mine || !suits(volume, claim) {
			continue
		}
		if mine {
			if !reaches(volume, node) {
				return nil
			}
			return volume
		}
		if volume.Status.Phase == corev1.VolumeAvailable && reaches(volume, node) &&
			(best == nil || volume.Spec.Capacity.Storage().Cmp(*best.Spec.Capacity.Storage()) < 0) {
			best = volume
		}
	}
	return best
}

func boundTo(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	ref := volume.Spec.ClaimRef
	return ref != nil && ref.Name == claim.Name && ref.Namespace == claim.Namespace && (ref.UID == "" || ref.UID == claim.UID)
}

// suits: size, class, mode, access and labels.
func suits(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	if volume.DeletionTimestamp != nil || volume.Spec.Capacity.Storage().Cmp(*claim.Spec.Resources.Requests.Storage()) < 0 {
		return false
	}
	mode := func(m *corev1.PersistentVolumeMode) corev1.PersistentVolumeMode {
		if m == nil {
			return corev1.PersistentVolumeFilesystem
		}
		return *m
	}
	class, annotated := volume.Annotations[betaClass]
	if !annotated {
		class = volume.Spec.StorageClassName
	}
	for _, wanted := range claim.Spec.AccessModes {
		if !slices.Contains(volume.Spec.AccessModes, wanted) {
			return false
		}
	}
	return class == className(claim) && mode(volume.Spec.VolumeMode) == mode(claim.Spec.VolumeMode) &&
		(claim.Spec.Selector == nil || compileSelector(claim.Spec.Selector).Matches(labels.Set(volume.Labels)))
}

// canMake tells whether a claim's class makes volumes that a node can reach.
func (c *cache) canMake(claim *corev1.PersistentVolumeClaim, node *corev1.Node) bool {
	class := c.classes[className(claim)]
	if class == nil || class.Provisioner == "" || class.Provisioner == noProvisioner {
		return false
	}
	return len(class.AllowedTopologies) == 0 || slices.ContainsFunc(class.AllowedTopologies, func(t corev1.TopologySelectorTerm) bool {
		for _, e := range t.MatchLabelExpressions {
			if !slices.Contains(e.Values, node.Labels[e.Key]) {
				return false
			}
		}
		return len(t.MatchLabelExpressions) > 0
	})
}
