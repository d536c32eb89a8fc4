package trace

import (
	"slices"
	"sort"
	"strings"
)

// Level says how closely an Index looks.
type Level string

// The levels, from afar to near.
const (
	EachStep   Level = "steps"  // what is one of the ten steps, and what the learner wrote
	EachWrite  Level = "writes" // writes and refusals
	Everything Level = "all"    // deliveries and decisions too
)

// Query says which entries a reader wants. The zero value of a field asks for
// nothing.
type Query struct {
	Level Level
	Actor string
	// Text is part of an object's "resource/name" or "namespace/name".
	Text string
	// Minor lets in bookkeeping: events, leases, the status of nodes.
	Minor bool
}

// Index is the places of the entries that a query wants, kept as the recorder
// goes on. A reader of one page among thousands pays for that page alone.
type Index struct {
	r     *Recorder
	q     Query
	after int64 // entries up to here have been looked at
	seqs  []int64
}

// Index makes an index; Update fills it.
func (r *Recorder) Index(q Query) *Index { return &Index{r: r, q: q} }

// Query is what the index was made for.
func (x *Index) Query() Query { return x.q }

// Update takes in what was recorded since, and drops what the recorder has
// dropped.
func (x *Index) Update() {
	if n, _ := slices.BinarySearch(x.seqs, x.r.first); n > 0 {
		x.seqs = slices.Delete(x.seqs, 0, n)
	}
	for seq := max(x.after+1, x.r.first); seq <= x.r.Last(); seq++ {
		if x.r.wanted(seq, &x.q) {
			x.seqs = append(x.seqs, seq)
		}
	}
	x.after = x.r.Last()
}

// Len is how many entries there are up to a place.
func (x *Index) Len(until int64) int {
	n, found := slices.BinarySearch(x.seqs, until)
	if found {
		n++
	}
	return n
}

// Find is where among the index's entries a place is, or would be.
func (x *Index) Find(seq int64) int { n, _ := slices.BinarySearch(x.seqs, seq); return n }

// Entries returns those from one on, limit at most.
func (x *Index) Entries(from, limit int) []Entry {
	from = min(max(from, 0), len(x.seqs))
	out := make([]Entry, min(limit, len(x.seqs)-from))
	for i := range out {
		out[i] = x.r.entry(x.seqs[from+i])
	}
	return out
}

func (r *Recorder) wanted(seq int64, q *Query) bool {
	s := &r.slots[seq-r.first]
	switch {
	case q.Actor != "" && !actorIs(s.actor, q.Actor):
		return false
	case q.Level == EachStep && s.step == 0 && (s.typ != Write || s.actor != Learner):
		return false
	case q.Level == EachWrite && s.typ != Write && s.typ != Refused:
		return false
	case q.Minor && q.Text == "" || q.Level == EachStep && q.Text == "":
		return true
	}
	e := r.entry(seq)
	return (q.Minor || !Minor(&e)) && e.mentions(q.Text)
}

// Learner is the actor at the console.
const Learner = "kubectl"

// actorIs also takes "kubelet" for all kubelets.
func actorIs(actor, wanted string) bool {
	return actor == wanted || strings.HasPrefix(actor, wanted+"/")
}

func (e *Entry) mentions(text string) bool {
	return text == "" || strings.Contains(e.Resource+"/"+e.Name, text) || strings.Contains(e.Namespace+"/"+e.Name, text)
}

// Minor tells of bookkeeping: there is much of it, and it is no part of a chain.
func Minor(e *Entry) bool {
	return e.Resource == "events" || e.Resource == "leases" || e.Resource == "nodes" && e.Subresource == "status" ||
		e.Resource == "nodes" && e.Type == Delivery && e.Verb == "modified"
}

// Group is one of the ten steps as often as it was taken between two deeds of
// the learner's.
type Group struct {
	First Line `json:"first"`
	Last  Line `json:"last"`
	Count int  `json:"count"`
	// Actors are who took it, MaxGroupActors at most.
	Actors []string `json:"actors"`
}

