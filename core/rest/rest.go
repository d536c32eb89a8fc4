// Package rest holds what passes between the API server and its clients: a
// Request in, a Response out, and the events of a watch. It is the seam that
// every arrow of the chain crosses.
//
// There are two forms of the same thing. Components inside the world use the
// typed form (Request, Response, WatchEvent), which shares immutable objects
// and costs no encoding. The console, and real clients over HTTP, use the wire
// form (Message, Reply): a method, a path, headers and bytes, exactly as
// Kubernetes' own. The API server turns wire into typed; nothing is possible
// in one form that isn't in the other.
package rest

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rbac"
)

// The verbs of the API, as audit logs and RBAC name them.
const (
	Get              = "get"
	List             = "list"
	Watch            = "watch"
	Create           = "create"
	Update           = "update"
	Patch            = "patch"
	Delete           = "delete"
	DeleteCollection = "deletecollection"
)

// Request is one call of the API, typed.
type Request struct {
	Verb        string
	Resource    schema.GroupVersionResource
	Subresource string
	Namespace   string // "" for cluster-scoped resources and for all namespaces
	Name        string

	// Object is the body of a create or update, decoded. It becomes the
	// server's: the caller must not change it afterwards.
	Object runtime.Object
	// Body is the undecoded body, with its ContentType, where Object is nil.
	Body        []byte
	ContentType string

	// PatchType says how Body changes the object.
	PatchType types.PatchType
	// Mutate, for in-world clients, replaces Body in a patch: it is given a
	// private copy of the current object to change.
	Mutate func(api.Object) error

	ListOptions   metav1.ListOptions
	CreateOptions metav1.CreateOptions
	UpdateOptions metav1.UpdateOptions
	PatchOptions  metav1.PatchOptions
	DeleteOptions metav1.DeleteOptions

	// LogOptions are the query of a pod's log: container, tailLines, previous, ….
	LogOptions map[string]string

	// Accept is the wanted form of the answer (Table, PartialObjectMetadata, YAML); "" in the world.
	Accept string

	// Actor made the call, Causes are the revisions whose delivery woke it.
	Actor     string
	Causes    []int64
	UserAgent string
	// User is who asks, as authorization knows them; a request without one is
	// allowed everything.
	User *rbac.User
}

// Response answers a Request.
type Response struct {
	Code int
	// Object is the answer: the object, a list, or a *metav1.Status.
	Object runtime.Object
	// Text is the answer of the log subresource and other plain text.
	Text []byte
	// Revision is the revision this call wrote; 0 when it wrote none.
	Revision int64
	// Warnings are what clients print as "Warning: …".
	Warnings []string
}

// Status returns the error of a failed call, nil when it succeeded.
func (r *Response) Status() *metav1.Status {
	if r.Code < 400 {
		return nil
	}
	s, _ := r.Object.(*metav1.Status)
	if s == nil {
		s = &metav1.Status{Status: metav1.StatusFailure, Code: int32(r.Code)}
	}
	return s
}

// WatchEvent is one notification. Object is shared and immutable; for an
// error it is a *metav1.Status, for a bookmark an object with nothing but its
// resourceVersion.
type WatchEvent struct {
	Type   watch.EventType
	Object runtime.Object
	// Revision is the write that caused the event; for the initial events of a
	// watch, the object's own resourceVersion.
	Revision int64
}

// Server is what a component's client calls. Calls are synchronous.
type Server interface {
	Serve(*Request) *Response
	// Watch streams what happens after the request's resourceVersion (0 and ""
	// begin with the present state as ADDED events). sink is called within the
	// write that it reports, in revision order; it must only note the event.
	// The returned function ends the stream. A non-2xx response means no stream.
	Watch(req *Request, sink func(WatchEvent)) (stop func(), refused *Response)
}

// Kinds is what a server can say of the kinds that it serves now, those that
// its cluster defines among them: discovery, for components.
type Kinds interface {
	// Stored are the resources that have objects of their own, each in one version.
	Stored() []*api.Resource
	// LookupKind finds a resource by kind; nil where it isn't served.
	LookupKind(gvk schema.GroupVersionKind) *api.Resource
}

// Header is a set of header fields with one value each, keys in canonical
// form ("Content-Type"); Warning may hold several values joined by newlines.
type Header map[string]string

// Message is a request in wire form.
type Message struct {
	Method string // GET, POST, PUT, PATCH, DELETE
	Path   string // with its query: /api/v1/namespaces/default/pods?limit=500
	Header Header
	Body   []byte
	// Token is the bearer token of whoever sends; "" is the administrator.
	Token string
	// Actor and Causes go into the trace.
	Actor  string
	Causes []int64
}

// Reply is a response in wire form.
type Reply struct {
	Code     int
	Header   Header
	Body     []byte
	Revision int64 // as Response.Revision
}

// Transport carries wire messages: the console's way to the API server.
type Transport interface {
	Do(Message) Reply
	// Stream opens a watch: frame is called with one encoded event
	// ({"type":"ADDED","object":{…}}) and its revision at a time. A reply with
	// a code of 400 or more means that there is no stream.
	Stream(msg Message, frame func(data []byte, revision int64)) (stop func(), reply Reply)
}
