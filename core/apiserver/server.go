// Package apiserver is the API server: a function from a request to a
// response, and watches beside it. It is the only component that talks to the
// store; all others meet here.
//
// One write, read through the files in order: Serve finds the resource and the
// verb (server.go); the object is stamped, defaulted, admitted and validated
// (create.go, update.go, patch.go, delete.go; admission.go before the
// validation, admit.go after it) and encoded once
// into one store transaction that compares the mod revision (write.go). The
// store tells the cache (cache.go), which decodes what was stored and hands
// the same immutable object to every watch that it matches (watch.go). The
// wire form (wire*.go) turns paths, query options and bytes into the same
// requests and renders the answers as JSON, YAML and tables.
//
// The server keeps nothing of its own: New rebuilds the cache from the store.
//
// It follows k8s.io/apiserver v0.36 (pkg/registry/generic/registry/store.go,
// pkg/registry/rest, pkg/endpoints/handlers, pkg/storage/cacher) and
// kubernetes v1.36 pkg/registry. The kinds that a cluster defines are served as
// those of the registry are (kinds.go). Left out: every way to authenticate but
// service accounts' tokens, conversion between versions by webhook, rules in the
// Common Expression Language, CBOR, webhooks, admission policies and the plugins
// that admission.go names, attach, port-forward and proxies; exec (exec.go) is
// for the console alone, for which a request and its frames do. Nothing waits
// here: where the real server would wait (for a resourceVersion in the future,
// for a namespace or service account that is about to exist) this one answers at
// once as the real one does when it has given up. A watch's timeoutSeconds is
// the edge's to keep.
package apiserver

import (
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/managed"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/store"
)

// DefaultEventTTL is how long events are kept, as kube-apiserver's --event-ttl.
const DefaultEventTTL = time.Hour

// Options are what the world lends the server. Now and Rand are needed.
type Options struct {
	// Now is virtual time.
	Now func() time.Time
	// Rand returns the dice of a purpose: "uid", "name", "token-volume".
	Rand func(purpose string) *rand.Rand
	// Refused is told of every request answered with an error. The origin's
	// Code is the answer's.
	Refused func(origin store.Origin, status *metav1.Status)
	// Logs answers for the kubelet that runs the pod. An error that is an
	// apierrors.APIStatus is answered as it is.
	Logs func(LogRequest) ([]byte, error)
	// Usage answers for the kubelet that runs the pod: what its containers use
	// when idle. nil means that there are no metrics.
	Usage func(*corev1.Pod) []ContainerUsage
	// Exec has the kubelet that runs the pod run a command; nil refuses. Errors
	// are answered as those of Logs; that of done may be an ExitStatus.
	Exec func(req ExecRequest, out func(text string, err bool), done func(error)) (Program, error)
	// EventTTL is how long events are kept; 0 means DefaultEventTTL.
	EventTTL time.Duration
	// Tokens signs service accounts' tokens; nil where none is ever shown.
	Tokens Tokens
	// Roles are made by Bootstrap beside those that every cluster has.
	Roles []api.Object
	// Version is what /version answers; nil means DefaultVersion.
	Version *version.Info
}

// LogRequest asks for a container's log. Container is never empty; Options are
// the query's others: previous, tailLines, timestamps, ….
type LogRequest struct {
	Pod       *corev1.Pod
	Container string
	Options   map[string]string
}

// Server is the API server over one store. It implements rest.Server and
// rest.Transport. Like everything in the world it is not safe for concurrent use.
type Server struct {
	st      *store.Store
	opts    Options
	shelves map[schema.GroupVersionResource]*shelf
	byKey   map[string][]*shelf // by the folder of a key below /registry/
	custom  customKinds
	heard   *store.Watcher
	lease   eventLease
	keeper  *managed.Keeper
	// documents are the OpenAPI documents made so far.
	documents map[schema.GroupVersion][]byte
	swagger   []byte // that of v2, which tells of all group versions
}

var (
	_ rest.Server    = (*Server)(nil)
	_ rest.Kinds     = (*Server)(nil)
	_ rest.Transport = (*Server)(nil)
)

