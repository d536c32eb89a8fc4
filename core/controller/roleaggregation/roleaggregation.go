// Package roleaggregation is the controller that fills in aggregated
// ClusterRoles: those whose rules are the rules of all ClusterRoles with
// certain labels, as admin, edit and view are. It follows
// pkg/controller/clusterroleaggregation of Kubernetes v1.36.3; nothing is left out.
package roleaggregation

import (
	"encoding/json"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/rest"
)

// manager is who the rules belong to, the rules alone.
const manager = "clusterrole-aggregation-controller"

type aggregator struct {
	c     *client.Client
	roles *client.View[*rbacv1.ClusterRole]
	loop  *client.Loop
}

// Start runs the controller with c.
func Start(c *client.Client) {
	a := &aggregator{c: c, roles: client.NewView[*rbacv1.ClusterRole](c, client.ViewOptions{})}
	a.loop = c.NewLoop("aggregate cluster role", a.sync)
	a.loop.Needs(a.roles)
	a.roles.Handle(client.Handlers[*rbacv1.ClusterRole]{
		Added:   func(*rbacv1.ClusterRole) { a.all() },
		Updated: func(_, _ *rbacv1.ClusterRole) { a.all() },
		Deleted: func(*rbacv1.ClusterRole) { a.all() },
	})
	a.roles.Start()
}

// all looks at every aggregated role: which of them a change concerns, only
// their selectors know.
func (a *aggregator) all() {
	for _, role := range a.roles.List() {
		if role.AggregationRule != nil {
			a.loop.Add(role.Name)
		}
	}
}

func (a *aggregator) sync(name string) error {
	role, ok := a.roles.Get("", name)
	if !ok || role.AggregationRule == nil {
		return nil
	}
	rules, err := gather(role, a.roles.List())
	if err != nil || equality.Semantic.DeepEqual(rules, role.Rules) {
		return err
	}
	return a.apply(name, rules)
}

// gather is what a role's rules ought to be: those of the others that its
// selectors pick, each once. others are in the order of their names. It is pure.
func gather(role *rbacv1.ClusterRole, others []*rbacv1.ClusterRole) ([]rbacv1.PolicyRule, error) {
	rules := []rbacv1.PolicyRule{}
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			return nil, err
		}
		for _, other := range others {
			if other.Name == role.Name || !selector.Matches(labels.Set(other.Labels)) {
				continue
			}
			for _, rule := range other.Rules {
				known := func(r rbacv1.PolicyRule) bool { return equality.Semantic.DeepEqual(r, rule) }
				if !slices.ContainsFunc(rules, known) {
					rules = append(rules, rule)
				}
			}
		}
	}
	return rules, nil
}

// apply sets the rules and nothing else, whoever set them before.
func (a *aggregator) apply(name string, rules []rbacv1.PolicyRule) error {
	body := map[string]any{
		"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": "ClusterRole", "metadata": map[string]string{"name": name},
	}
	if len(rules) > 0 {
		body["rules"] = rules
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	force := true
	_, err = a.c.Do(&rest.Request{
		Verb: rest.Patch, Resource: rbacv1.SchemeGroupVersion.WithResource("clusterroles"), Name: name,
		PatchType: types.ApplyYAMLPatchType, Body: data, PatchOptions: metav1.PatchOptions{FieldManager: manager, Force: &force},
	})
	return err
}
