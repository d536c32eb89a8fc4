package scheduler

import (
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

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

// change is something that has happened and may let waiting pods through. A new
// object has no was, one that is gone no is.
type change struct {
	wasNode, isNode *corev1.Node
	wasPod, isPod   *corev1.Pod // with a node
	claim           *corev1.PersistentVolumeClaim
	storage         bool // a volume or a class
	limits          bool // a node can take more volumes
}

// wake puts the parked pods into the queue that a change may help: upstream's
// queueing hints, asked of each filter that failed the pod.
func (s *scheduler) wake(ch *change) {
	if len(s.parked) == 0 {
		return
	}
	still := s.parked[:0]
	for _, a := range s.parked {
		pod, ok := s.pods.Get(client.SplitKey(a.key))
		switch {
		case !a.parked || !ok:
		case s.helped(a, pod, ch):
			a.parked = false
			s.loop.Add(a.key)
		default:
			still = append(still, a)
		}
	}
	clear(s.parked[len(still):])
	s.parked = still
}

func (s *scheduler) helped(a *attempt, pod *corev1.Pod, ch *change) bool {
	if a.plugins == 0 {
		return true
	}
	retainted := ch.retainted()
	for i := range filters {
		if a.plugins.has(i) && (retainted && !filters[i].taints || filters[i].helps(s.cache, pod, ch)) {
			return true
		}
	}
	return false
}

// retainted tells whether a node's taints have changed. Upstream has that wake
// the pods of every filter that asks for new nodes and not for taints
// (buildQueueingHintMap in pkg/scheduler/scheduler.go): a new node comes with a
// taint that is lifted when it is ready.
func (ch *change) retainted() bool {
	return ch.isNode != nil && ch.wasNode != nil && !equality.Semantic.DeepEqual(ch.wasNode.Spec.Taints, ch.isNode.Spec.Taints)
}

// roomLeft tells whether the pod would now pass a check on the node that
// another pod has left. Upstream wakes all that any pod's end might help.
func (c *cache) roomLeft(pod *corev1.Pod, ch *change, check func(*cycle, *NodeInfo) *refusal) bool {
	if ch.wasPod == nil || ch.isPod != nil {
		return false
	}
	info := c.nodes[ch.wasPod.Spec.NodeName]
	return info != nil && info.Node != nil && check(&cycle{pod: pod, demand: demandOf(pod)}, info) == nil
}
