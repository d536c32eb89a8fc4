package scheduler

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
)

// volumeState is what a pod's claims ask of a node.
type volumeState struct {
	claims  []*corev1.PersistentVolumeClaim
	bound   []*corev1.PersistentVolumeClaim
	waiting []*corev1.PersistentVolumeClaim // for their first consumer, the smallest first
	disks   bool                            // volumes that exclude each other
	one     map[string]bool                 // claims that only one pod may use
	taken   int                             // pods that use one of these
	new     map[string]string               // CSI volumes and their drivers
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

// refuseAll drops every node for a reason of the pod's claims.
func (c *cycle) refuseAll(format string, args ...any) bool {
	c.refusesAll = &refusal{[]string{fmt.Sprintf(format, args...)}, true}
	return true
}
