package cluster

import (
	"slices"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/trace"
)

// Bounds of an answer to why.
const (
	maxBecause = 3000
	maxLed     = 3000
	// aheadOf is how many writes after one are looked at for what it led to.
	aheadOf   = 20_000
	maxTold   = 40
	pathLimit = 60
)

// Why is one entry of the trace with everything that led to it and that it
// led to.
type Why struct {
	Entry trace.Line `json:"entry"`
	// Because and Led are the writes before and after, directly or not, in order.
	Because []int64 `json:"because"`
	Led     []int64 `json:"led"`
	// Path walks from the entry back to the learner's deed, or as far as there
	// were causes: the shortest way.
	Path []trace.Line `json:"path"`
	// Told are the deliveries of the write.
	Told []trace.Line `json:"told"`
	// Decision is the scheduler's choice behind a binding or a pod's wait.
	Decision *trace.Line `json:"decision,omitempty"`
}

// Why explains an entry of the trace; false when it is not kept.
func (c *Cluster) Why(seq int64) (Why, bool) {
	e, kept := c.rec.Entry(seq)
	if !kept {
		return Why{}, false
	}
	w := Why{Entry: e.Line(), Led: []int64{}, Told: []trace.Line{}}
	causes := e.Causes
	if e.Type == trace.Delivery {
		causes = []int64{e.Revision}
	}
	w.Because, w.Path = c.because(causes)
	w.Path = append([]trace.Line{w.Entry}, w.Path...)
	switch e.Type {
	case trace.Write:
		w.Led = c.led(e.Revision, func(o *store.Origin) bool { return slices.Contains(o.Causes, e.Revision) })
		w.Told = lines(c.rec.Told(e.Revision, maxTold))
	case trace.Delivery:
		w.Led = c.led(e.Revision, func(o *store.Origin) bool {
			return o.Actor == e.Actor && slices.Contains(o.Causes, e.Revision)
		})
	}
	if e.Resource == "pods" {
		for _, d := range c.rec.Decisions(seq, "scheduler", e.Namespace, e.Name, 1) {
			line := d.Line()
			w.Decision = &line
		}
	}
	return w, true
}

// Wrote is the place in the trace of the write that made a revision.
func (c *Cluster) Wrote(revision int64) int64 { return c.rec.Wrote(revision) }

// Index is an index of the trace.
func (c *Cluster) Index(q trace.Query) *trace.Index { return c.rec.Index(q) }

// Groups are the ten steps of the last chains up to a place of the trace.
func (c *Cluster) Groups(until int64, chains int) []trace.Group { return c.rec.Groups(until, chains) }

// because walks back along causes: all writes that it meets, and the shortest
// way to one of the learner's own, or to the first that had no cause.
func (c *Cluster) because(causes []int64) (all []int64, path []trace.Line) {
	effect := map[int64]int64{} // what a write was met as a cause of
	queue := slices.Clone(causes)
	for _, rev := range causes {
		effect[rev] = 0
	}
	var end, root int64
	for i := 0; i < len(queue) && len(queue) < maxBecause; i++ {
		rev := queue[i]
		rec, err := c.store.Record(rev)
		if err != nil {
			continue // compacted away
		}
		if end == 0 && rec.Origin.Actor == kubectlActor {
			end = rev
		}
		if root == 0 && len(rec.Origin.Causes) == 0 {
			root = rev
		}
		for _, cause := range rec.Origin.Causes {
			if _, met := effect[cause]; !met {
				effect[cause] = rev
				queue = append(queue, cause)
			}
		}
	}
	if end == 0 {
		end = root
	}
	for rev := end; rev > 0 && len(path) < pathLimit; rev = effect[rev] {
		if e, kept := c.written(rev); kept {
			if at, kept := c.rec.Entry(c.rec.Wrote(rev)); kept && at.Revision == rev {
				e = at // with its place and step
			}
			path = append(path, e.Line())
		}
	}
	slices.Reverse(path)
	slices.Sort(queue)
	if queue == nil {
		queue = []int64{}
	}
	return queue, path
}

// led are the writes after a revision that came of it, directly or not.
func (c *Cluster) led(revision int64, direct func(*store.Origin) bool) []int64 {
	records, err := c.store.Records(revision+1, aheadOf)
	if err != nil {
		return []int64{}
	}
	out, reached := []int64{}, map[int64]bool{}
	for i := range records {
		o := &records[i].Origin
		if direct(o) || slices.ContainsFunc(o.Causes, func(rev int64) bool { return reached[rev] }) {
			reached[records[i].Revision] = true
			if out = append(out, records[i].Revision); len(out) == maxLed {
				break
			}
		}
	}
	return out
}

func lines(entries []trace.Entry) []trace.Line {
	out := make([]trace.Line, len(entries))
	for i := range entries {
		out[i] = entries[i].Line()
	}
	return out
}
