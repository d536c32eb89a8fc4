// Command record replays conversations (the *.txt files of the folder above,
// whose format README.md there explains) against a real cluster with the real
// kubectl, and rewrites what follows each command with what kubectl answered.
//
// It uses the current kubeconfig and kubectl from PATH, and empties the
// namespace "default" before each file: use a cluster made for the purpose.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := recordFile(path); err != nil {
			fmt.Fprintf(os.Stderr, "error: %s: %v\n", path, err)
			os.Exit(1)
		}
		fmt.Println(path)
	}
}

func recordFile(path string) error {
	script, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "conversation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := player{dir: dir}
	items := parse(string(script))
	p.clean(items)
	defer p.clean(items)
	var out strings.Builder
	for _, it := range items {
		if err := p.play(it, &out); err != nil {
			return err
		}
	}
	return os.WriteFile(path, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o644)
}

// item is one piece of a conversation: a comment, a file or a command.
type item struct {
	kind string // "text", "file" or "command"
	head string // the comment, the file's name or the command line with its prompt
	body string // the file's content
}

func parse(s string) []item {
	var items []item
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch {
		case isPrompt(line):
			items = append(items, item{kind: "command", head: line})
			i = skipAnswer(lines, i)
		case strings.HasPrefix(line, "-- ") && strings.HasSuffix(line, " --"):
			end := slices.Index(lines[i+1:], "-- end --") + i + 1
			if end == i {
				end = len(lines)
			}
			name := strings.TrimSuffix(strings.TrimPrefix(line, "-- "), " --")
			items = append(items, item{"file", name, strings.Join(lines[i+1:end], "\n") + "\n"})
			i = end
		case line != "":
			items = append(items, item{kind: "text", head: line})
		}
	}
	return items
}

func isPrompt(line string) bool {
	return strings.HasPrefix(line, "$ ") || strings.HasPrefix(line, "$~ ")
}

// skipAnswer returns the index of the last line of a recorded answer, or i where there is none yet.
func skipAnswer(lines []string, i int) int {
	for j := i + 1; j < len(lines) && !isPrompt(lines[j]); j++ {
		if strings.HasPrefix(lines[j], "exit: ") {
			return j
		}
	}
	return i
}

// player runs commands in a folder that holds the conversation's files.
type player struct{ dir string }

func (p player) play(it item, out *strings.Builder) error {
	switch it.kind {
	case "text":
		fmt.Fprintln(out, it.head)
	case "file":
		fmt.Fprintf(out, "\n-- %s --\n%s-- end --\n", it.head, strings.TrimLeft(it.body, "\n"))
		name, size, _ := strings.Cut(it.head, " ")
		if n, err := strconv.Atoi(size); err == nil {
			it.body = strings.Repeat("a", n)
		}
		return os.WriteFile(filepath.Join(p.dir, name), []byte(it.body), 0o644)
	case "command":
		prompt, line, _ := strings.Cut(it.head, " ")
		stdout, stderr, code, err := p.run(line)
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		fmt.Fprintf(out, "\n%s %s\n%s", prompt, line, section(stdout))
		if stderr != "" {
			fmt.Fprintf(out, "stderr:\n%s", section(stderr))
		}
		fmt.Fprintf(out, "exit: %d\n", code)
		if prompt == "$" && code == 0 && writes(line) {
			p.settle()
		}
	}
	return nil
}

// writes says whether a command can set the cluster in motion.
func writes(line string) bool {
	for _, verb := range strings.Fields("create apply replace patch edit delete scale set rollout label annotate") {
		if strings.Contains(line, "kubectl "+verb+" ") {
			return !strings.Contains(line, "--help")
		}
	}
	return false
}

// section ends a stream with a newline and says so where kubectl did not.
func section(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n(no newline)\n"
}

