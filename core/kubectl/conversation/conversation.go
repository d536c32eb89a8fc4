// Package conversation reads recorded conversations with the real kubectl
// (testdata/judge beside it says how they are written down) and compares other
// answers with them. It is there for tests: the console's replays and those of
// a real kubectl against our server hold themselves to the same records.
//
// Left out: playing them. Who asks whom is the test's business.
package conversation

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// Exchange is one command with its answer.
type Exchange struct {
	Prompt, Line   string // the prompt is "$", or "$~" where the next command follows at once
	Stdout, Stderr string
	Exit           string // "" where nothing was recorded yet
}

// Step is an exchange, or a file to be written.
type Step struct {
	*Exchange
	File, Content string
}

// Parse reads a conversation.
func Parse(text string) []Step {
	var steps []Step
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		prompt, command, _ := strings.Cut(line, " ")
		switch {
		case prompt == "$" || prompt == "$~":
			x := &Exchange{Prompt: prompt, Line: command}
			into := &x.Stdout
			if !answered(lines, i) {
				steps = append(steps, Step{Exchange: x})
				continue
			}
			for i++; !strings.HasPrefix(lines[i], "exit: "); i++ {
				if lines[i] == "stderr:" {
					into = &x.Stderr
					continue
				}
				*into += lines[i] + "\n"
			}
			x.Exit = strings.TrimPrefix(lines[i], "exit: ")
			steps = append(steps, Step{Exchange: x})
		case strings.HasPrefix(line, "-- ") && strings.HasSuffix(line, " --"):
			s := Step{File: strings.TrimSuffix(strings.TrimPrefix(line, "-- "), " --")}
			for i++; lines[i] != "-- end --"; i++ {
				s.Content += lines[i] + "\n"
			}
			if name, size, sized := strings.Cut(s.File, " "); sized {
				n, _ := strconv.Atoi(size)
				s.File, s.Content = name, strings.Repeat("a", n)
			}
			steps = append(steps, s)
		}
	}
	return steps
}

// answered tells a command with a recorded answer from one that has none yet.
func answered(lines []string, i int) bool {
	for _, l := range lines[i+1:] {
		if strings.HasPrefix(l, "$") {
			return false
		}
		if strings.HasPrefix(l, "exit: ") {
			return true
		}
	}
	return false
}

// Keys names the commands of a file as lists of differences do.
type Keys struct {
	File  string
	count map[string]int
}

// Next is the name of the next command: FILE $ COMMAND [#N].
func (k *Keys) Next(line string) string {
	if k.count == nil {
		k.count = map[string]int{}
	}
	key := k.File + " $ " + line
	if k.count[key]++; k.count[key] > 1 {
		key += fmt.Sprintf(" #%d", k.count[key])
	}
	return key
}

// Difference tells how an answer differs from the recorded one in more than
// what no two clusters have in common; "" where it does not.
func Difference(recorded, got Exchange) string {
	if strings.Contains(recorded.Stdout+recorded.Stderr, "Usage:\n") {
		recorded.Stdout, got.Stdout = outline(recorded.Stdout), outline(got.Stdout)
		recorded.Stderr, got.Stderr = outline(recorded.Stderr), outline(got.Stderr)
	}
	if strings.Contains(recorded.Line, "explain") && !strings.Contains(recorded.Stdout, "\n    ") {
		got.Stdout = undescribed(got.Stdout)
	}
	return cmp.Diff(normal(&recorded), normal(&got))
}

// outline is the skeleton of a help text, whose words are our own: its
// headings and how the command is used.
func outline(help string) string {
	var kept []string
	lines := strings.Split(help, "\n")
	for i, l := range lines {
		if heading.MatchString(l) {
			kept = append(kept, l)
		}
		if l == "Usage:" && i+1 < len(lines) {
			kept = append(kept, lines[i+1])
		}
	}
	return strings.Join(kept, "\n")
}

