package cluster

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

// glimpse is what there is to see of a cluster.
type glimpse struct {
	overview Overview
	actors   []ActorState
	groups   []trace.Group
	hash     string
}

// content is etcd's state in short, as of a revision (0: now).
func content(t *testing.T, c *Cluster, revision int64) string {
	t.Helper()
	all, err := c.store.Range(store.RangeRequest{Key: "\x00", End: store.FromKey, Revision: revision})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(all.KVs)
}

// TestThePastIsAsItWas looks at every revision while it is the present, and
// again when it is long past.
func TestThePastIsAsItWas(t *testing.T) {
	c := start(t, Options{Seed: 5})
	was := map[int64]glimpse{}
	look := func() {
		was[c.Revision()] = glimpse{c.Overview(), c.Actors(), c.Groups(c.LastEntry(), 1), content(t, c, 0)}
	}
	act := func(n int) {
		switch n {
		case 0:
			c.Exec("kubectl create deployment web --image=nginx --replicas=3", func(string) {}, func(string) {}, func(int) {})
		case 60:
			_ = c.Hold("scheduler")
		case 100:
			_ = c.Release("scheduler")
		case 120:
			_ = c.Stop("kubelet/node-2")
			c.Exec("kubectl scale deployment web --replicas=5", func(string) {}, func(string) {}, func(int) {})
		}
	}
	for n := range 600 {
		act(n)
		look() // the last look at a revision is just before the next
		c.Step()
	}
	if len(was) < 60 {
		t.Fatalf("only %d revisions: this proves nothing", len(was))
	}
	before := c.Hash()
	for rev, want := range was {
		if rev == c.Revision() {
			continue
		}
		p, err := c.At(rev)
		if err != nil {
			t.Fatal(err)
		}
		got := glimpse{p.Overview(), p.Actors(), p.Groups(), content(t, c, rev)}
		if !reflect.DeepEqual(got.overview, want.overview) {
			t.Errorf("revision %d: overview %+v, it was %+v", rev, got.overview, want.overview)
		}
		if got.hash != want.hash {
			t.Errorf("revision %d: etcd holds other things than it did", rev)
		}
		// What happened in the very step that wrote the next revision comes before it.
		if len(got.groups) < len(want.groups) || len(want.groups) > 0 && !reflect.DeepEqual(got.groups[0], want.groups[0]) {
			t.Errorf("revision %d: the chain is %+v, it was %+v", rev, got.groups, want.groups)
		}
		sameActors(t, rev, got.actors, want.actors)
	}
	if c.Hash() != before {
		t.Error("looking at the past has changed the present")
	}
}

// sameActors compares what had been done to them, and what they had been told:
// a stopped one knows nothing, though it had been told.
func sameActors(t *testing.T, rev int64, got, want []ActorState) {
	t.Helper()
	for i := range want {
		if want[i].Held != got[i].Held || want[i].Stopped != got[i].Stopped {
			t.Errorf("revision %d: %+v, it was %+v", rev, got[i], want[i])
		}
	}
}

func TestThePastCanBeReadAndNotChanged(t *testing.T) {
	c := start(t, Options{})
	run(t, c, "create deployment web --image=nginx")
	rev := c.Revision()
	run(t, c, "scale deployment web --replicas=3")
	before := c.Hash()
	p, err := c.At(rev)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"kubectl get deployment web -o jsonpath={.spec.replicas}": "1",
		"kubectl get pods --no-headers | wc -l":                   "1",
		"kubectl describe deployment web":                         "1 desired",
	} {
		r, changing, err := p.Run(line)
		if err != nil || r.Exit != 0 || changing || !strings.Contains(r.Stdout, want) {
			t.Errorf("%s: %+v, changing %v, %v", line, r, changing, err)
		}
	}
	for _, line := range []string{
		"kubectl scale deployment web --replicas=5", "kubectl delete pods --all", "kubectl create namespace x", "kubectl edit deployment web",
	} {
		if _, changing, err := p.Run(line); err != nil || !changing {
			t.Errorf("%s: not seen as a change: %v", line, err)
		}
	}
	r, _, _ := p.Run("kubectl scale deployment web --replicas=5")
	if want := fmt.Sprintf("revision %d is in the past: it can be read, not changed", rev); r.Exit != 1 || !strings.Contains(r.Stderr, want) {
		t.Errorf("%+v, want %q", r, want)
	}
	if r, changing, _ := p.Run("kubectl get pods -w"); changing || r.Exit != 130 {
		t.Errorf("a watch of the past: %+v", r)
	}
	reply, err := p.Do(rest.Message{Method: "GET", Path: "/apis/apps/v1/namespaces/default/deployments/web/scale"})
	if err != nil || !strings.Contains(string(reply.Body), `"replicas":1`) {
		t.Errorf("%s, %v", reply.Body, err)
	}
	if c.Hash() != before {
		t.Error("asking the past has changed the present")
	}
	for rev, want := range map[int64]error{0: store.ErrCompacted, c.Revision() + 1: store.ErrFutureRev} {
		if _, err := c.At(rev); !errors.Is(err, want) {
			t.Errorf("revision %d: %v, want %v", rev, err, want)
		}
	}
}

