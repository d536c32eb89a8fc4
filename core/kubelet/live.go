package kubelet

import (
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"mvdan.cc/sh/v3/syntax"

	"github.com/tabernetes/tabernetes/core/network"
	"github.com/tabernetes/tabernetes/core/sim"
)

// ask is a program that a script wants run which makes calls: what comes of it
// cannot be told before its time.
type ask struct {
	at    time.Duration // since the script began
	words []string
}

// memo is what a script has been told while it ran. A script is run from its
// beginning each time more is known: it then gets further, to the next question
// or to the end of a round of a loop without end.
type memo struct {
	answers []network.Ran
	used    int
	asks    *ask // the question it stopped at
	// rounds has it stop after each round of any endless loop; marked is where it
	// goes on after the last, and passed what was printed before that.
	rounds bool
	marked *mark
	passed []line
}

// mark is the beginning of a round of an endless loop.
type mark struct {
	at   time.Duration
	env  map[string]string
	body *syntax.WhileClause
	used int // answers before it
}

// live is a script whose calls are made as it comes to them.
type live struct {
	begin   func(s *script) // what it does, from its beginning or from a mark
	env     map[string]string
	files   map[string]bool
	tools   string // of its image
	search  string // the search list of the pod, where it may be read
	at      time.Duration
	answers []network.Ran
	rounds  bool
	endless bool // it is in a loop without end
}

// evaluate runs the script as far as it is known.
func (l *live) evaluate() *script {
	m := &memo{answers: l.answers, rounds: l.rounds}
	s := &script{env: maps.Clone(l.env), files: maps.Clone(l.files), tools: l.tools, search: l.search, at: l.at, plan: plan{stop: forever}, memo: m}
	if s.files == nil {
		s.files = map[string]bool{}
	}
	if s.env == nil {
		s.env = map[string]string{}
	}
	l.begin(s)
	return s
}

// forget goes on from the last mark, if one was reached: what was before it
// need not be run again.
func (l *live) forget(m *memo) {
	if k := m.marked; k != nil {
		l.begin = func(s *script) { s.while(k.body) }
		l.env, l.at, l.answers, l.endless = k.env, k.at, l.answers[k.used:], true
	}
}

// ask runs a program that makes calls, or stops the script until it is known
// what comes of it.
func (s *script) ask(words []string) {
	m := s.memo
	if m.used == len(m.answers) {
		m.asks, s.done = &ask{s.at, words}, true
		return
	}
	ran := m.answers[m.used]
	m.used++
	s.at += ran.Took
	for _, p := range ran.Printed {
		s.lines = append(s.lines, line{after: s.at, text: p.Text, err: p.Err})
	}
	s.code = ran.Exit
}

// round ends a round of an endless loop that makes calls: what was printed up to
// now is done with. The next begins at once, or when the script is run again.
func (s *script) round(cmd *syntax.WhileClause, from time.Duration) {
	m := s.memo
	s.at = max(s.at, from+10*ms)
	m.marked = &mark{s.at, maps.Clone(s.env), cmd, m.used}
	m.passed, s.lines = append(m.passed, s.lines...), nil
	if m.rounds {
		s.done = true
		return
	}
	s.while(cmd)
}

// tell runs the program that a script asks for, at a time since it began, and
// gives it the answer.
func (l *live) tell(n *network.Network, from network.Caller, old bool, a *ask, now time.Duration) {
	ran := n.Run(network.Program{Words: a.words, From: from, OldLookup: old})
	if late := now - a.at; late > 0 {
		ran.Took += late // the machine was new, or its kubelet away
	}
	l.answers = append(l.answers, ran)
}

// caller is a pod as the network knows it.
func (n *Node) caller(pod *corev1.Pod, box *sandbox) network.Caller {
	dns := pod.Spec.DNSPolicy == corev1.DNSClusterFirstWithHostNet || pod.Spec.DNSPolicy == corev1.DNSClusterFirst && !pod.Spec.HostNetwork
	return network.Caller{Namespace: pod.Namespace, Node: n.Name, Pod: box.key, IP: box.ip, ClusterDNS: dns}
}

// dial makes the calls that are due of the pod's containers.
func (w *worker) dial() {
	n, now := w.k.node, w.k.c.Now()
	if w.box == nil || n.Network == nil {
		return
	}
	for _, run := range w.box.containers {
		for run.running() && run.plan.asks != nil && !run.started.Add(run.plan.asks.at).After(now) {
			l := run.plan.live
			l.tell(n.Network, n.caller(w.pod, w.box), oldLookup(run.image), run.plan.asks, now.Sub(run.started))
			run.goOn(planLive(l))
		}
	}
}

// goOn has a container follow what is known of its script now.
func (c *container) goOn(p plan) {
	for _, l := range p.passed {
		at := c.started.Add(l.after)
		c.keep(logLine{at, fill(l.text, at)})
	}
	c.plan.lines, c.plan.lasts, c.plan.exit, c.plan.asks, c.plan.live = p.lines, p.lasts, p.exit, p.asks, p.live
	c.plan.every, c.plan.from, c.plan.loop = p.every, p.from, p.loop
}

// oldLookup tells whether an image's nslookup is that of an old busybox.
func oldLookup(img string) bool {
	_, version, tagged := strings.Cut(img, "library/busybox:")
	major, minor, ok := majorMinor(version)
	return tagged && ok && (major < 1 || major == 1 && minor < 29)
}

// class tells whether waiting for a call to be made counts as work: not in a
// loop without end.
func (a *ask) class(run *container) sim.Class {
	if run.plan.live.endless {
		return sim.Idle
	}
	return class(a.at)
}
