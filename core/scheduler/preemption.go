package scheduler

import (
	"cmp"
	"maps"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// preemptionPlugin is upstream's name of what follows here.
const preemptionPlugin = "DefaultPreemption"

// The bounds of how many nodes are tried (DefaultPreemptionArgs).
const (
	leastCandidates  = 100
	candidatePercent = 10
)

// candidate is a node that would have room if its victims went.
type candidate struct {
	node     string
	victims  []*corev1.Pod // the most important first
	violates int           // of them protected by a budget that is used up
}

// preempt looks for pods of lower priority whose going would make room
// (plugins/defaultpreemption, framework/preemption). It returns what is to be
// said about it, nothing when there are such pods.
func (d *Decision) preempt(c *cycle, refusals []*refusal, pick func(n int) int) string {
	if why := c.mayPreempt(refusals); why != "" {
		return why
	}
	d.Renominate = true
	candidates, verdicts := c.candidates(refusals, pick)
	if len(candidates) == 0 {
		return available(verdicts)
	}
	best := c.bestCandidate(candidates, pick)
	d.Nomination, d.Victims = best.node, best.victims
	return ""
}

// mayPreempt says why a pod may not evict others: it never does, or it has done
// so and those it chose are on their way out.
func (c *cycle) mayPreempt(refusals []*refusal) string {
	if p := c.pod.Spec.PreemptionPolicy; p != nil && *p == corev1.PreemptNever {
		return "not eligible due to preemptionPolicy=Never."
	}
	i := slices.IndexFunc(c.Nodes, func(n *NodeInfo) bool { return n.Node.Name == c.pod.Status.NominatedNodeName })
	if i < 0 || refusals[i].final {
		return ""
	}
	for _, p := range c.Nodes[i].pods {
		if priorityOf(p.pod) < priorityOf(c.pod) && beingPreempted(p.pod) {
			return "not eligible due to a terminating pod on the nominated node."
		}
	}
	return ""
}

func beingPreempted(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp == nil {
		return false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.DisruptionTarget {
			return condition.Status == corev1.ConditionTrue && condition.Reason == corev1.PodReasonPreemptionByScheduler
		}
	}
	return false
}

// candidates tries the nodes that eviction might help, those first that break
// no budget, and says of all others why it does not.
func (c *cycle) candidates(refusals []*refusal, pick func(n int) int) (found []candidate, verdicts []*refusal) {
	var possible []int
	verdicts = make([]*refusal, len(refusals))
	for i, r := range refusals {
		verdicts[i] = &refusal{reasons: []string{"Preemption is not helpful for scheduling"}}
		if !r.final {
			possible = append(possible, i)
		}
	}
	enough, from := max(len(possible)*candidatePercent/100, leastCandidates), 0
	if len(possible) > enough {
		from = pick(len(possible))
	}
	var violating []candidate
	for n := range possible {
		i := possible[(from+n)%len(possible)]
		candidate, r := c.victimsOn(c.Nodes[i])
		switch verdicts[i] = r; {
		case r != nil:
		case candidate.violates == 0:
			found = append(found, candidate)
		default:
			violating = append(violating, candidate)
		}
		if len(found) > 0 && len(found)+len(violating) >= enough {
			break
		}
	}
	return append(found, violating...), verdicts
}

// victimsOn finds the fewest pods that would have to leave a node: all that are
// less important go, and then as many as fit are let back, those first that a
// budget protects, and of these the most important first.
func (c *cycle) victimsOn(n *NodeInfo) (candidate, *refusal) {
	if !n.hasBelow(priorityOf(c.pod)) {
		return candidate{}, &refusal{reasons: []string{"No preemption victims found for incoming pod"}}
	}
	trial, node := c.fork(n)
	var lesser []*placed
	for _, p := range node.pods {
		if priorityOf(p.pod) < priorityOf(c.pod) {
			lesser = append(lesser, p)
		}
	}
	slices.SortFunc(lesser, c.moreImportant)
	for _, p := range lesser {
		trial.shift(p, node, -1)
	}
	if _, r := trial.check(node); r != nil {
		return candidate{}, r
	}
	out := candidate{node: n.Node.Name}
	letBack := func(p *placed) bool {
		trial.shift(p, node, 1)
		if _, r := trial.check(node); r == nil {
			return true
		}
		trial.shift(p, node, -1)
		out.victims = append(out.victims, p.pod)
		return false
	}
	protected, others := underBudgets(lesser, c.Budgets)
	for _, p := range protected {
		if !letBack(p) {
			out.violates++
		}
	}
	for _, p := range others {
		letBack(p)
	}
	slices.SortFunc(out.victims, func(a, b *corev1.Pod) int { return c.byImportance(a, b) })
	return out, nil
}

func (c *cycle) moreImportant(a, b *placed) int { return c.byImportance(a.pod, b.pod) }

// byImportance orders pods by priority, and then by how long they have run;
// upstream leaves the rest to chance.
func (c *cycle) byImportance(a, b *corev1.Pod) int {
	return cmp.Or(
		cmp.Compare(priorityOf(b), priorityOf(a)),
		c.startOf(a).Compare(c.startOf(b).Time),
		cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name),
	)
}

