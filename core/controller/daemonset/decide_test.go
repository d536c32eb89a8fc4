package daemonset

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

const present = "new"

func setOf(change ...func(*appsv1.DaemonSet)) *appsv1.DaemonSet {
	s := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "agent", Namespace: "default", UID: "s", Generation: 3}}
	s.Spec.UpdateStrategy = rollingBy(1, 0)
	for _, c := range change {
		c(s)
	}
	return s
}

func rollingBy(unavailable, surge int) appsv1.DaemonSetUpdateStrategy {
	u, s := intstr.FromInt(unavailable), intstr.FromInt(surge)
	return appsv1.DaemonSetUpdateStrategy{
		Type:          appsv1.RollingUpdateDaemonSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &u, MaxSurge: &s},
	}
}

func nodesOf(names ...string) []*corev1.Node {
	var nodes []*corev1.Node
	for _, name := range names {
		nodes = append(nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	return nodes
}

// pod is written "node state": the state's letters say that it is of the old
// template (o), isn't ready (u), is being deleted (d), has failed (f) or
// succeeded (s), or isn't bound yet (p).
func pods(words ...string) map[string][]*corev1.Pod {
	out := map[string][]*corev1.Pod{}
	for i, word := range words {
		node, state, _ := strings.Cut(word, " ")
		name := node + string(rune('a'+i))
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: types.UID(name), Labels: map[string]string{hashLabel: present},
			CreationTimestamp: metav1.NewTime(noon.Add(time.Duration(i) * time.Second)),
		}}
		p.Spec.NodeName, p.Status.Phase = node, corev1.PodRunning
		ready := corev1.ConditionTrue
		for _, letter := range state {
			switch letter {
			case 'o':
				p.Labels[hashLabel] = "old"
			case 'u':
				ready = corev1.ConditionFalse
			case 'd':
				p.DeletionTimestamp = &metav1.Time{Time: noon}
			case 'f':
				p.Status.Phase = corev1.PodFailed
			case 's':
				p.Status.Phase = corev1.PodSucceeded
			case 'p':
				p.Spec.NodeName, p.Spec.Affinity = "", onNode(nil, node)
			}
		}
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready, LastTransitionTime: metav1.NewTime(noon)}}
		out[node] = append(out[node], p)
	}
	return out
}

