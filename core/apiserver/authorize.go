package apiserver

import (
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rbac"
)

// Who may do what. Requests in wire form are made by the learner, who is the
// cluster's administrator, or by whom they impersonate; components inside the
// world are trusted, as in-process calls of the real API server are.

// admin is who asks where nobody is impersonated.
var admin = rbac.User{Name: "admin", UID: "admin", Groups: []string{rbac.Masters, rbac.Authenticated}}

// userOf is who a message is from: the administrator, or whom they impersonate
// by the headers Impersonate-User and Impersonate-Group (several by lines).
func userOf(m *message) rbac.User {
	name := m.Header["Impersonate-User"]
	if name == "" {
		return admin
	}
	var groups []string
	if text := m.Header["Impersonate-Group"]; text != "" {
		groups = strings.Split(text, "\n")
	}
	u := rbac.Impersonated(name, groups)
	u.UID = m.Header["Impersonate-Uid"]
	return u
}

// isResource tells whether a path is below a group's version.
func isResource(path string) bool {
	parts := strings.Split(path, "/")
	return len(parts) > 3 && parts[1] == "api" || len(parts) > 4 && parts[1] == "apis"
}

// mayRead refuses a path that is no resource to who may not read it.
func (s *Server) mayRead(m *message) error {
	return s.allow(userOf(m), rbac.Attributes{Verb: strings.ToLower(verbOfMethod(m.Method)), Path: m.path})
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
	return s.allow(userOf(m), a)
}

func (s *Server) allow(u rbac.User, a rbac.Attributes) error {
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
	if c.User == "" {
		return admin
	}
	return rbac.User{Name: c.User, UID: c.UserUID, Groups: c.Groups}
}

func reviewSelf(_ *Server, c *call, r *authenticationv1.SelfSubjectReview) {
	u := c.user()
	r.Status.UserInfo = authenticationv1.UserInfo{Username: u.Name, UID: u.UID, Groups: u.Groups}
}

// reviewAccess answers whether a user may do what a review asks about.
func (s *Server) reviewAccess(u rbac.User, res *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes) authorizationv1.SubjectAccessReviewStatus {
	var a rbac.Attributes
	if res != nil {
		a = rbac.Attributes{
			Verb: res.Verb, Namespace: res.Namespace, Group: res.Group, Resource: res.Resource, Subresource: res.Subresource, Name: res.Name,
		}
	} else if path != nil {
		a = rbac.Attributes{Verb: path.Verb, Path: path.Path}
	}
	d := rbac.Authorize(roles{s}, u, a)
	return authorizationv1.SubjectAccessReviewStatus{Allowed: d.Allowed, Reason: d.Reason}
}

func reviewSubject(s *Server, _ *call, r *authorizationv1.SubjectAccessReview) {
	u := rbac.User{Name: r.Spec.User, UID: r.Spec.UID, Groups: r.Spec.Groups}
	r.Status = s.reviewAccess(u, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
}

func reviewLocal(s *Server, _ *call, r *authorizationv1.LocalSubjectAccessReview) {
	u := rbac.User{Name: r.Spec.User, UID: r.Spec.UID, Groups: r.Spec.Groups}
	r.Status = s.reviewAccess(u, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
}

func reviewOwnAccess(s *Server, c *call, r *authorizationv1.SelfSubjectAccessReview) {
	r.Status = s.reviewAccess(c.user(), r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
}

// reviewRules lists all that the caller may do in a namespace.
func reviewRules(s *Server, c *call, r *authorizationv1.SelfSubjectRulesReview) {
	r.Status = authorizationv1.SubjectRulesReviewStatus{
		ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{},
	}
	for _, rule := range rbac.Rules(roles{s}, c.user(), r.Spec.Namespace) {
		if len(rule.NonResourceURLs) > 0 {
			r.Status.NonResourceRules = append(r.Status.NonResourceRules,
				authorizationv1.NonResourceRule{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
			continue
		}
		r.Status.ResourceRules = append(r.Status.ResourceRules, authorizationv1.ResourceRule{
			Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
		})
	}
}
