package main

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// names replaces what chance decides: pod names and the nodes they run on.
// A pod becomes <replicaset>-pod<n>, counted by the revision at which the
// scenario first touches it, so that pod1 is the first created or deleted. One
// whose name was not generated (a StatefulSet's) keeps it.
// The hash of a restarted template, which holds the time, becomes RESTARTED.
type names struct {
	pods   map[string]string
	nodes  map[string]string
	hashes map[string]string
}

func nameObjects(initial, frames []frame) names {
	n := names{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, f := range slices.Concat(initial, frames) {
		restarted := text(f.Object, "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
		if hash := text(f.Object, "metadata", "labels", "pod-template-hash"); restarted != "" && f.Resource == "replicasets" {
			n.hashes[hash] = "RESTARTED"
		}
	}
	count := map[string]int{}
	add := func(f frame) {
		pod := text(f.Object, "metadata", "name")
		if f.Resource != "pods" {
			return
		}
		if node := text(f.Object, "spec", "nodeName"); node != "" {
			n.nodes[pod] = node
		}
		if n.pods[pod] == "" && anySuffix.MatchString(pod) {
			set := n.inText(strings.TrimSuffix(text(f.Object, "metadata", "generateName"), "-"))
			count[set]++
			n.pods[pod] = fmt.Sprintf("%s-pod%d", set, count[set])
		}
	}
	for _, f := range frames {
		add(f)
	}
	sort.Slice(initial, func(i, j int) bool { return revisionOf(initial[i].Object) < revisionOf(initial[j].Object) })
	for _, f := range initial {
		add(f)
	}
	return n
}

func (n names) node(pod string) string { return n.nodes[pod] }

func (n names) name(s string) string {
	if v, ok := n.pods[s]; ok {
		return v
	}
	if strings.HasPrefix(s, "judge-") {
		return "NAMESPACE"
	}
	return n.inText(s)
}

var (
	anySuffix    = regexp.MustCompile(`-[bcdfghjklmnpqrstvwxz2456789]{5}$`)
	anyNode      = regexp.MustCompile(`\bnode-\d+\b`)
	anyNamespace = regexp.MustCompile(`\bjudge-[a-z-]+-\d+-\d{6}\b`)
)

// inText replaces names within a message.
func (n names) inText(s string) string {
	for pod, name := range n.pods {
		s = strings.ReplaceAll(s, pod, name)
	}
	for hash, name := range n.hashes {
		s = strings.ReplaceAll(s, hash, name)
	}
	return anyNamespace.ReplaceAllString(anyNode.ReplaceAllString(s, "NODE"), "NAMESPACE")
}

// normalise returns a copy of an object without what differs from run to run:
// managed fields are dropped; identities, times, addresses and nodes get a fixed word.
func normalise(v any, ns string, n names) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for k, e := range v {
			switch {
			case k == "managedFields" || k == "resourceVersion":
			case k == "uid":
				out[k] = "UID"
			case k == "nodeName" || k == "hostIP" || k == "podIP" || k == "ip":
				out[k] = strings.ToUpper(k)
			default:
				out[k] = normalise(e, ns, n)
			}
		}
		sortConditions(out)
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, normalise(e, ns, n))
		}
		return out
	case string:
		return normaliseText(v, ns, n)
	}
	return v
}

// sortConditions puts conditions in the order of their types: a controller
// moves one to the end when it changes.
func sortConditions(o object) {
	if list, ok := o["conditions"].([]any); ok {
		slices.SortStableFunc(list, func(a, b any) int {
			x, _ := a.(object)
			y, _ := b.(object)
			return strings.Compare(text(x, "type"), text(y, "type"))
		})
	}
}

var aTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)

func normaliseText(s, ns string, n names) string {
	if aTime.MatchString(s) {
		return "TIME"
	}
	if s == ns {
		return "NAMESPACE"
	}
	if strings.HasPrefix(s, "kube-api-access-") {
		return "kube-api-access-RANDOM"
	}
	return n.inText(s)
}