// undescribed is what kubectl explain prints without the descriptions, which
// the recordings of long answers leave out.
func undescribed(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "    ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

var heading = regexp.MustCompile(`^(Aliases|Examples|Available Commands|Options|Usage|[A-Z][A-Za-z ]* Commands.*):$`)

// What differs from run to run, and what stands for it.
var volatile = []struct {
	is *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "UID"},
	{regexp.MustCompile(`\b([a-z][a-z0-9-]*-[0-9a-z]{8,10})-[a-z0-9]{5}\b`), "$1-XXXXX"},
	{regexp.MustCompile(`\b(kube-api-access)-[a-z0-9]{5}\b`), "$1-XXXXX"},
	{regexp.MustCompile(`\b([A-Za-z][A-Za-z0-9-]*)\.[0-9a-f]{16}\b`), "$1.EVENT"},
	{regexp.MustCompile(`default-scheduler-[a-z-]+`), "default-scheduler-HOST"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000`), "DATE"},
	{regexp.MustCompile(`(?m)(resourceVersion"?: "?)\d+`), "${1}RV"},
	{regexp.MustCompile(`\bnode-\d\b`), "NODE"},
	{regexp.MustCompile(`\b10\.\d+\.\d+\.\d+\b`), "IP"},
	{regexp.MustCompile(`\b(\d+d)?(\d+h)?(\d+m)?\d+(s|m|h|d)( ago)?\b`), "AGE"},
	{regexp.MustCompile(`<invalid>`), "AGE"}, // of what a hurried world did ahead of the wall's clock
	{regexp.MustCompile(`(https://)?127\.0\.0\.1:\d+`), "SERVER"},
	{regexp.MustCompile(`W\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ `), "WARNING "},
	{regexp.MustCompile(`kwok-0\.8\.0`), "KUBELET"},
	{regexp.MustCompile(`"/tmp/[^"]*"`), "FILE"},
	{regexp.MustCompile(`/tmp/(LIVE|MERGED)-\d+`), "$1"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000`), "TIME"},
	{regexp.MustCompile(`-{3,}`), "---"},
	{regexp.MustCompile(`[ ]{2,}`), "  "},
}

// normal is an answer without what differs from run to run: lines whose order
// hangs on pods' names are sorted.
func normal(x *Exchange) []string {
	var all []string
	for _, stream := range []string{x.Stdout, x.Stderr} {
		if !strings.HasSuffix(stream, "\n") && stream != "" {
			stream += "\n(no newline)\n"
		}
		for _, v := range volatile {
			stream = v.is.ReplaceAllString(stream, v.as)
		}
		lines := slices.DeleteFunc(strings.Split(stream, "\n"), kubeletOnly.MatchString)
		sortRuns(lines)
		if strings.HasSuffix(x.Line, " --list") {
			slices.Sort(lines) // upstream's order is a map's
		}
		all = append(all, lines...)
	}
	return append(all, "exit: "+x.Exit)
}

// kubeletOnly are lines that only one of the kubelets has: the judge's is kwok,
// which pulls no image, knows no container and has no address. Nor does it tell
// of its nodes in events.
var kubeletOnly = regexp.MustCompile(`^ *(Container ID|Image ID|Node): |PodReadyToStartContainers|` +
	`(Normal|Warning) +(Pulling|Pulled|Created|Started|Killing|Failed|BackOff) |[nN]ode/NODE |^event/NODE`)

// sortRuns sorts runs of lines that begin alike with a pod, or list events.
func sortRuns(lines []string) {
	volatileLine := func(l string) bool {
		return strings.Contains(l, "-XXXXX") || strings.HasPrefix(l, "AGE ") || strings.HasPrefix(l, "  Normal") || strings.HasPrefix(l, "  Warning")
	}
	for i := 0; i < len(lines); i++ {
		j := i
		for j < len(lines) && volatileLine(lines[j]) {
			j++
		}
		slices.Sort(lines[i:j])
		i = max(i, j-1)
	}
}

// Known reads a list of differences that are known: a line for the command, as
// FILE $ COMMAND [#N, the Nth of its kind], and an indented line for why. The keys are those of Keys.
func Known(text string) (map[string]string, error) {
	known := map[string]string{}
	key := ""
	for n, l := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(l, "#") || strings.TrimSpace(l) == "":
		case strings.HasPrefix(l, "\t"):
			for _, k := range strings.Split(key, "\n") {
				if k != "" {
					known[k] = strings.TrimSpace(l)
				}
			}
			key = ""
		case strings.Contains(l, " $ "):
			key += "\n" + l
		default:
			return nil, fmt.Errorf("line %d: %q", n+1, l)
		}
	}
	if key != "" {
		return nil, fmt.Errorf("no reason for %s", key)
	}
	return known, nil
}
