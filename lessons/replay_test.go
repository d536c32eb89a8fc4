package lessons

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/cluster"
)

// handIn does the homework as a learner at the page does: the world is stepped
// a little between deeds, a component is held for a while, a line is
// interrupted, a file is written, an answer is changed.
func handIn(t testing.TB, student string) (*Session, *Submission) {
	t.Helper()
	l, _ := homework(t)
	s, err := Open(l, Options{Student: student})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	quiet := func(string) {}
	must(s.Answer("chain", Answer{Order: []string{"wish", "new-set"}}))
	must(s.Answer("chain", full(strings.Fields(together)...)))
	must(s.Deed(cluster.Hold, "scheduler"))
	s.Type("kubectl scale deployment web --replicas=3", quiet, quiet, func(int) {})
	for range 30 {
		s.Step()
	}
	interrupt := s.Type("kubectl get pods -w", quiet, quiet, func(int) {})
	for range 20 {
		s.Step()
	}
	must(s.Deed(cluster.Release, "scheduler"))
	must(s.settle())
	interrupt()
	must(s.settle())
	must(s.AdvanceTo(s.c.Now().Add(10 * time.Millisecond)))
	must(s.WriteFile("note.txt", []byte("three now")))
	if r, err := s.Run("cat note.txt"); err != nil || r.Stdout != "three now" {
		t.Fatalf("%+v, %v", r, err)
	}
	must(s.Wait(25 * time.Second))
	for id, value := range map[string]string{"created-count": "2", "set-name": "@", "what-is-chance": "bound-order same-node"} {
		must(s.Do(Doing{Do: "answer", For: id, With: value}))
	}
	return s, s.Save("test")
}

