package driver

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/store/memory"
)

// visitor opens a page that stands on memory, with what a boot request carries.
func visitor(t *testing.T, boot bootRequest) *page {
	t.Helper()
	p := newPage(t, memory.New())
	boot.Speed = Once
	boot.Database = Nowhere + "test"
	data, err := json.Marshal(boot)
	if err != nil {
		t.Fatal(err)
	}
	p.send(`{"type":"boot",` + string(data[1:]))
	p.settle()
	return p
}

func shared(t *testing.T, p *page) sharedEvent {
	t.Helper()
	p.send(`{"type":"share","id":3}`)
	e, ok := last[sharedEvent](p)
	if !ok || e.ID != 3 {
		t.Fatalf("not shared: %+v", e)
	}
	return e
}

// TestASharedSessionIsTheSame: what a link holds gives the same state, the
// same lines with the same output, paused where it was shared.
func TestASharedSessionIsTheSame(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(create)
	p.settle()
	p.send(`{"type":"component","actor":"scheduler","action":"hold"}`)
	p.send(`{"type":"exec","id":2,"line":"kubectl scale deployment web --replicas=3"}`)
	p.settle()
	p.send(`{"type":"component","actor":"scheduler","action":"release"}`)
	for range 3 {
		p.send(`{"type":"stepWrite"}`)
	}
	link := shared(t, p)
	if link.Error != "" || link.Archive != nil {
		t.Fatalf("shared: %q, %d bytes", link.Error, len(link.Archive))
	}
	other := visitor(t, bootRequest{Session: link.Session})
	if _, ok := last[readyEvent](other); !ok {
		t.Fatalf("not ready: %v", other.events)
	}
	if got, want := other.d.c.Hash(), p.d.c.Hash(); got != want {
		t.Errorf("the state is %s, want %s", got, want)
	}
	if other.d.pace.playing {
		t.Error("it goes on, though it was shared in the middle of a chain")
	}
	if got := other.printed(-2); got != "deployment.apps/web scaled\n" {
		t.Errorf("the second line printed %q", got)
	}
	if again := shared(t, other); again.Session != link.Session {
		t.Error("the shared session is shared as another")
	}
}

// TestARestoredClusterIsSharedWhole, for the inputs of its earlier life are gone.
func TestARestoredClusterIsSharedWhole(t *testing.T) {
	log := memory.New()
	p := newPage(t, log)
	p.boot()
	p.send(create)
	p.settle()
	again := newPage(t, log)
	again.boot()
	link := shared(t, again)
	if link.Error != "" || link.Session != "" {
		t.Fatalf("shared: %+v", link)
	}
	other := visitor(t, bootRequest{Archive: link.Archive})
	other.send(`{"type":"exec","id":1,"line":"kubectl get deployments -o name"}`)
	other.settle()
	if got := other.printed(1); got != "deployment.apps/web\n" {
		t.Errorf("it has %q", got)
	}
}

func TestStartLines(t *testing.T) {
	p := visitor(t, bootRequest{Seed: 1, Nodes: 2, Start: []string{
		"kubectl create deployment web --image=nginx", "kubectl get nothing", "kubectl scale deployment web --replicas=2",
	}})
	if _, ok := last[readyEvent](p); !ok {
		t.Fatal("not ready")
	}
	if done, _ := last[doneEvent](p); done.ID != -3 || done.Exit != 0 {
		t.Errorf("the last line ended as %+v", done)
	}
	o := p.d.c.Overview()
	if o.Deployments[0].Ready != 2 {
		t.Errorf("ready pods: %d, want 2", o.Deployments[0].Ready)
	}
}

// TestBadSessions: each is refused with a reason, and there is no cluster.
func TestBadSessions(t *testing.T) {
	good := newPage(t, memory.New())
	good.boot()
	good.send(create)
	good.settle()
	text := shared(t, good).Session
	for name, test := range map[string]struct {
		boot bootRequest
		want string
	}{
		"no JSON":       {bootRequest{Session: "nginx"}, "invalid character"},
		"format":        {bootRequest{Session: `{"format":2}`}, "format 2"},
		"field":         {bootRequest{Session: `{"format":1,"shell":"rm"}`}, "unknown field"},
		"nodes":         {bootRequest{Session: `{"format":1,"nodes":100000}`}, "nodes"},
		"steps":         {bootRequest{Session: `{"format":1,"steps":100000000}`}, "events"},
		"input steps":   {bootRequest{Session: `{"format":1,"inputs":[{"steps":100000000,"do":"type"}]}`}, "events"},
		"deed":          {bootRequest{Session: `{"format":1,"inputs":[{"do":"sing","time":"2000-01-01T00:00:00Z"}]}`}, ""},
		"large":         {bootRequest{Session: strings.Repeat(" ", maxSession+1)}, "bytes"},
		"another state": {bootRequest{Session: strings.Replace(text, `"hash":"`, `"hash":"0`, 1)}, "its state is another"},
		"another seed":  {bootRequest{Session: strings.Replace(text, `"seed":1`, `"seed":2`, 1)}, "not the one recorded"},
		"no archive":    {bootRequest{Archive: []byte("PK")}, ""},
		"many lines":    {bootRequest{Start: make([]string, maxStart+1)}, "lines"},
	} {
		t.Run(name, func(t *testing.T) {
			p := visitor(t, test.boot)
			e, failed := last[failedEvent](p)
			if !failed || e.Kind != "session" || e.Message == "" || !strings.Contains(e.Message, test.want) {
				t.Errorf("told %+v, want %q", e, test.want)
			}
			if p.d.c != nil {
				t.Error("there is a cluster")
			}
		})
	}
}

// TestALineOfASessionCanBeEnded, by whoever looks at it.
func TestALineOfASessionCanBeEnded(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(`{"type":"exec","id":1,"line":"kubectl get pods -w"}`)
	p.settle()
	other := visitor(t, bootRequest{Session: shared(t, p).Session})
	other.send(`{"type":"interrupt","id":-1}`)
	other.settle()
	if done, ok := last[doneEvent](other); !ok || done.ID != -1 || done.Exit != 130 {
		t.Errorf("it ended as %+v", done)
	}
}