func TestDecide(t *testing.T) {
	surging := func(s *appsv1.DaemonSet) { s.Spec.UpdateStrategy = rollingBy(0, 1) }
	onDelete := func(s *appsv1.DaemonSet) {
		s.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType}
	}
	two := func(s *appsv1.DaemonSet) { s.Spec.UpdateStrategy = rollingBy(2, 0) }
	slow := func(s *appsv1.DaemonSet) { s.Spec.MinReadySeconds = 10 }
	for _, c := range []struct {
		name                  string
		set                   *appsv1.DaemonSet
		pods                  map[string][]*corev1.Pod
		create, delete, ended string
	}{
		{"nothing there", setOf(), nil, "1 2 3", "", ""},
		{"all there", setOf(), pods("1", "2", "3"), "", "", ""},
		{"one missing", setOf(), pods("1", "3"), "2", "", ""},
		{"one on its way", setOf(), pods("1", "2 p", "3"), "", "", ""},
		{"one being deleted is waited for", setOf(), pods("1", "2 d", "3"), "", "", ""},
		{"two on a node: the younger goes", setOf(), pods("1", "1", "2", "3"), "", "1b", ""},
		{"two on a node: the unbound goes", setOf(), pods("1 p", "1", "2", "3"), "", "1a", ""},
		{"failed", setOf(), pods("1 f", "2", "3"), "", "", "1a"},
		{"succeeded", setOf(), pods("1 s", "2", "3"), "", "", "1a"},
		{"its node has gone", setOf(), pods("1", "2", "3", "9 p"), "", "9d", ""},
		{"on a node that has gone", setOf(), pods("1", "2", "3", "9"), "", "", ""},

		{"rolling: one at a time", setOf(), pods("1 o", "2 o", "3 o"), "", "1a", ""},
		{"rolling: waits for the one deleted", setOf(), pods("1 od", "2 o", "3 o"), "", "", ""},
		{"rolling: the missing comes first", setOf(), pods("2 o", "3 o"), "1", "", ""},
		{"rolling: waits for the one that isn't ready", setOf(), pods("1 u", "2 o", "3 o"), "", "", ""},
		{"rolling: goes on", setOf(), pods("1", "2 o", "3 o"), "", "2b", ""},
		{"rolling: old ones that aren't ready go at once", setOf(), pods("1 o", "2 ou", "3 ou"), "", "2b 3c", ""},
		{"rolling: two at a time", setOf(two), pods("1 o", "2 o", "3 o"), "", "1a 2b", ""},
		{"rolling: not yet available", setOf(slow), pods("1", "2 o", "3 o"), "", "2b 3c", ""},
		{"on delete", setOf(onDelete), pods("1 o", "2 o", "3 o"), "", "", ""},

		{"surge: one more", setOf(surging), pods("1 o", "2 o", "3 o"), "1", "", ""},
		{"surge: waits for the new", setOf(surging), pods("1 o", "1 u", "2 o", "3 o"), "", "", ""},
		{"surge: the old goes", setOf(surging), pods("1 o", "1", "2 o", "3 o"), "", "1a", ""},
		{"surge: the next", setOf(surging), pods("1", "1 od", "2 o", "3 o"), "2", "", ""},
		{"surge: beside an old one that isn't ready at once", setOf(surging), pods("1 ou", "2 ou", "3 o"), "1 2 3", "", ""},
		{"surge: an old one that isn't ready goes before the new is", setOf(surging), pods("1 ou", "1 u", "2", "3"), "", "1a", ""},
		{"surge: three on a node", setOf(surging), pods("1 o", "1 u", "1 u", "2", "3"), "", "1c", ""},
		{"surge: only a deleted one", setOf(surging), pods("1 d", "2", "3"), "1", "", ""},
	} {
		got := decide(observed{set: c.set, hash: present, nodes: nodesOf("1", "2", "3"), pods: c.pods, now: noon})
		if create := strings.Join(got.create, " "); create != c.create || names(got.delete) != c.delete || names(got.ended) != c.ended {
			t.Errorf("%s: create %q, delete %q, ended %q; want %q, %q, %q",
				c.name, create, names(got.delete), names(got.ended), c.create, c.delete, c.ended)
		}
	}
}

func names(pods []*corev1.Pod) string {
	var all []string
	for _, p := range pods {
		all = append(all, p.Name)
	}
	return strings.Join(all, " ")
}

func TestFailedPodsAreHeld(t *testing.T) {
	seen := observed{set: setOf(), hash: present, nodes: nodesOf("1", "2"), pods: pods("1 f", "2 f"), now: noon,
		held: map[string]time.Duration{"1": time.Minute, "2": time.Second}}
	if got := decide(seen); len(got.ended) != 0 || got.recheck != time.Second {
		t.Errorf("decided %+v", got)
	}
}

func TestFits(t *testing.T) {
	tainted := func(key string, effect corev1.TaintEffect) func(*corev1.Node) {
		return func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: key, Effect: effect}} }
	}
	for _, c := range []struct {
		name      string
		node      func(*corev1.Node)
		template  func(*corev1.PodSpec)
		run, stay bool
	}{
		{"any", nil, nil, true, true},
		{"a taint that keeps away", tainted("x", corev1.TaintEffectNoSchedule), nil, false, true},
		{"a taint that drives away", tainted("x", corev1.TaintEffectNoExecute), nil, false, false},
		{"a taint that dissuades", tainted("x", corev1.TaintEffectPreferNoSchedule), nil, true, true},
		{"tolerated", tainted("x", corev1.TaintEffectNoExecute), func(s *corev1.PodSpec) {
			s.Tolerations = []corev1.Toleration{{Key: "x", Operator: corev1.TolerationOpExists}}
		}, true, true},
		{"cordoned", tainted(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule), nil, true, true},
		{"not ready", tainted(corev1.TaintNodeNotReady, corev1.TaintEffectNoExecute), nil, true, true},
		{"no network", tainted(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule), nil, false, true},
		{"no network needed", tainted(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule),
			func(s *corev1.PodSpec) { s.HostNetwork = true }, true, true},
		{"another node's name", nil, func(s *corev1.PodSpec) { s.NodeName = "2" }, false, false},
		{"lacks a label", nil, func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"disk": "ssd"} }, false, false},
		{"has a label", func(n *corev1.Node) { n.Labels = map[string]string{"disk": "ssd"} },
			func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"disk": "ssd"} }, true, true},
		{"named by affinity", nil, func(s *corev1.PodSpec) { s.Affinity = onNode(nil, "1") }, true, true},
		{"another named by affinity", nil, func(s *corev1.PodSpec) { s.Affinity = onNode(nil, "2") }, false, false},
		{"affinity to a label", nil, func(s *corev1.PodSpec) {
			s.Affinity = onNode(nil, "1")
			s.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions =
				[]corev1.NodeSelectorRequirement{{Key: "disk", Operator: corev1.NodeSelectorOpExists}}
		}, false, false},
	} {
		node, s := nodesOf("1")[0], setOf()
		if c.node != nil {
			c.node(node)
		}
		if c.template != nil {
			c.template(&s.Spec.Template.Spec)
		}
		if run, stay := fits(s, node); run != c.run || stay != c.stay {
			t.Errorf("%s: runs %v, stays %v; want %v, %v", c.name, run, stay, c.run, c.stay)
		}
	}
}

