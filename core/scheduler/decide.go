package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/trace"
)

// maxScore is what the best node gets from a plugin, before its weight.
const maxScore int64 = 100

// Snapshot is the state of the cluster that a decision is made on.
type Snapshot struct {
	Nodes []*NodeInfo // in order of name
	// Selector is that of the pod's owner and Services, for spreading by
	// default; nil for none.
	Selector labels.Selector
	// Budgets say how many pods may be evicted.
	Budgets []*policyv1.PodDisruptionBudget
	// Now is when the decision is made.
	Now time.Time

	cache   *cache
	profile *Profile
}

// Decision is what Decide finds.
type Decision struct {
	Node    string // "" when no node fits
	Message string // why none fits, in upstream's words
	Filters []string
	Rows    []trace.NodeVerdict
	// Nomination is the node that is to become the pod's once Victims are gone.
	// Renominate says that it replaces the one in the pod's status, by "" too.
	Nomination string
	Renominate bool
	Victims    []*corev1.Pod

	failed  filterSet
	volumes *volumePlan // what is to be bound together with the pod
}

// filterSet is a set of filters, a bit each.
type filterSet uint32

func (s filterSet) has(i int) bool { return s&(1<<i) != 0 }

// cycle is what plugins work on: one pod, all nodes, those left by the filters.
type cycle struct {
	pod    *corev1.Pod
	demand Demand
	terms  *podTerms
	Snapshot
	active   []int // the filters that have something to say
	feasible []*NodeInfo

	required  *nodeSelection // the nodes the pod must have; nil for any
	named     map[string]bool
	hard      []constraint
	hardState []spreadState
	near      *nearness
	volumes   *volumeState
	// refusesAll is why no node will do, found before any is looked at.
	refusesAll *refusal
	refuser    int // the filter that said so
}

// refusal is why a filter drops a node. final says that evicting other pods
// would not help.
type refusal struct {
	reasons []string
	final   bool
}

// filter is one filter plugin. prepare runs once a pod and tells whether the
// plugin has anything to say about it; it may refuse all nodes at once.
type filter struct {
	name    string
	prepare func(*cycle) bool
	check   func(*cycle, *NodeInfo) *refusal
	// taints says that helps looks at changes of a node's taints. For any other
	// filter such a change may always help: see retainted.
	taints bool
	// helps tells whether a change may let a pod pass that this filter dropped.
	helps func(c *cache, pod *corev1.Pod, ch *change) bool
}

// filters in the order of pkg/scheduler/apis/config/v1/default_plugins.go; the
// first that drops a node is the one that is named.
var filters []filter

func init() {
	filters = []filter{
		nodeUnschedulable, nodeName, taintToleration, nodeAffinity, nodePorts, nodeResourcesFit,
		volumeRestrictions, nodeVolumeLimits, volumeBinding, volumeZone, podTopologySpread, interPodAffinity,
	}
}

// scorer is one scoring plugin: the normalised score of each feasible node, or
// nil when the plugin has nothing to say about the pod.
type scorer struct {
	name   string
	weight int64
	score  func(*cycle) []int64
}

var scorers = []scorer{
	{"TaintToleration", 3, scoreTaints},
	{"NodeAffinity", 2, scoreNodeAffinity},
	{"NodeResourcesFit", 1, scoreLeastAllocated},
	{"PodTopologySpread", 2, scoreSpread},
	{"InterPodAffinity", 2, scoreAffinity},
	{"NodeResourcesBalancedAllocation", 1, scoreBalanced},
	{"ImageLocality", 1, scoreImages},
}

// Decide chooses a node for a pod, or says why there is none and which pods
// would have to go. It is pure but for the dice: pick returns a number from 0
// to n-1, and is asked only when several nodes are equally good.
func Decide(pod *corev1.Pod, snapshot Snapshot, pick func(n int) int) Decision {
	d := Decision{}
	if len(snapshot.Nodes) == 0 {
		d.Message, d.Renominate = "no nodes available to schedule pods", true
		return d
	}
	if snapshot.profile == nil {
		snapshot.profile = &defaultProfile
	}
	c := &cycle{pod: pod, demand: demandOf(pod), terms: termsOf(pod), Snapshot: snapshot}
	c.prepare(&d)
	if d.nominated(c) {
		return d
	}
	refusals := d.filter(c)
	if len(c.feasible) == 0 {
		d.Message = d.unschedulable(c, refusals, pick)
		return d
	}
	d.score(c)
	d.choose(c, d.best(c, pick))
	return d
}

