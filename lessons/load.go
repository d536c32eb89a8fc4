package lessons

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:embed content
var content embed.FS

// Embedded is the course that comes with this program.
func Embedded() fs.FS {
	sub, err := fs.Sub(content, "content")
	if err != nil {
		panic("lessons: " + err.Error())
	}
	return sub
}

// folderForm is how lessons' folders are named: 01-ten-steps.
var folderForm = regexp.MustCompile(`^([0-9]{2})-(.+)$`)

// Folders lists the folders of lessons in a course, in order.
func Folders(course fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(course, ".")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && folderForm.MatchString(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// LoadAll loads a course's lessons in order; its error names every fault.
func LoadAll(course fs.FS) ([]*Lesson, error) {
	folders, err := Folders(course)
	if err != nil {
		return nil, err
	}
	var all []*Lesson
	var errs []error
	for _, dir := range folders {
		l, err := Load(course, dir)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, l)
	}
	return all, errors.Join(errs...)
}

// Find loads the lesson with an id, or in the folder of that name.
func Find(course fs.FS, name string) (*Lesson, error) {
	folders, err := Folders(course)
	if err != nil {
		return nil, err
	}
	for _, dir := range folders {
		if dir == name || folderForm.FindStringSubmatch(dir)[2] == name {
			return Load(course, dir)
		}
	}
	return nil, fmt.Errorf("there is no lesson %q", name)
}

// Load reads and checks one lesson. What it cannot take is an error that names
// the file and the field; whether the lesson does what it promises is Verify's.
func Load(course fs.FS, dir string) (*Lesson, error) {
	files, err := readLesson(course, dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return build(dir, files)
}

// build makes a lesson of its files.
func build(dir string, files map[string][]byte) (*Lesson, error) {
	l, err := decode(files["lesson.yaml"])
	if err != nil {
		return nil, within(dir, "lesson.yaml", err)
	}
	l.Dir, l.Hash = dir, hashFiles(files)
	l.Solution, l.Mistakes, l.Prose = string(files["solution.txt"]), map[string]string{}, map[string]*Prose{}
	var errs []error
	if m := folderForm.FindStringSubmatch(dir); m != nil && m[2] != l.ID {
		errs = append(errs, within(dir, "lesson.yaml", fmt.Errorf("id: %q, but the folder says %q", l.ID, m[2])))
	}
	for name, data := range files {
		if mistake, ok := strings.CutPrefix(name, "mistakes/"); ok {
			l.Mistakes[strings.TrimSuffix(mistake, ".txt")] = string(data)
		}
	}
	for _, lang := range Languages {
		prose, err := parseProse(files[lang+".md"])
		if err == nil {
			err = l.complete(prose)
		}
		if err != nil {
			errs = append(errs, within(dir, lang+".md", err))
		}
		l.Prose[lang] = prose
	}
	return l, errors.Join(errs...)
}

// within puts folder and file before each line of an error.
func within(dir, file string, err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range joined.Unwrap() {
			out = append(out, within(dir, file, e))
		}
		return errors.Join(out...)
	}
	return fmt.Errorf("%s/%s: %w", dir, file, err)
}

// readLesson reads the files that make a lesson, bounded.
func readLesson(course fs.FS, dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	names := []string{"lesson.yaml", "solution.txt"}
	for _, lang := range Languages {
		names = append(names, lang+".md")
	}
	mistakes, err := fs.Glob(course, path.Join(dir, "mistakes", "*.txt"))
	if err != nil {
		return nil, err
	}
	if len(mistakes) > MaxMistakes {
		return nil, fmt.Errorf("mistakes: %d files, more than the %d allowed", len(mistakes), MaxMistakes)
	}
	for _, m := range mistakes {
		names = append(names, "mistakes/"+path.Base(m))
	}
	for _, name := range names {
		info, err := fs.Stat(course, path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if info.Size() > MaxLessonFile {
			return nil, fmt.Errorf("%s: %d bytes, more than the %d allowed", name, info.Size(), MaxLessonFile)
		}
		if files[name], err = fs.ReadFile(course, path.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// hashFiles sums up the lesson's content: names and bytes, line ends unified.
func hashFiles(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range sortedKeys(files) {
		text := strings.ReplaceAll(string(files[name]), "\r\n", "\n")
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// complete holds prose against the lesson: every step, check, option and
// failure has its words, and there are no words for what is not there.
func (l *Lesson) complete(p *Prose) error {
	var f faults
	steps := map[string]bool{}
	for _, s := range l.Steps {
		steps[s.ID] = true
		if p.Steps[s.ID] == nil {
			f.add("## {#"+s.ID+"}", "the step is missing")
		}
	}
	for _, id := range sortedKeys(p.Steps) {
		if !steps[id] {
			f.add("## {#"+id+"}", "lesson.yaml has no such step")
		}
	}
	for _, c := range l.Checks() {
		f.said(c, p.Checks[c.ID])
	}
	for _, id := range sortedKeys(p.Checks) {
		if l.byID[id] == nil {
			f.add("### {#"+id+"}", "lesson.yaml has no such check")
		}
	}
	return errors.Join(f...)
}

func (f *faults) said(c *Check, p *CheckProse) {
	at := "### {#" + c.ID + "}"
	if p == nil {
		f.add(at, "the check is missing")
		return
	}
	if len(p.Fail) == 0 {
		f.add(at, "the sentence for when it fails is missing (a quotation: > …)")
	}
	parts := c.Parts()
	for _, id := range parts {
		if p.Parts[id] == nil || len(p.Parts[id].Text) == 0 {
			f.add(at, "- {#%s} is missing", id)
		}
	}
	for _, id := range sortedKeys(p.Parts) {
		if !slices.Contains(parts, id) {
			f.add(at, "- {#%s} is not in lesson.yaml", id)
		}
	}
	for _, id := range c.explained() {
		if p.Parts[id] != nil && len(p.Parts[id].Wrong) == 0 {
			f.add(at, "- {#%s} is wrong, and has no sentence that says why (a quotation below it)", id)
		}
	}
}
