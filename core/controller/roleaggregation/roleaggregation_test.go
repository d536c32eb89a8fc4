package roleaggregation

import (
	"reflect"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func role(name, team string, resources ...string) *rbacv1.ClusterRole {
	r := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if team != "" {
		r.Labels = map[string]string{"team": team}
	}
	for _, resource := range resources {
		r.Rules = append(r.Rules, rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{resource}})
	}
	return r
}

// TestGather: rules come in the order of selectors and of names, each once, and
// never from the role itself.
func TestGather(t *testing.T) {
	sum := role("sum", "blue", "own")
	sum.AggregationRule = &rbacv1.AggregationRule{}
	for _, team := range []string{"red", "blue", "grey"} {
		sum.AggregationRule.ClusterRoleSelectors = append(sum.AggregationRule.ClusterRoleSelectors,
			metav1.LabelSelector{MatchLabels: map[string]string{"team": team}})
	}
	others := []*rbacv1.ClusterRole{
		role("a", "blue", "pods", "nodes"), role("b", "red", "secrets"), role("c", "", "leases"), role("d", "blue", "nodes", "jobs"), sum,
	}
	rules, err := gather(sum, others)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rules {
		got = append(got, r.Resources[0])
	}
	if want := []string{"secrets", "pods", "nodes", "jobs"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	sum.AggregationRule.ClusterRoleSelectors[0].MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "x", Operator: "Nonsense"}}
	if _, err := gather(sum, others); err == nil {
		t.Error("a selector that is none gathers")
	}
}
