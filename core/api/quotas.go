package api

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// LimitRanges and ResourceQuotas: pkg/registry/core/{limitrange,resourcequota}.

func limitRanges() *Resource {
	return typed[corev1.LimitRange, corev1.LimitRangeList](&Resource{
		Version: "v1", Kind: "LimitRange", Plural: "limitranges", Singular: "limitrange",
		Validate: check(validateLimitRange), ValidateUpdate: recheck(func(lr, _ *corev1.LimitRange) field.ErrorList { return validateLimitRange(lr) }),
		ShortNames: []string{"limits"}, Namespaced: true, CreatedByUpdate: true,
		Default: on(defaultLimitRange),
		Columns: createdColumns, Row: createdRow,
	})
}

// defaultLimitRange fills a container's defaults from its bounds: limits from
// the most, requests from the limits or the least.
func defaultLimitRange(lr *corev1.LimitRange) {
	for i := range lr.Spec.Limits {
		item := &lr.Spec.Limits[i]
		if item.Type == corev1.LimitTypeContainer {
			if item.Default == nil {
				item.Default = corev1.ResourceList{}
			}
			if item.DefaultRequest == nil {
				item.DefaultRequest = corev1.ResourceList{}
			}
			addMissing(item.Default, item.Max)
			addMissing(item.DefaultRequest, item.Default)
			addMissing(item.DefaultRequest, item.Min)
		}
		for _, list := range []corev1.ResourceList{item.Max, item.Min, item.Default, item.DefaultRequest, item.MaxLimitRequestRatio} {
			roundUp(list)
		}
	}
}

func addMissing(into, from corev1.ResourceList) {
	for name, quantity := range from {
		if _, ok := into[name]; !ok {
			into[name] = quantity.DeepCopy()
		}
	}
}

func resourceQuotas() *Resource {
	return parted(typed[corev1.ResourceQuota, corev1.ResourceQuotaList](&Resource{
		Version: "v1", Kind: "ResourceQuota", Plural: "resourcequotas", Singular: "resourcequota",
		Validate: check(validateResourceQuota), ValidateUpdate: recheck(validateResourceQuotaUpdate),
		ValidateStatusUpdate: recheck(validateResourceQuotaStatusUpdate),
		ShortNames:           []string{"quota"}, Namespaced: true, Subresources: []string{"status"}, ReturnsDeleted: true,
		Default: on(func(q *corev1.ResourceQuota) {
			roundUp(q.Spec.Hard)
			roundUp(q.Status.Hard)
			roundUp(q.Status.Used)
		}),
		Columns: []metav1.TableColumnDefinition{
			nameColumn,
			column("Request", "Request represents a minimum amount of cpu/memory that a container may consume."),
			column("Limit", "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node."),
			ageColumn,
		},
		Row: row(resourceQuotaRow),
	}), false,
		func(q *corev1.ResourceQuota) *corev1.ResourceQuotaSpec { return &q.Spec },
		func(q *corev1.ResourceQuota) *corev1.ResourceQuotaStatus { return &q.Status })
}

func resourceQuotaRow(q *corev1.ResourceQuota, now time.Time) []any {
	var requests, limits []string
	for _, name := range sortedKeys(q.Status.Hard) {
		used, hard := q.Status.Used[name], q.Status.Hard[name]
		text := fmt.Sprintf("%s: %s/%s", name, used.String(), hard.String())
		if strings.HasPrefix(string(name), "limits.") {
			limits = append(limits, text)
		} else {
			requests = append(requests, text)
		}
	}
	return []any{q.Name, strings.Join(requests, ", "), strings.Join(limits, ", "), age(q.CreationTimestamp, now)}
}
