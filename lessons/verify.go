package lessons

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Fault is something that a lesson does not keep of its promises.
type Fault struct {
	Lesson string
	// File is where to look.
	File string
	Says string
}

func (f Fault) String() string { return f.Lesson + "/" + f.File + ": " + f.Says }

// Verify loads a lesson and holds it to its promises:
//
//   - the solution passes every check, with full points;
//   - the start state passes none (a check that holds from the start must need
//     one that doesn't, or it could never fail);
//   - every mistake fails the checks it names, and what is said then is the
//     sentence of that check or of what was wrongly chosen, in every language;
//   - every check can fail: some mistake does, or the start state;
//   - a prediction's truth can be found, and its misconceptions never happen;
//   - every option that is wrong has its sentence, every hint its translation;
//   - a translation is of the original as it is now.
//
// The error is for what keeps the lesson from being read at all.
func Verify(course fs.FS, dir string) ([]Fault, error) {
	l, err := Load(course, dir)
	if err != nil {
		return nil, err
	}
	v := &verifier{lesson: l, failed: map[string]bool{}}
	v.translations()
	v.start()
	v.solution()
	for _, name := range sortedKeys(l.Mistakes) {
		v.mistake(name, l.Mistakes[name])
	}
	v.everyCheckCanFail()
	return v.faults, nil
}

type verifier struct {
	lesson *Lesson
	faults []Fault
	failed map[string]bool // checks that have been seen to fail
}

func (v *verifier) add(file, format string, args ...any) {
	v.faults = append(v.faults, Fault{v.lesson.Dir, file, fmt.Sprintf(format, args...)})
}

func (v *verifier) translations() {
	original := v.lesson.Prose[Languages[0]]
	for _, lang := range Languages[1:] {
		p := v.lesson.Prose[lang]
		if p.Of != original.Stamp {
			v.add(lang+".md", "translates an earlier %s.md: bring it up to date, then write \"of: %s\" at its top", Languages[0], original.Stamp)
		}
		for _, id := range sortedKeys(original.Steps) {
			if a, b := len(original.Steps[id].Hints), len(p.Steps[id].Hints); a != b {
				v.add(lang+".md", "## {#%s}: %d hints, the original has %d", id, b, a)
			}
		}
		for _, id := range sortedKeys(original.Checks) {
			if a, b := len(original.Checks[id].Hints), len(p.Checks[id].Hints); a != b {
				v.add(lang+".md", "### {#%s}: %d hints, the original has %d", id, b, a)
			}
			if a, b := original.Checks[id].Then != nil, p.Checks[id].Then != nil; a != b {
				v.add(lang+".md", "### {#%s}: only one of the languages has {#%s}", id, afterwards)
			}
		}
		if a, b := commands(original), commands(p); !slices.Equal(a, b) {
			v.add(lang+".md", "its commands to run differ from the original's: %q, %q", b, a)
		}
	}
}

// commands lists what a prose's console blocks would type.
func commands(p *Prose) []string {
	var out []string
	var walk func([]Block)
	walk = func(blocks []Block) {
		for _, b := range blocks {
			if b.Type == "code" && b.Lang == "console" {
				out = append(out, b.Code)
			}
			walk(b.Blocks)
			for _, item := range b.Items {
				walk(item.Blocks)
			}
		}
	}
	walk(p.Intro)
	for _, id := range sortedKeys(p.Steps) {
		walk(p.Steps[id].Text)
		for _, h := range p.Steps[id].Hints {
			walk(h)
		}
	}
	for _, id := range sortedKeys(p.Checks) {
		walk(p.Checks[id].Text)
		walk(p.Checks[id].Then)
		for _, h := range p.Checks[id].Hints {
			walk(h)
		}
	}
	return out
}

