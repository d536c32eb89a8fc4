package kubectl

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// role describes a Role or a ClusterRole: its rules, broken down.
func (d *describer) role() error {
	var o rbacv1.ClusterRole
	if err := d.read(&o); err != nil {
		return err
	}
	var grants []*grant
	for _, r := range o.Rules {
		grants = breakDown(grants, r.Verbs, r.APIGroups, r.Resources, r.ResourceNames)
		for _, url := range r.NonResourceURLs {
			for _, verb := range r.Verbs {
				grants = append(grants, &grant{verbs: []string{verb}, urls: []string{url}})
			}
		}
	}
	slices.SortStableFunc(grants, func(a, b *grant) int { return strings.Compare(a.text(), b.text()) })
	d.head(&o.ObjectMeta)
	d.line(0, "PolicyRule:")
	d.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs")
	d.line(1, "---------\t-----------------\t--------------\t-----")
	for _, g := range grants {
		d.line(1, "%s\t%v\t%v\t%v", g.resource(), g.urls, g.names, g.verbs)
	}
	return nil
}

// roleBinding describes a RoleBinding or a ClusterRoleBinding.
func (d *describer) roleBinding() error {
	var o rbacv1.ClusterRoleBinding
	if err := d.read(&o); err != nil {
		return err
	}
	d.head(&o.ObjectMeta)
	d.line(0, "Role:")
	d.line(1, "Kind:\t%s", o.RoleRef.Kind)
	d.line(1, "Name:\t%s", o.RoleRef.Name)
	d.line(0, "Subjects:")
	d.line(1, "Kind\tName\tNamespace")
	d.line(1, "----\t----\t---------")
	for _, s := range o.Subjects {
		d.line(1, "%s\t%s\t%s", s.Kind, s.Name, s.Namespace)
	}
	return nil
}
