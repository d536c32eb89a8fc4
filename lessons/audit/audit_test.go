package audit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tabernetes/tabernetes/core/trace"
	"github.com/tabernetes/tabernetes/lessons"
	"github.com/tabernetes/tabernetes/lessons/audit"
)

// The logs in testdata are a real v1.36.3 control plane's, with kwok as the
// kubelet, taken while the lesson of that name was done with `tabernetes
// lessons run NAME --kubeconfig … --audit-log …`; the namespace was renamed to
// lesson, and fields that nobody reads were taken out.
func recording(t *testing.T, name string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.SplitAfter(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
}

// growing is a log that is written to while it is followed.
type growing struct {
	*audit.Log
	t    *testing.T
	name string
}

func follow(t *testing.T) *growing {
	t.Helper()
	name := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(name, []byte("from before the lesson\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(name, "lesson")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return &growing{log, t, name}
}

func (g *growing) write(data ...[]byte) {
	g.t.Helper()
	f, err := os.OpenFile(g.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		g.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(bytes.Join(data, nil)); err != nil {
		g.t.Fatal(err)
	}
}

func (g *growing) more() []trace.Line {
	g.t.Helper()
	lines, err := g.More()
	if err != nil {
		g.t.Fatal(err)
	}
	return lines
}

// TestTheChainOfTheHomework: the recorded log reads as the ten steps do, each
// write by its actor and with what it changed.
func TestTheChainOfTheHomework(t *testing.T) {
	log := follow(t)
	log.write(recording(t, "homework")...)
	var got []string
	scaled := false
	for _, e := range log.more() {
		if scaled = scaled || e.Subresource == "scale"; !scaled || e.Resource == "events" || strings.HasSuffix(e.Subresource, "status") && e.Resource != "pods" {
			continue
		}
		changes, known := log.Changes(&e)
		var to []string
		for _, c := range changes {
			if c.Path == "spec.replicas" || c.Path == "status.phase" || c.Path == "spec.nodeName" {
				to = append(to, c.Path+"="+c.New)
			}
		}
		got = append(got, fmt.Sprint(e.Actor, " ", e.Verb, " ", e.Resource, "/", e.Subresource, " ", e.Namespace, " ", e.Step, " ", known, " ", strings.Join(to, " ")))
	}
	want := `kubectl patch deployments/scale default 1 true spec.replicas=3
deployment-controller update replicasets/ default 3 true spec.replicas=3
replicaset-controller create pods/ default 5 true status.phase="Pending"
replicaset-controller create pods/ default 5 true status.phase="Pending"
scheduler create pods/binding default 7 true spec.nodeName="node-1"
scheduler create pods/binding default 7 true spec.nodeName="node-3"
kubelet/node-1 patch pods/status default 0 true status.phase="Running"
kubelet/node-3 patch pods/status default 0 true status.phase="Running"`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("read\n%s\nwant\n%s", text, want)
	}
}

// empty is a cluster whose objects do not matter.
type empty struct{}

func (empty) Objects(string, string, string) ([]map[string]any, error) { return nil, nil }

// asked makes a lesson of chain checks.
func asked(t *testing.T, checks string) *lessons.Lesson {
	t.Helper()
	var en, zh strings.Builder
	for line := range strings.Lines(checks) {
		if id, is := strings.CutPrefix(line, "  - id: "); is {
			fmt.Fprintf(&en, "### A check {#%s}\n> It fails.\n", strings.TrimSpace(id))
		}
	}
	zh.WriteString(en.String())
	course := fstest.MapFS{}
	for name, text := range map[string]string{
		"lesson.yaml":  "format: 1\nid: sample\nminutes: 5\nsteps:\n- id: page\n  checks:\n" + checks,
		"en.md":        "---\ntitle: T\nsummary: S\n---\n## Page {#page}\n" + en.String(),
		"zh-cn.md":     "---\ntitle: T\nsummary: S\nof: x\n---\n## Page {#page}\n" + zh.String(),
		"solution.txt": "kubectl get pods\n",
	} {
		course["01-sample/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	l, err := lessons.Load(course, "01-sample")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestWhatALogCanDecide: who did what, how often, never, and in which order
// not; because of what, what was notified and what was decided are beyond it,
// and never failed for that.
func TestWhatALogCanDecide(t *testing.T) {
	l := asked(t, `
  - id: by-whom
    chain: [{actor: replicaset-controller, verb: create, resource: pods, count: 2}]
  - id: not-by-whom
    chain: [{actor: deployment-controller, verb: create, resource: pods}]
  - id: never
    chain: [{actor: deployment-controller, verb: create, resource: replicasets, never: true}]
  - id: not-never
    chain: [{actor: scheduler, resource: pods/binding, never: true}]
  - id: to-three
    chain: [{actor: deployment-controller, resource: replicasets, set: {spec.replicas: 3}}]
  - id: to-four
    chain: [{actor: deployment-controller, resource: replicasets, set: {spec.replicas: 4}}]
  - id: refused
    chain: [{type: refused, actor: kubectl, never: true}]
  - id: because
    chain:
    - {as: wish, actor: kubectl, resource: deployments/scale}
    - {actor: replicaset-controller, verb: create, resource: pods, causedBy: [wish], count: 2}
  - id: wrong-order
    chain:
    - {as: bound, actor: scheduler, resource: pods/binding}
    - {actor: kubectl, resource: deployments/scale, causedBy: [bound]}
  - id: too-few-because
    chain:
    - {as: wish, actor: kubectl, resource: deployments/scale}
    - {actor: replicaset-controller, verb: create, resource: pods, causedBy: [wish], count: {min: 5}}
  - id: never-because
    chain:
    - {as: wish, actor: kubectl, resource: deployments/scale}
    - {verb: delete, resource: pods, causedBy: [wish], never: true}
  - id: notified
    chain: [{type: delivery, actor: scheduler, resource: pods}]
  - id: decided
    chain: [{type: decision, actor: kubelet/*}]
  - id: failed-and-notified
    chain:
    - {type: delivery, actor: scheduler, resource: pods}
    - {actor: nobody}
`)
	log := follow(t)
	lines := recording(t, "homework")
	begin := 0
	for begin < len(lines) && !bytes.Contains(lines[begin], []byte("deployments/web/scale")) {
		begin++
	}
	log.write(lines[:begin]...)
	log.more() // the start state
	x := lessons.Examine(l, empty{})
	x.Follow(log)
	if r := x.Look()[0]; r.Status != lessons.Failed {
		t.Errorf("before anything was done: %+v", r)
	}
	log.write(lines[begin:]...)
	got := map[string]string{}
	for _, r := range x.Look() {
		got[r.Check] = strings.TrimSpace(string(r.Status) + " " + r.Beyond)
		for _, lang := range lessons.Languages {
			if said := l.Say(lang, r); (r.Status == lessons.Passed) != (len(said) == 0) {
				t.Errorf("%s in %s: says %q", r.Check, lang, said)
			}
		}
	}
	for check, want := range map[string]string{
		"by-whom": "passed", "not-by-whom": "failed", "never": "passed", "not-never": "failed",
		"to-three": "passed", "to-four": "failed", "refused": "passed",
		"because": "unavailable causes", "wrong-order": "failed", "too-few-because": "failed", "never-because": "passed",
		"notified": "unavailable unrecorded", "decided": "unavailable unrecorded", "failed-and-notified": "failed",
	} {
		if got[check] != want {
			t.Errorf("%s is %q, want %q", check, got[check], want)
		}
	}
}

// TestALessonReadsItsLog: the checks of a lesson of the course over what was
// recorded when it was done on a real cluster.
func TestALessonReadsItsLog(t *testing.T) {
	for name, want := range map[string]map[string]string{
		"homework":   {"scaled": "unavailable causes", "nothing-else": "failed"},
		"replicaset": {"adopted": "unavailable causes", "healed": "unavailable causes", "released": "unavailable causes", "surplus-gone": "unavailable causes"},
	} {
		l, err := lessons.Find(lessons.Embedded(), name)
		if err != nil {
			t.Fatal(err)
		}
		log := follow(t)
		x := lessons.Examine(l, everything{})
		x.Follow(log)
		log.write(recording(t, name)...) // with the start state, so too much for homework's nothing-else
		for _, r := range x.Look() {
			if w, is := want[r.Check]; is && strings.TrimSpace(string(r.Status)+" "+r.Beyond) != w {
				t.Errorf("%s: %s is %s %s, want %s", name, r.Check, r.Status, r.Beyond, w)
			}
		}
	}
}

// everything has three running pods of everybody's label.
type everything struct{}

func (everything) Objects(version, kind, _ string) ([]map[string]any, error) {
	pod := map[string]any{
		"apiVersion": version, "kind": kind,
		"metadata": map[string]any{"labels": map[string]any{"app": "web"}}, "status": map[string]any{"phase": "Running"},
	}
	return []map[string]any{pod, pod, pod}, nil
}

// TestALogAsItIsWritten: half a line waits for its other half, a new file is
// followed, and what is no event is passed over.
func TestALogAsItIsWritten(t *testing.T) {
	lines := recording(t, "homework")
	whole := follow(t)
	whole.write(lines...)
	want := len(whole.more())
	if want == 0 {
		t.Fatal("nothing was read")
	}
	log := follow(t)
	n := 0
	for i, line := range lines {
		switch i {
		case 5:
			log.write([]byte("no event\n{}\n\n"), bytes.Repeat([]byte("x"), 9<<20), []byte("\n"))
		case 12:
			n += len(log.more())
			if err := os.Rename(log.name, log.name+".1"); err != nil {
				t.Fatal(err)
			}
			log.write()
		}
		log.write(line[:len(line)/2])
		n += len(log.more())
		log.write(line[len(line)/2:])
	}
	if n += len(log.more()); n != want {
		t.Errorf("read %d entries in pieces, %d at once", n, want)
	}
}

// TestALogOfLowerLevel: where the log does not hold the objects, what a write
// changed is not known, and said so.
func TestALogOfLowerLevel(t *testing.T) {
	l := asked(t, `
  - id: scaled
    chain: [{actor: deployment-controller, verb: update, resource: replicasets, changed: [spec.replicas]}]
  - id: by-whom
    chain: [{actor: deployment-controller, verb: update, resource: replicasets}]
`)
	log := follow(t)
	x := lessons.Examine(l, empty{})
	x.Follow(log)
	for _, line := range recording(t, "homework") {
		if i := bytes.Index(line, []byte(`,"responseObject":`)); i > 0 {
			j := bytes.LastIndex(line, []byte(`,"stageTimestamp"`))
			if j < i {
				t.Fatal("the recording's fields stand in another order")
			}
			line = append(bytes.Clone(line[:i]), line[j:]...)
		}
		log.write(line)
	}
	r := x.Look()
	if r[0].Status != lessons.Unavailable || r[0].Beyond != "changes" || r[1].Status != lessons.Passed {
		t.Errorf("%+v", r)
	}
}
