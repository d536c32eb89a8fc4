package lessons

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tabernetes/tabernetes/core/cluster"
)

// Examiner looks at a lesson's checks in a World. A Session has one over the
// engine; over another world, checks that need a trace or the components'
// state are Unavailable. It is not safe for concurrent use.
type Examiner struct {
	lesson  *Lesson
	world   World
	trace   *follower                   // nil where there is no trace
	staff   func() []cluster.ActorState // nil where components cannot be seen
	traffic func() []cluster.Traffic    // nil where no requests can be sent
	answers map[string]Answer
	ticked  map[string]bool
	typed   []*Typed
	results []Result
}

// Typed is a line that was typed and what came of it.
type Typed struct {
	Line   string
	Exit   int
	Done   bool
	output strings.Builder
}

// Bounds of what console checks look at: so much of a line's output, in bytes,
// and so many of the lines last typed that any check asks for.
const (
	maxOutput = 256 << 10
	maxLines  = 100
)

func (t *Typed) print(text string) {
	t.output.WriteString(text[:min(len(text), maxOutput-t.output.Len())])
}

// Examine makes the examiner of a lesson in a world.
func Examine(l *Lesson, w World) *Examiner {
	return &Examiner{lesson: l, world: w, answers: map[string]Answer{}, ticked: map[string]bool{}}
}

// Follow has chain checks look at a trace, from its next entry on.
func (x *Examiner) Follow(t Trace) { x.trace = follow(t, x.lesson) }

// Lesson is what it is about.
func (x *Examiner) Lesson() *Lesson { return x.lesson }

// Results are the checks as they were last looked at, in the lesson's order.
func (x *Examiner) Results() []Result { return x.results }

// Answers are the last answers, by check.
func (x *Examiner) Answers() map[string]Answer { return x.answers }

// Typed tells of a line that was typed elsewhere, for console checks.
func (x *Examiner) Typed(line, output string, exit int) {
	t := x.typing(line)
	t.print(output)
	t.Exit, t.Done = exit, true
}

// typing remembers a line where a console check asks for such lines.
func (x *Examiner) typing(line string) *Typed {
	t := &Typed{Line: line}
	for _, c := range x.lesson.Checks() {
		if c.Console != nil && regexp.MustCompile(c.Console.Command).MatchString(line) {
			x.typed = append(x.typed, t)
			break
		}
	}
	if len(x.typed) > maxLines {
		x.typed = slices.Clone(x.typed[1:])
	}
	return t
}

// Answer answers a question, in place of an earlier answer, and looks.
func (x *Examiner) Answer(check string, a Answer) error {
	if err := x.accepts(check, &a); err != nil {
		return err
	}
	x.give(check, a)
	return nil
}

func (x *Examiner) give(check string, a Answer) {
	x.answers[check] = a
	delete(x.ticked, check)
	x.look()
}

func (x *Examiner) accepts(check string, a *Answer) error {
	c := x.lesson.Check(check)
	if c == nil {
		return fmt.Errorf("there is no question %q", check)
	}
	return a.check(c)
}

// Parse reads an answer as a script gives it. The parts of a prediction add up.
func (x *Examiner) Parse(d Doing) (Answer, error) {
	a := Answer{}
	if d.Do != "answer" {
		a = x.answers[d.For]
	}
	value, err := x.value(d)
	if err == nil {
		err = a.parse(x.lesson.Check(d.For), d.Do, value)
	}
	return a, err
}

// value is what a script answers: "@" stands for what the cluster says.
func (x *Examiner) value(d Doing) (string, error) {
	if d.With != "@" {
		return d.With, nil
	}
	var from *From
	switch c := x.lesson.Check(d.For); {
	case c != nil && c.Number != nil:
		from = c.Number.From
	case c != nil && c.Text != nil:
		from = c.Text.From
	}
	if from == nil {
		return "", errors.New("@ is for questions with from")
	}
	values, err := x.read(from)
	if err == nil && len(values) == 0 {
		err = errors.New("the cluster has no answer yet")
	}
	if err != nil {
		return "", err
	}
	return values[0], nil
}

// Look evaluates every check now.
func (x *Examiner) Look() []Result {
	x.look()
	return x.results
}

// Score is what the checks came to when they were last looked at.
func (x *Examiner) Score() Claim {
	c := Claim{Of: x.lesson.Points(), Checks: map[string]float64{}}
	for _, r := range x.results {
		c.Checks[r.Check] = r.Score
		c.Points += r.Score * float64(r.Points)
	}
	return c
}

// begun tells whether there is a world to look at: not yet while the start
// state is being made.
func (x *Examiner) begun() bool { return x.world != nil }

// look evaluates every check, in order.
func (x *Examiner) look() {
	if !x.begun() {
		return
	}
	passed := map[string]bool{}
	results := make([]Result, 0, len(x.lesson.byID))
	for _, c := range x.lesson.Checks() {
		r := x.evaluate(c, passed)
		r.Check, r.Points = c.ID, c.Points()
		if r.Status == Passed {
			r.Score = 1
		}
		passed[c.ID] = r.Status == Passed || r.Status == Unavailable
		results = append(results, r)
	}
	x.results = results
}

func (x *Examiner) evaluate(c *Check, passed map[string]bool) Result {
	if x.ticked[c.ID] {
		return Result{Status: Passed}
	}
	for _, need := range c.Needs {
		if !passed[need] {
			return Result{Status: Skipped}
		}
	}
	if c.Question() {
		a, answered := x.answers[c.ID]
		if !answered {
			return Result{Status: Unanswered}
		}
		r := x.judge(c, a)
		if r.Status == Passed && c.fromCluster() {
			x.ticked[c.ID] = true // right when it was given
		}
		return r
	}
	details, err := x.differs(c)
	switch {
	case err != nil:
		return unavailable(c, err)
	case len(details) > 0:
		return Result{Status: Failed, Details: details}
	}
	if c.lasting() {
		x.ticked[c.ID] = true
	}
	return Result{Status: Passed}
}

// typedMatching finds a finished command that a console check wants.
func (x *Examiner) typedMatching(q *Console) (closest *Typed, found bool) {
	command, output := regexp.MustCompile(q.Command), regexp.MustCompile(q.Output) // compiled when the lesson was read
	for _, t := range x.typed {
		if !t.Done || !command.MatchString(t.Line) {
			continue
		}
		closest = t
		if (q.Exit == nil || *q.Exit == t.Exit) && output.MatchString(t.output.String()) {
			return t, true
		}
	}
	return closest, false
}
