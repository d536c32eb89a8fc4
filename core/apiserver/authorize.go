package apiserver

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rbac"
)

// Who may do what. Requests in wire form are made by the learner, who is the
// cluster's administrator, by a service account, whose token they carry
// (authenticate.go), or by whom either of them impersonates; components inside
// the world are trusted, as in-process calls of the real API server are.

// admin is who asks where nobody is impersonated.
var admin = rbac.User{Name: "admin", UID: "admin", Groups: []string{rbac.Masters, rbac.Authenticated}}

// isResource tells whether a path is below a group's version.
func isResource(path string) bool {
	parts := strings.Split(path, "/")
	return len(parts) > 3 && parts[1] == "api" || len(parts) > 4 && parts[1] == "apis"
}

// mayRead refuses a path that is no resource to who may not read it.
func (s *Server) mayRead(m *message) error {
	return s.allow(m, rbac.Attributes{Verb: strings.ToLower(verbOfMethod(m.Method)), Path: m.path})
}

func verbOfMethod(method string) string {
	switch method {
	case "GET", "HEAD":
		return "get"
	}
	return method
}

// mayDo refuses what a route means to who may not do it.
func (s *Server) mayDo(m *message, t *target) error {
	a := rbac.Attributes{
		Verb: t.verb, Namespace: t.namespace, Group: t.res.Group, Resource: t.res.Plural, Subresource: t.subresource, Name: t.name,
	}
	if t.res.GroupResource() == namespaceResource.GroupResource() {
		a.Namespace = t.name
	}
	return s.allow(m, a)
}

// allow finds out who a message is from, and refuses what they may not do.
func (s *Server) allow(m *message, a rbac.Attributes) error {
	u, err := s.authenticate(m.Token)
	if err != nil {
		return err
	}
	wanted, asked, err := impersonated(m.Header)
	if err != nil {
		return err
	}
	if asked {
		if u, err = rbac.Impersonate(roles{s}, u, wanted, a); err != nil {
			return err
		}
	}
	m.user = u
	if d := rbac.Authorize(roles{s}, u, a); !d.Allowed {
		return rbac.Forbidden(u, a, d.Reason)
	}
	return nil
}

// roles are the server's own roles and bindings.
type roles struct{ s *Server }

// stored is one object of a type; nil if it is not there.
func stored[T api.Object](s *Server, namespace, name string) (out T) {
	if it := s.shelves[api.Of[T]().GVR()].find(namespace, name); it != nil {
		out = it.object().(T)
	}
	return out
}

// find is the same for whoever has the resource; nil if it is not there.
func (s *Server) find(resource schema.GroupVersionResource, namespace, name string) api.Object {
	return objectOf(s.shelves[resource].find(namespace, name))
}

func allStored[T api.Object](s *Server, namespace string) (out []T) {
	s.shelves[api.Of[T]().GVR()].each(namespace, "", func(it *item) bool {
		out = append(out, it.object().(T))
		return true
	})
	return out
}

func (r roles) Role(namespace, name string) *rbacv1.Role {
	return stored[*rbacv1.Role](r.s, namespace, name)
}

func (r roles) ClusterRole(name string) *rbacv1.ClusterRole {
	return stored[*rbacv1.ClusterRole](r.s, "", name)
}

func (r roles) RoleBindings(namespace string) []*rbacv1.RoleBinding {
	return allStored[*rbacv1.RoleBinding](r.s, namespace)
}

func (r roles) ClusterRoleBindings() []*rbacv1.ClusterRoleBinding {
	return allStored[*rbacv1.ClusterRoleBinding](r.s, "")
}

// user is who made a call.
func (c *call) user() rbac.User {
	if c.User == nil {
		return admin
	}
	return *c.User
}
