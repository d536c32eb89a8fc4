package lessons

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/lessons/chain"
)

// Status is how a check stands.
type Status string

// The states of a check.
const (
	Passed     Status = "passed"
	Failed     Status = "failed"
	Skipped    Status = "skipped" // a check that it needs has not passed
	Unanswered Status = "open"    // a question that has no answer yet
	// Unavailable is a check that this world cannot answer: a chain without a trace.
	Unavailable Status = "unavailable"
)

// Result is how a check stands, in no particular language; Lesson.Say has the words.
type Result struct {
	Check  string  `json:"check"`
	Status Status  `json:"status"`
	Score  float64 `json:"score"` // of 1
	Points int     `json:"points"`
	// Details say what is not as wanted; Wrong lists the parts wrongly chosen.
	Details []Detail `json:"details,omitempty"`
	Wrong   []string `json:"wrong,omitempty"`
	// Prediction is how a prediction did.
	Prediction *Prediction `json:"prediction,omitempty"`
	// Beyond says what it would take where a check is Unavailable: trace,
	// causes, unrecorded, changes or components; "" where Details say it.
	Beyond string `json:"beyond,omitempty"`
}

// beyond is the error of a check that this world cannot answer, by its code.
type beyond string

func (b beyond) Error() string { return words["en"]["beyond "+string(b)] }

// unavailable is the result of a check that could not be looked at.
func unavailable(c *Check, err error) Result {
	var b beyond
	if errors.As(err, &b) {
		return Result{Status: Unavailable, Beyond: string(b)}
	}
	return Result{Status: Unavailable, Details: []Detail{{Path: c.ID, Got: err.Error()}}}
}

// differs says what keeps a check on the cluster from passing.
func (x *Examiner) differs(c *Check) ([]Detail, error) {
	switch {
	case c.Object != nil:
		return objectDiffers(x.world, c.Object, c.Count)
	case c.Chain != nil && x.trace == nil:
		return nil, beyond("trace")
	case c.Chain != nil:
		return x.trace.differs(c)
	case c.Console != nil:
		return x.consoleDiffers(c.Console), nil
	case c.Traffic != nil:
		return x.trafficDiffers(c.Traffic)
	}
	return x.componentDiffers(c.Component)
}

// find lists the objects that a partial object could mean, and how each differs.
func find(w World, want map[string]any) (objects []map[string]any, differs [][]Detail, err error) {
	version, _ := want["apiVersion"].(string)
	kind, _ := want["kind"].(string)
	metadata, _ := want["metadata"].(map[string]any)
	namespace, one := metadata["namespace"].(string)
	if !one && metadata["namespace"] != nil {
		namespace = AllNamespaces // a question to it, such as {$not: default}
	}
	name, named := metadata["name"].(string)
	all, err := w.Objects(version, kind, namespace)
	if err != nil {
		return nil, nil, err
	}
	for _, obj := range all {
		if m, _ := obj["metadata"].(map[string]any); named && m["name"] != name {
			continue
		}
		objects, differs = append(objects, obj), append(differs, matchPartial("", want, obj))
	}
	return objects, differs, nil
}

// objectDiffers says why not as many objects match as count wants: how the
// closest one differs, or how many there are.
func objectDiffers(w World, want map[string]any, count *Range) ([]Detail, error) {
	_, differs, err := find(w, want)
	if err != nil {
		return nil, err
	}
	n := 0
	var closest []Detail
	for _, d := range differs {
		switch {
		case len(d) == 0:
			n++
		case closest == nil || len(d) < len(closest):
			closest = d
		}
	}
	if count.Has(n) {
		return nil, nil
	}
	few := Detail{Path: describe(want), Want: count.String(), Got: fmt.Sprint(n)}
	if count == nil && closest != nil {
		return closest, nil
	}
	if count != nil && count.Min != nil && n < *count.Min {
		return append([]Detail{few}, closest...), nil
	}
	return []Detail{few}, nil
}

