package scheduler

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

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
		return api.PodClaim(pod, &v) == claim.Name
	})
}

func sharesClaim(a, b *corev1.Pod) bool {
	return slices.ContainsFunc(b.Spec.Volumes, func(v corev1.Volume) bool {
		return v.PersistentVolumeClaim != nil && slices.ContainsFunc(a.Spec.Volumes, func(w corev1.Volume) bool {
			return w.PersistentVolumeClaim != nil && w.PersistentVolumeClaim.ClaimName == v.PersistentVolumeClaim.ClaimName
		})
	})
}
