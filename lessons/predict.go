package lessons

import (
	"slices"
	"sync"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/lessons/chain"
	"github.com/tabernetes/tabernetes/lessons/grading"
)

// defaultRuns is over how many worlds a prediction's truth must hold.
const defaultRuns = 12

// truths are found once a lesson and check.
type truths struct {
	mu    sync.Mutex
	found map[string]*truth
}

// truth is being found, one world after the other.
type truth struct {
	mu        sync.Mutex
	agreement *chain.Agreement
	runs      uint64
	is        *chain.Truth
	err       error
}

func (t *truths) of(check string) *truth {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.found == nil {
		t.found = map[string]*truth{}
	}
	if t.found[check] == nil {
		t.found[check] = &truth{}
	}
	return t.found[check]
}

// blocks are the prediction's events and misconceptions as package chain has them.
func (q *Predict) blocks() []chain.Block {
	var out []chain.Block
	for _, e := range q.Events {
		out = append(out, chain.Block{ID: e.ID, Event: *e.Event, Each: e.Each})
	}
	for _, e := range q.Misconceptions {
		b := chain.Block{ID: e.ID, Each: e.Each, Never: true}
		if e.Event != nil {
			b.Event = *e.Event
		}
		out = append(out, b)
	}
	return out
}

// Truth is what the script of a prediction leads to in every world, whatever
// the seed and the order of delivery. It is found once, by running the engine;
// it may be called from several goroutines.
func (l *Lesson) Truth(c *Check) (*chain.Truth, error) {
	t := l.truths.of(c.ID)
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.done() {
		t.run(l, c.Predict)
	}
	return t.is, t.err
}

// Prepare runs one of the worlds that Truth needs, and tells whether Truth
// would now answer at once. A page calls it while the learner reads.
func (l *Lesson) Prepare(c *Check) (done bool) {
	t := l.truths.of(c.ID)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.done() {
		t.run(l, c.Predict)
	}
	return t.done()
}

func (t *truth) done() bool { return t.is != nil || t.err != nil }

// run takes in one more world.
func (t *truth) run(l *Lesson, q *Predict) {
	if t.agreement == nil {
		t.agreement = chain.Agree(q.blocks())
	}
	t.err = l.agree(t.agreement, q, t.runs)
	t.runs++
	enough := uint64(q.Runs)
	if enough == 0 {
		enough = defaultRuns
	}
	if t.err == nil && t.runs >= enough {
		t.is = t.agreement.Truth()
	}
}

// agree runs the script in the n-th world.
func (l *Lesson) agree(agreement *chain.Agreement, q *Predict, n uint64) error {
	script, err := ParseScript(q.Script)
	if err != nil {
		return err
	}
	timing := client.DefaultTiming
	timing.Spread = int64(n%4) * 5000 // deliveries of up to 1, 50, 100, 150 ms
	s, err := Open(l, Options{Seed: n + 1, Timing: timing})
	if err != nil {
		return err
	}
	for _, d := range script {
		if err := s.Do(d); err != nil {
			return err
		}
	}
	return agreement.Run(s.c.Entries(s.from, 0), changesOf(s.c))
}

// Prediction is how a prediction did.
type Prediction struct {
	Score float64 `json:"score"` // the parts by their weights, of 1
	// The parts, of 1 each.
	Events float64 `json:"events"`
	Order  float64 `json:"order"`
	Causes float64 `json:"causes"`
	Actors float64 `json:"actors"`
	// Distance is the order's: extras + missing + 2 × moves.
	Distance int    `json:"distance"`
	Notes    []Note `json:"notes,omitempty"`
}

// Note is one thing to say about a prediction; Lesson.Note has the words.
type Note struct {
	// Code is impossible (Event cannot happen where it stands: Others, which
	// it needs, have not happened), misconception (Event never happens),
	// surplus (Event happens, but not this often), missing (Event happens, and
	// is not there), move (Event is one of the fewest to move), cause (Others[0]
	// does not lead to Event), far (Others[0] leads to Event, but not
	// directly), uncaused (a direct cause of Event is not named), actor (Event
	// is not done by Others[0]).
	Code   string   `json:"code"`
	Event  string   `json:"event"`
	Others []string `json:"others,omitempty"`
}

func (p *Prediction) misconceptions() []string {
	var out []string
	for _, n := range p.Notes {
		if n.Code == "misconception" && !slices.Contains(out, n.Event) {
			out = append(out, n.Event)
		}
	}
	return out
}

