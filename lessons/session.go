package lessons

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/kubectl"
	"github.com/tabernetes/tabernetes/core/sim"
)

// Options say how a session is opened. The zero value is a learner without a name.
type Options struct {
	// Student is who works: a homework's seed follows from it.
	Student string
	// Seed and Timing are for finding the truth over many worlds; the zero
	// values mean the lesson's.
	Seed   uint64
	Timing client.Timing
	// Edit and Clear are what the console's edit and clear do; both may be nil.
	Edit  func(name string, content []byte, done func(edited []byte, saved bool))
	Clear func()
	// Stop is asked before each step that Run, Do and Replay take, each input
	// and each command of a line; its error ends them. It may be nil.
	Stop func() error
}

// Session is one learner at one lesson. Whoever holds it steps the world
// through it (Step, or Run and Do, which step until quiet) and tells it what
// the learner does. It is not safe for concurrent use.
//
// Checks are looked at whenever the world becomes quiet and after every
// answer, by the page, the terminal and Replay alike: that is what makes a
// claimed score one that can be found again.
type Session struct {
	*Examiner
	opts  Options
	c     *cluster.Cluster
	files kubectl.MemoryFiles
	from  int64 // the last entry of the trace before the learner's first deed
	first int   // the learner's first input that is not in records yet
	quiet bool

	begin   string // the start state's hash
	records []Record
	hashes  map[int]string // the state before an input, by its place
}

// bootSteps bounds how many events it may take a cluster to start.
const bootSteps = 5_000_000

// SeedFor is a student's seed for a homework. It fits a JavaScript number.
func (l *Lesson) SeedFor(student string) uint64 {
	if !l.Homework {
		return max(l.Cluster.Seed, 1)
	}
	sum := sha256.Sum256([]byte("tabernetes/" + l.ID + "/" + student))
	return binary.BigEndian.Uint64(sum[:])>>12 | 1
}

// Open makes the lesson's cluster and start state.
func Open(l *Lesson, opts Options) (*Session, error) {
	if opts.Seed == 0 {
		opts.Seed = l.SeedFor(opts.Student)
	}
	s := &Session{Examiner: Examine(l, nil), opts: opts, files: kubectl.MemoryFiles{}, hashes: map[int]string{}}
	var err error
	s.c, err = cluster.New(cluster.Options{
		Seed: opts.Seed, Nodes: l.Cluster.Nodes, Timing: opts.Timing, Files: s.files, Edit: s.editor(), Clear: opts.Clear,
		Halt: func() bool { return s.stop() != nil },
	})
	if err != nil {
		return nil, err
	}
	if err := s.settle(); err != nil {
		return nil, err
	}
	start, err := ParseScript(l.Start)
	if err != nil {
		return nil, err
	}
	for _, d := range start {
		if err := s.Do(d); err != nil {
			return nil, fmt.Errorf("start: %w", err)
		}
	}
	s.from, s.first = s.c.LastEntry(), len(s.c.Inputs())
	s.records, s.hashes = nil, map[int]string{}
	s.Examiner = Examine(l, newEngine(s.c))
	s.Follow(&engineTrace{s.c, s.from})
	s.staff = s.c.Actors
	before := len(s.c.Traffic())
	s.traffic = func() []cluster.Traffic { return s.c.Traffic()[before:] }
	s.begin = s.c.Hash()
	s.look()
	return s, nil
}

// Cluster is the world of the session, for looking: what happens to it must go
// through the session.
func (s *Session) Cluster() *cluster.Cluster { return s.c }

// Seed is what all chance in the session follows from.
func (s *Session) Seed() uint64 { return s.opts.Seed }

// From is the last entry of the trace that belongs to the start state.
func (s *Session) From() int64 { return s.from }

// Step takes one event, and looks at the checks where it made the world quiet.
func (s *Session) Step() (sim.Event, bool) {
	e, ok := s.c.Step()
	if q := s.c.Quiet(); q != s.quiet {
		s.quiet = q
		if q {
			s.look()
		}
	}
	return e, ok
}

// AdvanceTo sets the clock; nothing may be due until then.
func (s *Session) AdvanceTo(t time.Time) error { return s.c.AdvanceTo(t, 0) }

// stop is the error that ends what is being done.
func (s *Session) stop() error {
	if s.opts.Stop == nil {
		return nil
	}
	return s.opts.Stop()
}

// step is Step for those who step on and on.
func (s *Session) step() error {
	if err := s.stop(); err != nil {
		return err
	}
	s.Step()
	return nil
}

// settle steps until the world is quiet.
func (s *Session) settle() error {
	for n := 0; !s.c.Quiet(); n++ {
		if n == bootSteps {
			return fmt.Errorf("%w within %d steps", sim.ErrNotQuiet, bootSteps)
		}
		if err := s.step(); err != nil {
			return err
		}
	}
	return nil
}

// Allowed tells whether the lesson wants the line typed.
func (l *Lesson) Allowed(line string) bool {
	words := strings.Join(strings.Fields(line), " ")
	return len(l.Allow) == 0 || slices.ContainsFunc(l.Allow, func(p string) bool {
		return words == p || strings.HasPrefix(words, p+" ")
	})
}