// TestFork forks at every tenth revision: twice the same, to the byte, with the
// past that it had, and the cluster as untouched as if nobody had looked.
func TestFork(t *testing.T) {
	c := start(t, Options{Seed: 9})
	run(t, c, "create deployment web --image=nginx --replicas=2")
	run(t, c, "scale deployment web --replicas=4")
	before := c.Hash()
	for rev := int64(1); rev <= c.Revision(); rev += 10 {
		var hashes []string
		for range 2 {
			log := memory.New()
			var saved error = errors.New("not answered")
			if err := c.Fork(rev, log, func(err error) { saved = err }); err != nil || saved != nil {
				t.Fatal(err, saved)
			}
			st, err := store.Open(log, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			all, _ := st.Range(store.RangeRequest{Key: "\x00", End: store.FromKey})
			if st.Revision() != rev || fmt.Sprint(all.KVs) != content(t, c, rev) {
				t.Fatalf("the fork of revision %d is at %d, or holds other things", rev, st.Revision())
			}
			f := start(t, Options{Seed: 9, Log: log})
			if n := statuses(f); len(n) > 1 || len(n) == 1 && n["Running"] == 0 {
				t.Errorf("the fork of revision %d settles with pods %v", rev, n)
			}
			run(t, f, "create deployment other --image=nginx")
			hashes = append(hashes, f.Hash())
			if f.Oldest() != c.Oldest() {
				t.Errorf("the fork remembers from %d on, not %d", f.Oldest(), c.Oldest())
			}
		}
		if hashes[0] != hashes[1] {
			t.Errorf("two forks of revision %d differ", rev)
		}
	}
	if c.Hash() != before {
		t.Error("forking has changed the cluster")
	}
	if err := c.Fork(c.Revision()+1, memory.New(), func(error) {}); !errors.Is(err, store.ErrFutureRev) {
		t.Errorf("a fork of the future: %v", err)
	}
}

// TestForkKeepsLeases forks before events expired: they expire in the fork too.
func TestForkKeepsLeases(t *testing.T) {
	c := start(t, Options{})
	run(t, c, "create deployment web --image=nginx")
	rev := c.Revision()
	run(t, c, "delete deployment web")
	if err := c.AdvanceTo(c.Now().Add(3*time.Hour), 1_000_000); err != nil {
		t.Fatal(err)
	}
	log := memory.New()
	if err := c.Fork(rev, log, func(error) {}); err != nil {
		t.Fatal(err)
	}
	f := start(t, Options{Log: log})
	count := func() string {
		r, err := f.Run("kubectl get events -o name")
		if err != nil {
			t.Fatal(err)
		}
		return r.Stdout
	}
	if !strings.Contains(count(), "event/web") {
		t.Fatal("the fork has no events: this proves nothing")
	}
	if err := f.AdvanceTo(f.Now().Add(3*time.Hour), 1_000_000); err != nil {
		t.Fatal(err)
	}
	if out := count(); strings.Contains(out, "event/web") {
		t.Errorf("events outlived their lease:\n%s", out)
	}
}

// TestWhy walks from a running pod back to the learner's line.
func TestWhy(t *testing.T) {
	c := start(t, Options{})
	run(t, c, "create deployment web --image=nginx")
	run(t, c, "scale deployment web --replicas=3")
	x := c.Index(trace.Query{Level: trace.EachStep})
	x.Update()
	var last trace.Entry
	for _, e := range x.Entries(0, x.Len(c.LastEntry())) {
		if e.Step == 7 {
			last = e
		}
	}
	w, kept := c.Why(last.Seq)
	if !kept {
		t.Fatal("the last binding is not kept")
	}
	var steps []int
	for _, e := range w.Path {
		steps = append(steps, e.Step)
	}
	if want := []int{7, 5, 3, 1}; !slices.Equal(steps, want) {
		t.Errorf("the way back is %v, want %v", steps, want)
	}
	if end := w.Path[len(w.Path)-1]; end.Actor != trace.Learner || end.Verb != "patch" && end.Verb != "update" {
		t.Errorf("it ends at %+v, not at the scale", end)
	}
	if w.Decision == nil || w.Decision.Verdict == nil || len(w.Decision.Verdict.Nodes) != 3 {
		t.Errorf("the scheduler's decision: %+v", w.Decision)
	}
	if len(w.Led) == 0 || len(w.Told) == 0 || !slices.IsSorted(w.Because) {
		t.Errorf("led to %v, told %v, because of %v", w.Led, w.Told, w.Because)
	}
	if _, kept := c.Why(c.LastEntry() + 1); kept {
		t.Error("what has not happened has a reason")
	}
}

func TestWaits(t *testing.T) {
	c := start(t, Options{})
	if err := c.Hold("scheduler"); err != nil {
		t.Fatal(err)
	}
	idle := c.Waits("scheduler").All
	run(t, c, "create deployment web --image=nginx")
	if w := c.Waits("scheduler"); w.All <= idle || len(w.Next) == 0 {
		t.Errorf("a held scheduler has nothing piled up: %+v", w)
	}
	if w := c.Waits("nobody"); w.All != 0 {
		t.Errorf("nobody waits for %+v", w)
	}
}
