package driver

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

// slowLog is a log whose disk answers only when the test says so.
type slowLog struct {
	store.Log
	waiting []func()
	broken  error
}

func (l *slowLog) Append(records []*store.Record, done func(error)) {
	if l.broken != nil {
		err := l.broken
		l.waiting = append(l.waiting, func() { done(err) })
		return
	}
	l.Log.Append(records, func(err error) { l.waiting = append(l.waiting, func() { done(err) }) })
}

func (l *slowLog) answer() {
	for len(l.waiting) > 0 {
		first := l.waiting[0]
		l.waiting = l.waiting[1:]
		first()
	}
}

// page is the other end of a driver: it keeps what it was told.
type page struct {
	t      *testing.T
	d      *Driver
	log    *slowLog
	now    time.Time
	events []any
}

func newPage(t *testing.T, log store.Log) *page {
	p := &page{t: t, log: &slowLog{Log: log}, now: time.Unix(1_000_000, 0)}
	p.d = New(Options{
		Now:    func() time.Time { return p.now },
		Send:   func(_ int, event any) { p.hear(event) },
		Open:   func(string) (store.Log, error) { return p.log, nil },
		Delete: func(string) error { p.log.Log = memory.New(); return nil },
	})
	return p
}

// hear draws every frame at once.
func (p *page) hear(event any) {
	p.events = append(p.events, event)
	if _, frame := event.(frameEvent); frame {
		p.d.Handle(1, []byte(`{"type":"drawn"}`))
	}
}

func (p *page) send(message string) { p.d.Handle(1, []byte(message)) }

// settle gives the driver its turns, with a disk that answers, until nothing
// is left to do but to let time go by.
func (p *page) settle() {
	p.t.Helper()
	for range 200_000 {
		wait := p.d.Slice()
		p.log.answer()
		if wait < 0 && len(p.log.waiting) == 0 || wait >= beat {
			return
		}
		p.now = p.now.Add(max(wait, 50*time.Microsecond))
	}
	p.t.Fatal("the driver does not come to rest")
}

func (p *page) boot() {
	p.t.Helper()
	p.send(`{"type":"boot","seed":1,"nodes":3,"database":"test","speed":"once"}`)
	p.settle()
	if _, ok := last[readyEvent](p); !ok {
		p.t.Fatalf("not ready after boot: %v", p.events)
	}
}

func last[E any](p *page) (E, bool) {
	for i := len(p.events) - 1; i >= 0; i-- {
		if e, ok := p.events[i].(E); ok {
			return e, true
		}
	}
	var none E
	return none, false
}

func (p *page) printed(id int) string {
	var text string
	for _, event := range p.events {
		if e, ok := event.(outputEvent); ok && e.ID == id {
			text += e.Text
		}
	}
	return text
}

const create = `{"type":"exec","id":1,"line":"kubectl create deployment web --image=nginx"}`

func TestCreateRunsAPod(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(create)
	p.settle()
	if got := p.printed(1); got != "deployment.apps/web created\n" {
		t.Errorf("printed %q", got)
	}
	seen := map[int]bool{}
	running := 0
	for _, event := range p.events {
		f, ok := event.(frameEvent)
		if !ok {
			continue
		}
		for _, e := range f.Entries {
			seen[e.Step] = true
		}
		if f.Overview != nil {
			running = 0
			for _, n := range f.Overview.Nodes {
				running += n.Running
			}
		}
	}
	for step := 1; step <= 10; step++ {
		if !seen[step] {
			t.Errorf("no frame had an entry of step %d", step)
		}
	}
	if running != 1 {
		t.Errorf("the last overview has %d running pods, want 1", running)
	}
}

func TestFramesHaveEveryWriteOnce(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(create)
	p.settle()
	p.send(`{"type":"exec","id":2,"line":"kubectl scale deployment web --replicas=60"}`)
	p.settle()
	var revision int64
	for _, event := range p.events {
		f, ok := event.(frameEvent)
		if !ok {
			continue
		}
		for _, e := range f.Entries {
			if e.Type != trace.Write {
				continue
			}
			if revision != 0 && e.Revision != revision+1 {
				t.Fatalf("revision %d was sent after %d", e.Revision, revision)
			}
			revision = e.Revision
		}
	}
	if revision != p.d.c.Revision() {
		t.Errorf("the last write sent is %d, the store is at %d", revision, p.d.c.Revision())
	}
}

