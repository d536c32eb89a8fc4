package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// browser is a driver with several tabs; each keeps what it was told.
type browser struct {
	*page
	told map[int][]any
}

func newBrowser(t *testing.T) *browser {
	b := &browser{page: newPage(t, memory.New()), told: map[int][]any{}}
	b.d.opts.Send = func(tab int, event any) {
		b.told[tab] = append(b.told[tab], event)
		if _, frame := event.(frameEvent); frame {
			b.d.Handle(tab, []byte(`{"type":"drawn"}`))
		}
	}
	return b
}

func (b *browser) from(tab int, format string, args ...any) {
	b.t.Helper()
	b.d.Handle(tab, fmt.Appendf(nil, format, args...))
	b.settle()
}

const bootTab = `{"type":"boot","seed":1,"nodes":3,"database":"test","speed":"once"}`

func count[E any](events []any) (n int) {
	for _, event := range events {
		if _, ok := event.(E); ok {
			n++
		}
	}
	return n
}

func text(events []any, id int) (s string) {
	for _, event := range events {
		if e, ok := event.(outputEvent); ok && e.ID == id {
			s += e.Text
		}
	}
	return s
}

// writes counts the writes that a tab was told of.
func writes(events []any) int {
	seen := map[int64]bool{}
	for _, event := range events {
		if f, ok := event.(frameEvent); ok {
			for _, e := range f.Entries {
				seen[e.Revision] = true
			}
		}
	}
	return len(seen)
}

func TestTabsShareTheCluster(t *testing.T) {
	b := newBrowser(t)
	b.from(1, bootTab)
	b.from(1, `{"type":"exec","id":1,"line":"kubectl create deployment web --image=nginx"}`)
	b.from(2, "%s", strings.Replace(bootTab, "once", "slow", 1))
	if b.d.pace.speed != Once {
		t.Errorf("a tab that joins has set the speed to %s", b.d.pace.speed)
	}
	if got := count[readyEvent](b.told[2]); got != 1 {
		t.Fatalf("the second tab was told %d times that the cluster is ready", got)
	}
	b.from(2, `{"type":"exec","id":1,"line":"kubectl get deployments -o name"}`)
	if got := text(b.told[2], 1); got != "deployment.apps/web\n" {
		t.Errorf("the second tab's line 1 printed %q", got)
	}
	if got := text(b.told[1], 1); got != "deployment.apps/web created\n" {
		t.Errorf("the first tab's line 1 printed %q", got)
	}
	if one, two := writes(b.told[1]), writes(b.told[2]); one != two || one == 0 {
		t.Errorf("the tabs know %d and %d writes", one, two)
	}
	b.from(2, `{"type":"pause"}`)
	for tab := 1; tab <= 2; tab++ {
		b.events = b.told[tab]
		if f, _ := last[frameEvent](b.page); f.Playing {
			t.Errorf("tab %d does not know that the world is paused", tab)
		}
	}
}

func TestEditorOpensWhereItWasAskedFor(t *testing.T) {
	b := newBrowser(t)
	b.from(1, bootTab)
	b.from(2, bootTab)
	b.from(1, `{"type":"exec","id":1,"line":"kubectl create configmap one --from-literal=a=b"}`)
	b.from(1, `{"type":"exec","id":2,"line":"kubectl get pods --watch"}`)
	b.from(2, `{"type":"exec","id":1,"line":"kubectl edit configmap one"}`)
	if got := []int{count[editEvent](b.told[1]), count[editEvent](b.told[2])}; got[0] != 0 || got[1] != 1 {
		t.Fatalf("editors opened in the two tabs: %v, want [0 1]", got)
	}
	b.from(1, `{"type":"edited","id":1,"content":"","saved":false}`)
	if count[failedEvent](b.told[1]) != 1 {
		t.Error("another tab has closed the editor")
	}
	b.d.Leave(2)
	b.settle()
	if len(b.d.console.editors) != 0 || len(b.d.console.running) != 1 {
		t.Errorf("after the tab was closed %d editors are open and %d lines run, want 0 and 1", len(b.d.console.editors), len(b.d.console.running))
	}
	b.d.Leave(1)
	b.settle()
	if n := len(b.d.console.running); n != 0 {
		t.Errorf("nobody is there and %d lines run", n)
	}
}

