package deployment

import (
	"cmp"
	"math"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
)

// forgetHistory deletes the oldest of the old sets above revisionHistoryLimit,
// but none that has, or may still have, replicas.
func (p *pass) forgetHistory() {
	limit := p.d.Spec.RevisionHistoryLimit
	if limit == nil || *limit == math.MaxInt32 {
		return
	}
	sets := slices.DeleteFunc(slices.Clone(p.old), func(s *appsv1.ReplicaSet) bool { return s.DeletionTimestamp != nil })
	extra := len(sets) - int(*limit)
	if extra <= 0 {
		return
	}
	slices.SortStableFunc(sets, func(a, b *appsv1.ReplicaSet) int {
		if c := cmp.Compare(revisionOf(a), revisionOf(b)); c != 0 {
			return c
		}
		return compareAge(a, b)
	})
	for _, s := range sets[:extra] {
		if actual(s) == 0 && wanted(s) == 0 && s.Generation <= s.Status.ObservedGeneration {
			p.actions = append(p.actions, action{verb: deleteSet, set: s})
		}
	}
}
