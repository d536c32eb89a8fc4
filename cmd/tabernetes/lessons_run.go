package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tabernetes/tabernetes/core/kubectl"
	"github.com/tabernetes/tabernetes/lessons"
)

const runHelp = `What you type is run in the lesson's cluster. What begins with a colon is about the lesson:
  :next  :back  :text       go on, go back, read the step again
  :checks                   how you are doing
  :hint                     the next hint
  :answer ID VALUE          answer a question: options "a b", a match "a=x b=y", an order "a b c"
  :order  :causes  :actors  ID …   a prediction, part by part: "a b/1 b/2", "a>b", "a:kubectl"
  :hold  :release  :stop  :start  :restart  COMPONENT
  :wait 30s                 let virtual time go by
  :save FILE                save what you did, to hand in
  :quit
`

// desk is where a lesson is done: a cluster of ours, or any.
type desk interface {
	Lesson() *lessons.Lesson
	Look() []lessons.Result
	Parse(lessons.Doing) (lessons.Answer, error)
	Answer(check string, a lessons.Answer) error
	Score() lessons.Claim
	// Type runs a console line and prints what it prints.
	Type(line string, out, errw io.Writer) error
	// Deed does what a script's "#:" line does.
	Deed(d lessons.Doing) error
	// Save is the session as a file.
	Save() ([]byte, error)
	// Close ends it.
	Close()
}

// runLesson is `tabernetes lessons run`: a lesson in a terminal.
func runLesson(args []string, in io.Reader, out, errw io.Writer) error {
	f := newLessonFlags("run", out)
	student := f.String("student", "", "your id, for homework: your cluster follows from it")
	kubeconfig := f.String("kubeconfig", "", "do the lesson in that cluster, with the kubectl on the PATH, in a namespace of its own")
	auditLog := f.String("audit-log", "", "that cluster's audit log, for checks on who wrote what (with --kubeconfig)")
	names, err := f.read(args)
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return usageError{fmt.Errorf("lessons run takes one lesson, got %d", len(names))}
	}
	l, err := lessons.Find(f.course(), names[0])
	if err != nil {
		return err
	}
	if *auditLog != "" && *kubeconfig == "" {
		return usageError{errors.New("--audit-log goes with --kubeconfig: the built-in cluster has a trace of its own")}
	}
	d, err := newDesk(l, *student, *kubeconfig, *auditLog, out, errw)
	if err != nil {
		return err
	}
	defer d.Close()
	t := &terminal{desk: d, lang: *f.lang, out: out, errw: errw, hints: map[string]int{}, told: map[string]lessons.Status{}}
	return t.run(in)
}

func newDesk(l *lessons.Lesson, student, kubeconfig, auditLog string, out, errw io.Writer) (desk, error) {
	if kubeconfig != "" {
		return newForeign(l, kubeconfig, auditLog, out, errw)
	}
	s, err := lessons.Open(l, lessons.Options{Student: student})
	if err != nil {
		return nil, err
	}
	return engineDesk{s}, nil
}

// engineDesk is a lesson in a cluster of ours.
type engineDesk struct{ *lessons.Session }

func (d engineDesk) Type(line string, out, errw io.Writer) error {
	r, err := d.Run(line)
	fmt.Fprint(out, r.Stdout)
	fmt.Fprint(errw, r.Stderr)
	return err
}

func (d engineDesk) Close() {}

func (d engineDesk) Deed(do lessons.Doing) error { return d.Do(do) }

func (d engineDesk) Save() ([]byte, error) { return d.Session.Save(version()).Encode() }

// terminal leads through a lesson.
type terminal struct {
	desk
	lang      string
	out, errw io.Writer
	step      int
	hints     map[string]int            // how many were given, by step or check
	told      map[string]lessons.Status // what was last said of a check
}

func (t *terminal) prose() *lessons.Prose { return t.Lesson().Prose[t.lang] }

func (t *terminal) run(in io.Reader) error {
	p := prose{out: t.out, width: 80}
	p.title(t.prose().Title, "=")
	p.text("", t.prose().Intro)
	fmt.Fprint(t.out, runHelp, "\n")
	t.text()
	t.results(false)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, kubectl.MaxScript)
	pending := ""
	for {
		fmt.Fprint(t.out, map[bool]string{true: "$ ", false: "> "}[pending == ""])
		if !lines.Scan() {
			fmt.Fprintln(t.out)
			return lines.Err()
		}
		line := pending + lines.Text()
		if kubectl.Incomplete(line) {
			pending = line + "\n"
			continue
		}
		pending = ""
		quit, err := t.line(strings.TrimSpace(line))
		if err != nil {
			fmt.Fprintln(t.errw, "error:", err)
		}
		if quit {
			return nil
		}
	}
}