func (c *cycle) startOf(pod *corev1.Pod) metav1.Time {
	if pod.Status.StartTime == nil {
		return metav1.NewTime(c.Now)
	}
	return *pod.Status.StartTime
}

// underBudgets parts the pods whose going would break a budget from the others.
// It keeps their order.
func underBudgets(pods []*placed, budgets []*policyv1.PodDisruptionBudget) (protected, others []*placed) {
	left := make([]int32, len(budgets))
	for i, b := range budgets {
		left[i] = b.Status.DisruptionsAllowed
	}
	for _, p := range pods {
		broken := false
		for i, b := range budgets {
			if !budgetCovers(b, p.pod) {
				continue
			}
			left[i]--
			broken = broken || left[i] < 0
		}
		if broken {
			protected = append(protected, p)
		} else {
			others = append(others, p)
		}
	}
	return protected, others
}

// budgetCovers tells whether a pod's going counts against a budget; what the
// API server has let go already doesn't.
func budgetCovers(b *policyv1.PodDisruptionBudget, pod *corev1.Pod) bool {
	if b.Namespace != pod.Namespace || len(pod.Labels) == 0 {
		return false
	}
	selector := compileSelector(b.Spec.Selector)
	if selector.Empty() || !selector.Matches(labels.Set(pod.Labels)) {
		return false
	}
	_, disrupted := b.Status.DisruptedPods[pod.Name]
	return !disrupted
}

// bestCandidate: the fewest broken budgets; the least important of most
// important victims; the least sum of priorities; the fewest victims; the
// latest start of the earliest most important victim. What is still equal,
// upstream leaves to the order of a map; here the dice decide.
func (c *cycle) bestCandidate(all []candidate, pick func(n int) int) candidate {
	for _, price := range []func(candidate) int64{
		func(k candidate) int64 { return int64(k.violates) },
		func(k candidate) int64 { return int64(priorityOf(k.victims[0])) },
		sumOfPriorities,
		func(k candidate) int64 { return int64(len(k.victims)) },
		func(k candidate) int64 { return -c.earliestStart(k.victims) },
	} {
		least := int64(math.MaxInt64)
		for _, k := range all {
			least = min(least, price(k))
		}
		all = slices.DeleteFunc(slices.Clone(all), func(k candidate) bool { return price(k) > least })
		if len(all) == 1 {
			return all[0]
		}
	}
	return all[pick(len(all))]
}

// sumOfPriorities counts every victim as at least 0.
func sumOfPriorities(k candidate) (sum int64) {
	for _, p := range k.victims {
		sum += int64(priorityOf(p)) + math.MaxInt32 + 1
	}
	return sum
}

// earliestStart is of the most important victims.
func (c *cycle) earliestStart(victims []*corev1.Pod) int64 {
	earliest := c.startOf(victims[0])
	for _, p := range victims {
		if at := c.startOf(p); priorityOf(p) == priorityOf(victims[0]) && at.Before(&earliest) {
			earliest = at
		}
	}
	return earliest.UnixNano()
}

// nominate notes which node is to become a pod's, "" for none.
func (c *cache) nominate(pod *corev1.Pod, node string) {
	for _, name := range slices.Sorted(maps.Keys(c.nominees)) {
		c.nominees[name] = slices.DeleteFunc(c.nominees[name], func(p *placed) bool { return p.pod.UID == pod.UID })
		if len(c.nominees[name]) == 0 {
			delete(c.nominees, name)
		}
	}
	if node != "" {
		c.nominees[node] = append(c.nominees[node], newPlaced(pod, node))
	}
}