func TestAReloadedTabRevivesAFailedCluster(t *testing.T) {
	b := newBrowser(t)
	b.from(1, bootTab)
	b.from(2, bootTab)
	b.from(1, `{"type":"exec","id":1,"line":"kubectl create configmap kept --from-literal=a=b"}`)
	b.log.broken = errors.New("the disk is gone")
	b.from(1, `{"type":"exec","id":2,"line":"kubectl create configmap lost --from-literal=a=b"}`)
	for tab := 1; tab <= 2; tab++ {
		if count[failedEvent](b.told[tab]) != 1 {
			t.Fatalf("tab %d was not told that the disk is gone", tab)
		}
	}
	b.from(2, `{"type":"exec","id":3,"line":"kubectl get configmap kept -o name"}`)
	if got := text(b.told[2], 3); got != "configmap/kept\n" {
		t.Errorf("what there is cannot be read: %q", got)
	}
	b.log.broken = nil
	b.d.Leave(1)
	b.from(3, bootTab)
	if count[readyEvent](b.told[2]) != 2 || count[readyEvent](b.told[3]) != 1 {
		t.Fatal("the tabs were not told of the cluster that was opened anew")
	}
	b.from(3, `{"type":"exec","id":1,"line":"kubectl get configmaps kept lost -o name"}`)
	if got := text(b.told[3], 1); !strings.HasPrefix(got, "configmap/kept\n") || !strings.Contains(got, `"lost" not found`) {
		t.Errorf("after the reload: %q", got)
	}
}

func TestExportImport(t *testing.T) {
	b := newBrowser(t)
	b.from(1, bootTab)
	b.from(1, `{"type":"exec","id":1,"line":"kubectl create deployment web --image=nginx"}`)
	b.from(1, `{"type":"export","id":7,"name":"mine"}`)
	b.events = b.told[1]
	file, ok := last[exportedEvent](b.page)
	if !ok || file.ID != 7 || file.Error != "" || len(file.Data) == 0 {
		t.Fatalf("exported: %v, error %q, %d bytes", ok, file.Error, len(file.Data))
	}

	copied := memory.New()
	b.d.opts.Open = func(string) (store.Log, error) { return copied, nil }
	damaged := append([]byte(nil), file.Data...)
	damaged[len(damaged)/2] ^= 1
	for _, test := range []struct {
		database string
		data     []byte
		want     string
	}{
		{"test", file.Data, "already"},
		{"copy", damaged, "checksum"},
		{"copy", file.Data, ""},
		{"copy", file.Data, "already"},
	} {
		data, err := json.Marshal(importRequest{ID: 8, Database: test.database, Data: test.data})
		if err != nil {
			t.Fatal(err)
		}
		b.from(1, `{"type":"import",%s`, data[1:])
		b.events = b.told[1]
		if got, _ := last[importedEvent](b.page); got.ID != 8 || (got.Error == "") != (test.want == "") || !strings.Contains(got.Error, test.want) {
			t.Errorf("import into %s: error %q, want %q", test.database, got.Error, test.want)
		}
	}

	other := newPage(t, copied)
	other.boot()
	other.send(`{"type":"exec","id":1,"line":"kubectl get deployments -o name"}`)
	other.settle()
	if got := other.printed(1); got != "deployment.apps/web\n" {
		t.Errorf("the imported cluster has %q", got)
	}
	if now := other.d.c.Now(); now.Before(b.d.c.Now().Add(-time.Minute)) {
		t.Errorf("the imported cluster's clock is at %s", now)
	}
}

func TestRoomAfterTheSpaceRanOut(t *testing.T) {
	b := newBrowser(t)
	b.from(1, bootTab)
	b.from(1, `{"type":"usage"}`)
	b.events = b.told[1]
	if u, _ := last[usageEvent](b.page); u.Revision != b.d.c.Revision() || u.Retain <= 0 || u.Keys == 0 {
		t.Errorf("usage: %+v", u)
	}
	b.from(1, `{"type":"room","keep":1}`)
	b.events = b.told[1]
	if r, ok := last[resumedEvent](b.page); !ok || r.Error != "" {
		t.Errorf("room: %v %q", ok, r.Error)
	}
	b.from(1, `{"type":"usage"}`)
	b.events = b.told[1]
	if u, _ := last[usageEvent](b.page); u.Oldest < b.d.c.Revision()-1 {
		t.Errorf("history was not dropped: %+v", u)
	}
}

// The policy for history comes with the boot request, and a tab may change it.
func TestRetain(t *testing.T) {
	b := newBrowser(t)
	b.from(1, "%s", strings.Replace(bootTab, `"database"`, `"retain":500,"database"`, 1))
	ask := func(request string) usageEvent {
		b.from(1, "%s", request)
		b.events = b.told[1]
		u, _ := last[usageEvent](b.page)
		return u
	}
	if u := ask(`{"type":"usage"}`); u.Retain != 500 || u.Oldest != 1 {
		t.Errorf("booted with 500: %+v", u)
	}
	if u := ask(`{"type":"usage","retain":2}`); u.Retain != 2 || u.Oldest != u.Revision-2 {
		t.Errorf("set to 2: %+v", u)
	}
	b.from(1, `{"type":"usage","retain":-5}`)
	b.events = b.told[1]
	if f, ok := last[failedEvent](b.page); !ok || !strings.Contains(f.Message, "-1 for all") {
		t.Errorf("set to -5: %+v", f)
	}
}
