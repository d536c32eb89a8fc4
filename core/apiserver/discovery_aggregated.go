package apiserver

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

// The aggregated discovery document, with the fields of
// k8s.io/api/apidiscovery/v2 in their order. They are spelled out here, since
// only their JSON is needed.
type (
	apiGroupDiscoveryList struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        metav1.ListMeta     `json:"metadata"`
		Items           []apiGroupDiscovery `json:"items"`
	}
	apiGroupDiscovery struct {
		Metadata struct {
			Name string `json:"name,omitempty"`
		} `json:"metadata"`
		Versions []apiVersionDiscovery `json:"versions"`
	}
	apiVersionDiscovery struct {
		Version   string                 `json:"version"`
		Resources []apiResourceDiscovery `json:"resources"`
		Freshness string                 `json:"freshness"`
	}
	apiResourceDiscovery struct {
		Resource         string                    `json:"resource"`
		ResponseKind     responseKind              `json:"responseKind"`
		Scope            string                    `json:"scope"`
		SingularResource string                    `json:"singularResource"`
		Verbs            []string                  `json:"verbs"`
		ShortNames       []string                  `json:"shortNames,omitempty"`
		Categories       []string                  `json:"categories,omitempty"`
		Subresources     []apiSubresourceDiscovery `json:"subresources,omitempty"`
	}
	apiSubresourceDiscovery struct {
		Subresource  string       `json:"subresource"`
		ResponseKind responseKind `json:"responseKind"`
		Verbs        []string     `json:"verbs"`
	}
	responseKind struct {
		Group   string `json:"group"`
		Version string `json:"version"`
		Kind    string `json:"kind"`
	}
)

// groupDiscovery is the document of the groups wanted.
func (s *Server) groupDiscovery(wanted func(group string) bool) *apiGroupDiscoveryList {
	list := &apiGroupDiscoveryList{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"},
		Items:    []apiGroupDiscovery{},
	}
	for _, gv := range s.groupVersions() {
		if !wanted(gv.Group) {
			continue
		}
		i := slices.IndexFunc(list.Items, func(g apiGroupDiscovery) bool { return g.Metadata.Name == gv.Group })
		if i < 0 {
			i = len(list.Items)
			list.Items = append(list.Items, apiGroupDiscovery{})
			list.Items[i].Metadata.Name = gv.Group
		}
		version := apiVersionDiscovery{Version: gv.Version, Freshness: "Current"}
		for _, res := range s.all() {
			if res.GVK().GroupVersion() == gv {
				version.Resources = append(version.Resources, resourceDiscovery(res))
			}
		}
		list.Items[i].Versions = append(list.Items[i].Versions, version)
	}
	return list
}

func resourceDiscovery(res *api.Resource) apiResourceDiscovery {
	out := apiResourceDiscovery{
		Resource: res.Plural, ResponseKind: responseKind{Kind: res.Kind}, Scope: "Cluster",
		SingularResource: res.Singular, Verbs: verbsOf(res), ShortNames: res.ShortNames, Categories: res.Categories,
	}
	if res.Namespaced {
		out.Scope = "Namespaced"
	}
	for _, sub := range shownSubresources(res) {
		kind := subresourceKind(res, sub)
		out.Subresources = append(out.Subresources, apiSubresourceDiscovery{
			Subresource: sub, Verbs: subresourceVerbs(sub),
			ResponseKind: responseKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind},
		})
	}
	return out
}