// again sends a submission through its file and replays it.
func again(t testing.TB, sub *Submission, limits Limits) *Report {
	t.Helper()
	data, err := sub.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := DecodeSubmission(data)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := homework(t)
	report, err := Replay(l, read, limits)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestAnHonestSubmissionReplays(t *testing.T) {
	_, sub := handIn(t, "ada")
	report := again(t, sub, DefaultLimits)
	if len(report.Problems) > 0 {
		t.Errorf("%+v", report.Problems)
	}
	if report.Score.Points != float64(report.Score.Of) || sub.Claimed.Points != report.Score.Points {
		t.Errorf("found %v, claimed %v", report.Score, sub.Claimed)
	}
}

func TestStudentsHaveDifferentClusters(t *testing.T) {
	_, ada := handIn(t, "ada")
	_, bob := handIn(t, "bob")
	if ada.Seed == bob.Seed || ada.End.Hash == bob.End.Hash {
		t.Error("ada and bob have the same cluster")
	}
	ada.Student = "bob" // a copied file with another name on it
	if got := codes(again(t, ada, DefaultLimits)); !slices.Contains(got, "seed") {
		t.Errorf("a copy with another name on it: %v", got)
	}
}

// TestASessionSurvivesAReload: resumed from its file it is where it was, and
// what is done from there on replays too.
func TestASessionSurvivesAReload(t *testing.T) {
	before, sub := handIn(t, "ada")
	l, _ := homework(t)
	s, err := Resume(l, sub, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.c.Hash() != before.c.Hash() || s.Score().Points != before.Score().Points {
		t.Error("the resumed session is not the one saved")
	}
	if _, err := s.Run("kubectl scale deployment web --replicas=4"); err != nil {
		t.Fatal(err)
	}
	if report := again(t, s.Save("test"), DefaultLimits); len(report.Problems) > 0 || report.Score.Points >= sub.Claimed.Points {
		t.Errorf("%+v, %v points", report.Problems, report.Score.Points)
	}
	sub.LessonHash = "older"
	if _, err := Resume(l, sub, Options{}); !errors.Is(err, cluster.ErrDiverged) {
		t.Errorf("resumed in another version of the lesson: %v", err)
	}
}

func codes(r *Report) []string {
	var out []string
	for _, p := range r.Problems {
		out = append(out, p.Code)
	}
	return out
}

// TestTamperedSubmissions: what was changed is found, where it was changed.
func TestTamperedSubmissions(t *testing.T) {
	find := func(sub *Submission, do cluster.Deed) *Record {
		i := slices.IndexFunc(sub.Inputs, func(r Record) bool { return r.Do == do })
		return &sub.Inputs[i]
	}
	for name, c := range map[string]struct {
		change  func(*Submission)
		code    string
		input   int
		message string
	}{
		"claim":        {func(s *Submission) { s.Claimed.Points = 99 }, "claimed", 0, "it claims 99 points"},
		"line":         {func(s *Submission) { find(s, cluster.Type).With = "kubectl get pods" }, "diverged", 5, "events happen until"},
		"state":        {func(s *Submission) { s.End.Hash = "00" }, "state", 13, "the state is not the one recorded"},
		"line removed": {func(s *Submission) { s.Inputs = slices.Delete(s.Inputs, 3, 4) }, "diverged", 4, "events happen until"},
		"seed":         {func(s *Submission) { s.Seed++ }, "seed", 0, "is not that of the student"},
		"start":        {func(s *Submission) { s.Start = "00" }, "engine", 0, "another version"},
		"lesson":       {func(s *Submission) { s.LessonHash = "00" }, "lesson", 0, "another version of the lesson"},
		"answers":      {func(s *Submission) { s.Answers["created-count"] = Answer{Text: "3"} }, "answers", 0, "the answers listed"},
		"time":         {func(s *Submission) { s.End.Time = s.End.Time.Add(-time.Second) }, "diverged", 13, "says"},
		"far future":   {func(s *Submission) { s.End.Time = s.End.Time.Add(1000 * time.Hour) }, "diverged", 13, "more than"},
		"looping":      {func(s *Submission) { s.End.Steps, s.End.Time = 1<<62, s.End.Time.Add(1e6*time.Hour) }, "limit", 13, "takes too much: more than"},
		"backwards":    {func(s *Submission) { s.End.Steps = 1 }, "diverged", 13, "events had happened"},
		"deed":         {func(s *Submission) { find(s, cluster.Hold).Do = "explode" }, "diverged", 3, "no such deed"},
		"component":    {func(s *Submission) { find(s, cluster.Hold).With = "nobody" }, "diverged", 3, "no such component"},
		"interrupt":    {func(s *Submission) { find(s, cluster.Interrupt).With = "77" }, "diverged", 7, "no line has the place"},
		"answer":       {func(s *Submission) { s.Inputs[0].Answer = nil }, "diverged", 1, "without content"},
		"option":       {func(s *Submission) { s.Inputs[0].With = "nothing" }, "diverged", 1, "no question"},
	} {
		t.Run(name, func(t *testing.T) {
			_, sub := handIn(t, "ada")
			c.change(sub)
			limits := DefaultLimits
			limits.Steps = 50_000
			report := again(t, sub, limits)
			i := slices.IndexFunc(report.Problems, func(p Problem) bool { return p.Code == c.code })
			if i < 0 {
				t.Fatalf("not found: %+v", report.Problems)
			}
			if p := report.Problems[i]; p.Input != c.input || !strings.Contains(p.Message, c.message) {
				t.Errorf("found %+v, want input %d and %q", p, c.input, c.message)
			}
		})
	}
}

// TestGreedySubmission: a file that wants ever more pods ends at the limit.
func TestGreedySubmission(t *testing.T) {
	l, _ := homework(t)
	s, err := Open(l, Options{Student: "eve"})
	if err != nil {
		t.Fatal(err)
	}
	sub := s.Save("test")
	sub.Inputs = append(sub.Inputs, Record{Input: s.now(cluster.Type, "kubectl scale deployment web --replicas=100000")})
	sub.End.Steps, sub.End.Time, sub.End.Hash = 1<<50, sub.End.Time.Add(1000*time.Hour), ""
	limits := DefaultLimits
	limits.Revisions = 5000
	report := again(t, sub, limits)
	if got := codes(report); !slices.Contains(got, "limit") {
		t.Errorf("%+v", report.Problems)
	}
}

// TestLinesEndAtTheLimit: time is looked at between inputs and between the
// commands of one line, not only between the world's events.
func TestLinesEndAtTheLimit(t *testing.T) {
	for name, lines := range map[string][]string{
		"many lines":    slices.Repeat([]string{"kubectl get pods -o yaml"}, 1000),
		"one long line": {strings.TrimSuffix(strings.Repeat("kubectl get nodes -o yaml; ", 1000), "; ")},
		"one long pipe": {strings.TrimSuffix(strings.Repeat("kubectl get nodes | ", 1000), "| ")},
		"one long cat":  {"cat" + strings.Repeat(" a", 30_000)},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := homework(t)
			s, err := Open(l, Options{Student: "eve"})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.WriteFile("a", make([]byte, 1<<19)); err != nil {
				t.Fatal(err)
			}
			sub := s.Save("test")
			for _, line := range lines {
				sub.Inputs = append(sub.Inputs, Record{Input: s.now(cluster.Type, line)})
			}
			sub.End.Steps, sub.End.Time, sub.End.Hash = 1<<50, sub.End.Time.Add(1000*time.Hour), ""
			asked, most := 0, 400
			limits := DefaultLimits
			limits.Stop = func() error {
				if asked++; asked > most {
					return ErrLimit
				}
				return nil
			}
			report := again(t, sub, limits)
			if got := codes(report); !slices.Contains(got, "limit") {
				t.Errorf("%+v", report.Problems)
			}
			if asked > most+100 {
				t.Errorf("it went on: asked %d times", asked)
			}
		})
	}
}

