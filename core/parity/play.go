package parity

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// World is a control plane that scenarios are played on.
type World interface {
	// Machine adds a node and waits until it is ready.
	Machine(m Machine) error
	// Kubectl runs a command; input is what it reads as "-f -".
	Kubectl(line, input string) (Said, error)
	// Settle waits until nothing is under way.
	Settle() error
	// Wait lets time pass.
	Wait(d time.Duration) error
	// Unplug cuts a node's power, and returns once it is taken for dead; Plug
	// gives it back, and returns once the node is ready.
	Unplug(node string) error
	Plug(node string) error
	// Get reads a path of the API.
	Get(path string) ([]byte, error)
	// Writes are the requests about a namespace and what is in it that changed
	// something since the last call, in the order of their revisions; those
	// about Events and leases are left out.
	Writes() []Write
}

// Said is what a command came to.
type Said struct {
	Out, Err string
	Exit     int
}

// Machine is a node to be.
type Machine struct {
	Name   string
	Room   map[string]string // cpu, memory, pods, …
	Labels map[string]string
	Taints []string // key=value:effect
	Images []string // name=bytes
	Mortal bool     // it can be unplugged
}

// Seen is what one playing had under one look.
type Seen struct {
	Facts  Tally
	Places map[string]int // of the writes, where the look asks for them
}

// before tells whether a write came before another.
func (s Seen) before(a, b string) bool {
	return s.Places[a] > 0 && s.Places[b] > 0 && s.Places[a] < s.Places[b]
}

// Play plays a scenario in a namespace that is there and empty, and returns
// what each look and show saw.
func Play(w World, s Scenario, namespace string) ([]Seen, error) {
	p := &player{w: w, names: names{namespace: namespace, nodes: s.Alone(), restarted: map[string]string{}}, known: map[string]bool{}}
	w.Writes()
	for _, step := range s.Steps {
		if err := p.step(step); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", s.Name, step.Line, err)
		}
	}
	return p.seen, nil
}

type player struct {
	w     World
	names names
	known map[string]bool // events told
	seen  []Seen
}

func (p *player) step(s Step) error {
	switch s.Words[0] {
	case "alone":
		return nil
	case "node":
		return p.w.Machine(machine(s.Words[1:]))
	case "pod":
		return p.must(p.w.Kubectl("apply -f -", strings.ReplaceAll(podManifest(s), "NAMESPACE", p.names.namespace)))
	case "apply":
		return p.must(p.w.Kubectl("apply -f -", strings.ReplaceAll(s.Body, "NAMESPACE", p.names.namespace)))
	case "kubectl":
		return p.command(s.Text)
	case "settle":
		return p.w.Settle()
	case "wait":
		d, err := time.ParseDuration(s.Text)
		if err != nil {
			return err
		}
		return p.w.Wait(d)
	case "unplug":
		return p.w.Unplug(s.Text)
	case "plug":
		return p.w.Plug(s.Text)
	case "anywhere":
		p.names.anywhere = true
		return nil
	case "without":
		p.names.leaveOut(s.Words[1:])
		return nil
	case "from":
		return p.fromHere()
	case "show":
		return p.show(strings.TrimPrefix(s.Text, "kubectl "), s.Body)
	case "look":
		return p.look(s.Words[1:])
	}
	return fmt.Errorf("what is %q?", s.Words[0])
}

func (p *player) must(said Said, err error) error {
	if err == nil && said.Exit != 0 {
		err = fmt.Errorf("exit %d: %s", said.Exit, said.Err)
	}
	return err
}

// command runs a line that must go well; POD in it is the first pod that stays.
func (p *player) command(line string) error {
	line, err := p.fill(line)
	if err != nil {
		return err
	}
	return p.must(p.w.Kubectl(line, ""))
}

func (p *player) fill(line string) (string, error) {
	if !strings.Contains(line, "POD") {
		return strings.ReplaceAll(line, "NAMESPACE", p.names.namespace), nil
	}
	if err := p.w.Settle(); err != nil {
		return "", err
	}
	pods, err := listed(p.w, "pod", "/api/v1/namespaces/"+p.names.namespace+"/pods")
	if err != nil || len(pods) == 0 {
		return "", fmt.Errorf("no pod for %q: %v", line, err)
	}
	return strings.ReplaceAll(line, "POD", pods[0].name()), nil
}

// fromHere forgets what has been so far.
func (p *player) fromHere() error {
	if err := p.w.Settle(); err != nil {
		return err
	}
	p.w.Writes()
	_, err := p.events(true)
	return err
}

// show runs a command and takes what it prints for facts.
func (p *player) show(line, input string) error {
	if err := p.w.Settle(); err != nil {
		return err
	}
	line, err := p.fill(line)
	if err != nil {
		return err
	}
	said, err := p.w.Kubectl(line, input)
	if err != nil {
		return err
	}
	t := Tally{}
	for _, l := range strings.Split(said.Out+"\n"+said.Err, "\n") {
		if l = p.names.line(l, strings.HasPrefix(line, "get ")); l != "" {
			t.add("%s", l)
		}
	}
	if said.Exit != 0 {
		t.add("exit %d", said.Exit)
	}
	p.seen = append(p.seen, Seen{Facts: t})
	return nil
}

