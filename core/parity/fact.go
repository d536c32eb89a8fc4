package parity

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Fact is something seen Min to Max times in a playing. One that some playings
// lack has a Min of 0: it hangs on timing, and is no rule.
type Fact struct {
	Text     string
	Min, Max int
}

// String is a fact's line: "text", "text (3 times)", "text (2 to 4 times)",
// "~ text" for 0 or 1, "~ text (up to 4 times)".
func (f Fact) String() string {
	switch {
	case f.Min == 1 && f.Max == 1:
		return f.Text
	case f.Min == 0 && f.Max == 1:
		return "~ " + f.Text
	case f.Min == 0:
		return fmt.Sprintf("~ %s (up to %d times)", f.Text, f.Max)
	case f.Min == f.Max:
		return fmt.Sprintf("%s (%d times)", f.Text, f.Max)
	}
	return fmt.Sprintf("%s (%d to %d times)", f.Text, f.Min, f.Max)
}

var times = regexp.MustCompile(`^(.*) \((?:(up to )|(\d+) to )?(\d+) times\)$`)

func parseFact(line string) (Fact, error) {
	f := Fact{Text: line, Min: 1, Max: 1}
	if rest, sometimes := strings.CutPrefix(line, "~ "); sometimes {
		f.Text, f.Min = rest, 0
	}
	m := times.FindStringSubmatch(f.Text)
	if m == nil {
		return f, nil
	}
	f.Text = m[1]
	f.Max, _ = strconv.Atoi(m[4])
	switch {
	case m[3] != "":
		f.Min, _ = strconv.Atoi(m[3])
	case m[2] == "" && f.Min > 0:
		f.Min = f.Max
	}
	if f.Max < 1 || f.Min > f.Max {
		return f, fmt.Errorf("%q can't be", line)
	}
	return f, nil
}

// Tally counts facts as they are seen in one playing.
type Tally map[string]int

func (t Tally) add(format string, args ...any) { t[fmt.Sprintf(format, args...)]++ }

// Merge is what several playings of one look have in common and apart.
func Merge(runs []Tally) []Fact {
	all := map[string]*Fact{}
	for i, run := range runs {
		for text, n := range run {
			f := all[text]
			if f == nil {
				f = &Fact{Text: text, Min: n, Max: n}
				if i > 0 {
					f.Min = 0
				}
				all[text] = f
			}
			f.Min, f.Max = min(f.Min, n), max(f.Max, n)
		}
		for text, f := range all {
			if run[text] == 0 {
				f.Min = 0
			}
		}
	}
	var out []Fact
	for _, f := range all {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Fact) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// Of is what several playings of one look come to: facts, and orders where the
// look asks for the chain.
func Of(runs []Seen) []Fact {
	var tallies []Tally
	for _, run := range runs {
		tallies = append(tallies, run.Facts)
	}
	all := Merge(tallies)
	if runs[0].Places != nil {
		all = append(all, Orders(runs)...)
	}
	return all
}

// More is what was recorded of a look, made true of further playings too: what
// one of them lacks is seen in some only, and an order that one breaks is none.
func More(recorded []Fact, runs []Seen) []Fact {
	var tallies []Tally
	for _, run := range runs {
		tallies = append(tallies, run.Facts)
	}
	now := map[string]Fact{}
	for _, f := range Merge(tallies) {
		now[f.Text] = f
	}
	var facts, orders []Fact
	for _, f := range recorded {
		if strings.HasPrefix(f.Text, "order ") {
			orders = append(orders, f)
			continue
		}
		n := now[f.Text]
		delete(now, f.Text)
		facts = append(facts, Fact{f.Text, min(f.Min, n.Min), max(f.Max, n.Max)})
	}
	for _, f := range now {
		facts = append(facts, Fact{f.Text, 0, f.Max})
	}
	slices.SortFunc(facts, func(a, b Fact) int { return strings.Compare(a.Text, b.Text) })
	return append(facts, kept(orders, runs)...)
}