func TestFilesThatAreNoSubmissions(t *testing.T) {
	_, sub := handIn(t, "ada")
	data, err := sub.Encode()
	if err != nil {
		t.Fatal(err)
	}
	many := *sub
	many.Inputs = make([]Record, MaxRecords+1)
	tooMany, err := many.Encode()
	if err != nil {
		t.Fatal(err)
	}
	long := *sub
	long.Inputs = []Record{{Input: cluster.Input{Do: cluster.Type, With: strings.Repeat("x", 70_000)}}}
	tooLong, err := long.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		is   error
		says string
	}{
		"truncated":     {data[:len(data)/2], ErrNotSubmission, "unexpected end"},
		"empty":         {nil, ErrNotSubmission, "unexpected end"},
		"other json":    {[]byte(`{"name":"x"}`), ErrNotSubmission, "it has no format"},
		"not json":      {[]byte("PK\x03\x04"), ErrNotSubmission, "invalid character"},
		"newer":         {[]byte(`{"format":"tabernetes/submission/v9"}`), ErrFormat, `"tabernetes/submission/v9"`},
		"unknown field": {[]byte(strings.Replace(string(data), `"engine"`, `"engin"`, 1)), ErrNotSubmission, `unknown field "engin"`},
		"huge":          {slices.Concat(data, make([]byte, MaxSubmission)), ErrTooLarge, "more than 4194304 bytes"},
		"many inputs":   {tooMany, ErrTooLarge, "inputs, more than"},
		"long line":     {tooLong, ErrTooLarge, "input 1 has 70000 bytes, more than 65536"},
	} {
		_, err := DecodeSubmission(c.data)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l, err := Find(Embedded(), "ten-steps")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Replay(l, sub, DefaultLimits); err == nil || !strings.Contains(err.Error(), `of the lesson "homework"`) {
		t.Errorf("replayed as another lesson: %v", err)
	}
}

// FuzzDecodeAndReplay: no file makes grading panic, or go on for long.
func FuzzDecodeAndReplay(f *testing.F) {
	_, sub := handIn(f, "ada")
	data, err := sub.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"format":"tabernetes/submission/v1","lesson":"homework","end":{"steps":5}}`))
	l, _ := homework(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		sub, err := DecodeSubmission(data)
		if err != nil {
			return
		}
		if _, err := Replay(l, sub, Limits{Steps: 20_000, Revisions: 5000}); err != nil && sub.Lesson == l.ID {
			t.Error(err)
		}
	})
}
