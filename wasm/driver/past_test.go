package driver

import (
	"strconv"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

// toldLast is the last event of a type that the page was told.
func toldLast[E any](p *page) E {
	p.t.Helper()
	e, ok := last[E](p)
	if !ok {
		p.t.Fatalf("no %T was told", e)
	}
	return e
}

// played is a page whose cluster has made a Deployment and scaled it; created
// is the revision between the two.
func played(t *testing.T) (p *page, created int64) {
	p = newPage(t, memory.New())
	p.send(`{"type":"boot","seed":1,"nodes":3,"database":"a","speed":"once"}`)
	p.settle()
	p.send(`{"type":"exec","id":1,"line":"kubectl create deployment web --image=nginx"}`)
	p.settle()
	created = p.d.c.Revision()
	p.send(`{"type":"exec","id":2,"line":"kubectl scale deployment web --replicas=3"}`)
	p.settle()
	return p, created
}

func (p *page) ask(request string, revision int64) {
	p.send(strings.ReplaceAll(request, "REV", strconv.FormatInt(revision, 10)))
}

func TestLookBack(t *testing.T) {
	p, created := played(t)
	p.ask(`{"type":"look","id":7,"revision":REV}`, created)
	looked := toldLast[lookedEvent](p)
	if looked.ID != 7 || looked.Error != "" || looked.Overview.Deployments[0].Desired != 1 || len(looked.Chain) == 0 || looked.Until == 0 {
		t.Fatalf("%+v", looked)
	}
	p.ask(`{"type":"exec","id":3,"line":"kubectl get deployment web -o jsonpath={.spec.replicas}","revision":REV}`, created)
	if out, done := toldLast[outputEvent](p), toldLast[doneEvent](p); out.Text != "1" || done.Exit != 0 || done.Changing {
		t.Errorf("%+v %+v", out, done)
	}
	p.ask(`{"type":"exec","id":4,"line":"kubectl scale deployment web --replicas=9","revision":REV}`, created)
	if done := toldLast[doneEvent](p); done.Exit != 1 || !done.Changing {
		t.Errorf("a change of the past: %+v", done)
	}
	p.ask(`{"type":"get","id":5,"path":"/apis/apps/v1/namespaces/default/deployments/web/scale","revision":REV}`, created)
	if got := toldLast[gotEvent](p); got.Code != 200 || !strings.Contains(got.Body, `"replicas":1`) {
		t.Errorf("%+v", got)
	}
	p.send(`{"type":"get","id":6,"path":"/apis/apps/v1/namespaces/default/deployments/web/scale","revision":0}`)
	if got := toldLast[gotEvent](p); !strings.Contains(got.Body, `"replicas":3`) {
		t.Errorf("%+v", got)
	}
	p.ask(`{"type":"look","id":8,"revision":REV}`, 1_000_000)
	if looked := toldLast[lookedEvent](p); looked.Error != store.ErrFutureRev.Error() {
		t.Errorf("the future: %+v", looked)
	}
}

func TestTracePages(t *testing.T) {
	p, created := played(t)
	p.send(`{"type":"trace","id":1,"level":"all","minor":true,"from":-1,"limit":10}`)
	all := toldLast[tracedEvent](p)
	if all.All < 100 || len(all.Entries) != 10 || all.From != all.All-10 {
		t.Fatalf("%d entries from %d of %d", len(all.Entries), all.From, all.All)
	}
	p.send(`{"type":"trace","id":2,"level":"steps","from":0,"limit":500}`)
	steps := toldLast[tracedEvent](p)
	if steps.All >= all.All || len(steps.Entries) != steps.All {
		t.Errorf("%d of %d steps", len(steps.Entries), steps.All)
	}
	for _, e := range steps.Entries {
		if e.Step == 0 {
			t.Errorf("no step: %+v", e)
		}
	}
	p.send(`{"type":"trace","id":3,"level":"writes","actor":"kubelet","text":"pods/web","from":0,"limit":500}`)
	for _, e := range toldLast[tracedEvent](p).Entries {
		if e.Type != trace.Write || !strings.HasPrefix(e.Actor, "kubelet/") || e.Resource != "pods" {
			t.Errorf("not asked for: %+v", e)
		}
	}
	until := p.d.c.Wrote(created+1) - 1
	p.send(`{"type":"trace","id":4,"level":"writes","minor":true,"until":` + strconv.FormatInt(until, 10) + `,"from":-1,"limit":1}`)
	if e := toldLast[tracedEvent](p).Entries; len(e) != 1 || e[0].Revision != created {
		t.Errorf("the last write then was %+v, want %d", e, created)
	}
	p.send(`{"type":"trace","id":5,"level":"all","find":` + strconv.FormatInt(until, 10) + `,"limit":20}`)
	if f := toldLast[tracedEvent](p); f.Found < f.From || f.Found > f.From+20 {
		t.Errorf("found at %d, told from %d", f.Found, f.From)
	}
	p.send(`{"type":"groups","id":6}`)
	groups := toldLast[groupedEvent](p).Groups
	if len(groups) > 26 || groups[0].First.Step != 1 {
		t.Errorf("%d groups for two commands: %+v", len(groups), groups)
	}
	p.ask(`{"type":"why","id":7,"revision":REV}`, created)
	if w := toldLast[whyEvent](p).Why; w == nil || w.Entry.Revision != created || len(w.Path) < 2 {
		t.Errorf("why: %+v", w)
	}
	p.send(`{"type":"waits","id":8,"actor":"node-controller"}`)
	if w := toldLast[waitedEvent](p).Waits; w.All == 0 {
		t.Errorf("it waits for nothing: %+v", w)
	}
}

func TestForkInto(t *testing.T) {
	p, created := played(t)
	main, other := p.log, memory.New()
	p.d.opts.Open = func(name string) (store.Log, error) {
		if name != "b" {
			t.Errorf("opened %s", name)
		}
		return other, nil
	}
	before := p.d.c.Hash()
	p.ask(`{"type":"fork","id":1,"revision":REV,"database":"b"}`, created)
	if f := toldLast[forkedEvent](p); f.Error != "" || f.Nodes != 3 {
		t.Fatalf("%+v", f)
	}
	f, err := cluster.New(cluster.Options{Log: other})
	if err != nil || f.Revision() != created {
		t.Fatalf("the fork is at %d, want %d: %v", f.Revision(), created, err)
	}
	if p.d.c.Hash() != before || p.log != main {
		t.Error("the cluster has changed")
	}
	for _, bad := range []string{`{"type":"fork","id":2,"revision":5,"database":"b"}`, `{"type":"fork","id":3,"revision":5,"database":"a"}`} {
		p.send(bad)
		if f := toldLast[forkedEvent](p); f.Error == "" {
			t.Errorf("%s went through", bad)
		}
	}
}

func TestAdvance(t *testing.T) {
	p, _ := played(t)
	before := p.d.c.Now()
	p.send(`{"type":"advance","seconds":60}`)
	if by := p.d.c.Now().Sub(before).Seconds(); by != 60 {
		t.Errorf("time went on by %v s", by)
	}
	p.send(`{"type":"advance","seconds":-1}`)
	if toldLast[failedEvent](p).Kind != "request" {
		t.Error("time went back")
	}
}
