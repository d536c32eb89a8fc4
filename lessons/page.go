package lessons

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/tabernetes/tabernetes/lessons/chain"
)

// Card is a lesson in the list of lessons.
type Card struct {
	ID       string   `json:"id"`
	Hash     string   `json:"hash"`
	Title    string   `json:"title"`
	Summary  string   `json:"summary"`
	Minutes  int      `json:"minutes"`
	After    []string `json:"after,omitempty"`
	Homework bool     `json:"homework,omitempty"`
	Points   int      `json:"points"`
}

// Page is a lesson in one language as a page shows it: everything to read and
// to answer, nothing of what is right. Results, and what is said about them,
// come from a Session.
type Page struct {
	Card
	Nodes int        `json:"nodes"`
	Allow []string   `json:"allow,omitempty"`
	Intro []Block    `json:"intro,omitempty"`
	Steps []PageStep `json:"steps"`
}

// PageStep is a step of a Page.
type PageStep struct {
	ID     string      `json:"id"`
	Title  string      `json:"title"`
	Text   []Block     `json:"text,omitempty"`
	Hints  [][]Block   `json:"hints,omitempty"`
	Checks []PageCheck `json:"checks,omitempty"`
}

// PageCheck is a check of a Page. Kind is the field of Check that it is of:
// object, chain, console, component, choice, number, text, match, order or
// predict.
type PageCheck struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind"`
	Needs  []string  `json:"needs,omitempty"`
	Points int       `json:"points"`
	Title  string    `json:"title"`
	Text   []Block   `json:"text,omitempty"`
	Hints  [][]Block `json:"hints,omitempty"`
	// Then is to be shown once the check has passed.
	Then []Block `json:"then,omitempty"`
	// Multiple is a choice's. Parts are the options, items or blocks; of a
	// match, Left of them stand on the left, the rest on the right.
	Multiple bool       `json:"multiple,omitempty"`
	Left     int        `json:"left,omitempty"`
	Parts    []PagePart `json:"parts,omitempty"`
	// Script is a prediction's command, Actors those offered as who does it.
	Script string   `json:"script,omitempty"`
	Actors []string `json:"actors,omitempty"`
}

// PagePart is an option, an item or a block.
type PagePart struct {
	ID   string `json:"id"`
	Text []Span `json:"text"`
	// Each tells that a block may be put several times, once for each object.
	Each bool `json:"each,omitempty"`
}

// Card is the lesson's entry in the list.
func (l *Lesson) Card(lang string) Card {
	p := l.Prose[lang]
	return Card{l.ID, l.Hash, p.Title, p.Summary, l.Minutes, l.After, l.Homework, l.Points()}
}

// Page is the lesson as a page shows it. Parts stand in an order that gives
// nothing away, the same each time.
func (l *Lesson) Page(lang string) Page {
	p := l.Prose[lang]
	page := Page{Card: l.Card(lang), Nodes: l.Cluster.Nodes, Allow: l.Allow, Intro: p.Intro}
	if page.Nodes == 0 {
		page.Nodes = 3
	}
	for _, s := range l.Steps {
		said := p.Steps[s.ID]
		step := PageStep{ID: s.ID, Title: said.Title, Text: said.Text, Hints: said.Hints}
		for i := range s.Checks {
			step.Checks = append(step.Checks, s.Checks[i].page(p.Checks[s.Checks[i].ID]))
		}
		page.Steps = append(page.Steps, step)
	}
	return page
}

func (c *Check) page(said *CheckProse) PageCheck {
	out := PageCheck{
		ID: c.ID, Kind: c.Kind(), Needs: c.Needs, Points: c.Points(),
		Title: said.Title, Text: said.Text, Hints: said.Hints, Then: said.Then,
	}
	ids := c.Parts()
	switch {
	case c.Choice != nil:
		out.Multiple = c.Choice.Multiple
	case c.Match != nil:
		out.Left = len(c.Match.Left)
		ids = append(append([]string{}, c.Match.Left...), shuffled(c.Match.Right, c.ID)...)
	case c.Order != nil:
		ids = shuffled(ids, c.ID)
	case c.Predict != nil:
		ids = shuffled(ids, c.ID)
		out.Script, out.Actors = c.Predict.Script, c.Predict.roles()
	}
	for _, id := range ids {
		out.Parts = append(out.Parts, PagePart{ID: id, Text: said.Parts[id].Text, Each: c.Predict != nil && c.Predict.each(id)})
	}
	return out
}

// Kind is the field that says what the check is of.
func (c *Check) Kind() string {
	for _, k := range c.kinds() {
		if k.there {
			return k.name
		}
	}
	return ""
}

// shuffled is ids in an order that follows from the check's id alone.
func shuffled(ids []string, check string) []string {
	h := fnv.New64a()
	h.Write([]byte(check))
	out := slices.Clone(ids)
	rand.New(rand.NewPCG(h.Sum64(), 1)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// each tells whether a block may be put once for each of several objects.
func (q *Predict) each(id string) bool {
	return slices.ContainsFunc(q.Events, func(e PredictEvent) bool { return e.ID == id && e.Each })
}

// roles are the actors offered, sorted: those that the patterns name, and the
// prediction's own.
func (q *Predict) roles() []string {
	roles := slices.Clone(q.Actors)
	for _, e := range q.Events {
		roles = append(roles, chain.Role(e.Event.Actor))
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}