// TestAnswerWaitsForDisk: what the console has answered is on disk.
func TestAnswerWaitsForDisk(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(create)
	for range 100 {
		p.d.Slice()
		p.now = p.now.Add(time.Millisecond)
	}
	if got := p.printed(1); got != "" {
		t.Errorf("printed %q before anything was on disk", got)
	}
	if e, done := last[doneEvent](p); done {
		t.Errorf("%+v before anything was on disk", e)
	}
	p.log.answer()
	if e, done := last[doneEvent](p); !done || e.Exit != 0 || e.Revision > p.d.c.Durable() {
		t.Errorf("after the disk answered: done %v, %+v, durable up to %d", done, e, p.d.c.Durable())
	}
	if p.printed(1) == "" {
		t.Error("nothing was printed after the disk answered")
	}
}

func TestBrokenDiskIsTold(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.log.broken = store.ErrNoSpace
	p.send(create)
	p.settle()
	if e, ok := last[failedEvent](p); !ok || e.Kind != "space" {
		t.Errorf("the page was told %+v", e)
	}
	if e, done := last[doneEvent](p); !done || e.Exit == 0 {
		t.Errorf("a line that could not be saved ended with %+v", e)
	}
	if got := p.printed(1); strings.Contains(got, "created") || !strings.HasPrefix(got, "error: ") {
		t.Errorf("a line that could not be saved printed %q", got)
	}
}

func TestOpenFails(t *testing.T) {
	p := newPage(t, nil)
	p.d.opts.Open = func(string) (store.Log, error) { return nil, errors.New("no database here") }
	p.send(`{"type":"boot","seed":1,"nodes":3,"database":"test","speed":"once"}`)
	if e, ok := last[failedEvent](p); !ok || e.Kind != "storage" || e.Message != "no database here" {
		t.Errorf("the page was told %+v", e)
	}
}

func TestReloadContinues(t *testing.T) {
	log := memory.New()
	first := newPage(t, log)
	first.boot()
	first.send(create)
	first.settle()
	before := first.d.c.Now()

	second := newPage(t, log)
	second.boot()
	if e, _ := last[readyEvent](second); !e.Restored {
		t.Error("the cluster was not told to be a restored one")
	}
	if now := second.d.c.Now(); now.Before(before.Add(-time.Minute)) {
		t.Errorf("the clock went back from %s to %s", before, now)
	}
	second.send(`{"type":"exec","id":1,"line":"kubectl get deployment web -o name"}`)
	second.settle()
	if got := second.printed(1); got != "deployment.apps/web\n" {
		t.Errorf("after the reload: %q", got)
	}
}

func TestPauseStepAndStepWrite(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(`{"type":"pause"}`)
	p.send(create)
	p.settle()
	before := p.d.c.Revision()
	if got := p.printed(1); got != "" {
		t.Errorf("printed %q while paused", got)
	}
	p.send(`{"type":"stepWrite"}`)
	p.settle()
	if got := p.d.c.Revision(); got != before+1 {
		t.Errorf("one write led from revision %d to %d", before, got)
	}
	taken := p.d.c.Steps()
	p.send(`{"type":"step"}`)
	if got := p.d.c.Steps(); got != taken+1 {
		t.Errorf("one step took %d events", got-taken)
	}
	p.send(`{"type":"play"}`)
	p.settle()
	if f, _ := last[frameEvent](p); !f.Playing || !f.Quiet {
		t.Errorf("after play: playing %v, quiet %v", f.Playing, f.Quiet)
	}
}

func TestHoldScheduler(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(`{"type":"component","actor":"scheduler","action":"hold"}`)
	p.send(create)
	p.settle()
	if o := p.d.c.Overview(); o.Waiting != 1 {
		t.Errorf("with the scheduler held %d pods wait for a node, want 1", o.Waiting)
	}
	p.send(`{"type":"component","actor":"scheduler","action":"release"}`)
	p.settle()
	if o := p.d.c.Overview(); o.Waiting != 0 {
		t.Errorf("with the scheduler released %d pods wait for a node", o.Waiting)
	}
}

