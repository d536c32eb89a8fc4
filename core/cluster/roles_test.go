package cluster

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

// TestRolesComeFilledIn: the roles that are there from the beginning are what
// their aggregation makes of them, so that it has nothing to write.
func TestRolesComeFilledIn(t *testing.T) {
	c := start(t, Options{Seed: 1})
	settle(t, c)
	seen := 0
	each(c, func(r *rbacv1.ClusterRole) {
		if r.AggregationRule == nil {
			return
		}
		seen++
		for _, entry := range r.ManagedFields {
			if entry.Operation == "Apply" {
				t.Errorf("%s had to be filled in", r.Name)
			}
		}
	})
	if seen != 3 {
		t.Errorf("%d aggregated roles, want admin, edit and view", seen)
	}
}
