package parity

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Write is a request that changed something.
type Write struct {
	Actor, Verb string
	Resource    string // with its subresource: "pods/binding"
	Name        string
}

var anyKubelet = regexp.MustCompile(`^kubelet/.*`)

// signs are components that sign as another: the user agent of the real
// taint-eviction-controller is the node controller's.
var signs = strings.NewReplacer("taint-eviction-controller ", "node-controller ")

func (w Write) what() string {
	return signs.Replace(anyKubelet.ReplaceAllString(w.Actor, "kubelet/NODE")+" ") + w.Verb + " " + w.Resource
}

// places maps "actor verb resource name #n", the n-th such write, to where it
// comes among all, from 1.
func places(n *names, writes []Write) map[string]int {
	at, seen, pods := map[string]int{}, map[string]int{}, n.pods(writes)
	for i, w := range writes {
		name := pods[w.Name]
		if name == "" {
			name = n.numbered(w.Name)
		}
		key := w.what() + " " + name
		seen[key]++
		at[fmt.Sprintf("%s #%d", key, seen[key])] = i + 1
	}
	return at
}

// Orders are the pairs of related writes that hold in every playing, "a < b",
// without those that follow from two others. The controllers' status writes,
// whose number and place vary most, are left out.
func Orders(runs []Seen) []Fact {
	keys := shared(runs)
	before := map[string]map[string]bool{}
	for _, a := range keys {
		before[a] = map[string]bool{}
		for _, b := range keys {
			before[a][b] = a != b && related(a, b) && always(runs, a, b)
		}
	}
	return reduced(keys, before)
}

// reduced are the pairs that do not follow from two others.
func reduced(keys []string, before map[string]map[string]bool) []Fact {
	var out []Fact
	for _, a := range keys {
		for _, b := range keys {
			if before[a][b] && !implied(keys, before, a, b) {
				out = append(out, Fact{Text: "order " + a + " < " + b, Min: 1, Max: 1})
			}
		}
	}
	return out
}

// kept are the recorded orders, and what followed from them, that hold in
// further playings too.
func kept(orders []Fact, runs []Seen) []Fact {
	var keys []string
	before := map[string]map[string]bool{}
	for _, f := range orders {
		a, b, _ := strings.Cut(strings.TrimPrefix(f.Text, "order "), " < ")
		for _, k := range []string{a, b} {
			if before[k] == nil {
				keys, before[k] = append(keys, k), map[string]bool{}
			}
		}
		before[a][b] = true
	}
	for _, via := range keys {
		for _, a := range keys {
			for _, b := range keys {
				before[a][b] = before[a][b] || before[a][via] && before[via][b]
			}
		}
	}
	for _, a := range keys {
		for _, b := range keys {
			before[a][b] = before[a][b] && related(a, b) && always(runs, a, b)
		}
	}
	return reduced(keys, before)
}

// related says whether the first write can be a cause of the second. They must
// concern the same object, or an object and its owner (names show it: web,
// web-5f57bf4468, web-5f57bf4468-pod1), and the one's actor must be one that the
// other's listens to; or a kubelet changed a pod and the Deployment controller
// decides about any ReplicaSet. Writes on two pods of one set that always come
// in one order do so by speed, not by cause; those of a stateful set wait for
// one another.
func related(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if y[0] == deploymentController && (x[0] == deploymentController || strings.HasPrefix(x[0], "kubelet/")) {
		return true
	}
	if only, ok := wakes[x[0]]; ok && !slices.Contains(only, y[0]) {
		return false
	}
	if x[0] == "statefulset-controller" && y[0] == x[0] && x[2] == "pods" && y[2] == x[2] {
		return true
	}
	return owns(x[3], y[3]) || owns(y[3], x[3])
}

const deploymentController = "deployment-controller"

// wakes lists whom an actor's writes set to work; the writes of actors that
// are not in it may concern anyone.
var wakes = map[string][]string{
	deploymentController:       {deploymentController, "replicaset-controller", "garbage-collector"},
	"replicaset-controller":    {"replicaset-controller", "scheduler", "kubelet/NODE"},
	"endpoint-controller":      {"endpoint-controller", "garbage-collector"},
	"endpointslice-controller": {"endpointslice-controller", "garbage-collector"},
}

func owns(owner, name string) bool {
	return owner == name || owner == "NAMESPACE" || strings.HasPrefix(name, owner+"-")
}

// shared are the writes that every playing has, ordered as in the first.
func shared(runs []Seen) []string {
	var keys []string
	for k := range runs[0].Places {
		everywhere := !strings.Contains(k, "/status ") || strings.HasPrefix(k, "kubelet/")
		for _, r := range runs {
			everywhere = everywhere && r.Places[k] > 0
		}
		if everywhere {
			keys = append(keys, k)
		}
	}
	sort.Slice(keys, func(i, j int) bool { return runs[0].Places[keys[i]] < runs[0].Places[keys[j]] })
	return keys
}

func always(runs []Seen, a, b string) bool {
	return !slices.ContainsFunc(runs, func(r Seen) bool { return !r.before(a, b) })
}

func implied(keys []string, before map[string]map[string]bool, a, b string) bool {
	return slices.ContainsFunc(keys, func(c string) bool { return before[a][c] && before[c][b] })
}
