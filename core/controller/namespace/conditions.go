package namespace

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fine are the conditions of a deletion without trouble, in their order.
var fine = []corev1.NamespaceCondition{
	{Type: corev1.NamespaceDeletionDiscoveryFailure, Reason: "ResourcesDiscovered", Message: "All resources successfully discovered"},
	{Type: corev1.NamespaceDeletionGVParsingFailure, Reason: "ParsedGroupVersions", Message: "All legacy kube types successfully parsed"},
	{Type: corev1.NamespaceDeletionContentFailure, Reason: "ContentDeleted", Message: "All content successfully deleted, may be waiting on finalization"},
	{Type: corev1.NamespaceContentRemaining, Reason: "ContentRemoved", Message: "All content successfully removed"},
	{Type: corev1.NamespaceFinalizersRemaining, Reason: "ContentHasNoFinalizers", Message: "All content-preserving finalizers finished"},
}

// conditions returns a status with the conditions that describe what is left,
// and tells whether they differ from those before. totals says whether to speak
// of the objects and finalizers that remain.
func conditions(status corev1.NamespaceStatus, left *remains, totals bool, now time.Time) (corev1.NamespaceStatus, bool) {
	trouble := map[corev1.NamespaceConditionType]corev1.NamespaceCondition{}
	if len(left.errs) > 0 {
		var texts []string
		for _, err := range left.errs {
			texts = append(texts, err.Error())
		}
		slices.Sort(texts)
		trouble[corev1.NamespaceDeletionContentFailure] = corev1.NamespaceCondition{
			Reason:  "ContentDeletionFailed",
			Message: fmt.Sprintf("Failed to delete all resource types, %d remaining: %s", len(texts), strings.Join(texts, ", ")),
		}
	}
	if totals && len(left.objects) > 0 {
		trouble[corev1.NamespaceContentRemaining] = corev1.NamespaceCondition{
			Reason:  "SomeResourcesRemain",
			Message: "Some resources are remaining: " + enumerate("%s has %d resource instances", left.objects),
		}
	}
	if totals && len(left.finalizers) > 0 {
		trouble[corev1.NamespaceFinalizersRemaining] = corev1.NamespaceCondition{
			Reason: "SomeFinalizersRemain",
			Message: "Some content in the namespace has finalizers remaining: " +
				enumerate("%s in %d resource instances", left.finalizers),
		}
	}
	return merge(status, trouble, metav1.NewTime(now.Truncate(time.Second)))
}

func enumerate(format string, counts map[string]int) string {
	var words []string
	for name, n := range counts {
		words = append(words, fmt.Sprintf(format, name, n))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func merge(status corev1.NamespaceStatus, trouble map[corev1.NamespaceConditionType]corev1.NamespaceCondition, now metav1.Time) (corev1.NamespaceStatus, bool) {
	changed := false
	list := slices.Clone(status.Conditions)
	for _, c := range fine {
		c.Status = corev1.ConditionFalse
		if t, ok := trouble[c.Type]; ok {
			c.Status, c.Reason, c.Message = corev1.ConditionTrue, t.Reason, t.Message
		}
		c.LastTransitionTime = now
		i := slices.IndexFunc(list, func(have corev1.NamespaceCondition) bool { return have.Type == c.Type })
		switch {
		case i < 0:
			list = append(list, c)
			changed = true
		case list[i].Status != c.Status || list[i].Reason != c.Reason || list[i].Message != c.Message:
			if list[i].Status == c.Status {
				c.LastTransitionTime = list[i].LastTransitionTime
			}
			list[i] = c
			changed = true
		}
	}
	status.Conditions = list
	return status, changed
}
