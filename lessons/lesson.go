package lessons

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/tabernetes/tabernetes/lessons/chain"
)

// FormatVersion is the lesson format that this package reads.
const FormatVersion = 1

// Bounds of a lesson. They keep a lesson from elsewhere from doing harm, and
// are far above what a good lesson needs.
const (
	MaxLessonFile = 256 << 10 // bytes, each of its files
	MaxSteps      = 30
	MaxChecks     = 100 // in all steps
	MaxOptions    = 30  // of one question
	MaxNodes      = 20
	MaxMistakes   = 50
)

// Lesson is a lesson.yaml with the files beside it.
type Lesson struct {
	// Format is FormatVersion.
	Format int `json:"format"`
	// ID names the lesson for ever: progress and submissions carry it.
	ID string `json:"id"`
	// Minutes is about how long it takes.
	Minutes int `json:"minutes"`
	// After lists lessons that are better done before.
	After []string `json:"after,omitempty"`
	// Homework tells that it is handed in: the seed follows from the student's id.
	Homework bool    `json:"homework,omitempty"`
	Cluster  Cluster `json:"cluster,omitempty"`
	// Start is a script (see Script) that makes the start state.
	Start string `json:"start,omitempty"`
	// Allow lists beginnings of console lines that may be typed; empty means
	// all. It guides, it does not guard.
	Allow []string `json:"allow,omitempty"`
	Steps []Step   `json:"steps"`

	// Hash sums up every file of the lesson; progress and submissions carry it.
	Hash string `json:"-"`
	// Dir is the folder the lesson was read from, e.g. 01-ten-steps.
	Dir string `json:"-"`
	// Prose is the lesson in each language, by its tag (en, zh-cn).
	Prose map[string]*Prose `json:"-"`
	// Solution is solution.txt, Mistakes the scripts in mistakes/ by file name.
	Solution string            `json:"-"`
	Mistakes map[string]string `json:"-"`

	byID   map[string]*Check
	truths truths
}

// Cluster says what kind of cluster a lesson runs in.
type Cluster struct {
	Nodes int    `json:"nodes,omitempty"` // 0 means 3
	Seed  uint64 `json:"seed,omitempty"`  // 0 means 1
}

// Step is one page of a lesson.
type Step struct {
	ID     string  `json:"id"`
	Checks []Check `json:"checks,omitempty"`
}

// Check is one thing to get right: a state of the cluster, or an answer.
// Exactly one of the fields from Object on says what.
type Check struct {
	ID string `json:"id"`
	// Needs lists checks without which this one is skipped.
	Needs []string `json:"needs,omitempty"`
	// Weight is its part of the score; 0 means 1.
	Weight int `json:"weight,omitempty"`
	// Keep tells that it must hold to the end: it is not ticked for good when
	// it first passes.
	Keep bool `json:"keep,omitempty"`

	// Object is a partial object that must match, with Count how many.
	Object map[string]any `json:"object,omitempty"`
	Count  *Range         `json:"count,omitempty"`
	// Chain are patterns over the trace since the lesson's start.
	Chain []Link `json:"chain,omitempty"`
	// Console is a command typed, and what it printed.
	Console *Console `json:"console,omitempty"`
	// Component is the state that a component must be in.
	Component *Component `json:"component,omitempty"`
	// Traffic is what a run of requests must have come to.
	Traffic *Traffic `json:"traffic,omitempty"`

	Choice  *Choice  `json:"choice,omitempty"`
	Number  *Number  `json:"number,omitempty"`
	Text    *Text    `json:"text,omitempty"`
	Match   *Match   `json:"match,omitempty"`
	Order   *Order   `json:"order,omitempty"`
	Predict *Predict `json:"predict,omitempty"`
}

// Range is how many: a number, or {min: …, max: …}.
type Range struct{ Min, Max *int }

