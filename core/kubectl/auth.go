package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// authCommand asks who one is and what one may do (pkg/cmd/auth).
func authCommand() *Command {
	return &Command{
		Name: "auth", Group: groups[4],
		Short:   "Inspect authorization",
		Long:    "Inspect authorization.",
		Usage:   "SUBCOMMAND",
		Missing: []string{"reconcile"},
		Sub:     []*Command{canICommand(), whoAmICommand()},
	}
}

func whoAmICommand() *Command {
	return &Command{
		Name: "whoami", Short: "Experimental: Check self subject attributes",
		Long: "Experimental: Check who you are and your attributes (groups, extra).",
		Setup: func(*pflag.FlagSet) action {
			return func(c *call, args []string) error {
				if len(args) > 0 {
					return c.usageError("Unexpected args: %v", args)
				}
				var answer struct {
					Status struct {
						UserInfo struct {
							Username, UID string
							Groups        []string
						}
					}
				}
				if err := c.review("authentication.k8s.io", "SelfSubjectReview", nil, &answer); err != nil {
					return err
				}
				u := answer.Status.UserInfo
				var t columns
				t.row("ATTRIBUTE", "VALUE")
				t.row("Username", u.Username)
				if u.UID != "" {
					t.row("UID", u.UID)
				}
				if len(u.Groups) > 0 {
					t.row("Groups", fmt.Sprint(u.Groups))
				}
				c.out(t.flush())
				return nil
			}
		},
	}
}

// review posts a review of the caller's own rights.
func (c *call) review(group, kind string, spec map[string]any, answer any) error {
	obj := map[string]any{"apiVersion": group + "/v1", "kind": kind}
	if spec != nil {
		obj["spec"] = spec
	}
	body, err := encode(obj)
	if err != nil {
		return err
	}
	path := "/apis/" + group + "/v1/" + strings.ToLower(kind) + "s"
	reply, err := c.send(wire{method: "POST", path: path, body: body})
	if err != nil {
		return err
	}
	return json.Unmarshal(reply, answer)
}

// canI are the flags of auth can-i.
type canI struct {
	all, list, quiet, noHeaders bool
	subresource                 string
}

func canICommand() *Command {
	return &Command{
		Name: "can-i", Short: "Check whether an action is allowed",
		Long: "Check whether an action is allowed.\n\n VERB is a logical Kubernetes API verb like 'get', 'list', 'watch', 'delete', etc. TYPE is a Kubernetes resource. " +
			"Shortcuts and groups will be resolved. NONRESOURCEURL is a partial URL that starts with \"/\". NAME is the name of a particular Kubernetes resource. " +
			"This command pairs nicely with impersonation. See --as global flag.",
		Usage: "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
		Examples: `
			# Check to see if I can create pods in any namespace
			kubectl auth can-i create pods --all-namespaces

			# Check to see if another user could
			kubectl auth can-i list pods --as jane

			# List all allowed actions in namespace "default"
			kubectl auth can-i --list`,
		Setup: func(f *pflag.FlagSet) action {
			o := &canI{}
			f.BoolVarP(&o.all, "all-namespaces", "A", false, "If true, check the specified action in all namespaces.")
			f.BoolVarP(&o.quiet, "quiet", "q", false, "If true, suppress output and just return the exit code.")
			f.StringVar(&o.subresource, "subresource", "", "SubResource such as pod/log or deployment/scale")
			f.BoolVar(&o.list, "list", false, "If true, prints all allowed actions.")
			f.BoolVar(&o.noHeaders, "no-headers", false, "If true, prints allowed actions without headers")
			return func(c *call, args []string) error {
				if o.list {
					return o.listAll(c, args)
				}
				return o.one(c, args)
			}
		},
	}
}

var errCanIArgs = errors.New("you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.")

// one asks about one action; what is not allowed ends with 1.
func (o *canI) one(c *call, args []string) error {
	if len(args) != 2 {
		return errCanIArgs
	}
	spec := map[string]any{}
	if strings.HasPrefix(args[1], "/") {
		if o.subresource != "" {
			return errors.New("--subresource can not be used with NonResourceURL")
		}
		spec["nonResourceAttributes"] = map[string]any{"verb": args[0], "path": args[1]}
	} else {
		spec["resourceAttributes"] = o.attributes(c, args[0], args[1])
	}
	if o.noHeaders {
		return errors.New("--no-headers cannot be set without --list specified")
	}
	var answer struct {
		Status struct {
			Allowed bool
			Reason  string
		}
	}
	if err := c.review("authorization.k8s.io", "SelfSubjectAccessReview", spec, &answer); err != nil {
		return err
	}
	text := "yes"
	if !answer.Status.Allowed {
		text = "no"
		if answer.Status.Reason != "" {
			text += " - " + answer.Status.Reason
		}
	}
	if !o.quiet {
		c.out(text + "\n")
	}
	if !answer.Status.Allowed {
		return errExit
	}
	return nil
}

var canIVerbs = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
	"use", "bind", "impersonate", "*", "approve", "sign", "escalate", "attest"}

