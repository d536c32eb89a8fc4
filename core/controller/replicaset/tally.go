package replicaset

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// counts are the numbers that a ReplicaSet reports and acts on.
type counts struct {
	active, terminating        int32
	labelled, ready, available int32 // of the active ones
}

// tallies count the pods of every owner as they come, change and go, so that
// a pass over a ReplicaSet of thousands need not look at each again.
type tallies struct {
	owners map[types.UID][]*group
	pods   map[types.UID]entry
}

// group is the pods of one owner that have the same labels; almost always an
// owner has one group.
type group struct {
	labels                           map[string]string
	pods, active, terminating, ready int32
}

// entry is how a pod is counted now.
type entry struct {
	owner                      types.UID
	group                      *group
	active, terminating, ready bool
}

func newTallies() *tallies {
	return &tallies{owners: map[types.UID][]*group{}, pods: map[types.UID]entry{}}
}

// count counts a pod as it is now; pods that nobody controls are not counted.
func (t *tallies) count(pod *corev1.Pod) {
	t.forget(pod)
	ref := metav1.GetControllerOfNoCopy(pod)
	if ref == nil {
		return
	}
	e := entry{
		owner: ref.UID, group: t.group(ref.UID, pod.Labels),
		active: isActive(pod), terminating: isTerminating(pod), ready: isActive(pod) && isReady(pod),
	}
	e.add(1)
	t.pods[pod.UID] = e
}

// forget counts a pod no more.
func (t *tallies) forget(pod *corev1.Pod) {
	e, ok := t.pods[pod.UID]
	if !ok {
		return
	}
	e.add(-1)
	delete(t.pods, pod.UID)
	if e.group.pods > 0 {
		return
	}
	groups := slices.DeleteFunc(t.owners[e.owner], func(g *group) bool { return g == e.group })
	if t.owners[e.owner] = groups; len(groups) == 0 {
		delete(t.owners, e.owner)
	}
}

func (t *tallies) group(owner types.UID, labels map[string]string) *group {
	for _, g := range t.owners[owner] {
		if maps.Equal(g.labels, labels) {
			return g
		}
	}
	g := &group{labels: labels}
	t.owners[owner] = append(t.owners[owner], g)
	return g
}

func (e entry) add(n int32) {
	e.group.pods += n
	if e.active {
		e.group.active += n
	}
	if e.terminating {
		e.group.terminating += n
	}
	if e.ready {
		e.group.ready += n
	}
}

// of sums up an owner's pods. False means that some don't match the selector,
// so that they have to be looked at one by one.
func (t *tallies) of(owner types.UID, selector, template labels.Selector) (counts, bool) {
	var c counts
	for _, g := range t.owners[owner] {
		if !selector.Matches(labels.Set(g.labels)) {
			return counts{}, false
		}
		c.active += g.active
		c.terminating += g.terminating
		c.ready += g.ready
		if template.Matches(labels.Set(g.labels)) {
			c.labelled += g.active
		}
	}
	c.available = c.ready
	return c, true
}
