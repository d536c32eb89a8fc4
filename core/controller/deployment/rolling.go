package deployment

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// roll takes the next step of a rolling update: the new set grows as far as
// maxSurge allows, or else the old ones shrink as far as maxUnavailable allows.
func (p *pass) roll() {
	p.create()
	if p.grow() || p.shrinkOld() {
		p.writeProgress()
		return
	}
	if complete(p.d, &p.d.Status) {
		p.forgetHistory()
	}
	p.writeProgress()
}

func (p *pass) grow() bool {
	to := p.sizeOf(p.current)
	if wanted(p.current) > *p.d.Spec.Replicas {
		to = *p.d.Spec.Replicas
	}
	_, grown := p.scale(p.current, to, false)
	return grown
}

// sizeOf is the size that the current set s may have now. With 3 replicas and
// maxSurge 1 there may be 4 in all: beside an old set of 3 the new one gets 1.
//
// Upstream gives away the room of a replica as soon as its set is scaled down;
// until that set's controller has deleted the pod there is one too many. Here
// the room is free when the old set reports the pod gone.
func (p *pass) sizeOf(s *appsv1.ReplicaSet) int32 {
	replicas := *p.d.Spec.Replicas
	if !isRolling(p.d) {
		return replicas
	}
	room := replicas + maxSurge(p.d) - wanted(s)
	for _, old := range p.old {
		if old.Status.ObservedGeneration < old.Generation {
			return wanted(s)
		}
		room -= max(wanted(old), actual(old))
	}
	return wanted(s) + max(min(room, replicas-wanted(s)), 0)
}

// shrinkOld takes from the old sets first the replicas that aren't available
// anyway, then as many available ones as there are above the floor. Replicas
// of the new set that aren't available yet keep old ones alive: with 10
// replicas, maxUnavailable 2 and maxSurge 3, a new set of 5 that never becomes
// available leaves the old one at 8 (13 - 8 - 5 = 0).
//
// Upstream counts as available what a set's status says even where the set has
// just been scaled below that, and can then take one too many; here such
// replicas count as gone.
func (p *pass) shrinkOld() bool {
	old := active(p.old)
	floor := *p.d.Spec.Replicas - maxUnavailable(p.d)
	spare := sum(old, wanted) + kept(p.current) - floor
	if len(old) == 0 || spare <= 0 {
		return false
	}
	dropped := p.drop(old, spare, func(s *appsv1.ReplicaSet) int32 { return wanted(s) - kept(s) })
	above := sum(old, kept) + kept(p.current) - floor
	return p.drop(old, above, wanted) || dropped
}

// kept is how many of a set's replicas are available and will stay.
func kept(s *appsv1.ReplicaSet) int32 { return min(available(s), wanted(s)) }

// drop takes up to limit replicas from the sets in turn, no more from each than
// most allows. sets then holds them as scaled.
func (p *pass) drop(sets []*appsv1.ReplicaSet, limit int32, most func(*appsv1.ReplicaSet) int32) bool {
	dropped := int32(0)
	for i, s := range sets {
		if n := min(limit-dropped, most(s)); n > 0 {
			sets[i], _ = p.scale(s, wanted(s)-n, false)
			dropped += n
		}
	}
	return dropped > 0
}

// scale decides on a set's size; it returns the set with that size and whether
// that is another one. Unless forced, it leaves alone a set that has the size,
// whatever its annotations say.
func (p *pass) scale(s *appsv1.ReplicaSet, to int32, force bool) (*appsv1.ReplicaSet, bool) {
	from := wanted(s)
	if from == to && !force {
		return s, false
	}
	s = s.DeepCopy()
	s.Spec.Replicas = &to
	noted := setSizes(s, p.d)
	switch {
	case from < to:
		p.update(s, fmt.Sprintf("Scaled up replica set %s from %d to %d", s.Name, from, to))
	case from > to:
		p.update(s, fmt.Sprintf("Scaled down replica set %s from %d to %d", s.Name, from, to))
	case noted:
		p.update(s, "")
	}
	return s, from != to
}

func isRolling(d *appsv1.Deployment) bool {
	return d.Spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType
}

func maxSurge(d *appsv1.Deployment) int32 {
	surge, _ := fenceposts(d)
	return surge
}

func maxUnavailable(d *appsv1.Deployment) int32 {
	_, unavailable := fenceposts(d)
	return min(unavailable, *d.Spec.Replicas)
}

// fenceposts resolves maxSurge (rounded up) and maxUnavailable (rounded down).
// Where both come out as 0 a rollout could not move, and 1 may be unavailable:
// so it is with 2 replicas, maxUnavailable 1% and maxSurge 0.
func fenceposts(d *appsv1.Deployment) (surge, unavailable int32) {
	r := d.Spec.Strategy.RollingUpdate
	if !isRolling(d) || r == nil {
		return 0, 0
	}
	replicas := int(*d.Spec.Replicas)
	none := intstr.FromInt32(0)
	s, _ := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(r.MaxSurge, none), replicas, true)
	u, _ := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(r.MaxUnavailable, none), replicas, false)
	if s == 0 && u == 0 {
		u = 1
	}
	return int32(s), int32(u)
}
