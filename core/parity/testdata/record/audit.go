package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tabernetes/tabernetes/core/parity"
)

type object = map[string]any

// entry is the part of an audit.k8s.io/v1 Event that a record needs.
type entry struct {
	Verb, UserAgent string
	StageTimestamp  string
	ObjectRef       struct{ Resource, Subresource, Namespace, Name string }
	ResponseStatus  struct{ Code int }
	ResponseObject  object
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
// to the name of the component.
func (e entry) actor() string {
	program, _, _ := strings.Cut(e.UserAgent, "/")
	part := e.UserAgent[strings.LastIndex(e.UserAgent, "/")+1:]
	switch {
	case program == "kwok":
		return "kubelet/NODE"
	case program == "kube-scheduler" || program == "kube-apiserver":
		return strings.TrimPrefix(program, "kube-")
	case part == "generic-garbage-collector":
		return "garbage-collector"
	case program == "kube-controller-manager" && part != "":
		return part
	}
	return program
}

// audit follows the audit log as it is written.
type audit struct {
	mu      sync.Mutex
	entries []entry
	at      []time.Time // when each was read
}

func tail(path string) (*audit, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	a := &audit{}
	go func() {
		r, part := bufio.NewReaderSize(f, 1<<20), []byte{}
		for {
			line, err := r.ReadBytes('\n')
			part = append(part, line...)
			if err == io.EOF {
				time.Sleep(50 * time.Millisecond)
				continue
			}
			var e entry
			if err != nil || json.Unmarshal(part, &e) == nil {
				a.mu.Lock()
				a.entries, a.at = append(a.entries, e), append(a.at, time.Now())
				a.mu.Unlock()
			}
			part = part[:0]
		}
	}()
	return a, nil
}

// since returns the entries after a place that concern someone, the place
// after the last, and when the last of them was read.
func (a *audit) since(from int, concerns func(entry) bool) (out []entry, next int, last time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := from; i < len(a.entries); i++ {
		if concerns(a.entries[i]) {
			out, last = append(out, a.entries[i]), a.at[i]
		}
	}
	return out, len(a.entries), last
}

// frame is one watch event.
type frame struct {
	resource string
	Type     string
	Object   object
}

// frames are all that the watches have told.
type frames struct {
	mu  sync.Mutex
	all []frame
}

// watched are the resources that are followed: the audit log does not say at
// which revision a binding or a deletion took place.
var watched = map[string]string{
	"pods": "/api/v1", "services": "/api/v1", "endpoints": "/api/v1", "nodes": "/api/v1", "resourcequotas": "/api/v1",
	"endpointslices": "/apis/discovery.k8s.io/v1", "poddisruptionbudgets": "/apis/policy/v1",
	"deployments": "/apis/apps/v1", "replicasets": "/apis/apps/v1", "daemonsets": "/apis/apps/v1",
	"statefulsets": "/apis/apps/v1", "controllerrevisions": "/apis/apps/v1",
	"jobs": "/apis/batch/v1", "cronjobs": "/apis/batch/v1", "horizontalpodautoscalers": "/apis/autoscaling/v2",
}

func (j *judge) watch() (*frames, error) {
	f := &frames{}
	for resource, prefix := range watched {
		resp, err := j.open(prefix + "/" + resource + "?watch=true")
		if err != nil {
			return nil, err
		}
		go f.read(resource, resp)
	}
	return f, nil
}

func (f *frames) read(resource string, resp *http.Response) {
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		one := frame{resource: resource}
		if json.Unmarshal(lines.Bytes(), &one) == nil {
			f.mu.Lock()
			f.all = append(f.all, one)
			f.mu.Unlock()
		}
	}
}

// of returns the frames about a namespace, or about nodes, in the order of
// their revisions.
func (f *frames) of(mine func(namespace string) bool) []frame {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []frame
	for _, one := range f.all {
		if one.resource == "nodes" || mine(text(one.Object, "metadata", "namespace")) {
			out = append(out, one)
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return revisionOf(out[a].Object) < revisionOf(out[b].Object) })
	return out
}

// joined are the entries that changed something, in the order of their
// revisions. taken are the revisions that earlier entries account for.
func joined(es []entry, fs []frame, taken map[int64]bool) []parity.Write {
	sort.SliceStable(es, func(a, b int) bool { return es[a].StageTimestamp < es[b].StageTimestamp })
	at := map[int]int64{}
	for _, match := range []func(entry, frame) bool{answers, explains} {
		for _, f := range fs {
			v := revisionOf(f.Object)
			for i, e := range es {
				if at[i] == 0 && !taken[v] && e.ResponseStatus.Code < 400 && e.ObjectRef.Resource == f.resource && match(e, f) {
					at[i], taken[v] = v, true
				}
			}
		}
	}
	type placed struct {
		parity.Write
		revision int64
	}
	var all []placed
	last := int64(0)
	for i, e := range es {
		if e.ResponseStatus.Code >= 400 || e.Verb == "deletecollection" {
			continue
		}
		v := at[i]
		if v == 0 && watched[e.ObjectRef.Resource] != "" {
			continue // nothing changed
		}
		if v == 0 {
			v = max(last, revisionOf(e.ResponseObject))
		}
		last = max(last, v)
		all = append(all, placed{parity.Write{Actor: e.actor(), Verb: e.Verb, Resource: e.resource(), Name: e.name()}, v})
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].revision < all[b].revision })
	var out []parity.Write
	for _, p := range all {
		out = append(out, p.Write)
	}
	return out
}

// answers says whether a write was answered with the object of a frame.
func answers(e entry, f frame) bool {
	v := revisionOf(e.ResponseObject)
	return v != 0 && v == revisionOf(f.Object)
}

// explains says whether a write that was not answered with the object of a
// frame can be its cause: a binding, an eviction, a deletion, or the removal
// of the last finalizer.
func explains(e entry, f frame) bool {
	if e.name() != text(f.Object, "metadata", "name") || e.ObjectRef.Resource != "nodes" && e.ObjectRef.Namespace != text(f.Object, "metadata", "namespace") {
		return false
	}
	going := text(f.Object, "metadata", "deletionTimestamp") != ""
	switch {
	case e.ObjectRef.Subresource == "binding":
		// not a later change of an earlier pod of that name
		return f.Type == "MODIFIED" && text(f.Object, "spec", "nodeName") != "" && text(f.Object, "status", "phase") == "Pending" && !going
	case e.ObjectRef.Subresource == "eviction":
		return f.Type == "DELETED" || going
	case e.Verb == "delete":
		return f.Type == "DELETED" && revisionOf(e.ResponseObject) == 0
	}
	return (e.Verb == "patch" || e.Verb == "update") && f.Type == "DELETED"
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

var errRestless = fmt.Errorf("it does not come to rest")
