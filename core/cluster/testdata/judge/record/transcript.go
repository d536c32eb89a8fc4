package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strings"
)

// transcript is the file: its fields are explained in README.md beside the files.
type transcript struct {
	Scenario    string    `json:"scenario"`
	Kubernetes  string    `json:"kubernetes"`
	Setup       []string  `json:"setup,omitempty"`
	Command     string    `json:"command"`
	Recorded    int       `json:"recorded"`
	Writes      []counted `json:"writes"`
	Refused     []counted `json:"refused,omitempty"`
	Order       []pair    `json:"order"`
	StatusOrder []pair    `json:"statusOrder,omitempty"`
	Events      []event   `json:"events"`
	Final       objects   `json:"final"`
	Varies      []string  `json:"varies,omitempty"`
	Runs        []run     `json:"runs"`
}

// objects are normalised objects by resource.
type objects map[string][]object

// run is what one run did. Writes are in the order of their revisions.
type run struct {
	Writes   []writeEntry `json:"writes"`
	Refusals []writeEntry `json:"refusals,omitempty"`
	Events   []event      `json:"events"`
}

type writeEntry struct {
	Actor    string `json:"actor"`
	Verb     string `json:"verb"`
	Resource string `json:"resource"`
	Name     string `json:"name"`
	Code     int    `json:"code"`
	NoOp     bool   `json:"noop,omitempty"`
	After    int    `json:"after,omitempty"`
	revision int64
}

type event struct {
	Verb      string `json:"verb,omitempty"`
	Component string `json:"component"`
	Object    string `json:"object"`
	Type      string `json:"type"`
	Reason    string `json:"reason"`
	Message   string `json:"message"`
	Count     int    `json:"count,omitempty"`
	Min       *int   `json:"min,omitempty"`
	Max       *int   `json:"max,omitempty"`
}

// counted is how often a kind of write happens in a run, over all runs.
type counted struct {
	Actor    string `json:"actor"`
	Verb     string `json:"verb"`
	Resource string `json:"resource"`
	Code     int    `json:"code,omitempty"`
	Min      int    `json:"min"`
	Max      int    `json:"max"`
}

// order sorts the writes by revision and notes for each refusal after how many writes it came.
func (r *run) order() {
	sort.SliceStable(r.Writes, func(i, j int) bool { return r.Writes[i].revision < r.Writes[j].revision })
	for i, f := range r.Refusals {
		for _, w := range r.Writes {
			if w.revision <= f.revision {
				r.Refusals[i].After++
			}
		}
	}
}

func (t *transcript) addFinal(o objects) {
	if t.Final == nil {
		t.Final = o
		return
	}
	var a, b any
	remarshal(t.Final, &a)
	remarshal(o, &b)
	seen := map[string]bool{}
	for _, v := range t.Varies {
		seen[v] = true
	}
	for _, d := range differences("", a, b) {
		if !seen[d] {
			seen[d] = true
			t.Varies = append(t.Varies, d)
		}
	}
	sort.Strings(t.Varies)
}

// differences lists the paths at which two values differ.
func differences(path string, a, b any) []string {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	var out []string
	am, aok := a.(object)
	bm, bok := b.(object)
	if aok && bok {
		for _, k := range keysOf(am, bm) {
			out = append(out, differences(path+"/"+k, am[k], bm[k])...)
		}
		return out
	}
	al, aok := a.([]any)
	bl, bok := b.([]any)
	if aok && bok && len(al) == len(bl) {
		for i := range al {
			out = append(out, differences(fmt.Sprintf("%s/%d", path, i), al[i], bl[i])...)
		}
		return out
	}
	return []string{path}
}

func keysOf(ms ...object) []string {
	set := map[string]bool{}
	for _, m := range ms {
		for k := range m {
			set[k] = true
		}
	}
	out := []string{}
	for k := range set {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func remarshal(in, out any) {
	b, _ := json.Marshal(in)
	_ = json.Unmarshal(b, out)
}

// derive computes what the runs have in common.
func (t *transcript) derive(keep int) {
	t.Recorded = len(t.Runs)
	t.Writes = count(t.Runs, func(r run) []writeEntry { return r.Writes })
	t.Refused = count(t.Runs, func(r run) []writeEntry { return r.Refusals })
	for i := range t.Writes {
		t.Writes[i].Code = 0
	}
	t.Events = countEvents(t.Runs)
	t.Order, t.StatusOrder = commonOrder(t.Runs, false), statusOnly(commonOrder(t.Runs, true))
	t.Runs = t.Runs[:min(keep, len(t.Runs))]
}

var nodeActor = regexp.MustCompile(`^kubelet/.*`)

func generic(w writeEntry) counted {
	return counted{Actor: nodeActor.ReplaceAllString(w.Actor, "kubelet/NODE"), Verb: w.Verb, Resource: w.Resource, Code: w.Code}
}

func count(runs []run, of func(run) []writeEntry) []counted {
	counts := map[counted][]int{}
	for i, r := range runs {
		for _, w := range of(r) {
			if w.NoOp {
				continue
			}
			k := generic(w)
			if k.Code < 400 {
				k.Code = 0
			}
			if counts[k] == nil {
				counts[k] = make([]int, len(runs))
			}
			counts[k][i]++
		}
	}
	var out []counted
	for k, n := range counts {
		k.Min, k.Max = minMax(n)
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool { return fmt.Sprint(out[i]) < fmt.Sprint(out[j]) })
	return out
}

func countEvents(runs []run) []event {
	counts := map[event][]int{}
	for i, r := range runs {
		for _, e := range r.Events {
			if counts[e] == nil {
				counts[e] = make([]int, len(runs))
			}
			counts[e][i]++
		}
	}
	out := []event{}
	for e, n := range counts {
		lo, hi := minMax(n)
		e.Min, e.Max = &lo, &hi
		out = append(out, e)
	}
	key := func(e event) string {
		return strings.Join([]string{e.Component, e.Object, e.Reason, e.Message, e.Verb}, "\x00")
	}
	sort.Slice(out, func(i, j int) bool { return key(out[i]) < key(out[j]) })
	return out
}

func minMax(n []int) (lo, hi int) {
	lo, hi = n[0], n[0]
	for _, v := range n {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi
}

var scalars = regexp.MustCompile(`\{\n\s+("(?:actor|verb|component)": [^{}\[\]]*?)\n\s+\}`)
var pairs = regexp.MustCompile(`\[\n\s+("[^"]*"),\n\s+("[^"]*")\n\s+\]`)
var gap = regexp.MustCompile(`\n\s+`)

// compact puts each write, event and pair on one line, for diffs that can be read.
func compact(b []byte) []byte {
	b = scalars.ReplaceAllFunc(b, func(m []byte) []byte { return gap.ReplaceAll(m, []byte(" ")) })
	return pairs.ReplaceAll(b, []byte("[$1, $2]"))
}
