package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/tabernetes/tabernetes/lessons"
)

var lessonName = regexp.MustCompile(`^[0-9]{2}-[a-z0-9]+(-[a-z0-9]+)*$`)

// newLesson writes a small lesson that verifies, to begin from.
func newLesson(args []string, _ io.Reader, out, _ io.Writer) error {
	f := newLessonFlags("new", out)
	names, err := f.read(args)
	if err != nil {
		return err
	}
	if len(names) != 1 || !lessonName.MatchString(names[0]) {
		return usageError{fmt.Errorf("lessons new takes a name of the form 42-my-lesson, got %q", names)}
	}
	dir := filepath.Join(*f.dir, names[0])
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s is there already", dir)
	}
	files := lessons.Template(names[0][3:])
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s: written. Next: tabernetes lessons verify -C %s %s\n", dir, filepath.Dir(dir), names[0])
	return nil
}
