package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/lessons"
)

// handedIn does the homework in a student's name, more or less well.
func handedIn(t testing.TB, l *lessons.Lesson, student string, dice *rand.Rand) *lessons.Submission {
	t.Helper()
	s, err := lessons.Open(l, lessons.Options{Student: student})
	if err != nil {
		t.Fatal(err)
	}
	script, err := lessons.ParseScript(l.Solution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range script {
		if d.Do != "type" && dice != nil && dice.IntN(4) == 0 {
			continue // not answered
		}
		if err := s.Do(d); err != nil {
			t.Fatal(err)
		}
	}
	return s.Save("test")
}

func homework(t testing.TB) *lessons.Lesson {
	t.Helper()
	l, err := lessons.Find(lessons.Embedded(), "homework")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func encoded(t testing.TB, sub *lessons.Submission) []byte {
	t.Helper()
	data, err := sub.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// class is a folder with an honest submission and every kind of bad one.
func class(t *testing.T) string {
	dir := t.TempDir()
	l := homework(t)
	change := func(fn func(*lessons.Submission)) []byte {
		sub := handedIn(t, l, "eve", nil)
		fn(sub)
		return encoded(t, sub)
	}
	good := encoded(t, handedIn(t, l, "ada", nil))
	write(t, dir, "ada.json", good)
	write(t, dir, "truncated.json", good[:len(good)-200])
	write(t, dir, "huge.json", append(good, make([]byte, lessons.MaxSubmission)...))
	write(t, dir, "notes.txt", []byte("no submission, and not taken for one"))
	write(t, dir, "format.json", []byte(`{"format":"tabernetes/submission/v7"}`))
	write(t, dir, "claimed.json", change(func(s *lessons.Submission) { s.Claimed.Points = 1000 }))
	write(t, dir, "state.json", change(func(s *lessons.Submission) { s.End.Hash = "1234" }))
	write(t, dir, "line.json", change(func(s *lessons.Submission) { s.Inputs[3].With = "kubectl scale deployment web --replicas=9" }))
	write(t, dir, "engine.json", change(func(s *lessons.Submission) { s.Engine, s.Start = "v9.9.9", "1234" }))
	write(t, dir, "unknown.json", change(func(s *lessons.Submission) { s.Lesson = "astrology" }))
	write(t, dir, "copied.json", change(func(s *lessons.Submission) { s.Student = "mallory" }))
	write(t, dir, "looping.json", change(func(s *lessons.Submission) {
		s.End.Steps, s.End.Time, s.End.Hash = 1<<60, s.End.Time.Add(1e6*time.Hour), ""
	}))
	write(t, dir, "greedy.json", change(func(s *lessons.Submission) {
		last := s.Inputs[len(s.Inputs)-1]
		last.Do, last.With, last.Answer, last.Hash = cluster.Type, "kubectl scale deployment web --replicas=1000000", nil, ""
		s.Inputs = append(s.Inputs, last)
		s.End.Steps, s.End.Time, s.End.Hash = 1<<60, s.End.Time.Add(1e6*time.Hour), ""
	}))
	write(t, dir, "control.json", change(func(s *lessons.Submission) { s.Student = "=cmd()\x1b[2J\tx" }))
	return dir
}

// TestGradeSurvivesAnyFile: each bad file costs its own row, with a message of
// its own, and the exit code is 0.
func TestGradeSurvivesAnyFile(t *testing.T) {
	dir := class(t)
	stdout, stderr, exit := tabernetes(t, "", "grade", "--format", "json", "--timeout", "5m", dir)
	if exit != 0 {
		t.Fatalf("exit %d: %s", exit, stderr)
	}
	if !strings.Contains(stderr, "graded 13 of 13") {
		t.Errorf("progress: %q", stderr)
	}
	var rows []row
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil {
		t.Fatal(err)
	}
	byName := map[string]row{}
	for _, r := range rows {
		byName[filepath.Base(r.File)] = r
	}
	for name, want := range map[string]struct{ status, notes string }{
		"ada.json":       {"ok", ""},
		"truncated.json": {"rejected", "not-a-submission: not a submission: unexpected end"},
		"huge.json":      {"rejected", "too-large: too large: more than"},
		"format.json":    {"rejected", `format: a submission of another format: "tabernetes/submission/v7"`},
		"claimed.json":   {"flagged", "claimed: it claims 1000 points, 18 were found"},
		"state.json":     {"flagged", "state at input 9: the state is not the one recorded"},
		"line.json":      {"flagged", "diverged at input 5: the run is not the one recorded"},
		"engine.json":    {"flagged", `engine: its start state is not this engine's: it was made with another version ("v9.9.9")`},
		"unknown.json":   {"rejected", `unknown-lesson: the course has no lesson "astrology"`},
		"copied.json":    {"flagged", "seed: the seed"},
		"looping.json":   {"flagged", "limit at input 9: takes too much: more than"},
		"greedy.json":    {"flagged", "limit at input 10: takes too much: more than 40000 writes"},
		"control.json":   {"flagged", "seed: the seed"},
	} {
		r, there := byName[name]
		if !there || r.Status != want.status || !strings.Contains(notes(r), want.notes) {
			t.Errorf("%s: %s, %q; want %s, %q", name, r.Status, notes(r), want.status, want.notes)
		}
	}
	if r := byName["ada.json"]; r.Points != float64(r.Of) || r.Percent != 100 {
		t.Errorf("ada has %v of %d", r.Points, r.Of)
	}
}

// TestACommandWithoutEndIsGivenUp: ranges within ranges take for ever, and
// nothing can stop them; the other file is graded all the same.
func TestACommandWithoutEndIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	l := homework(t)
	write(t, dir, "ada.json", encoded(t, handedIn(t, l, "ada", nil)))
	sub := handedIn(t, l, "eve", nil)
	last := sub.Inputs[len(sub.Inputs)-1]
	last.Do, last.With, last.Answer, last.Hash = cluster.Type, "kubectl get nodes -o jsonpath='"+strings.Repeat("{range .items[*]}", 48)+"'", nil, ""
	sub.Inputs = append(sub.Inputs, last)
	sub.End.Steps, sub.End.Time, sub.End.Hash = 1<<60, sub.End.Time.Add(1e6*time.Hour), ""
	write(t, dir, "eve.json", encoded(t, sub))
	// In a process of its own, with which that command ends.
	grade := exec.Command(os.Args[0], "grade", "--format", "json", "--timeout", "4s", dir)
	grade.Env = append(os.Environ(), "TABERNETES_TEST_COMMAND=yes")
	stdout, err := grade.Output()
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	if err := json.Unmarshal(stdout, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Points != 18 || rows[1].Student != "eve" || rows[1].Status != "rejected" || !strings.Contains(notes(rows[1]), "limit: takes too much: one command of it did not end within") {
		t.Errorf("%+v", rows)
	}
}

func TestGradeForms(t *testing.T) {
	dir := class(t)
	for _, big := range []string{"huge.json", "looping.json", "greedy.json"} {
		if err := os.Remove(filepath.Join(dir, big)); err != nil {
			t.Fatal(err)
		}
	}
	table, _, _ := tabernetes(t, "", "grade", dir)
	if !strings.Contains(table, "18.00/18  100      ok") || strings.Contains(table, "\x1b") {
		t.Errorf("table:\n%s", table)
	}
	text, _, _ := tabernetes(t, "", "grade", "--format", "csv", dir)
	cells, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(cells) != 11 || cells[0][9] != "homework/chain" {
		t.Errorf("csv: %v", cells)
	}
	for _, line := range cells[1:] {
		if strings.HasPrefix(line[1], "=") {
			t.Errorf("a student's name is a formula: %q", line[1])
		}
	}
	part := filepath.Join(t.TempDir(), "results", "part-1.json")
	if stdout, stderr, exit := tabernetes(t, "", "grade", "--format", "json", "--shard", "1/3", "--out", part, dir); exit != 0 || stdout != "" {
		t.Fatal(exit, stdout, stderr)
	}
	var rows []row
	if data, err := os.ReadFile(part); err != nil || json.Unmarshal(data, &rows) != nil || len(rows) != 3 {
		t.Errorf("a shard's file: %d rows, %v", len(rows), err)
	}
	ada := filepath.Join(dir, "ada.json")
	scope, _, exit := tabernetes(t, "", "grade", "--format", "gradescope", "--lang", "zh-cn", ada)
	var result struct {
		Score float64 `json:"score"`
		Tests []test  `json:"tests"`
	}
	if err := json.Unmarshal([]byte(scope), &result); err != nil || exit != 0 {
		t.Fatal(err, exit)
	}
	if result.Score != 18 || len(result.Tests) != 7 || result.Tests[0].Name != "从一个副本到三个，事件链条是什么样的？" || result.Tests[0].Status != "passed" {
		t.Errorf("gradescope: %+v", result)
	}
	out := t.TempDir()
	if _, stderr, exit := tabernetes(t, "", "grade", "--format", "classroom50", "--out", out, dir); exit != 0 {
		t.Fatal(stderr)
	}
	data, err := os.ReadFile(filepath.Join(out, "ada.result.json"))
	if err != nil || !strings.Contains(string(data), `"schema": "classroom50/result/v1"`) || !strings.Contains(string(data), `"score": 100`) {
		t.Errorf("classroom50: %s, %v", data, err)
	}
}

// TestShardsTogetherAreTheWhole: each file is in exactly one shard.
func TestShardsTogetherAreTheWhole(t *testing.T) {
	files := []string{"a", "b", "c", "d", "e", "f", "g"}
	seen := map[string]int{}
	for i := range 3 {
		part, err := shard(files, fmt.Sprintf("%d/3", i))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range part {
			seen[f]++
		}
	}
	for _, f := range files {
		if seen[f] != 1 {
			t.Errorf("%s is in %d shards", f, seen[f])
		}
	}
	for _, bad := range []string{"3/3", "-1/3", "1", "1/0", "1/3x", "x"} {
		if _, err := shard(files, bad); err == nil {
			t.Errorf("--shard %s was taken", bad)
		}
	}
}

func TestMistakesInGradesCommandLine(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.json", nil)
	write(t, dir, "b.json", nil)
	for _, c := range []struct {
		args []string
		exit int
		says string
	}{
		{[]string{"grade"}, 2, "which files?"},
		{[]string{"grade", "--format", "xml", dir}, 2, `"xml" is not one of`},
		{[]string{"grade", "--shard", "9/3", dir}, 2, `"9/3" is not i/n`},
		{[]string{"grade", "--format", "gradescope", dir}, 2, "needs --out DIR"},
		{[]string{"grade", dir + "/none"}, 1, "no such file"},
	} {
		_, stderr, exit := tabernetes(t, "", c.args...)
		if exit != c.exit || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit %d, %q; want %d and %q", c.args, exit, stderr, c.exit, c.says)
		}
	}
}

// BenchmarkGrade grades a class of 1,000.
func BenchmarkGrade(b *testing.B) {
	const students = 1000
	dir := b.TempDir()
	l := homework(b)
	dice := rand.New(rand.NewPCG(1, 1))
	for i := range students {
		write(b, dir, fmt.Sprintf("student-%04d.json", i), encoded(b, handedIn(b, l, fmt.Sprint("student-", i), dice)))
	}
	for b.Loop() {
		if exit := execute([]string{"grade", dir}, nil, io.Discard, io.Discard); exit != 0 {
			b.Fatal("exit ", exit)
		}
	}
	b.ReportMetric(students*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}
