package rbac

import (
	"maps"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/api/validation"
)

// Impersonation: whoever may do it makes a request as somebody else. v1.36 has
// ways that are bounded to one kind of user and to what the request does (the
// verbs impersonate-on:WAY:VERB and impersonate:WAY), and the old one (the verb
// impersonate), which is tried last. Where none works, the first way that
// applies says why not; upstream, which remembers the way that last worked for
// a requester, then tries and names that one first.

const nodePrefix = "system:node:"

// way is one way to impersonate; name is "" for the old one.
type way struct {
	name    string
	applies func(wanted *User) bool
}

var ways = []way{
	{"arbitrary-node", func(u *User) bool { return u.bare() && isNode(u.Name) }},
	{"serviceaccount", func(u *User) bool { return u.bare() && isAccount(u.Name) }},
	{"user-info", func(u *User) bool { return !isNode(u.Name) && !isAccount(u.Name) }},
	{"", func(*User) bool { return true }},
}

// bare: nothing but the name is asked for.
func (u *User) bare() bool { return u.UID == "" && len(u.Groups) == 0 && len(u.Extra) == 0 }

func isNode(name string) bool {
	node, found := strings.CutPrefix(name, nodePrefix)
	return found && len(validation.NameIsDNSSubdomain(node, false)) == 0
}

// accountOf takes the name of a service account's user apart.
func accountOf(name string) (namespace, account string, found bool) {
	rest, found := strings.CutPrefix(name, accountPrefix)
	namespace, account, two := strings.Cut(rest, ":")
	return namespace, account, found && two &&
		len(validation.ValidateNamespaceName(namespace, false)) == 0 && len(validation.ValidateServiceAccountName(account, false)) == 0
}

func isAccount(name string) bool {
	_, _, found := accountOf(name)
	return found
}

// Account is the user that a service account is.
func Account(namespace, name string) User {
	return User{Name: accountPrefix + namespace + ":" + name, Groups: append(accountGroups(namespace), Authenticated)}
}

func accountGroups(namespace string) []string {
	return []string{accountGroup, accountGroup + ":" + namespace}
}

// Impersonate is whom a request is really from, as far as by may be that user
// for it: wanted is what was asked for, a what the request does.
func Impersonate(src Source, by, wanted User, a Attributes) (User, error) {
	var first error
	for i := range ways {
		if !ways[i].applies(&wanted) {
			continue
		}
		err := ways[i].check(src, by, &wanted, a)
		if err == nil {
			return wanted.furnished(ways[i].name), nil
		}
		if first == nil {
			first = err
		}
	}
	return User{}, first
}

func (w *way) check(src Source, by User, wanted *User, a Attributes) error {
	verb, group := "impersonate", ""
	if w.name != "" {
		a.Verb = "impersonate-on:" + w.name + ":" + a.Verb
		if err := require(src, by, a); err != nil {
			return err
		}
		verb, group = "impersonate:"+w.name, authenticationv1.GroupName
	}
	for _, part := range w.parts(wanted, group) {
		part.Verb = verb
		if err := require(src, by, part); err != nil {
			return err
		}
	}
	return nil
}

// parts are what has to be allowed one by one.
func (w *way) parts(wanted *User, group string) []Attributes {
	name := Attributes{Group: group, Resource: "users", Name: wanted.Name}
	if namespace, account, found := accountOf(wanted.Name); found {
		name = Attributes{Group: group, Resource: "serviceaccounts", Namespace: namespace, Name: account}
	} else if w.name != "" && isNode(wanted.Name) {
		name.Resource, name.Name = "nodes", strings.TrimPrefix(wanted.Name, nodePrefix)
	}
	parts := []Attributes{name}
	if wanted.UID != "" {
		parts = append(parts, Attributes{Group: authenticationv1.GroupName, Resource: "uids", Name: wanted.UID})
	}
	for _, g := range wanted.Groups {
		parts = append(parts, Attributes{Group: group, Resource: "groups", Name: g})
	}
	for _, key := range slices.Sorted(maps.Keys(wanted.Extra)) {
		for _, value := range wanted.Extra[key] {
			parts = append(parts, Attributes{Group: authenticationv1.GroupName, Resource: "userextras", Subresource: key, Name: value})
		}
	}
	return parts
}

// furnished is the user with the groups that such a one always has.
func (u User) furnished(wayName string) User {
	u.Groups = slices.Clone(u.Groups)
	switch namespace, _, account := accountOf(u.Name); {
	case account && len(u.Groups) == 0:
		u.Groups = accountGroups(namespace)
	case wayName != "" && isNode(u.Name):
		u.Groups = []string{"system:nodes"}
	}
	switch {
	case u.Name == Anonymous:
		u.ensure(Unauthenticated)
	case !slices.Contains(u.Groups, Unauthenticated):
		u.ensure(Authenticated)
	}
	return u
}

func (u *User) ensure(group string) {
	if !slices.Contains(u.Groups, group) {
		u.Groups = append(u.Groups, group)
	}
}

// require is nil where the user may.
func require(src Source, u User, a Attributes) error {
	d := Authorize(src, u, a)
	if d.Allowed {
		return nil
	}
	return Forbidden(u, a, d.Reason)
}
