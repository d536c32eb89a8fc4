package scheduler

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// The annotations that scheduler and volume controller leave for each other
// (k8s.io/component-helpers/storage/volume).
const (
	bindCompleted     = "pv.kubernetes.io/bind-completed"
	boundByController = "pv.kubernetes.io/bound-by-controller"
	selectedNode      = "volume.kubernetes.io/selected-node"
	betaClass         = "volume.beta.kubernetes.io/storage-class"
	noProvisioner     = "kubernetes.io/no-provisioner"
)

// volumeState is what a pod's claims ask of a node.
type volumeState struct {
	claims  []*corev1.PersistentVolumeClaim
	bound   []*corev1.PersistentVolumeClaim
	waiting []*corev1.PersistentVolumeClaim // for their first consumer, the smallest first
	disks   bool                            // volumes that exclude each other
	one     map[string]bool                 // claims that only one pod may use
	taken   int                             // pods that use one of these
	zones   []zoneRule
	plans   map[string]*volumePlan
}

// volumePlan is what is to be bound or made for a pod on a node.
type volumePlan struct {
	bind []volumeBindingOf
	make []*corev1.PersistentVolumeClaim
}

type volumeBindingOf struct {
	volume *corev1.PersistentVolume
	claim  *corev1.PersistentVolumeClaim
}

func (p *volumePlan) empty() bool { return p == nil || len(p.bind)+len(p.make) == 0 }

func (v *volumeState) clone() *volumeState {
	if v == nil {
		return nil
	}
	out := *v
	out.plans = maps.Clone(v.plans)
	return &out
}

// claimName is the claim of a pod's volume; "" for a volume without.
func claimName(pod *corev1.Pod, v *corev1.Volume) string {
	switch {
	case v.PersistentVolumeClaim != nil:
		return v.PersistentVolumeClaim.ClaimName
	case v.Ephemeral != nil:
		return pod.Name + "-" + v.Name
	}
	return ""
}

func className(claim *corev1.PersistentVolumeClaim) string {
	if name, ok := claim.Annotations[betaClass]; ok {
		return name
	}
	if claim.Spec.StorageClassName == nil {
		return ""
	}
	return *claim.Spec.StorageClassName
}

// refuseAll drops every node for a reason of the pod's claims.
func (c *cycle) refuseAll(format string, args ...any) bool {
	c.refusesAll = &refusal{[]string{fmt.Sprintf(format, args...)}, true}
	return true
}

// volumeRestrictions drops nodes where a pod uses a disk that can't be shared,
// and all nodes while a claim for one pod only is in use
// (plugins/volumerestrictions).
var volumeRestrictions = filter{
	name: "VolumeRestrictions",
	prepare: func(c *cycle) bool {
		c.volumes = &volumeState{one: map[string]bool{}, plans: map[string]*volumePlan{}}
		for i := range c.pod.Spec.Volumes {
			v := &c.pod.Spec.Volumes[i]
			c.volumes.disks = c.volumes.disks || exclusive(v)
			if v.PersistentVolumeClaim == nil {
				continue
			}
			claim := c.cache.claims[c.pod.Namespace+"/"+v.PersistentVolumeClaim.ClaimName]
			if claim == nil {
				return c.refuseAll("persistentvolumeclaim %q not found", v.PersistentVolumeClaim.ClaimName)
			}
			if slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteOncePod) && !c.volumes.one[claim.Name] {
				c.volumes.one[claim.Name] = true
				if c.cache.users[c.pod.Namespace+"/"+claim.Name] > 0 {
					c.volumes.taken++
				}
			}
		}
		return c.volumes.disks || c.volumes.taken > 0
	},
	check: func(c *cycle, n *NodeInfo) *refusal {
		if c.volumes.disks && slices.ContainsFunc(slices.Collect(maps.Values(n.pods)), func(p *placed) bool { return disksConflict(c.pod, p.pod) }) {
			return &refusal{[]string{"node(s) had no available disk"}, false}
		}
		if c.volumes.taken > 0 {
			return &refusal{[]string{"node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"}, false}
		}
		return nil
	},
	helps: func(c *cache, pod *corev1.Pod, ch *change) bool {
		switch {
		case ch.wasPod != nil && ch.isPod == nil:
			return ch.wasPod.Namespace == pod.Namespace && (disksConflict(pod, ch.wasPod) || sharesClaim(pod, ch.wasPod))
		case ch.claim != nil:
			return usesClaim(pod, ch.claim)
		}
		return anyNewNode(c, pod, ch)
	},
}

// shiftVolumes counts a pod's claims in or out.
func (c *cycle) shiftVolumes(p *placed, sign int64) {
	if c.volumes == nil || p.pod.Namespace != c.pod.Namespace {
		return
	}
	for i := range p.pod.Spec.Volumes {
		if v := p.pod.Spec.Volumes[i].PersistentVolumeClaim; v != nil && c.volumes.one[v.ClaimName] {
			c.volumes.taken += int(sign)
		}
	}
}

