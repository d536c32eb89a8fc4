package api

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// TestQuotaMatches: a quota counts the pods that all of its scopes take in.
func TestQuotaMatches(t *testing.T) {
	soon := int64(5)
	pods := map[string]*corev1.Pod{
		"plain":  {},
		"high":   {Spec: corev1.PodSpec{PriorityClassName: "high"}},
		"ends":   {Spec: corev1.PodSpec{ActiveDeadlineSeconds: &soon}},
		"abroad": {Spec: corev1.PodSpec{Affinity: &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{NamespaceSelector: &metav1.LabelSelector{}}}}}}},
	}
	scope := func(name corev1.ResourceQuotaScope, op corev1.ScopeSelectorOperator, values ...string) corev1.ScopedResourceSelectorRequirement {
		return corev1.ScopedResourceSelectorRequirement{ScopeName: name, Operator: op, Values: values}
	}
	const class, ending = corev1.ResourceQuotaScopePriorityClass, corev1.ResourceQuotaScopeTerminating
	for _, test := range []struct {
		plain    []corev1.ResourceQuotaScope
		selector []corev1.ScopedResourceSelectorRequirement
		want     string
	}{
		{nil, nil, "abroad ends high plain "},
		{nil, []corev1.ScopedResourceSelectorRequirement{scope(class, "In", "high", "low")}, "high "},
		{nil, []corev1.ScopedResourceSelectorRequirement{scope(class, "NotIn", "high")}, "abroad ends plain "},
		{nil, []corev1.ScopedResourceSelectorRequirement{scope(class, "Exists")}, "high "},
		{nil, []corev1.ScopedResourceSelectorRequirement{scope(class, "DoesNotExist")}, "abroad ends plain "},
		{nil, []corev1.ScopedResourceSelectorRequirement{scope(ending, "Exists")}, "ends "},
		{[]corev1.ResourceQuotaScope{class}, nil, "high "},
		{[]corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeNotTerminating}, []corev1.ScopedResourceSelectorRequirement{scope(class, "DoesNotExist")}, "abroad plain "},
		{nil, []corev1.ScopedResourceSelectorRequirement{scope(corev1.ResourceQuotaScopeVolumeAttributesClass, "In", "gold")}, ""},
		{nil, []corev1.ScopedResourceSelectorRequirement{scope(corev1.ResourceQuotaScopeVolumeAttributesClass, "NotIn", "silver")}, ""},
		{[]corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeCrossNamespacePodAffinity}, nil, "abroad "},
	} {
		q := &corev1.ResourceQuota{Spec: corev1.ResourceQuotaSpec{Scopes: test.plain}}
		if test.selector != nil {
			q.Spec.ScopeSelector = &corev1.ScopeSelector{MatchExpressions: test.selector}
		}
		got := ""
		for _, name := range sortedKeys(pods) {
			if QuotaMatches(q, pods[name]) {
				got += name + " "
			}
		}
		if got != test.want {
			t.Errorf("%v %+v: %swant %s", test.plain, test.selector, got, test.want)
		}
		claim := &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{VolumeAttributesClassName: ptr.To("gold")}}
		if QuotaMatches(q, claim) != (test.want == "abroad ends high plain " || test.want == "") {
			t.Errorf("%v %+v: wrong of a claim", test.plain, test.selector)
		}
		if QuotaMatches(q, &corev1.ConfigMap{}) != (test.want == "abroad ends high plain ") {
			t.Errorf("%v %+v: wrong of what is no pod", test.plain, test.selector)
		}
	}
}
