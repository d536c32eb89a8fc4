package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/tabernetes/tabernetes/lessons"
)

const gradeUsage = `Usage:
  tabernetes grade [flags] FILE|DIR…

Runs every submission again on this engine, finds its score anew, and compares
it with the one it claims. A folder stands for the .json files below it. A file
that cannot be graded, or that takes too much, costs its own row and no more.
The exit code is 0 when grading worked, whatever the scores are.

What this shows: these inputs, in a cluster of this student's seed, lead to this
score. What it cannot show: who typed them. Anybody who has this program can
make a file that passes; the seed keeps one student's file from passing as
another's.

Flags:
`

// gradeFlags are the flags of grade.
type gradeFlags struct {
	format, dir, out, lang, shard string
	jobs                          int
	timeout                       time.Duration
}

// gradeCommand is `tabernetes grade`.
func gradeCommand(args []string, out, errw io.Writer) error {
	f, names, err := parseGrade(args, out)
	if err != nil {
		return err
	}
	files, err := submissions(names)
	if err != nil {
		return err
	}
	if files, err = shard(files, f.shard); err != nil {
		return usageError{err}
	}
	perFile := f.format == "gradescope" || f.format == "classroom50"
	if perFile && f.out == "" && len(files) != 1 {
		return usageError{fmt.Errorf("--format %s writes one file a submission: with %d of them it needs --out DIR", f.format, len(files))}
	}
	g, err := newGrader(f, errw)
	if err != nil {
		return err
	}
	rows := g.all(files, errw)
	if perFile {
		return writeEach(rows, f, out)
	}
	if f.out == "" {
		return gradeForms[f.format](out, rows)
	}
	return whole(f.out, func(w io.Writer) error { return gradeForms[f.format](w, rows) })
}

// whole writes a file so that it is there whole or not at all, in a folder
// that is made where it is missing.
func whole(name string, print func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".grade-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // nothing is there any more when all went well
	err = print(tmp)
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

func parseGrade(args []string, out io.Writer) (gradeFlags, []string, error) {
	var f gradeFlags
	flags := pflag.NewFlagSet("grade", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.SetOutput(out)
	flags.StringVar(&f.format, "format", "table", "table, json, csv, gradescope or classroom50")
	flags.StringVarP(&f.dir, "lessons", "C", "", "folder of the course; the built-in one if left out")
	flags.StringVar(&f.out, "out", "", "file to write to instead of the output; for gradescope and classroom50 a folder, one file a submission")
	flags.StringVar(&f.lang, "lang", "en", "language of the sentences in gradescope's and classroom50's files")
	flags.StringVar(&f.shard, "shard", "", "i/n: only the i-th (from 0) of n parts of the files")
	flags.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "how many files at the same time")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "how long one file may take")
	flags.Usage = func() { fmt.Fprint(out, gradeUsage, flags.FlagUsages()) }
	if err := flags.Parse(args); err != nil {
		if err == pflag.ErrHelp {
			return f, nil, err
		}
		return f, nil, usageError{err}
	}
	known := []string{"table", "json", "csv", "gradescope", "classroom50"}
	switch {
	case !slices.Contains(known, f.format):
		return f, nil, usageError{fmt.Errorf("--format: %q is not one of %s", f.format, strings.Join(known, ", "))}
	case !slices.Contains(lessons.Languages, f.lang):
		return f, nil, usageError{fmt.Errorf("--lang: %q is not one of %s", f.lang, strings.Join(lessons.Languages, ", "))}
	case f.jobs < 1 || f.timeout <= 0:
		return f, nil, usageError{errors.New("--jobs and --timeout must be above 0")}
	case flags.NArg() == 0:
		return f, nil, usageError{errors.New("grade: which files?")}
	}
	return f, flags.Args(), nil
}

// submissions lists the files meant, sorted; of folders the .json files below
// them, links not followed.
func submissions(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, name)
			continue
		}
		err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, ".json") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// shard keeps every n-th file from the i-th on.
func shard(files []string, spec string) ([]string, error) {
	if spec == "" {
		return files, nil
	}
	var i, n int
	if c, err := fmt.Sscanf(spec, "%d/%d", &i, &n); c != 2 || err != nil || n < 1 || i < 0 || i >= n || fmt.Sprintf("%d/%d", i, n) != spec {
		return nil, fmt.Errorf("--shard: %q is not i/n with i from 0 to n-1", spec)
	}
	var part []string
	for at := i; at < len(files); at += n {
		part = append(part, files[at])
	}
	return part, nil
}

// row is what is said about one file.
type row struct {
	File    string `json:"file"`
	Student string `json:"student,omitempty"`
	Lesson  string `json:"lesson,omitempty"`
	// Status is ok, flagged (graded, but see Problems) or rejected (not graded).
	Status   string             `json:"status"`
	Points   float64            `json:"points"`
	Of       int                `json:"of"`
	Percent  float64            `json:"percent"`
	Claimed  float64            `json:"claimed"`
	Checks   map[string]float64 `json:"checks,omitempty"`
	Problems []lessons.Problem  `json:"problems,omitempty"`

	report *lessons.Report
	took   time.Duration
}

