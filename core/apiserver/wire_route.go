package apiserver

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// target is what a resource path and a method mean.
type target struct {
	res                          *api.Resource
	verb                         string
	namespace, name, subresource string
}

// route reads a resource path (pkg/endpoints/request.RequestInfoFactory):
//
//	/api/v1/nodes/node-1                          get    nodes node-1
//	/apis/apps/v1/namespaces/x/deployments/y/scale get    deployments/scale x/y
func (s *Server) route(m *message) (target, error) {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(m.path, "/"), "/"), "/")
	gv := schema.GroupVersion{}
	if parts[0] == "api" && len(parts) > 2 {
		gv.Version, parts = parts[1], parts[2:]
	} else if parts[0] == "apis" && len(parts) > 3 {
		gv.Group, gv.Version, parts = parts[1], parts[2], parts[3:]
	} else {
		return target{}, errUnknownResource()
	}
	var t target
	if len(parts) >= 3 && parts[0] == "namespaces" && (gv.Group != "" || !isNamespaceSubresource(parts[2])) {
		t.namespace, parts = parts[1], parts[2:] // "" asks for all, as a missing one does
	}
	t.res = s.lookup(gv.WithResource(parts[0]))
	if t.res == nil || len(parts) > 3 || !t.res.Namespaced && t.namespace != "" {
		return target{}, errUnknownResource()
	}
	if len(parts) > 1 {
		t.name = parts[1]
	}
	if len(parts) > 2 {
		t.subresource = parts[2]
	}
	return t, t.check(m, len(parts))
}

// shownAs is the verb as far as the answer's form goes: a review has no name,
// and so neither a table nor metadata to show.
func (t *target) shownAs() string {
	if t.res.Unstored && t.verb == rest.Create {
		return verbReview
	}
	return t.verb
}

func isNamespaceSubresource(name string) bool { return name == "status" || name == "finalize" }

// check finds the verb and refuses what has no route.
func (t *target) check(m *message, parts int) error {
	allNamespaces := t.res.Namespaced && t.namespace == ""
	if parts > 1 && (t.name == "" || allNamespaces) ||
		parts > 2 && !t.res.HasSubresource(t.subresource) && t.res.Custom == nil {
		return errUnknownResource()
	}
	watch := parts == 1 && boolOption(m.query, "watch")
	switch {
	case m.Method == "GET" && watch:
		t.verb = rest.Watch
	case m.Method == "GET" && parts == 1:
		t.verb = rest.List
	case m.Method == "GET":
		t.verb = rest.Get
	case m.Method == "POST" && (parts == 1 && !allNamespaces || parts == 3):
		t.verb = rest.Create
	case m.Method == "PUT" && parts > 1:
		t.verb = rest.Update
	case m.Method == "PATCH" && parts > 1:
		t.verb = rest.Patch
	case m.Method == "DELETE" && parts == 2:
		t.verb = rest.Delete
	case m.Method == "DELETE" && parts == 1 && !allNamespaces:
		t.verb = rest.DeleteCollection
	}
	if t.res.Custom != nil && allNamespaces && t.verb == "" {
		return errUnknownResource()
	}
	if t.res.Custom != nil && t.subresource != "" && !t.res.HasSubresource(t.subresource) {
		return nil // resolve tells that the object has none
	}
	served := t.verb == rest.Watch && t.res.Serves(rest.Watch) || handlerOf(t.res, t.subresource, t.verb) != nil
	if !served {
		return errMethodNotAllowed()
	}
	return nil
}

// request turns the message into what the verb wants to know. The warnings are
// those of its options.
func (t *target) request(m *message) (*rest.Request, []string, error) {
	if len(m.Body) > maxBody {
		return nil, nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", maxBody))
	}
	req := &rest.Request{
		Verb: t.verb, Resource: t.res.GVR(), Subresource: t.subresource, Namespace: t.namespace, Name: t.name,
		Actor: m.Actor, Causes: m.Causes, UserAgent: m.Header["User-Agent"],
		User: &m.user,
	}
	var err error
	q := options{Values: m.query}
	switch t.verb {
	case rest.Get:
		req.ListOptions.ResourceVersion = q.Get("resourceVersion")
		if t.subresource == "log" {
			req.LogOptions = q.first()
		}
	case rest.List, rest.Watch:
		req.ListOptions = q.list()
	case rest.Create:
		req.CreateOptions = metav1.CreateOptions{
			DryRun: q.Values["dryRun"], FieldManager: q.Get("fieldManager"), FieldValidation: q.Get("fieldValidation")}
		err = t.body(m, req, req.CreateOptions.FieldValidation)
	case rest.Update:
		req.UpdateOptions = metav1.UpdateOptions{
			DryRun: q.Values["dryRun"], FieldManager: q.Get("fieldManager"), FieldValidation: q.Get("fieldValidation")}
		err = t.body(m, req, req.UpdateOptions.FieldValidation)
	case rest.Patch:
		err = t.patch(m, &q, req)
	case rest.Delete, rest.DeleteCollection:
		req.ListOptions = q.list()
		req.DeleteOptions, err = q.delete(m)
	}
	if q.err != nil {
		err = apierrors.NewBadRequest(q.err.Error())
	}
	return req, nil, err
}