func (v *verifier) start() {
	s, err := Open(v.lesson, Options{})
	if err != nil {
		v.add("lesson.yaml", "the start state: %v", err)
		return
	}
	for _, r := range s.Results() {
		switch r.Status {
		case Passed:
			v.add("lesson.yaml", "%s passes before anything is done", r.Check)
		case Unavailable:
			v.add("lesson.yaml", "%s: %s", r.Check, r.Details[0].Got)
		case Failed:
			v.failed[r.Check] = true
		}
	}
}

// play runs a script in a new session; answers to what the lesson does not
// ask, and lines that it does not allow, are faults.
func (v *verifier) play(file, script string) (*Session, []Doing) {
	doings, err := ParseScript(script)
	if err == nil && len(doings) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		v.add(file, "%v", err)
		return nil, nil
	}
	s, err := Open(v.lesson, Options{})
	if err != nil {
		return nil, nil // start has said so
	}
	for _, d := range doings {
		if d.Do == "type" && !v.lesson.Allowed(d.With) {
			v.add(file, "%q is not among what the lesson allows", d.With)
		}
		if err := s.Do(d); err != nil {
			v.add(file, "%v", err)
			return nil, nil
		}
	}
	return s, doings
}

func (v *verifier) solution() {
	s, doings := v.play("solution.txt", v.lesson.Solution)
	if s == nil {
		return
	}
	for _, d := range doings {
		if d.Do == "fails" {
			v.add("solution.txt", "#: fails is for mistakes")
		}
	}
	for _, r := range s.Results() {
		if r.Status != Passed {
			v.add("solution.txt", "%s: %s", r.Check, explain(v.lesson, r))
		}
	}
}

// explain says how a result came about, for authors.
func explain(l *Lesson, r Result) string {
	out := []string{string(r.Status)}
	for _, d := range r.Details {
		out = append(out, SayDetail("en", d))
	}
	if r.Prediction != nil {
		out = append(out, fmt.Sprintf("score %.2f", r.Score))
		for _, n := range r.Prediction.Notes {
			out = append(out, l.SayNote("en", r.Check, n))
		}
	}
	return strings.Join(out, "; ")
}

// mistake plays a mistake. Its lines "#: fails CHECK" or "#: fails CHECK/PART"
// say which sentence it must earn: the check's, or the part's.
func (v *verifier) mistake(name, script string) {
	file := "mistakes/" + name + ".txt"
	s, doings := v.play(file, script)
	if s == nil {
		return
	}
	results := map[string]Result{}
	for _, r := range s.Results() {
		results[r.Check] = r
		v.failed[r.Check] = v.failed[r.Check] || r.Status == Failed
	}
	named := false
	for _, d := range doings {
		if d.Do != "fails" {
			continue
		}
		named = true
		check, part, _ := strings.Cut(d.For, "/")
		r, there := results[check]
		if !there {
			v.add(file, "#: fails %s: there is no such check", d.For)
			continue
		}
		if r.Status != Failed {
			v.add(file, "#: fails %s: but it is %s", d.For, r.Status)
			continue
		}
		v.earns(file, d.For, r, part)
	}
	if !named {
		v.add(file, "says nowhere what it fails (#: fails CHECK)")
	}
}

// earns holds what is said about a result against the sentence that a mistake names.
func (v *verifier) earns(file, fails string, r Result, part string) {
	for _, lang := range Languages {
		p := v.lesson.Prose[lang].Checks[r.Check]
		want := Plain(p.Fail)
		if part != "" {
			if p.Parts[part] == nil {
				v.add(file, "#: fails %s: there is no such part", fails)
				return
			}
			want = Plain(p.Parts[part].Wrong)
		}
		if said := v.lesson.Say(lang, r); want == "" || !slices.Contains(said, want) {
			v.add(file, "#: fails %s: in %s it earns %q, not %q", fails, lang, said, want)
		}
	}
}

func (v *verifier) everyCheckCanFail() {
	for _, c := range v.lesson.Checks() {
		if !v.failed[c.ID] {
			v.add("mistakes", "no mistake fails %s, and the start state doesn't either: write one that does", c.ID)
		}
	}
}
