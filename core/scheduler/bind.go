package scheduler

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

// bind writes the choice through the API server. The pod counts on its node at
// once, unless the server refuses.
func (s *scheduler) bind(key string, pod *corev1.Pod, node string) {
	s.cache.nominate(pod, "")
	s.cache.place(pod, node)
	_, err := s.c.Do(&rest.Request{
		Verb: rest.Create, Resource: api.Of[*corev1.Pod]().GVR(), Subresource: "binding",
		Namespace: pod.Namespace, Name: pod.Name,
		Object: &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: node},
		},
	})
	if err != nil {
		s.cache.lift(pod.UID)
		s.bindFailed(key, pod, err)
		return
	}
	s.forget(key)
	s.event(pod, nil, corev1.EventTypeNormal, "Scheduled", "Binding",
		fmt.Sprintf("Successfully assigned %s/%s to %s", pod.Namespace, pod.Name, node))
}

// bindFailed tries again after a back-off, unless the pod is gone.
func (s *scheduler) bindFailed(key string, pod *corev1.Pod, err error) {
	if apierrors.IsNotFound(err) {
		s.forget(key)
		return
	}
	s.report(pod, corev1.PodReasonSchedulerError,
		fmt.Sprintf("binding rejected: running Bind plugin %q: %v", "DefaultBinder", err), &Decision{})
	s.loop.AddAfter(key, s.failed(key).backoff(), sim.Work)
}

// report tells why a pod has no node: in an event, and where that is news in
// the pod's PodScheduled condition; and which node is to become the pod's.
func (s *scheduler) report(pod *corev1.Pod, reason, message string, d *Decision) {
	s.event(pod, nil, corev1.EventTypeWarning, "FailedScheduling", "Scheduling", truncate(message))
	condition := corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse,
		Reason: reason, Message: message, ObservedGeneration: pod.Generation,
	}
	now := metav1.NewTime(s.c.Now())
	renominated := d.Renominate && pod.Status.NominatedNodeName != d.Nomination
	if !api.SetPodCondition(pod.Status.DeepCopy(), condition, now) && !renominated {
		return
	}
	// A pod that is gone or changed meanwhile comes back by its watch.
	_, _ = client.Patch(s.c, pod.Namespace, pod.Name, "status", func(p *corev1.Pod) {
		api.SetPodCondition(&p.Status, condition, now)
		if renominated {
			p.Status.NominatedNodeName = d.Nomination
		}
	})
}

// event reports in the name of the profile that the pod asked for.
func (s *scheduler) event(pod, related *corev1.Pod, kind, reason, action, note string) {
	name := Name
	switch {
	case related != nil:
		name = related.Spec.SchedulerName
	case s.mine(pod):
		name = pod.Spec.SchedulerName
	}
	if related != nil {
		s.c.ActionEventOn(name, pod, related, kind, reason, action, note)
		return
	}
	s.c.ActionEvent(name, pod, kind, reason, action, note)
}

// maxNote is how long an event's note may be.
const maxNote = 1024

func truncate(note string) string {
	const more = " ..."
	if len(note) <= maxNote {
		return note
	}
	return note[:maxNote-len(more)] + more
}
