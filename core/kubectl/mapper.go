package kubectl

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// mapping is one resource that the server serves.
type mapping struct {
	schema.GroupVersionResource
	Kind       string
	Singular   string
	ShortNames []string
	Categories []string
	Verbs      []string
	Namespaced bool
	Preferred  bool // of the group's first version
}

func (m *mapping) groupKind() schema.GroupKind {
	return schema.GroupKind{Group: m.Group, Kind: m.Kind}
}

func (m *mapping) apiVersion() string { return m.GroupVersion().String() }

// kindName is how kubectl names the kind of one object: "deployment.apps".
func (m *mapping) kindName() string { return strings.ToLower(m.groupKind().String()) }

// path is the address of an object, or of the collection when name is "".
func (m *mapping) path(namespace, name string, sub ...string) string {
	path := "/apis/" + m.apiVersion()
	if m.Group == "" {
		path = "/api/" + m.Version
	}
	if m.Namespaced && namespace != "" {
		path += "/namespaces/" + namespace
	}
	path += "/" + m.Resource
	if name != "" {
		path += "/" + name
	}
	for _, s := range sub {
		path += "/" + s
	}
	return path
}

// discovery is what the server has said that it serves, in its order.
type discovery struct {
	resources []*mapping
	groups    []string // "apps/v1", …
}

const acceptDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// discover asks the server what it serves, once a session.
func (c *call) discover() (*discovery, error) {
	if c.session.found != nil {
		return c.session.found, nil
	}
	found := &discovery{}
	for _, root := range []string{"/api", "/apis"} {
		w := wire{method: "GET", path: root, query: map[string][]string{"timeout": {"32s"}}, accept: acceptDiscovery}
		body, err := c.send(w)
		if err != nil {
			return nil, err
		}
		if err := c.readDiscovery(found, root, body); err != nil {
			return nil, err
		}
	}
	c.session.found = found
	return found, nil
}

