package scheduler

import (
	"fmt"
	"math"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// node makes a machine of 8 cpus, 16Gi and 110 pods.
func node(name string, change ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name}}}
	n.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("16Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	for _, fn := range change {
		fn(n)
	}
	return n
}

func cordoned(n *corev1.Node) { n.Spec.Unschedulable = true }

func tainted(effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "k", Value: "v", Effect: effect})
	}
}

func labelled(key, value string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Labels[key] = value }
}

func room(name corev1.ResourceName, quantity string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Status.Allocatable[name] = resource.MustParse(quantity) }
}

func pod(change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p", UID: "p"},
		Spec:       corev1.PodSpec{SchedulerName: Name, Containers: []corev1.Container{{Name: "c", Image: "nginx"}}},
	}
	for _, fn := range change {
		fn(p)
	}
	return p
}

func wants(name corev1.ResourceName, quantity string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		r := &p.Spec.Containers[0].Resources
		if r.Requests == nil {
			r.Requests = corev1.ResourceList{}
		}
		r.Requests[name] = resource.MustParse(quantity)
	}
}

func toleratesAll(p *corev1.Pod) {
	p.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
}

func requires(key string, values ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: values}},
			}}},
		}}
	}
}

func hostPortOf(port int32) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: port}} }
}

// cluster is a cache with nodes.
func cluster(nodes ...*corev1.Node) *cache {
	c := newCache()
	for _, n := range nodes {
		c.setNode(n)
	}
	return c
}

// with places pods: cluster(…).with("node-1", pod(…)).
func (c *cache) with(node string, pods ...*corev1.Pod) *cache {
	for i, p := range pods {
		p.UID = types.UID(fmt.Sprint(node, i, len(c.pods)))
		c.place(p, node)
	}
	return c
}

func (c *cache) decide(p *corev1.Pod, selector labels.Selector) Decision {
	return Decide(p, Snapshot{Nodes: c.order, Selector: selector, cache: c}, func(int) int { return 0 })
}

// The sentences were recorded from kube-scheduler v1.36.3.
func TestUnschedulableSentences(t *testing.T) {
	const after = " no new claims to deallocate, preemption: "
	three := func(change ...func(*corev1.Node)) *cache {
		c := newCache()
		for i := range 3 {
			n := node(fmt.Sprintf("node-%d", i+1))
			if i < len(change) && change[i] != nil {
				change[i](n)
			}
			c.setNode(n)
		}
		return c
	}
	unhelpful := after + "0/3 nodes are available: 3 Preemption is not helpful for scheduling."
	never := corev1.PreemptNever
	for name, tc := range map[string]struct {
		cluster *cache
		pod     *corev1.Pod
		want    string
	}{
		"no nodes": {newCache(), pod(), "no nodes available to schedule pods"},
		"all cordoned": {three(cordoned, cordoned, cordoned), pod(),
			"0/3 nodes are available: 3 node(s) were unschedulable." + unhelpful},
		"larger than any node": {three(), pod(wants("cpu", "100")),
			"0/3 nodes are available: 3 Insufficient cpu." + unhelpful},
		"two resources": {three(), pod(wants("cpu", "100"), wants("memory", "100Gi")),
			"0/3 nodes are available: 3 Insufficient cpu, 3 Insufficient memory." + unhelpful},
		"one node each": {three(tainted("NoSchedule"), cordoned), pod(wants("cpu", "100")),
			"0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable." + unhelpful},
		"an extended resource": {three(), pod(wants("nvidia.com/gpu", "1")),
			"0/3 nodes are available: 3 Insufficient nvidia.com/gpu." + unhelpful},
		"required affinity": {three(cordoned), pod(requires("disk", "ssd")),
			"0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector." + unhelpful},
		"node selector": {three(), pod(func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "ssd"} }),
			"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector." + unhelpful},
		"full, and nobody to evict": {three(tainted("NoSchedule"), cordoned).with("node-3", pod(wants("cpu", "6"))), pod(wants("cpu", "4")),
			"0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable." + after +
				"0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling."},
		"must not preempt": {three(), pod(wants("cpu", "100"), func(p *corev1.Pod) { p.Spec.PreemptionPolicy = &never }),
			"0/3 nodes are available: 3 Insufficient cpu." + after + "not eligible due to preemptionPolicy=Never."},
		"pod limit": {cluster(node("node-1", room("pods", "1"))).with("node-1", pod()), pod(),
			"0/1 nodes are available: 1 Too many pods." + after + "0/1 nodes are available: 1 No preemption victims found for incoming pod."},
		"host port": {cluster(node("node-1")).with("node-1", pod(hostPortOf(80))), pod(hostPortOf(80)),
			"0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports." + after +
				"0/1 nodes are available: 1 No preemption victims found for incoming pod."},
	} {
		t.Run(name, func(t *testing.T) {
			d := tc.cluster.decide(tc.pod, nil)
			if d.Node != "" || d.Message != tc.want {
				t.Errorf("chose %q:\n got %s\nwant %s", d.Node, d.Message, tc.want)
			}
		})
	}
}

