package apiserver

import (
	"maps"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/tabernetes/tabernetes/core/api"
)

// TestSystemRoles: with those that every cluster has they are as many as
// v1.36.3 makes, none twice, and each binding's role is there.
func TestSystemRoles(t *testing.T) {
	all := append(bootstrapRoles(), SystemRoles()...)
	count, seen := map[string]int{}, map[string]bool{}
	for _, obj := range all {
		kind := api.For(obj).Kind
		count[kind]++
		key := kind + " " + obj.GetNamespace() + "/" + obj.GetName()
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
	}
	want := map[string]int{"ClusterRole": 69, "ClusterRoleBinding": 50, "Role": 7, "RoleBinding": 7}
	if !maps.Equal(count, want) {
		t.Errorf("%v, want %v", count, want)
	}
	for _, obj := range all {
		var ref rbacv1.RoleRef
		switch o := obj.(type) {
		case *rbacv1.ClusterRoleBinding:
			ref = o.RoleRef
		case *rbacv1.RoleBinding:
			ref = o.RoleRef
		default:
			continue
		}
		namespace := obj.GetNamespace()
		if ref.Kind == "ClusterRole" {
			namespace = ""
		}
		if !seen[ref.Kind+" "+namespace+"/"+ref.Name] {
			t.Errorf("%s binds %s %s, which is not there", obj.GetName(), ref.Kind, ref.Name)
		}
	}
	for _, obj := range all {
		if role, ok := obj.(*rbacv1.ClusterRole); ok && role.Name == "system:certificates.k8s.io:kubelet-serving-approver" {
			want := []rbacv1.PolicyRule{{
				Verbs: []string{"approve"}, APIGroups: []string{"certificates.k8s.io"}, Resources: []string{"signers"}, ResourceNames: []string{"kubernetes.io/kubelet-serving"},
			}}
			if diff := cmp.Diff(want, role.Rules); diff != "" {
				t.Error(diff)
			}
		}
	}
}