// Predicted scores an answer to a prediction.
func (l *Lesson) Predicted(c *Check, a Answer) (*Prediction, error) {
	t, err := l.Truth(c)
	if err != nil {
		return nil, err
	}
	j := judge{q: c.Predict, t: t, p: &Prediction{}}
	j.number(a)
	j.events()
	j.order()
	j.causes(a)
	j.actors(a)
	w := c.Predict.Weights
	p := j.p
	p.Score = (float64(w.Events)*p.Events + float64(w.Order)*p.Order + float64(w.Causes)*p.Causes + float64(w.Actors)*p.Actors) / float64(w.sum())
	if p.Score > 1-1e-9 {
		p.Score = 1
	}
	return p, nil
}

// judge holds one answer against the truth.
type judge struct {
	q     *Predict
	t     *chain.Truth
	p     *Prediction
	list  []chain.Event // the answer's order, objects numbered
	names map[int]int   // the learner's names of the objects, as numbered
}

func (j *judge) note(code string, event chain.Event, others ...string) {
	j.p.Notes = append(j.p.Notes, Note{Code: code, Event: event.String(), Others: others})
}

// number reads the order; pods count in the order in which it names them.
func (j *judge) number(a Answer) {
	events := make([]chain.Event, len(a.Order))
	for i, s := range a.Order {
		events[i] = chain.ParseEvent(s)
	}
	j.list, j.names = chain.Number(events, j.q.each)
}

// event is an event as causes and actors name it.
func (j *judge) event(s string) chain.Event {
	e := chain.ParseEvent(s)
	if n, ok := j.names[e.Object]; ok && e.Object > 0 {
		e.Object = n
	}
	return e
}

// events scores the choice: what happens against what doesn't.
func (j *judge) events() {
	right, wrong := 0, 0
	seen := map[chain.Event]bool{}
	for _, e := range j.list {
		switch {
		case j.t.Index(e) >= 0 && !seen[e]:
			right++
		case slices.ContainsFunc(j.q.Misconceptions, func(m PredictEvent) bool { return m.ID == e.Block }):
			wrong++
			j.note("misconception", chain.Event{Block: e.Block})
		default:
			wrong++
			j.note("surplus", e)
		}
		seen[e] = true
	}
	for _, e := range j.t.Events {
		if !seen[e] {
			j.note("missing", e)
		}
	}
	j.p.Events = grading.ScoreChoice(right, wrong, len(j.t.Events))
}

func (j *judge) order() {
	places := make([]int, len(j.list))
	for i, e := range j.list {
		places[i] = j.t.Index(e)
	}
	o := grading.ScoreOrder(j.t.Order, places)
	j.p.Order, j.p.Distance = o.Score, o.Distance
	if o.First >= 0 {
		j.note("impossible", j.list[o.First], j.strings(o.Lacks)...)
	}
	for _, m := range o.Moved {
		j.note("move", j.t.Events[m])
	}
}

func (j *judge) strings(places []int) []string {
	out := make([]string, len(places))
	for i, p := range places {
		out[i] = j.t.Events[p].String()
	}
	return out
}

func (j *judge) causes(a Answer) {
	edges := make([][2]int, len(a.Causes))
	for i, c := range a.Causes {
		edges[i] = [2]int{j.t.Index(j.event(c[0])), j.t.Index(j.event(c[1]))}
		if edges[i][0] < 0 || edges[i][1] < 0 {
			edges[i] = [2]int{-1 - i, -1} // each wrong for itself
			j.note("cause", j.event(c[1]), j.event(c[0]).String())
		}
	}
	c := grading.ScoreCauses(j.t.Order, edges)
	j.p.Causes = c.Score
	for _, e := range c.Wrong {
		if e[0] >= 0 {
			j.note("cause", j.t.Events[e[1]], j.t.Events[e[0]].String())
		}
	}
	for _, e := range c.Far {
		j.note("far", j.t.Events[e[1]], j.t.Events[e[0]].String())
	}
	var uncaused []int
	for _, e := range c.Missing {
		if !slices.Contains(uncaused, e[1]) {
			uncaused = append(uncaused, e[1])
			j.note("uncaused", j.t.Events[e[1]])
		}
	}
}

func (j *judge) actors(a Answer) {
	right := 0
	for _, e := range j.q.Events {
		who, said := a.Actors[e.ID]
		switch {
		case said && who == j.t.Actors[e.ID]:
			right++
		case said:
			j.note("actor", chain.Event{Block: e.ID}, who)
		}
	}
	j.p.Actors = float64(right) / float64(len(j.q.Events))
}

// Observed finds a prediction's events in what this session's cluster did, by
// the places of their entries in the trace: what happened, to be shown against
// what was predicted.
func (s *Session) Observed(c *Check) map[string]int64 {
	found := chain.Observe(c.Predict.blocks(), s.c.Entries(s.from, 0), changesOf(s.c))
	out := make(map[string]int64, len(found))
	for e, seq := range found {
		out[e.String()] = seq
	}
	return out
}
