package scheduler

import (
	"maps"
	"math"

	corev1 "k8s.io/api/core/v1"
)

// hardAffinityWeight is what a pod's required affinity is worth to a pod that
// it means (InterPodAffinityArgs.hardPodAffinityWeight's default).
const hardAffinityWeight = 1

// interPodAffinity drops nodes in whose domain are not the pods that a pod
// needs, or some that it shuns, or that shun it (plugins/interpodaffinity).
var interPodAffinity = filter{
	name: "InterPodAffinity",
	prepare: func(c *cycle) bool {
		c.near = c.nearness()
		return len(c.near.shunnedBy) > 0 || c.terms != nil && len(c.terms.needs)+len(c.terms.shuns) > 0
	},
	check: checkAffinity,
	helps: affinityHint,
}

// domain is one value of a topology label.
type domain struct{ key, value string }

// nearness counts, by domain, the pods that keep a pod from a node or allow it.
type nearness struct {
	shunnedBy map[domain]int64 // terms of pods there that shun it
	needed    map[domain]int64 // pods that all its needs speak of
	shunned   map[domain]int64 // pods that it shuns
}

func (c *cycle) nearness() *nearness {
	n := &nearness{shunnedBy: map[domain]int64{}, needed: map[domain]int64{}, shunned: map[domain]int64{}}
	for _, f := range c.cache.feelings {
		if f.rule == shuns && f.term.means(c.pod, c.cache.namespaces[c.pod.Namespace]) {
			c.addDomains(n.shunnedBy, f.term.key, f.counts, 1)
		}
	}
	if c.terms == nil {
		return n
	}
	if len(c.terms.needs) > 0 {
		counts := c.cache.meant(c.terms.needs)
		for i := range c.terms.needs {
			c.addDomains(n.needed, c.terms.needs[i].key, counts, 1)
		}
	}
	for i := range c.terms.shuns {
		c.addDomains(n.shunned, c.terms.shuns[i].key, c.cache.meant(c.terms.shuns[i:i+1]), 1)
	}
	return n
}

// addDomains adds counts by node to the domains that the nodes are in.
func (c *cycle) addDomains(sums map[domain]int64, key string, counts map[string]int64, weight int64) {
	for name, n := range counts {
		info := c.cache.nodes[name]
		if info == nil || info.Node == nil {
			continue
		}
		if value, ok := info.Node.Labels[key]; ok {
			sums[domain{key, value}] += n * weight
		}
	}
}

func (n *nearness) clone() *nearness {
	if n == nil {
		return nil
	}
	return &nearness{maps.Clone(n.shunnedBy), maps.Clone(n.needed), maps.Clone(n.shunned)}
}

// shiftAffinity counts a pod in (sign 1) or out (-1), for what would be if it
// came to a node or went.
func (c *cycle) shiftAffinity(p *placed, node *corev1.Node, sign int64) {
	if c.near == nil {
		return
	}
	add := func(sums map[domain]int64, key string) {
		value, ok := node.Labels[key]
		if !ok {
			return
		}
		at := domain{key, value}
		if sums[at] += sign; sums[at] == 0 {
			delete(sums, at)
		}
	}
	if p.terms != nil {
		for i := range p.terms.shuns {
			if t := &p.terms.shuns[i]; t.means(c.pod, c.cache.namespaces[c.pod.Namespace]) {
				add(c.near.shunnedBy, t.key)
			}
		}
	}
	if c.terms == nil {
		return
	}
	if c.cache.meansAll(c.terms.needs, p.pod) {
		for i := range c.terms.needs {
			add(c.near.needed, c.terms.needs[i].key)
		}
	}
	for i := range c.terms.shuns {
		if t := &c.terms.shuns[i]; t.means(p.pod, c.cache.namespaces[p.pod.Namespace]) {
			add(c.near.shunned, t.key)
		}
	}
}

func checkAffinity(c *cycle, n *NodeInfo) *refusal {
	if c.terms != nil && !c.hasNeeded(n.Node) {
		return &refusal{[]string{"node(s) didn't match pod affinity rules"}, true}
	}
	if c.terms != nil && len(c.near.shunned) > 0 {
		for i := range c.terms.shuns {
			key := c.terms.shuns[i].key
			if value, ok := n.Node.Labels[key]; ok && c.near.shunned[domain{key, value}] > 0 {
				return &refusal{[]string{"node(s) didn't match pod anti-affinity rules"}, false}
			}
		}
	}
	if len(c.near.shunnedBy) > 0 {
		for key, value := range n.Node.Labels {
			if c.near.shunnedBy[domain{key, value}] > 0 {
				return &refusal{[]string{"node(s) didn't satisfy existing pods anti-affinity rules"}, false}
			}
		}
	}
	return nil
}

