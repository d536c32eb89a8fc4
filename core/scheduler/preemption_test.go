package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/client"
)

func priority(n int32) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Spec.Priority = &n } }

func named(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Name, p.UID = name, types.UID(name) }
}

func app(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Labels = map[string]string{"app": name} }
}

func runsSince(minute int) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		at := metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC))
		p.Status.StartTime = &at
	}
}

// on places pods under their own names.
func (c *cache) on(node string, pods ...*corev1.Pod) *cache {
	for _, p := range pods {
		c.place(p, node)
	}
	return c
}

func term(key, app string) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{TopologyKey: key, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}}
}

func shunning(app string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term(corev1.LabelHostname, app)},
		}}
	}
}

func needing(key, app string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term(key, app)},
		}}
	}
}

func TestPreemption(t *testing.T) {
	two := func(change ...func(*corev1.Node)) *cache {
		change = append(change, room("cpu", "2"))
		return cluster(node("a", change...), node("b", change...))
	}
	high := pod(named("high"), priority(100), wants("cpu", "2"))
	for name, tc := range map[string]struct {
		cluster *cache
		pod     *corev1.Pod
		budgets []*policyv1.PodDisruptionBudget
		node    string
		victims []string
	}{
		"the less important": {
			two().on("a", pod(named("x"), priority(10), wants("cpu", "2"))).on("b", pod(named("y"), wants("cpu", "2"))),
			high, nil, "b", []string{"y"},
		},
		"nobody is less important": {
			two().on("a", pod(named("x"), priority(100), wants("cpu", "2"))).on("b", pod(named("y"), priority(101), wants("cpu", "2"))),
			high, nil, "", nil,
		},
		"the fewer": {
			two().on("a", pod(named("x1"), wants("cpu", "1")), pod(named("x2"), wants("cpu", "1"))).on("b", pod(named("y"), wants("cpu", "2"))),
			high, nil, "b", []string{"y"},
		},
		"the later started": {
			two().on("a", pod(named("x"), runsSince(5), wants("cpu", "2"))).on("b", pod(named("y"), runsSince(2), wants("cpu", "2"))),
			high, nil, "a", []string{"x"},
		},
		"only who must go, the more important stays": {
			cluster(node("a", room("cpu", "3"))).on("a", pod(named("x1"), priority(5), wants("cpu", "1")), pod(named("x2"), wants("cpu", "1")), pod(named("x3"), wants("cpu", "1"))),
			high, nil, "a", []string{"x2", "x3"},
		},
		"not who is protected": {
			two().on("a", pod(named("x"), app("db"), wants("cpu", "2"))).on("b", pod(named("y"), priority(50), wants("cpu", "2"))),
			high, []*policyv1.PodDisruptionBudget{budget("db", 0)}, "b", []string{"y"},
		},
		"who is protected, if there is nobody else": {
			cluster(node("a", room("cpu", "2"))).on("a", pod(named("x"), app("db"), wants("cpu", "2"))),
			high, []*policyv1.PodDisruptionBudget{budget("db", 0)}, "a", []string{"x"},
		},
		"who shuns it": {
			cluster(node("a")).on("a", pod(named("x"), shunning("web")), pod(named("y"))),
			pod(named("high"), priority(100), app("web")), nil, "a", []string{"x"},
		},
		"in vain": {
			two(tainted("NoSchedule")).on("a", pod(named("x"))), high, nil, "", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(tc.pod, Snapshot{Nodes: tc.cluster.order, Budgets: tc.budgets, cache: tc.cluster}, func(int) int { return 0 })
			var victims []string
			for _, v := range d.Victims {
				victims = append(victims, v.Name)
			}
			if d.Node != "" || d.Nomination != tc.node || !d.Renominate {
				t.Errorf("bound to %q, nominated %q (%v), want %q: %s", d.Node, d.Nomination, d.Renominate, tc.node, d.Message)
			}
			if diff := cmp.Diff(tc.victims, victims); diff != "" {
				t.Error(diff)
			}
			if (d.Nomination != "") == strings.Contains(d.Message, "preemption:") {
				t.Error("the sentence is wrong:", d.Message)
			}
		})
	}
}

