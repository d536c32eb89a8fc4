package lessons

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/tabernetes/tabernetes/core/kubectl"
	"github.com/tabernetes/tabernetes/core/network"
	"github.com/tabernetes/tabernetes/lessons/chain"
)

// decode reads a lesson.yaml strictly: what is unknown or given twice is an error.
func decode(data []byte) (*Lesson, error) {
	if len(data) > MaxLessonFile {
		return nil, fmt.Errorf("%d bytes, more than the %d allowed", len(data), MaxLessonFile)
	}
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, err
	}
	l := &Lesson{}
	strict, err := kjson.UnmarshalStrict(asJSON, l)
	if err != nil {
		return nil, err
	}
	if len(strict) > 0 {
		return nil, errors.Join(strict...)
	}
	return l, l.validate()
}

// faults gathers what is wrong with a lesson, each with the field's path.
type faults []error

func (f *faults) add(field, format string, args ...any) {
	*f = append(*f, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
}

func (f *faults) id(field, id string) {
	if !idForm.MatchString(id) || len(id) > 63 {
		f.add(field, "%q is not an id: small letters, digits and single hyphens, 63 at most", id)
	}
}

func (f *faults) within(field string, n, low, high int) {
	if n < low || n > high {
		f.add(field, "%d is not between %d and %d", n, low, high)
	}
}

func (l *Lesson) validate() error {
	var f faults
	if l.Format != FormatVersion {
		f.add("format", "%d is not %d, the one this version reads", l.Format, FormatVersion)
	}
	f.id("id", l.ID)
	f.within("minutes", l.Minutes, 1, 120)
	f.within("cluster.nodes", l.Cluster.Nodes, 0, MaxNodes)
	f.within("steps", len(l.Steps), 1, MaxSteps)
	f.script("start", l.Start, false)
	l.byID = map[string]*Check{}
	taken := map[string]bool{}
	for i := range l.Steps {
		s := &l.Steps[i]
		at := fmt.Sprintf("steps[%d]", i)
		f.id(at+".id", s.ID)
		if taken[s.ID] {
			f.add(at+".id", "%q is taken", s.ID)
		}
		taken[s.ID] = true
		for j := range s.Checks {
			c := &s.Checks[j]
			at := fmt.Sprintf("%s.checks[%d]", at, j)
			f.id(at+".id", c.ID)
			if taken[c.ID] {
				f.add(at+".id", "%q is taken", c.ID)
			}
			f.check(at, c, l.byID)
			taken[c.ID], l.byID[c.ID] = true, c
		}
	}
	f.within("checks in all steps", len(l.byID), 0, MaxChecks)
	return errors.Join(f...)
}

// script checks the form of a script.
func (f *faults) script(field, text string, needed bool) {
	deeds, err := ParseScript(text)
	switch {
	case err != nil:
		f.add(field, "%v", err)
	case needed && len(deeds) == 0:
		f.add(field, "is empty")
	}
}

func (f *faults) check(at string, c *Check, before map[string]*Check) {
	for _, n := range c.Needs {
		if before[n] == nil {
			f.add(at+".needs", "%q is no check before this one", n)
		}
	}
	f.within(at+".weight", c.Weight, 0, 1000)
	var has []string
	for _, k := range c.kinds() {
		if k.there {
			has = append(has, k.name)
		}
	}
	if len(has) != 1 {
		f.add(at, "has %d of object, chain, console, component, traffic, choice, number, text, match, order and predict %v; it must have one", len(has), has)
		return
	}
	if c.Count != nil && c.Object == nil {
		f.add(at+".count", "is for object; a link of a chain has its own")
	}
	at += "." + has[0]
	switch {
	case c.Object != nil:
		f.partial(at, c.Object)
	case c.Chain != nil:
		f.links(at, c.Chain)
	case c.Console != nil:
		f.console(at, c.Console)
	case c.Component != nil:
		if !slices.Contains([]string{"running", "held", "stopped"}, c.Component.State) {
			f.add(at+".state", "%q is not running, held or stopped", c.Component.State)
		}
		if c.Component.Name == "" {
			f.add(at+".name", "is missing")
		}
	case c.Traffic != nil:
		f.url(at, c.Traffic.URL)
	default:
		f.question(at, c)
	}
}

func (f *faults) url(at, url string) {
	if _, ok := network.ParseURL(url); url != "" && !ok {
		f.add(at+".url", "%q is no URL", url)
	}
}

// kind is a field of Check that says what it is of.
type kind struct {
	name  string
	there bool
}

func (c *Check) kinds() []kind {
	return []kind{
		{"object", c.Object != nil}, {"chain", c.Chain != nil}, {"console", c.Console != nil},
		{"component", c.Component != nil}, {"traffic", c.Traffic != nil}, {"choice", c.Choice != nil}, {"number", c.Number != nil},
		{"text", c.Text != nil}, {"match", c.Match != nil}, {"order", c.Order != nil}, {"predict", c.Predict != nil},
	}
}

func (f *faults) partial(at string, object map[string]any) {
	for _, key := range []string{"apiVersion", "kind"} {
		if s, _ := object[key].(string); s == "" {
			f.add(at+"."+key, "is missing")
		}
	}
	if err := checkPartial("", object); err != nil {
		f.add(at, "%v", err)
	}
}

func (f *faults) links(at string, links []Link) {
	f.within(at, len(links), 1, MaxOptions)
	named := map[string]bool{}
	for i := range links {
		link := &links[i]
		at := fmt.Sprintf("%s[%d]", at, i)
		if err := link.Pattern.Check(); err != nil {
			f.add(at, "%v", err)
		}
		for _, by := range link.CausedBy {
			if !named[by] {
				f.add(at+".causedBy", "%q names no link before this one", by)
			}
		}
		if link.Never && link.Count != nil {
			f.add(at, "never and count cannot both be given")
		}
		if link.As != "" {
			f.id(at+".as", link.As)
			named[link.As] = true
		}
	}
}

func (f *faults) console(at string, c *Console) {
	if c.Command == "" {
		f.add(at+".command", "is missing")
	}
	for field, text := range map[string]string{".command": c.Command, ".output": c.Output} {
		if _, err := regexp.Compile(text); err != nil {
			f.add(at+field, "%v", err)
		}
	}
}

func (f *faults) question(at string, c *Check) {
	f.parts(at, c)
	switch {
	case c.Choice != nil:
		f.choice(at, c.Choice)
	case c.Number != nil:
		if (c.Number.Right == nil) == (c.Number.From == nil) {
			f.add(at, "must have either right or from")
		}
		f.from(at, c.Number.From)
	case c.Text != nil:
		if (len(c.Text.Right) == 0) == (c.Text.From == nil) {
			f.add(at, "must have either right or from")
		}
		f.from(at, c.Text.From)
	case c.Match != nil:
		for _, left := range c.Match.Left {
			if !slices.Contains(c.Match.Right, c.Match.Pairs[left]) {
				f.add(at+".pairs", "%q is joined to %q, which right does not list", left, c.Match.Pairs[left])
			}
		}
		if len(c.Match.Pairs) != len(c.Match.Left) {
			f.add(at+".pairs", "joins %d, left lists %d", len(c.Match.Pairs), len(c.Match.Left))
		}
	case c.Order != nil:
		f.order(at, c.Order)
	case c.Predict != nil:
		f.predict(at, c.Predict)
	}
}

// parts checks that the options, items or blocks are ids, each once.
func (f *faults) parts(at string, c *Check) {
	ids := c.Parts()
	if ids == nil {
		return
	}
	f.within(at, len(ids), 2, 2*MaxOptions)
	for i, id := range ids {
		f.id(at, id)
		if slices.Index(ids, id) != i {
			f.add(at, "%q is there twice", id)
		}
	}
}

func (f *faults) choice(at string, q *Choice) {
	if len(q.Right) == 0 && !q.Multiple {
		f.add(at+".right", "is empty")
	}
	if len(q.Right) > 1 && !q.Multiple {
		f.add(at+".right", "lists %d, so multiple must be true", len(q.Right))
	}
	if len(q.Right) == len(q.Options) {
		f.add(at+".right", "every option is right, so the question cannot be failed by choosing one")
	}
	for _, r := range q.Right {
		if !slices.Contains(q.Options, r) {
			f.add(at+".right", "%q is no option", r)
		}
	}
}

func (f *faults) from(at string, from *From) {
	if from == nil {
		return
	}
	f.partial(at+".from.object", from.Object)
	if _, err := chain.ParsePath(from.Path); err != nil {
		f.add(at+".from.path", "%v", err)
	}
}

func (f *faults) order(at string, q *Order) {
	for item, before := range q.After {
		for _, id := range append([]string{item}, before...) {
			if !slices.Contains(q.Items, id) {
				f.add(at+".after", "%q is no item", id)
				return
			}
		}
	}
	p := q.poset()
	for i := range p {
		if p[i][i] {
			f.add(at+".after", "%q comes after itself", q.Items[i])
			return
		}
		for j := range i {
			if p[i][j] {
				f.add(at+".items", "%q stands before %q, which after puts before it: list a right order", q.Items[j], q.Items[i])
			}
		}
	}
}

func (f *faults) predict(at string, q *Predict) {
	f.script(at+".script", q.Script, true)
	f.within(at+".runs", q.Runs, 0, 200)
	if len(q.Events) == 0 {
		f.add(at+".events", "is empty")
	}
	for i, e := range append(append([]PredictEvent{}, q.Events...), q.Misconceptions...) {
		field := fmt.Sprintf("%s.events[%d]", at, i)
		if i >= len(q.Events) {
			field = fmt.Sprintf("%s.misconceptions[%d]", at, i-len(q.Events))
		}
		if e.Event == nil {
			if i < len(q.Events) {
				f.add(field+".event", "is missing")
			}
		} else if err := e.Event.Check(); err != nil {
			f.add(field+".event", "%v", err)
		} else if i < len(q.Events) && e.Event.Actor == "" {
			f.add(field+".event.actor", "is missing: it is part of the answer")
		}
	}
	w := q.Weights
	if min(w.Events, w.Order, w.Causes, w.Actors) < 0 || w.sum() == 0 {
		f.add(at+".weights", "must not be negative, nor all zero")
	}
}

// maxTyped bounds the lines of a script.
const maxTyped = kubectl.MaxScript / 1024