// Type types a line, as cluster.Exec does. A line that the lesson does not
// allow is refused, in the console's words.
func (s *Session) Type(line string, out, errw func(string), done func(exit int)) (interrupt func()) {
	if s.begun() && !s.lesson.Allowed(line) {
		errw("error: this lesson uses only: " + strings.Join(s.lesson.Allow, ", ") + "\n")
		done(1)
		return func() {}
	}
	t := s.typing(line)
	write := func(to func(string)) func(string) { return func(text string) { t.print(text); to(text) } }
	s.note()
	stop := s.c.Exec(line, write(out), write(errw), func(exit int) {
		t.Exit, t.Done = exit, true
		done(exit)
	})
	s.quiet = s.c.Quiet()
	return func() { s.note(); stop() }
}

// maxIdle is how much virtual time a command that waits is given after the
// world is quiet.
const maxIdle = 20 * time.Minute

// Run types a line and steps until the world is quiet, as cluster.Run does.
func (s *Session) Run(line string) (cluster.Result, error) {
	r := cluster.Result{Command: line}
	done := false
	interrupt := s.Type(line,
		func(t string) { r.Stdout += t }, func(t string) { r.Stderr += t },
		func(exit int) { r.Exit, done = exit, true })
	err := s.settle()
	if err == nil && !done && !kubectl.Endless(line) {
		err = s.until(func() bool { return done }, s.c.Now().Add(maxIdle))
	}
	if !done {
		interrupt()
	}
	if err == nil {
		err = s.settle()
	}
	s.look()
	return r, err
}

// until steps through idle events too, until done or limit.
func (s *Session) until(done func() bool, limit time.Time) error {
	for !done() {
		if at, ok := s.c.NextAt(); !ok || at.After(limit) {
			return nil
		}
		if err := s.step(); err != nil {
			return err
		}
	}
	return nil
}

// Deed does something to a component (hold, release, stop, start, restart or
// disconnect), or outside of the cluster (pulls, requests).
func (s *Session) Deed(do cluster.Deed, with string) error {
	if do == "restart" {
		if err := s.Deed(cluster.Stop, with); err != nil {
			return err
		}
		do = cluster.Start
	}
	s.note()
	return s.c.Apply(cluster.Input{Do: do, With: with}, nil)
}

// Do does one line of a script and steps until the world is quiet.
func (s *Session) Do(d Doing) error {
	switch d.Do {
	case "type":
		_, err := s.Run(d.With)
		return err
	case "wait":
		wait, err := time.ParseDuration(d.With)
		if err != nil {
			return err
		}
		return s.Wait(wait)
	case "fails":
		return nil
	case "answer", "order", "causes", "actors":
		a, err := s.Parse(d)
		if err != nil {
			return fmt.Errorf("#: %s %s: %w", d.Do, d.For, err)
		}
		return s.Answer(d.For, a)
	}
	if err := s.Deed(cluster.Deed(d.Do), d.With); err != nil {
		return err
	}
	return s.settle()
}

// Wait lets virtual time go by.
func (s *Session) Wait(d time.Duration) error {
	limit := s.c.Now().Add(d)
	if err := s.until(func() bool { return false }, limit); err != nil {
		return err
	}
	if s.c.Now().Before(limit) {
		if err := s.AdvanceTo(limit); err != nil {
			return err
		}
	}
	return s.settle()
}

// Answer answers a question, in place of an earlier answer.
func (s *Session) Answer(check string, a Answer) error {
	if err := s.accepts(check, &a); err != nil {
		return err
	}
	s.record(Record{Input: s.now("answer", check), Answer: &a})
	s.give(check, a)
	return nil
}

// WriteFile puts a file beside the console, for kubectl apply -f.
func (s *Session) WriteFile(name string, data []byte) error {
	if err := s.files.Write(name, data); err != nil {
		return err
	}
	s.record(Record{Input: s.now("file", name), Content: string(data)})
	return nil
}

// Files are the console's files.
func (s *Session) Files() kubectl.Files { return s.files }

func (s *Session) now(do cluster.Deed, with string) cluster.Input {
	return cluster.Input{Steps: s.c.Steps(), Time: s.c.Now(), Do: do, With: with}
}

// note looks at the checks, and remembers the state before the input that
// comes next.
func (s *Session) note() {
	s.look()
	if s.begun() {
		s.hashes[len(s.c.Inputs())] = s.c.Hash()
	}
}

// record puts what is no input of the cluster in its place among those that are.
func (s *Session) record(r Record) {
	s.look()
	s.takeInputs()
	r.Hash = s.c.Hash()
	s.records = append(s.records, r)
}

// takeInputs puts the cluster's new inputs into the record.
func (s *Session) takeInputs() {
	inputs := s.c.Inputs()
	for ; s.first < len(inputs); s.first++ {
		s.records = append(s.records, Record{Input: inputs[s.first], Hash: s.hashes[s.first]})
	}
}

// editor opens the learner's editor. In a replay there is none, and what was
// edited comes from the record.
func (s *Session) editor() func(string, []byte, func([]byte, bool)) {
	return func(name string, content []byte, done func([]byte, bool)) {
		if s.opts.Edit == nil {
			return
		}
		s.opts.Edit(name, content, func(edited []byte, saved bool) { s.note(); done(edited, saved) })
	}
}
