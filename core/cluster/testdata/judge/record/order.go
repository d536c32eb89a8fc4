package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// pair says that the first write comes before the second in every run. A write
// is named "actor verb resource name #n": the n-th of its kind in the run;
// "#last" is the last one, where the number of them varies.
type pair [2]string

// commonOrder returns the pairs of related writes that hold in every run, as a
// transitive reduction: what follows from two others is left out. Without
// status, the controllers' status writes, whose number and place vary most, are
// left out.
func commonOrder(runs []run, status bool) []pair {
	positions := make([]map[string]int, len(runs))
	for i, r := range runs {
		positions[i] = positionsIn(r, status)
	}
	keys := common(positions)
	before := map[string]map[string]bool{}
	for _, a := range keys {
		before[a] = map[string]bool{}
		for _, b := range keys {
			before[a][b] = a != b && related(a, b) && always(positions, a, b)
		}
	}
	out := []pair{}
	for _, a := range keys {
		for _, b := range keys {
			if before[a][b] && !implied(keys, before, a, b) {
				out = append(out, pair{a, b})
			}
		}
	}
	return out
}

// related says whether the first write can be a cause of the second. They must
// concern the same object, or an object and its owner (names show it: web,
// web-5f57bf4468, web-5f57bf4468-pod1), and the one's actor must be one that the
// other's listens to; or a kubelet changed a pod and the Deployment controller
// decides about any ReplicaSet. Writes on two pods of one set that always come
// in one order do so by speed, not by cause.
func related(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if y[0] == deploymentController && (x[0] == deploymentController || strings.HasPrefix(x[0], "kubelet/")) {
		return true
	}
	if only, ok := wakes[x[0]]; ok && !isStatus(a) && !slices.Contains(only, y[0]) {
		return false
	}
	return isOwner(x[3], y[3]) || isOwner(y[3], x[3])
}

const deploymentController = "deployment-controller"

// wakes lists whom an actor's writes, other than of status, set to work; the
// writes of actors that are not in it may concern anyone.
var wakes = map[string][]string{
	deploymentController:    {deploymentController, "replicaset-controller", "garbage-collector"},
	"replicaset-controller": {"replicaset-controller", "scheduler", "kubelet/NODE"},
}

func isOwner(owner, name string) bool {
	return owner == name || owner == "NAMESPACE" || strings.HasPrefix(name, owner+"-")
}

// statusOnly keeps the pairs that name a controller's status write.
func statusOnly(pairs []pair) []pair {
	out := []pair{}
	for _, p := range pairs {
		if isStatus(p[0]) || isStatus(p[1]) {
			out = append(out, p)
		}
	}
	return out
}

// isStatus recognises a status write of a controller; a kubelet's is the pod starting.
func isStatus(s string) bool {
	return strings.Contains(s, "/status") && !strings.HasPrefix(s, "kubelet/")
}

func positionsIn(r run, status bool) map[string]int {
	at, seen, last := map[string]int{}, map[string]int{}, map[string]int{}
	for i, w := range r.Writes {
		g := generic(w)
		k := fmt.Sprintf("%s %s %s %s", g.Actor, g.Verb, g.Resource, w.Name)
		if w.NoOp || !status && isStatus(k) {
			continue
		}
		seen[k]++
		at[fmt.Sprintf("%s #%d", k, seen[k])] = i
		last[k] = i
	}
	for k, i := range last {
		at[k+" #last"] = i
	}
	return at
}

// common returns the writes that every run has, ordered as in the first run;
// "#last" is left out where it is the same write as a numbered one in every run.
func common(positions []map[string]int) []string {
	var keys []string
	for k := range positions[0] {
		ok := true
		for _, p := range positions {
			if _, has := p[k]; !has {
				ok = false
			}
		}
		if ok && !isNumbered(positions, k) {
			keys = append(keys, k)
		}
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := positions[0][keys[i]], positions[0][keys[j]]
		return a < b || a == b && keys[i] < keys[j]
	})
	return keys
}

func isNumbered(positions []map[string]int, k string) bool {
	const suffix = "#last"
	if len(k) < len(suffix) || k[len(k)-len(suffix):] != suffix {
		return false
	}
	for n := 1; ; n++ {
		numbered := fmt.Sprintf("%s#%d", k[:len(k)-len(suffix)], n)
		same, has := true, true
		for _, p := range positions {
			i, ok := p[numbered]
			has = has && ok
			same = same && ok && i == p[k]
		}
		if same {
			return true
		}
		if !has {
			return false
		}
	}
}

func always(positions []map[string]int, a, b string) bool {
	for _, p := range positions {
		if p[a] >= p[b] {
			return false
		}
	}
	return true
}

func implied(keys []string, before map[string]map[string]bool, a, b string) bool {
	for _, c := range keys {
		if before[a][c] && before[c][b] {
			return true
		}
	}
	return false
}
