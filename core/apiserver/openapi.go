package apiserver

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// The OpenAPI v3 documents that kubectl explain and kubectl's check for
// fieldValidation read. They are made from the Go types and their
// SwaggerDoc (openapi_schema.go). Left out of what the real server publishes:
// defaults, the schemas of the options, and responses. What the Go types do not
// carry is in openapi_facts.go and core/managed.

type object = map[string]any

// openAPI answers the paths below /openapi.
func (s *Server) openAPI(m *message, path string) rest.Reply {
	if m.Method != "GET" {
		return s.refuseMessage(m, plainFormat, errMethodNotAllowed())
	}
	if path == "/openapi/v3" {
		return s.openAPIReply(m, s.openAPIPaths(), false)
	}
	if path == "/openapi/v2" {
		return s.openAPIReply(m, s.openAPIv2(), false)
	}
	if gv, ok := s.openAPIGroupVersion(strings.TrimPrefix(path, "/openapi/v3/")); ok {
		return s.openAPIReply(m, s.openAPIDocument(gv), m.query.Get("hash") != "")
	}
	return s.pageNotFound(m)
}

func (s *Server) openAPIReply(m *message, doc []byte, immutable bool) rest.Reply {
	reply := plainFormat.reply(codeOK, doc, nil)
	if immutable {
		reply.Header["Cache-Control"] = "public, immutable"
	}
	return reply
}

// openAPIGroupVersion reads api/v1 or apis/apps/v1.
func (s *Server) openAPIGroupVersion(path string) (schema.GroupVersion, bool) {
	var gv schema.GroupVersion
	switch parts := strings.Split(path, "/"); {
	case len(parts) == 2 && parts[0] == "api":
		gv.Version = parts[1]
	case len(parts) == 3 && parts[0] == "apis":
		gv.Group, gv.Version = parts[1], parts[2]
	default:
		return gv, false
	}
	return gv, slices.Contains(s.groupVersions(), gv)
}

// apiPath is where a group version is served, without the leading slash.
func apiPath(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "api/" + gv.Version
	}
	return "apis/" + gv.String()
}

// openAPIPaths lists the documents with the hash of each, by which clients cache them.
func (s *Server) openAPIPaths() []byte {
	paths := object{}
	for _, gv := range s.groupVersions() {
		hash := fnv.New64a()
		hash.Write(s.openAPIDocument(gv))
		path := apiPath(gv)
		paths[path] = object{"serverRelativeURL": fmt.Sprintf("/openapi/v3/%s?hash=%016X", path, hash.Sum64())}
	}
	return mustJSON(object{"paths": paths})
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of plain values of our own
	}
	return append(data, '\n')
}

// openAPIDocument describes a group version. It is made once.
func (s *Server) openAPIDocument(gv schema.GroupVersion) []byte {
	if doc, made := s.documents[gv]; made {
		return doc
	}
	doc := s.openAPIObject(gv)
	s.documents[gv] = mustJSON(object{
		"openapi":    "3.0.0",
		"info":       object{"title": "Kubernetes", "version": s.opts.Version.Major + "." + s.opts.Version.Minor},
		"paths":      doc.paths,
		"components": object{"schemas": doc.schemas},
	})
	return s.documents[gv]
}

// apiDocument describes a group version: its paths and its types.
type apiDocument struct {
	paths   object
	schemas schemaSet
}

func (s *Server) openAPIObject(gv schema.GroupVersion) apiDocument {
	paths, schemas := object{}, schemaSet{}
	for _, res := range s.all() {
		if res.GVK().GroupVersion() != gv {
			continue
		}
		if res.Custom != nil {
			schemas.addCustom(res)
		} else {
			schemas.addKind(res.New(), res.GVK())
			if res.Serves(rest.List) {
				schemas.addKind(res.NewList(), gv.WithKind(res.Kind+"List"))
			}
		}
		describePaths(paths, res)
		for _, sub := range res.Subresources {
			switch sub {
			case "scale":
				schemas.addKind(&autoscalingv1.Scale{}, scaleKind)
			case "binding":
				schemas.addKind(&corev1.Binding{}, gv.WithKind("Binding"))
			case "eviction":
				schemas.addKind(&policyv1.Eviction{}, evictionKind)
			case "token":
				schemas.addKind(&authenticationv1.TokenRequest{}, tokenKind)
			}
		}
	}
	return apiDocument{paths, schemas}
}

