package apiserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// doPlain answers the paths that are not about a resource: health, version,
// discovery and the OpenAPI documents; done is false for all others.
func (s *Server) doPlain(m *message) (out rest.Reply, done bool) {
	path := strings.TrimSuffix(m.path, "/")
	if !isResource(path) {
		if err := s.mayRead(m); err != nil {
			return s.refuseMessage(m, plainFormat, err), true
		}
	}
	switch {
	case slices.Contains(healthPaths, path):
		return healthReply(m, path), true
	case slices.Contains(healthPaths, strings.TrimSuffix(strings.TrimSuffix(path, "/ping"), "/etcd")):
		return textReply(codeOK, "ok"), true // one check alone
	case path == "/openapi" || strings.HasPrefix(path, "/openapi/"):
		return s.openAPI(m, path), true
	case !strings.HasPrefix(path, "/api") && path != "" && path != "/version":
		return s.pageNotFound(m), true
	}
	obj, found := s.plain(m, path)
	switch {
	case found && m.Method != "GET":
		return s.refuseMessage(m, plainFormat, errMethodNotAllowed()), true
	case found:
		return s.jsonReply(m, obj), true
	case !s.knowsGroup(path):
		return s.pageNotFound(m), true
	}
	return rest.Reply{}, false
}

// plain finds what is served at a path; the boolean is false where nothing is.
func (s *Server) plain(m *message, path string) (any, bool) {
	switch path {
	case "":
		return metav1.RootPaths{Paths: s.rootPaths()}, true
	case "/version":
		return s.opts.Version, true
	case "/api":
		if aggregated(m) {
			return s.groupDiscovery(func(group string) bool { return group == "" }), true
		}
		return legacyVersions(m), true
	case "/apis":
		if aggregated(m) {
			return s.groupDiscovery(func(group string) bool { return group != "" }), true
		}
		return s.groupList(), true
	}
	parts := strings.Split(path[1:], "/")
	switch {
	case len(parts) == 2 && parts[0] == "api":
		return s.resourceList(schema.GroupVersion{Version: parts[1]})
	case len(parts) == 2 && parts[0] == "apis":
		group := s.apiGroup(parts[1])
		return group, group != nil
	case len(parts) == 3 && parts[0] == "apis":
		return s.resourceList(schema.GroupVersion{Group: parts[1], Version: parts[2]})
	}
	return nil, false
}

// knowsGroup tells whether a path lies where the API is: what isn't found
// there is answered with a Status, elsewhere with a line of text.
func (s *Server) knowsGroup(path string) bool {
	parts := strings.Split(path[1:], "/")
	if parts[0] == "api" {
		return true
	}
	return parts[0] == "apis" && len(parts) > 2 && s.apiGroup(parts[1]) != nil
}

func (s *Server) pageNotFound(m *message) rest.Reply {
	s.refuseMessage(m, plainFormat, errUnknownResource()) // for the trace
	return textReply(codeNotFound, "404 page not found\n")
}

var healthPaths = []string{"/healthz", "/livez", "/readyz"}

func healthReply(m *message, path string) rest.Reply {
	if boolOption(m.query, "verbose") {
		return textReply(codeOK, "[+]ping ok\n[+]etcd ok\n"+path[1:]+" check passed\n")
	}
	return textReply(codeOK, "ok")
}

func (s *Server) jsonReply(m *message, obj any) rest.Reply {
	data, err := json.Marshal(obj)
	if err != nil {
		panic(err) // plain structs of our own
	}
	if _, ok := obj.(*apiGroupDiscoveryList); ok {
		out := plainFormat.reply(codeOK, append(data, '\n'), nil)
		out.Header["Content-Type"] = mediaJSON + ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
		out.Header["Vary"] = "Accept"
		return out
	}
	f, err := negotiate(m, verbDiscover)
	if err != nil {
		return s.refuseMessage(m, f, err)
	}
	return f.reply(codeOK, append(data, '\n'), nil)
}

// verbDiscover stands for reads of documents that have no other forms than their own.
const verbDiscover = "discover"

// verbReview stands for questions, whose answers have no name.
const verbReview = "review"

// aggregated tells whether the client asks for all of discovery at once.
func aggregated(m *message) bool {
	for _, clause := range strings.Split(m.Header["Accept"], ",") {
		clause = strings.ReplaceAll(clause, " ", "")
		if strings.HasPrefix(clause, mediaJSON) && strings.Contains(clause, "as=APIGroupDiscoveryList") &&
			strings.Contains(clause, "g=apidiscovery.k8s.io") && strings.Contains(clause+";", "v=v2;") {
			return true
		}
	}
	return false
}

