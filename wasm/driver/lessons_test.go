package driver

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/lessons"
)

// learner does a lesson through the driver's messages, as the page does.
type learner struct {
	*page
	typed int
}

func (p *learner) message(v map[string]any) {
	p.t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(string(data))
	p.settle()
	if e, any := last[failedEvent](p.page); any {
		p.t.Fatalf("%s: %s", data, e.Message)
	}
}

func packOf(t *testing.T, dir string) string {
	t.Helper()
	pack, err := lessons.Pack(lessons.Embedded(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return string(pack)
}

// begin opens a lesson; saved is "" for the first time.
func begin(t *testing.T, pack, student, saved string) *learner {
	t.Helper()
	p := &learner{page: newPage(t, memory.New())}
	p.open(pack, student, saved)
	return p
}

func (p *learner) open(pack, student, saved string) {
	p.t.Helper()
	p.send(`{"type":"boot","database":"lesson","speed":"once","lessons":true}`)
	p.message(map[string]any{"type": "lesson", "pack": pack, "student": student, "saved": saved})
	if _, ready := last[readyEvent](p.page); !ready {
		p.t.Fatalf("not ready: %v", p.events)
	}
}

// do does one line of a script.
func (p *learner) do(d lessons.Doing) {
	p.t.Helper()
	switch d.Do {
	case "type":
		p.typed++
		p.message(map[string]any{"type": "exec", "id": p.typed, "line": d.With})
		for range 100_000 { // a command may wait for time to go by
			if e, done := last[doneEvent](p.page); done && e.ID == p.typed {
				return
			}
			p.now = p.now.Add(max(p.d.Slice(), time.Millisecond))
		}
		p.t.Fatalf("%s does not end", d.With)
	case "answer", "order", "causes", "actors":
		a, err := p.d.lesson.session.Parse(d)
		if err != nil {
			p.t.Fatal(err)
		}
		p.message(map[string]any{"type": "answer", "check": d.For, "answer": a})
	case "fails":
	default:
		p.message(map[string]any{"type": "component", "action": d.Do, "actor": d.With})
	}
}

func (p *learner) play(script string) {
	p.t.Helper()
	doings, err := lessons.ParseScript(script)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, d := range doings {
		p.do(d)
		p.settle()
	}
}

func (p *learner) checks() checksEvent {
	e, any := last[checksEvent](p.page)
	if !any {
		p.t.Fatal("nothing was said about the checks")
	}
	return e
}

// handIn asks for the file to hand in.
func (p *learner) handIn() string {
	p.message(map[string]any{"type": "handIn", "id": 7})
	e, any := last[handedInEvent](p.page)
	if !any || e.ID != 7 {
		p.t.Fatal("no file to hand in came")
	}
	return e.Data
}

// TestLessonsThroughTheDriver does the whole course as the page does it, and
// has each file to hand in graded.
func TestLessonsThroughTheDriver(t *testing.T) {
	all, err := lessons.LoadAll(lessons.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		t.Run(l.ID, func(t *testing.T) {
			pack := packOf(t, l.Dir)
			for _, secret := range []string{"solution.txt", "mistakes"} {
				if strings.Contains(pack, secret) {
					t.Errorf("the pack holds %s", secret)
				}
			}
			p := begin(t, pack, "ada", "")
			if e := p.checks(); e.Points >= float64(e.Of) {
				t.Fatalf("%g of %d points before anything was done", e.Points, e.Of)
			}
			p.play(l.Solution)
			end := p.checks()
			if end.Points != float64(l.Points()) || end.Of != l.Points() {
				t.Errorf("%g of %d points, want all %d: %+v", end.Points, end.Of, l.Points(), end.Results)
			}
			graded(t, l, p.handIn(), end.Points)

			// After a reload it is where it was.
			kept, any := last[keptEvent](p.page)
			if !any {
				t.Fatal("the page was given nothing to keep")
			}
			again := begin(t, pack, "ada", kept.Data)
			if e, _ := last[openedEvent](again.page); !e.Resumed || e.Error != "" {
				t.Errorf("not resumed: %+v", e)
			}
			if got := again.checks(); got.Points != end.Points {
				t.Errorf("%g points after a reload, %g before", got.Points, end.Points)
			}
			graded(t, l, again.handIn(), end.Points)
		})
	}
}

// graded replays a file as `tabernetes grade` does.
func graded(t *testing.T, l *lessons.Lesson, file string, points float64) {
	t.Helper()
	sub, err := lessons.DecodeSubmission([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	report, err := lessons.Replay(l, sub, lessons.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Problems) > 0 || math.Abs(report.Score.Points-points) > 1e-9 {
		t.Errorf("graded to %g points, shown were %g: %+v", report.Score.Points, points, report.Problems)
	}
}

func (e checksEvent) state(check string) checkState {
	for _, s := range e.Results {
		if s.Check == check {
			return s
		}
	}
	return checkState{}
}

func TestLessonChecksTick(t *testing.T) {
	p := begin(t, packOf(t, "01-ten-steps"), "", "")
	before := p.checks().state("web-runs")
	if before.Status != lessons.Failed || !strings.Contains(before.Said["en"].Say[0], "not Running and Ready yet") || !strings.Contains(before.Said["zh-cn"].Say[0], "Running") {
		t.Errorf("before: %+v", before)
	}
	if s := p.checks().state("web-available").Status; s != lessons.Skipped {
		t.Errorf("web-available is %s before the pod runs", s)
	}
	n := len(p.events)
	p.do(lessons.Doing{Do: "type", With: "kubectl create deployment web --image=nginx"})
	p.settle()
	if s := p.checks().state("web-available").Status; s != lessons.Passed {
		t.Errorf("web-available is %s after the pod runs", s)
	}
	told := 0
	for _, e := range p.events[n:] {
		if _, is := e.(checksEvent); is {
			told++
		}
	}
	for range 120 { // time goes by, heartbeats beat, nothing is news
		p.now = p.now.Add(time.Second)
		p.settle()
	}
	idle := 0
	for _, e := range p.events[n:] {
		if _, is := e.(checksEvent); is {
			idle++
		}
	}
	if told == 0 || idle != told {
		t.Errorf("checks were told %d times, and %d times after two minutes more", told, idle)
	}
}

func TestHomeworkPredictedAndObserved(t *testing.T) {
	l, err := lessons.Find(lessons.Embedded(), "homework")
	if err != nil {
		t.Fatal(err)
	}
	p := begin(t, packOf(t, l.Dir), "bo", "")
	p.play(l.Mistakes["common-beliefs"])
	e := p.checks()
	chain := e.state("chain")
	if chain.Prediction == nil || len(chain.Prediction.Notes) != len(chain.Said["en"].Notes) || len(chain.Said["zh-cn"].Notes) == 0 {
		t.Fatalf("chain: %+v", chain)
	}
	seen := e.Observed["chain"]
	if len(seen) != 12 || seen[0].Event != "wish" || seen[0].Actor != "kubectl" || seen[0].Revision == 0 {
		t.Errorf("observed %+v", seen)
	}
	p.do(lessons.Doing{Do: "type", With: "kubectl scale deployment web --replicas=1"})
	if again := p.checks().Observed["chain"]; len(again) != 12 {
		t.Errorf("what was observed changed with what came later: %+v", again)
	}
}

func TestLessonAnew(t *testing.T) {
	pack := packOf(t, "01-ten-steps")
	p := begin(t, pack, "", "")
	p.do(lessons.Doing{Do: "type", With: "kubectl create deployment web --image=nginx"})
	p.message(map[string]any{"type": "lesson", "pack": pack}) // a second tab joins
	if p.checks().state("web-created").Status != lessons.Passed {
		t.Error("joining began the lesson anew")
	}
	p.message(map[string]any{"type": "lesson", "pack": pack, "anew": true})
	if e := p.checks(); e.state("web-created").Status == lessons.Passed || e.Points != 0 {
		t.Errorf("begun anew with %g points", e.Points)
	}
}

func TestLessonThatCannotBeResumed(t *testing.T) {
	pack := packOf(t, "01-ten-steps")
	p := begin(t, pack, "", "")
	p.do(lessons.Doing{Do: "type", With: "kubectl create deployment web --image=nginx"})
	file := p.handIn()
	for name, c := range map[string]struct{ saved, want string }{
		"another content": {strings.Replace(file, p.d.lesson.plan.Hash, "0123", 1), "the lesson has changed"},
		"no file":         {`{"x":1}`, "it has no format"},
		"tampered with":   {strings.Replace(file, "--image=nginx", "--image=httpd", 1), "not the one recorded"},
	} {
		again := begin(t, pack, "", c.saved)
		opened, _ := last[openedEvent](again.page)
		if opened.Resumed || !strings.Contains(opened.Error, c.want) {
			t.Errorf("%s: %+v", name, opened)
		}
		if again.checks().Points != 0 {
			t.Errorf("%s: begun with %g points", name, again.checks().Points)
		}
	}
}

// TestLessonStaysAside: an engine booted for a cluster takes no lesson, and
// one for lessons does not touch a database.
func TestLessonStaysAside(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	data, _ := json.Marshal(map[string]any{"type": "lesson", "pack": packOf(t, "01-ten-steps"), "anew": true})
	p.send(string(data))
	if e, any := last[failedEvent](p); !any || e.Kind != "request" {
		t.Errorf("a cluster's engine took a lesson: %v", e)
	}
	q := &learner{page: newPage(t, memory.New())}
	q.d.opts.Open = func(string) (store.Log, error) { t.Error("a lesson opened a database"); return memory.New(), nil }
	q.open(packOf(t, "01-ten-steps"), "", "")
	q.do(lessons.Doing{Do: "type", With: "kubectl create deployment web --image=nginx"})
	q.send(`{"type":"reset"}`)
	if e, any := last[failedEvent](q.page); !any || e.Kind != "request" {
		t.Errorf("a lesson was reset: %v", e)
	}
}
