package lessons

import (
	"errors"
	"fmt"
	"math"

	"github.com/tabernetes/tabernetes/core/cluster"
)

// Limits bound what a replay may take.
type Limits struct {
	Steps     uint64 // events of the world
	Revisions int64  // writes, which bound memory
	// Stop is asked before each event; its error ends the replay. It may be
	// nil. Whoever has a clock limits time with it.
	Stop func() error
}

// DefaultLimits are far above what any lesson takes.
var DefaultLimits = Limits{Steps: 2_000_000, Revisions: 40_000}

// ErrLimit is wrapped by what ends a replay that takes too much.
var ErrLimit = errors.New("takes too much")

// Problem is something about a submission that a teacher should know.
type Problem struct {
	// Code is lesson (another content of the lesson), engine (the start state
	// is another: made by another version), seed (not the student's), diverged
	// (the run is not the one recorded: Input says from where on), state (the
	// same for a state's hash), disallowed (a line that the lesson does not
	// allow), limit, answers (those listed are not those given), claimed (the
	// score found is not the one claimed).
	Code    string `json:"code"`
	Message string `json:"message"`
	// Input is the place among the inputs, from 1; 0 where it is about none.
	Input int `json:"input,omitempty"`
}

// Report is what a submission comes to when it is run again.
type Report struct {
	Submission *Submission `json:"-"`
	Lesson     *Lesson     `json:"-"`
	// Score is what was found; where the replay ended early, up to there.
	Score    Claim     `json:"score"`
	Results  []Result  `json:"results"`
	Problems []Problem `json:"problems,omitempty"`
}

// Resume has a saved session again where it was left, to go on with. Its error
// wraps cluster.ErrDiverged where lesson or engine have changed since, so that
// it cannot be had again; progress that was saved stays readable in sub.
func Resume(l *Lesson, sub *Submission, opts Options) (*Session, error) {
	opts.Student, opts.Seed = sub.Student, sub.Seed
	if sub.Lesson != l.ID || sub.LessonHash != l.Hash {
		return nil, fmt.Errorf("%w: the lesson has changed", cluster.ErrDiverged)
	}
	s, err := Open(l, opts)
	if err != nil {
		return nil, err
	}
	r := &replay{lesson: l, sub: sub, s: s, report: &Report{}}
	r.run()
	for _, p := range r.report.Problems {
		return nil, fmt.Errorf("%w: %s", cluster.ErrDiverged, p.Message)
	}
	return s, nil
}

// Replay runs a submission again, on this engine, and finds its score. What
// does not fit is a Problem; the error says why there was nothing to run.
//
// It shows that these deeds, in a cluster of this seed, lead to this score. It
// cannot show who did them, nor with whose help: whoever has the program can
// make a file that passes.
func Replay(l *Lesson, sub *Submission, limits Limits) (*Report, error) {
	if sub.Lesson != l.ID {
		return nil, fmt.Errorf("it is of the lesson %q, not %q", sub.Lesson, l.ID)
	}
	r := &replay{lesson: l, sub: sub, report: &Report{Submission: sub, Lesson: l}}
	if sub.LessonHash != l.Hash {
		r.problem("lesson", 0, "it was made with another version of the lesson; it is graded by the present one")
	}
	if want := l.SeedFor(sub.Student); sub.Seed != want {
		r.problem("seed", 0, "the seed %d is not that of the student %q (%d): made for somebody else?", sub.Seed, sub.Student, want)
	}
	if err := r.open(limits); err != nil {
		return nil, err
	}
	r.run()
	r.report.Results, r.report.Score = r.s.Results(), r.s.Score()
	r.compareClaim()
	return r.report, nil
}

type replay struct {
	lesson *Lesson
	sub    *Submission
	s      *Session
	report *Report
}

func (r *replay) problem(code string, input int, format string, args ...any) {
	r.report.Problems = append(r.report.Problems, Problem{code, fmt.Sprintf(format, args...), input})
}

// open makes the start state, within limits.
func (r *replay) open(limits Limits) error {
	var steps uint64
	stop := func() error {
		if steps++; steps > limits.Steps {
			return fmt.Errorf("%w: more than %d events", ErrLimit, limits.Steps)
		}
		if r.s != nil && r.s.c.Revision() > limits.Revisions {
			return fmt.Errorf("%w: more than %d writes", ErrLimit, limits.Revisions)
		}
		if limits.Stop != nil {
			return limits.Stop()
		}
		return nil
	}
	var err error
	r.s, err = Open(r.lesson, Options{Student: r.sub.Student, Seed: r.sub.Seed, Stop: stop})
	return err
}

// run does every input where it was done, until something does not fit.
func (r *replay) run() {
	if r.sub.Start != r.s.begin {
		r.problem("engine", 0, "its start state is not this engine's: it was made with another version (%.40q), or changed", r.sub.Engine)
		return
	}
	for i, rec := range r.sub.Inputs {
		if !r.reach(i+1, rec) {
			return
		}
		if err := r.s.stop(); err != nil {
			r.problem("limit", i+1, "%v", err)
			return
		}
		if err := r.apply(i+1, rec); err != nil {
			r.problem("diverged", i+1, "%v", err)
			return
		}
	}
	if r.reach(len(r.sub.Inputs)+1, r.sub.End) {
		r.s.look()
		r.compareAnswers()
	}
}

// reach comes to where an input was done, and tells whether all is as recorded.
func (r *replay) reach(n int, rec Record) bool {
	err := r.s.c.Reach(rec.Input, r.s.step)
	switch {
	case errors.Is(err, cluster.ErrDiverged):
		r.problem("diverged", n, "%v", err)
	case err != nil:
		r.problem("limit", n, "%v", err)
	case rec.Hash != "" && rec.Hash != r.s.c.Hash():
		r.problem("state", n, "the state is not the one recorded: an earlier input was changed, or it ran on another version (%.40q)", r.sub.Engine)
	default:
		return true
	}
	return false
}

func (r *replay) apply(n int, rec Record) error {
	s := r.s
	switch rec.Do {
	case cluster.Type:
		if !r.lesson.Allowed(rec.With) {
			r.problem("disallowed", n, "the lesson does not allow %.100q", rec.With)
		}
		s.Type(rec.With, func(string) {}, func(string) {}, func(int) {})
		return nil
	case "answer":
		if rec.Answer == nil {
			return errors.New("an answer without content")
		}
		return s.Answer(rec.With, *rec.Answer)
	case "file":
		return s.WriteFile(rec.With, []byte(rec.Content))
	case cluster.Interrupt, cluster.Edit, cluster.Abandon:
		s.note()
		return s.c.Apply(rec.Input, nil)
	}
	return s.Deed(rec.Do, rec.With)
}

// compareAnswers holds the answers listed for people against those given.
func (r *replay) compareAnswers() {
	listed, err := encode(r.sub.Answers)
	given, err2 := encode(r.s.answers)
	if err != nil || err2 != nil || listed != given {
		r.problem("answers", 0, "the answers listed are not those given among the inputs; those among the inputs count")
	}
}

func (r *replay) compareClaim() {
	if math.Abs(r.sub.Claimed.Points-r.report.Score.Points) > 1e-6 {
		r.problem("claimed", 0, "it claims %.4g points, %.4g were found", r.sub.Claimed.Points, r.report.Score.Points)
	}
}
