package kubectl_test

import (
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/kubectl/conversation"
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
	text, err := os.ReadFile("testdata/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	known, err := conversation.Known(string(text))
	if err != nil {
		t.Fatal("testdata/differences.txt: ", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			newPlayer(t).play(path, known)
		})
	}
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
	keys := conversation.Keys{File: filepath.Base(path)}
	for _, s := range conversation.Parse(string(text)) {
		if s.Exchange == nil {
			p.files[s.File] = []byte(s.Content)
			continue
		}
		key := keys.Next(s.Line)
		got := p.answer(s.Exchange)
		if s.Exit == "" {
			continue // not recorded yet
		}
		difference := conversation.Difference(*s.Exchange, *got)
		reason, isKnown := known[key]
		switch {
		case difference != "" && !isKnown:
			p.t.Errorf("%s\n(-kubectl +ours)\n%s", key, difference)
		case difference == "" && isKnown:
			p.t.Errorf("%s\nis the same now; take it off testdata/differences.txt (%s)", key, reason)
		}
	}
}

// answer types one line and waits for its answer.
func (p *player) answer(x *conversation.Exchange) *conversation.Exchange {
	got := &conversation.Exchange{Line: x.Line}
	line := x.Line
	if m := editorPrefix.FindStringSubmatch(line); m != nil {
		p.editor = m[1]
		line = strings.TrimPrefix(line, m[0])
	}
	line = podNumber.ReplaceAllStringFunc(line, func(s string) string { return p.podName(s[3:]) })
	done := false
	interrupt := p.c.Exec(line,
		func(s string) { got.Stdout += s }, func(s string) { got.Stderr += s },
		func(exit int) { got.Exit, done = strconv.Itoa(exit), true })
	limit := p.c.Now().Add(5 * time.Minute)
	for !done && p.c.Now().Before(limit) {
		if _, more := p.c.Step(); !more {
			break
		}
	}
	if !done {
		interrupt()
		got.Stderr += "(interrupted)\n"
		p.rest()
	}
	if x.Prompt == "$" {
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
