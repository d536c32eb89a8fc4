package api

import (
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The kinds of rbac.authorization.k8s.io: pkg/apis/rbac/v1/defaults.go and
// pkg/registry/rbac. What they allow is decided by the API server.

const rbac = "rbac.authorization.k8s.io"

func roles() *Resource {
	return typed[rbacv1.Role, rbacv1.RoleList](&Resource{
		Group: rbac, Version: "v1", Kind: "Role", Plural: "roles", Singular: "role", Namespaced: true,
		Validate: check(validateRole), ValidateUpdate: recheck(validateRoleUpdate),
		CreatedByUpdate: true, ValidateName: validatePathSegment,
		Columns: createdColumns, Row: createdRow,
	})
}

func clusterRoles() *Resource {
	return typed[rbacv1.ClusterRole, rbacv1.ClusterRoleList](&Resource{
		Group: rbac, Version: "v1", Kind: "ClusterRole", Plural: "clusterroles", Singular: "clusterrole",
		Validate: check(validateClusterRole), ValidateUpdate: recheck(validateClusterRoleUpdate),
		CreatedByUpdate: true, ValidateName: validatePathSegment,
		Columns: createdColumns, Row: createdRow,
	})
}

func roleBindings() *Resource {
	return typed[rbacv1.RoleBinding, rbacv1.RoleBindingList](&Resource{
		Group: rbac, Version: "v1", Kind: "RoleBinding", Plural: "rolebindings", Singular: "rolebinding", Namespaced: true,
		Validate: check(validateRoleBinding), ValidateUpdate: recheck(validateRoleBindingUpdate),
		CreatedByUpdate: true, ValidateName: validatePathSegment,
		Default: on(func(b *rbacv1.RoleBinding) { defaultBinding(&b.RoleRef, b.Subjects) }),
		Columns: bindingColumns(rbacv1.RoleBinding{}.SwaggerDoc()["roleRef"], "roleBinding"),
		Row: row(func(b *rbacv1.RoleBinding, now time.Time) []any {
			return bindingRow(&b.ObjectMeta, b.RoleRef, b.Subjects, now)
		}),
	})
}

func clusterRoleBindings() *Resource {
	return typed[rbacv1.ClusterRoleBinding, rbacv1.ClusterRoleBindingList](&Resource{
		Group: rbac, Version: "v1", Kind: "ClusterRoleBinding", Plural: "clusterrolebindings", Singular: "clusterrolebinding",
		Validate: check(validateClusterRoleBinding), ValidateUpdate: recheck(validateClusterRoleBindingUpdate),
		CreatedByUpdate: true, ValidateName: validatePathSegment,
		Default: on(func(b *rbacv1.ClusterRoleBinding) { defaultBinding(&b.RoleRef, b.Subjects) }),
		Columns: bindingColumns(rbacv1.ClusterRoleBinding{}.SwaggerDoc()["roleRef"], "clusterRoleBinding"),
		Row: row(func(b *rbacv1.ClusterRoleBinding, now time.Time) []any {
			return bindingRow(&b.ObjectMeta, b.RoleRef, b.Subjects, now)
		}),
	})
}

func defaultBinding(ref *rbacv1.RoleRef, subjects []rbacv1.Subject) {
	setIfEmpty(&ref.APIGroup, rbac)
	for i := range subjects {
		if s := &subjects[i]; s.Kind == rbacv1.UserKind || s.Kind == rbacv1.GroupKind {
			setIfEmpty(&s.APIGroup, rbac)
		}
	}
}

func bindingColumns(role, kind string) []metav1.TableColumnDefinition {
	role = strings.TrimSuffix(role, " This field is immutable.") // upstream's tables have an older version's words
	return []metav1.TableColumnDefinition{
		nameColumn, column("Role", role), ageColumn,
		wide("Users", "Users in the "+kind), wide("Groups", "Groups in the "+kind), wide("ServiceAccounts", "ServiceAccounts in the "+kind),
	}
}

func bindingRow(meta *metav1.ObjectMeta, ref rbacv1.RoleRef, subjects []rbacv1.Subject, now time.Time) []any {
	var users, groups, accounts []string
	for _, s := range subjects {
		switch s.Kind {
		case rbacv1.ServiceAccountKind:
			accounts = append(accounts, s.Namespace+"/"+s.Name)
		case rbacv1.UserKind:
			users = append(users, s.Name)
		case rbacv1.GroupKind:
			groups = append(groups, s.Name)
		}
	}
	return []any{meta.Name, ref.Kind + "/" + ref.Name, age(meta.CreationTimestamp, now),
		strings.Join(users, ", "), strings.Join(groups, ", "), strings.Join(accounts, ", ")}
}