func budget(app string, allowed int32) *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: app},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}},
		Status:     policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: allowed},
	}
}

// The room that victims leave is kept for whom they left, against those who
// are no more important, and while they are going it asks for no more.
func TestNomination(t *testing.T) {
	ending := pod(named("victim"), wants("cpu", "2"), func(p *corev1.Pod) {
		p.DeletionTimestamp = &metav1.Time{}
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: corev1.PodReasonPreemptionByScheduler}}
	})
	c := cluster(node("a", room("cpu", "2"))).on("a", ending)
	waiting := pod(named("high"), priority(100), wants("cpu", "2"), func(p *corev1.Pod) { p.Status.NominatedNodeName = "a" })
	c.nominate(waiting, "a")
	if d := c.decide(waiting, nil); d.Renominate || !strings.HasSuffix(d.Message, "preemption: not eligible due to a terminating pod on the nominated node.") {
		t.Errorf("asks for more: %v %s", d.Renominate, d.Message)
	}
	c.lift(ending.UID)
	if d := c.decide(pod(named("low"), wants("cpu", "1")), nil); d.Node != "" {
		t.Error("one that is less important took the room")
	}
	if d := c.decide(pod(named("higher"), priority(200), wants("cpu", "1")), nil); d.Node != "a" {
		t.Error("one that is more important did not take it:", d.Message)
	}
	if d := c.decide(waiting, nil); d.Node != "a" || len(d.Rows) != 1 {
		t.Errorf("its own node is not tried first: %q, %d rows", d.Node, len(d.Rows))
	}
}

func TestAffinity(t *testing.T) {
	const zone = corev1.LabelTopologyZone
	zones := func() *cache {
		return cluster(node("a", labelled(zone, "x")), node("b", labelled(zone, "y")), node("c"))
	}
	elsewhere := func(p *corev1.Pod) { p.Namespace = "other" }
	ending := func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }
	for name, tc := range map[string]struct {
		cluster *cache
		pod     *corev1.Pod
		want    string // the node, or how the sentence begins
	}{
		"where the needed are":      {zones().on("b", pod(named("db"), app("db"))), pod(needing(zone, "db")), "b"},
		"those being deleted count": {zones().on("b", pod(named("db"), app("db"), ending)), pod(needing(zone, "db")), "b"},
		"the needed are nowhere": {zones(), pod(needing(zone, "db")),
			"0/3 nodes are available: 3 node(s) didn't match pod affinity rules."},
		"the needed are in another namespace": {zones().on("b", pod(named("db"), app("db"), elsewhere)), pod(needing(zone, "db")),
			"0/3 nodes are available: 3 node(s) didn't match pod affinity rules."},
		"the needed are in no domain": {zones().on("c", pod(named("db"), app("db"))), pod(needing(zone, "db")),
			"0/3 nodes are available: 3 node(s) didn't match pod affinity rules."},
		"the first of a series": {cluster(node("a"), node("b", labelled(zone, "y"))), pod(app("db"), needing(zone, "db")), "b"},
		"shunned": {cluster(node("a"), node("b", cordoned)).on("a", pod(named("w"), app("web"))), pod(shunning("web")),
			"0/2 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 1 node(s) were unschedulable."},
		"shunning": {cluster(node("a"), node("b", cordoned)).on("a", pod(named("w"), shunning("web"))), pod(app("web")),
			"0/2 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules, 1 node(s) were unschedulable."},
	} {
		t.Run(name, func(t *testing.T) {
			d := tc.cluster.decide(tc.pod, nil)
			if d.Node != tc.want && !strings.HasPrefix(d.Message, tc.want) {
				t.Errorf("chose %q: %s", d.Node, d.Message)
			}
		})
	}
}

