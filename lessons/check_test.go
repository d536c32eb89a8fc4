package lessons

import (
	"errors"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/tabernetes/tabernetes/lessons/chain"
)

func value(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPartialObjects(t *testing.T) {
	const pod = `
metadata: {name: web-1, labels: {app: web}}
spec: {nodeName: node-2, containers: [{name: nginx, image: "nginx:1.27"}, {name: side, image: busybox}]}
status: {phase: Running, restarts: 3, list: [1, 2, 3], conditions: [{type: Ready, status: "True"}, {type: PodScheduled, status: "True"}]}`
	for want, path := range map[string]string{ // "": matches; else where it first differs
		`metadata: {name: web-1}`:                                "",
		`metadata: {name: web-2}`:                                "metadata.name",
		`metadata: {labels: {app: web}}`:                         "",
		`metadata: {labels: {tier: web}}`:                        "metadata.labels.tier",
		`spec: {containers: [{name: side, image: busybox}]}`:     "",
		`spec: {containers: [{name: side, image: nginx}]}`:       "spec.containers[name=side].image",
		`spec: {containers: [{name: other, image: nginx}]}`:      "spec.containers[name=other].image",
		`status: {conditions: [{type: Ready, status: "True"}]}`:  "",
		`status: {conditions: [{type: Ready, status: "False"}]}`: "status.conditions[type=Ready].status",
		`status: {list: [1, 2, 3]}`:                              "",
		`status: {list: [1, 2]}`:                                 "status.list",
		`status: {list: [1, 2, 4]}`:                              "status.list[2]",
		`status: {restarts: 3}`:                                  "",
		`status: {restarts: {$min: 3}}`:                          "",
		`status: {restarts: {$min: 4}}`:                          "status.restarts",
		`status: {restarts: {$max: 3}}`:                          "",
		`status: {restarts: {$max: 2}}`:                          "status.restarts",
		`spec: {nodeName: {$match: "^node-"}}`:                   "",
		`spec: {nodeName: {$match: "^worker-"}}`:                 "spec.nodeName",
		`spec: {nodeName: {$exists: true}}`:                      "",
		`spec: {hostname: {$exists: false}}`:                     "",
		`spec: {nodeName: {$exists: false}}`:                     "spec.nodeName",
		`status: {phase: {$not: Pending}}`:                       "",
		`status: {phase: {$not: Running}}`:                       "status.phase",
		`spec: {nodeName: {deeper: x}}`:                          "spec.nodeName",
		`spec: {containers: {name: nginx}}`:                      "spec.containers.name",
	} {
		if err := checkPartial("", value(t, want)); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		d := matchPartial("", value(t, want), value(t, pod))
		switch {
		case path == "" && len(d) > 0:
			t.Errorf("%s does not match: %v", want, d)
		case path != "" && len(d) == 0:
			t.Errorf("%s matches", want)
		case path != "" && d[0].Path != path && !strings.HasPrefix(path, d[0].Path):
			t.Errorf("%s differs at %s, want %s", want, d[0].Path, path)
		}
	}
}

func TestPaths(t *testing.T) {
	obj := value(t, `{metadata: {labels: {app.kubernetes.io/name: web}}, status: {conditions: [{type: Ready, status: "True"}]}}`)
	for path, want := range map[string]string{
		"metadata.labels['app.kubernetes.io/name']": "web",
		"status.conditions[type=Ready].status":      "True",
		"status.conditions[0].type":                 "Ready",
		"status.conditions[1].type":                 "",
		"status.nothing.at.all":                     "",
	} {
		parts, err := chain.ParsePath(path)
		if err != nil {
			t.Error(err)
		}
		if got := text(parts.In(obj)); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	for _, bad := range []string{"", "a..b", "a[", "a[x=y]"} {
		if _, err := chain.ParsePath(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// shelf is a world of given objects.
type shelf map[string][]map[string]any

func (s shelf) Objects(apiVersion, kind, _ string) ([]map[string]any, error) {
	if s[kind] == nil {
		return nil, errors.New("no such kind")
	}
	for _, obj := range s[kind] {
		obj["apiVersion"], obj["kind"] = apiVersion, kind
	}
	return s[kind], nil
}

// lessonOf makes a lesson of one step with the given checks.
func lessonOf(t *testing.T, checks string) *Lesson {
	t.Helper()
	l, err := decode([]byte("format: 1\nid: sample\nminutes: 5\nsteps:\n- id: page\n  checks:\n" + checks))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func status(x *Examiner, check string) Status {
	for _, r := range x.Look() {
		if r.Check == check {
			return r.Status
		}
	}
	return ""
}

func TestAnswers(t *testing.T) {
	l := lessonOf(t, `
  - id: one
    choice: {options: [a, b, c], right: [b]}
  - id: some
    choice: {options: [a, b, c, d], right: [a, b], multiple: true}
  - id: number
    number: {right: 3.5, tolerance: 0.5}
  - id: text
    text: {right: [API server, kube-apiserver]}
  - id: node
    text: {from: {object: {apiVersion: v1, kind: Pod}, path: spec.nodeName}}
  - id: count
    number: {from: {object: {apiVersion: v1, kind: Pod}, path: count}}
  - id: match
    match: {left: [a, b], right: [p, q, r], pairs: {a: p, b: q}}
  - id: order
    order: {items: [a, b, c, d], after: {b: [a], d: [c]}}
`)
	pods := shelf{"Pod": {{"spec": map[string]any{"nodeName": "node-2"}}, {"spec": map[string]any{"nodeName": "node-1"}}}}
	for _, c := range []struct {
		check, answer string
		score         float64
	}{
		{"one", "b", 1}, {"one", "a", 0}, {"one", "a b", 0},
		{"some", "a b", 1}, {"some", "b，a", 1}, {"some", "a", 0.5}, {"some", "a b c d", 0}, {"some", "c d", 0},
		{"number", "3.5", 1}, {"number", "４", 1}, {"number", " 3.0 ", 1}, {"number", "4.1", 0}, {"number", "three", 0}, {"number", "NaN", 0},
		{"text", "api  SERVER", 1}, {"text", "ＡＰＩ　ｓｅｒｖｅｒ。", 1}, {"text", "“kube-apiserver”", 1}, {"text", "etcd", 0}, {"text", "  ", 0},
		{"node", "NODE-1", 1}, {"node", "node－２", 1}, {"node", "node-3", 0},
		{"count", "2", 1}, {"count", "3", 0},
		{"match", "a=p b=q", 1}, {"match", "a=p b=r", 0.5}, {"match", "a=r", 0},
		{"order", "a b c d", 1}, {"order", "c a d b", 1}, {"order", "b a c d", 0.5}, {"order", "a b c", 0.75}, {"order", "d c b a", 0},
	} {
		x := Examine(l, pods)
		a, err := x.Parse(Doing{Do: "answer", For: c.check, With: c.answer})
		if err != nil {
			t.Fatalf("%s = %s: %v", c.check, c.answer, err)
		}
		if err := x.Answer(c.check, a); err != nil {
			t.Fatal(err)
		}
		for _, r := range x.Results() {
			if r.Check == c.check && (r.Score != c.score || (r.Status == Passed) != (c.score == 1)) {
				t.Errorf("%s = %q: %s with %v, want %v", c.check, c.answer, r.Status, r.Score, c.score)
			}
		}
	}
	x := Examine(l, pods)
	for _, bad := range []Doing{{Do: "answer", For: "one", With: "z"}, {Do: "answer", For: "none", With: "x"}, {Do: "answer", For: "match", With: "a"}, {Do: "answer", For: "one", With: "@"}} {
		if _, err := x.Parse(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// TestChecksOverTime: what needs another is skipped, what has passed stays
// ticked, what is to be kept does not, and a right answer stays right.
func TestChecksOverTime(t *testing.T) {
	l := lessonOf(t, `
  - id: pod
    object: {apiVersion: v1, kind: Pod, metadata: {name: web}}
  - id: kept
    keep: true
    object: {apiVersion: v1, kind: Pod, metadata: {name: web}}
  - id: runs
    needs: [pod]
    object: {apiVersion: v1, kind: Pod, status: {phase: Running}}
  - id: none-left
    needs: [runs]
    object: {apiVersion: v1, kind: Pod}
    count: 0
  - id: node
    text: {from: {object: {apiVersion: v1, kind: Pod}, path: spec.nodeName}}
  - id: written
    chain: [{actor: kubectl, verb: create}]
  - id: after-the-chain
    needs: [written]
    object: {apiVersion: v1, kind: Pod}
  - id: scheduler
    component: {name: scheduler, state: stopped}
  - id: listed
    console: {command: "^kubectl get", output: web, exit: 0}
`)
	world := shelf{"Pod": {}}
	x := Examine(l, world)
	expect := func(when string, want map[string]Status) {
		t.Helper()
		for check, w := range want {
			if got := status(x, check); got != w {
				t.Errorf("%s: %s is %s, want %s", when, check, got, w)
			}
		}
	}
	expect("at first", map[string]Status{
		"pod": Failed, "kept": Failed, "runs": Skipped, "none-left": Skipped, "node": Unanswered,
		"written": Unavailable, "after-the-chain": Failed, "scheduler": Unavailable, "listed": Failed,
	})
	world["Pod"] = []map[string]any{{
		"metadata": map[string]any{"name": "web"}, "spec": map[string]any{"nodeName": "node-1"}, "status": map[string]any{"phase": "Running"},
	}}
	if err := x.Answer("node", Answer{Text: "node-1"}); err != nil {
		t.Fatal(err)
	}
	x.Typed("kubectl get pods", "web Running", 0)
	expect("with a pod", map[string]Status{
		"pod": Passed, "kept": Passed, "runs": Passed, "none-left": Failed, "node": Passed, "after-the-chain": Passed, "listed": Passed,
	})
	world["Pod"] = []map[string]any{}
	expect("without it", map[string]Status{
		"pod": Passed, "kept": Failed, "runs": Passed, "none-left": Passed, "node": Passed, "listed": Passed,
	})
	if err := x.Answer("node", Answer{Text: "node-2"}); err != nil {
		t.Fatal(err)
	}
	expect("answered anew", map[string]Status{"node": Failed})
	if s := x.Score(); s.Points != 5 || s.Of != 9 {
		t.Errorf("score %v of %d", s.Points, s.Of)
	}
}