// UnmarshalJSON reads 3 or {"min": 1, "max": 3}.
func (r *Range) UnmarshalJSON(data []byte) error {
	var n int
	if json.Unmarshal(data, &n) == nil {
		r.Min, r.Max = &n, &n
		return nil
	}
	var both map[string]int
	if err := json.Unmarshal(data, &both); err != nil {
		return fmt.Errorf("count: %s is not a number or {min, max}", data)
	}
	for key, n := range both {
		switch key {
		case "min":
			r.Min = &n
		case "max":
			r.Max = &n
		default:
			return fmt.Errorf("count: unknown field %q", key)
		}
	}
	return nil
}

// Has tells whether n is in the range; a nil range wants at least one.
func (r *Range) Has(n int) bool {
	if r == nil {
		return n >= 1
	}
	return (r.Min == nil || n >= *r.Min) && (r.Max == nil || n <= *r.Max)
}

// mayHave tells whether any number from least to most is in the range.
func (r *Range) mayHave(least, most int) bool {
	for n := least; n <= most; n++ {
		if r.Has(n) {
			return true
		}
	}
	return false
}

// String is the range as people write it: 3, ≥ 1, 1–3.
func (r *Range) String() string {
	switch {
	case r == nil:
		return "≥ 1"
	case r.Max == nil && r.Min == nil:
		return "≥ 0"
	case r.Max == nil:
		return fmt.Sprintf("≥ %d", *r.Min)
	case r.Min == nil:
		return fmt.Sprintf("≤ %d", *r.Max)
	case *r.Min == *r.Max:
		return fmt.Sprint(*r.Min)
	}
	return fmt.Sprintf("%d–%d", *r.Min, *r.Max)
}

// Link is one pattern of a chain check.
type Link struct {
	// As names what matched, for CausedBy of later links.
	As string `json:"as,omitempty"`
	chain.Pattern
	// CausedBy names links before this one, all of which must have led to it.
	CausedBy []string `json:"causedBy,omitempty"`
	// Count is how many entries match; nil means at least one.
	Count *Range `json:"count,omitempty"`
	// Never is short for a count of 0.
	Never bool `json:"never,omitempty"`
}

// Console is a command that must have been typed since the lesson's start.
// Command and Output are regular expressions (RE2); Output is looked for in
// what was printed on either stream.
type Console struct {
	Command string `json:"command"`
	Output  string `json:"output,omitempty"`
	Exit    *int   `json:"exit,omitempty"`
}

// Component is the state of a component: running, held or stopped.
type Component struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

// Traffic is a run of requests (the deed requests) that must be over, with as
// many sent and lost. URL "" means any.
type Traffic struct {
	URL  string `json:"url,omitempty"`
	Sent *Range `json:"sent,omitempty"` // nil means at least one
	Lost *Range `json:"lost,omitempty"` // nil means none
}

// Choice is a question with options; right lists all that are to be chosen.
type Choice struct {
	Options []string `json:"options"`
	Right   []string `json:"right"`
	// Multiple tells that several may be chosen, however many are right.
	Multiple bool `json:"multiple,omitempty"`
}

// Number is a question whose answer is a number: Right, or what From reads.
type Number struct {
	Right     *float64 `json:"right,omitempty"`
	Tolerance float64  `json:"tolerance,omitempty"`
	From      *From    `json:"from,omitempty"`
}

// Text is a question with a short answer: one of Right, or what From reads.
// Case, spaces and full-width forms do not matter.
type Text struct {
	Right []string `json:"right,omitempty"`
	From  *From    `json:"from,omitempty"`
}

// From takes the right answer from the cluster when the answer is given: the
// field at Path (dots, and [name=x] or [0] in lists) of any object that
// matches Object; a path of "count" with no such field counts the objects.
type From struct {
	Object map[string]any `json:"object"`
	Path   string         `json:"path"`
}

// Match is a question that joins each of Left to one of Right.
type Match struct {
	Left  []string          `json:"left"`
	Right []string          `json:"right"`
	Pairs map[string]string `json:"pairs"`
}