func TestNamedNodeOnly(t *testing.T) {
	p := pod(wants("cpu", "100"), func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"node-2"}}},
			}}},
		}}
	})
	c := cluster(node("node-1"), node("node-2"), node("node-3"))
	want := "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
	if d := c.decide(p, nil); d.Message != want {
		t.Errorf("got %s", d.Message)
	}
	p.Spec.Containers[0].Resources.Requests = nil
	if d := c.decide(p, nil); d.Node != "node-2" {
		t.Errorf("chose %q", d.Node)
	}
}

func TestChoice(t *testing.T) {
	web := map[string]string{"app": "web"}
	isWeb := func(p *corev1.Pod) { p.Labels = web }
	prefers := func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
				Weight: 10, Preference: corev1.NodeSelectorTerm{
					MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "disk", Operator: corev1.NodeSelectorOpExists}},
				},
			}},
		}}
	}
	for name, tc := range map[string]struct {
		cluster *cache
		pod     *corev1.Pod
		want    string
	}{
		"the emptier":             {cluster(node("a"), node("b")).with("a", pod(wants("cpu", "1"))), pod(), "b"},
		"usual requests count":    {cluster(node("a"), node("b")).with("a", pod()), pod(), "b"},
		"taint preferred against": {cluster(node("a", tainted("PreferNoSchedule")), node("b")).with("b", pod(wants("cpu", "2"))), pod(), "b"},
		"taint tolerated":         {cluster(node("a", tainted("NoSchedule")), node("b", cordoned)), pod(toleratesAll), "a"},
		"preferred label":         {cluster(node("a"), node("b", labelled("disk", "ssd"))).with("b", pod(wants("cpu", "1"))), pod(prefers), "b"},
		"spread over hosts": {cluster(node("a"), node("b")).with("a", pod(isWeb), pod(isWeb)).with("b", pod(wants("cpu", "1"))),
			pod(isWeb), "b"},
		"spread over zones": {cluster(
			node("a", labelled(corev1.LabelTopologyZone, "x")), node("b", labelled(corev1.LabelTopologyZone, "x")),
			node("c", labelled(corev1.LabelTopologyZone, "y"))).with("a", pod(isWeb), pod(isWeb)).with("c", pod(wants("cpu", "1"))),
			pod(isWeb), "c"},
		"image there": {cluster(node("a"), node("b", func(n *corev1.Node) {
			n.Status.Images = []corev1.ContainerImage{{Names: []string{"nginx:latest"}, SizeBytes: 900 << 20}}
		})), pod(), "b"},
	} {
		t.Run(name, func(t *testing.T) {
			var selector labels.Selector
			if tc.pod.Labels != nil {
				selector = labels.SelectorFromSet(web)
			}
			d := tc.cluster.decide(tc.pod, selector)
			if d.Node != tc.want {
				t.Errorf("chose %q, want %q: %+v", d.Node, tc.want, d.Rows)
			}
		})
	}
}

