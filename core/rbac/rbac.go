// Package rbac decides who may do what: it holds a request's attributes against
// the roles and bindings of rbac.authorization.k8s.io, which the API server
// hands it. It knows nothing of requests or storage, and keeps nothing.
//
// It follows kubernetes v1.36 plugin/pkg/auth/authorizer/rbac and
// pkg/registry/rbac (escalation.go), and k8s.io/apiserver v0.36
// pkg/endpoints/filters/impersonation (impersonate.go). Left out: label and
// field selectors in attributes, which RBAC does not look at.
package rbac

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The groups that mean something by themselves.
const (
	Masters         = "system:masters"
	Authenticated   = "system:authenticated"
	Unauthenticated = "system:unauthenticated"
	Anonymous       = "system:anonymous"

	accountPrefix = "system:serviceaccount:"
	accountGroup  = "system:serviceaccounts"
)

// User is who asks.
type User struct {
	Name   string
	UID    string
	Groups []string
	Extra  map[string][]string
}

// Attributes are what a request wants to do: something to a resource, or to a
// path that is none.
type Attributes struct {
	Verb                               string
	Namespace                          string // "" at the cluster scope
	Group, Resource, Subresource, Name string
	Path                               string // of what is no resource; "" for resources
}

// Source is where roles and bindings are read. A role that is not there is nil.
type Source interface {
	Role(namespace, name string) *rbacv1.Role
	ClusterRole(name string) *rbacv1.ClusterRole
	RoleBindings(namespace string) []*rbacv1.RoleBinding
	ClusterRoleBindings() []*rbacv1.ClusterRoleBinding
}

// Decision is an answer and its reason, which may be empty.
type Decision struct {
	Allowed bool
	Reason  string
}

// Authorize tells whether the user may do it.
func Authorize(src Source, u User, a Attributes) Decision {
	if slices.Contains(u.Groups, Masters) {
		return Decision{Allowed: true}
	}
	var out Decision
	missing := visit(src, u, a.Namespace, func(why string, rule *rbacv1.PolicyRule) bool {
		if !covers(rule, &a) {
			return true
		}
		out = Decision{true, "RBAC: allowed by " + why}
		return false
	})
	if !out.Allowed && len(missing) > 0 {
		out.Reason = "RBAC: " + joined(missing)
	}
	return out
}

// joined writes errors as upstream's aggregate does: once each.
func joined(errs []error) string {
	var texts []string
	for _, err := range errs {
		if !slices.Contains(texts, err.Error()) {
			texts = append(texts, err.Error())
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// Rules are all rules that the user has in a namespace, cluster-wide ones included.
func Rules(src Source, u User, namespace string) (rules []rbacv1.PolicyRule) {
	visit(src, u, namespace, func(_ string, rule *rbacv1.PolicyRule) bool {
		rules = append(rules, *rule)
		return true
	})
	return rules
}

// visit shows every rule that applies to the user, until fn returns false. It
// returns the roles that bindings name and that are not there.
func visit(src Source, u User, namespace string, fn func(why string, rule *rbacv1.PolicyRule) bool) (missing []error) {
	show := func(ref rbacv1.RoleRef, in, why string) bool {
		rules, err := rulesOf(src, ref, in)
		if err != nil {
			missing = append(missing, err)
			return true
		}
		for i := range rules {
			if !fn(why, &rules[i]) {
				return false
			}
		}
		return true
	}
	for _, b := range src.ClusterRoleBindings() {
		if s := u.among(b.Subjects, ""); s != nil {
			why := fmt.Sprintf("ClusterRoleBinding %q of %s %q to %s", b.Name, b.RoleRef.Kind, b.RoleRef.Name, shown(s, ""))
			if !show(b.RoleRef, "", why) {
				return missing
			}
		}
	}
	if namespace == "" {
		return missing
	}
	for _, b := range src.RoleBindings(namespace) {
		if s := u.among(b.Subjects, namespace); s != nil {
			why := fmt.Sprintf("RoleBinding %q of %s %q to %s", b.Name+"/"+b.Namespace, b.RoleRef.Kind, b.RoleRef.Name, shown(s, namespace))
			if !show(b.RoleRef, namespace, why) {
				return missing
			}
		}
	}
	return missing
}

func rulesOf(src Source, ref rbacv1.RoleRef, namespace string) ([]rbacv1.PolicyRule, error) {
	if ref.Kind == "ClusterRole" {
		if role := src.ClusterRole(ref.Name); role != nil {
			return role.Rules, nil
		}
		return nil, apierrors.NewNotFound(schema.GroupResource{Group: rbacv1.GroupName, Resource: "clusterrole"}, ref.Name)
	}
	if role := src.Role(namespace, ref.Name); role != nil {
		return role.Rules, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Group: rbacv1.GroupName, Resource: "role"}, ref.Name)
}

// among finds the subject that the user is.
func (u *User) among(subjects []rbacv1.Subject, namespace string) *rbacv1.Subject {
	for i := range subjects {
		s := &subjects[i]
		switch s.Kind {
		case rbacv1.UserKind:
			if s.Name == u.Name {
				return s
			}
		case rbacv1.GroupKind:
			if slices.Contains(u.Groups, s.Name) {
				return s
			}
		case rbacv1.ServiceAccountKind:
			if in := cmpOr(s.Namespace, namespace); in != "" && u.Name == accountPrefix+in+":"+s.Name {
				return s
			}
		}
	}
	return nil
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func shown(s *rbacv1.Subject, namespace string) string {
	if s.Kind == rbacv1.ServiceAccountKind {
		return fmt.Sprintf("%s %q", s.Kind, s.Name+"/"+cmpOr(s.Namespace, namespace))
	}
	return fmt.Sprintf("%s %q", s.Kind, s.Name)
}

// covers tells whether a rule allows what the attributes say.
func covers(rule *rbacv1.PolicyRule, a *Attributes) bool {
	if !has(rule.Verbs, a.Verb) {
		return false
	}
	if a.Path != "" {
		return slices.ContainsFunc(rule.NonResourceURLs, func(url string) bool {
			prefix, open := strings.CutSuffix(url, "*")
			return url == a.Path || open && strings.HasPrefix(a.Path, prefix)
		})
	}
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	return has(rule.APIGroups, a.Group) &&
		(has(rule.Resources, resource) || a.Subresource != "" && slices.Contains(rule.Resources, "*/"+a.Subresource)) &&
		(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, a.Name))
}

// has tells whether a list of a rule names something, or all.
func has(list []string, want string) bool {
	return slices.Contains(list, want) || slices.Contains(list, "*")
}

// Forbidden is the 403 of a request that is not allowed
// (pkg/endpoints/handlers/responsewriters/errors.go of the generic API server).
func Forbidden(u User, a Attributes, reason string) error {
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	var text string
	switch {
	case a.Path != "":
		text = fmt.Sprintf("User %q cannot %s path %q", u.Name, a.Verb, a.Path)
	case a.Namespace != "":
		text = fmt.Sprintf("User %q cannot %s resource %q in API group %q in the namespace %q", u.Name, a.Verb, resource, a.Group, a.Namespace)
	default:
		text = fmt.Sprintf("User %q cannot %s resource %q in API group %q at the cluster scope", u.Name, a.Verb, resource, a.Group)
	}
	if reason != "" {
		text += ": " + reason
	}
	return apierrors.NewForbidden(schema.GroupResource{Group: a.Group, Resource: a.Resource}, a.Name, fmt.Errorf("%s", text))
}
