package rbac

import (
	"reflect"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

// The refusals are those of kube-apiserver v1.36.3, where robot is given the
// verb impersonate on users and nothing else.
func TestImpersonate(t *testing.T) {
	src := few()
	src.clusters["sudo"] = &rbacv1.ClusterRole{Rules: []rbacv1.PolicyRule{{Verbs: []string{"impersonate"}, APIGroups: []string{""}, Resources: []string{"users"}}}}
	src.clusters["bounded"] = &rbacv1.ClusterRole{Rules: []rbacv1.PolicyRule{
		{Verbs: []string{"impersonate:serviceaccount"}, APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"serviceaccounts"}},
		{Verbs: []string{"impersonate-on:serviceaccount:list"}, APIGroups: []string{""}, Resources: []string{"pods"}},
	}}
	user := func(name string) []rbacv1.Subject { return []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: name}} }
	src.wide = append(src.wide,
		&rbacv1.ClusterRoleBinding{RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "sudo"}, Subjects: user("sue")},
		&rbacv1.ClusterRoleBinding{RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "bounded"}, Subjects: user("bob")})
	root := User{Name: "root", Groups: []string{Masters}}
	list := Attributes{Verb: "list", Namespace: "default", Resource: "pods"}
	for _, test := range []struct {
		by, wanted User
		what       Attributes
		groups     []string
		refused    string
	}{
		{User{Name: "joe"}, User{Name: "jane"}, list, nil,
			`pods is forbidden: User "joe" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"`},
		{User{Name: "joe"}, User{Name: "system:serviceaccount:default:x"}, list, nil,
			`pods is forbidden: User "joe" cannot impersonate-on:serviceaccount:list resource "pods" in API group "" in the namespace "default"`},
		{User{Name: "sue"}, User{Name: "jane"}, list, []string{Authenticated}, ""},
		{User{Name: "sue"}, User{Name: "jane", Groups: []string{Masters}}, list, nil,
			`pods is forbidden: User "sue" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"`},
		{User{Name: "sue"}, User{Name: "system:serviceaccount:default:x"}, list, nil,
			`pods is forbidden: User "sue" cannot impersonate-on:serviceaccount:list resource "pods" in API group "" in the namespace "default"`},
		{User{Name: "bob"}, User{Name: "system:serviceaccount:default:x"}, list,
			[]string{"system:serviceaccounts", "system:serviceaccounts:default", Authenticated}, ""},
		{User{Name: "bob"}, User{Name: "system:serviceaccount:default:x"}, Attributes{Verb: "get", Namespace: "default", Resource: "pods", Name: "p"}, nil,
			`pods "p" is forbidden: User "bob" cannot impersonate-on:serviceaccount:get resource "pods" in API group "" in the namespace "default"`},
		{root, User{Name: "jane", Groups: []string{"a,b"}}, list, []string{"a,b", Authenticated}, ""},
		{root, User{Name: "system:node:node-1"}, list, []string{"system:nodes", Authenticated}, ""},
		{root, User{Name: Anonymous}, list, []string{Unauthenticated}, ""},
	} {
		u, err := Impersonate(src, test.by, test.wanted, test.what)
		switch {
		case err != nil && err.Error() != test.refused || err == nil && test.refused != "":
			t.Errorf("%s as %s: %v\nwant %s", test.by.Name, test.wanted.Name, err, test.refused)
		case err == nil && (u.Name != test.wanted.Name || !reflect.DeepEqual(u.Groups, test.groups)):
			t.Errorf("%s as %s: %+v, want %q", test.by.Name, test.wanted.Name, u, test.groups)
		}
	}
}

func TestParts(t *testing.T) {
	wanted := &User{Name: "jane", UID: "4", Groups: []string{"g"}, Extra: map[string][]string{"scopes": {"view"}}}
	var got []string
	for _, a := range ways[len(ways)-1].parts(wanted, "") {
		a.Verb = "impersonate"
		got = append(got, Forbidden(User{Name: "joe"}, a, "").Error())
	}
	want := []string{
		`users "jane" is forbidden: User "joe" cannot impersonate resource "users" in API group "" at the cluster scope`,
		`uids.authentication.k8s.io "4" is forbidden: User "joe" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope`,
		`groups "g" is forbidden: User "joe" cannot impersonate resource "groups" in API group "" at the cluster scope`,
		`userextras.authentication.k8s.io "view" is forbidden: User "joe" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}