func (o *canI) attributes(c *call, verb, arg string) map[string]any {
	namespace, _ := c.namespace()
	if o.all {
		namespace = ""
	}
	word, name, _ := strings.Cut(arg, "/")
	out := map[string]any{"verb": verb, "namespace": namespace, "name": name, "subresource": o.subresource, "resource": word}
	if word == "*" {
		return out
	}
	m, err := c.mappingFor(word)
	switch {
	case err != nil:
		_, typed := schema.ParseResourceArg(strings.ToLower(word))
		out["resource"], out["group"] = typed.Resource, typed.Group
		text := fmt.Sprintf("the server doesn't have a resource type '%s'", typed.Resource)
		if typed.Group != "" {
			text += fmt.Sprintf(" in group '%s'", typed.Group)
		}
		c.eprintf("Warning: %s\n\n", text)
	default:
		out["resource"], out["group"] = m.Resource, m.Group
		if !m.Namespaced && !o.all {
			text := fmt.Sprintf("resource '%s' is not namespace scoped", m.Resource)
			if m.Group != "" {
				text += fmt.Sprintf(" in group '%s'", m.Group)
			}
			c.eprintf("Warning: %s\n\n", text)
		}
		if !slices.Contains(canIVerbs, verb) && !o.all {
			c.eprintf("Warning: verb '%s' is not a known verb\n\n", verb)
		}
	}
	return out
}

// grant is one rule, broken down to one resource or path.
type grant struct {
	verbs, groups, resources, names, urls []string
}

// text is the rule as upstream sorts by it.
func (g *grant) text() string {
	return fmt.Sprintf("&PolicyRule{Verbs:%v,APIGroups:%v,Resources:%v,ResourceNames:%v,NonResourceURLs:%v,}", g.verbs, g.groups, g.resources, g.names, g.urls)
}

// listAll prints all that is allowed in the namespace.
func (o *canI) listAll(c *call, args []string) error {
	switch {
	case len(args) > 0:
		return errors.New("list option must be specified with no arguments")
	case o.quiet || o.all || o.subresource != "":
		return errors.New("list option can't be specified with neither quiet, all-namespaces nor subresource options")
	}
	namespace, _ := c.namespace()
	var answer struct {
		Status struct {
			ResourceRules    []struct{ Verbs, APIGroups, Resources, ResourceNames []string }
			NonResourceRules []struct{ Verbs, NonResourceURLs []string }
		}
	}
	if err := c.review("authorization.k8s.io", "SelfSubjectRulesReview", map[string]any{"namespace": namespace}, &answer); err != nil {
		return err
	}
	var grants []*grant
	for _, r := range answer.Status.ResourceRules {
		grants = breakDown(grants, r.Verbs, r.APIGroups, r.Resources, r.ResourceNames)
	}
	for _, r := range answer.Status.NonResourceRules {
		for _, verb := range r.Verbs {
			for _, url := range r.NonResourceURLs {
				grants = append(grants, &grant{verbs: []string{verb}, urls: []string{url}})
			}
		}
	}
	slices.SortStableFunc(grants, func(a, b *grant) int { return strings.Compare(a.text(), b.text()) })
	var t columns
	if !o.noHeaders {
		t.row("Resources", "Non-Resource URLs", "Resource Names", "Verbs")
	}
	for _, g := range grants {
		t.row(g.resource(), fmt.Sprint(g.urls), fmt.Sprint(g.names), fmt.Sprint(g.verbs))
	}
	c.out(t.flush())
	return nil
}

// breakDown adds what a rule grants on each resource; verbs on the same one come together.
func breakDown(grants []*grant, verbs, apiGroups, resources, names []string) []*grant {
	if len(names) == 0 {
		names = []string{""}
	}
	for _, group := range apiGroups {
		for _, resource := range resources {
			for _, verb := range verbs {
				for _, name := range names {
					grants = addGrant(grants, verb, group, resource, name)
				}
			}
		}
	}
	return grants
}

func addGrant(grants []*grant, verb, group, resource, name string) []*grant {
	want := &grant{groups: []string{group}, resources: []string{resource}}
	if name != "" {
		want.names = []string{name}
	}
	for _, g := range grants {
		if slices.Equal(g.groups, want.groups) && slices.Equal(g.resources, want.resources) && slices.Equal(g.names, want.names) {
			g.verbs = append(g.verbs, verb)
			return grants
		}
	}
	want.verbs = []string{verb}
	return append(grants, want)
}

// resource names the grant's resource with its group: deployments.apps/scale.
func (g *grant) resource() string {
	if len(g.resources) == 0 {
		return ""
	}
	name, sub, found := strings.Cut(g.resources[0], "/")
	if len(g.groups) > 0 && g.groups[0] != "" {
		name += "." + g.groups[0]
	}
	if found {
		name += "/" + sub
	}
	return name
}

// impersonation are the headers of --as and --as-group.
func (c *call) impersonation() map[string]string {
	out := map[string]string{}
	as := func(flag string) string { return c.flags.Lookup(flag).Value.String() }
	if user := as("as"); user != "" {
		out["Impersonate-User"] = user
		if groups, err := c.flags.GetStringArray("as-group"); err == nil && len(groups) > 0 {
			out["Impersonate-Group"] = strings.Join(groups, "\n")
		}
		if uid := as("as-uid"); uid != "" {
			out["Impersonate-Uid"] = uid
		}
	}
	return out
}
