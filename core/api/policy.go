package api

import (
	"time"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// PodDisruptionBudgets: pkg/registry/policy/poddisruptionbudget.

func podDisruptionBudgets() *Resource {
	orNA := func(n *intstr.IntOrString) string {
		if n == nil {
			return "N/A"
		}
		return n.String()
	}
	return parted(typed[policyv1.PodDisruptionBudget, policyv1.PodDisruptionBudgetList](&Resource{
		Group: "policy", Version: "v1", Kind: "PodDisruptionBudget", Plural: "poddisruptionbudgets", Singular: "poddisruptionbudget",
		Validate: check(validatePodDisruptionBudget), ValidateUpdate: recheck(validatePodDisruptionBudgetUpdate),
		ValidateStatusUpdate: recheck(validatePodDisruptionBudgetStatusUpdate),
		ShortNames:           []string{"pdb"}, Namespaced: true, Subresources: []string{"status"}, NeedsVersion: true,
		Columns: []metav1.TableColumnDefinition{
			nameColumn,
			column("Min Available", "The minimum number of pods that must be available."),
			column("Max Unavailable", "The maximum number of pods that may be unavailable."),
			integer("Allowed Disruptions", "Calculated number of pods that may be disrupted at this time."),
			ageColumn,
		},
		Row: row(func(b *policyv1.PodDisruptionBudget, now time.Time) []any {
			return []any{b.Name, orNA(b.Spec.MinAvailable), orNA(b.Spec.MaxUnavailable), int64(b.Status.DisruptionsAllowed),
				age(b.CreationTimestamp, now)}
		}),
	}), true,
		func(b *policyv1.PodDisruptionBudget) *policyv1.PodDisruptionBudgetSpec { return &b.Spec },
		func(b *policyv1.PodDisruptionBudget) *policyv1.PodDisruptionBudgetStatus { return &b.Status })
}