func TestASlowImage(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(`{"type":"outside","do":"pulls","with":"nginx 1h"}`)
	p.send(create)
	began := p.d.c.Now()
	p.settle()
	if took := p.d.c.Now().Sub(began); took < time.Hour {
		t.Errorf("a pull that takes an hour longer took %s", took)
	}
	p.send(`{"type":"share","id":1}`)
	if shared, _ := last[sharedEvent](p); !strings.Contains(shared.Session, `"do":"pulls","with":"nginx 1h"`) {
		t.Errorf("a session without the delay is shared: %s %s", shared.Session, shared.Error)
	}
}

func TestInterrupt(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(`{"type":"exec","id":7,"line":"kubectl get pods -w"}`)
	p.settle()
	if _, done := last[doneEvent](p); done {
		t.Fatal("a watch ended by itself")
	}
	p.send(`{"type":"interrupt","id":7}`)
	p.settle()
	if e, done := last[doneEvent](p); !done || e.ID != 7 || e.Exit != 130 {
		t.Errorf("after Ctrl-C: %v %+v", done, e)
	}
}

func TestReset(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(create)
	p.settle()
	p.send(`{"type":"reset"}`)
	if _, gone := last[goneEvent](p); !gone {
		t.Fatalf("not told that the cluster is gone: %v", p.events[len(p.events)-1])
	}
	p.boot()
	if e, _ := last[readyEvent](p); e.Restored {
		t.Error("the cluster is still there after a reset")
	}
}

func TestChangedAndObject(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(create)
	p.settle()
	p.send(`{"type":"exec","id":2,"line":"kubectl scale deployment web --replicas=3"}`)
	p.settle()
	var scaled int64
	for _, e := range p.d.c.Entries(0, 0) {
		if e.Actor == "kubectl" && e.Type == trace.Write {
			scaled = e.Revision
		}
	}
	ask, _ := json.Marshal(map[string]any{"type": "changed", "revisions": []int64{scaled, 1 << 40}})
	p.send(string(ask))
	answer, _ := last[changedEvent](p)
	found := false
	for _, c := range answer.Changes[scaled] {
		found = found || c.Path == "spec.replicas" && c.Old == "1" && c.New == "3"
	}
	if !found {
		t.Errorf("scaling changed %+v", answer.Changes[scaled])
	}
	p.send(`{"type":"object","id":4,"group":"apps","resource":"deployments","namespace":"default","name":"web","revision":0}`)
	if e, _ := last[objectEvent](p); e.ID != 4 || !strings.Contains(e.YAML, "replicas: 3") {
		t.Errorf("the object is %+v", e)
	}
}

func TestBadMessages(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	revision := p.d.c.Revision()
	for _, message := range []string{
		`nonsense`, `{}`, `{"type":"fly"}`, `{"type":"exec","id":"one"}`,
		`{"type":"speed","speed":"warp"}`, `{"type":"component","actor":"scheduler","action":"feed"}`,
		`{"type":"component","actor":"nobody","action":"hold"}`, `{"type":"boot","speed":"once"}`,
		`{"type":"complete","id":1,"line":"k","cursor":9}`, `{"type":"edited","id":99}`,
		`{"type":"outside","do":"hold","with":"scheduler"}`, `{"type":"outside","do":"pulls","with":"nginx"}`,
	} {
		p.events = nil
		p.send(message)
		if e, ok := last[failedEvent](p); !ok || e.Kind != "request" || e.Message == "" {
			t.Errorf("%s was answered by %v", message, p.events)
		}
	}
	if got := p.d.c.Revision(); got != revision {
		t.Errorf("bad messages led from revision %d to %d", revision, got)
	}
}

// TestFramesStayBounded: a page that does not draw, or a very long past, costs
// one frame of bounded size and a note of what is missing.
func TestFramesStayBounded(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.events = nil
	p.d.opts.Send = func(_ int, event any) { p.events = append(p.events, event) } // draws nothing
	p.send(`{"type":"exec","id":1,"line":"kubectl create deployment web --image=nginx --replicas=300"}`)
	p.settle()
	if f, _ := last[frameEvent](p); f.Omitted == 0 || len(f.Entries) == 0 || len(f.Entries) > maxEntries || p.d.tabs[0].frame.entry != p.d.c.LastEntry() {
		t.Errorf("the last frame has %d entries and leaves out %d", len(f.Entries), f.Omitted)
	}
}
