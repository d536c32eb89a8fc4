package rbac

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Nobody grants more than they have: whoever writes a role must hold its rules,
// or the verb escalate on it; whoever writes a binding must hold the rules of
// the role it names, or the verb bind on that
// (pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased).

// everything is what whoever aggregates roles must hold: an aggregation can
// gather anything.
var everything = []rbacv1.PolicyRule{
	{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}},
	{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}},
}

// Grant is the writing of a role or a binding, as far as it matters here.
type Grant struct {
	Resource  string // roles, clusterroles, rolebindings, clusterrolebindings
	Namespace string // "" for those of the cluster
	Name      string // of the object
	URLName   string // as the request has it: "" where it creates
	Rules     []rbacv1.PolicyRule
	Ref       *rbacv1.RoleRef // of a binding
	// Aggregates: the role gathers others' rules, or did before.
	Aggregates bool
}

// MayGrant returns the error of a grant that goes beyond what the user has.
func MayGrant(src Source, u User, g Grant) error {
	if slices.Contains(u.Groups, Masters) || g.authorized(src, u) {
		return nil
	}
	rules := g.Rules
	if g.Ref != nil {
		var err error
		if rules, err = rulesOf(src, *g.Ref, g.Namespace); err != nil {
			return apierrors.NewNotFound(g.resource(), g.Ref.Name) // the real one too says it of the binding
		}
	}
	if err := confirm(src, u, g.Namespace, rules); err != nil {
		return g.forbidden(err)
	}
	if g.Aggregates && confirm(src, u, g.Namespace, everything) != nil {
		return g.forbidden(errors.New("must have cluster-admin privileges to use the aggregationRule"))
	}
	return nil
}

// authorized: the user may explicitly go beyond.
func (g *Grant) authorized(src Source, u User) bool {
	a := Attributes{Verb: "escalate", Namespace: g.Namespace, Group: rbacv1.GroupName, Resource: g.Resource, Name: g.URLName}
	if g.Ref != nil {
		a.Verb, a.Group, a.Name = "bind", g.Ref.APIGroup, g.Ref.Name
		a.Resource = strings.ToLower(g.Ref.Kind) + "s"
	}
	return Authorize(src, u, a).Allowed
}

func (g *Grant) resource() schema.GroupResource {
	return schema.GroupResource{Group: rbacv1.GroupName, Resource: g.Resource}
}

func (g *Grant) forbidden(err error) error { return apierrors.NewForbidden(g.resource(), g.Name, err) }

// confirm returns what the user would have to hold of some rules and doesn't.
func confirm(src Source, u User, namespace string, rules []rbacv1.PolicyRule) error {
	var own []rbacv1.PolicyRule
	lost := visit(src, u, namespace, func(_ string, rule *rbacv1.PolicyRule) bool {
		own = append(own, *rule)
		return true
	})
	var missing []rbacv1.PolicyRule
	for i := range rules {
		for _, part := range atoms(&rules[i]) {
			if !slices.ContainsFunc(own, func(r rbacv1.PolicyRule) bool { return holds(&r, &part) }) {
				missing = append(missing, part)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	text := fmt.Sprintf("user %q (groups=%q) is attempting to grant RBAC permissions not currently held:\n%s", u.Name, u.Groups, describe(missing))
	if len(lost) > 0 {
		text += "; resolution errors: " + joined(lost)
	}
	return errors.New(text)
}

// atoms are a rule's parts that have one verb, one group and one resource, at
// most one name, or else one URL.
func atoms(r *rbacv1.PolicyRule) (out []rbacv1.PolicyRule) {
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			for _, verb := range r.Verbs {
				part := rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: []string{verb}}
				if len(r.ResourceNames) == 0 {
					out = append(out, part)
				}
				for _, name := range r.ResourceNames {
					part.ResourceNames = []string{name}
					out = append(out, part)
				}
			}
		}
	}
	for _, url := range r.NonResourceURLs {
		for _, verb := range r.Verbs {
			out = append(out, rbacv1.PolicyRule{NonResourceURLs: []string{url}, Verbs: []string{verb}})
		}
	}
	return out
}

// holds tells whether a rule allows all that an atom does.
func holds(r, atom *rbacv1.PolicyRule) bool {
	if !has(r.Verbs, atom.Verbs[0]) {
		return false
	}
	if len(atom.NonResourceURLs) > 0 {
		return slices.ContainsFunc(r.NonResourceURLs, func(url string) bool {
			return url == atom.NonResourceURLs[0] ||
				strings.HasSuffix(url, "*") && strings.HasPrefix(atom.NonResourceURLs[0], strings.TrimRight(url, "*"))
		})
	}
	resource := atom.Resources[0]
	_, sub, isSub := strings.Cut(resource, "/")
	return has(r.APIGroups, atom.APIGroups[0]) &&
		(has(r.Resources, resource) || isSub && slices.Contains(r.Resources, "*/"+sub)) &&
		(len(r.ResourceNames) == 0 || len(atom.ResourceNames) > 0 && slices.Contains(r.ResourceNames, atom.ResourceNames[0]))
}

// describe writes atoms a line each, those that differ in their verb alone as one:
//
//	{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}
func describe(atoms []rbacv1.PolicyRule) string {
	verbs := map[string][]string{}
	var lines []string
	for i := range atoms {
		a := &atoms[i]
		if len(a.NonResourceURLs) > 0 {
			lines = append(lines, fmt.Sprintf("{NonResourceURLs:%q, Verbs:%q}", a.NonResourceURLs, a.Verbs))
			continue
		}
		about := fmt.Sprintf("{APIGroups:%q, Resources:%q", a.APIGroups, a.Resources)
		if len(a.ResourceNames) > 0 {
			about += fmt.Sprintf(", ResourceNames:%q", a.ResourceNames)
		}
		verbs[about] = append(verbs[about], a.Verbs...)
	}
	for about, which := range verbs {
		lines = append(lines, fmt.Sprintf("%s, Verbs:%q}", about, which))
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}
