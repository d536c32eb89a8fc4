package kubectl

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ruleFlags are what roles are made of.
type ruleFlags struct{ verbs, resources, names, urls []string }

func (r *ruleFlags) add(f *pflag.FlagSet, cluster bool) {
	f.StringSliceVar(&r.verbs, "verb", nil, "Verb that applies to the resources contained in the rule")
	f.StringSliceVar(&r.resources, "resource", nil, "Resource that the rule applies to")
	f.StringArrayVar(&r.names, "resource-name", nil, "Resource in the white list that the rule applies to, repeat this flag for multiple items")
	if cluster {
		f.StringSliceVar(&r.urls, "non-resource-url", nil, "A partial url that user should have access to.")
	}
}

// rules makes one rule for each group that the resources are of.
func (r *ruleFlags) rules(c *call) ([]rbacv1.PolicyRule, error) {
	if len(r.verbs) == 0 {
		return nil, errors.New("at least one verb must be specified")
	}
	if len(r.resources) == 0 && len(r.urls) == 0 {
		return nil, errors.New("at least one resource must be specified")
	}
	verbs := unique(r.verbs)
	if slices.Contains(verbs, "*") {
		verbs = []string{"*"}
	}
	var rules []rbacv1.PolicyRule
	for _, word := range unique(r.resources) {
		word, sub, _ := strings.Cut(word, "/")
		group, plural := "*", word
		if word != "*" {
			m, err := c.mappingFor(word)
			if err != nil {
				return nil, &exitError{err.Error(), 1}
			}
			group, plural = m.Group, m.Resource
		}
		if sub != "" {
			plural += "/" + sub
		}
		i := slices.IndexFunc(rules, func(rule rbacv1.PolicyRule) bool { return rule.APIGroups[0] == group })
		if i < 0 {
			rules = append(rules, rbacv1.PolicyRule{Verbs: verbs, APIGroups: []string{group}, ResourceNames: r.names})
			i = len(rules) - 1
		}
		rules[i].Resources = append(rules[i].Resources, plural)
	}
	if len(r.urls) > 0 {
		rules = append(rules, rbacv1.PolicyRule{Verbs: verbs, NonResourceURLs: r.urls})
	}
	return rules, nil
}

func unique(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func createRoleCommand() *Command {
	return simpleCreate(Command{
		Name: "role", Short: "Create a role with single rule",
		Usage:    "NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [--dry-run=server|client|none]",
		Examples: "# A role that lets a user look at pods\nkubectl create role pod-reader --verb=get --verb=list --verb=watch --resource=pods",
	}, "/apis/rbac.authorization.k8s.io/v1/{ns}roles", "", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		flags := &ruleFlags{}
		flags.add(f, false)
		return func(c *call, name string) (any, error) {
			r := &rbacv1.Role{}
			r.TypeMeta, r.ObjectMeta = named(c, "rbac.authorization.k8s.io/v1", "Role", name, true)
			rules, err := flags.rules(c)
			r.Rules = rules
			return r, err
		}
	})
}

func createClusterRoleCommand() *Command {
	return simpleCreate(Command{
		Name: "clusterrole", Short: "Create a cluster role",
		Usage:    "NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none]",
		Examples: "# A cluster role that lets a user look at pods\nkubectl create clusterrole pod-reader --verb=get,list,watch --resource=pods",
	}, "/apis/rbac.authorization.k8s.io/v1/clusterroles", "", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		flags := &ruleFlags{}
		flags.add(f, true)
		labels := f.StringToString("aggregation-rule", nil, "An aggregation label selector for combining ClusterRoles.")
		return func(c *call, name string) (any, error) {
			r := &rbacv1.ClusterRole{}
			r.TypeMeta, r.ObjectMeta = named(c, "rbac.authorization.k8s.io/v1", "ClusterRole", name, false)
			if len(*labels) > 0 {
				if len(flags.verbs)+len(flags.resources)+len(flags.names)+len(flags.urls) > 0 {
					return nil, errors.New("aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames")
				}
				r.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: *labels}}}
				return r, nil
			}
			rules, err := flags.rules(c)
			r.Rules = rules
			return r, err
		}
	})
}

// subjectFlags are who gets a role.
type subjectFlags struct{ users, groups, accounts []string }

func (s *subjectFlags) add(f *pflag.FlagSet) {
	f.StringArrayVar(&s.users, "user", nil, "Usernames to bind to the role. The flag can be repeated to add multiple users.")
	f.StringArrayVar(&s.groups, "group", nil, "Groups to bind to the role. The flag can be repeated to add multiple groups.")
	f.StringArrayVar(&s.accounts, "serviceaccount", nil, "Service accounts to bind to the role, in the format <namespace>:<name>. The flag can be repeated to add multiple service accounts.")
}

func (s *subjectFlags) subjects() ([]rbacv1.Subject, error) {
	var out []rbacv1.Subject
	for _, user := range s.users {
		out = append(out, rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user})
	}
	for _, group := range s.groups {
		out = append(out, rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: group})
	}
	for _, account := range s.accounts {
		ns, name, ok := strings.Cut(account, ":")
		if !ok || ns == "" || name == "" || strings.Contains(name, ":") {
			return nil, errors.New("serviceaccount must be <namespace>:<name>")
		}
		out = append(out, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: ns, Name: name})
	}
	return out, nil
}

func createRoleBindingCommand() *Command {
	return simpleCreate(Command{
		Name: "rolebinding", Short: "Create a role binding for a particular role or cluster role",
		Usage:    "NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
		Examples: "# The role pod-reader for the user jane\nkubectl create rolebinding read-pods --role=pod-reader --user=jane",
	}, "/apis/rbac.authorization.k8s.io/v1/{ns}rolebindings", "failed to create rolebinding", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		role := f.String("role", "", "Role this RoleBinding should reference")
		cluster := f.String("clusterrole", "", "ClusterRole this RoleBinding should reference")
		who := &subjectFlags{}
		who.add(f)
		return func(c *call, name string) (any, error) {
			if (*role == "") == (*cluster == "") {
				return nil, errors.New("exactly one of clusterrole or role must be specified")
			}
			b := &rbacv1.RoleBinding{RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: *role}}
			if *cluster != "" {
				b.RoleRef.Kind, b.RoleRef.Name = "ClusterRole", *cluster
			}
			b.TypeMeta, b.ObjectMeta = named(c, "rbac.authorization.k8s.io/v1", "RoleBinding", name, true)
			subjects, err := who.subjects()
			b.Subjects = subjects
			return b, err
		}
	})
}

func createClusterRoleBindingCommand() *Command {
	return simpleCreate(Command{
		Name: "clusterrolebinding", Short: "Create a cluster role binding for a particular cluster role", Required: []string{"clusterrole"},
		Usage:    "NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
		Examples: "# The cluster role cluster-admin for the user jane\nkubectl create clusterrolebinding cluster-admin --clusterrole=cluster-admin --user=jane",
	}, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "failed to create clusterrolebinding", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		cluster := f.String("clusterrole", "", "ClusterRole this ClusterRoleBinding should reference")
		who := &subjectFlags{}
		who.add(f)
		return func(c *call, name string) (any, error) {
			b := &rbacv1.ClusterRoleBinding{RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: *cluster}}
			b.TypeMeta, b.ObjectMeta = named(c, "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name, false)
			subjects, err := who.subjects()
			b.Subjects = subjects
			return b, err
		}
	})
}
