package kubectl

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/pflag"
)

func apiResourcesCommand() *Command {
	return &Command{
		Name: "api-resources", Group: groups[7],
		Short: "Print the supported API resources on the server",
		Long:  "Print the supported API resources on the server.",
		Usage: "[flags]",
		Examples: `
			# What the server serves
			kubectl api-resources

			# With the verbs of each
			kubectl api-resources -o wide

			# Of one group
			kubectl api-resources --api-group=apps`,
		Setup: setupAPIResources,
	}
}

type apiResourcesOptions struct {
	output, group, sort string
	namespaced          bool
	byScope             bool
	noHeaders           bool
	verbs, categories   []string
}

func setupAPIResources(f *pflag.FlagSet) action {
	o := &apiResourcesOptions{}
	f.StringVarP(&o.output, "output", "o", "", "Output format. One of: (json, yaml, kyaml, name, wide).")
	f.StringVar(&o.group, "api-group", "", "Limit to resources in the specified API group.")
	f.BoolVar(&o.namespaced, "namespaced", true, "If false, non-namespaced resources will be returned, otherwise returning namespaced resources by default.")
	f.BoolVar(&o.noHeaders, "no-headers", false, "When using the default or custom-column output format, don't print headers (default print headers).")
	f.StringVar(&o.sort, "sort-by", "", "If non-empty, sort list of resources using specified field. The field can be either 'name' or 'kind'.")
	f.StringSliceVar(&o.verbs, "verbs", nil, "Limit to resources that support the specified verbs.")
	f.StringSliceVar(&o.categories, "categories", nil, "Limit to resources that belong to the specified categories.")
	f.Bool("cached", false, "Use the cached list of resources if available.")
	return o.run
}

func (o *apiResourcesOptions) run(c *call, args []string) error {
	if len(args) > 0 {
		return c.usageError("unexpected arguments: %v", args)
	}
	if !slices.Contains([]string{"", "wide", "name"}, o.output) {
		return fmt.Errorf("--output %v is not available", o.output)
	}
	if !slices.Contains([]string{"", "name", "kind"}, o.sort) {
		return errors.New("--sort-by accepts only name or kind")
	}
	o.byScope = c.flags.Changed("namespaced")
	c.session.found = nil
	found, err := c.discover()
	if err != nil {
		return err
	}
	var list []*mapping
	for _, m := range found.resources {
		if m.Preferred && o.wants(c, m) {
			list = append(list, m)
		}
	}
	o.order(list)
	o.print(c, list)
	return nil
}

func (o *apiResourcesOptions) wants(c *call, m *mapping) bool {
	if len(m.Verbs) == 0 || c.flags.Changed("api-group") && m.Group != o.group || o.byScope && m.Namespaced != o.namespaced {
		return false
	}
	return containsAll(m.Verbs, o.verbs) && containsAll(m.Categories, o.categories)
}

func containsAll(list, wanted []string) bool {
	for _, w := range wanted {
		if !slices.Contains(list, w) {
			return false
		}
	}
	return true
}

func (o *apiResourcesOptions) order(list []*mapping) {
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if o.sort == "kind" && a.Kind != b.Kind {
			return a.Kind < b.Kind
		}
		if o.sort == "name" && a.Resource != b.Resource {
			return a.Resource < b.Resource
		}
		if a.Group != b.Group {
			return a.Group < b.Group
		}
		return a.Resource < b.Resource
	})
}

func (o *apiResourcesOptions) print(c *call, list []*mapping) {
	if o.output == "name" {
		for _, m := range list {
			c.out(m.GroupResource().String() + "\n")
		}
		return
	}
	var t columns
	row := func(wide []string, cells ...string) {
		if o.output == "wide" {
			cells = append(cells, wide...)
		}
		t.row(cells...)
	}
	if !o.noHeaders {
		row([]string{"VERBS", "CATEGORIES"}, "NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND")
	}
	for _, m := range list {
		row([]string{strings.Join(m.Verbs, ","), strings.Join(m.Categories, ",")},
			m.Resource, strings.Join(m.ShortNames, ","), m.apiVersion(), fmt.Sprint(m.Namespaced), m.Kind)
	}
	c.out(t.flush())
}
