package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fault is a change of one file that makes the engine wrong.
type fault struct {
	name, about string
	file        string // below the root
	text        string // of the changed file
	broken      error  // why it can't be planted: the file is no longer what it was

	worlds, scenarios, own string // how each noticed
}

const nobody = "–"

// read reads the list of faults. A paragraph is one:
//
//	job/counts-twice: A job counts each success twice.
//	core/controller/job/track.go
//	-what stands there, once
//	+what is to stand there
//
// Space around what stands there is no matter, within several lines it is.
func read(file, root string) ([]*fault, error) {
	list, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []*fault
	for _, paragraph := range strings.Split(strings.TrimSpace(string(list)), "\n\n") {
		lines := strings.Split(paragraph, "\n")
		name, about, ok := strings.Cut(lines[0], ": ")
		if !ok || len(lines) < 3 {
			return nil, fmt.Errorf("%s: what is %q?", file, paragraph)
		}
		f := &fault{name: name, about: about, file: lines[1]}
		var was, is []string
		for _, line := range lines[2:] {
			switch {
			case strings.HasPrefix(line, "-"):
				was = append(was, line[1:])
			case strings.HasPrefix(line, "+"):
				is = append(is, line[1:])
			default:
				return nil, fmt.Errorf("%s: what is %q?", name, line)
			}
		}
		f.text, f.broken = f.plant(root, join(was), join(is))
		out = append(out, f)
	}
	return out, nil
}

func join(lines []string) string { return strings.TrimSpace(strings.Join(lines, "\n")) }

// plant returns the file's text with the fault in it.
func (f *fault) plant(root, was, is string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, f.file))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), was); n != 1 || was == "" {
		return "", fmt.Errorf("%s has %d times %q", f.file, n, was)
	}
	return strings.Replace(string(text), was, is, 1), nil
}
