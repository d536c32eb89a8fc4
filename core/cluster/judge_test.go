package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/trace"
)

// transcript is what a real control plane did, recorded many times over; see
// testdata/judge/README.md.
type transcript struct {
	Scenario string
	Setup    []string
	Command  string
	Writes   []tally
	Order    [][2]string
	Events   []struct {
		Verb, Component, Object, Type, Reason, Message string
		Min                                            int
	}
}

// tally says how often a kind of write is made.
type tally struct {
	Actor, Verb, Resource string
	Min, Max              int
}

func (w tally) what() string { return strings.Join([]string{w.Actor, w.Verb, w.Resource}, " ") }

// TestChainsAreTheJudges runs every recorded scenario and compares: the same
// (actor, verb, resource) and no other, as many of each where it isn't a
// status that is reported as often as time allows, in the order that held in
// every recording, with the events of every recording and no others.
func TestChainsAreTheJudges(t *testing.T) {
	files, err := filepath.Glob("testdata/judge/*.json")
	if err != nil || len(files) < 7 {
		t.Fatalf("found %d transcripts, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want transcript
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		want.dropCollections()
		t.Run(want.Scenario, func(t *testing.T) {
			seen := map[string]bool{}
			for seed := range uint64(10) {
				got := observe(t, want, seed+1)
				judge(t, want, got)
				for what := range got.count {
					seen[what] = true
				}
			}
			for _, w := range want.Writes {
				if what := w.what(); w.Min > 0 && !seen[what] && !known(want.Scenario, what) {
					t.Errorf("%s: never, the judge at least %d times", what, w.Min)
				}
			}
		})
	}
	for d := range differences {
		if !struck[d] {
			t.Errorf("%q is no longer different: strike it from the list", d)
		}
	}
}

// differences are what our chain has and the recording doesn't, or the other
// way round, as "scenario: actor verb resource", each with its reason. The
// list only shrinks, and is empty now.
var differences = map[string]string{}

var struck = map[string]bool{}

// known notes a difference and tells whether it is on the list.
func known(scenario, what string) bool {
	d := scenario + ": " + what
	struck[d] = true
	return differences[d] != ""
}

// observed is one run of ours in the transcripts' terms.
type observed struct {
	seed   uint64
	count  map[string]int // actor verb resource
	places map[string]int // "actor verb resource name #1", "… #last" → place
	events []string
}

func observe(t *testing.T, want transcript, seed uint64) observed {
	t.Helper()
	c, err := New(Options{Seed: seed, Nodes: 3, Files: manifests{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.RunUntilQuiet(maxEvents); err != nil {
		t.Fatal(err)
	}
	setup, command := want.lines(c)
	for _, line := range setup {
		run(t, c, line)
	}
	from := c.LastEntry()
	run(t, c, strings.ReplaceAll(command, "POD", firstPod(c)))
	o := observed{seed: seed, count: map[string]int{}, places: map[string]int{}}
	names := podNames{}
	var last trace.Line
	for i, e := range c.Entries(from, 0) {
		if e.Type != trace.Write || e.Resource == "events" || e.Resource == "leases" || e.Verb == "deletecollection" {
			continue
		}
		if strings.HasPrefix(e.Actor, "kubelet/") && e.Subresource == "status" && e.Step != 10 && !ended(c, e) {
			continue // kwok, which stood in for the kubelet, reports only that a pod runs, or has ended
		}
		repeated := e.Verb == "delete" && last.Verb == e.Verb && last.Actor == e.Actor && last.Name == e.Name && e.Revision == last.Revision+1
		if last = e; repeated {
			continue // one request: grace period 0, then gone
		}
		o.write(i, e, names)
	}
	o.readEvents(c, from, names)
	return o
}

// manifests are the files that the recordings' commands name.
type manifests struct{}

func (manifests) Read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join("testdata", "judge", "manifests", name))
}

func (manifests) Write(string, []byte) error { return errors.ErrUnsupported }

func (manifests) Names() []string { return nil }

// ended tells whether a kubelet's report is that a pod has ended by itself.
func ended(c *Cluster, e trace.Line) bool {
	changes, err := c.Changes(e.Revision)
	if err != nil || !slices.Contains(trace.Paths(changes), "status.phase") {
		return false
	}
	pod, err := c.Object(api.Of[*corev1.Pod]().GVR(), e.Namespace, e.Name, e.Revision)
	return err == nil && !strings.Contains(string(pod), "deletionTimestamp:")
}

// dropCollections leaves out deletions of whole collections: the audit log has
// one entry a request and kind, our log one revision an object.
func (want *transcript) dropCollections() {
	want.Writes = slices.DeleteFunc(want.Writes, func(w tally) bool { return w.Verb == "deletecollection" })
	want.Order = slices.DeleteFunc(want.Order, func(pair [2]string) bool {
		return strings.Contains(pair[0]+pair[1], " deletecollection ")
	})
}

// lines are the scenario's commands, in a namespace of their own where they name it.
func (want transcript) lines(c *Cluster) (setup []string, command string) {
	quote := regexp.MustCompile(`\{.*\}`)
	own := strings.Contains(want.Command, "NAMESPACE") && len(want.Setup) > 0
	if own {
		setup = append(setup, "create namespace "+ownNamespace)
	}
	for _, line := range want.Setup {
		if own {
			line += " -n " + ownNamespace
		}
		setup = append(setup, quote.ReplaceAllString(line, "'$0'"))
	}
	command = strings.ReplaceAll(quote.ReplaceAllString(want.Command, "'$0'"), "NAMESPACE", ownNamespace)
	return setup, command
}

const ownNamespace = "shop"

// firstPod is the name of one of the pods that the setup made.
func firstPod(c *Cluster) string {
	name := ""
	each(c, func(p *corev1.Pod) {
		if name == "" {
			name = p.Name
		}
	})
	return name
}

func run(t *testing.T, c *Cluster, line string) {
	t.Helper()
	r, err := c.Run("kubectl " + line)
	if err != nil || r.Exit != 0 {
		t.Fatalf("kubectl %s: exit %d, %v\n%s%s", line, r.Exit, err, r.Stdout, r.Stderr)
	}
}

func (o *observed) write(place int, e trace.Line, names podNames) {
	names.meet(e)
	resource := e.Resource
	if e.Subresource != "" {
		resource += "/" + e.Subresource
	}
	actor := e.Actor
	if strings.HasPrefix(actor, "kubelet/") {
		actor = "kubelet/NODE"
	}
	what := strings.Join([]string{actor, e.Verb, resource}, " ")
	o.count[what]++
	key := what + " " + names.name(e.Name)
	n := 1
	for ; o.places[fmt.Sprintf("%s #%d", key, n)] != 0; n++ {
	}
	o.places[fmt.Sprintf("%s #%d", key, n)] = place + 1
	o.places[key+" #last"] = place + 1
}

// combined begins the message of an event that stands for several: how far its
// counting has got at the end is a matter of time.
const combined = "(combined from similar events): "

// readEvents collects the events written since an entry.
func (o *observed) readEvents(c *Cluster, from int64, names podNames) {
	written := map[string]bool{}
	for _, e := range c.Entries(from, 0) {
		if e.Type == trace.Write && e.Resource == "events" {
			written[e.Name] = true
		}
	}
	each(c, func(ev *corev1.Event) {
		component := ev.Source.Component
		if component == "" {
			component = ev.ReportingController
		}
		if written[ev.Name] && component != "kubelet" && !strings.HasPrefix(ev.Message, combined) {
			o.events = append(o.events, fmt.Sprintf("%s %s %s %s: %s", component,
				strings.ToLower(ev.InvolvedObject.Kind)+"/"+names.name(ev.InvolvedObject.Name), ev.Type, ev.Reason, names.inText(ev.Message)))
		}
	})
	slices.Sort(o.events)
	o.events = slices.Compact(o.events)
}

func judge(t *testing.T, want transcript, got observed) {
	t.Helper()
	seen := map[string]bool{}
	for _, w := range want.Writes {
		what := w.what()
		seen[what] = true
		n := got.count[what]
		exact := w.Actor != "kubelet/NODE" && !strings.HasSuffix(w.Resource, "/status")
		if exact && (n < w.Min || n > w.Max) && !known(want.Scenario, what) {
			t.Errorf("seed %d: %s: %d times, the judge %d to %d", got.seed, what, n, w.Min, w.Max)
		}
	}
	for what := range got.count {
		if !seen[what] && !known(want.Scenario, what) {
			t.Errorf("seed %d: %s: the judge never", got.seed, what)
		}
	}
	for _, pair := range want.Order {
		a, b := got.places[pair[0]], got.places[pair[1]]
		if a == 0 || b == 0 || a >= b {
			t.Errorf("seed %d: %q comes at %d, %q at %d; the judge always has the first first", got.seed, pair[0], a, pair[1], b)
		}
	}
	judgeEvents(t, want, got)
}

// judgeEvents: what the judge reported in every run is reported, and nothing
// that it reported in none.
func judgeEvents(t *testing.T, want transcript, got observed) {
	t.Helper()
	var always, ever []string
	for _, e := range want.Events {
		if strings.HasPrefix(e.Message, combined) || e.Component == "kubelet" || strings.HasPrefix(e.Component, "kwok") {
			continue
		}
		text := fmt.Sprintf("%s %s %s %s: %s", e.Component, e.Object, e.Type, e.Reason, e.Message)
		ever = append(ever, text)
		if e.Min > 0 {
			always = append(always, text)
		}
	}
	for _, text := range always {
		if !slices.Contains(got.events, text) {
			t.Errorf("seed %d: no event %q", got.seed, text)
		}
	}
	for _, text := range got.events {
		if !slices.Contains(ever, text) {
			t.Errorf("seed %d: event %q: the judge never", got.seed, text)
		}
	}
}

// podNames gives pods the transcripts' names: the replica set's, with a number
// by the order in which the scenario first touched the pod.
type podNames map[string]string

var podName = regexp.MustCompile(`^(.+)-[bcdfghjklmnpqrstvwxz2456789]{5}$`)

func (n podNames) meet(e trace.Line) {
	if e.Resource == "replicasets" && e.Verb == "create" && n.restarted(e) {
		n[e.Name] = "web-RESTARTED"
	}
	m := podName.FindStringSubmatch(e.Name)
	if e.Resource != "pods" || m == nil || n[e.Name] != "" {
		return
	}
	set := n.name(m[1])
	count := 1
	for _, known := range n {
		if strings.HasPrefix(known, set+"-pod") {
			count++
		}
	}
	n[e.Name] = fmt.Sprintf("%s-pod%d", set, count)
}

// restarted tells whether a new replica set's hash is that of a template with
// the time of a restart in it: it is none of those that the recordings name.
func (n podNames) restarted(e trace.Line) bool {
	return !slices.Contains([]string{"web-7887448d46", "web-5f57bf4468"}, e.Name) && strings.HasPrefix(e.Name, "web-")
}

func (n podNames) name(s string) string {
	if v := n[s]; v != "" {
		return v
	}
	if s == ownNamespace {
		return "NAMESPACE"
	}
	return s
}

var nodeName = regexp.MustCompile(`\bnode-\d+\b`)

func (n podNames) inText(s string) string {
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(n))) { // a pod's before its replica set's, which it begins with
		s = strings.ReplaceAll(s, name, n[name])
	}
	s = regexp.MustCompile(`assigned (default|shop)/`).ReplaceAllString(s, "assigned NAMESPACE/")
	return nodeName.ReplaceAllString(s, "NODE")
}