// Order is a question that puts Items in order. The order given is right; with
// After, only what it says is required: each key after the items it lists.
type Order struct {
	Items []string            `json:"items"`
	After map[string][]string `json:"after,omitempty"`
}

// Predict is the homework's question: which events a script leads to, in what
// order, because of what, and by whom. The truth is the engine's.
type Predict struct {
	// Script is what is typed, after the lesson's start.
	Script string `json:"script"`
	// Runs is over how many seeds and orders of delivery the truth must hold; 0 means 12.
	Runs int `json:"runs,omitempty"`
	// Events are the blocks that happen, Misconceptions those that don't.
	Events         []PredictEvent `json:"events"`
	Misconceptions []PredictEvent `json:"misconceptions,omitempty"`
	// Actors are offered as who does it, beside those who do.
	Actors []string `json:"actors,omitempty"`
	// Weights of the parts.
	Weights PredictWeights `json:"weights"`
}

// PredictEvent is a block.
type PredictEvent struct {
	ID    string         `json:"id"`
	Event *chain.Pattern `json:"event,omitempty"`
	// Each tells that it happens once for each of several objects that are
	// interchangeable, such as the new pods.
	Each bool `json:"each,omitempty"`
}

// PredictWeights are the parts of a prediction's score.
type PredictWeights struct {
	Events int `json:"events"`
	Order  int `json:"order"`
	Causes int `json:"causes"`
	Actors int `json:"actors"`
}

func (w PredictWeights) sum() int { return w.Events + w.Order + w.Causes + w.Actors }

// Points is the check's weight.
func (c *Check) Points() int {
	if c.Weight == 0 {
		return 1
	}
	return c.Weight
}

// Question tells whether the check waits for an answer.
func (c *Check) Question() bool {
	return c.Choice != nil || c.Number != nil || c.Text != nil || c.Match != nil || c.Order != nil || c.Predict != nil
}

// fromCluster tells whether the right answer is the cluster's.
func (c *Check) fromCluster() bool {
	return c.Number != nil && c.Number.From != nil || c.Text != nil && c.Text.From != nil
}

// lasting tells whether the check may stay ticked once it has passed.
func (c *Check) lasting() bool {
	if c.Keep || c.Question() {
		return false
	}
	for _, l := range c.Chain {
		if l.Never || l.Count != nil && l.Count.Max != nil {
			return false
		}
	}
	return true
}

// Check returns the check with an id, nil if there is none.
func (l *Lesson) Check(id string) *Check { return l.byID[id] }

// Checks lists the checks of all steps in order.
func (l *Lesson) Checks() []*Check {
	var out []*Check
	for i := range l.Steps {
		for j := range l.Steps[i].Checks {
			out = append(out, &l.Steps[i].Checks[j])
		}
	}
	return out
}

// Points is the sum of the checks' weights.
func (l *Lesson) Points() int {
	n := 0
	for _, c := range l.Checks() {
		n += c.Points()
	}
	return n
}

// Parts are the ids that a question's prose tells, in order: options, both
// sides of a match, items, blocks.
func (c *Check) Parts() []string {
	switch {
	case c.Choice != nil:
		return c.Choice.Options
	case c.Match != nil:
		return append(append([]string{}, c.Match.Left...), c.Match.Right...)
	case c.Order != nil:
		return c.Order.Items
	case c.Predict != nil:
		var ids []string
		for _, e := range append(append([]PredictEvent{}, c.Predict.Events...), c.Predict.Misconceptions...) {
			ids = append(ids, e.ID)
		}
		return ids
	}
	return nil
}

// explained are those of parts that must have a sentence of their own for when
// they are wrongly chosen.
func (c *Check) explained() []string {
	var ids []string
	switch {
	case c.Choice != nil:
		right := map[string]bool{}
		for _, r := range c.Choice.Right {
			right[r] = true
		}
		for _, o := range c.Choice.Options {
			if !right[o] {
				ids = append(ids, o)
			}
		}
	case c.Predict != nil:
		for _, e := range c.Predict.Misconceptions {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
