package scheduler

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// constraint is a topology spread constraint with its selector compiled.
type constraint struct {
	key             string
	maxSkew         int64
	minDomains      int
	selector        labels.Selector
	honourTaints    bool
	ignoreSelection bool
}

// defaultConstraints are the system's own, for pods that state none.
var defaultConstraints = []corev1.TopologySpreadConstraint{
	{TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.ScheduleAnyway, MaxSkew: 3},
	{TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.ScheduleAnyway, MaxSkew: 5},
}

// podTopologySpread drops nodes where a DoNotSchedule constraint of the pod
// would be broken (plugins/podtopologyspread/filtering.go).
var podTopologySpread = filter{
	name:   "PodTopologySpread",
	taints: true,
	prepare: func(c *cycle) bool {
		c.hard = constraintsOf(c.pod, c.pod.Spec.TopologySpreadConstraints, corev1.DoNotSchedule)
		for i := range c.hard {
			c.hardState = append(c.hardState, c.countDomains(&c.hard[i]))
		}
		return len(c.hard) > 0
	},
	check: checkSpread,
	helps: spreadHint,
}

// spreadHint: a pod of the kind that is spread came, went or changed, or a node
// came, went or changed its domains or taints.
func spreadHint(_ *cache, pod *corev1.Pod, ch *change) bool {
	all := constraintsOf(pod, pod.Spec.TopologySpreadConstraints, corev1.DoNotSchedule)
	if ch.wasNode != nil || ch.isNode != nil {
		had, has := ch.wasNode != nil && hasKeys(ch.wasNode, all), ch.isNode != nil && hasKeys(ch.isNode, all)
		if had && has {
			return !sameDomains(ch.wasNode, ch.isNode, all) || !slices.Equal(ch.wasNode.Spec.Taints, ch.isNode.Spec.Taints)
		}
		return had != has
	}
	counts := func(p *corev1.Pod, k *constraint) bool {
		return p != nil && p.Namespace == pod.Namespace && k.selector.Matches(labels.Set(p.Labels))
	}
	every := true
	for i := range all {
		was, is := counts(ch.wasPod, &all[i]), counts(ch.isPod, &all[i])
		if ch.wasPod != nil && ch.isPod != nil && was != is {
			return true
		}
		every = every && was != is
	}
	return every
}

func sameDomains(a, b *corev1.Node, all []constraint) bool {
	for i := range all {
		if a.Labels[all[i].key] != b.Labels[all[i].key] {
			return false
		}
	}
	return true
}

// spreadState counts, for one constraint, the matching pods of each domain.
type spreadState struct {
	counts map[string]int64
	least  int64
	self   int64
}

func (c *cycle) countDomains(k *constraint) spreadState {
	s := spreadState{counts: map[string]int64{}}
	matching := c.cache.matching(c.pod.Namespace, k.selector)
	for _, n := range c.Nodes {
		if hasKeys(n.Node, c.hard) && k.includes(c, n) {
			s.counts[n.Node.Labels[k.key]] += matching[n.Node.Name]
		}
	}
	s.settle(k)
	if k.selector.Matches(labels.Set(c.pod.Labels)) {
		s.self = 1
	}
	return s
}

// settle finds the domain with the fewest pods.
func (s *spreadState) settle(k *constraint) {
	s.least = math.MaxInt64
	for _, count := range s.counts {
		s.least = min(s.least, count)
	}
	if len(s.counts) < k.minDomains {
		s.least = 0
	}
}

// shiftSpread counts a pod in (sign 1) or out (-1), for what would be if it
// came to a node or went.
func (c *cycle) shiftSpread(p *placed, n *NodeInfo, sign int64) {
	if p.pod.Namespace != c.pod.Namespace || !hasKeys(n.Node, c.hard) {
		return
	}
	for i := range c.hard {
		k, s := &c.hard[i], &c.hardState[i]
		if k.selector.Matches(labels.Set(p.pod.Labels)) && k.includes(c, n) {
			s.counts[n.Node.Labels[k.key]] += sign
			s.settle(k)
		}
	}
}

func checkSpread(c *cycle, n *NodeInfo) *refusal {
	for i := range c.hard {
		k, s := &c.hard[i], &c.hardState[i]
		domain, ok := n.Node.Labels[k.key]
		if !ok {
			return &refusal{[]string{"node(s) didn't match pod topology spread constraints (missing required label)"}, true}
		}
		if s.counts[domain]+s.self-s.least > k.maxSkew {
			return &refusal{[]string{"node(s) didn't match pod topology spread constraints"}, false}
		}
	}
	return nil
}

