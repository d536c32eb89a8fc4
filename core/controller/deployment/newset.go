package deployment

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

// The annotations that tie a Deployment to its ReplicaSets.
const (
	revisionAnnotation = "deployment.kubernetes.io/revision"
	historyAnnotation  = "deployment.kubernetes.io/revision-history"
	desiredAnnotation  = "deployment.kubernetes.io/desired-replicas"
	maxAnnotation      = "deployment.kubernetes.io/max-replicas"

	// maxHistory bounds the revision history annotation, in characters.
	maxHistory = 2000
	// maxName is the longest name of an object.
	maxName = 253
)

// own are the annotations that are not copied from a Deployment to its sets.
var own = map[string]bool{
	corev1.LastAppliedConfigAnnotation: true,
	revisionAnnotation:                 true,
	historyAnnotation:                  true,
	desiredAnnotation:                  true,
	maxAnnotation:                      true,
	appsv1.DeprecatedRollbackTo:        true,
}

// number gives the current set the next revision number and the Deployment's
// annotations, and the Deployment the set's revision number. False ends the
// pass: the set had to be updated, and the news of that begins the next.
func (p *pass) number() bool {
	if p.current == nil {
		return true
	}
	s := p.current.DeepCopy()
	changed := annotate(s, p.d, p.nextRevision())
	if s.Spec.MinReadySeconds != p.d.Spec.MinReadySeconds {
		s.Spec.MinReadySeconds = p.d.Spec.MinReadySeconds
		changed = true
	}
	if changed {
		p.update(s, "")
		return false
	}
	needed := p.setRevision(s.Annotations[revisionAnnotation])
	if hasDeadline(p.d) && condition(&p.d.Status, appsv1.DeploymentProgressing) == nil {
		p.progressing(corev1.ConditionTrue, foundNewReplicaSet, fmt.Sprintf("Found new replica set %q", s.Name))
		needed = true
	}
	if needed {
		p.write()
	}
	return true
}

// create makes the set of the present template, of the size that the strategy allows.
func (p *pass) create() {
	if p.current != nil {
		return
	}
	s := p.blank()
	size := p.sizeOf(s)
	s.Spec.Replicas = &size
	revision := p.nextRevision()
	annotate(s, p.d, revision)
	setSizes(s, p.d)
	note := ""
	if size > 0 {
		note = fmt.Sprintf("Scaled up replica set %s from 0 to %d", s.Name, size)
	}
	p.actions = append(p.actions, action{verb: createSet, set: s, note: note})
	p.current = s.DeepCopy()

	needed := p.setRevision(strconv.FormatInt(revision, 10))
	if hasDeadline(p.d) {
		p.progressing(corev1.ConditionTrue, newReplicaSetCreated, fmt.Sprintf("Created new replica set %q", s.Name))
		needed = true
	}
	if needed {
		p.write()
	}
}

// blank is the present template's set without replicas: its name, selector and
// labels carry the template's hash, so that two passes can't create two.
func (p *pass) blank() *appsv1.ReplicaSet {
	d := p.d
	hash := api.ComputeHash(&d.Spec.Template, d.Status.CollisionCount)
	template := *d.Spec.Template.DeepCopy()
	template.Labels = withHash(template.Labels, hash)
	selector := d.Spec.Selector.DeepCopy()
	selector.MatchLabels = withHash(selector.MatchLabels, hash)
	name := d.Name
	if room := maxName - len(hash) - 1; len(name) > room {
		name = name[:room]
	}
	none := int32(0)
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: name + "-" + hash, Namespace: d.Namespace, Labels: maps.Clone(template.Labels),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(d, api.For(d).GVK())},
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &none, MinReadySeconds: d.Spec.MinReadySeconds, Selector: selector, Template: template,
		},
	}
}

func withHash(labels map[string]string, hash string) map[string]string {
	out := maps.Clone(labels)
	if out == nil {
		out = map[string]string{}
	}
	out[appsv1.DefaultDeploymentUniqueLabelKey] = hash
	return out
}

// sameTemplate compares templates but for the hash label, which only the sets have.
func sameTemplate(a, b *corev1.PodTemplateSpec) bool {
	return equality.Semantic.DeepEqual(withoutHash(a), withoutHash(b))
}

func withoutHash(t *corev1.PodTemplateSpec) *corev1.PodTemplateSpec {
	if _, has := t.Labels[appsv1.DefaultDeploymentUniqueLabelKey]; !has {
		return t
	}
	bare := *t
	bare.Labels = maps.Clone(t.Labels)
	delete(bare.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return &bare
}

func (p *pass) nextRevision() int64 {
	var last int64
	for _, s := range p.old {
		last = max(last, revisionOf(s))
	}
	return last + 1
}

// revisionOf is a set's revision number, 0 where it has none.
func revisionOf(s *appsv1.ReplicaSet) int64 {
	n, err := strconv.ParseInt(s.Annotations[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (p *pass) setRevision(revision string) bool {
	if p.d.Annotations[revisionAnnotation] == revision {
		return false
	}
	if p.d.Annotations == nil {
		p.d.Annotations = map[string]string{}
	}
	p.d.Annotations[revisionAnnotation] = revision
	return true
}

// annotate copies a Deployment's annotations to its set and raises the set's
// revision number to revision, noting an older one in its history. It tells
// whether anything changed.
func annotate(s *appsv1.ReplicaSet, d *appsv1.Deployment, revision int64) bool {
	changed := false
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	for k, v := range d.Annotations {
		if have, ok := s.Annotations[k]; !own[k] && (!ok || have != v) {
			s.Annotations[k] = v
			changed = true
		}
	}
	before, had := s.Annotations[revisionAnnotation]
	if _, err := strconv.ParseInt(before, 10, 64); had && before != "" && err != nil {
		return false
	}
	if revisionOf(s) >= revision {
		return changed
	}
	s.Annotations[revisionAnnotation] = strconv.FormatInt(revision, 10)
	if had {
		remember(s, before)
	}
	return true
}

// remember appends a revision number to a set's history, dropping the oldest
// ones where it would grow too long.
func remember(s *appsv1.ReplicaSet, revision string) {
	var history []string
	if h := s.Annotations[historyAnnotation]; h != "" {
		history = strings.Split(h, ",")
	}
	history = append(history, revision)
	for len(strings.Join(history, ",")) > maxHistory {
		history = history[1:]
	}
	s.Annotations[historyAnnotation] = strings.Join(history, ",")
}

// setSizes notes on a set how many replicas its Deployment wants and may have.
// It tells whether anything changed.
func setSizes(s *appsv1.ReplicaSet, d *appsv1.Deployment) bool {
	desired, most := strconv.Itoa(int(*d.Spec.Replicas)), strconv.Itoa(int(*d.Spec.Replicas+maxSurge(d)))
	if s.Annotations[desiredAnnotation] == desired && s.Annotations[maxAnnotation] == most {
		return false
	}
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	s.Annotations[desiredAnnotation], s.Annotations[maxAnnotation] = desired, most
	return true
}

// size reads a size annotation; false where it is absent or no size.
func size(s *appsv1.ReplicaSet, annotation string) (int32, bool) {
	n, err := strconv.ParseInt(s.Annotations[annotation], 10, 32)
	if err != nil || n < 0 {
		return 0, false
	}
	return int32(n), true
}