// look waits until all is quiet and collects what the words ask for: chain,
// events, objects, specs, nodes; without any, what a scheduler did.
func (p *player) look(words []string) error {
	if err := p.w.Settle(); err != nil {
		return err
	}
	all, err := objects(p.w, p.names.namespace)
	if err != nil {
		return err
	}
	p.names.learn(all)
	s := Seen{Facts: Tally{}}
	if len(words) == 0 {
		err = p.scheduled(s.Facts, all)
	}
	for _, word := range words {
		switch word {
		case "chain":
			writes := slices.DeleteFunc(joined(p.w.Writes()), p.names.leftOut)
			s.Places = places(&p.names, writes)
			for _, w := range writes {
				s.Facts.add("write %s", w.what())
			}
		case "events":
			var news []string
			news, err = p.events(false)
			for _, e := range news {
				s.Facts.add("%s", e)
			}
		case "objects", "specs":
			for _, o := range all {
				if !slices.Contains(p.names.without, o.kind) {
					p.names.facts(s.Facts, o, word == "specs")
				}
			}
		case "nodes":
			err = p.nodes(s.Facts)
		default:
			err = fmt.Errorf("what is a look at %q?", word)
		}
		if err != nil {
			return err
		}
	}
	p.seen = append(p.seen, s)
	return err
}

// joined leaves out how nodes come: the real one is made by kubectl here and by
// its kubelet elsewhere, and tainted until it is ready.
func joined(writes []Write) (out []Write) {
	fresh := map[string]bool{}
	for _, w := range writes {
		switch {
		case w.Resource == "nodes" && w.Verb == "create":
			fresh[w.Name] = true
		case w.Resource == "nodes" && fresh[w.Name] && w.Actor == "node-controller":
			fresh[w.Name] = false
		default:
			out = append(out, w)
		}
	}
	return out
}

// events are those that were written since they were last asked for.
// Those that stand for several, and the kubelets', are left out.
func (p *player) events(forget bool) ([]string, error) {
	all, err := listed(p.w, "event", "/api/v1/namespaces/"+p.names.namespace+"/events")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range all {
		from := component(e)
		if p.known[e.name()] || from == "kubelet" || strings.HasPrefix(from, "kwok") || strings.HasPrefix(e.text("message"), "(combined from") {
			continue
		}
		p.known[e.name()] = true
		out = append(out, p.names.plain(fmt.Sprintf("event %s %s %s %s/%s: %s", from, e.text("type"), e.text("reason"),
			strings.ToLower(e.text("involvedObject", "kind")), e.text("involvedObject", "name"), e.text("message"))))
	}
	if forget {
		return nil, nil
	}
	return out, nil
}

func component(e Object) string {
	if c := e.text("source", "component"); c != "" {
		return c
	}
	return e.text("reportingComponent")
}

// scheduled are the pods as a scheduler left them, and its events since the
// last look.
func (p *player) scheduled(t Tally, all []Object) error {
	for _, o := range all {
		if o.kind == "pod" {
			t.add("%s", p.hashed(p.pod(o)))
		}
	}
	events, err := listed(p.w, "event", "/api/v1/namespaces/"+p.names.namespace+"/events")
	for _, e := range events {
		if !slices.Contains([]string{"FailedScheduling", "Preempted"}, e.text("reason")) {
			continue
		}
		fact := p.hashed(fmt.Sprintf("event %s %s %s: %s", e.text("involvedObject", "name"), e.text("type"), e.text("reason"), e.text("message")))
		if !p.known[fact] {
			p.known[fact] = true
			t.add("%s", fact)
		}
	}
	return err
}

// hashed leaves out the hashes of templates too.
func (p *player) hashed(s string) string { return setHash.ReplaceAllString(p.names.plain(s), "$1*") }

func (p *player) pod(o Object) string {
	text := "pod " + o.name()
	switch node := o.text("spec", "nodeName"); {
	case node != "" && p.names.anywhere:
		text += ": on a node"
	case node != "":
		text += ": on " + node
	}
	for _, c := range o.list("status", "conditions") {
		if c["type"] == "PodScheduled" && c["status"] == "False" {
			text += fmt.Sprintf(": %v: %v", c["reason"], c["message"])
		}
		if c["type"] == "DisruptionTarget" {
			text += fmt.Sprintf("; DisruptionTarget %v: %v", c["reason"], c["message"])
		}
	}
	if nominated := o.text("status", "nominatedNodeName"); nominated != "" {
		text += "; nominated " + nominated
	}
	return text
}

// nodes: their taints, whether they are ready, and the events about them.
func (p *player) nodes(t Tally) error {
	all, err := listed(p.w, "node", "/api/v1/nodes")
	for _, o := range all {
		p.names.fact(t, "node/"+o.name(), "taints", o.at("spec", "taints"))
		for _, c := range o.list("status", "conditions") {
			if c["type"] == "Ready" {
				t.add("node/%s ready: %v", o.name(), c["status"])
			}
		}
	}
	return err
}
