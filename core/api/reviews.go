package api

import (
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The kinds that are asked and not kept: bindings of pods to nodes, reviews of
// who one is and what one may do, and the statuses of components.

var createOnly = []string{"create"}

func bindings() *Resource {
	return typed[corev1.Binding, metav1.List](&Resource{
		Version: "v1", Kind: "Binding", Plural: "bindings", Singular: "binding", Namespaced: true,
		Verbs: createOnly, Unstored: true, Columns: createdColumns, Row: createdRow,
	})
}

func componentStatuses() *Resource {
	return typed[corev1.ComponentStatus, corev1.ComponentStatusList](&Resource{
		Version: "v1", Kind: "ComponentStatus", Plural: "componentstatuses", Singular: "componentstatus",
		ShortNames: []string{"cs"}, Verbs: []string{"get", "list"}, Unstored: true,
		Columns: []metav1.TableColumnDefinition{
			nameColumn,
			column("Status", "Status of the component conditions"),
			column("Message", "Message of the component conditions"),
			column("Error", "Error of the component conditions"),
		},
		Deprecated: "v1 ComponentStatus is deprecated in v1.19+",
		Row: row(func(c *corev1.ComponentStatus, _ time.Time) []any {
			for _, condition := range c.Conditions {
				if condition.Type == corev1.ComponentHealthy {
					status := "Unhealthy"
					if condition.Status == corev1.ConditionTrue {
						status = "Healthy"
					}
					return []any{c.Name, status, condition.Message, condition.Error}
				}
			}
			return []any{c.Name, "Unknown", "", ""}
		}),
	})
}

func review(group, kind, plural, singular string, namespaced bool) *Resource {
	return &Resource{
		Group: group, Version: "v1", Kind: kind, Plural: plural, Singular: singular, Namespaced: namespaced,
		Verbs: createOnly, Unstored: true, Columns: createdColumns, Row: createdRow,
	}
}

const (
	authentication = "authentication.k8s.io"
	authorization  = "authorization.k8s.io"
)

func tokenReviews() *Resource {
	return typed[authenticationv1.TokenReview, metav1.List](
		review(authentication, "TokenReview", "tokenreviews", "tokenreview", false))
}

func selfSubjectReviews() *Resource {
	return typed[authenticationv1.SelfSubjectReview, metav1.List](
		review(authentication, "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview", false))
}

func subjectAccessReviews() *Resource {
	return typed[authorizationv1.SubjectAccessReview, metav1.List](
		review(authorization, "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview", false))
}

func localSubjectAccessReviews() *Resource {
	return typed[authorizationv1.LocalSubjectAccessReview, metav1.List](
		review(authorization, "LocalSubjectAccessReview", "localsubjectaccessreviews", "localsubjectaccessreview", true))
}

func selfSubjectAccessReviews() *Resource {
	return typed[authorizationv1.SelfSubjectAccessReview, metav1.List](
		review(authorization, "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview", false))
}

func selfSubjectRulesReviews() *Resource {
	return typed[authorizationv1.SelfSubjectRulesReview, metav1.List](
		review(authorization, "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview", false))
}