func TestPodFor(t *testing.T) {
	s := setOf()
	s.Annotations = map[string]string{appsv1.DeprecatedTemplateGeneration: "4"}
	s.Spec.Template.Labels = map[string]string{"app": "agent"}
	own := corev1.Toleration{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists,
		Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64)}
	s.Spec.Template.Spec.Tolerations = []corev1.Toleration{own}
	p := podFor(s, "abc", "2")
	want := map[string]string{"app": "agent", "controller-revision-hash": "abc", "pod-template-generation": "4"}
	if diff := cmp.Diff(want, p.Labels); diff != "" || p.GenerateName != "agent-" || targetOf(p) != "2" || !metav1.IsControlledBy(p, s) {
		t.Errorf("%+v\n%s", p.ObjectMeta, diff)
	}
	if first := p.Spec.Tolerations[0]; first.TolerationSeconds != nil || len(p.Spec.Tolerations) != len(tolerated) {
		t.Errorf("tolerations %+v", p.Spec.Tolerations)
	}
	if len(s.Spec.Template.Labels) != 1 || s.Spec.Template.Spec.Tolerations[0].TolerationSeconds == nil || s.Spec.Template.Spec.Affinity != nil {
		t.Error("the template was changed")
	}
}

func TestStatus(t *testing.T) {
	s := setOf(func(s *appsv1.DaemonSet) { s.Spec.MinReadySeconds = 10 })
	seen := observed{set: s, hash: present, nodes: nodesOf("1", "2", "3", "4"), pods: pods("1", "2 o", "3 u"), now: noon.Add(5 * time.Second)}
	seen.pods["2"][0].Status.Conditions[0].LastTransitionTime = metav1.NewTime(noon.Add(-time.Minute))
	seen.nodes = append(seen.nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "5"},
		Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectNoSchedule}}}})
	seen.pods["5"] = pods("5")["5"]
	want := appsv1.DaemonSetStatus{
		ObservedGeneration: 3, DesiredNumberScheduled: 4, CurrentNumberScheduled: 3, NumberMisscheduled: 1,
		NumberReady: 2, NumberAvailable: 1, NumberUnavailable: 3, UpdatedNumberScheduled: 2,
	}
	if diff := cmp.Diff(want, statusOf(seen)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestSuperseded(t *testing.T) {
	var old []*appsv1.ControllerRevision
	for i, hash := range []string{"c", "a", "d", "b"} {
		old = append(old, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Name: hash, Labels: map[string]string{hashLabel: hash}},
			Revision: int64([]int{3, 1, 4, 2}[i])})
	}
	live := pods("1")["1"]
	live[0].Labels[hashLabel] = "a"
	for keep, want := range map[int][]string{0: {"b", "c", "d"}, 2: {"b", "c"}, 3: {"b"}, 4: nil} {
		var got []string
		for _, r := range superseded(old, live, keep) {
			got = append(got, r.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("keeping %d: %v go, want %v", keep, got, want)
		}
	}
}