// constraintsOf compiles those constraints that ask for an action.
func constraintsOf(pod *corev1.Pod, all []corev1.TopologySpreadConstraint, action corev1.UnsatisfiableConstraintAction) []constraint {
	var out []constraint
	for i := range all {
		t := &all[i]
		if t.WhenUnsatisfiable != action {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(t.LabelSelector)
		if err != nil {
			selector = labels.Nothing()
		}
		k := constraint{key: t.TopologyKey, maxSkew: int64(t.MaxSkew), minDomains: 1, selector: withKeys(selector, pod, t.MatchLabelKeys)}
		if t.MinDomains != nil {
			k.minDomains = int(*t.MinDomains)
		}
		k.ignoreSelection = t.NodeAffinityPolicy != nil && *t.NodeAffinityPolicy == corev1.NodeInclusionPolicyIgnore
		k.honourTaints = t.NodeTaintsPolicy != nil && *t.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor
		out = append(out, k)
	}
	return out
}

// withKeys narrows a selector to the pod's own values of some labels.
func withKeys(selector labels.Selector, pod *corev1.Pod, keys []string) labels.Selector {
	own := labels.Set{}
	for _, key := range keys {
		if value, ok := pod.Labels[key]; ok {
			own[key] = value
		}
	}
	if len(own) == 0 {
		return selector
	}
	requirements, _ := own.AsSelector().Requirements()
	return selector.Add(requirements...)
}

// includes tells whether a node's pods count for the constraint.
func (k *constraint) includes(c *cycle, n *NodeInfo) bool {
	if !k.ignoreSelection && !c.required.matches(n.Node) {
		return false
	}
	return !k.honourTaints || toleratesNode(c.pod, n.Node)
}

func hasKeys(node *corev1.Node, all []constraint) bool {
	for i := range all {
		if _, ok := node.Labels[all[i].key]; !ok {
			return false
		}
	}
	return true
}

// scoreSpread prefers nodes whose domains have fewer pods of the same kind
// (plugins/podtopologyspread/scoring.go): by the pod's own ScheduleAnyway
// constraints, or for a replica set's pods by the system's.
func scoreSpread(c *cycle) []int64 {
	own := len(c.pod.Spec.TopologySpreadConstraints) > 0
	soft := softConstraints(c, own)
	if len(soft) == 0 {
		return nil
	}
	scored := make([]bool, len(c.feasible))
	for i, n := range c.feasible {
		scored[i] = !own || hasKeys(n.Node, soft)
	}
	var needed []constraint // the system's own constraints need no labels
	if own {
		needed = soft
	}
	raw := make([]float64, len(c.feasible))
	for i := range soft {
		c.addSpread(raw, scored, &soft[i], needed)
	}
	return normaliseSpread(raw, scored)
}

func softConstraints(c *cycle, own bool) []constraint {
	if own {
		return constraintsOf(c.pod, c.pod.Spec.TopologySpreadConstraints, corev1.ScheduleAnyway)
	}
	if c.Selector == nil || c.Selector.Empty() {
		return nil
	}
	soft := constraintsOf(c.pod, defaultConstraints, corev1.ScheduleAnyway)
	for i := range soft {
		soft[i].selector = c.Selector
	}
	return soft
}

// addSpread adds to every feasible node what a constraint has against it: the
// matching pods of its domain, weighted by how many domains there are.
func (c *cycle) addSpread(raw []float64, scored []bool, k *constraint, needed []constraint) {
	matching := c.cache.matching(c.pod.Namespace, k.selector)
	counts, size := c.spreadCounts(scored, k, needed, matching)
	weight := logarithm(size + 2)
	for i, n := range c.feasible {
		domain, ok := n.Node.Labels[k.key]
		if !scored[i] || !ok {
			continue
		}
		count := counts[domain]
		if k.key == corev1.LabelHostname {
			count = matching[n.Node.Name]
		}
		raw[i] += float64(float64(count)*weight) + float64(k.maxSkew-1)
	}
}

// spreadCounts returns the matching pods of the domains that feasible nodes
// belong to, and how many such domains there are. Nodes without the label are
// one domain; host names are counted a node at a time, by the caller.
func (c *cycle) spreadCounts(scored []bool, k *constraint, needed []constraint, matching map[string]int64) (map[string]int64, int) {
	if k.key == corev1.LabelHostname {
		size := 0
		for _, counted := range scored {
			if counted {
				size++
			}
		}
		return nil, size
	}
	counts := map[string]int64{}
	for i, n := range c.feasible {
		if scored[i] {
			counts[n.Node.Labels[k.key]] = 0
		}
	}
	for _, n := range c.Nodes {
		domain := n.Node.Labels[k.key]
		if _, candidate := counts[domain]; candidate && hasKeys(n.Node, needed) && k.includes(c, n) {
			counts[domain] += matching[n.Node.Name]
		}
	}
	return counts, len(counts)
}

func normaliseSpread(raw []float64, scored []bool) []int64 {
	scores := make([]int64, len(raw))
	var least, most int64 = math.MaxInt64, 0
	for i := range raw {
		if !scored[i] {
			continue
		}
		scores[i] = int64(math.Round(raw[i]))
		least, most = min(least, scores[i]), max(most, scores[i])
	}
	for i := range scores {
		switch {
		case !scored[i]:
			scores[i] = 0
		case most == 0:
			scores[i] = maxScore
		default:
			scores[i] = maxScore * (most + least - scores[i]) / most
		}
	}
	return scores
}

// logarithm is the natural logarithm of n > 0. math.Log is written in assembly
// on some machines and may be rounded otherwise there; this is the same
// everywhere: n = m·2^k with m in [1,2), ln m = 2·atanh((m-1)/(m+1)).
func logarithm(n int) float64 {
	frac, exp := math.Frexp(float64(n))
	z := (2*frac - 1) / (2*frac + 1)
	square := float64(z * z)
	sum, power := 0.0, z
	for i := 1; i < 40; i += 2 {
		sum += float64(power / float64(i))
		power = float64(power * square)
	}
	return float64(2*sum) + float64(float64(exp-1)*math.Ln2)
}

func equalLabels(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			return false
		}
	}
	return true
}
