package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// entry is the part of an audit.k8s.io/v1 Event that a transcript needs.
type entry struct {
	Verb, UserAgent string
	StageTimestamp  string
	ObjectRef       struct{ Resource, Subresource, Namespace, Name string }
	ResponseStatus  struct{ Code int }
	ResponseObject  object
}

// readAudit returns the entries from an offset that touch a namespace or its objects.
func readAudit(path string, from int64, ns string) ([]entry, error) {
	n, err := size(path)
	if err != nil {
		return nil, err
	}
	if n >= from {
		return readLog(path, from, ns)
	}
	// The API server has begun a new file and renamed the old one.
	ext := filepath.Ext(path)
	old, err := filepath.Glob(strings.TrimSuffix(path, ext) + "-*" + ext)
	if err != nil || len(old) == 0 {
		return nil, fmt.Errorf("%s was cut short while recording", path)
	}
	slices.Sort(old)
	first, err := readLog(old[len(old)-1], from, ns)
	if err != nil {
		return nil, err
	}
	rest, err := readLog(path, 0, ns)
	return append(first, rest...), err
}

func readLog(path string, from int64, ns string) ([]entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, err
	}
	var out []entry
	r, needle := bufio.NewReader(f), []byte(ns)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return out, nil // an unfinished last line is read the next time
		}
		var e entry
		if bytes.Contains(line, needle) && json.Unmarshal(line, &e) == nil && e.concerns(ns) {
			out = append(out, e)
		}
	}
}

func (e entry) concerns(ns string) bool {
	if e.ObjectRef.Resource == "namespaces" {
		return e.name() == ns
	}
	return e.ObjectRef.Namespace == ns && e.ObjectRef.Resource != "leases"
}

func (e entry) name() string {
	if e.ObjectRef.Name != "" {
		return e.ObjectRef.Name
	}
	return text(e.ResponseObject, "metadata", "name")
}

func (e entry) resource() string {
	if e.ObjectRef.Subresource == "" {
		return e.ObjectRef.Resource
	}
	return e.ObjectRef.Resource + "/" + e.ObjectRef.Subresource
}

// actor maps a user agent such as
// "kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/abc/deployment-controller"
// to the name of the component; node is where the pod concerned runs.
func (e entry) actor(node string) string {
	program, _, _ := strings.Cut(e.UserAgent, "/")
	part := e.UserAgent[strings.LastIndex(e.UserAgent, "/")+1:]
	switch {
	case program == "kwok" || program == "kubelet":
		return "kubelet/" + node
	case program == "kube-scheduler":
		return "scheduler"
	case part == "generic-garbage-collector":
		return "garbage-collector"
	case program == "kube-controller-manager" && part != "":
		return part
	}
	return program
}

// join turns the audit entries of a run into writes in the order of their
// revisions, refusals and events, with normalised names.
func join(es []entry, frames []frame, n names) run {
	sort.SliceStable(es, func(i, j int) bool { return es[i].StageTimestamp < es[j].StageTimestamp })
	at := revisions(es, frames)
	var r run
	last := int64(0)
	for i, e := range es {
		w := writeEntry{
			Actor: e.actor(n.node(e.name())), Verb: e.Verb, Resource: e.resource(),
			Name: n.name(e.name()), Code: e.ResponseStatus.Code, revision: at[i],
		}
		switch {
		case e.ObjectRef.Resource == "events":
			if e.Verb == "create" || e.Verb == "patch" {
				r.Events = append(r.Events, eventOf(e, n))
			}
			continue
		case w.Code >= 400:
			w.revision = last
			r.Refusals = append(r.Refusals, w)
			continue
		case w.revision == 0: // nothing changed, or an object that is not watched
			if v := revisionOf(e.ResponseObject); v > last && !isWatched(e.ObjectRef.Resource) {
				w.revision = v
			} else {
				w.revision, w.NoOp = last, isWatched(e.ObjectRef.Resource) && e.Verb != "deletecollection"
			}
		}
		last = max(last, w.revision)
		r.Writes = append(r.Writes, w)
	}
	r.order()
	return r
}

// revisions gives each entry the revision at which its write shows in a watch, 0
// when it does not show. Most answers carry the object and so the revision; a
// binding and a deletion that is final at once do not, and are found in the
// frames. (The last delete of a pod is two revisions: grace period 0, then gone.)
func revisions(es []entry, frames []frame) map[int]int64 {
	at, taken := map[int]int64{}, map[int64]bool{}
	for _, match := range []func(entry, frame) bool{answers, explains} {
		for _, f := range frames {
			v := revisionOf(f.Object)
			for i, e := range es {
				if at[i] == 0 && !taken[v] && e.ResponseStatus.Code < 400 && e.ObjectRef.Resource == f.Resource && match(e, f) {
					at[i], taken[v] = v, true
				}
			}
		}
	}
	return at
}

// answers says whether a write was answered with the object of a frame.
func answers(e entry, f frame) bool {
	v := revisionOf(e.ResponseObject)
	return v != 0 && v == revisionOf(f.Object)
}

// explains says whether a write that was not answered with the object of a frame
// can be its cause: a binding, a deletion, or the removal of the last finalizer.
func explains(e entry, f frame) bool {
	if e.name() != text(f.Object, "metadata", "name") {
		return false
	}
	switch {
	case e.ObjectRef.Subresource == "binding":
		// not a later change of an earlier pod of that name
		return f.Type == "MODIFIED" && text(f.Object, "spec", "nodeName") != "" &&
			text(f.Object, "status", "phase") == "Pending" && text(f.Object, "metadata", "deletionTimestamp") == ""
	case e.Verb == "delete":
		return f.Type == "DELETED" && revisionOf(e.ResponseObject) == 0
	}
	return e.Verb == "patch" && f.Type == "DELETED"
}

func isWatched(resource string) bool {
	for _, w := range watched {
		if w.resource == resource {
			return true
		}
	}
	return false
}

func eventOf(e entry, n names) event {
	o := e.ResponseObject
	first := func(paths ...[]string) string {
		for _, p := range paths {
			if s := text(o, p...); s != "" {
				return s
			}
		}
		return ""
	}
	count, _ := o["count"].(float64)
	regarding := first([]string{"involvedObject", "name"}, []string{"regarding", "name"})
	kind := first([]string{"involvedObject", "kind"}, []string{"regarding", "kind"})
	return event{
		Verb: e.Verb, Type: text(o, "type"), Reason: text(o, "reason"),
		Message:   n.inText(first([]string{"message"}, []string{"note"})),
		Component: first([]string{"reportingComponent"}, []string{"reportingController"}, []string{"source", "component"}),
		Object:    strings.ToLower(kind) + "/" + n.name(regarding), Count: int(count),
	}
}

func revisionOf(o object) int64 {
	v, _ := strconv.ParseInt(text(o, "metadata", "resourceVersion"), 10, 64)
	return v
}

// text reads a string at a path, "" where there is none.
func text(o object, path ...string) string {
	var v any = o
	for _, p := range path {
		m, ok := v.(object)
		if !ok {
			return ""
		}
		v = m[p]
	}
	s, _ := v.(string)
	return s
}
