package scheduler

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

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
