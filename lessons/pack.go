package lessons

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// pack is what it takes to do a lesson: its files but for the solution and the
// mistakes, and the hash of all of them. A page fetches it and hands it to an
// engine that has no lessons of its own.
type pack struct {
	Dir   string            `json:"dir"`
	Hash  string            `json:"hash"`
	Files map[string]string `json:"files"`
}

// Pack writes a lesson's files for Unpack.
func Pack(course fs.FS, dir string) ([]byte, error) {
	files, err := readLesson(course, dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	p := pack{Dir: dir, Hash: hashFiles(files), Files: map[string]string{}}
	for _, name := range packed() {
		p.Files[name] = string(files[name])
	}
	return json.Marshal(p)
}

// packed are the files in a pack.
func packed() []string {
	names := []string{"lesson.yaml"}
	for _, lang := range Languages {
		names = append(names, lang+".md")
	}
	return names
}

// Unpack reads what Pack wrote. The hash is the pack's word: whoever grades
// looks at the lesson itself.
func Unpack(data []byte) (*Lesson, error) {
	var p pack
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("not a packed lesson: %w", err)
	}
	if p.Hash == "" {
		return nil, errors.New("not a packed lesson: it has no hash")
	}
	files := map[string][]byte{}
	for _, name := range packed() {
		if len(p.Files[name]) > MaxLessonFile {
			return nil, fmt.Errorf("%s: %d bytes, more than the %d allowed", name, len(p.Files[name]), MaxLessonFile)
		}
		files[name] = []byte(p.Files[name])
	}
	l, err := build(p.Dir, files)
	if err != nil {
		return nil, err
	}
	l.Hash = p.Hash
	return l, nil
}