// Two empty nodes of 8 cpus and 16Gi, a pod that asks for nothing: the usual
// 100m and 200Mi leave 98 of 100 of each.
func TestScores(t *testing.T) {
	d := cluster(node("a"), node("b")).decide(pod(wants("cpu", "4"), wants("memory", "4Gi")), nil)
	got := map[string]int64{}
	for _, s := range d.Rows[0].Scores {
		got[s.Plugin] = s.Score
	}
	// Least allocated: (50+75)/2. Balanced: before 100, after 100·(1-|0.5-0.25|/2) = 87: 50+(50+87-100)/2.
	want := map[string]int64{"TaintToleration": 300, "NodeResourcesFit": 62, "NodeResourcesBalancedAllocation": 68, "ImageLocality": 0}
	for plugin, score := range want {
		if got[plugin] != score {
			t.Errorf("%s: %d, want %d", plugin, got[plugin], score)
		}
	}
	if len(got) != len(want) || d.Rows[0].Total != 430 {
		t.Errorf("scores %v, total %d", got, d.Rows[0].Total)
	}
}

func TestDoNotSchedule(t *testing.T) {
	isWeb := func(p *corev1.Pod) { p.Labels = map[string]string{"app": "web"} }
	p := pod(isWeb, func(p *corev1.Pod) {
		p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule,
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
		}}
	})
	c := cluster(node("a"), node("b")).with("a", pod(isWeb))
	if d := c.decide(p, nil); d.Node != "b" || d.Rows[0].Plugin != "PodTopologySpread" {
		t.Errorf("chose %q, a was dropped by %q", d.Node, d.Rows[0].Plugin)
	}
	c.setNode(node("b", cordoned))
	want := "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable."
	if d := c.decide(p, nil); len(d.Message) < len(want) || d.Message[:len(want)] != want {
		t.Errorf("got %s", d.Message)
	}
}

func TestDemand(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	cpu := func(q string) corev1.ResourceRequirements {
		return corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse(q)}}
	}
	p := &corev1.Pod{Spec: corev1.PodSpec{
		InitContainers: []corev1.Container{
			{Name: "side", RestartPolicy: &always, Resources: cpu("100m")},
			{Name: "init", Resources: cpu("2")},
		},
		Containers: []corev1.Container{{Name: "a", Resources: cpu("500m")}, {Name: "b"}},
		Overhead:   corev1.ResourceList{"cpu": resource.MustParse("10m")},
	}}
	d := demandOf(p)
	// The init container beside the sidecar is the largest moment: 2100m, and overhead.
	if d.Request.MilliCPU != 2110 || d.UsualMemory != 3*usualMemory {
		t.Errorf("cpu %d, usual memory %d", d.Request.MilliCPU, d.UsualMemory)
	}
}

func TestSumsFollowPods(t *testing.T) {
	c := cluster(node("a"))
	p := pod(wants("cpu", "1"), hostPortOf(80), func(p *corev1.Pod) { p.Labels = map[string]string{"app": "web"} })
	web := labels.SelectorFromSet(labels.Set{"app": "web"})
	c.place(p, "a")
	if n := c.nodes["a"]; n.Requested.MilliCPU != 1000 || n.Pods != 1 || len(n.ports) != 1 || c.matching("default", web)["a"] != 1 {
		t.Errorf("after placing: %+v", n)
	}
	deleted := p.DeepCopy()
	deleted.DeletionTimestamp = &metav1.Time{}
	c.place(deleted, "a")
	if got := c.matching("default", web)["a"]; got != 0 {
		t.Error("a pod being deleted counts for spreading:", got)
	}
	c.lift(p.UID)
	if n := c.nodes["a"]; n.Requested.MilliCPU != 0 || n.Pods != 0 || len(n.ports) != 0 || n.UsualMemory != 0 {
		t.Errorf("after lifting: %+v", n)
	}
	c.place(p, "unknown")
	c.setNode(node("unknown"))
	if c.nodes["unknown"].Pods != 1 {
		t.Error("a pod that came before its node is lost")
	}
}

func TestLogarithm(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 14, 102, 5002} {
		if got, want := logarithm(n), math.Log(float64(n)); math.Abs(got-want) > 1e-12 {
			t.Errorf("ln %d = %v, want %v", n, got, want)
		}
	}
}
