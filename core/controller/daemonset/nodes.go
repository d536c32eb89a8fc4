package daemonset

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// tolerated are the taints that every daemon pod puts up with, so that it
// stays on a node that has trouble and comes to one that is cordoned.
var tolerated = []corev1.Toleration{
	{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
	{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
	{Key: corev1.TaintNodeDiskPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	{Key: corev1.TaintNodeMemoryPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	{Key: corev1.TaintNodePIDPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	{Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
}

var hostNetworkTolerated = corev1.Toleration{
	Key: corev1.TaintNodeNetworkUnavailable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule,
}

// tolerations are the template's own and those that every daemon pod has. An
// own one with the same key, operator, value and effect is replaced in its place.
func tolerations(spec *corev1.PodSpec) []corev1.Toleration {
	all := slices.Clone(spec.Tolerations)
	add := tolerated
	if spec.HostNetwork {
		add = append(slices.Clone(add), hostNetworkTolerated)
	}
	for _, t := range add {
		i := slices.IndexFunc(all, func(own corev1.Toleration) bool { return own.MatchToleration(&t) })
		switch {
		case i < 0:
			all = append(all, t)
		case !equality.Semantic.DeepEqual(all[i], t):
			all[i] = t
		}
	}
	return all
}

// fits tells whether a node should get a DaemonSet's pod, and whether one that
// is there may stay (NodeShouldRunDaemonPod): a taint NoSchedule only keeps new
// ones away.
func fits(s *appsv1.DaemonSet, node *corev1.Node) (run, stay bool) {
	spec := &s.Spec.Template.Spec
	if spec.NodeName != "" && spec.NodeName != node.Name || !selects(spec, node) {
		return false, false
	}
	tolerates := tolerations(spec)
	if !untolerated(node, tolerates, corev1.TaintEffectNoExecute, corev1.TaintEffectNoSchedule) {
		return true, true
	}
	return false, !untolerated(node, tolerates, corev1.TaintEffectNoExecute)
}

// untolerated tells whether the node has a taint of the effects that isn't put up with.
func untolerated(node *corev1.Node, tolerates []corev1.Toleration, effects ...corev1.TaintEffect) bool {
	return slices.ContainsFunc(node.Spec.Taints, func(taint corev1.Taint) bool {
		return slices.Contains(effects, taint.Effect) &&
			!slices.ContainsFunc(tolerates, func(t corev1.Toleration) bool { return putsUpWith(&t, &taint) })
	})
}

// putsUpWith is Toleration.ToleratesTaint without its logger.
func putsUpWith(t *corev1.Toleration, taint *corev1.Taint) bool {
	if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
		return false
	}
	return t.Operator == corev1.TolerationOpExists ||
		(t.Operator == "" || t.Operator == corev1.TolerationOpEqual) && t.Value == taint.Value
}

// selects tells whether a pod's node selector and required node affinity match
// a node (k8s.io/component-helpers/scheduling/corev1/nodeaffinity).
func selects(spec *corev1.PodSpec, node *corev1.Node) bool {
	if !labels.SelectorFromSet(spec.NodeSelector).Matches(labels.Set(node.Labels)) {
		return false
	}
	if spec.Affinity == nil || spec.Affinity.NodeAffinity == nil {
		return true
	}
	required := spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	return required == nil || slices.ContainsFunc(required.NodeSelectorTerms, func(t corev1.NodeSelectorTerm) bool {
		return len(t.MatchExpressions)+len(t.MatchFields) > 0 &&
			!slices.ContainsFunc(t.MatchExpressions, func(r corev1.NodeSelectorRequirement) bool { return !labelMatches(r, node) }) &&
			!slices.ContainsFunc(t.MatchFields, func(r corev1.NodeSelectorRequirement) bool { return !nameMatches(r, node) })
	})
}

var operators = map[corev1.NodeSelectorOperator]selection.Operator{
	corev1.NodeSelectorOpIn: selection.In, corev1.NodeSelectorOpNotIn: selection.NotIn,
	corev1.NodeSelectorOpExists: selection.Exists, corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist,
	corev1.NodeSelectorOpGt: selection.GreaterThan, corev1.NodeSelectorOpLt: selection.LessThan,
}

func labelMatches(r corev1.NodeSelectorRequirement, node *corev1.Node) bool {
	requirement, err := labels.NewRequirement(r.Key, operators[r.Operator], r.Values)
	return err == nil && requirement.Matches(labels.Set(node.Labels))
}

func nameMatches(r corev1.NodeSelectorRequirement, node *corev1.Node) bool {
	return r.Key == metav1.ObjectNameField &&
		slices.Contains(r.Values, node.Name) == (r.Operator == corev1.NodeSelectorOpIn)
}

// targetOf is the node that a daemon pod is on or made for; "" where none is named.
func targetOf(pod *corev1.Pod) string {
	if pod.Spec.NodeName != "" {
		return pod.Spec.NodeName
	}
	a := pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, r := range term.MatchFields {
			if r.Key == metav1.ObjectNameField && r.Operator == corev1.NodeSelectorOpIn {
				if len(r.Values) != 1 {
					return ""
				}
				return r.Values[0]
			}
		}
	}
	return ""
}

// onNode is a template's affinity with a node's name for its required terms.
func onNode(affinity *corev1.Affinity, node string) *corev1.Affinity {
	if affinity == nil {
		affinity = &corev1.Affinity{}
	}
	affinity = affinity.DeepCopy()
	if affinity.NodeAffinity == nil {
		affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{
			Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
		}}}},
	}
	return affinity
}
