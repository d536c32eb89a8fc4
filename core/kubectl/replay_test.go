package kubectl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tabernetes/tabernetes/core/cluster"
)

// TestConversations plays every recorded conversation with the real kubectl
// (testdata/judge/README.md) on our engine and compares every answer. What is
// known to differ is in testdata/differences.txt, with the reason; an entry
// that no longer differs fails too, so that the list only shrinks.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/judge/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatalf("found %d conversations, %v", len(files), err)
	}
	known := knownDifferences(t)
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			newPlayer(t).play(path, known)
		})
	}
}

// exchange is one command with its answer.
type exchange struct {
	prompt, line   string
	stdout, stderr string
	exit           string
}

// step is an exchange, or a file to be written.
type step struct {
	*exchange
	file, content string
}

func parseConversation(text string) []step {
	var steps []step
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		prompt, command, _ := strings.Cut(line, " ")
		switch {
		case prompt == "$" || prompt == "$~":
			x := &exchange{prompt: prompt, line: command}
			into := &x.stdout
			if !answered(lines, i) {
				steps = append(steps, step{exchange: x})
				continue
			}
			for i++; !strings.HasPrefix(lines[i], "exit: "); i++ {
				if lines[i] == "stderr:" {
					into = &x.stderr
					continue
				}
				*into += lines[i] + "\n"
			}
			x.exit = strings.TrimPrefix(lines[i], "exit: ")
			steps = append(steps, step{exchange: x})
		case strings.HasPrefix(line, "-- ") && strings.HasSuffix(line, " --"):
			s := step{file: strings.TrimSuffix(strings.TrimPrefix(line, "-- "), " --")}
			for i++; lines[i] != "-- end --"; i++ {
				s.content += lines[i] + "\n"
			}
			if name, size, sized := strings.Cut(s.file, " "); sized {
				n, _ := strconv.Atoi(size)
				s.file, s.content = name, strings.Repeat("a", n)
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

// player is a cluster with a console.
type player struct {
	t      *testing.T
	c      *cluster.Cluster
	files  memoryFiles
	editor string
}

type memoryFiles map[string][]byte

func (f memoryFiles) Read(name string) ([]byte, error) {
	if data, ok := f[name]; ok {
		return data, nil
	}
	return nil, os.ErrNotExist
}

func (f memoryFiles) Write(name string, data []byte) error {
	f[name] = data
	return nil
}

func (f memoryFiles) Names() []string {
	var names []string
	for name := range f {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func newPlayer(t *testing.T) *player {
	p := &player{t: t, files: memoryFiles{}}
	c, err := cluster.New(cluster.Options{Seed: 1, Files: p.files, Edit: p.edit})
	if err != nil {
		t.Fatal(err)
	}
	p.c = c
	p.rest()
	p.pass(30 * time.Second)
	return p
}

// rest lets the cluster come to rest; pass lets time go by as well.
func (p *player) rest() {
	if err := p.c.RunUntilQuiet(1_000_000); err != nil {
		p.t.Fatal(err)
	}
}

func (p *player) pass(d time.Duration) {
	if err := p.c.AdvanceTo(p.c.Now().Add(d), 1_000_000); err != nil {
		p.t.Fatal(err)
	}
}

// edit is an editor that does what KUBE_EDITOR says: true, or sed -i s/a/b/.
func (p *player) edit(_ string, content []byte, done func([]byte, bool)) {
	parts := strings.Split(p.editor, "/")
	if len(parts) == 4 {
		content = []byte(strings.ReplaceAll(string(content), parts[1], parts[2]))
	}
	done(content, true)
}

var (
	editorPrefix = regexp.MustCompile(`^KUBE_EDITOR="([^"]*)" `)
	podNumber    = regexp.MustCompile(`\bPOD(\d)\b`)
)

func (p *player) play(path string, known map[string]string) {
	text, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	count := map[string]int{}
	for _, s := range parseConversation(string(text)) {
		if s.exchange == nil {
			p.files[s.file] = []byte(s.content)
			continue
		}
		key := filepath.Base(path) + " $ " + s.line
		if count[key]++; count[key] > 1 {
			key += fmt.Sprintf(" #%d", count[key])
		}
		got := p.answer(s.exchange)
		if s.exit == "" {
			continue // not recorded yet
		}
		if strings.Contains(s.stdout+s.stderr, "Usage:\n") {
			s.stdout, got.stdout = outline(s.stdout), outline(got.stdout)
			s.stderr, got.stderr = outline(s.stderr), outline(got.stderr)
		}
		if strings.Contains(s.line, "explain") && !strings.Contains(s.stdout, "\n    ") {
			got.stdout = undescribed(got.stdout)
		}
		difference := cmp.Diff(normal(s.exchange), normal(got))
		reason, isKnown := known[key]
		switch {
		case difference != "" && !isKnown:
			p.t.Errorf("%s\n(-kubectl +ours)\n%s", key, difference)
		case difference == "" && isKnown:
			p.t.Errorf("%s\nis the same now; take it off testdata/differences.txt (%s)", key, reason)
		}
	}
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

// answer types one line and waits for its answer.
func (p *player) answer(x *exchange) *exchange {
	got := &exchange{line: x.line}
	line := x.line
	if m := editorPrefix.FindStringSubmatch(line); m != nil {
		p.editor = m[1]
		line = strings.TrimPrefix(line, m[0])
	}
	line = podNumber.ReplaceAllStringFunc(line, func(s string) string { return p.podName(s[3:]) })
	done := false
	interrupt := p.c.Exec(line,
		func(s string) { got.stdout += s }, func(s string) { got.stderr += s },
		func(exit int) { got.exit, done = strconv.Itoa(exit), true })
	limit := p.c.Now().Add(5 * time.Minute)
	for !done && p.c.Now().Before(limit) {
		if _, more := p.c.Step(); !more {
			break
		}
	}
	if !done {
		interrupt()
		got.stderr += "(interrupted)\n"
		p.rest()
	}
	if x.prompt == "$" {
		p.rest()
		p.pass(time.Second)
	}
	return got
}

// podName is the name of the nth pod of the namespace that is not going.
func (p *player) podName(n string) string {
	r, err := p.c.Run(`kubectl get pods -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.deletionTimestamp}{"\n"}{end}'`)
	if err != nil {
		p.t.Fatal(err)
	}
	var names []string
	for _, l := range strings.Split(r.Stdout, "\n") {
		if name, going, _ := strings.Cut(l, " "); name != "" && going == "" {
			names = append(names, name)
		}
	}
	i, _ := strconv.Atoi(n)
	if i > len(names) {
		p.t.Fatalf("no pod %s among %v", n, names)
	}
	return names[i-1]
}

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
	{regexp.MustCompile(`W\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ `), "WARNING "},
	{regexp.MustCompile(`kwok-0\.8\.0`), "KUBELET"},
	{regexp.MustCompile(`https://127\.0\.0\.1:\d+`), "SERVER"},
	{regexp.MustCompile(`"/tmp/[^"]*"`), "FILE"},
	{regexp.MustCompile(`-{3,}`), "---"},
	{regexp.MustCompile(`[ ]{2,}`), "  "},
}

// normal is an answer without what differs from run to run: lines whose order
// hangs on pods' names are sorted.
func normal(x *exchange) []string {
	var all []string
	for _, stream := range []string{x.stdout, x.stderr} {
		if !strings.HasSuffix(stream, "\n") && stream != "" {
			stream += "\n(no newline)\n"
		}
		for _, v := range volatile {
			stream = v.is.ReplaceAllString(stream, v.as)
		}
		lines := slices.DeleteFunc(strings.Split(stream, "\n"), kubeletOnly.MatchString)
		sortRuns(lines)
		if strings.HasSuffix(x.line, " --list") {
			slices.Sort(lines) // upstream's order is a map's
		}
		all = append(all, lines...)
	}
	return append(all, "exit: "+x.exit)
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

// knownDifferences reads testdata/differences.txt: a line for the command, as
// FILE $ COMMAND [#N, the Nth of its kind], and an indented line for why.
func knownDifferences(t *testing.T) map[string]string {
	text, err := os.ReadFile("testdata/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	key := ""
	for n, l := range strings.Split(string(text), "\n") {
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
			t.Fatalf("testdata/differences.txt:%d: %q", n+1, l)
		}
	}
	if key != "" {
		t.Fatalf("testdata/differences.txt: no reason for %s", key)
	}
	return known
}
