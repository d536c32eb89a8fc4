package apiserver

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rbac"
)

// checkGrant refuses a role or a binding that would give more than its writer
// has; what happens in the world itself is trusted. old is nil for a new object.
func (s *Server) checkGrant(c *call, obj, old api.Object) error {
	if c.res.Group != rbacv1.GroupName || c.User == nil || old != nil && onlyCollected(obj, old) {
		return nil
	}
	g := rbac.Grant{Resource: c.res.Plural, Namespace: c.Namespace, Name: obj.GetName(), URLName: c.Name}
	switch obj := obj.(type) {
	case *rbacv1.Role:
		g.Rules = obj.Rules
	case *rbacv1.ClusterRole:
		g.Rules, g.Aggregates = obj.Rules, aggregates(obj) || aggregates(old)
	case *rbacv1.RoleBinding:
		g.Ref = &obj.RoleRef
	case *rbacv1.ClusterRoleBinding:
		g.Ref = &obj.RoleRef
	}
	return rbac.MayGrant(roles{s}, c.user(), g)
}

func aggregates(obj api.Object) bool {
	role, ok := obj.(*rbacv1.ClusterRole)
	return ok && role.AggregationRule != nil && len(role.AggregationRule.ClusterRoleSelectors) > 0
}

// onlyCollected tells of an update that changes nothing but what the garbage
// collector has to (pkg/registry/rbac/helpers.go).
func onlyCollected(obj, old api.Object) bool {
	was := shallowCopy(obj)
	was.SetOwnerReferences(slices.Clone(old.GetOwnerReferences()))
	was.SetFinalizers(slices.Clone(old.GetFinalizers()))
	was.SetManagedFields(old.GetManagedFields())
	return equality.Semantic.DeepEqual(was, old)
}