// line does one line; quit ends the lesson.
func (t *terminal) line(line string) (quit bool, err error) {
	if line == "" || line[0] == '#' {
		return false, nil
	}
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case ":quit", ":q", "exit":
		return true, nil
	case ":help":
		fmt.Fprint(t.out, runHelp)
	case ":next":
		return false, t.turn(1)
	case ":back":
		return false, t.turn(-1)
	case ":text":
		t.text()
	case ":checks":
		t.results(true)
	case ":hint":
		t.hint()
	case ":save":
		return false, t.save(rest)
	case ":answer", ":order", ":causes", ":actors":
		return false, t.answer(word[1:], rest)
	default:
		if word[0] == ':' {
			err = t.deed(word[1:], rest)
		} else {
			err = t.Type(line, t.out, t.errw)
		}
		if err == nil {
			t.results(false)
		}
	}
	return false, err
}

func (t *terminal) turn(by int) error {
	if at := t.step + by; at >= 0 && at < len(t.Lesson().Steps) {
		t.step = at
		t.text()
		t.results(false)
		return nil
	}
	s := t.Score()
	for _, r := range t.Look() {
		if r.Status == lessons.Unavailable {
			s.Of -= r.Points // nobody could have earned them here
		}
	}
	fmt.Fprintf(t.out, "That is all. %.4g of %d points.\n", s.Points, s.Of)
	return nil
}

func (t *terminal) text() {
	step := t.Lesson().Steps[t.step]
	p := prose{out: t.out, width: 80}
	p.step(t.step+1, len(t.Lesson().Steps), t.prose().Steps[step.ID])
	for _, c := range step.Checks {
		p.check(&c, t.prose().Checks[c.ID])
	}
}

func (t *terminal) deed(do, with string) error {
	deeds, err := lessons.ParseScript("#: " + do + " " + with)
	if err != nil {
		return errors.New(":" + do + ": there is no such command; :help lists them")
	}
	return t.Deed(deeds[0])
}

func (t *terminal) answer(part, rest string) error {
	id, value, _ := strings.Cut(rest, " ")
	a, err := t.Parse(lessons.Doing{Do: part, For: id, With: strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(value), "="))})
	if err != nil {
		return err
	}
	if err := t.Answer(id, a); err != nil {
		return err
	}
	delete(t.told, id) // say it again, even if it is as wrong as before
	t.results(false)
	return nil
}

var marks = map[lessons.Status]string{
	lessons.Passed: "✓", lessons.Failed: "✗", lessons.Skipped: "·", lessons.Unanswered: "?", lessons.Unavailable: "–",
}

// results tells of the step's checks what has changed, or all.
func (t *terminal) results(all bool) {
	in := map[string]bool{}
	for _, c := range t.Lesson().Steps[t.step].Checks {
		in[c.ID] = true
	}
	left := 0
	for _, r := range t.Look() {
		if !in[r.Check] {
			continue
		}
		if r.Status != lessons.Passed && r.Status != lessons.Unavailable {
			left++
		}
		if !all && (t.told[r.Check] == r.Status || t.told[r.Check] == "" && r.Status != lessons.Passed && !t.answered(r)) {
			continue
		}
		t.told[r.Check] = r.Status
		t.result(r, all)
	}
	if left == 0 && t.told["step "+fmt.Sprint(t.step)] == "" && len(in) > 0 {
		t.told["step "+fmt.Sprint(t.step)] = lessons.Passed
		fmt.Fprintln(t.out, "This step is done: :next")
	}
}

// answered tells whether a result is that of an answer.
func (t *terminal) answered(r lessons.Result) bool {
	return t.Lesson().Check(r.Check).Question() && r.Status != lessons.Unanswered && r.Status != lessons.Skipped
}

func (t *terminal) result(r lessons.Result, all bool) {
	p := prose{out: t.out, width: 80}
	said := t.prose().Checks[r.Check]
	p.wrap(marks[r.Status]+" ", "  ", said.Title)
	if r.Status == lessons.Passed && !all {
		p.text("  ", said.Then)
	}
	if !all && !t.answered(r) {
		return
	}
	for _, say := range sentences(t.Lesson(), t.lang, r) {
		p.wrap("  ", "  ", say)
	}
	for _, d := range r.Details {
		p.wrap("    ", "      ", lessons.SayDetail(t.lang, d))
	}
}

// hint gives the next hint of the first thing that is not done, or of the step.
func (t *terminal) hint() {
	step := t.Lesson().Steps[t.step]
	passed := map[string]bool{}
	for _, r := range t.Look() {
		passed[r.Check] = r.Status == lessons.Passed
	}
	p := prose{out: t.out, width: 80}
	for _, c := range step.Checks {
		hints := t.prose().Checks[c.ID].Hints
		if n := t.hints[c.ID]; !passed[c.ID] && n < len(hints) {
			t.hints[c.ID]++
			p.text("", hints[n])
			return
		}
	}
	if hints := t.prose().Steps[step.ID].Hints; t.hints[step.ID] < len(hints) {
		p.text("", hints[t.hints[step.ID]])
		t.hints[step.ID]++
		return
	}
	fmt.Fprintln(t.out, "There is no further hint; :checks says what is missing.")
}

func (t *terminal) save(name string) error {
	if name == "" {
		return errors.New(":save FILE: which file?")
	}
	data, err := t.Save()
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return err
	}
	s := t.Score()
	fmt.Fprintf(t.out, "%s: saved, with %.4g of %d points\n", name, s.Points, s.Of)
	return nil
}