// hasNeeded tells whether the pods that the pod needs are in the node's
// domains. The first of a series that needs its own kind may go anywhere.
func (c *cycle) hasNeeded(node *corev1.Node) bool {
	found := true
	for i := range c.terms.needs {
		key := c.terms.needs[i].key
		value, ok := node.Labels[key]
		if !ok {
			return false
		}
		found = found && c.near.needed[domain{key, value}] > 0
	}
	return found || len(c.near.needed) == 0 && c.cache.meansAll(c.terms.needs, c.pod)
}

// affinityHint: the pod that came or changed is one that it needs, the one that
// went or changed is one that it shunned or that shunned it, or a node came or
// moved to another domain.
func affinityHint(c *cache, pod *corev1.Pod, ch *change) bool {
	t := termsOf(pod)
	if t == nil {
		t = &podTerms{}
	}
	if ch.isNode != nil {
		return affinityNodeHint(t, ch)
	}
	switch was, is := ch.wasPod, ch.isPod; {
	case was != nil && is != nil:
		return !c.meansAll(t.needs, was) && c.meansAll(t.needs, is) || c.meansAll(t.shuns, was) && !c.meansAll(t.shuns, is)
	case is != nil:
		return c.meansAll(t.needs, is)
	case was != nil:
		if c.meansAll(t.shuns, was) {
			return true
		}
		theirs := termsOf(was)
		return theirs != nil && c.meansAll(theirs.shuns, pod)
	}
	return false
}

func affinityNodeHint(t *podTerms, ch *change) bool {
	moved := func(key string) (before, after string, had, has bool) {
		if ch.wasNode != nil {
			before, had = ch.wasNode.Labels[key]
		}
		after, has = ch.isNode.Labels[key]
		return before, after, had, has
	}
	for i := range t.needs {
		if before, after, had, has := moved(t.needs[i].key); has && (!had || before != after) {
			return true
		}
	}
	for i := range t.shuns {
		if before, after, had, has := moved(t.shuns[i].key); ch.wasNode == nil || had && (!has || before != after) {
			return true
		}
	}
	return false
}

// scoreAffinity adds, for every node, the weights of what speaks for its
// domains and takes off those that speak against: the pod's own preferences,
// and those of the pods that are there (plugins/interpodaffinity/scoring.go).
func scoreAffinity(c *cycle) []int64 {
	sums := map[domain]int64{}
	for _, f := range c.cache.feelings {
		weight := f.term.weight
		if f.rule == dislikes {
			weight = -weight
		}
		if f.rule != shuns && f.term.means(c.pod, c.cache.namespaces[c.pod.Namespace]) {
			c.addDomains(sums, f.term.key, f.counts, weight)
		}
	}
	if c.terms != nil {
		for i := range c.terms.likes {
			c.addDomains(sums, c.terms.likes[i].key, c.cache.meant(c.terms.likes[i:i+1]), c.terms.likes[i].weight)
		}
		for i := range c.terms.dislikes {
			c.addDomains(sums, c.terms.dislikes[i].key, c.cache.meant(c.terms.dislikes[i:i+1]), -c.terms.dislikes[i].weight)
		}
	}
	if len(sums) == 0 {
		return nil
	}
	scores := make([]int64, len(c.feasible))
	for i, n := range c.feasible {
		for key, value := range n.Node.Labels {
			scores[i] += sums[domain{key, value}]
		}
	}
	return spreadOut(scores)
}

// spreadOut scales scores so that the least becomes 0 and the most maxScore.
func spreadOut(scores []int64) []int64 {
	var least, most int64 = math.MaxInt64, math.MinInt64
	for _, s := range scores {
		least, most = min(least, s), max(most, s)
	}
	for i := range scores {
		if most > least {
			scores[i] = int64(float64(maxScore) * (float64(scores[i]-least) / float64(most-least)))
			continue
		}
		scores[i] = 0
	}
	return scores
}
