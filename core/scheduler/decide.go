package scheduler

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/trace"
)

// maxScore is what the best node gets from a plugin, before its weight.
const maxScore int64 = 100

// Snapshot is the state of the cluster that a decision is made on.
type Snapshot struct {
	Nodes []*NodeInfo // in order of name
	// Selector is that of the pod's owner, for spreading by default; nil for none.
	Selector labels.Selector
	// Matching counts, by node, the pods that a selector matches in a
	// namespace; those being deleted don't count. The answer is only read.
	Matching func(namespace string, selector labels.Selector) map[string]int64
}

// Decision is what Decide finds.
type Decision struct {
	Node    string // "" when no node fits
	Message string // why none fits, in upstream's words
	Rows    []trace.NodeVerdict

	failed filterSet
}

// filterSet is a set of filters, a bit each.
type filterSet uint32

func (s filterSet) has(i int) bool { return s&(1<<i) != 0 }

// cycle is what plugins work on: one pod, all nodes, those left by the filters.
type cycle struct {
	pod    *corev1.Pod
	demand Demand
	Snapshot
	feasible []*NodeInfo

	required  *nodeSelection // the nodes the pod must have; nil for any
	named     map[string]bool
	hard      []constraint
	hardState []spreadState
}

// refusal is why a filter drops a node. final says that evicting other pods
// would not help.
type refusal struct {
	reasons []string
	final   bool
}

// filter is one filter plugin. prepare runs once a pod and tells whether the
// plugin has anything to say about it.
type filter struct {
	name    string
	prepare func(*cycle) bool
	check   func(*cycle, *NodeInfo) *refusal
	// helps tells whether a node's change may let a pod pass that this filter
	// dropped; was is nil for a new node.
	helps func(pod *corev1.Pod, was, is *corev1.Node) bool
	// whenPodGoes tells whether the end of another pod may do so.
	whenPodGoes bool
	// whenPodComes tells whether a new or relabelled pod may do so.
	whenPodComes bool
}

// filters in the order of pkg/scheduler/apis/config/v1/default_plugins.go; the
// first that drops a node is the one that is named.
var filters = []filter{nodeUnschedulable, nodeName, taintToleration, nodeAffinity, nodePorts, nodeResourcesFit, podTopologySpread}

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
	{"NodeResourcesBalancedAllocation", 1, scoreBalanced},
	{"ImageLocality", 1, scoreImages},
}

// Decide chooses a node for a pod. It is pure but for the dice: pick returns a
// number from 0 to n-1, and is asked only when several nodes are equally good.
func Decide(pod *corev1.Pod, snapshot Snapshot, pick func(n int) int) Decision {
	var d Decision
	if len(snapshot.Nodes) == 0 {
		d.Message = "no nodes available to schedule pods"
		return d
	}
	c := &cycle{pod: pod, demand: demandOf(pod), Snapshot: snapshot}
	refusals := d.filter(c)
	if len(c.feasible) == 0 {
		d.Message = unschedulable(c, refusals)
		return d
	}
	d.score(c)
	d.Node = d.best(c, pick)
	return d
}

// filter fills in the rows of the table and returns why nodes were dropped, by row.
func (d *Decision) filter(c *cycle) []*refusal {
	active := make([]int, 0, len(filters))
	for i := range filters {
		if f := &filters[i]; f.prepare == nil || f.prepare(c) {
			active = append(active, i)
		}
	}
	d.Rows = make([]trace.NodeVerdict, len(c.Nodes))
	refusals := make([]*refusal, len(c.Nodes))
	c.feasible = make([]*NodeInfo, 0, len(c.Nodes))
	for i, node := range c.Nodes {
		row := &d.Rows[i]
		row.Node = node.Node.Name
		if c.named != nil && !c.named[row.Node] {
			refusals[i] = &refusal{[]string{"node(s) didn't satisfy plugin(s) [NodeAffinity]"}, true}
			row.Plugin = nodeAffinity.name
		}
		for _, f := range active {
			if refusals[i] != nil {
				break
			}
			if refusals[i] = filters[f].check(c, node); refusals[i] != nil {
				row.Plugin = filters[f].name
			}
		}
		if refusals[i] == nil {
			c.feasible = append(c.feasible, node)
			continue
		}
		row.Reason = strings.Join(refusals[i].reasons, ", ")
		d.failed |= 1 << slices.IndexFunc(filters, func(f filter) bool { return f.name == row.Plugin })
	}
	return refusals
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
		columns[i] = s.score(c)
	}
	nth := 0
	for i := range d.Rows {
		row := &d.Rows[i]
		if row.Plugin != "" {
			continue
		}
		from := len(scores)
		for j, s := range scorers {
			if columns[j] != nil {
				scores = append(scores, trace.Score{Plugin: s.name, Score: columns[j][nth] * s.weight, Weight: s.weight})
				row.Total += columns[j][nth] * s.weight
			}
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
// would make room say: dynamic resources, then preemption
// (pkg/scheduler/framework/preemption/preemption.go).
func unschedulable(c *cycle, refusals []*refusal) string {
	reasons, preemption := map[string]int{}, map[string]int{}
	for _, r := range refusals {
		for _, reason := range r.reasons {
			reasons[reason]++
		}
		if r.final {
			preemption["Preemption is not helpful for scheduling"]++
		} else {
			preemption["No preemption victims found for incoming pod"]++
		}
	}
	after := available(len(c.Nodes), preemption)
	if p := c.pod.Spec.PreemptionPolicy; p != nil && *p == corev1.PreemptNever {
		after = "not eligible due to preemptionPolicy=Never."
	}
	return available(len(c.Nodes), reasons) + " no new claims to deallocate, preemption: " + after
}

func available(nodes int, reasons map[string]int) string {
	counted := make([]string, 0, len(reasons))
	for reason, n := range reasons {
		counted = append(counted, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(counted)
	return fmt.Sprintf("0/%d nodes are available: %s.", nodes, strings.Join(counted, ", "))
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
