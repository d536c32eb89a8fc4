package scheduler

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// maxTallies is how many selectors a namespace's pods are counted for.
const maxTallies = 200

// cache is the scheduler's picture of the nodes: sums that every pod that comes
// or goes changes, so that no decision has to look at pods
// (pkg/scheduler/backend/cache). A pod that has been bound counts at once; the
// watch confirms it later.
type cache struct {
	nodes   map[string]*NodeInfo // those without a Node only have pods so far
	order   []*NodeInfo          // those with a Node, by name
	pods    map[types.UID]*placed
	tallies map[string][]*tally // by namespace
	uses    int64

	feelings    map[string]*feeling   // what pods that are there say of others
	inNamespace map[string]int        // pods with a node
	namespaces  map[string]labels.Set // the labels of each
	nominees    map[string][]*placed  // by the node that is to become theirs

	claims   map[string]*corev1.PersistentVolumeClaim // by namespace/name
	users    map[string]int                           // pods with a node, by claim
	volumes  map[string]*corev1.PersistentVolume
	classes  map[string]*storagev1.StorageClass
	limits   map[string]map[string]int32 // how many volumes a node can take, by driver
	promised map[string]string           // volumes that are being bound, and to whose claims
}

// placed is a pod on a node.
type placed struct {
	pod    *corev1.Pod
	node   string
	demand Demand
	terms  *podTerms
}

func newPlaced(pod *corev1.Pod, node string) *placed {
	return &placed{pod: pod, node: node, demand: demandOf(pod), terms: termsOf(pod)}
}

// tally counts by node the pods of a namespace that a selector matches.
type tally struct {
	name     string
	selector labels.Selector
	ending   bool // pods that are being deleted count too
	counts   map[string]int64
	used     int64
}

func newCache() *cache {
	return &cache{
		nodes: map[string]*NodeInfo{}, pods: map[types.UID]*placed{}, tallies: map[string][]*tally{},
		feelings: map[string]*feeling{}, inNamespace: map[string]int{}, namespaces: map[string]labels.Set{},
		nominees: map[string][]*placed{},
		claims:   map[string]*corev1.PersistentVolumeClaim{}, users: map[string]int{},
		volumes: map[string]*corev1.PersistentVolume{}, classes: map[string]*storagev1.StorageClass{}, promised: map[string]string{},
		limits: map[string]map[string]int32{},
	}
}

func (c *cache) setNode(node *corev1.Node) {
	info := c.nodes[node.Name]
	if info == nil {
		info = &NodeInfo{}
		c.nodes[node.Name] = info
	}
	if info.Node == nil {
		i, _ := slices.BinarySearchFunc(c.order, node.Name, byName)
		c.order = slices.Insert(c.order, i, info)
	}
	info.set(node)
}

func byName(n *NodeInfo, name string) int { return strings.Compare(n.Node.Name, name) }

func (c *cache) removeNode(name string) {
	info := c.nodes[name]
	if info == nil || info.Node == nil {
		return
	}
	if i, found := slices.BinarySearchFunc(c.order, name, byName); found {
		c.order = slices.Delete(c.order, i, i+1)
	}
	info.Node = nil
	if info.Pods == 0 {
		delete(c.nodes, name)
	}
}

// place counts a pod on a node, or takes in a new version of it.
func (c *cache) place(pod *corev1.Pod, node string) {
	old := c.pods[pod.UID]
	if old != nil && old.node == node && old.pod.Generation == pod.Generation && sameForTallies(old.pod, pod) {
		old.pod = pod
		return
	}
	c.lift(pod.UID)
	p := newPlaced(pod, node)
	c.pods[pod.UID] = p
	c.inNamespace[pod.Namespace]++
	info := c.nodes[node]
	if info == nil {
		info = &NodeInfo{}
		c.nodes[node] = info
	}
	info.put(p, 1)
	c.tally(p, 1)
	c.feel(p, 1)
	c.use(p, 1)
}

func sameForTallies(a, b *corev1.Pod) bool {
	return (a.DeletionTimestamp == nil) == (b.DeletionTimestamp == nil) && equalLabels(a.Labels, b.Labels)
}

// lift takes a pod off its node; false when it was on none.
func (c *cache) lift(uid types.UID) (node string, found bool) {
	p := c.pods[uid]
	if p == nil {
		return "", false
	}
	delete(c.pods, uid)
	info := c.nodes[p.node]
	info.put(p, -1)
	if info.Node == nil && info.Pods == 0 {
		delete(c.nodes, p.node)
	}
	c.tally(p, -1)
	c.feel(p, -1)
	c.use(p, -1)
	if c.inNamespace[p.pod.Namespace]--; c.inNamespace[p.pod.Namespace] == 0 {
		delete(c.inNamespace, p.pod.Namespace)
	}
	return p.node, true
}

func (c *cache) placed(uid types.UID) bool { return c.pods[uid] != nil }

func (c *cache) tally(p *placed, sign int64) {
	for _, t := range c.tallies[p.pod.Namespace] {
		if t.takes(p.pod) {
			t.counts[p.node] += sign
		}
	}
}

func (t *tally) takes(pod *corev1.Pod) bool {
	return (t.ending || pod.DeletionTimestamp == nil) && t.selector.Matches(labels.Set(pod.Labels))
}

// use counts the claims of a pod in or out.
func (c *cache) use(p *placed, sign int) {
	for i := range p.pod.Spec.Volumes {
		if v := p.pod.Spec.Volumes[i].PersistentVolumeClaim; v != nil {
			key := p.pod.Namespace + "/" + v.ClaimName
			if c.users[key] += sign; c.users[key] == 0 {
				delete(c.users, key)
			}
		}
	}
}

// matching counts, by node, the pods that a selector matches in a namespace,
// for spreading: those being deleted don't count, and an empty selector matches
// nothing. The answer is only read.
func (c *cache) matching(namespace string, selector labels.Selector) map[string]int64 {
	if selector.Empty() {
		return nil
	}
	return c.tallyOf(namespace, selector, false)
}

// tallyOf counts pods by node. A selector that is new is counted once by
// looking at all pods and kept up to date from then on.
func (c *cache) tallyOf(namespace string, selector labels.Selector, ending bool) map[string]int64 {
	c.uses++
	name := selectorName(selector)
	for _, t := range c.tallies[namespace] {
		if t.ending == ending && t.name == name {
			t.used = c.uses
			return t.counts
		}
	}
	t := &tally{name: name, selector: selector, ending: ending, counts: map[string]int64{}, used: c.uses}
	for _, p := range c.pods {
		if p.pod.Namespace == namespace && t.takes(p.pod) {
			t.counts[p.node]++
		}
	}
	c.remember(namespace, t)
	return t.counts
}

// remember adds a tally, in place of the one unused for longest when there are
// too many.
func (c *cache) remember(namespace string, t *tally) {
	all := c.tallies[namespace]
	if len(all) < maxTallies {
		c.tallies[namespace] = append(all, t)
		return
	}
	oldest := 0
	for i := range all {
		if all[i].used < all[oldest].used {
			oldest = i
		}
	}
	all[oldest] = t
}
