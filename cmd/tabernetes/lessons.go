package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/tabernetes/tabernetes/lessons"
)

// lessonFlags are those that every lessons command has.
type lessonFlags struct {
	*pflag.FlagSet
	dir, lang *string
}

func newLessonFlags(name string, out io.Writer) lessonFlags {
	f := pflag.NewFlagSet("lessons "+name, pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(out)
	return lessonFlags{
		FlagSet: f,
		dir:     f.StringP("lessons", "C", "", "folder of the course; the built-in one if left out"),
		lang:    f.String("lang", "", "en or zh-cn; from $LANG if left out"),
	}
}

// read parses args and returns what they name beside flags.
func (f lessonFlags) read(args []string) ([]string, error) {
	if err := f.Parse(args); err != nil {
		if err == pflag.ErrHelp {
			return nil, err
		}
		return nil, usageError{err}
	}
	if *f.lang == "" {
		*f.lang = lessons.Languages[0]
		if strings.HasPrefix(os.Getenv("LANG"), "zh") {
			*f.lang = "zh-cn"
		}
	}
	for _, known := range lessons.Languages {
		if *f.lang == known {
			return f.Args(), nil
		}
	}
	return nil, usageError{fmt.Errorf("--lang: %q is not one of %s", *f.lang, strings.Join(lessons.Languages, ", "))}
}

// course is the folder that was named. Without one it is the built-in course.
func (f lessonFlags) course() fs.FS {
	if *f.dir != "" {
		return os.DirFS(*f.dir)
	}
	return lessons.Embedded()
}

// lessonsCommand is `tabernetes lessons`.
func lessonsCommand(args []string, in io.Reader, out, errw io.Writer) error {
	commands := map[string]func([]string, io.Reader, io.Writer, io.Writer) error{
		"list": listLessons, "new": newLesson, "verify": verifyLessons, "preview": previewLesson, "run": runLesson, "export": exportLessons,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		return usageError{errors.New("lessons: say list, run, new, verify, preview or export")}
	}
	return commands[args[0]](args[1:], in, out, errw)
}

func listLessons(args []string, _ io.Reader, out, _ io.Writer) error {
	f := newLessonFlags("list", out)
	if _, err := f.read(args); err != nil {
		return err
	}
	all, err := lessons.LoadAll(f.course())
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, l := range all {
		p := l.Prose[*f.lang]
		fmt.Fprintf(w, "%s\t%d min\t%s\t%s\n", l.ID, l.Minutes, p.Title, p.Summary)
	}
	w.Flush()
	return err
}

// verifyLessons holds lessons, all if none is named, to their promises.
func verifyLessons(args []string, _ io.Reader, out, _ io.Writer) error {
	f := newLessonFlags("verify", out)
	stamp := f.Bool("stamp", false, "write into translations that they are of the present original; without -C in the lessons/content at or above this folder")
	names, err := f.read(args)
	if err != nil {
		return err
	}
	if *stamp && *f.dir == "" {
		if *f.dir, err = contentFolder(); err != nil {
			return err
		}
	}
	course := f.course()
	if len(names) == 0 {
		if names, err = lessons.Folders(course); err != nil {
			return err
		}
	}
	bad := 0
	for _, name := range names {
		if *stamp {
			if err := stampTranslations(*f.dir, name); err != nil {
				return err
			}
		}
		faults, err := lessons.Verify(course, name)
		switch {
		case err != nil:
			fmt.Fprintln(out, err)
		case len(faults) == 0:
			fmt.Fprintf(out, "%s: fine\n", name)
			continue
		}
		bad++
		for _, fault := range faults {
			fmt.Fprintln(out, fault)
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d lessons do not keep their promises", bad, len(names))
	}
	return nil
}

// contentFolder finds the course's source at or above the working directory.
func contentFolder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if content := filepath.Join(dir, "lessons", "content"); isFolder(content) {
			return content, nil
		}
		if dir == filepath.Dir(dir) {
			return "", usageError{errors.New("--stamp writes files: there is no lessons/content at or above this folder, so name the course with -C")}
		}
	}
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// stampTranslations writes the original's stamp into a lesson's translations.
func stampTranslations(dir, name string) error {
	l, err := lessons.Load(os.DirFS(dir), name)
	if err != nil {
		return err
	}
	for _, lang := range lessons.Languages[1:] {
		file := filepath.Join(dir, name, lang+".md")
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, lessons.Stamp(data, l.Prose[lessons.Languages[0]].Stamp), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// previewLesson prints a lesson as a learner reads it.
func previewLesson(args []string, _ io.Reader, out, _ io.Writer) error {
	f := newLessonFlags("preview", out)
	names, err := f.read(args)
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return usageError{fmt.Errorf("lessons preview takes one lesson, got %d", len(names))}
	}
	l, err := lessons.Find(f.course(), names[0])
	if err != nil {
		return err
	}
	p := l.Prose[*f.lang]
	t := prose{out: out, width: 80}
	t.title(p.Title, "=")
	t.text("", p.Intro)
	for i, s := range l.Steps {
		t.step(i+1, len(l.Steps), p.Steps[s.ID])
		for _, c := range s.Checks {
			t.check(&c, p.Checks[c.ID])
		}
	}
	return nil
}

// exportLessons writes what the page shows before the engine has arrived.
func exportLessons(args []string, _ io.Reader, out, _ io.Writer) error {
	f := newLessonFlags("export", out)
	to := f.String("out", "", "folder: index.LANG.json with the list of lessons; for each ID.LANG.json to show it and ID.pack.json to do it")
	if _, err := f.read(args); err != nil {
		return err
	}
	if *to == "" {
		return usageError{errors.New("lessons export: --out DIR is missing")}
	}
	all, err := lessons.LoadAll(f.course())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*to, 0o755); err != nil {
		return err
	}
	for _, l := range all {
		pack, err := lessons.Pack(f.course(), l.Dir)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(*to, l.ID+".pack.json"), pack, 0o644); err != nil {
			return err
		}
	}
	for _, lang := range lessons.Languages {
		index := []lessons.Card{}
		for _, l := range all {
			page := l.Page(lang)
			index = append(index, page.Card)
			if err := exportJSON(filepath.Join(*to, l.ID+"."+lang+".json"), page); err != nil {
				return err
			}
		}
		if err := exportJSON(filepath.Join(*to, "index."+lang+".json"), index); err != nil {
			return err
		}
	}
	return nil
}

func exportJSON(file string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}