// describe names a partial object: Pod, Deployment web.
func describe(want map[string]any) string {
	kind, _ := want["kind"].(string)
	metadata, _ := want["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return strings.TrimSpace(kind + " " + name)
}

func (x *Examiner) consoleDiffers(q *Console) []Detail {
	closest, found := x.typedMatching(q)
	switch {
	case found:
		return nil
	case closest == nil:
		return []Detail{{Path: "console", Want: "/" + q.Command + "/"}}
	case q.Exit != nil && *q.Exit != closest.Exit:
		return []Detail{{Path: closest.Line, Want: fmt.Sprintf("exit %d", *q.Exit), Got: fmt.Sprintf("exit %d", closest.Exit)}}
	}
	return []Detail{{Path: closest.Line, Want: "/" + q.Output + "/", Got: shorten(closest.output.String())}}
}

// shorten keeps a detail readable.
func shorten(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func (x *Examiner) componentDiffers(want *Component) ([]Detail, error) {
	if x.staff == nil {
		return nil, beyond("components")
	}
	actors := x.staff()
	i := slices.IndexFunc(actors, func(a cluster.ActorState) bool { return a.Name == want.Name })
	if i < 0 {
		return nil, fmt.Errorf("there is no component %q", want.Name)
	}
	is := "running"
	switch a := actors[i]; {
	case a.Stopped:
		is = "stopped"
	case a.Held:
		is = "held"
	}
	if is == want.State {
		return nil, nil
	}
	return []Detail{{Path: want.Name, Want: want.State, Got: is}}, nil
}

// trafficDiffers says of the run of requests that is closest to what is wanted
// how it differs.
func (x *Examiner) trafficDiffers(want *Traffic) ([]Detail, error) {
	if x.traffic == nil {
		return nil, beyond("traffic")
	}
	lost := want.Lost
	if lost == nil {
		lost = &Range{Max: new(int)}
	}
	closest := []Detail{{Path: "requests", Want: strings.TrimSpace(want.Sent.String() + " " + want.URL)}}
	for _, run := range x.traffic() {
		switch {
		case want.URL != "" && want.URL != run.URL:
		case !run.Over || !want.Sent.Has(run.Sent):
			closest = []Detail{{Path: "requests " + run.URL, Want: want.Sent.String(), Got: fmt.Sprint(run.Sent)}}
		case !lost.Has(run.Missed()):
			closest = []Detail{{Path: "requests lost", Want: lost.String(), Got: reasons(&run)}}
		default:
			return nil, nil
		}
	}
	return closest, nil
}

// reasons are how many requests were lost, and why.
func reasons(run *cluster.Traffic) string {
	if run.Missed() == 0 {
		return "0"
	}
	out := []string{}
	for _, why := range sortedKeys(run.Lost) {
		out = append(out, fmt.Sprintf("%d %s", run.Lost[why], why))
	}
	return strings.Join(out, ", ")
}

// judge scores an answer.
func (x *Examiner) judge(c *Check, a Answer) Result {
	r := Result{Status: Failed}
	switch {
	case c.Choice != nil:
		r.Score, r.Wrong = c.Choice.score(a.Choose)
	case c.Match != nil:
		r.Score = c.Match.score(a.Pairs)
	case c.Order != nil:
		r.Score = c.Order.score(a.Order).Score
	case c.Predict != nil:
		p, err := x.lesson.Predicted(c, a)
		if err != nil {
			return Result{Status: Unavailable, Details: []Detail{{Path: c.ID, Got: err.Error()}}}
		}
		r.Prediction, r.Score = p, p.Score
		r.Wrong = p.misconceptions()
	case c.Number != nil:
		return x.judgeNumber(c.Number, a)
	default:
		return x.judgeText(c.Text, a)
	}
	if r.Score >= 1 {
		r.Status, r.Score = Passed, 1
	}
	return r
}

func (x *Examiner) judgeNumber(q *Number, a Answer) Result {
	got, err := parseNumber(a.Text)
	if err != nil {
		return Result{Status: Failed, Details: []Detail{{Path: "answer", Got: a.Text}}}
	}
	right := []float64{}
	if q.Right != nil {
		right = append(right, *q.Right)
	} else {
		values, err := x.read(q.From)
		if err != nil {
			return Result{Status: Unavailable, Details: []Detail{{Got: err.Error()}}}
		}
		for _, v := range values {
			if n, err := parseNumber(v); err == nil {
				right = append(right, n)
			}
		}
	}
	for _, want := range right {
		if got >= want-q.Tolerance && got <= want+q.Tolerance {
			return Result{Status: Passed}
		}
	}
	return Result{Status: Failed}
}

func (x *Examiner) judgeText(q *Text, a Answer) Result {
	right := q.Right
	if q.From != nil {
		var err error
		if right, err = x.read(q.From); err != nil {
			return Result{Status: Unavailable, Details: []Detail{{Got: err.Error()}}}
		}
	}
	for _, want := range right {
		if got := normal(a.Text); got != "" && got == normal(want) {
			return Result{Status: Passed}
		}
	}
	return Result{Status: Failed}
}

// read takes the right answers from the cluster.
func (x *Examiner) read(from *From) ([]string, error) {
	objects, differs, err := find(x.world, from.Object)
	if err != nil {
		return nil, err
	}
	path, err := chain.ParsePath(from.Path)
	if err != nil {
		return nil, err
	}
	var out []string
	n := 0
	for i, obj := range objects {
		if len(differs[i]) > 0 {
			continue
		}
		n++
		if v := path.In(obj); v != nil {
			out = append(out, text(v))
		}
	}
	if from.Path == "count" {
		return []string{fmt.Sprint(n)}, nil
	}
	return out, nil
}