// MaxGroupActors bounds the actors that a Group names.
const MaxGroupActors = 50

// Groups folds the steps up to a place: of a thousand pods, ten lines. Each
// write of the learner's begins a new chain; chains are as many of the last as
// are wanted (0: all).
func (r *Recorder) Groups(until int64, chains int) []Group {
	g := grouper{at: map[groupKey]int{}}
	until = min(until, r.Last())
	for seq := r.chainStart(until, chains); seq <= until; seq++ {
		if s := &r.slots[seq-r.first]; s.step > 0 || s.typ == Write && s.actor == Learner {
			e := r.entry(seq)
			g.add(&e)
		}
	}
	return g.out
}

// chainStart is where the last chains begin.
func (r *Recorder) chainStart(until int64, chains int) int64 {
	seq := until
	for ; seq > r.first && chains > 0; seq-- {
		if s := &r.slots[seq-r.first]; s.typ == Write && s.actor == Learner {
			if chains--; chains == 0 {
				return seq
			}
		}
	}
	return r.first
}

type groupKey struct {
	step int
	typ  Type
}

type grouper struct {
	out []Group
	at  map[groupKey]int
}

func (g *grouper) add(e *Entry) {
	if e.Type == Write && e.Actor == Learner {
		clear(g.at)
	}
	key, line := groupKey{e.Step, e.Type}, e.Line()
	i, begun := g.at[key]
	if !begun {
		g.at[key] = len(g.out)
		g.out = append(g.out, Group{First: line, Last: line, Count: 1, Actors: []string{e.Actor}})
		return
	}
	group := &g.out[i]
	group.Last = line
	group.Count++
	if len(group.Actors) < MaxGroupActors && !slices.Contains(group.Actors, e.Actor) {
		group.Actors = append(group.Actors, e.Actor)
	}
}

// Entry is the entry at a place; false when it is not kept.
func (r *Recorder) Entry(seq int64) (Entry, bool) {
	if seq < r.first || seq > r.Last() {
		return Entry{}, false
	}
	return r.entry(seq), true
}

// Wrote is the place of the write that made a revision, or would have made it:
// everything before it had happened then.
func (r *Recorder) Wrote(revision int64) int64 {
	writes := func(i int) int { // the first write from slot i on
		for ; i < len(r.slots) && r.slots[i].typ != Write; i++ {
		}
		return i
	}
	i := sort.Search(len(r.slots), func(i int) bool {
		w := writes(i)
		return w == len(r.slots) || r.slots[w].revision >= revision
	})
	return r.first + int64(writes(i))
}

// Seen is the last revision that each actor had been told of at a place.
func (r *Recorder) Seen(until int64) map[string]int64 {
	seen := map[string]int64{}
	for seq := r.first; seq <= min(until, r.Last()); seq++ {
		if s := &r.slots[seq-r.first]; s.typ == Delivery {
			seen[s.actor] = max(seen[s.actor], s.revision)
		}
	}
	return seen
}

// Told are the deliveries of a revision, limit at most.
func (r *Recorder) Told(revision int64, limit int) []Entry {
	return r.search(r.Wrote(revision), limit, func(s *slot) bool { return s.typ == Delivery && s.revision == revision })
}

// Decisions are an actor's decisions about an object up to a place, the newest
// first, limit at most.
func (r *Recorder) Decisions(until int64, actor, namespace, name string, limit int) []Entry {
	var out []Entry
	for seq := min(until, r.Last()); seq >= r.first && len(out) < limit; seq-- {
		s := &r.slots[seq-r.first]
		if s.typ == Decision && s.actor == actor && s.whole.Namespace == namespace && s.whole.Name == name {
			out = append(out, *s.whole)
		}
	}
	return out
}

func (r *Recorder) search(from int64, limit int, is func(*slot) bool) []Entry {
	var out []Entry
	for seq := max(from, r.first); seq <= r.Last() && len(out) < limit; seq++ {
		if is(&r.slots[seq-r.first]) {
			out = append(out, r.entry(seq))
		}
	}
	return out
}
