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
	"maps"
	"path"
	"slices"
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
	// Set says to what: {spec.replicas: 3}. A field that had the value before
	// was not set to it by this write.
	Set map[string]any `json:"set,omitempty"`
}

// Verdict is what can be said of an entry: that it is meant, that it is not,
// or neither, where its source does not tell all that the pattern asks for.
type Verdict int

// The verdicts.
const (
	No Verdict = iota
	Maybe
	Yes
)

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
	if p.fields() && p.Type != "" && p.Type != trace.Write {
		return fmt.Errorf("changed and set: only a write changes fields, not a %s", p.Type)
	}
	for field := range p.Set {
		if _, err := ParsePath(field); err != nil {
			return fmt.Errorf("set: %w", err)
		}
	}
	if data, _ := json.Marshal(p); string(data) == "{}" {
		return fmt.Errorf("the pattern is empty, so it would match every write")
	}
	return nil
}

// fields tells whether the pattern asks what a write changed.
func (p *Pattern) fields() bool { return len(p.Changed)+len(p.Set) > 0 }

// Changes tells what a write changed, and false where that is not known.
type Changes func(*trace.Line) ([]trace.Change, bool)

// Match tells whether e is meant. changes is asked only where the rest matches.
func (p *Pattern) Match(e *trace.Line, changes Changes) Verdict {
	want := p.Type
	if want == "" {
		want = trace.Write
	}
	if e.Type != want || p.Step != 0 && e.Step != p.Step || p.Code != 0 && e.Code != p.Code {
		return No
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
			return No
		}
	}
	if !p.fields() {
		return Yes
	}
	did, known := changes(e)
	switch {
	case !known:
		return Maybe
	case changed(p.Changed, did) && set(p.Set, did):
		return Yes
	}
	return No
}

func glob(pattern, s string) bool {
	if pattern == "" || pattern == s {
		return true
	}
	ok, _ := path.Match(pattern, s) // Check has refused malformed ones
	return ok
}

func changed(want []string, did []trace.Change) bool {
	for _, w := range want {
		if !slices.ContainsFunc(did, func(c trace.Change) bool { return within(c.Path, w) }) {
			return false
		}
	}
	return true
}

// within tells whether a field is another one or lies below it.
func within(path, above string) bool {
	rest, below := strings.CutPrefix(path, above)
	return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// set tells whether a write gave each field its wanted value. A change names
// the field, or one above it whose value holds it.
func set(want map[string]any, did []trace.Change) bool {
	for field, value := range want {
		if !slices.ContainsFunc(did, func(c trace.Change) bool {
			return within(field, c.Path) && !equal(value, c.Old, field[len(c.Path):]) && equal(value, c.New, field[len(c.Path):])
		}) {
			return false
		}
	}
	return true
}

// equal compares a value with that at a path within a JSON text.
func equal(want any, text, path string) bool {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return false // "": the field was not there
	}
	if path != "" {
		p, err := ParsePath(path)
		if err != nil {
			return false
		}
		v = p.In(v)
	}
	a, errA := json.Marshal(want)
	b, errB := json.Marshal(v)
	return errA == nil && errB == nil && string(a) == string(b)
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
	for _, field := range slices.Sorted(maps.Keys(p.Set)) {
		value, _ := json.Marshal(p.Set[field])
		words = append(words, field+"="+string(value))
	}
	out := strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	if out == "" && p.Step != 0 {
		out = fmt.Sprintf("step %d", p.Step)
	}
	return out
}
