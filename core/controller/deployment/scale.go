package deployment

import (
	"cmp"
	"math"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
)

// resized tells whether the Deployment's size was changed since its sets were
// last sized: their annotations still name the old one.
func (p *pass) resized() bool {
	for _, s := range active(p.all()) {
		if desired, ok := size(s, desiredAnnotation); ok && desired != *p.d.Spec.Replicas {
			return true
		}
	}
	return false
}

// resize follows a change of the Deployment's size, or cares for a paused one:
// it scales, but takes no step of a rollout.
func (p *pass) resize() {
	p.spread()
	if p.d.Spec.Paused {
		p.forgetHistory()
	}
	p.writeIfChanged(p.status())
}

// spread gives the Deployment's size to its only active set, or to the newest
// where none is active; in the middle of a rollout it is shared out between
// the sets in proportion, so that resizing does not hasten the rollout.
func (p *pass) spread() {
	replicas := *p.d.Spec.Replicas
	sets := active(p.all())
	switch {
	case len(sets) == 1:
		p.scale(sets[0], replicas, false)
	case len(sets) == 0 && p.current != nil:
		p.scale(p.current, replicas, false)
	case len(sets) == 0 && len(p.old) > 0:
		p.scale(p.old[len(p.old)-1], replicas, false)
	case len(sets) == 0:
	case p.saturated():
		for _, s := range active(p.old) {
			p.scale(s, 0, false)
		}
	case isRolling(p.d):
		sizes := proportions(p.d, sets)
		for _, s := range sizes {
			p.scale(s.set, s.size, true)
		}
	}
}

// saturated tells whether the current set has, and is known to have, all
// replicas, available.
func (p *pass) saturated() bool {
	if p.current == nil {
		return false
	}
	replicas := *p.d.Spec.Replicas
	desired, ok := size(p.current, desiredAnnotation)
	return ok && desired == replicas && wanted(p.current) == replicas && available(p.current) == replicas
}

type sized struct {
	set  *appsv1.ReplicaSet
	size int32
}

// proportions shares the Deployment's size plus its surge out between sets,
// each by its size before. What rounding leaves over goes to the largest.
//
// Example: 10 replicas with maxSurge 3 stand at 8 old and 5 new when the size
// becomes 15 (18 with the surge): 8·18/13 ≈ 11 and 5·18/13 ≈ 7.
func proportions(d *appsv1.Deployment, sets []*appsv1.ReplicaSet) []sized {
	allowed := int32(0)
	if *d.Spec.Replicas > 0 {
		allowed = *d.Spec.Replicas + maxSurge(d)
	}
	add := allowed - sum(sets, wanted)
	sets = bySize(sets, add > 0)
	out := make([]sized, len(sets))
	added := int32(0)
	for i, s := range sets {
		share := int32(0)
		switch left := add - added; {
		case left > 0:
			share = min(fraction(s, d), left)
		case left < 0:
			share = max(fraction(s, d), left)
		}
		out[i] = sized{s, wanted(s) + share}
		added += share
	}
	out[0].size = max(out[0].size+add-added, 0)
	return out
}

// fraction is by how much a set would grow if it kept its part of the whole.
func fraction(s *appsv1.ReplicaSet, d *appsv1.Deployment) int32 {
	if *d.Spec.Replicas == 0 {
		return -wanted(s)
	}
	before, ok := size(s, maxAnnotation)
	if !ok || before == 0 {
		if before = d.Status.Replicas; before == 0 {
			return 0
		}
	}
	after := *d.Spec.Replicas + maxSurge(d)
	return int32(math.Round(float64(wanted(s))*float64(after)/float64(before))) - wanted(s)
}

// bySize returns sets by size, the largest first. Of equal ones the newer come
// first where there is something to add, the older where something is taken.
func bySize(sets []*appsv1.ReplicaSet, newerFirst bool) []*appsv1.ReplicaSet {
	sets = slices.Clone(sets)
	slices.SortStableFunc(sets, func(a, b *appsv1.ReplicaSet) int {
		if c := cmp.Compare(wanted(b), wanted(a)); c != 0 {
			return c
		}
		if newerFirst {
			return compareAge(b, a)
		}
		return compareAge(a, b)
	})
	return sets
}