func (p player) run(line string) (stdout, stderr string, code int, err error) {
	words, err := split(line)
	if err != nil {
		return "", "", 0, err
	}
	var env []string
	for len(words) > 0 && words[0] != "kubectl" && strings.Contains(words[0], "=") {
		env, words = append(env, words[0]), words[1:]
	}
	pods := p.pods()
	for i, w := range words {
		for n := len(pods); n > 0; n-- {
			w = strings.ReplaceAll(w, fmt.Sprintf("POD%d", n), pods[n-1])
		}
		words[i] = w
	}
	var o, e bytes.Buffer
	c := exec.Command(words[0], words[1:]...)
	c.Dir, c.Stdout, c.Stderr, c.Env = p.dir, &o, &e, append(os.Environ(), env...)
	var failed *exec.ExitError
	if err := c.Run(); errors.As(err, &failed) {
		code = failed.ExitCode()
	} else if err != nil {
		return "", "", 0, err
	}
	return p.anonymous(o.String()), p.anonymous(e.String()), code, nil
}

// anonymous leaves the recording machine's folders out of an answer.
func (p player) anonymous(s string) string {
	s = strings.ReplaceAll(s, p.dir, "$PWD")
	if home, err := os.UserHomeDir(); err == nil {
		s = strings.ReplaceAll(s, home+"/.kube", "$HOME/.kube")
	}
	return s
}

// split cuts a command line into words by a shell's rules for quotes.
func split(line string) ([]string, error) {
	var words []string
	var w strings.Builder
	in, quote := false, rune(0)
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			w.WriteRune(r)
		case r == '\'' || r == '"':
			quote, in = r, true
		case r == ' ':
			if in {
				words = append(words, w.String())
				w.Reset()
			}
			in = false
		default:
			w.WriteRune(r)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New("unterminated quote")
	}
	if in {
		words = append(words, w.String())
	}
	return words, nil
}

func kubectl(args ...string) string {
	out, _ := exec.Command("kubectl", args...).Output()
	return string(out)
}

// pods names the pods of the default namespace that are not being deleted, sorted by name.
func (p player) pods() []string {
	out := kubectl("get", "pods", "-n", "default", "-o", `jsonpath={range .items[*]}{.metadata.name}{" "}{.metadata.deletionTimestamp}{"\n"}{end}`)
	var names []string
	for _, l := range strings.Split(out, "\n") {
		if f := strings.Fields(l); len(f) == 1 {
			names = append(names, f[0])
		}
	}
	slices.Sort(names)
	return names
}

// settle waits until deployments, replica sets, pods and events have not changed for a second.
func (p player) settle() {
	const format = `jsonpath={range .items[*]}{.kind}{.metadata.name}{.metadata.resourceVersion}{"\n"}{end}`
	last, since := "", time.Now()
	for deadline := time.Now().Add(time.Minute); time.Since(since) < time.Second && time.Now().Before(deadline); {
		now := kubectl("get", "deployments,replicasets,pods,events", "-n", "default", "-o", format)
		if now != last {
			last, since = now, time.Now()
		}
		time.Sleep(400 * time.Millisecond)
	}
}

// clean empties the default namespace and removes the namespaces that the
// conversation declares in a line "# namespaces: a b".
func (p player) clean(items []item) {
	kubectl("delete", "deployments,replicasets,pods", "--all", "-n", "default", "--wait")
	for _, name := range strings.Fields(kubectl("get", "configmaps", "-n", "default", "-o", "jsonpath={.items[*].metadata.name}")) {
		if name != "kube-root-ca.crt" {
			kubectl("delete", "configmap", name, "-n", "default")
		}
	}
	for _, it := range items {
		if names, ok := strings.CutPrefix(it.head, "# namespaces: "); ok && it.kind == "text" {
			kubectl(append([]string{"delete", "namespace", "--ignore-not-found"}, strings.Fields(names)...)...)
		}
	}
	p.settle()
	kubectl("delete", "events", "--all", "-n", "default")
}
