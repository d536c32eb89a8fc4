package scheduler

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// renominate notes what a decision says of a pod's nomination before the watch
// tells.
func (c *cache) renominate(pod *corev1.Pod, d *Decision) {
	if d.Renominate {
		c.nominate(pod, d.Nomination)
	}
}

// evict has the victims of a decision deleted, each with a condition and an
// event that say for whom (framework/preemption/executor.go). The pod itself
// waits until they are gone.
func (s *scheduler) evict(pod *corev1.Pod, d *Decision) {
	if len(d.Victims) == 0 {
		return
	}
	s.denominate(pod, d.Nomination)
	for _, victim := range d.Victims {
		if victim.DeletionTimestamp != nil {
			continue
		}
		if err := s.preempt(pod, victim, d.Nomination); err != nil {
			s.loop.AddAfter(client.Key(pod), s.attempts[client.Key(pod)].backoff(), sim.Work)
			return
		}
	}
}

// preempt deletes one victim; that it is gone already is as good.
func (s *scheduler) preempt(pod, victim *corev1.Pod, node string) error {
	condition := corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: corev1.PodReasonPreemptionByScheduler,
		Message:            fmt.Sprintf("%s: preempting to accommodate a higher priority pod", pod.Spec.SchedulerName),
		ObservedGeneration: victim.Generation,
	}
	now := metav1.NewTime(s.c.Now())
	_, err := client.Patch(s.c, victim.Namespace, victim.Name, "status", func(p *corev1.Pod) {
		api.SetPodCondition(&p.Status, condition, now)
	})
	if err == nil {
		err = client.Delete[*corev1.Pod](s.c, victim.Namespace, victim.Name, nil)
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		s.event(victim, pod, corev1.EventTypeNormal, "Preempted", "Preempting", fmt.Sprintf("Preempted by pod %s on node %s", pod.UID, node))
	}
	return err
}

// denominate takes a node from less important pods that it was to become
// theirs: they are to look for another.
func (s *scheduler) denominate(pod *corev1.Pod, node string) {
	for _, p := range append([]*placed(nil), s.cache.nominees[node]...) {
		if priorityOf(p.pod) >= priorityOf(pod) {
			continue
		}
		s.cache.nominate(p.pod, "")
		_, err := client.Patch(s.c, p.pod.Namespace, p.pod.Name, "status", func(q *corev1.Pod) { q.Status.NominatedNodeName = "" })
		if err == nil {
			s.loop.Add(client.Key(p.pod))
		}
	}
}