// New makes a server over what the store holds. It fails on an object that it
// cannot decode.
func New(st *store.Store, opts Options) (*Server, error) {
	if opts.EventTTL == 0 {
		opts.EventTTL = DefaultEventTTL
	}
	if opts.Version == nil {
		opts.Version = DefaultVersion()
	}
	s := &Server{
		st: st, opts: opts, shelves: map[schema.GroupVersionResource]*shelf{}, byKey: map[string][]*shelf{},
		documents: map[schema.GroupVersion][]byte{}, keeper: managed.NewKeeper(),
	}
	for _, res := range api.Stored() {
		sh := newShelf(res)
		s.shelves[res.GVR()], s.byKey[sh.folder] = sh, []*shelf{sh}
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	var err error
	s.heard, err = st.Watch(store.WatchRequest{Key: registryRoot, End: store.PrefixEnd(registryRoot), PrevKV: true}, s.hear)
	return s, err
}

// Close ends the server's own watch of the store; nothing can be asked of it afterwards.
func (s *Server) Close() { s.heard.Cancel() }

// call is one request on its way through the server.
type call struct {
	*rest.Request
	res      *api.Resource
	form     *api.Resource // what is asked for, where that is a form of res
	shelf    *shelf        // nil where res is answered unstored
	warnings []string
	charges  []quotaCharge // what quotas are to be charged when the object is stored
	wrote    int64         // the last revision this call made
	managed  bool          // the object says who manages it already: it was applied
}

// answer is what a call comes to: an object, or a list that is not built yet.
type answer struct {
	code   int
	object runtime.Object
	list   *listing
	text   []byte
}

// listing is a list's parts; items are shared.
type listing struct {
	res   *api.Resource
	items []api.Object
	meta  metav1.ListMeta
}

// Serve answers one request.
func (s *Server) Serve(req *rest.Request) *rest.Response {
	c, ans, err := s.serve(req)
	if err != nil {
		resp := s.refuse(c.Request, err)
		resp.Warnings = c.warnings
		return resp
	}
	resp := &rest.Response{Code: ans.code, Object: ans.object, Text: ans.text, Revision: c.wrote, Warnings: c.warnings}
	if ans.list != nil {
		list, err := api.NewList(ans.list.res, ans.list.items, ans.list.meta)
		if err != nil {
			return s.refuse(req, err)
		}
		resp.Object = list
	}
	return resp
}

// refuse turns an error into a response and tells the trace.
func (s *Server) refuse(req *rest.Request, err error) *rest.Response {
	status := statusOf(err)
	if s.opts.Refused != nil {
		s.opts.Refused(s.origin(req, int(status.Code)), status)
	}
	return &rest.Response{Code: int(status.Code), Object: status}
}

// serve finds out what is asked and does it. The call it returns is never nil.
func (s *Server) serve(req *rest.Request) (*call, answer, error) {
	c, err := s.resolve(req)
	if err != nil {
		if c.res != nil && c.res.Custom != nil && c.res.Deprecated != "" {
			c.warnings = append(c.warnings, c.res.Deprecated)
		}
		return c, answer{}, err
	}
	handle, err := handlerFor(c)
	if err != nil {
		return c, answer{}, err
	}
	if c.res.Deprecated != "" && c.form == nil {
		c.warnings = append(c.warnings, c.res.Deprecated)
	}
	ans, err := handle(s, c)
	if err == nil && c.form != nil {
		ans.reform(c.form)
	}
	return c, ans, err
}

// resolve finds the resource and checks the request's form.
func (s *Server) resolve(req *rest.Request) (*call, error) {
	own := *req
	c := &call{Request: &own, res: s.resourceOf(req.Resource)}
	if c.res == nil {
		return c, errUnknownResource()
	}
	if c.res.Form != nil {
		c.form, c.res = c.res, c.res.StoredAs()
	}
	c.shelf = s.shelves[c.res.GVR()]
	if c.res.Custom != nil && req.Subresource != "" && !c.res.HasSubresource(req.Subresource) {
		return c, c.errNotFound()
	}
	if req.Subresource != "" && !c.res.HasSubresource(req.Subresource) {
		return c, errUnknownResource()
	}
	if !c.res.Namespaced && req.Namespace != "" {
		return c, apierrors.NewBadRequest(fmt.Sprintf("%s are not namespaced", c.res.Plural))
	}
	if c.res.Namespaced && req.Namespace == "" && (req.Name != "" || req.Verb == rest.Create) {
		return c, apierrors.NewBadRequest("namespace is required")
	}
	return c, nil
}

type handler func(*Server, *call) (answer, error)

// handlers are the verbs of a resource and of its subresources. Get, update
// and patch of status and finalize are those of the object itself.
var handlers = map[string]map[string]handler{
	"": {
		rest.Get: (*Server).get, rest.List: (*Server).list, rest.Create: (*Server).create,
		rest.Update: (*Server).update, rest.Patch: (*Server).patch,
		rest.Delete: (*Server).delete, rest.DeleteCollection: (*Server).deleteCollection,
	},
	"status":              {rest.Get: (*Server).get, rest.Update: (*Server).update, rest.Patch: (*Server).patch},
	"finalize":            {rest.Update: (*Server).update},
	"scale":               {rest.Get: (*Server).getScale, rest.Update: (*Server).updateScale, rest.Patch: (*Server).patchScale},
	"binding":             {rest.Create: (*Server).bind},
	"log":                 {rest.Get: (*Server).log},
	"eviction":            {rest.Create: (*Server).evict},
	"token":               {rest.Create: (*Server).issueToken},
	"ephemeralcontainers": {rest.Get: (*Server).get, rest.Update: (*Server).update, rest.Patch: (*Server).patch},
	"resize":              {rest.Get: (*Server).get, rest.Update: (*Server).update, rest.Patch: (*Server).patch},
}

// handlerOf is how a verb is served; nil where it is not.
func handlerOf(res *api.Resource, sub, verb string) handler {
	switch {
	case sub == "" && !res.Serves(verb):
		return nil
	case sub == "" && res.Unstored:
		return unstored[res.GroupResource()][verb]
	}
	return handlers[sub][verb]
}

func handlerFor(c *call) (handler, error) {
	h := handlerOf(c.res, c.Subresource, c.Verb)
	if h == nil {
		return nil, errMethodNotAllowed()
	}
	if c.Name == "" && c.Verb != rest.List && c.Verb != rest.Create && c.Verb != rest.DeleteCollection {
		return nil, apierrors.NewBadRequest("name is required")
	}
	return h, nil
}

func isDryRun(values []string) bool { return len(values) > 0 }
