package chain

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/trace"
)

// line reads "12 write scheduler create pods/binding web-1 <10 11": revision,
// type, actor, verb, resource, name, causes.
func line(t *testing.T, s string) trace.Line {
	t.Helper()
	head, causes, _ := strings.Cut(s, " <")
	w := strings.Fields(head)
	e := trace.Line{Type: trace.Type(w[1]), Actor: w[2], Verb: w[3], Name: w[5]}
	e.Resource, e.Subresource, _ = strings.Cut(w[4], "/")
	if _, err := fmt.Sscan(w[0], &e.Revision); err != nil {
		t.Fatal(err)
	}
	for _, c := range strings.Fields(causes) {
		var rev int64
		if _, err := fmt.Sscan(c, &rev); err != nil {
			t.Fatal(err)
		}
		e.Causes = append(e.Causes, rev)
	}
	return e
}

func lines(t *testing.T, text string) []trace.Line {
	var out []trace.Line
	for s := range strings.Lines(text) {
		if s = strings.TrimSpace(s); s != "" {
			e := line(t, s)
			e.Seq = int64(len(out) + 1)
			out = append(out, e)
		}
	}
	return out
}

func none(*trace.Line) ([]trace.Change, bool) { return nil, true }

func TestPatterns(t *testing.T) {
	binding := line(t, "12 write scheduler create pods/binding web-1 <10")
	kubelet := line(t, "0 decision kubelet/node-2 start pods web-1 <12")
	kubelet.Verdict = &trace.Verdict{Action: "start", Result: "started"}
	refused := line(t, "0 refused kubectl update deployments web")
	refused.Code, refused.Reason = 409, "Conflict"
	for _, c := range []struct {
		p    Pattern
		e    trace.Line
		want bool
	}{
		{Pattern{Actor: "scheduler"}, binding, true},
		{Pattern{Actor: "sched*", Resource: "pods/binding", Name: "web-*"}, binding, true},
		{Pattern{Resource: "pods"}, binding, false},
		{Pattern{Resource: "pods/*"}, binding, true},
		{Pattern{Type: trace.Decision, Actor: "scheduler"}, binding, false},
		{Pattern{Actor: "kubelet/*"}, kubelet, false},
		{Pattern{Type: trace.Decision, Actor: "kubelet/*", Result: "started"}, kubelet, true},
		{Pattern{Type: trace.Decision, Actor: "kubelet*"}, kubelet, false},
		{Pattern{Type: trace.Decision, Result: "failed"}, kubelet, false},
		{Pattern{Type: trace.Refused, Code: 409, Reason: "Conf*"}, refused, true},
		{Pattern{Type: trace.Refused, Code: 403}, refused, false},
		{Pattern{Verb: "create", Changed: []string{"spec.nodeName"}}, binding, true},
		{Pattern{Verb: "create", Changed: []string{"spec"}}, binding, true},
		{Pattern{Verb: "create", Changed: []string{"spec.node"}}, binding, false},
		{Pattern{Verb: "create", Changed: []string{"status.conditions"}}, binding, true},
		{Pattern{Set: map[string]any{"spec.replicas": 3}}, binding, true},
		{Pattern{Set: map[string]any{"spec.replicas": int64(3), "spec.nodeName": "node-2"}}, binding, true},
		{Pattern{Set: map[string]any{"spec.replicas": 1}}, binding, false},
		{Pattern{Set: map[string]any{"spec.replicas": 3, "spec.nodeName": "node-1"}}, binding, false},
		{Pattern{Set: map[string]any{"paused": true}}, binding, false},
		{Pattern{Set: map[string]any{"status.conditions[type=PodScheduled].status": "True"}}, binding, true},
		{Pattern{Set: map[string]any{"status.conditions[type=PodScheduled].status": "False"}}, binding, false},
		{Pattern{Set: map[string]any{"status.conditions[type=PodScheduled]": map[string]any{"status": "True", "type": "PodScheduled"}}}, binding, true},
	} {
		changes := func(*trace.Line) ([]trace.Change, bool) {
			return []trace.Change{
				{Path: "spec.nodeName", New: `"node-2"`}, {Path: "spec.replicas", Old: "1", New: "3"}, {Path: "paused", Old: "true", New: "true"},
				{Path: "status.conditions[type=PodScheduled]", New: `{"type":"PodScheduled","status":"True"}`},
			}, true
		}
		if err := c.p.Check(); err != nil {
			t.Error(err)
		}
		if got := c.p.Match(&c.e, changes) == Yes; got != c.want {
			t.Errorf("%+v on %s %s: %v", c.p, c.e.Actor, c.e.Resource, got)
		}
		unknown := func(*trace.Line) ([]trace.Change, bool) { return nil, false }
		if got := c.p.Match(&c.e, unknown); c.p.fields() && got != Maybe || !c.p.fields() && (got == Yes) != c.want {
			t.Errorf("%+v on %s %s, not knowing what it changed: %v", c.p, c.e.Actor, c.e.Resource, got)
		}
	}
	for _, bad := range []Pattern{{}, {Type: "wish", Actor: "x"}, {Actor: "[x"}, {Step: 11}, {Type: trace.Delivery, Changed: []string{"spec"}}, {Set: map[string]any{"a..b": 1}}, {Type: trace.Refused, Set: map[string]any{"spec": 1}}} {
		if bad.Check() == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// Two runs of one script: pods a and b in one order and in the other, and in
// the second the controller happens to have seen the first pod's binding
// before it wrote the second.
const (
	runOne = `
		10 write kubectl patch deployments/scale web
		10 delivery dc modified deployments web <10
		11 write dc update replicasets web-1 <10
		11 delivery rc modified replicasets web-1 <11
		12 write rc create pods a <11
		13 write rc create pods b <11
		12 delivery sched added pods a <12
		13 delivery sched added pods b <13
		14 write sched create pods/binding a <12
		15 write sched create pods/binding b <13`
	runTwo = `
		10 write kubectl patch deployments/scale web
		10 delivery dc modified deployments web <10
		11 write dc update replicasets web-1 <10
		11 delivery rc modified replicasets web-1 <11
		12 write rc create pods x <11
		12 delivery sched added pods x <12
		13 write sched create pods/binding x <12
		13 delivery rc modified pods x <13
		14 write rc create pods y <11 13
		14 delivery sched added pods y <14
		15 write sched create pods/binding y <14`
)

func blocks() []Block {
	return []Block{
		{ID: "scale", Event: Pattern{Actor: "kubectl"}},
		{ID: "set", Event: Pattern{Actor: "dc", Verb: "update"}},
		{ID: "pod", Event: Pattern{Actor: "rc", Verb: "create"}, Each: true},
		{ID: "bind", Event: Pattern{Resource: "pods/binding"}, Each: true},
		{ID: "new-set", Event: Pattern{Actor: "dc", Verb: "create"}, Never: true},
		{ID: "call", Never: true},
	}
}

func direct(truth *Truth) string {
	var out []string
	for _, e := range truth.Order.Direct() {
		out = append(out, truth.Events[e[0]].String()+">"+truth.Events[e[1]].String())
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// TestOnlyWhatAllRunsShareIsRequired: what one run shows as a cause by chance
// is not taught as a rule.
func TestOnlyWhatAllRunsShareIsRequired(t *testing.T) {
	a := Agree(blocks())
	for _, run := range []string{runTwo, runOne} {
		if err := a.Run(lines(t, run), none); err != nil {
			t.Fatal(err)
		}
	}
	want := "pod/1>bind/1 pod/2>bind/2 scale>set set>pod/1 set>pod/2"
	if got := direct(a.Truth()); got != want {
		t.Errorf("direct causes %s, want %s", got, want)
	}
	if got := a.Truth().Actors["bind"]; got != "sched" {
		t.Errorf("bind is done by %q", got)
	}
}

func TestWhatKeepsRunsFromAgreeing(t *testing.T) {
	for _, c := range []struct {
		change func([]Block)
		says   string
	}{
		{func(b []Block) { b[0].Event.Actor = "nobody" }, "scale: nobody did not happen"},
		{func(b []Block) { b[3].Each = false }, "bind: pods/binding matches twice"},
		{func(b []Block) { b[4].Event.Verb = "update" }, "new-set: dc update replicasets is called a misconception, but it happened"},
		{func(b []Block) { b[1] = Block{ID: "set", Event: Pattern{Actor: "dc", Verb: "update"}, Each: true} }, "other events for 1"},
	} {
		b := blocks()
		c.change(b)
		if err := Agree(b).Run(lines(t, runOne), none); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
}

func TestNumbering(t *testing.T) {
	each := func(block string) bool { return block != "scale" }
	for _, c := range []struct{ in, out string }{
		{"scale pod/1 pod/2 bind/2", "scale pod/1 pod/2 bind/2"},
		{"scale pod/7 pod/3 bind/3", "scale pod/1 pod/2 bind/2"},
		{"pod pod bind bind", "pod/1 pod/2 bind/1 bind/2"},
		{"pod bind pod bind pod", "pod/1 bind/1 pod/2 bind/2 pod/3"},
	} {
		var events []Event
		for _, s := range strings.Fields(c.in) {
			events = append(events, ParseEvent(s))
		}
		got, _ := Number(events, each)
		var words []string
		for _, e := range got {
			words = append(words, e.String())
		}
		if strings.Join(words, " ") != c.out {
			t.Errorf("%s becomes %s, want %s", c.in, strings.Join(words, " "), c.out)
		}
	}
}

func TestObserve(t *testing.T) {
	at := Observe(blocks(), lines(t, runTwo), none)
	for e, seq := range map[Event]int64{{"scale", 0}: 1, {"set", 0}: 3, {"pod", 1}: 5, {"bind", 1}: 7, {"pod", 2}: 9, {"bind", 2}: 11} {
		if at[e] != seq {
			t.Errorf("%s is at %d, want %d", e, at[e], seq)
		}
	}
}