func TestFeelingsFollowPods(t *testing.T) {
	c := cluster(node("a")).on("a", pod(named("x"), shunning("web")), pod(named("y"), shunning("web")))
	if len(c.feelings) != 1 {
		t.Errorf("%d feelings of two pods that say the same", len(c.feelings))
	}
	c.lift("x")
	c.lift("y")
	if len(c.feelings) != 0 || len(c.inNamespace) != 0 || len(c.nodes["a"].pods) != 0 || len(c.nodes["a"].ranks) != 0 {
		t.Errorf("left behind: %+v %+v", c.feelings, c.nodes["a"])
	}
}

func TestPreemptsThroughTheAPI(t *testing.T) {
	w := newWorld(t, node("n", room("cpu", "2")))
	w.pod("low", wants("cpu", "2"), func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = new(int64) })
	w.quiet()
	from := w.st.Revision()
	w.pod("high", wants("cpu", "2"), func(p *corev1.Pod) { p.Spec.PriorityClassName = "system-cluster-critical" })
	w.quiet()
	if w.on("high") != "n" {
		t.Error("high is not bound")
	}
	if _, err := client.Get[*corev1.Pod](w.you, "default", "low"); err == nil {
		t.Error("low is still there")
	}
	want := []string{
		"create events/", "patch pods/status", "patch pods/status", "delete pods/", "delete pods/", "create events/", "create pods/binding", "create events/",
	}
	if diff := cmp.Diff(want, w.writes(from)); diff != "" {
		t.Error(diff)
	}
	if got := fmt.Sprint(w.events("low")); !strings.Contains(got, "Normal Preempted by default-scheduler: Preempted by pod") {
		t.Error(got)
	}
}