// grader grades files, several at a time.
type grader struct {
	flags  gradeFlags
	course map[string]*lessons.Lesson
}

// newGrader reads the course. A lesson that cannot be read is told of, and
// costs only its own submissions.
func newGrader(f gradeFlags, warn io.Writer) (*grader, error) {
	course := lessons.Embedded()
	if f.dir != "" {
		course = os.DirFS(f.dir)
	}
	all, err := lessons.LoadAll(course)
	if err != nil && len(all) == 0 {
		return nil, err
	}
	if err != nil {
		fmt.Fprintf(warn, "warning: %v\n", err)
	}
	g := &grader{flags: f, course: map[string]*lessons.Lesson{}}
	for _, l := range all {
		g.course[l.ID] = l
	}
	return g, nil
}

// all grades the files and tells of its progress once a second.
func (g *grader) all(files []string, progress io.Writer) []row {
	rows := make([]row, len(files))
	var done atomic.Int64
	begin := time.Now()
	tell := func() {
		n, spent := done.Load(), time.Since(begin).Seconds()
		fmt.Fprintf(progress, "graded %d of %d (%.0f files/s)\n", n, len(files), float64(n)/max(spent, 1e-3))
	}
	tick := time.NewTicker(time.Second)
	stop := make(chan struct{})
	told := make(chan struct{})
	go func() {
		defer close(told)
		for {
			select {
			case <-tick.C:
				tell()
			case <-stop:
				return
			}
		}
	}()
	var group errgroup.Group
	group.SetLimit(g.flags.jobs)
	for i, file := range files {
		group.Go(func() error {
			rows[i] = g.inTime(file)
			done.Add(1)
			return nil
		})
	}
	_ = group.Wait() // what goes wrong with a file is in its row
	tick.Stop()
	close(stop)
	<-told
	tell()
	return rows
}

// inTime grades one file. A file can be stopped between two events or two
// commands of a line; where that has not come about after twice its time, a
// single command goes on and on, and it is given up: it goes on in the dark,
// and costs nobody else's row.
func (g *grader) inTime(file string) row {
	graded := make(chan row, 1)
	go func() { graded <- g.one(file) }()
	limit := 2 * g.flags.timeout
	given := time.NewTimer(limit)
	defer given.Stop()
	select {
	case r := <-graded:
		return r
	case <-given.C:
		r := rejected(file, "limit", fmt.Errorf("%w: one command of it did not end within %s, so it was given up", lessons.ErrLimit, limit))
		if data, err := readBounded(file); err == nil {
			if sub, err := lessons.DecodeSubmission(data); err == nil {
				r.Student, r.Lesson = sub.Student, sub.Lesson
			}
		}
		return r
	}
}

// one grades one file; whatever is wrong with it ends up in its row.
func (g *grader) one(file string) (r row) {
	begin := time.Now()
	defer func() {
		if p := recover(); p != nil {
			r = rejected(file, "crashed", fmt.Errorf("the engine panicked on it, which is a fault of this program: %v", p))
		}
		r.took = time.Since(begin)
	}()
	data, err := readBounded(file)
	if err != nil {
		return rejected(file, "unreadable", err)
	}
	sub, err := lessons.DecodeSubmission(data)
	if err != nil {
		return rejected(file, codeOf(err), err)
	}
	l := g.course[sub.Lesson]
	if l == nil {
		r := rejected(file, "unknown-lesson", fmt.Errorf("the course has no lesson %.60q", sub.Lesson))
		r.Student = sub.Student
		return r
	}
	limits := lessons.DefaultLimits
	limits.Stop = func() error {
		if time.Since(begin) > g.flags.timeout {
			return fmt.Errorf("%w: longer than %s", lessons.ErrLimit, g.flags.timeout)
		}
		return nil
	}
	report, err := lessons.Replay(l, sub, limits)
	if err != nil {
		r := rejected(file, "unplayable", err)
		r.Student, r.Lesson = sub.Student, sub.Lesson
		return r
	}
	return graded(file, report)
}

func graded(file string, report *lessons.Report) row {
	r := row{
		File: file, Student: report.Submission.Student, Lesson: report.Lesson.ID, Status: "ok",
		Points: report.Score.Points, Of: report.Score.Of, Claimed: report.Submission.Claimed.Points,
		Checks: report.Score.Checks, Problems: report.Problems, report: report,
	}
	if len(r.Problems) > 0 {
		r.Status = "flagged"
	}
	if r.Of > 0 {
		r.Percent = 100 * r.Points / float64(r.Of)
	}
	return r
}

func rejected(file, code string, err error) row {
	return row{File: file, Status: "rejected", Problems: []lessons.Problem{{Code: code, Message: err.Error()}}}
}

func codeOf(err error) string {
	switch {
	case errors.Is(err, lessons.ErrTooLarge):
		return "too-large"
	case errors.Is(err, lessons.ErrFormat):
		return "format"
	}
	return "not-a-submission"
}

// readBounded reads a regular file, no further than a submission may go.
func readBounded(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, lessons.MaxSubmission+1))
}
