package parity

import (
	"flag"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("table", false, "write TABLE.md anew")

const (
	tableFile       = "TABLE.md"
	differencesFile = "testdata/differences.txt"
)

// known are the differences that are listed with their reasons, by scenario.
type known map[string]map[string]string

// differencesListed reads the list: a comment is the reason of the lines below it, each
// "scenario: difference", or "scenario: ~ difference" where it hangs on the
// seed; the list only shrinks.
func differencesListed(t *testing.T) known {
	t.Helper()
	text, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	out, reason, fresh := known{}, "", true
	for _, line := range strings.Split(string(text), "\n") {
		if words, comment := strings.CutPrefix(line, "# "); comment {
			if fresh {
				reason += " "
			} else {
				reason = ""
			}
			reason, fresh = reason+words, true
			continue
		}
		if line == "" {
			reason, fresh = "", true
			continue
		}
		fresh = false
		name, what, ok := strings.Cut(line, ": ")
		if !ok || strings.TrimSpace(reason) == "" {
			t.Fatalf("%s: what is %q, and why?", differencesFile, line)
		}
		if out[name] == nil {
			out[name] = map[string]string{}
		}
		out[name][what] = strings.TrimSpace(reason)
	}
	return out
}

// TestTable holds TABLE.md to the scripts and to the list of differences, and
// both to their bounds.
func TestTable(t *testing.T) {
	all, listed := scenarios(t), differencesListed(t)
	for name := range listed {
		if !slices.ContainsFunc(all, func(s Scenario) bool { return s.Name == name }) {
			t.Errorf("%s names %s, which is not there", differencesFile, name)
		}
	}
	if len(all) < 120 || len(listed)*20 > len(all) {
		t.Errorf("%d scenarios, %d of them different: at least 120, and under one in twenty, is what is promised", len(all), len(listed))
	}
	for _, s := range all {
		if !recorded(s) {
			t.Errorf("%s has no facts: record it", s.Name)
		}
	}
	want := table(all, listed)
	if *rewrite {
		if err := os.WriteFile(tableFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(tableFile); err != nil || string(got) != want {
		t.Errorf("%s is not what the scripts say: go test ./core/parity -run Table -table", tableFile)
	}
}

func recorded(s Scenario) bool {
	return slices.ContainsFunc(s.Steps, func(step Step) bool { return len(step.Facts) > 0 })
}

// table is the record at a glance.
func table(all []Scenario, listed known) string {
	var b strings.Builder
	facts, often := 0, 0
	for _, s := range all {
		if s.Playings >= 6 {
			often++
		}
		for _, step := range s.Steps {
			facts += len(step.Facts)
		}
	}
	fmt.Fprintf(&b, "# Beside a real control plane\n\nMade from the scripts in testdata by `go test ./core/parity -run Table -table`; README.md says how to read them.\n\n")
	fmt.Fprintf(&b, "%d scenarios with %d recorded facts; the engine does the same in %d. The other %d are listed with their reasons in %s.\n", len(all), facts, len(all)-len(listed), len(listed), differencesFile)
	fmt.Fprintf(&b, "The facts of %d scenarios are of six playings and more; of the others, of two to five.\n", often)
	folder := ""
	for _, s := range all {
		if dir := path.Dir(s.Name); dir != folder {
			folder = dir
			fmt.Fprintf(&b, "\n## %s\n\n| scenario | what it shows | the engine |\n|---|---|---|\n", folder)
		}
		fmt.Fprintf(&b, "| [%s](testdata/%s.txt) | %s | %s |\n", path.Base(s.Name), s.Name, strings.ReplaceAll(s.About, "|", "\\|"), verdict(listed[s.Name]))
	}
	return b.String()
}

func verdict(differences map[string]string) string {
	if len(differences) == 0 {
		return "the same"
	}
	var reasons []string
	for _, why := range differences {
		reasons = append(reasons, why)
	}
	slices.Sort(reasons)
	return "differs: " + strings.Join(slices.Compact(reasons), " ")
}
