package scheduler

import (
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// The times of upstream's scheduling queue (pkg/scheduler/backend/queue).
const (
	firstBackoff = time.Second
	lastBackoff  = 10 * time.Second
	longestWait  = 5 * time.Minute
)

// attempt is what is remembered of a pod that could not be scheduled.
type attempt struct {
	key     string
	count   int
	last    time.Time
	parked  bool      // waits for an event
	plugins filterSet // that dropped a node; none: any event will do
}

// backoff is how long after the last attempt a pod yields to all others.
func (a *attempt) backoff() time.Duration {
	wait := firstBackoff
	for range a.count - 1 {
		if wait *= 2; wait >= lastBackoff {
			return lastBackoff
		}
	}
	return wait
}

// rank orders the queue: by priority, but those that are still backing off last.
func (s *scheduler) rank(key string) int32 {
	if a := s.attempts[key]; a != nil && s.c.Now().Before(a.last.Add(a.backoff())) {
		return math.MinInt32
	}
	if pod, ok := s.pods.Get(client.SplitKey(key)); ok && pod.Spec.Priority != nil {
		return *pod.Spec.Priority
	}
	return 0
}

// failed notes an attempt.
func (s *scheduler) failed(key string) *attempt {
	a := s.attempts[key]
	if a == nil {
		a = &attempt{key: key}
		s.attempts[key] = a
	}
	a.count++
	a.last = s.c.Now()
	return a
}

// park has a pod wait until something happens that may let it through one of
// the filters that failed it, or for longestWait.
func (s *scheduler) park(key string, plugins filterSet) {
	a := s.failed(key)
	a.plugins = plugins
	if !a.parked {
		a.parked = true
		s.parked = append(s.parked, a)
	}
	s.loop.AddAfter(key, longestWait, sim.Idle)
}

// forget drops what is remembered of a pod that is gone or has a node.
func (s *scheduler) forget(key string) {
	if a := s.attempts[key]; a != nil {
		a.parked = false
		delete(s.attempts, key)
	}
}

// wake puts the parked pods into the queue that an event may help. helps is
// asked for each filter that failed the pod.
func (s *scheduler) wake(helps func(f *filter, pod *corev1.Pod) bool) {
	still := s.parked[:0]
	for _, a := range s.parked {
		pod, ok := s.pods.Get(client.SplitKey(a.key))
		switch {
		case !a.parked || !ok:
		case a.helped(pod, helps):
			a.parked = false
			s.loop.Add(a.key)
		default:
			still = append(still, a)
		}
	}
	clear(s.parked[len(still):])
	s.parked = still
}

func (a *attempt) helped(pod *corev1.Pod, helps func(f *filter, pod *corev1.Pod) bool) bool {
	if a.plugins == 0 {
		return true
	}
	for i := range filters {
		if a.plugins.has(i) && helps(&filters[i], pod) {
			return true
		}
	}
	return false
}

// nodeChanged wakes the pods that a new (was is nil) or changed node may help.
func (s *scheduler) nodeChanged(was, is *corev1.Node) {
	s.wake(func(f *filter, pod *corev1.Pod) bool { return f.helps(pod, was, is) })
}

// podGone wakes the pods that fit on a node now that a pod has left it.
// Upstream wakes all that any pod's end might help.
func (s *scheduler) podGone(node string) {
	info := s.cache.nodes[node]
	if info == nil || info.Node == nil {
		return
	}
	s.wake(func(f *filter, pod *corev1.Pod) bool {
		return f.whenPodGoes && (f.whenPodComes || f.check(&cycle{pod: pod, demand: demandOf(pod)}, info) == nil)
	})
}

// podCame wakes the pods whose spreading another pod may change.
func (s *scheduler) podCame() {
	s.wake(func(f *filter, _ *corev1.Pod) bool { return f.whenPodComes })
}