// choose settles on a node.
func (d *Decision) choose(c *cycle, node string) {
	d.Node = node
	if c.volumes != nil {
		d.volumes = c.volumes.plans[node]
	}
}

// prepare asks the filters of the profile whether they have something to say.
func (c *cycle) prepare(d *Decision) {
	for i := range filters {
		f := &filters[i]
		if c.profile.disabled[f.name] || f.prepare != nil && !f.prepare(c) {
			continue
		}
		if c.refusesAll != nil {
			c.refuser = i
			d.Filters = append(d.Filters, f.name)
			return
		}
		c.active = append(c.active, i)
		d.Filters = append(d.Filters, f.name)
	}
}

// nominated tries the node that is to become the pod's before all others.
func (d *Decision) nominated(c *cycle) bool {
	info := c.cache.nodes[c.pod.Status.NominatedNodeName]
	if c.refusesAll != nil || c.pod.Status.NominatedNodeName == "" || info == nil || info.Node == nil {
		return false
	}
	if _, refused := c.check(info); refused != nil {
		return false
	}
	d.Rows = []trace.NodeVerdict{{Node: info.Node.Name}}
	d.choose(c, info.Node.Name)
	return true
}

// filter fills in the rows of the table and returns why nodes were dropped, by row.
func (d *Decision) filter(c *cycle) []*refusal {
	d.Rows = make([]trace.NodeVerdict, len(c.Nodes))
	refusals := make([]*refusal, len(c.Nodes))
	c.feasible = make([]*NodeInfo, 0, len(c.Nodes))
	for i, node := range c.Nodes {
		row := &d.Rows[i]
		row.Node = node.Node.Name
		plugin, refused := c.judge(node)
		if refused == nil {
			c.feasible = append(c.feasible, node)
			continue
		}
		refusals[i] = refused
		row.Plugin, row.Reason = filters[plugin].name, strings.Join(refused.reasons, ", ")
		d.failed |= 1 << plugin
	}
	return refusals
}

// judge is what becomes of a node: refused before all filters, or by the first
// that drops it.
func (c *cycle) judge(n *NodeInfo) (plugin int, r *refusal) {
	switch {
	case c.refusesAll != nil:
		return c.refuser, c.refusesAll
	case c.named != nil && !c.named[n.Node.Name]:
		return indexOfFilter(nodeAffinity.name), &refusal{[]string{"node(s) didn't satisfy plugin(s) [NodeAffinity]"}, true}
	}
	return c.check(n)
}

func indexOfFilter(name string) int {
	return slices.IndexFunc(filters, func(f filter) bool { return f.name == name })
}

// check runs the filters, with the pods counted in that are to have the node
// and are no less important; then without, for they may never come
// (framework/runtime, RunFilterPluginsWithNominatedPods).
func (c *cycle) check(n *NodeInfo) (plugin int, r *refusal) {
	if guests := c.guests(n); len(guests) > 0 {
		trial, node := c.fork(n)
		for _, p := range guests {
			trial.shift(p, node, 1)
		}
		if plugin, r := trial.run(node); r != nil {
			return plugin, r
		}
	}
	return c.run(n)
}

func (c *cycle) run(n *NodeInfo) (plugin int, r *refusal) {
	for _, i := range c.active {
		if r := filters[i].check(c, n); r != nil {
			return i, r
		}
	}
	return 0, nil
}

// guests are the nominees of a node that are at least as important as the pod.
func (c *cycle) guests(n *NodeInfo) []*placed {
	var out []*placed
	for _, p := range c.cache.nominees[n.Node.Name] {
		if p.pod.UID != c.pod.UID && priorityOf(p.pod) >= priorityOf(c.pod) && n.pods[p.pod.UID] == nil {
			out = append(out, p)
		}
	}
	return out
}