func (c *call) readDiscovery(found *discovery, root string, body []byte) error {
	var list groupDiscoveryList
	if err := json.Unmarshal(body, &list); err != nil {
		return err
	}
	if list.Kind == "APIGroupDiscoveryList" {
		for _, group := range list.Items {
			found.addGroup(&group)
		}
		return nil
	}
	if root == "/api" {
		return c.legacy(found, "/api/v1", true)
	}
	var groups metav1.APIGroupList
	if err := json.Unmarshal(body, &groups); err != nil {
		return err
	}
	for _, group := range groups.Groups {
		for i, v := range group.Versions {
			if err := c.legacy(found, "/apis/"+v.GroupVersion, i == 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// groupDiscoveryList is apidiscovery.k8s.io/v2's list, as far as it is read.
type groupDiscoveryList struct {
	Kind  string           `json:"kind"`
	Items []groupDiscovery `json:"items"`
}

type groupDiscovery struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Versions []struct {
		Version   string              `json:"version"`
		Resources []resourceDiscovery `json:"resources"`
	} `json:"versions"`
}

type resourceDiscovery struct {
	Resource     string `json:"resource"`
	ResponseKind struct {
		Kind string `json:"kind"`
	} `json:"responseKind"`
	Scope            string   `json:"scope"`
	SingularResource string   `json:"singularResource"`
	Verbs            []string `json:"verbs"`
	ShortNames       []string `json:"shortNames"`
	Categories       []string `json:"categories"`
}

func (d *discovery) addGroup(group *groupDiscovery) {
	for i, version := range group.Versions {
		gv := schema.GroupVersion{Group: group.Metadata.Name, Version: version.Version}
		d.groups = append(d.groups, gv.String())
		for _, r := range version.Resources {
			d.resources = append(d.resources, &mapping{
				GroupVersionResource: gv.WithResource(r.Resource),
				Kind:                 r.ResponseKind.Kind,
				Singular:             r.SingularResource,
				ShortNames:           r.ShortNames,
				Categories:           r.Categories,
				Verbs:                r.Verbs,
				Namespaced:           r.Scope == "Namespaced",
				Preferred:            i == 0,
			})
		}
	}
}

// legacy reads the resources of one group version the old way.
func (c *call) legacy(found *discovery, path string, preferred bool) error {
	var list metav1.APIResourceList
	if err := c.into(path, map[string][]string{"timeout": {"32s"}}, &list); err != nil {
		return err
	}
	gv, err := schema.ParseGroupVersion(list.GroupVersion)
	if err != nil {
		return err
	}
	found.groups = append(found.groups, gv.String())
	for _, r := range list.APIResources {
		if strings.Contains(r.Name, "/") {
			continue
		}
		found.resources = append(found.resources, &mapping{
			GroupVersionResource: gv.WithResource(r.Name),
			Kind:                 r.Kind,
			Singular:             r.SingularName,
			ShortNames:           r.ShortNames,
			Categories:           r.Categories,
			Verbs:                r.Verbs,
			Namespaced:           r.Namespaced,
			Preferred:            preferred,
		})
	}
	return nil
}

// lookup finds the first resource that ok accepts. When there is none it asks
// the server again, once: a kind may have been defined since.
func (c *call) lookup(ok func(*mapping) bool) (*mapping, error) {
	fresh := c.session.found == nil
	for {
		found, err := c.discover()
		if err != nil {
			return nil, err
		}
		for _, m := range found.resources {
			if ok(m) {
				return m, nil
			}
		}
		if fresh {
			return nil, nil
		}
		c.session.found, fresh = nil, true
	}
}

// mappingFor finds the resource that an argument names: pods, po, Pod,
// deployments.apps, deployments.v1.apps.
func (c *call) mappingFor(arg string) (*mapping, error) {
	full, short := schema.ParseResourceArg(strings.ToLower(arg))
	m, err := c.lookup(func(m *mapping) bool {
		if full != nil && m.named(full.Resource) && m.Version == full.Version && m.Group == full.Group {
			return true
		}
		return m.named(short.Resource) && (short.Group == "" && m.Preferred || short.Group == m.Group && m.Preferred)
	})
	if m != nil {
		c.warnShortcut(short.Resource, m)
	}
	if m != nil || err != nil {
		return m, err
	}
	if short.Group != "" {
		m, err = c.lookup(func(m *mapping) bool {
			return m.named(short.Resource) && strings.HasPrefix(m.Group, short.Group) && m.Preferred
		})
	}
	if m == nil && err == nil {
		_, asTyped := schema.ParseResourceArg(arg)
		return nil, fmt.Errorf("the server doesn't have a resource type %q", asTyped.Resource)
	}
	return m, err
}

// warnShortcut says what else a short name could have meant.
func (c *call) warnShortcut(word string, m *mapping) {
	if !slices.Contains(m.ShortNames, word) {
		return
	}
	for _, other := range c.session.found.resources {
		if other.Preferred && other.GroupResource() != m.GroupResource() && slices.Contains(other.ShortNames, word) {
			c.warn(fmt.Sprintf("short name %q could also match lower priority resource %s", word, other.GroupResource()))
		}
	}
}

func (m *mapping) named(word string) bool {
	if word == m.Resource || m.Singular != "" && word == m.Singular || word == strings.ToLower(m.Kind) {
		return true
	}
	for _, s := range m.ShortNames {
		if word == s {
			return true
		}
	}
	return false
}

// mappingOf finds the resource whose objects are of this kind.
func (c *call) mappingOf(gvk schema.GroupVersionKind) (*mapping, error) {
	m, err := c.lookup(func(m *mapping) bool {
		return m.Kind == gvk.Kind && m.Group == gvk.Group && m.Version == gvk.Version
	})
	if m == nil && err == nil {
		return nil, fmt.Errorf("no matches for kind %q in version %q", gvk.Kind, gvk.GroupVersion().String())
	}
	return m, err
}

// category expands a word such as "all" into the resources that are of it.
func (c *call) category(word string) ([]string, error) {
	found, err := c.discover()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range found.resources {
		for _, category := range m.Categories {
			if category == word && m.Preferred {
				names = append(names, m.GroupResource().String())
			}
		}
	}
	return names, nil
}
