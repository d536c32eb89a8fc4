package replicaset

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// burst is how many pods one pass creates or deletes at most.
const burst = 500

// observed is what a pass knows: the ReplicaSet and its pods, as the views show
// them. The pods themselves are there only where they were looked at, which
// they are whenever there are too many.
type observed struct {
	set     *appsv1.ReplicaSet
	counts  counts
	active  []*corev1.Pod // neither finished nor being deleted
	related []*corev1.Pod // of the same owner's ReplicaSets; only where pods are to go
	now     time.Time
}

// decision is what is to be done: create so many pods, or delete these.
type decision struct {
	create int
	delete []*corev1.Pod
}

func decide(seen observed) decision {
	if seen.set.DeletionTimestamp != nil {
		return decision{}
	}
	diff := int(*seen.set.Spec.Replicas - seen.counts.active)
	if diff >= 0 {
		return decision{create: min(diff, burst)}
	}
	return decision{delete: giveUp(seen, min(-diff, burst))}
}
