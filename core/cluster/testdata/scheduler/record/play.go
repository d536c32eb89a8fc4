package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// player plays one transcript once.
type player struct {
	ns       string
	anywhere bool
	nodes    []string
	known    map[string]bool // events told
}

func play(name string, steps []step) (looks [][]string, err error) {
	p := &player{ns: "s-" + name, known: map[string]bool{}}
	defer p.clear()
	if _, err := p.kubectl("", "create", "namespace", p.ns); err != nil {
		return nil, err
	}
	if err := p.waitFor("get", "serviceaccount", "default", "-n", p.ns); err != nil {
		return nil, err
	}
	for _, s := range steps {
		switch s.words[0] {
		case "node":
			p.nodes = append(p.nodes, s.words[1])
			_, err = p.kubectl(nodeManifest(s.words[1:]), "apply", "-f", "-")
			if err == nil {
				err = p.untainted(s.words[1])
			}
		case "pod":
			_, err = p.kubectl(podManifest(s), "apply", "-n", p.ns, "-f", "-")
		case "apply":
			_, err = p.kubectl(unindent(s.body), "apply", "-n", p.ns, "-f", "-")
		case "kubectl":
			_, err = p.kubectl("", append([]string{"-n", p.ns}, s.words[1:]...)...)
		case "wait":
			d, _ := time.ParseDuration(s.words[1])
			time.Sleep(d)
		case "anywhere":
			p.anywhere = true
		case "look":
			looks = append(looks, p.look())
		default:
			err = fmt.Errorf("what is %q?", s.words[0])
		}
		if err != nil {
			return nil, err
		}
	}
	return looks, nil
}

func (p *player) kubectl(input string, args ...string) ([]byte, error) {
	cmd := exec.Command("kubectl", args...)
	cmd.Stdin = strings.NewReader(input)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl %s: %s", strings.Join(args, " "), stderr.String())
	}
	return out, nil
}

func (p *player) waitFor(args ...string) error {
	var err error
	for range 50 {
		if _, err = p.kubectl("", args...); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// untainted waits until a node is ready and has lost the taint of one that isn't.
func (p *player) untainted(name string) error {
	for range 100 {
		out, err := p.kubectl("", "get", "node", name, "-o", "jsonpath={.spec.taints[*].key}")
		if err != nil {
			return err
		}
		if !strings.Contains(string(out), "not-ready") {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("node %s stays tainted", name)
}

func (p *player) clear() {
	_, _ = p.kubectl("", "delete", "pods,deployments,replicasets,statefulsets", "--all", "-n", p.ns, "--force", "--grace-period=0", "--wait=false")
	_, _ = p.kubectl("", "delete", "namespace", p.ns, "--wait=true", "--timeout=40s")
	for _, kind := range []string{"pv", "storageclass", "priorityclass"} {
		_, _ = p.kubectl("", "delete", kind, "-l", "made-by=transcript", "--wait=false")
	}
	if len(p.nodes) > 0 {
		_, _ = p.kubectl("", append([]string{"delete", "node"}, p.nodes...)...)
	}
}

// look waits until nothing changes any more and lists what there is.
func (p *player) look() []string {
	var facts []string
	since := time.Now()
	for deadline := since.Add(30 * time.Second); time.Since(since) < *quiet && time.Now().Before(deadline); time.Sleep(250 * time.Millisecond) {
		if now := p.facts(); !slices.Equal(now, facts) {
			facts, since = now, time.Now()
		}
	}
	var news []string
	for _, f := range facts {
		if strings.HasPrefix(f, "event ") && p.known[f] {
			continue
		}
		p.known[f] = true
		news = append(news, f)
	}
	return news
}

type object struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct{ NodeName string }
	Status   struct {
		NominatedNodeName string
		Conditions        []struct{ Type, Status, Reason, Message string }
	}
	InvolvedObject                            struct{ Kind, Name string }
	Type, Reason, Message, ReportingComponent string
}

func (p *player) facts() []string {
	out, err := p.kubectl("", "get", "pods,events", "-n", p.ns, "-o", "json")
	if err != nil {
		return []string{err.Error()}
	}
	var list struct{ Items []object }
	if err := json.Unmarshal(out, &list); err != nil {
		return []string{err.Error()}
	}
	count := map[string]int{}
	for i := range list.Items {
		if fact := p.fact(&list.Items[i]); fact != "" {
			count[fact]++
		}
	}
	var facts []string
	for fact, n := range count {
		if n > 1 && strings.HasPrefix(fact, "pod ") {
			fact += fmt.Sprintf(" (%d times)", n)
		}
		facts = append(facts, fact)
	}
	slices.Sort(facts)
	return facts
}

// fact is what a transcript says of a pod, or of an event of the scheduler's.
func (p *player) fact(o *object) string {
	if o.Kind == "Event" {
		if o.Reason != "FailedScheduling" && o.Reason != "Preempted" {
			return ""
		}
		return p.plain(fmt.Sprintf("event %s %s %s: %s", short(o.InvolvedObject.Name), o.Type, o.Reason, o.Message))
	}
	text := "pod " + short(o.Metadata.Name)
	switch {
	case o.Spec.NodeName != "" && p.anywhere:
		text += ": on a node"
	case o.Spec.NodeName != "":
		text += ": on " + o.Spec.NodeName
	}
	for _, c := range o.Status.Conditions {
		if c.Type == "PodScheduled" && c.Status == "False" {
			text += fmt.Sprintf(": %s: %s", c.Reason, c.Message)
		}
		if c.Type == "DisruptionTarget" {
			text += fmt.Sprintf("; DisruptionTarget %s: %s", c.Reason, c.Message)
		}
	}
	if o.Status.NominatedNodeName != "" {
		text += "; nominated " + o.Status.NominatedNodeName
	}
	return p.plain(text)
}

var (
	generated = regexp.MustCompile(`^(.+)-[a-z0-9]{8,10}-[a-z0-9]{5}$`)
	uid       = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	onNode    = regexp.MustCompile(`on node \S+`)
)

func short(name string) string { return generated.ReplaceAllString(name, "$1-*") }

// plain leaves out what chance decides.
func (p *player) plain(text string) string {
	text = uid.ReplaceAllString(strings.ReplaceAll(text, p.ns, "NAMESPACE"), "UID")
	if p.anywhere {
		text = onNode.ReplaceAllString(text, "on node NODE")
		text = regexp.MustCompile(`nominated \S+`).ReplaceAllString(text, "nominated NODE")
	}
	return text
}
