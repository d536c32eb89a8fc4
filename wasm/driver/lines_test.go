package driver

import (
	"encoding/json"
	"testing"

	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

func TestLinesAreEncodedAsJSON(t *testing.T) {
	p := newPage(t, memory.New())
	p.boot()
	p.send(create)
	p.settle()
	p.send(`{"type":"exec","id":2,"line":"kubectl create deployment web --image=nginx"}`) // refused
	p.settle()
	all := append(p.d.c.Entries(0, 0),
		trace.Line{},
		trace.Line{Type: trace.Refused, Message: "a \"quoted\" <b>&\n\u2028 世界 \xff", Code: 422, Reason: "Invalid"},
	)
	got, err := json.Marshal(lines(all))
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].Changed = nil // is asked for on its own
	}
	want, _ := json.Marshal(all)
	if string(got) != string(want) {
		t.Errorf("by hand:\n%s\nby encoding/json:\n%s", got, want)
	}
}
