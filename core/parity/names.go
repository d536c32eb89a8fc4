package parity

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// names replaces what chance decides in names and messages.
type names struct {
	namespace string
	nodes     bool              // nodes keep their names: the scenario brought them
	anywhere  bool              // except in what is said of pods
	restarted map[string]string // hashes of templates that hold a time
	without   []string          // resources of which nothing is told
}

var (
	anyUID    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyNode   = regexp.MustCompile(`\bnode-\d+\b`)
	anyTime   = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\b)`)
	anyIP     = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b`)
	anyAge    = regexp.MustCompile(`^(\d+[dhms])+$`)
	anyMinute = regexp.MustCompile(`-(2\d{7})\b`)
	suffix    = regexp.MustCompile(`-[bcdfghjklmnpqrstvwxz2456789]{5}\b`)
	onANode   = regexp.MustCompile(`(on node|nominated) \S+`)
	access    = regexp.MustCompile(`kube-api-access-\w+`)
)

// learn notes the templates with the time of a restart in them.
func (n *names) learn(objects []Object) {
	for _, o := range objects {
		text, _ := json.Marshal(o.body)
		name := o.name()
		at := strings.LastIndex(name, "-")
		if (o.kind == "replicaset" || o.kind == "controllerrevision") && at > 0 && strings.Contains(string(text), "kubectl.kubernetes.io/restartedAt") {
			n.restarted[name[at+1:]] = "RESTARTED"
		}
	}
}

// plain is a text without what chance decides; generated suffixes become "*".
func (n *names) plain(s string) string { return suffix.ReplaceAllString(n.numbered(s), "-*") }

// numbered leaves generated suffixes as they are.
func (n *names) numbered(s string) string {
	for hash, name := range n.restarted {
		s = strings.ReplaceAll(s, hash, name)
	}
	s = strings.ReplaceAll(s, n.namespace, "NAMESPACE")
	s = anyTime.ReplaceAllString(anyUID.ReplaceAllString(s, "UID"), "TIME")
	s = anyMinute.ReplaceAllString(anyIP.ReplaceAllString(access.ReplaceAllString(s, "kube-api-access-*"), "IP"), "-MINUTE")
	if n.anywhere {
		s = onANode.ReplaceAllString(s, "$1 NODE")
	}
	if !n.nodes {
		s = anyNode.ReplaceAllString(s, "NODE")
	}
	return s
}

// line is a line that a command printed: spaces count as one, the ages of a
// table don't.
func (n *names) line(s string, table bool) string {
	words := strings.Fields(s)
	for i, w := range words {
		if table && anyAge.MatchString(w) {
			words[i] = "AGE"
		}
	}
	return n.plain(strings.Join(words, " "))
}

// pods numbers objects with generated names by the order in which writes
// touch them: "web-7887448d46-pod1" is the first created, or the first deleted.
func (n *names) pods(writes []Write) map[string]string {
	out, count := map[string]string{}, map[string]int{}
	for _, w := range writes {
		at := suffix.FindStringIndex(w.Name)
		kind, _, _ := strings.Cut(w.Resource, "/")
		if at == nil || at[1] != len(w.Name) || out[w.Name] != "" || !slices.Contains([]string{"pods", "endpointslices"}, kind) {
			continue
		}
		stem := n.numbered(w.Name[:at[0]]) + "-" + strings.TrimSuffix(kind, "s")
		count[stem]++
		out[w.Name] = fmt.Sprint(stem, count[stem])
	}
	return out
}

// leaveOut has nothing told of some resources: with endpoints, their slices too.
func (n *names) leaveOut(resources []string) {
	n.without = append(n.without, resources...)
	if slices.Contains(resources, "endpoints") {
		n.without = append(n.without, "endpointslice", "endpointslices")
	}
}

func (n *names) leftOut(w Write) bool {
	resource, _, _ := strings.Cut(w.Resource, "/")
	return slices.Contains(n.without, resource)
}
