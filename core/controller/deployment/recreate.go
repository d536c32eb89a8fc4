package deployment

import appsv1 "k8s.io/api/apps/v1"

// recreate takes the next step of a Recreate rollout: all old replicas go, and
// only when their pods are gone does the new set come.
func (p *pass) recreate() {
	scaled := false
	for _, s := range active(p.old) {
		p.scale(s, 0, false)
		scaled = true
	}
	if scaled || p.oldPodsLeft() {
		p.writeProgress()
		return
	}
	p.create()
	p.scale(p.current, *p.d.Spec.Replicas, false)
	if complete(p.d, &p.d.Status) {
		p.forgetHistory()
	}
	p.writeProgress()
}

// oldPodsLeft tells whether an old set has pods that run or are still being
// stopped, or has not yet said so.
func (p *pass) oldPodsLeft() bool {
	for _, s := range p.old {
		if s.Status.Replicas > 0 || terminating(s) > 0 || s.Status.ObservedGeneration < s.Generation {
			return true
		}
	}
	return false
}

func terminating(s *appsv1.ReplicaSet) int32 {
	if s.Status.TerminatingReplicas == nil {
		return 0
	}
	return *s.Status.TerminatingReplicas
}