func (s *Server) rootPaths() []string {
	paths := []string{"/api", "/api/v1", "/apis", "/apis/", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/readyz", "/version"}
	for _, gv := range s.groupVersions() {
		if gv.Group != "" {
			paths = append(paths, "/apis/"+gv.Group, "/apis/"+gv.String())
		}
	}
	slices.Sort(paths)
	return paths
}

// groupVersions are those served, in discovery's order.
func (s *Server) groupVersions() []schema.GroupVersion {
	var out []schema.GroupVersion
	for _, res := range s.all() {
		if gv := res.GVK().GroupVersion(); !slices.Contains(out, gv) {
			out = append(out, gv)
		}
	}
	return out
}

func legacyVersions(m *message) *metav1.APIVersions {
	return &metav1.APIVersions{
		TypeMeta: metav1.TypeMeta{Kind: "APIVersions"},
		Versions: []string{"v1"},
		ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{
			{ClientCIDR: "0.0.0.0/0", ServerAddress: m.Header["Host"]},
		},
	}
}

func (s *Server) groupList() *metav1.APIGroupList {
	list := &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{}}
	for _, gv := range s.groupVersions() {
		if gv.Group != "" && !slices.ContainsFunc(list.Groups, func(g metav1.APIGroup) bool { return g.Name == gv.Group }) {
			group := s.apiGroup(gv.Group)
			group.TypeMeta = metav1.TypeMeta{}
			list.Groups = append(list.Groups, *group)
		}
	}
	return list
}

// apiGroup describes a group; nil if it isn't served.
func (s *Server) apiGroup(name string) *metav1.APIGroup {
	group := &metav1.APIGroup{TypeMeta: metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}, Name: name}
	for _, gv := range s.groupVersions() {
		if gv.Group == name && name != "" {
			group.Versions = append(group.Versions, metav1.GroupVersionForDiscovery{GroupVersion: gv.String(), Version: gv.Version})
		}
	}
	if len(group.Versions) == 0 {
		return nil
	}
	group.PreferredVersion = group.Versions[0]
	return group
}

// resourceList describes the resources of a group version.
func (s *Server) resourceList(gv schema.GroupVersion) (*metav1.APIResourceList, bool) {
	list := &metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String()}
	if gv.Group == "" {
		list.TypeMeta.APIVersion = "" // as upstream, for the legacy group
	}
	for _, res := range s.all() {
		if res.GVK().GroupVersion() != gv {
			continue
		}
		list.APIResources = append(list.APIResources, metav1.APIResource{
			Name: res.Plural, SingularName: res.Singular, Namespaced: res.Namespaced, Kind: res.Kind,
			Verbs: verbsOf(res), ShortNames: res.ShortNames, Categories: res.Categories,
			StorageVersionHash: storageVersionHash(res),
		})
		for _, sub := range shownSubresources(res) {
			kind := subresourceKind(res, sub)
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: res.Plural + "/" + sub, Namespaced: res.Namespaced,
				Group: kind.Group, Version: kind.Version, Kind: kind.Kind, Verbs: subresourceVerbs(sub),
			})
		}
	}
	return list, len(list.APIResources) > 0
}

// storageVersionHash tells a custom kind's clients when it is stored as another
// version, as upstream's discovery.StorageVersionHash does. Built-in kinds,
// whose stored version is always the same here, have none.
func storageVersionHash(res *api.Resource) string {
	if res.Custom == nil {
		return ""
	}
	crd := res.Custom.Definition
	for _, v := range crd.Spec.Versions {
		if v.Storage && v.Served {
			sum := sha256.Sum256([]byte(crd.Spec.Group + "/" + v.Name + "/" + crd.Spec.Names.Kind))
			return base64.StdEncoding.EncodeToString(sum[:8])
		}
	}
	return ""
}

// customVerbs are the verbs of custom kinds, in upstream's order
// (pkg/apiserver/customresource_discovery_controller.go).
var customVerbs = []string{
	rest.Delete, rest.DeleteCollection, rest.Get, rest.List, rest.Patch, rest.Create, rest.Update, rest.Watch,
}

func verbsOf(res *api.Resource) []string {
	if res.Custom != nil {
		return customVerbs
	}
	return served(res, rest.Create, rest.Delete, rest.DeleteCollection, rest.Get, rest.List, rest.Patch, rest.Update, rest.Watch)
}

// shownSubresources are a kind's subresources in discovery's order.
func shownSubresources(res *api.Resource) []string {
	if res.Custom != nil {
		return res.Subresources
	}
	return slices.Sorted(slices.Values(res.Subresources))
}

func subresourceVerbs(sub string) []string {
	var verbs []string
	for verb := range handlers[sub] {
		verbs = append(verbs, verb)
	}
	slices.Sort(verbs)
	return verbs
}

// subresourceKind is what a subresource takes and gives; group and version are
// named only where they differ from the resource's.
func subresourceKind(res *api.Resource, sub string) schema.GroupVersionKind {
	switch sub {
	case "scale":
		return autoscalingv1.SchemeGroupVersion.WithKind("Scale")
	case "binding":
		return schema.GroupVersionKind{Kind: "Binding"}
	case "eviction":
		return evictionKind
	case "token":
		return tokenKind
	}
	return schema.GroupVersionKind{Kind: res.Kind}
}
