//go:build conversation

package edge_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mvdan.cc/sh/v3/shell"

	"github.com/tabernetes/tabernetes/core/apiserver/edge"
	"github.com/tabernetes/tabernetes/core/kubectl/conversation"
)

// TestConversations has the real kubectl say to our server, over TLS, what it
// said to a real control plane when the conversations were recorded
// (core/kubectl/testdata/judge and testdata/judge here), and compares all that
// it prints. It needs kubectl v1.36 as $KUBECTL and is run by `make
// conversation`. What is known to differ is in testdata/differences.txt; with
// REWRITE=1 the differences found are printed in that form.
func TestConversations(t *testing.T) {
	kubectl := os.Getenv("KUBECTL")
	if out, err := exec.Command(kubectl, "kustomize", "--help").CombinedOutput(); err != nil {
		t.Fatalf("KUBECTL=%s is no kubectl: %v %s", kubectl, err, out)
	}
	theirs, _ := filepath.Glob("../../kubectl/testdata/judge/*.txt")
	own, _ := filepath.Glob("testdata/judge/*.txt")
	if len(theirs) < 15 {
		t.Fatal("conversations are missing")
	}
	text, err := os.ReadFile("testdata/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	known, err := conversation.Known(string(text))
	if err != nil {
		t.Fatal(err)
	}
	said, same := 0, 0
	for _, path := range append(theirs, own...) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			n, equal := newSpeaker(t, kubectl).play(path, known)
			said, same = said+n, same+equal
		})
	}
	t.Logf("%d commands, %d answered as by Kubernetes, %d known to differ", said, same, said-same)
}

// speaker is a kubectl in a folder of its own, and a cluster of its own.
type speaker struct {
	*endpoint
	t       *testing.T
	kubectl string
	dir     string
}

func newSpeaker(t *testing.T, kubectl string) *speaker {
	s := &speaker{endpoint: serveNodes(t, edge.Limits{}, 3), t: t, kubectl: kubectl, dir: t.TempDir()}
	config, err := edge.Kubeconfig(s.url, s.certificate, token)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.config(), config, 0o600); err != nil {
		t.Fatal(err)
	}
	s.rest()
	return s
}

func (s *speaker) config() string { return filepath.Join(s.dir, ".kubeconfig") }

func (s *speaker) play(path string, known map[string]string) (said, same int) {
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	keys := conversation.Keys{File: filepath.Base(path)}
	for _, step := range conversation.Parse(string(text)) {
		if step.Exchange == nil {
			if err := os.WriteFile(filepath.Join(s.dir, step.File), []byte(step.Content), 0o600); err != nil {
				s.t.Fatal(err)
			}
			continue
		}
		key := keys.Next(step.Line)
		got := s.say(step.Line)
		if step.Prompt == "$" {
			s.rest()
		}
		if step.Exit == "" {
			continue // not recorded yet
		}
		said++
		difference := conversation.Difference(*step.Exchange, got)
		reason, isKnown := known[key]
		switch {
		case difference != "" && !isKnown:
			s.t.Errorf("%s\n(-kubectl with Kubernetes, +with ours)\n%s", key, difference)
		case difference == "" && isKnown:
			s.t.Errorf("%s\nis the same now; take it off testdata/differences.txt (%s)", key, reason)
		case difference == "":
			same++
		}
	}
	return said, same
}

var podNumber = regexp.MustCompile(`\bPOD(\d)\b`)

// say runs one command line.
func (s *speaker) say(line string) conversation.Exchange {
	filled := podNumber.ReplaceAllStringFunc(line, s.pod)
	words, err := shell.Fields(filled, func(string) string { return "" })
	if err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
	env := append(os.Environ(), "KUBECONFIG="+s.config())
	for len(words) > 0 && words[0] != "kubectl" {
		env, words = append(env, words[0]), words[1:]
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, errw bytes.Buffer
	c := exec.CommandContext(ctx, s.kubectl, words[1:]...)
	c.Dir, c.Env, c.Stdout, c.Stderr = s.dir, env, &out, &errw
	got := conversation.Exchange{Line: line, Exit: "0"}
	var failed *exec.ExitError
	switch err := c.Run(); {
	case errors.As(err, &failed):
		got.Exit = strconv.Itoa(failed.ExitCode())
	case err != nil:
		s.t.Fatal(err)
	}
	got.Stdout, got.Stderr = s.anonymous(out.String()), s.anonymous(errw.String())
	return got
}

func (s *speaker) anonymous(text string) string {
	text = strings.ReplaceAll(text, s.dir, "$PWD")
	if home, err := os.UserHomeDir(); err == nil {
		text = strings.ReplaceAll(text, home+"/.kube", "$HOME/.kube")
	}
	return text
}

// pod is the name that POD1, POD2, … stands for.
func (s *speaker) pod(number string) string {
	_, body := s.send("GET", "/api/v1/namespaces/default/pods", "")
	var names []string
	for _, pod := range items(s.t, body) {
		if pod.DeletionTimestamp == nil {
			names = append(names, pod.Name)
		}
	}
	n, _ := strconv.Atoi(number[3:])
	if n > len(names) {
		s.t.Fatalf("no pod %d among %v", n, names)
	}
	return names[n-1]
}

// rest waits until nothing is under way.
func (s *speaker) rest() {
	for quiet := 0; quiet < 3; time.Sleep(2 * time.Millisecond) {
		if err := s.loop.Do(context.Background(), func() {
			if quiet++; !s.cluster.Quiet() {
				quiet = 0
			}
		}); err != nil {
			s.t.Fatal(fmt.Errorf("at rest: %w", err))
		}
	}
}
