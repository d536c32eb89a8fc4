package rbac

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// source is a few roles and bindings.
type source struct {
	roles    map[string]*rbacv1.Role // by namespace/name
	clusters map[string]*rbacv1.ClusterRole
	bindings map[string][]*rbacv1.RoleBinding
	wide     []*rbacv1.ClusterRoleBinding
}

func (s source) Role(namespace, name string) *rbacv1.Role            { return s.roles[namespace+"/"+name] }
func (s source) ClusterRole(name string) *rbacv1.ClusterRole         { return s.clusters[name] }
func (s source) RoleBindings(namespace string) []*rbacv1.RoleBinding { return s.bindings[namespace] }
func (s source) ClusterRoleBindings() []*rbacv1.ClusterRoleBinding   { return s.wide }

func few() source {
	rule := func(verbs, groups, resources, names []string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{{Verbs: verbs, APIGroups: groups, Resources: resources, ResourceNames: names}}
	}
	all := []string{"*"}
	subject := func(kind, name string) []rbacv1.Subject { return []rbacv1.Subject{{Kind: kind, Name: name}} }
	return source{
		roles: map[string]*rbacv1.Role{
			"a/reader": {Rules: rule([]string{"get", "list"}, []string{""}, []string{"pods"}, nil)},
			"a/one":    {Rules: rule([]string{"get"}, []string{""}, []string{"secrets"}, []string{"mine"})},
		},
		clusters: map[string]*rbacv1.ClusterRole{
			"scaler": {Rules: rule(all, []string{"apps"}, []string{"*/scale"}, nil)},
			"paths":  {Rules: []rbacv1.PolicyRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"/api/*", "/version"}}}},
		},
		bindings: map[string][]*rbacv1.RoleBinding{"a": {
			{RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "reader"}, Subjects: subject(rbacv1.UserKind, "jane")},
			{RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "one"}, Subjects: subject(rbacv1.ServiceAccountKind, "robot")},
			{RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "scaler"}, Subjects: subject(rbacv1.GroupKind, "ops")},
			{RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "gone"}, Subjects: subject(rbacv1.UserKind, "joe")},
		}},
		wide: []*rbacv1.ClusterRoleBinding{{
			ObjectMeta: metav1.ObjectMeta{Name: "paths"},
			RoleRef:    rbacv1.RoleRef{Kind: "ClusterRole", Name: "paths"}, Subjects: subject(rbacv1.GroupKind, Authenticated),
		}},
	}
}

func TestAuthorize(t *testing.T) {
	jane, joe := User{Name: "jane"}.furnished(""), User{Name: "joe"}.furnished("")
	ops := User{Name: "any", Groups: []string{"ops"}}.furnished("")
	robot := Account("a", "robot")
	for _, test := range []struct {
		user   User
		what   Attributes
		want   bool
		reason string
	}{
		{jane, Attributes{Verb: "list", Namespace: "a", Resource: "pods"}, true, `RBAC: allowed by RoleBinding "/" of Role "reader" to User "jane"`},
		{jane, Attributes{Verb: "list", Namespace: "b", Resource: "pods"}, false, ""},
		{jane, Attributes{Verb: "list", Resource: "pods"}, false, ""},
		{jane, Attributes{Verb: "delete", Namespace: "a", Resource: "pods"}, false, ""},
		{jane, Attributes{Verb: "get", Namespace: "a", Resource: "pods", Subresource: "log"}, false, ""},
		{jane, Attributes{Verb: "get", Namespace: "a", Group: "apps", Resource: "pods"}, false, ""},
		{jane, Attributes{Verb: "get", Path: "/api/v1"}, true, `RBAC: allowed by ClusterRoleBinding "paths" of ClusterRole "paths" to Group "system:authenticated"`},
		{jane, Attributes{Verb: "get", Path: "/apis"}, false, ""},
		{ops, Attributes{Verb: "update", Namespace: "a", Group: "apps", Resource: "deployments", Subresource: "scale"}, true,
			`RBAC: allowed by RoleBinding "/" of ClusterRole "scaler" to Group "ops"`},
		{ops, Attributes{Verb: "update", Namespace: "a", Group: "apps", Resource: "deployments"}, false, ""},
		{robot, Attributes{Verb: "get", Namespace: "a", Resource: "secrets", Name: "mine"}, true,
			`RBAC: allowed by RoleBinding "/" of Role "one" to ServiceAccount "robot/a"`},
		{robot, Attributes{Verb: "get", Namespace: "a", Resource: "secrets", Name: "other"}, false, ""},
		{joe, Attributes{Verb: "get", Namespace: "a", Resource: "pods"}, false, `RBAC: role.rbac.authorization.k8s.io "gone" not found`},
		{User{Name: "root", Groups: []string{Masters}}, Attributes{Verb: "delete", Resource: "nodes"}, true, ""},
	} {
		got := Authorize(few(), test.user, test.what)
		if got != (Decision{test.want, test.reason}) {
			t.Errorf("%s %+v: %+v", test.user.Name, test.what, got)
		}
	}
}

func TestForbidden(t *testing.T) {
	u := User{Name: "jane"}
	for want, a := range map[string]Attributes{
		`pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "a"`:             {Verb: "list", Namespace: "a", Resource: "pods"},
		`pods "p" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "a": why`: {Verb: "get", Namespace: "a", Resource: "pods", Subresource: "log", Name: "p"},
		`nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope`:           {Verb: "list", Resource: "nodes"},
		`forbidden: User "jane" cannot get path "/metrics"`:                                                           {Verb: "get", Path: "/metrics"},
	} {
		reason := ""
		if a.Name != "" {
			reason = "why"
		}
		if got := Forbidden(u, a, reason).Error(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
