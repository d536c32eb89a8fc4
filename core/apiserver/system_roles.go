package apiserver

import (
	_ "embed"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

//go:embed system_roles.txt
var systemRolesText string

// SystemRoles are the roles and bindings of components and controllers that a
// real API server has too (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).
// Components here are trusted and need none, so that these are for whoever reads
// or binds them: tabernetes serve gives them to its cluster, the browser, where
// each would cost time and room, does not.
func SystemRoles() []api.Object {
	var out []api.Object
	for line := range strings.Lines(systemRolesText) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case line[0] != ' ':
			out = append(out, newRole(words))
		default:
			addToRole(out[len(out)-1], words)
		}
	}
	return out
}

// newRole begins a role or binding: KIND [NAMESPACE/]NAME [> KIND NAME].
func newRole(words []string) api.Object {
	namespace, name := cutNamespace(words[1])
	meta := metav1.ObjectMeta{
		Namespace: namespace, Name: name,
		Labels:      map[string]string{"kubernetes.io/bootstrapping": "rbac-defaults"},
		Annotations: map[string]string{rbacv1.AutoUpdateAnnotationKey: "true"},
	}
	var ref rbacv1.RoleRef
	if len(words) == 5 {
		ref = rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: words[3], Name: words[4]}
	}
	switch words[0] {
	case "ClusterRole":
		return &rbacv1.ClusterRole{ObjectMeta: meta}
	case "Role":
		return &rbacv1.Role{ObjectMeta: meta}
	case "ClusterRoleBinding":
		return &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: ref}
	case "RoleBinding":
		return &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: ref}
	}
	panic("apiserver: no kind of role: " + words[0]) // our own file
}

// addToRole adds a rule or a subject.
func addToRole(obj api.Object, words []string) {
	switch o := obj.(type) {
	case *rbacv1.ClusterRole:
		o.Rules = append(o.Rules, ruleOf(words))
	case *rbacv1.Role:
		o.Rules = append(o.Rules, ruleOf(words))
	case *rbacv1.ClusterRoleBinding:
		o.Subjects = append(o.Subjects, subjectOf(words))
	case *rbacv1.RoleBinding:
		o.Subjects = append(o.Subjects, subjectOf(words))
	}
}

// ruleOf reads VERBS PATHS, or VERBS RESOURCES GROUPS [NAMES].
func ruleOf(words []string) rbacv1.PolicyRule {
	list := func(i int) []string {
		if i >= len(words) {
			return nil
		}
		return strings.Split(words[i], ",")
	}
	if len(words) == 2 {
		return rbacv1.PolicyRule{Verbs: list(0), NonResourceURLs: list(1)}
	}
	rule := rbacv1.PolicyRule{Verbs: list(0), Resources: list(1), APIGroups: list(2), ResourceNames: list(3)}
	for i, group := range rule.APIGroups {
		if group == "-" {
			rule.APIGroups[i] = ""
		}
	}
	return rule
}

// subjectOf reads KIND [NAMESPACE/]NAME.
func subjectOf(words []string) rbacv1.Subject {
	subject := rbacv1.Subject{Kind: words[0]}
	subject.Namespace, subject.Name = cutNamespace(words[1])
	if subject.Kind != rbacv1.ServiceAccountKind {
		subject.APIGroup = rbacv1.GroupName
	}
	return subject
}

func cutNamespace(text string) (namespace, name string) {
	if namespace, name, found := strings.Cut(text, "/"); found {
		return namespace, name
	}
	return "", text
}