// body reads a request's object: as JSON to be decoded, or decoded from protobuf.
func (t *target) body(m *message, req *rest.Request, validation string) (err error) {
	switch mediaType(m.Header["Content-Type"]) {
	case "", mediaJSON:
		req.Body = m.Body
	case mediaProtobuf:
		req.Object, err = t.decodeProtobuf(m.Body)
	case mediaYAML:
		req.Body, err = api.YAMLToJSON(m.Body, validation == metav1.FieldValidationStrict)
		if err != nil {
			_, kind := t.bodyType()
			err = apierrors.NewBadRequest(fmt.Sprintf(
				"the object provided is unrecognized (must be of type %s): %v (%s)", kind.Kind, err, hexSummary(m.Body)))
		}
	default:
		err = errUnknownFormat(mediaJSON, mediaYAML, mediaProtobuf)
	}
	return err
}

func errUnknownFormat(known ...string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: codeUnsupportedMedia, Reason: metav1.StatusReasonUnsupportedMediaType,
		Message: "the body of the request was in an unknown format - accepted media types include: " + strings.Join(known, ", "),
	}}
}

func hexSummary(data []byte) string {
	if len(data) > 30 {
		return hex.EncodeToString(data[:30]) + " ..."
	}
	return hex.EncodeToString(data)
}

func (t *target) patch(m *message, q *options, req *rest.Request) error {
	req.PatchType = types.PatchType(mediaType(m.Header["Content-Type"]))
	req.Body = m.Body
	req.PatchOptions = metav1.PatchOptions{
		DryRun: q.Values["dryRun"], FieldManager: q.Get("fieldManager"), FieldValidation: q.Get("fieldValidation"),
		Force: q.bool("force"),
	}
	switch req.PatchType {
	case types.JSONPatchType, types.MergePatchType, types.StrategicMergePatchType, types.ApplyYAMLPatchType:
		return nil
	}
	return errUnsupportedPatch()
}

// options reads query options; err is the first that cannot be read.
type options struct {
	url.Values
	err error
}

// first is the first value of every option.
func (q *options) first() map[string]string {
	out := map[string]string{}
	for name := range q.Values {
		out[name] = q.Get(name)
	}
	return out
}

func (q *options) list() metav1.ListOptions {
	opts := metav1.ListOptions{
		LabelSelector: q.Get("labelSelector"), FieldSelector: q.Get("fieldSelector"),
		ResourceVersion:      q.Get("resourceVersion"),
		ResourceVersionMatch: metav1.ResourceVersionMatch(q.Get("resourceVersionMatch")),
		AllowWatchBookmarks:  boolOption(q.Values, "allowWatchBookmarks"),
		SendInitialEvents:    q.bool("sendInitialEvents"),
		TimeoutSeconds:       q.int("timeoutSeconds"),
		Continue:             q.Get("continue"),
	}
	if limit := q.int("limit"); limit != nil {
		opts.Limit = *limit
	}
	return opts
}

// int reads a number, nil where there is none.
func (q *options) int(name string) *int64 {
	text := q.Get(name)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		if q.err == nil {
			q.err = err
		}
		return nil
	}
	return &n
}

// bool reads a flag, nil where there is none.
func (q *options) bool(name string) *bool {
	if _, there := q.Values[name]; !there {
		return nil
	}
	on := boolOption(q.Values, name)
	return &on
}

// boolOption is true unless the option is missing, "0" or "false".
func boolOption(query url.Values, name string) bool {
	values, there := query[name]
	if !there {
		return false
	}
	return len(values) == 0 || values[0] != "0" && !strings.EqualFold(values[0], "false")
}

// delete reads a deletion's options from the body, or else from the query.
func (q *options) delete(m *message) (metav1.DeleteOptions, error) {
	if len(m.Body) > 0 {
		return deleteOptions(m)
	}
	opts := metav1.DeleteOptions{
		GracePeriodSeconds: q.int("gracePeriodSeconds"), OrphanDependents: q.bool("orphanDependents"), DryRun: q.Values["dryRun"],
	}
	if policy := metav1.DeletionPropagation(q.Get("propagationPolicy")); policy != "" {
		opts.PropagationPolicy = &policy
	}
	return opts, nil
}

// optionsScheme is how the real API server names the scheme of options in errors.
const optionsScheme = "pkg/runtime/scheme.go:111"

func deleteOptions(m *message) (opts metav1.DeleteOptions, err error) {
	body := m.Body
	switch mediaType(m.Header["Content-Type"]) {
	case mediaProtobuf:
		return decodeProtobufOptions(body)
	case mediaYAML:
		if body, err = api.YAMLToJSON(body, false); err != nil {
			return opts, apierrors.NewBadRequest(err.Error())
		}
	}
	var kind metav1.TypeMeta
	if err := api.DecodeJSON(body, &kind, false); err != nil {
		return opts, apierrors.NewBadRequest("couldn't get version/kind; json parse error: " + err.Error())
	}
	if kind.Kind != "" && kind.Kind != "DeleteOptions" {
		return opts, apierrors.NewBadRequest(fmt.Sprintf(
			"no kind %q is registered for version %q in scheme %q", kind.Kind, kind.APIVersion, optionsScheme))
	}
	if err := api.DecodeJSON(body, &opts, false); err != nil {
		return opts, apierrors.NewBadRequest(err.Error())
	}
	return opts, nil
}