// describePaths adds a resource's paths.
func describePaths(paths object, res *api.Resource) {
	root := "/" + apiPath(res.GVK().GroupVersion())
	if res.Namespaced {
		if res.Serves(rest.List) {
			paths[root+"/"+res.Plural] = pathItem(res, "", []string{rest.List}, nil)
		}
		root += "/namespaces/{namespace}"
	}
	verbs := served(res, rest.List, rest.Create, rest.DeleteCollection)
	var params []any
	if res.Namespaced {
		params = append(params, pathParameter("namespace"))
	}
	paths[root+"/"+res.Plural] = pathItem(res, "", verbs, params)
	params = append(params, pathParameter("name"))
	if verbs := served(res, rest.Get, rest.Update, rest.Patch, rest.Delete); len(verbs) > 0 {
		paths[root+"/"+res.Plural+"/{name}"] = pathItem(res, "", verbs, params)
	}
	for _, sub := range res.Subresources {
		paths[root+"/"+res.Plural+"/{name}/"+sub] = pathItem(res, sub, subresourceVerbs(sub), params)
	}
}

// served are those of some verbs that the resource serves.
func served(res *api.Resource, verbs ...string) []string {
	return slices.DeleteFunc(verbs, func(verb string) bool { return !res.Serves(verb) })
}

func pathParameter(name string) object {
	return object{"name": name, "in": "path", "required": true, "schema": object{"type": "string", "uniqueItems": true}}
}

// verbOptions are the query options of each verb.
var verbOptions = map[string][]string{
	rest.List: {"allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
		"resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"},
	rest.Create: {"dryRun", "fieldManager", "fieldValidation"},
	rest.Update: {"dryRun", "fieldManager", "fieldValidation"},
	rest.Patch:  {"dryRun", "fieldManager", "fieldValidation", "force"},
	rest.Delete: {"dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"},
	rest.DeleteCollection: {"continue", "dryRun", "fieldSelector", "gracePeriodSeconds", "labelSelector", "limit",
		"orphanDependents", "propagationPolicy", "resourceVersion", "resourceVersionMatch"},
}

// actions are upstream's names for the verbs in x-kubernetes-action.
var actions = map[string]string{
	rest.Create: "post", rest.Update: "put",
}

// pathItem describes the operations on a path.
func pathItem(res *api.Resource, sub string, verbs []string, params []any) object {
	gvk := res.GVK()
	if kind := subresourceKind(res, sub); kind.Version != "" {
		gvk = kind
	} else {
		gvk.Kind = kind.Kind
	}
	item := object{}
	if len(params) > 0 {
		item["parameters"] = params
	}
	for _, verb := range verbs {
		action := actions[verb]
		if action == "" {
			action = verb
		}
		var options []any
		for _, name := range verbOptions[verb] {
			options = append(options, object{"name": name, "in": "query", "schema": object{"type": optionType(name), "uniqueItems": true}})
		}
		op := object{
			"x-kubernetes-action":             action,
			"x-kubernetes-group-version-kind": gvkObject(gvk),
			"responses":                       object{"200": object{"description": "OK"}},
		}
		if len(options) > 0 {
			op["parameters"] = options
		}
		item[strings.ToLower(methodOf(verb))] = op
	}
	return item
}

func optionType(name string) string {
	switch name {
	case "limit", "timeoutSeconds", "gracePeriodSeconds":
		return "integer"
	case "watch", "allowWatchBookmarks", "sendInitialEvents", "force", "orphanDependents":
		return "boolean"
	}
	return "string"
}

func gvkObject(gvk schema.GroupVersionKind) object {
	return object{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind}
}
