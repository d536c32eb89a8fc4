// Command record plays the transcripts beside it on a real Kubernetes control
// plane and writes what its scheduler did under every "look". It needs a cluster
// to itself that has no nodes and takes care of those it is given (kwok), and
// kubectl in PATH with a kubeconfig. See ../README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var (
	runs  = flag.Int("runs", 2, "how often each transcript is played")
	quiet = flag.Duration("quiet", 1800*time.Millisecond, "all is over when nothing changed for this long")
)

func main() {
	flag.Parse()
	failed := 0
	for _, file := range flag.Args() {
		if err := record(file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			failed = 1
		}
	}
	os.Exit(failed)
}

func record(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var seen [][][]string // by run, look
	for range *runs {
		facts, err := play(strings.TrimSuffix(filepath.Base(file), ".txt"), script(string(text)))
		if err != nil {
			return err
		}
		seen = append(seen, facts)
	}
	fmt.Println("recorded", file)
	return os.WriteFile(file, []byte(written(string(text), seen)), 0o644)
}

// written is a transcript with its facts replaced: those of every run plain,
// those of some with a tilde.
func written(text string, seen [][][]string) string {
	var out []string
	look, skip := 0, false
	for _, line := range strings.Split(text, "\n") {
		if skip && line != "" {
			continue
		}
		skip = false
		out = append(out, line)
		if line != "look" {
			continue
		}
		out = append(out, merge(seen, look)...)
		look++
		skip = true
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n"
}

func merge(seen [][][]string, look int) []string {
	count := map[string]int{}
	for _, run := range seen {
		for _, fact := range run[look] {
			count[fact]++
		}
	}
	var out []string
	for fact, n := range count {
		if n < len(seen) {
			fact = "~ " + fact
		}
		out = append(out, fact)
	}
	slices.SortFunc(out, func(a, b string) int {
		return strings.Compare(strings.TrimPrefix(a, "~ "), strings.TrimPrefix(b, "~ "))
	})
	return out
}

// step is one line of a transcript with what is indented below it.
type step struct {
	words []string
	body  []string
}

// script reads a transcript without its facts.
func script(text string) []step {
	var out []step
	facts := false
	for _, line := range strings.Split(text, "\n") {
		switch {
		case line == "":
			facts = false
		case facts || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "  "):
			last := &out[len(out)-1]
			last.body = append(last.body, line)
		default:
			out = append(out, step{words: strings.Fields(line)})
			facts = line == "look"
		}
	}
	return out
}
