package parity

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scenarios reads all scripts, in the order of their names.
func scenarios(t *testing.T) []Scenario {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []Scenario
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".txt")
		s, err := Parse(name, string(text))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// TestScenarios plays every scenario on the engine and compares what its looks
// see with what a real control plane did.
func TestScenarios(t *testing.T) {
	listed := differencesListed(t)
	for _, s := range scenarios(t) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			got := s.differences(playings(t, s))
			for _, d := range got {
				if listed[s.Name][d] == "" && listed[s.Name]["~ "+d] == "" {
					t.Error(d)
				}
			}
			for d := range listed[s.Name] {
				if !strings.HasPrefix(d, "~ ") && !slices.Contains(got, d) {
					t.Errorf("%q is no longer different: strike it from %s", d, differencesFile)
				}
			}
		})
	}
}

// seeds are how many worlds a scenario is played in; more, up to mostSeeds,
// while there is a write that only some of them make.
const seeds, mostSeeds = 2, 12

func playings(t *testing.T, s Scenario) [][]Seen {
	t.Helper()
	const ns = "p-1-0"
	var runs [][]Seen
	for len(runs) < seeds || len(runs) < mostSeeds && len(s.missing(runs)) > 0 {
		seen, err := Play(newEngine(t, s, ns, uint64(len(runs)+1)), s, ns)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, seen)
	}
	return runs
}

// each calls fn with the facts recorded under each look, and what playings saw there.
func (s Scenario) each(runs [][]Seen, fn func(want []Fact, seen []Seen)) {
	look := 0
	for _, step := range s.Steps {
		if !step.Looks() {
			continue
		}
		var seen []Seen
		for _, run := range runs {
			seen = append(seen, run[look])
		}
		fn(step.Facts, seen)
		look++
	}
}

func (s Scenario) missing(runs [][]Seen) (out []string) {
	s.each(runs, func(want []Fact, seen []Seen) { out = append(out, Missing(want, seen)...) })
	return out
}

// differences are those of all looks of several playings.
func (s Scenario) differences(runs [][]Seen) []string {
	out := s.missing(runs)
	s.each(runs, func(want []Fact, seen []Seen) {
		for _, one := range seen {
			out = append(out, Compare(want, one)...)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}
