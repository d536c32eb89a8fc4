package lessons

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/lessons/chain"
)

func homework(t testing.TB) (*Lesson, *Check) {
	t.Helper()
	l, err := Find(Embedded(), "homework")
	if err != nil {
		t.Fatal(err)
	}
	return l, l.Check("chain")
}

// edges writes a truth's direct causes as scripts do.
func edges(truth *chain.Truth) []string {
	var out []string
	for _, e := range truth.Order.Direct() {
		out = append(out, truth.Events[e[0]].String()+">"+truth.Events[e[1]].String())
	}
	slices.Sort(out)
	return out
}

// TestTheTruthOfTheHomework is the answer key, as the engine tells it: twelve
// events, and nothing required between the two new pods.
func TestTheTruthOfTheHomework(t *testing.T) {
	l, c := homework(t)
	truth, err := l.Truth(c)
	if err != nil {
		t.Fatal(err)
	}
	if truth.Runs != 16 || truth.Objects != 2 || len(truth.Events) != 12 {
		t.Fatalf("%d runs, %d pods, %d events", truth.Runs, truth.Objects, len(truth.Events))
	}
	want := strings.Fields(`
		container… wish>wish-noticed wish-noticed>set-scaled set-scaled>set-noticed
		set-noticed>pod-created/1 pod-created/1>pod-bound/1 pod-bound/1>pod-noticed/1 pod-noticed/1>container-started/1
		set-noticed>pod-created/2 pod-created/2>pod-bound/2 pod-bound/2>pod-noticed/2 pod-noticed/2>container-started/2`)[1:]
	slices.Sort(want)
	if got := edges(truth); !slices.Equal(got, want) {
		t.Errorf("direct causes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for block, who := range map[string]string{
		"wish": "kubectl", "wish-noticed": "deployment-controller", "set-scaled": "deployment-controller",
		"set-noticed": "replicaset-controller", "pod-created": "replicaset-controller",
		"pod-bound": "scheduler", "pod-noticed": "kubelet", "container-started": "kubelet",
	} {
		if truth.Actors[block] != who {
			t.Errorf("%s is done by %q, want %q", block, truth.Actors[block], who)
		}
	}
}

// full is a right answer but for its order.
func full(order ...string) Answer {
	a := Answer{Order: order, Actors: map[string]string{
		"wish": "kubectl", "wish-noticed": "deployment-controller", "set-scaled": "deployment-controller",
		"set-noticed": "replicaset-controller", "pod-created": "replicaset-controller",
		"pod-bound": "scheduler", "pod-noticed": "kubelet", "container-started": "kubelet",
	}}
	for _, e := range strings.Fields(`wish>wish-noticed wish-noticed>set-scaled set-scaled>set-noticed
		set-noticed>pod-created/1 pod-created/1>pod-bound/1 pod-bound/1>pod-noticed/1 pod-noticed/1>container-started/1
		set-noticed>pod-created/2 pod-created/2>pod-bound/2 pod-bound/2>pod-noticed/2 pod-noticed/2>container-started/2`) {
		from, to, _ := strings.Cut(e, ">")
		a.Causes = append(a.Causes, [2]string{from, to})
	}
	return a
}

const (
	start4   = "wish wish-noticed set-scaled set-noticed "
	oneByOne = start4 + "pod-created/1 pod-bound/1 pod-noticed/1 container-started/1 pod-created/2 pod-bound/2 pod-noticed/2 container-started/2"
	together = start4 + "pod-created/2 pod-created/1 pod-bound/1 pod-bound/2 pod-noticed/2 container-started/2 pod-noticed/1 container-started/1"
	unnamed  = start4 + "pod-created pod-created pod-bound pod-bound pod-noticed pod-noticed container-started container-started"
)

func TestKnownAnswersHaveKnownScores(t *testing.T) {
	l, c := homework(t)
	for name, want := range map[string]struct {
		answer                        Answer
		events, order, causes, actors float64
	}{
		"one pod after the other": {full(strings.Fields(oneByOne)...), 1, 1, 1, 1},
		"both at once":            {full(strings.Fields(together)...), 1, 1, 1, 1},
		"pods without names":      {full(strings.Fields(unnamed)...), 1, 1, 1, 1},
		"only the order":          {Answer{Order: strings.Fields(oneByOne)}, 1, 1, 0, 0},
		"nothing":                 {Answer{}, 0, 0, 0, 0},
		"a pod runs before it is bound": {
			full(strings.Fields(start4 + "pod-created/1 container-started/1 pod-bound/1 pod-noticed/1 pod-created/2 pod-bound/2 pod-noticed/2 container-started/2")...),
			1, 10.0 / 12, 1, 1,
		},
		"and a new ReplicaSet": {full(append(strings.Fields(oneByOne), "new-set")...), 11.0 / 12, 11.0 / 12, 1, 1},
		"three pods": {
			full(append(strings.Fields(oneByOne), "pod-created/3")...), 11.0 / 12, 11.0 / 12, 1, 1,
		},
	} {
		p, err := l.Predicted(c, want.answer)
		if err != nil {
			t.Fatal(err)
		}
		got := [4]float64{p.Events, p.Order, p.Causes, p.Actors}
		if got != [4]float64{want.events, want.order, want.causes, want.actors} {
			t.Errorf("%s: events, order, causes, actors are %v\n%+v", name, got, p.Notes)
		}
		whole := (4*want.events + 3*want.order + 2*want.causes + want.actors) / 10
		if diff := p.Score - whole; diff > 1e-9 || diff < -1e-9 {
			t.Errorf("%s: score %v, want %v", name, p.Score, whole)
		}
	}
}

// TestPodsAreInterchangeable: renaming the learner's pods changes nothing.
func TestPodsAreInterchangeable(t *testing.T) {
	l, c := homework(t)
	rename := strings.NewReplacer("/1", "/7", "/2", "/5")
	a := full(strings.Fields(together)...)
	for i := range a.Order {
		a.Order[i] = rename.Replace(a.Order[i])
	}
	for i := range a.Causes {
		a.Causes[i] = [2]string{rename.Replace(a.Causes[i][0]), rename.Replace(a.Causes[i][1])}
	}
	p, err := l.Predicted(c, a)
	if err != nil {
		t.Fatal(err)
	}
	if p.Score != 1 {
		t.Errorf("score %v, %+v", p.Score, p.Notes)
	}
}

func TestRandomPredictionsScoreNearZero(t *testing.T) {
	l, c := homework(t)
	dice := rand.New(rand.NewPCG(1, 1))
	events := strings.Fields(oneByOne)
	var sum float64
	const n = 2000
	for range n {
		dice.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		p, err := l.Predicted(c, Answer{Order: events})
		if err != nil {
			t.Fatal(err)
		}
		sum += p.Order
	}
	if mean := sum / n; mean > 0.08 {
		t.Errorf("a random order scores %.3f on average", mean)
	}
}

// TestFeedbackNamesTheFirstImpossibleEvent, in both languages.
func TestFeedbackNamesTheFirstImpossibleEvent(t *testing.T) {
	l, c := homework(t)
	p, err := l.Predicted(c, full("wish", "set-scaled", "wish-noticed", "old-pod-restarts"))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, n := range p.Notes {
		for _, lang := range Languages {
			said[n.Code+" "+lang] += l.SayNote(lang, "chain", n) + "\n"
		}
	}
	for key, want := range map[string]string{
		"impossible en":       "“The existing ReplicaSet's spec.replicas is set to 3” cannot happen yet where you put it: before it, this must have happened: The change to the Deployment is noticed.",
		"impossible zh-cn":    "“已有的 ReplicaSet 的 spec.replicas 被设为 3”放在这里还不可能发生：在它之前必须先发生：Deployment 的变化被得知。",
		"misconception en":    "“The Pod that already runs is restarted” does not happen. Nobody touches it. One pod runs and three are wanted: two are missing, so two are created.",
		"misconception zh-cn": "“已经在运行的 Pod 被重启”并不会发生。 没有谁去动它。已有一个，想要三个，缺两个，所以创建两个。",
		"missing en":          "“A Pod is created; it has no node yet (2)” is missing.",
	} {
		if !strings.Contains(said[key], want) {
			t.Errorf("%s: says %q, want %q", key, said[key], want)
		}
	}
}

// TestTheRunIsLaidOverThePrediction: every event of the truth is found in a
// learner's own run, in an order that the truth allows.
func TestTheRunIsLaidOverThePrediction(t *testing.T) {
	l, c := homework(t)
	truth, err := l.Truth(c)
	if err != nil {
		t.Fatal(err)
	}
	for student := range 5 {
		s, err := Open(l, Options{Student: fmt.Sprint("student-", student)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Run("kubectl scale deployment web --replicas=3"); err != nil {
			t.Fatal(err)
		}
		seen := s.Observed(c)
		events := slices.Clone(truth.Events)
		for _, e := range events {
			if seen[e.String()] == 0 {
				t.Fatalf("%s was not found in the run", e)
			}
		}
		slices.SortFunc(events, func(a, b chain.Event) int { return int(seen[a.String()] - seen[b.String()]) })
		order := make([]string, len(events))
		for i, e := range events {
			order[i] = e.String()
		}
		if p, err := l.Predicted(c, Answer{Order: order}); err != nil || p.Order != 1 {
			t.Errorf("what happened scores %v: %v, %v", p.Order, order, err)
		}
	}
}