// fork is a copy of the cycle and of one node, to try on it what would be.
func (c *cycle) fork(n *NodeInfo) (*cycle, *NodeInfo) {
	trial := *c
	trial.near = c.near.clone()
	trial.hardState = slices.Clone(c.hardState)
	for i := range trial.hardState {
		trial.hardState[i].counts = maps.Clone(c.hardState[i].counts)
	}
	trial.volumes = c.volumes.clone()
	return &trial, n.clone()
}

// shift has a pod come to a node (sign 1) or go (-1) in a fork.
func (c *cycle) shift(p *placed, n *NodeInfo, sign int64) {
	n.put(p, sign)
	c.shiftSpread(p, n, sign)
	c.shiftAffinity(p, n.Node, sign)
	c.shiftVolumes(p, sign)
}

// score fills in the scores of the rows that were not dropped. As upstream, a
// node that is the only one left is not scored.
func (d *Decision) score(c *cycle) {
	if len(c.feasible) == 1 {
		return
	}
	scores := make([]trace.Score, 0, len(scorers)*len(c.feasible))
	columns := make([][]int64, len(scorers))
	for i, s := range scorers {
		if c.profile.weight(&s) != 0 {
			columns[i] = s.score(c)
		}
	}
	nth := 0
	for i := range d.Rows {
		row := &d.Rows[i]
		if row.Plugin != "" {
			continue
		}
		from := len(scores)
		for j := range scorers {
			if columns[j] == nil {
				continue
			}
			weight := c.profile.weight(&scorers[j])
			scores = append(scores, trace.Score{Plugin: scorers[j].name, Score: columns[j][nth] * weight, Weight: weight})
			row.Total += columns[j][nth] * weight
		}
		row.Scores = scores[from:len(scores):len(scores)]
		nth++
	}
}

func (d *Decision) best(c *cycle, pick func(n int) int) string {
	var best []string
	var top int64 = -1
	for i := range d.Rows {
		row := &d.Rows[i]
		switch {
		case row.Plugin != "" || row.Total < top:
		case row.Total > top:
			best, top = append(best[:0], row.Node), row.Total
		default:
			best = append(best, row.Node)
		}
	}
	if len(best) == 1 {
		return best[0]
	}
	return best[pick(len(best))]
}

// unschedulable is upstream's sentence for a pod that fits nowhere
// (pkg/scheduler/framework/types.go, FitError), with what the plugins that
// would make room say: dynamic resources, then preemption.
func (d *Decision) unschedulable(c *cycle, refusals []*refusal, pick func(n int) int) string {
	if r := c.refusesAll; r != nil {
		// What would make room is asked and finds no record of this pod.
		return fmt.Sprintf("0/%d nodes are available: %s. not found", len(c.Nodes), strings.Join(r.reasons, ", "))
	}
	message := available(refusals)
	if c.profile.disabled[preemptionPlugin] {
		return message + " no new claims to deallocate"
	}
	if after := d.preempt(c, refusals, pick); after != "" {
		message += " no new claims to deallocate, preemption: " + after
	}
	return message
}

// available is how many nodes were refused for which reason.
func available(refusals []*refusal) string {
	reasons := map[string]int{}
	for _, r := range refusals {
		for _, reason := range r.reasons {
			reasons[reason]++
		}
	}
	counted := make([]string, 0, len(reasons))
	for reason, n := range reasons {
		counted = append(counted, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(counted)
	return fmt.Sprintf("0/%d nodes are available: %s.", len(refusals), strings.Join(counted, ", "))
}

// normalise scales scores so that the largest becomes maxScore; reverse turns
// them round, so that the smallest is best
// (plugins/helper/normalize_score.go).
func normalise(scores []int64, reverse bool) []int64 {
	top := slices.Max(scores)
	for i := range scores {
		if top > 0 {
			scores[i] = maxScore * scores[i] / top
		}
		if reverse {
			scores[i] = maxScore - scores[i]
		}
	}
	return scores
}
