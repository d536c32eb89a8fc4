package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/tabernetes/tabernetes/lessons"
)

// gradeForms print all rows at once.
var gradeForms = map[string]func(io.Writer, []row) error{
	"table": gradeTable, "json": gradeJSON, "csv": gradeCSV,
}

func gradeTable(out io.Writer, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "FILE\tSTUDENT\tLESSON\tPOINTS\tPERCENT\tSTATUS\tNOTES")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f/%d\t%.0f\t%s\t%s\n",
			plain(r.File), plain(r.Student), r.Lesson, r.Points, r.Of, r.Percent, r.Status, plain(notes(r)))
	}
	return w.Flush()
}

// notes are a row's problems in one line.
func notes(r row) string {
	words := make([]string, len(r.Problems))
	for i, p := range r.Problems {
		words[i] = p.Code + ": " + p.Message
		if p.Input > 0 {
			words[i] = fmt.Sprintf("%s at input %d: %s", p.Code, p.Input, p.Message)
		}
	}
	return strings.Join(words, "; ")
}

// plain keeps what a file says from moving the cursor or the columns.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '·'
		}
		return r
	}, s)
}

func gradeJSON(out io.Writer, rows []row) error {
	if rows == nil {
		rows = []row{}
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(rows)
}

// gradeCSV has a column for every check of every lesson that was graded.
func gradeCSV(out io.Writer, rows []row) error {
	var checks []string
	had := map[*lessons.Lesson]bool{}
	for _, r := range rows {
		if r.report == nil || had[r.report.Lesson] {
			continue
		}
		had[r.report.Lesson] = true
		for _, c := range r.report.Lesson.Checks() {
			checks = append(checks, r.Lesson+"/"+c.ID)
		}
	}
	w := csv.NewWriter(out)
	if err := w.Write(append([]string{"file", "student", "lesson", "status", "points", "of", "percent", "claimed", "notes"}, checks...)); err != nil {
		return err
	}
	for _, r := range rows {
		cells := []string{
			cell(r.File), cell(r.Student), r.Lesson, r.Status, decimal(r.Points), strconv.Itoa(r.Of),
			decimal(r.Percent), decimal(r.Claimed), cell(notes(r)),
		}
		for _, c := range checks {
			lesson, id, _ := strings.Cut(c, "/")
			score, graded := r.Checks[id]
			if !graded || lesson != r.Lesson {
				cells = append(cells, "")
				continue
			}
			cells = append(cells, decimal(score))
		}
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func decimal(n float64) string { return strconv.FormatFloat(n, 'f', 4, 64) }

// cell keeps a spreadsheet from taking text for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// writeEach writes one file a submission, or the only one to out.
func writeEach(rows []row, f gradeFlags, out io.Writer) error {
	form := map[string]func(row, string) any{"gradescope": gradescope, "classroom50": classroom50}[f.format]
	if f.out == "" {
		return writeJSON(out, form(rows[0], f.lang))
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return err
	}
	taken := map[string]int{}
	for _, r := range rows {
		name := strings.TrimSuffix(filepath.Base(r.File), ".json")
		taken[name]++
		if n := taken[name]; n > 1 {
			name = fmt.Sprintf("%s-%d", name, n)
		}
		file, err := os.Create(filepath.Join(f.out, name+".result.json"))
		if err != nil {
			return err
		}
		err = writeJSON(file, form(r, f.lang))
		if e := file.Close(); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(v)
}

// test is a check as Gradescope has it.
type test struct {
	Score    float64 `json:"score"`
	MaxScore float64 `json:"max_score"`
	Status   string  `json:"status"`
	Name     string  `json:"name"`
	Number   string  `json:"number"`
	Output   string  `json:"output,omitempty"`
}

// gradescope is Gradescope's results.json.
func gradescope(r row, lang string) any {
	tests := []test{}
	if r.report != nil {
		for i, result := range r.report.Results {
			t := test{
				Score: result.Score * float64(result.Points), MaxScore: float64(result.Points), Status: "failed",
				Name: r.report.Lesson.Prose[lang].Checks[result.Check].Title, Number: strconv.Itoa(i + 1),
				Output: strings.Join(sentences(r.report.Lesson, lang, result), "\n"),
			}
			if result.Status == lessons.Passed {
				t.Status = "passed"
			}
			tests = append(tests, t)
		}
	}
	return struct {
		Score         float64        `json:"score"`
		ExecutionTime float64        `json:"execution_time"`
		Output        string         `json:"output"`
		OutputFormat  string         `json:"output_format"`
		Visibility    string         `json:"visibility"`
		Tests         []test         `json:"tests"`
		ExtraData     map[string]any `json:"extra_data"`
	}{
		r.Points, r.took.Seconds(), notes(r), "text", "visible", tests,
		map[string]any{"student": r.Student, "lesson": r.Lesson, "status": r.Status, "claimed": r.Claimed, "of": r.Of},
	}
}

// sentences are what a learner is told about a result.
func sentences(l *lessons.Lesson, lang string, r lessons.Result) []string {
	t := l.Told(lang, r)
	return append(t.Say, t.Notes...)
}

// classroom50 is Classroom 50's result.json. Scores there are whole numbers,
// so they are of 100; what only the classroom knows is left empty.
func classroom50(r row, lang string) any {
	type check struct {
		Name     string `json:"test-name"`
		Passed   bool   `json:"passed"`
		Score    int    `json:"score"`
		MaxScore int    `json:"max-score"`
	}
	tests := []check{}
	if r.report != nil {
		for _, result := range r.report.Results {
			tests = append(tests, check{
				r.report.Lesson.Prose[lang].Checks[result.Check].Title, result.Status == lessons.Passed,
				round(100 * result.Score), 100,
			})
		}
	}
	return struct {
		Schema     string  `json:"schema"`
		Classroom  string  `json:"classroom"`
		Assignment string  `json:"assignment"`
		Owner      string  `json:"owner"`
		Submission string  `json:"submission"`
		Commit     string  `json:"commit"`
		Release    string  `json:"release"`
		Review     string  `json:"review"`
		Datetime   string  `json:"datetime"`
		Score      int     `json:"score"`
		MaxScore   int     `json:"max-score"`
		Tests      []check `json:"tests"`
	}{
		Schema: "classroom50/result/v1", Assignment: r.Lesson, Owner: r.Student, Submission: filepath.Base(r.File),
		Review: notes(r), Datetime: time.Now().UTC().Format(time.RFC3339), Score: round(r.Percent), MaxScore: 100, Tests: tests,
	}
}

func round(n float64) int { return int(n + 0.5) }
