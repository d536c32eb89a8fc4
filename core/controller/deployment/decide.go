package deployment

import (
	"cmp"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// verb says what an action does.
type verb string

const (
	createSet   verb = "create replicaset"
	updateSet   verb = "update replicaset"
	deleteSet   verb = "delete replicaset"
	writeStatus verb = "update deployment status"
)

// action is one write.
type action struct {
	verb verb
	set  *appsv1.ReplicaSet // what is created, updated or deleted
	d    *appsv1.Deployment // what is written with its status
	// note is the message of the event that tells of the action, "" for none.
	note string
}

// pass is one decision being made. The Deployment changes as if the actions
// decided on so far had been made; the ReplicaSets stay as they are observed,
// but for one that is created, so that a status tells of what was seen and not
// of what was just asked for.
type pass struct {
	d       *appsv1.Deployment
	current *appsv1.ReplicaSet   // of the present template; nil when there is none
	old     []*appsv1.ReplicaSet // the others, oldest first
	now     metav1.Time

	actions []action
	recheck time.Duration // when to look again even if nothing happens; 0 for never
}

// decide turns what is observed into the writes to make, in order. Neither the
// Deployment nor the ReplicaSets are changed.
func decide(d *appsv1.Deployment, sets []*appsv1.ReplicaSet, now time.Time) *pass {
	p := &pass{d: d.DeepCopy(), now: metav1.NewTime(now.Truncate(time.Second))}
	p.sort(sets)
	p.run()
	return p
}

// sort tells the set of the present template from the others. Of several with
// that template the oldest counts.
func (p *pass) sort(sets []*appsv1.ReplicaSet) {
	for _, s := range byAge(sets) {
		if p.current == nil && sameTemplate(&s.Spec.Template, &p.d.Spec.Template) {
			p.current = s
		} else {
			p.old = append(p.old, s)
		}
	}
}

func (p *pass) run() {
	if p.d.DeletionTimestamp != nil {
		if p.number() {
			p.writeIfChanged(p.status())
		}
		return
	}
	p.notePause()
	if !p.number() {
		return
	}
	switch {
	case p.d.Spec.Paused || p.resized():
		p.resize()
	case p.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType:
		p.recreate()
	default:
		p.roll()
	}
}

// all returns every set, the current one last.
func (p *pass) all() []*appsv1.ReplicaSet {
	if p.current == nil {
		return slices.Clone(p.old)
	}
	return append(slices.Clone(p.old), p.current)
}

// update decides on an update of a set.
func (p *pass) update(s *appsv1.ReplicaSet, note string) {
	p.actions = append(p.actions, action{verb: updateSet, set: s, note: note})
}

// write decides on a write of the Deployment's status as it is now.
func (p *pass) write() {
	p.actions = append(p.actions, action{verb: writeStatus, d: p.d.DeepCopy()})
}

func active(sets []*appsv1.ReplicaSet) []*appsv1.ReplicaSet {
	return slices.DeleteFunc(slices.Clone(sets), func(s *appsv1.ReplicaSet) bool { return *s.Spec.Replicas == 0 })
}

// byAge returns the sets, oldest first.
func byAge(sets []*appsv1.ReplicaSet) []*appsv1.ReplicaSet {
	sets = slices.Clone(sets)
	slices.SortStableFunc(sets, compareAge)
	return sets
}

func compareAge(a, b *appsv1.ReplicaSet) int {
	if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
		return c
	}
	return cmp.Compare(a.Name, b.Name)
}

// sum adds up a number over sets.
func sum(sets []*appsv1.ReplicaSet, of func(*appsv1.ReplicaSet) int32) int32 {
	var n int32
	for _, s := range sets {
		n += of(s)
	}
	return n
}

func wanted(s *appsv1.ReplicaSet) int32    { return *s.Spec.Replicas }
func actual(s *appsv1.ReplicaSet) int32    { return s.Status.Replicas }
func ready(s *appsv1.ReplicaSet) int32     { return s.Status.ReadyReplicas }
func available(s *appsv1.ReplicaSet) int32 { return s.Status.AvailableReplicas }
