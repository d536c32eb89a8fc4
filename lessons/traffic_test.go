package lessons

import (
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/cluster"
)

// TestTrafficChecks: requests that are all answered pass, those of which some
// are lost say how many and why, and a check waits for the end of a run.
func TestTrafficChecks(t *testing.T) {
	l := lessonOf(t, `
  - id: any
    traffic: {}
  - id: none-lost
    traffic: {url: "http://web", sent: {min: 100}, lost: 0}
  - id: some-lost
    traffic: {url: "http://nobody", lost: {min: 10}}
`)
	l.Prose = map[string]*Prose{}
	s, err := Open(l, Options{})
	if err != nil {
		t.Fatal(err)
	}
	do := func(what, with string) {
		t.Helper()
		if err := s.Do(Doing{Do: what, With: with}); err != nil {
			t.Fatal(err)
		}
	}
	// stand is how the checks stand as they were last looked at, without looking.
	stand := func() string {
		var out []string
		for _, r := range s.Results() {
			text := string(r.Status)
			for _, d := range r.Details {
				text += " " + SayDetail("en", d)
			}
			out = append(out, text)
		}
		return strings.Join(out, "; ")
	}
	want := func(want string) {
		t.Helper()
		if got := stand(); got != want {
			t.Errorf("the checks stand\n%s\nwant\n%s", got, want)
		}
	}
	want("failed requests: wanted ≥ 1, found nothing; failed requests: wanted ≥ 100 http://web, found nothing; failed requests: wanted ≥ 1 http://nobody, found nothing")
	do("type", "kubectl create deployment web --image=nginx")
	do("type", "kubectl expose deployment web --port=80")
	do("requests", "http://web 10/s 12s")
	do("type", "kubectl get pods")
	want("failed requests http://web: wanted ≥ 1, found 0; failed requests http://web: wanted ≥ 100, found 0; failed requests: wanted ≥ 1 http://nobody, found nothing")
	do("wait", "13s")
	want("passed; passed; failed requests: wanted ≥ 1 http://nobody, found nothing")
	do("requests", "http://nobody 1/s 3s")
	do("wait", "4s")
	want("passed; passed; failed requests lost: wanted ≥ 10, found 3 no-such-name")
	do("requests", "http://nobody 10/s 3s")
	do("wait", "4s")
	want("passed; passed; passed")

	// It is part of what is handed in, and comes out the same.
	again, err := Resume(l, s.Save("test"), Options{})
	if err != nil || again.c.Hash() != s.c.Hash() || len(again.c.Traffic()) != 3 {
		t.Errorf("done again: %v, %v", err, again)
	}
	for _, bad := range []string{"http://web", "http://web 0/s 3s", "http://web 10/s 1000h", "web:x 1/s 3s", "http://web ten 3s"} {
		if s.Deed(cluster.Requests, bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	x := Examine(l, shelf{})
	if got := x.Look()[0]; got.Status != Unavailable || got.Beyond != "traffic" {
		t.Errorf("on another cluster: %+v", got)
	}
}
