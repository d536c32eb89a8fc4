package scheduler

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
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
		name := api.PodClaim(c.pod, v)
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
	_, completed := claim.Annotations[api.AnnBindCompleted]
	return claim.Spec.VolumeName != "" && completed
}

func (c *cache) waitsForConsumer(claim *corev1.PersistentVolumeClaim) bool {
	class := c.classes[api.ClaimClass(claim)]
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
		at, selected := claim.Annotations[api.AnnSelectedNode]
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
// the one that was made for it.
func (c *cache) freeVolume(claim *corev1.PersistentVolumeClaim, node *corev1.Node, chosen map[string]bool) *corev1.PersistentVolume {
	var free []*corev1.PersistentVolume
	for _, name := range slices.Sorted(maps.Keys(c.volumes)) {
		if !chosen[name] && c.promised[name] == "" {
			free = append(free, c.volumes[name])
		}
	}
	return api.MatchVolume(claim, free, false, func(v *corev1.PersistentVolume) bool { return reaches(v, node) })
}

// canMake tells whether a claim's class makes volumes that a node can reach.
func (c *cache) canMake(claim *corev1.PersistentVolumeClaim, node *corev1.Node) bool {
	class := c.classes[api.ClaimClass(claim)]
	if class == nil || class.Provisioner == "" || class.Provisioner == api.NoProvisioner {
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
