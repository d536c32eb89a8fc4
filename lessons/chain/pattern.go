// Package chain reads the engine's trace as lessons need it: patterns over its
// entries ("this actor did that because of this"), and the causal order that
// holds in every run of a script, whatever the seed and the order of delivery.
//
// It stands on trace.Line, the trace's JSON form, so that the same patterns
// work on a trace that came from a file. Left out: drawing, which is the
// page's, and scoring, which is package grading's.
package chain

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/tabernetes/tabernetes/core/trace"
)

// Pattern says which entries of the trace are meant. What is empty matches
// anything; Actor, Verb, Resource, Namespace, Name, Result and Reason are
// globs as path.Match has them, where "*" does not cross a "/".
type Pattern struct {
	// Type is write (the default), delivery, decision or refused.
	Type  trace.Type `json:"type,omitempty"`
	Actor string     `json:"actor,omitempty"`
	Verb  string     `json:"verb,omitempty"`
	// Resource is the plural name, with its subresource: "deployments/scale".
	Resource  string `json:"resource,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	// Step is the entry's number among the ten.
	Step int `json:"step,omitempty"`
	// Code is the HTTP status; Reason that of a refusal.
	Code   int    `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Result is what a decision came to: a node, "pulled", "present", ….
	Result string `json:"result,omitempty"`
	// Changed lists fields that a write must have changed, e.g. spec.replicas;
	// a field above a changed one counts as changed.
	Changed []string `json:"changed,omitempty"`
}

// Globs are the fields of the pattern that are globs, by their names.
func (p *Pattern) globs() [][3]string {
	return [][3]string{
		{"actor", p.Actor}, {"verb", p.Verb}, {"resource", p.Resource}, {"namespace", p.Namespace},
		{"name", p.Name}, {"result", p.Result}, {"reason", p.Reason},
	}
}

// Check returns what is wrong with the pattern itself.
func (p *Pattern) Check() error {
	switch p.Type {
	case "", trace.Write, trace.Delivery, trace.Decision, trace.Refused:
	default:
		return fmt.Errorf("type: %q is not write, delivery, decision or refused", p.Type)
	}
	for _, g := range p.globs() {
		if _, err := path.Match(g[1], ""); err != nil {
			return fmt.Errorf("%s: %q is not a glob", g[0], g[1])
		}
	}
	if p.Step < 0 || p.Step > 10 {
		return fmt.Errorf("step: %d is not one of the ten", p.Step)
	}
	if len(p.Changed) > 0 && p.Type != "" && p.Type != trace.Write {
		return fmt.Errorf("changed: only a write changes fields, not a %s", p.Type)
	}
	if data, _ := json.Marshal(p); string(data) == "{}" {
		return fmt.Errorf("the pattern is empty, so it would match every write")
	}
	return nil
}

// Match tells whether e is meant. changes is asked for the fields that a
// revision changed, only where the rest matches.
func (p *Pattern) Match(e *trace.Line, changes func(revision int64) []string) bool {
	want := p.Type
	if want == "" {
		want = trace.Write
	}
	if e.Type != want || p.Step != 0 && e.Step != p.Step || p.Code != 0 && e.Code != p.Code {
		return false
	}
	resource := e.Resource
	if e.Subresource != "" {
		resource += "/" + e.Subresource
	}
	result := ""
	if e.Verdict != nil {
		result = e.Verdict.Result
	}
	for i, has := range [...]string{e.Actor, e.Verb, resource, e.Namespace, e.Name, result, e.Reason} {
		if !glob(p.globs()[i][1], has) {
			return false
		}
	}
	return len(p.Changed) == 0 || changed(p.Changed, changes(e.Revision))
}

func glob(pattern, s string) bool {
	if pattern == "" || pattern == s {
		return true
	}
	ok, _ := path.Match(pattern, s) // Check has refused malformed ones
	return ok
}

func changed(want, paths []string) bool {
	for _, w := range want {
		found := false
		for _, p := range paths {
			found = found || p == w || strings.HasPrefix(p, w+".") || strings.HasPrefix(p, w+"[")
		}
		if !found {
			return false
		}
	}
	return true
}

// String says the pattern in a few words, for authors and details.
func (p *Pattern) String() string {
	words := []string{p.Actor, p.Verb, p.Resource, p.Name}
	if p.Type != "" && p.Type != trace.Write {
		words = append([]string{string(p.Type)}, words...)
	}
	if p.Result != "" {
		words = append(words, "→ "+p.Result)
	}
	out := strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	if out == "" && p.Step != 0 {
		out = fmt.Sprintf("step %d", p.Step)
	}
	return out
}
