package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tabernetes/tabernetes/core/kubelet"
)

// TestSchedulerIsTheJudges plays every transcript of testdata/scheduler and
// compares what the scheduler did with what a real one did; see the README
// there.
func TestSchedulerIsTheJudges(t *testing.T) {
	files, err := filepath.Glob("testdata/scheduler/*.txt")
	if err != nil || len(files) < 40 {
		t.Fatalf("found %d transcripts, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(3) {
				newStage(t, name, seed+1).play(string(text))
			}
		})
	}
}

// stage is one playing of a transcript.
type stage struct {
	*testing.T
	c        *Cluster
	ns       string
	input    *string // what kubectl reads as -f -
	anywhere bool
	told     map[string]bool
}

// paper is the one file there is: what a step has below it.
type paper struct{ text *string }

func (p paper) Read(string) ([]byte, error) { return []byte(*p.text), nil }
func (p paper) Write(string, []byte) error  { return os.ErrPermission }
func (p paper) Names() []string             { return nil }

func newStage(t *testing.T, name string, seed uint64) *stage {
	t.Helper()
	input := ""
	c, err := New(Options{Seed: seed, Nodes: -1, Files: paper{&input}})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, c: c, ns: "s-" + name, input: &input, told: map[string]bool{}}
	s.quiet()
	s.kubectl("create namespace " + s.ns)
	return s
}

func (s *stage) quiet() {
	s.Helper()
	if err := s.c.RunUntilQuiet(maxEvents); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) kubectl(line string) {
	s.Helper()
	if i := strings.Index(line, "[{"); i >= 0 {
		line = line[:i] + "'" + line[i:] + "'"
	}
	r, err := s.c.Run("kubectl " + line)
	if err != nil || r.Exit != 0 {
		s.Fatalf("kubectl %s: exit %d, %v\n%s%s", line, r.Exit, err, r.Stdout, r.Stderr)
	}
}

func (s *stage) apply(manifest string) {
	s.Helper()
	*s.input = manifest
	s.kubectl("apply -n " + s.ns + " -f paper.yaml")
}

// play runs a transcript; under every look stands what is to be seen.
func (s *stage) play(text string) {
	s.Helper()
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		words := strings.Fields(lines[i])
		if len(words) == 0 || words[0] == "#" || strings.HasPrefix(words[0], "#") {
			continue
		}
		body := []string{}
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
			i++
			body = append(body, lines[i])
		}
		switch words[0] {
		case "node":
			s.node(words[1:])
		case "pod":
			s.apply(podManifest(words, body))
		case "apply":
			s.apply(strings.ReplaceAll("\n"+strings.Join(body, "\n"), "\n  ", "\n"))
		case "kubectl":
			s.kubectl("-n " + s.ns + " " + strings.Join(words[1:], " "))
		case "anywhere":
			s.anywhere = true
		case "wait":
		case "look":
			at, want := i+1, []string{}
			for i+1 < len(lines) && lines[i+1] != "" {
				i++
				want = append(want, lines[i])
			}
			s.look(at, want)
		default:
			s.Fatalf("what is %q?", lines[i])
		}
	}
}

// node adds a machine: "NAME cpu=4 memory=8Gi label:disk=ssd taint:k=v:NoSchedule".
func (s *stage) node(words []string) {
	s.Helper()
	config := kubelet.DefaultConfig()
	config.Images = []string{"nginx"}
	config.Labels = map[string]string{}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		kind, name, _ := strings.Cut(key, ":")
		switch kind {
		case "label":
			config.Labels[name] = value
		case "taint":
			defer s.kubectl("taint node " + words[0] + " " + name + "=" + value)
		default:
			config.Capacity[corev1.ResourceName(key)] = resource.MustParse(value)
		}
	}
	s.c.addMachine(words[0], config)
	s.c.start(s.c.parts[len(s.c.parts)-1])
	s.quiet()
}

