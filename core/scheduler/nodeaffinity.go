package scheduler

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// nodeAffinity keeps the nodes that the pod's nodeSelector and required node
// affinity match; preferred terms score (plugins/nodeaffinity,
// k8s.io/component-helpers/scheduling/corev1/nodeaffinity).
var nodeAffinity = filter{
	name: "NodeAffinity",
	prepare: func(c *cycle) bool {
		c.required = requiredNodes(c.pod)
		c.named = namedNodes(c.pod)
		return c.required != nil
	},
	check: func(c *cycle, n *NodeInfo) *refusal {
		if c.required.matches(n.Node) {
			return nil
		}
		return &refusal{[]string{"node(s) didn't match Pod's node affinity/selector"}, true}
	},
	helps: func(_ *cache, pod *corev1.Pod, ch *change) bool {
		required := requiredNodes(pod)
		return ch.isNode != nil && required.matches(ch.isNode) && (ch.wasNode == nil || !required.matches(ch.wasNode))
	},
}

// nodeSelection is a pod's requirements on a node's labels and name.
type nodeSelection struct {
	labels labels.Selector // nodeSelector; nil for none
	terms  []nodeTerm      // any of them; nil for none required
	anyOf  bool
}

// nodeTerm is a compiled NodeSelectorTerm. An empty or broken one matches nothing.
type nodeTerm struct {
	labels  labels.Selector
	fields  []corev1.NodeSelectorRequirement
	nothing bool
}

// requiredNodes is nil when the pod requires nothing.
func requiredNodes(pod *corev1.Pod) *nodeSelection {
	s := &nodeSelection{}
	if len(pod.Spec.NodeSelector) > 0 {
		s.labels = labels.SelectorFromSet(pod.Spec.NodeSelector)
	}
	if required := requiredAffinity(pod); required != nil {
		s.anyOf = true
		for i := range required.NodeSelectorTerms {
			s.terms = append(s.terms, compileTerm(&required.NodeSelectorTerms[i]))
		}
	}
	if s.labels == nil && !s.anyOf {
		return nil
	}
	return s
}

func requiredAffinity(pod *corev1.Pod) *corev1.NodeSelector {
	if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil {
		return a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}

func (s *nodeSelection) matches(node *corev1.Node) bool {
	if s == nil {
		return true
	}
	if s.labels != nil && !s.labels.Matches(labels.Set(node.Labels)) {
		return false
	}
	if !s.anyOf {
		return true
	}
	return slices.ContainsFunc(s.terms, func(t nodeTerm) bool { return t.matches(node) })
}

func (t *nodeTerm) matches(node *corev1.Node) bool {
	if t.nothing || t.labels != nil && !t.labels.Matches(labels.Set(node.Labels)) {
		return false
	}
	set := fields.Set{metav1.ObjectNameField: node.Name}
	for _, r := range t.fields {
		has := set.Has(r.Key) && slices.Contains(r.Values, set.Get(r.Key))
		if has != (r.Operator == corev1.NodeSelectorOpIn) {
			return false
		}
	}
	return true
}

var labelOperators = map[corev1.NodeSelectorOperator]selection.Operator{
	corev1.NodeSelectorOpIn: selection.In, corev1.NodeSelectorOpNotIn: selection.NotIn,
	corev1.NodeSelectorOpExists: selection.Exists, corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist,
	corev1.NodeSelectorOpGt: selection.GreaterThan, corev1.NodeSelectorOpLt: selection.LessThan,
}

func compileTerm(term *corev1.NodeSelectorTerm) nodeTerm {
	if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
		return nodeTerm{nothing: true}
	}
	t := nodeTerm{fields: term.MatchFields}
	if len(term.MatchExpressions) > 0 {
		t.labels = labels.NewSelector()
	}
	for _, e := range term.MatchExpressions {
		r, err := labels.NewRequirement(e.Key, labelOperators[e.Operator], e.Values)
		if err != nil {
			return nodeTerm{nothing: true}
		}
		t.labels = t.labels.Add(*r)
	}
	return t
}

// namedNodes are the nodes that the pod's affinity names, nil when not every
// term names some. Nodes that aren't named are dropped before any filter.
func namedNodes(pod *corev1.Pod) map[string]bool {
	required := requiredAffinity(pod)
	if required == nil {
		return nil
	}
	named := map[string]bool{}
	for _, term := range required.NodeSelectorTerms {
		names, found := termNames(term.MatchFields)
		if !found {
			return nil
		}
		for _, name := range names {
			named[name] = true
		}
	}
	return named
}

func termNames(requirements []corev1.NodeSelectorRequirement) (names []string, found bool) {
	for _, r := range requirements {
		if r.Key != metav1.ObjectNameField || r.Operator != corev1.NodeSelectorOpIn {
			continue
		}
		if !found {
			names, found = slices.Clone(r.Values), true
			continue
		}
		names = slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(r.Values, n) })
	}
	return names, found
}

// scoreNodeAffinity adds the weights of the preferred terms that match.
func scoreNodeAffinity(c *cycle) []int64 {
	a := c.pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) == 0 {
		return nil
	}
	scores := make([]int64, len(c.feasible))
	for _, preferred := range a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
		term := compileTerm(&preferred.Preference)
		for i, n := range c.feasible {
			if term.matches(n.Node) {
				scores[i] += int64(preferred.Weight)
			}
		}
	}
	return normalise(scores, false)
}
