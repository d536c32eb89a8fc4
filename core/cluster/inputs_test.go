package cluster

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestInputsAreAllItTakes: the deeds of one world, done again in another of
// the same seed where they were done, give the same bytes.
func TestInputsAreAllItTakes(t *testing.T) {
	edit := func(string, []byte, func([]byte, bool)) {}
	var answer func([]byte, bool)
	var edited string
	first := start(t, Options{Seed: 5, Edit: func(_ string, text []byte, done func([]byte, bool)) {
		edited, answer = strings.Replace(string(text), "replicas: 4", "replicas: 2", 1), done
	}})
	quiet := func(string) {}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(first.Pulls("nginx 20s"))
	first.Exec("kubectl create deployment web --image=nginx --replicas=4", quiet, quiet, func(int) {})
	for range 25 {
		first.Step()
	}
	must(first.Hold("kubelet/node-2"))
	must(first.Restart("scheduler"))
	must(first.Disconnect("replicaset-controller"))
	stop := first.Exec("kubectl get pods -w", quiet, quiet, func(int) {})
	for range 40 {
		first.Step()
	}
	stop()
	first.Exec("kubectl edit deployment web", quiet, quiet, func(int) {})
	for answer == nil {
		first.Step()
	}
	must(first.Release("kubelet/node-2"))
	answer([]byte(edited), true)
	settle(t, first)
	must(first.AdvanceTo(first.Now().Add(3*time.Millisecond), 100))

	again := start(t, Options{Seed: 5, Edit: edit})
	for _, in := range first.Inputs() {
		must(again.Reach(in, nil))
		must(again.Apply(in, nil))
	}
	must(again.Reach(Input{Steps: first.Steps(), Time: first.Now()}, nil))
	if first.Hash() != again.Hash() {
		t.Error("the same inputs gave another state")
	}
	if !slices.Equal(first.Inputs(), again.Inputs()) {
		t.Errorf("the same inputs are told as\n%v\nnot\n%v", again.Inputs(), first.Inputs())
	}
}

// TestReachNoticesAnotherRun, before, after and between events.
func TestReachNoticesAnotherRun(t *testing.T) {
	c := start(t, Options{Seed: 5})
	for name, in := range map[string]Input{
		"past":     {Steps: c.Steps() - 1, Time: c.Now()},
		"earlier":  {Steps: c.Steps(), Time: c.Now().Add(-time.Second)},
		"too few":  {Steps: c.Steps(), Time: c.Now().Add(time.Hour)},
		"too many": {Steps: c.Steps() + 1000, Time: c.Now()},
	} {
		if err := c.Reach(in, nil); !errors.Is(err, ErrDiverged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c2 := range map[string]struct {
		in   Input
		want error
	}{
		"deed":      {Input{Do: "sing"}, ErrNoDeed},
		"component": {Input{Do: Hold, With: "nobody"}, ErrNoSuchActor},
		"line":      {Input{Do: Interrupt, With: "9"}, ErrDiverged},
		"editor":    {Input{Do: Edit, Place: 3}, ErrDiverged},
	} {
		if err := c.Apply(c2.in, nil); !errors.Is(err, c2.want) {
			t.Errorf("%s: %v, want %v", name, err, c2.want)
		}
	}
}
