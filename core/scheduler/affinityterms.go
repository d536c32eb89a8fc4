package scheduler

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// affinityTerm is a compiled PodAffinityTerm: which pods it means, and the
// label whose values are the domains it speaks of.
type affinityTerm struct {
	key        string
	namespaces []string        // named; the pod's own where nothing is said
	others     labels.Selector // further namespaces, by their labels
	selector   labels.Selector
	weight     int64 // of a preferred one
}

// podTerms are what a pod says of other pods.
type podTerms struct {
	needs, shuns, likes, dislikes []affinityTerm
}

// termsOf is nil for a pod that says nothing of others.
func termsOf(pod *corev1.Pod) *podTerms {
	a := pod.Spec.Affinity
	if a == nil || a.PodAffinity == nil && a.PodAntiAffinity == nil {
		return nil
	}
	t := &podTerms{}
	if p := a.PodAffinity; p != nil {
		t.needs = requiredTerms(pod, p.RequiredDuringSchedulingIgnoredDuringExecution)
		t.likes = preferredTerms(pod, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if p := a.PodAntiAffinity; p != nil {
		t.shuns = requiredTerms(pod, p.RequiredDuringSchedulingIgnoredDuringExecution)
		t.dislikes = preferredTerms(pod, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return t
}

func requiredTerms(pod *corev1.Pod, all []corev1.PodAffinityTerm) []affinityTerm {
	out := make([]affinityTerm, len(all))
	for i := range all {
		out[i] = compileAffinity(pod, &all[i], hardAffinityWeight)
	}
	return out
}

func preferredTerms(pod *corev1.Pod, all []corev1.WeightedPodAffinityTerm) []affinityTerm {
	out := make([]affinityTerm, len(all))
	for i := range all {
		out[i] = compileAffinity(pod, &all[i].PodAffinityTerm, int64(all[i].Weight))
	}
	return out
}

// compileAffinity: a selector that is missing or broken means no pod, an empty
// one every pod; the same of namespaces.
func compileAffinity(pod *corev1.Pod, t *corev1.PodAffinityTerm, weight int64) affinityTerm {
	out := affinityTerm{
		key: t.TopologyKey, weight: weight,
		namespaces: slices.Clone(t.Namespaces), others: compileSelector(t.NamespaceSelector), selector: compileSelector(t.LabelSelector),
	}
	if len(t.Namespaces) == 0 && t.NamespaceSelector == nil {
		out.namespaces = []string{pod.Namespace}
	}
	slices.Sort(out.namespaces)
	return out
}

func compileSelector(s *metav1.LabelSelector) labels.Selector {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return labels.Nothing()
	}
	return selector
}

// means tells whether the term speaks of a pod, given its namespace's labels.
func (t *affinityTerm) means(pod *corev1.Pod, namespace labels.Set) bool {
	return t.inNamespace(pod.Namespace, namespace) && t.selector.Matches(labels.Set(pod.Labels))
}

func (t *affinityTerm) inNamespace(name string, set labels.Set) bool {
	return slices.Contains(t.namespaces, name) || t.others.Matches(set)
}

// name is the same for terms that mean the same.
func (t *affinityTerm) name() string {
	return fmt.Sprintf("%s|%d|%s|%s|%s", t.key, t.weight, strings.Join(t.namespaces, ","), selectorName(t.others), selectorName(t.selector))
}

// selectorName is a selector's text; those for nothing and for everything have
// the same one otherwise.
func selectorName(s labels.Selector) string {
	if _, selectable := s.Requirements(); !selectable {
		return "\x00nothing"
	}
	return s.String()
}

// meansAll tells whether a pod is one that every term speaks of.
func (c *cache) meansAll(terms []affinityTerm, pod *corev1.Pod) bool {
	for i := range terms {
		if !terms[i].means(pod, c.namespaces[pod.Namespace]) {
			return false
		}
	}
	return len(terms) > 0
}

// rule is how a pod that is there feels about those that a term means.
type rule uint8

const (
	needs rule = iota
	shuns
	likes
	dislikes
)

// feeling is one term of pods that are there, counted by node: all pods of a
// Deployment share it, so that a new pod is held against a few terms and not
// against every pod.
type feeling struct {
	rule   rule
	term   affinityTerm
	counts map[string]int64
	pods   int64
}

// feel counts a pod's own terms in or out.
func (c *cache) feel(p *placed, sign int64) {
	if p.terms == nil {
		return
	}
	for r, terms := range [][]affinityTerm{p.terms.needs, p.terms.shuns, p.terms.likes, p.terms.dislikes} {
		for i := range terms {
			c.count(rule(r), &terms[i], p.node, sign)
		}
	}
}

func (c *cache) count(r rule, t *affinityTerm, node string, sign int64) {
	name := fmt.Sprint(r, t.name())
	f := c.feelings[name]
	if f == nil {
		f = &feeling{rule: r, term: *t, counts: map[string]int64{}}
		c.feelings[name] = f
	}
	if f.counts[node] += sign; f.counts[node] == 0 {
		delete(f.counts, node)
	}
	if f.pods += sign; f.pods == 0 {
		delete(c.feelings, name)
	}
}

// meant counts, by node, the pods that every one of some terms speaks of, those
// being deleted too. The answer may be changed.
func (c *cache) meant(terms []affinityTerm) map[string]int64 {
	sum := map[string]int64{}
	selector := labels.NewSelector()
	for i := range terms {
		requirements, selectable := terms[i].selector.Requirements()
		if !selectable {
			return sum
		}
		selector = selector.Add(requirements...)
	}
	for namespace, pods := range c.inNamespace {
		in := pods > 0
		for i := range terms {
			in = in && terms[i].inNamespace(namespace, c.namespaces[namespace])
		}
		if !in {
			continue
		}
		for node, n := range c.tallyOf(namespace, selector, true) {
			sum[node] += n
		}
	}
	return sum
}