// podManifest is of "pod NAME cpu=1 label:app=web port=80 class=high" and the
// rest of its spec below.
func podManifest(words, body []string) string {
	var labels, requests, limits []string
	port := ""
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		_, name, isLabel := strings.Cut(key, "label:")
		switch {
		case isLabel:
			labels = append(labels, fmt.Sprintf("%s: %q", name, value))
		case key == "port":
			port = fmt.Sprintf("ports: [{containerPort: %s, hostPort: %s}],", value, value)
		case key == "class":
			body = append(body, "  priorityClassName: "+value)
		default:
			requests = append(requests, fmt.Sprintf("%s: %q", key, value))
			if strings.Contains(key, "/") {
				limits = append(limits, fmt.Sprintf("%s: %q", key, value))
			}
		}
	}
	return fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata: {name: %s, labels: {%s}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: nginx, imagePullPolicy: IfNotPresent, %s resources: {requests: {%s}, limits: {%s}}}]
%s
`, words[1], strings.Join(labels, ", "), port, strings.Join(requests, ", "), strings.Join(limits, ", "), strings.Join(body, "\n"))
}

// look compares: what every recording has must be there, and nothing that none has.
func (s *stage) look(line int, want []string) {
	s.Helper()
	s.quiet()
	if err := s.c.AdvanceTo(s.c.Now().Add(3*time.Second), maxEvents); err != nil {
		s.Fatal(err)
	}
	s.quiet()
	got := s.facts()
	for _, asked := range want {
		if fact, sometimes := strings.CutPrefix(asked, "~ "); !sometimes && !slices.Contains(got, fact) {
			s.Errorf("line %d, seed %d: not so:    %s", line, s.c.opts.Seed, fact)
		}
	}
	for _, fact := range got {
		if !slices.Contains(want, fact) && !slices.Contains(want, "~ "+fact) {
			s.Errorf("line %d, seed %d: never so:  %s", line, s.c.opts.Seed, fact)
		}
	}
}

// facts are the pods as they are, and the scheduler's events since the last look.
func (s *stage) facts() []string {
	count := map[string]int{}
	each(s.c, func(p *corev1.Pod) {
		if p.Namespace == s.ns {
			count[s.plain(s.pod(p))]++
		}
	})
	var out []string
	for fact, n := range count {
		if n > 1 {
			fact += fmt.Sprintf(" (%d times)", n)
		}
		out = append(out, fact)
	}
	each(s.c, func(e *corev1.Event) {
		if e.Reason != "FailedScheduling" && e.Reason != "Preempted" || e.Namespace != s.ns {
			return
		}
		fact := s.plain(fmt.Sprintf("event %s %s %s: %s", unhashed(e.InvolvedObject.Name), e.Type, e.Reason, e.Message))
		if !s.told[fact] {
			s.told[fact] = true
			out = append(out, fact)
		}
	})
	return out
}

func (s *stage) pod(p *corev1.Pod) string {
	text := "pod " + unhashed(p.Name)
	switch {
	case p.Spec.NodeName != "" && s.anywhere:
		text += ": on a node"
	case p.Spec.NodeName != "":
		text += ": on " + p.Spec.NodeName
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			text += fmt.Sprintf(": %s: %s", c.Reason, c.Message)
		}
		if c.Type == corev1.DisruptionTarget {
			text += fmt.Sprintf("; DisruptionTarget %s: %s", c.Reason, c.Message)
		}
	}
	if p.Status.NominatedNodeName != "" {
		text += "; nominated " + p.Status.NominatedNodeName
	}
	return text
}

var (
	hashed  = regexp.MustCompile(`^(.+)-[a-z0-9]{8,10}-[a-z0-9]{5}$`)
	anyUID  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyNode = regexp.MustCompile(`(on node|nominated) \S+`)
)

func unhashed(name string) string { return hashed.ReplaceAllString(name, "$1-*") }

// plain leaves out what chance decides.
func (s *stage) plain(text string) string {
	text = anyUID.ReplaceAllString(strings.ReplaceAll(text, s.ns, "NAMESPACE"), "UID")
	if s.anywhere {
		text = anyNode.ReplaceAllString(text, "$1 NODE")
	}
	return text
}
