package scheduler

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
)

// nodeVolumeLimits drops nodes that can't take as many volumes of a CSI driver
// as the pod would bring: each node's CSINode says how many it can
// (plugins/nodevolumelimits).
var nodeVolumeLimits = filter{
	name: "NodeVolumeLimits",
	prepare: func(c *cycle) bool {
		if len(c.cache.limits) > 0 {
			c.volumes.new = c.cache.csiVolumes(c.pod)
		}
		return len(c.volumes.new) > 0
	},
	check: func(c *cycle, n *NodeInfo) *refusal {
		limits := c.cache.limits[n.Node.Name]
		if len(limits) == 0 {
			return nil
		}
		there, coming := map[string]string{}, map[string]int{}
		for _, p := range n.pods {
			for volume, driver := range c.cache.csiVolumes(p.pod) {
				there[volume] = driver
			}
		}
		for volume, driver := range c.volumes.new {
			if _, already := there[volume]; !already {
				coming[driver]++
			}
		}
		for driver, count := range coming {
			limit, limited := limits[driver]
			for _, d := range there {
				if d == driver {
					count++
				}
			}
			if limited && count > int(limit) {
				return &refusal{[]string{"node(s) exceed max volume count"}, false}
			}
		}
		return nil
	},
	helps: func(_ *cache, pod *corev1.Pod, ch *change) bool {
		switch {
		case ch.wasPod != nil && ch.isPod == nil:
			return hasClaims(ch.wasPod)
		case ch.claim != nil:
			return usesClaim(pod, ch.claim)
		}
		return ch.limits
	},
}

func hasClaims(pod *corev1.Pod) bool {
	for i := range pod.Spec.Volumes {
		if api.PodClaim(pod, &pod.Spec.Volumes[i]) != "" {
			return true
		}
	}
	return false
}

// csiVolumes are the volumes that a pod's claims stand for, with their drivers.
// A claim that has no volume yet counts as one of its class's driver.
func (c *cache) csiVolumes(pod *corev1.Pod) map[string]string {
	var out map[string]string
	for i := range pod.Spec.Volumes {
		name := api.PodClaim(pod, &pod.Spec.Volumes[i])
		if name == "" {
			continue
		}
		claim := c.claims[pod.Namespace+"/"+name]
		if claim == nil {
			continue
		}
		driver, handle := c.driverOf(claim)
		if driver == "" || handle == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[driver+"/"+handle] = driver
	}
	return out
}

func (c *cache) driverOf(claim *corev1.PersistentVolumeClaim) (driver, handle string) {
	if v := c.volumes[claim.Spec.VolumeName]; v != nil {
		if v.Spec.CSI == nil {
			return "", ""
		}
		return v.Spec.CSI.Driver, v.Spec.CSI.VolumeHandle
	}
	class := c.classes[api.ClaimClass(claim)]
	if class == nil {
		return "", ""
	}
	return class.Provisioner, "claim " + client.Key(claim)
}

// limitsOf are how many volumes of which drivers a node can take.
func limitsOf(n *storagev1.CSINode) map[string]int32 {
	var out map[string]int32
	for _, d := range n.Spec.Drivers {
		if d.Allocatable == nil || d.Allocatable.Count == nil {
			continue
		}
		if out == nil {
			out = map[string]int32{}
		}
		out[d.Name] = *d.Allocatable.Count
	}
	return out
}

// watchLimits keeps the nodes' limits; a new one or a larger one may help.
func (s *scheduler) watchLimits() started {
	view := client.NewView[*storagev1.CSINode](s.c, client.ViewOptions{})
	keep := func(n *storagev1.CSINode) (more bool) {
		before, now := s.cache.limits[n.Name], limitsOf(n)
		if delete(s.cache.limits, n.Name); len(now) > 0 {
			s.cache.limits[n.Name] = now
		}
		for driver, limit := range now {
			more = more || limit > before[driver]
		}
		return more
	}
	view.Handle(client.Handlers[*storagev1.CSINode]{
		Added: func(n *storagev1.CSINode) {
			keep(n)
			s.wake(&change{limits: true})
		},
		Updated: func(_, n *storagev1.CSINode) {
			if keep(n) {
				s.wake(&change{limits: true})
			}
		},
		Deleted: func(n *storagev1.CSINode) { delete(s.cache.limits, n.Name) },
	})
	return view
}