func TestProfiles(t *testing.T) {
	config := func(text string) []Profile {
		t.Helper()
		return must(ParseProfiles([]byte("apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n" + text)))
	}
	all := config(`profiles:
- schedulerName: packer
  plugins: {score: {disabled: [{name: NodeResourcesFit}, {name: PodTopologySpread}], enabled: [{name: ImageLocality, weight: 50}]}}
- plugins: {multiPoint: {disabled: [{name: TaintToleration}]}}
`)
	if len(all) != 2 || all[0].Name != "packer" || all[1].Name != Name {
		t.Fatalf("%+v", all)
	}
	c := cluster(node("a", tainted("NoSchedule")))
	if d := Decide(pod(), Snapshot{Nodes: c.order, cache: c, profile: &all[1]}, nil); d.Node != "a" {
		t.Error("a disabled filter has dropped a node:", d.Message)
	}
	c = cluster(node("a"), node("b", func(n *corev1.Node) {
		n.Status.Images = []corev1.ContainerImage{{Names: []string{"nginx:latest"}, SizeBytes: 300 << 20}}
	})).on("b", pod(named("x"), wants("cpu", "4")))
	if d := Decide(pod(), Snapshot{Nodes: c.order, cache: c, profile: &all[0]}, nil); d.Node != "b" {
		t.Errorf("a weight does not count: %+v", d.Rows)
	}
	for _, bad := range []string{
		"profiles: [{schedulerName: a}, {schedulerName: a}]", "profiles: [{plugins: {score: {disabled: [{name: Nope}]}}}]",
		"profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]", "extenders: []",
	} {
		if _, err := ParseProfiles([]byte("apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n" + bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestOtherProfileAnswers(t *testing.T) {
	w := newWorld(t)
	must(client.Create(w.you, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: ConfigNamespace, Name: ConfigName},
		Data:       map[string]string{ConfigKey: "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles: [{schedulerName: default-scheduler}, {schedulerName: mine}]\n"},
	}))
	w.proc.Kill()
	w.startScheduler()
	w.join(node("n"))
	w.pod("p", func(p *corev1.Pod) { p.Spec.SchedulerName = "mine" })
	w.quiet()
	if w.on("p") != "n" || len(w.events("p")) != 1 || !strings.Contains(w.events("p")[0], "by mine:") {
		t.Errorf("on %q, %v", w.on("p"), w.events("p"))
	}
}

// An event moves only pods that it can help.
func TestHints(t *testing.T) {
	type event = change
	web := pod(named("w"), app("web"))
	web.Spec.NodeName = "n"
	c := cluster(node("n"))
	for name, tc := range map[string]struct {
		filter filter
		pod    *corev1.Pod
		event  event
		want   bool
	}{
		"the needed came":         {interPodAffinity, pod(needing("k", "web")), event{isPod: web}, true},
		"others came":             {interPodAffinity, pod(needing("k", "db")), event{isPod: web}, false},
		"the shunned went":        {interPodAffinity, pod(shunning("web")), event{wasPod: web}, true},
		"the shunned came":        {interPodAffinity, pod(shunning("web")), event{isPod: web}, false},
		"the shunning went":       {interPodAffinity, pod(app("x")), event{wasPod: pod(shunning("x"))}, true},
		"a node got the label":    {interPodAffinity, pod(needing("k", "x")), event{wasNode: node("n"), isNode: node("n", labelled("k", "v"))}, true},
		"a node got another":      {interPodAffinity, pod(needing("k", "x")), event{wasNode: node("n"), isNode: node("n", labelled("l", "v"))}, false},
		"room became free":        {nodeResourcesFit, pod(wants("cpu", "1")), event{wasPod: web}, true},
		"not enough became free":  {nodeResourcesFit, pod(wants("cpu", "9")), event{wasPod: web}, false},
		"a pod came":              {nodeResourcesFit, pod(wants("cpu", "1")), event{isPod: web}, false},
		"a heartbeat":             {nodeUnschedulable, pod(), event{wasNode: node("n"), isNode: node("n")}, false},
		"uncordoned":              {nodeUnschedulable, pod(), event{wasNode: node("n", cordoned), isNode: node("n")}, true},
		"still tainted":           {taintToleration, pod(), event{wasNode: node("n", tainted("NoSchedule")), isNode: node("n", tainted("NoSchedule"))}, false},
		"a node went, resources":  {nodeResourcesFit, pod(wants("cpu", "1")), event{wasNode: node("n")}, false},
		"a node went, its domain": {podTopologySpread, spreading(), event{wasNode: node("n", labelled("k", "v"))}, true},
		"one of its kind went":    {podTopologySpread, spreading(), event{wasPod: web}, true},
		"another kind went":       {podTopologySpread, spreading(), event{wasPod: pod(app("db"))}, false},
	} {
		if got := tc.filter.helps(c, tc.pod, &tc.event); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func spreading() *corev1.Pod {
	return pod(func(p *corev1.Pod) {
		p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: "k", WhenUnsatisfiable: corev1.DoNotSchedule,
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
		}}
	})
}

// Room that is kept for a pod which never comes is given to others.
func TestNomineeGoes(t *testing.T) {
	w := newWorld(t, node("n", room("cpu", "2")))
	w.pod("low", wants("cpu", "2"))
	w.quiet()
	must(client.Patch(w.you, "default", "low", "", func(p *corev1.Pod) { p.Finalizers = []string{"example.com/stays"} }))
	w.pod("high", wants("cpu", "2"), func(p *corev1.Pod) { p.Spec.PriorityClassName = "system-node-critical" })
	w.quiet()
	if got := must(client.Get[*corev1.Pod](w.you, "default", "high")).Status.NominatedNodeName; got != "n" {
		t.Fatalf("nominated %q", got)
	}
	w.pod("mid", wants("cpu", "2"), func(p *corev1.Pod) { p.Spec.PriorityClassName = "system-cluster-critical" })
	w.quiet()
	must(client.Patch(w.you, "default", "low", "", func(p *corev1.Pod) { p.Finalizers = nil }))
	now := int64(0)
	if err := client.Delete[*corev1.Pod](w.you, "default", "high", &metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	if err := client.Delete[*corev1.Pod](w.you, "default", "low", &metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil && !strings.Contains(err.Error(), "not found") {
		t.Fatal(err)
	}
	w.quiet()
	if w.on("mid") != "n" {
		t.Error("mid is not bound")
	}
}