func exclusive(v *corev1.Volume) bool {
	return v.GCEPersistentDisk != nil || v.AWSElasticBlockStore != nil || v.RBD != nil || v.ISCSI != nil
}

func disksConflict(a, b *corev1.Pod) bool {
	for i := range a.Spec.Volumes {
		for j := range b.Spec.Volumes {
			if exclusive(&a.Spec.Volumes[i]) && diskConflict(&a.Spec.Volumes[i], &b.Spec.Volumes[j]) {
				return true
			}
		}
	}
	return false
}

// diskConflict: the same disk, unless both only read it.
func diskConflict(a, b *corev1.Volume) bool {
	switch {
	case a.GCEPersistentDisk != nil && b.GCEPersistentDisk != nil:
		return a.GCEPersistentDisk.PDName == b.GCEPersistentDisk.PDName && !(a.GCEPersistentDisk.ReadOnly && b.GCEPersistentDisk.ReadOnly)
	case a.AWSElasticBlockStore != nil && b.AWSElasticBlockStore != nil:
		return a.AWSElasticBlockStore.VolumeID == b.AWSElasticBlockStore.VolumeID
	case a.ISCSI != nil && b.ISCSI != nil:
		return a.ISCSI.IQN == b.ISCSI.IQN && !(a.ISCSI.ReadOnly && b.ISCSI.ReadOnly)
	case a.RBD != nil && b.RBD != nil:
		same := a.RBD.RBDPool == b.RBD.RBDPool && a.RBD.RBDImage == b.RBD.RBDImage && !(a.RBD.ReadOnly && b.RBD.ReadOnly)
		return same && slices.ContainsFunc(a.RBD.CephMonitors, func(m string) bool { return slices.Contains(b.RBD.CephMonitors, m) })
	}
	return false
}

func usesClaim(pod *corev1.Pod, claim *corev1.PersistentVolumeClaim) bool {
	return pod.Namespace == claim.Namespace && slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool {
		return claimName(pod, &v) == claim.Name
	})
}

func sharesClaim(a, b *corev1.Pod) bool {
	return slices.ContainsFunc(b.Spec.Volumes, func(v corev1.Volume) bool {
		return v.PersistentVolumeClaim != nil && slices.ContainsFunc(a.Spec.Volumes, func(w corev1.Volume) bool {
			return w.PersistentVolumeClaim != nil && w.PersistentVolumeClaim.ClaimName == v.PersistentVolumeClaim.ClaimName
		})
	})
}

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

// zoneRule says which values of a label a volume can be reached from.
type zoneRule struct {
	key    string
	values []string
}

// zoneLabels are looked at, the older ones as their newer names too.
var zoneLabels = map[string]string{
	corev1.LabelFailureDomainBetaZone: corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaRegion: corev1.LabelTopologyRegion,
	corev1.LabelTopologyZone: corev1.LabelTopologyZone, corev1.LabelTopologyRegion: corev1.LabelTopologyRegion,
}

// volumeZone drops nodes of other zones than a bound volume's labels name
// (plugins/volumezone).
var volumeZone = filter{
	name: "VolumeZone",
	prepare: func(c *cycle) bool {
		for _, claim := range c.volumes.bound {
			volume := c.cache.volumes[claim.Spec.VolumeName]
			if volume == nil {
				return c.refuseAll("persistentvolume %q not found", claim.Spec.VolumeName)
			}
			for key, value := range volume.Labels {
				if zoneLabels[key] != "" {
					c.volumes.zones = append(c.volumes.zones, zoneRule{key, splitZones(value)})
				}
			}
		}
		slices.SortFunc(c.volumes.zones, func(a, b zoneRule) int { return cmp.Compare(a.key, b.key) })
		return len(c.volumes.zones) > 0
	},
	check: func(c *cycle, n *NodeInfo) *refusal {
		constrained := false
		for key := range zoneLabels {
			_, has := n.Node.Labels[key]
			constrained = constrained || has
		}
		for _, rule := range c.volumes.zones {
			value, ok := n.Node.Labels[rule.key]
			if !ok {
				value, ok = n.Node.Labels[zoneLabels[rule.key]]
			}
			if constrained && (!ok || !slices.Contains(rule.values, value)) {
				return &refusal{[]string{"node(s) had no available volume zone"}, true}
			}
		}
		return nil
	},
	helps: func(c *cache, pod *corev1.Pod, ch *change) bool { return volumeBinding.helps(c, pod, ch) },
}

// splitZones reads a label that may name several zones: a__b.
func splitZones(value string) []string { return strings.Split(value, "__") }
