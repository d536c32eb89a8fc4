package kubectl

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/strategic"
)

// This file makes strategic merge patches, two-way (what changed) and
// three-way (what apply must send), with the directives that upstream's
// apimachinery pkg/util/strategicpatch writes. It is our own because that
// package brings OpenAPI and protobuf reflection with it: 1.6 MB compressed.
// Left out: reading patches that contain directives, and lists of lists.

// patchTypes are the kinds whose lists merge by key. Other kinds are patched
// as plain JSON.
var patchTypes = map[schema.GroupKind]reflect.Type{
	{Kind: "Pod"}:                        reflect.TypeFor[corev1.Pod](),
	{Kind: "Node"}:                       reflect.TypeFor[corev1.Node](),
	{Kind: "Namespace"}:                  reflect.TypeFor[corev1.Namespace](),
	{Kind: "ConfigMap"}:                  reflect.TypeFor[corev1.ConfigMap](),
	{Kind: "Secret"}:                     reflect.TypeFor[corev1.Secret](),
	{Kind: "Service"}:                    reflect.TypeFor[corev1.Service](),
	{Kind: "ServiceAccount"}:             reflect.TypeFor[corev1.ServiceAccount](),
	{Kind: "ReplicationController"}:      reflect.TypeFor[corev1.ReplicationController](),
	{Kind: "PersistentVolumeClaim"}:      reflect.TypeFor[corev1.PersistentVolumeClaim](),
	{Kind: "PersistentVolume"}:           reflect.TypeFor[corev1.PersistentVolume](),
	{Kind: "ResourceQuota"}:              reflect.TypeFor[corev1.ResourceQuota](),
	{Kind: "LimitRange"}:                 reflect.TypeFor[corev1.LimitRange](),
	{Kind: "Event"}:                      reflect.TypeFor[corev1.Event](),
	{Group: "apps", Kind: "Deployment"}:  reflect.TypeFor[appsv1.Deployment](),
	{Group: "apps", Kind: "ReplicaSet"}:  reflect.TypeFor[appsv1.ReplicaSet](),
	{Group: "apps", Kind: "DaemonSet"}:   reflect.TypeFor[appsv1.DaemonSet](),
	{Group: "apps", Kind: "StatefulSet"}: reflect.TypeFor[appsv1.StatefulSet](),
	{Group: "batch", Kind: "Job"}:        reflect.TypeFor[job](),
	{Group: "batch", Kind: "CronJob"}:    reflect.TypeFor[cronJob](),
}

// job and cronJob are as much of those kinds as patches need to know: the rest
// has no lists that merge. The types of batch/v1 would weigh 100 KB.
type job struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Template corev1.PodTemplateSpec `json:"template"`
	} `json:"spec"`
}

type cronJob struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		JobTemplate job `json:"jobTemplate"`
	} `json:"spec"`
}

const (
	strategicType = "application/strategic-merge-patch+json"
	mergeType     = "application/merge-patch+json"
	jsonPatchType = "application/json-patch+json"
)

// diff is the patch that turns current into what modified asks for, and takes
// out what original asked for and modified no longer does; contentType says
// which kind of patch it is.
func diff(gk schema.GroupKind, original, modified, current map[string]any) (patch map[string]any, contentType string) {
	t := patchTypes[gk]
	if t == nil {
		return diffMap(nil, false, original, modified, current), mergeType
	}
	return diffMap(t, false, original, modified, current), strategicType
}

func diffMap(t reflect.Type, retain bool, original, modified, current map[string]any) map[string]any {
	patch := map[string]any{}
	var kept []string
	for k, want := range modified {
		if want != nil {
			kept = append(kept, k)
		}
		have, ok := current[k]
		if !ok || reflect.TypeOf(have) != reflect.TypeOf(want) {
			addField(patch, k, strategic.Lookup(t, k), original[k], want)
			continue
		}
		diffField(patch, k, strategic.Lookup(t, k), original[k], want, have)
	}
	for k := range original {
		if _, ok := modified[k]; !ok {
			patch[k] = nil
		}
	}
	if retain && len(kept) > 0 && (len(patch) > 0 || hasMore(current, modified)) {
		sort.Strings(kept)
		patch["$retainKeys"] = kept
	}
	return patch
}

// addField asks for a field that current has not, and for what is to go,
// should it be there after all.
func addField(patch map[string]any, name string, f strategic.Field, original, want any) {
	switch want := want.(type) {
	case map[string]any:
		if was, ok := original.(map[string]any); ok && !f.Replace {
			patch[name] = addMap(f, was, want)
			return
		}
	case []any:
		if was, ok := original.([]any); ok && f.Merge {
			if f.Key != "" {
				diffObjects(patch, name, f, was, want, nil)
			} else {
				diffScalars(patch, name, was, want, nil)
			}
			return
		}
	}
	patch[name] = want
}

func addMap(f strategic.Field, was, want map[string]any) map[string]any {
	patch := diffMap(f.Type, false, was, want, nil)
	if f.RetainKeys && (hasMore(was, want) || hasNull(patch)) {
		patch["$retainKeys"] = sortedKeys(want)
	}
	return patch
}

// hasNull tells whether a patch takes something out.
func hasNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for name, e := range v {
			if name == "$patch" || strings.HasPrefix(name, "$deleteFrom") || hasNull(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasNull)
	}
	return false
}

// hasMore tells whether a has a field with a value that b doesn't.
func hasMore(a, b map[string]any) bool {
	for k, v := range a {
		if _, ok := b[k]; !ok && v != nil {
			return true
		}
	}
	return false
}

func diffField(patch map[string]any, name string, f strategic.Field, original, want, have any) {
	switch want := want.(type) {
	case map[string]any:
		if f.Replace {
			break
		}
		was, _ := original.(map[string]any)
		if sub := diffMap(f.Type, f.RetainKeys, was, want, have.(map[string]any)); len(sub) > 0 {
			patch[name] = sub
		}
		return
	case []any:
		if !f.Merge {
			break
		}
		was, _ := original.([]any)
		if f.Key != "" {
			diffObjects(patch, name, f, was, want, have.([]any))
		} else {
			diffScalars(patch, name, was, want, have.([]any))
		}
		return
	}
	if !reflect.DeepEqual(want, have) {
		patch[name] = want
	}
}

// byKey is the element of list whose merge key has this value.
func byKey(list []any, key string, value any) map[string]any {
	for _, e := range list {
		if m, ok := e.(map[string]any); ok && fmt.Sprint(m[key]) == fmt.Sprint(value) {
			return m
		}
	}
	return nil
}

// diffObjects diffs lists whose elements have a key.
func diffObjects(patch map[string]any, name string, f strategic.Field, original, modified, current []any) {
	var changes, order []any
	sameOrder := len(current) == len(modified)
	for i, e := range modified {
		want, _ := e.(map[string]any)
		value := want[f.Key]
		order = append(order, map[string]any{f.Key: value})
		if sameOrder {
			at, _ := current[i].(map[string]any)
			sameOrder = reflect.DeepEqual(at[f.Key], value)
		}
		was, have := byKey(original, f.Key, value), byKey(current, f.Key, value)
		if have == nil {
			if was != nil {
				want = addMap(f, was, want)
			}
			changes = append(changes, want)
			continue
		}
		if sub := diffMap(f.Type, f.RetainKeys, was, want, have); len(sub) > 0 {
			sub[f.Key] = value
			changes = append(changes, sub)
		}
	}
	for _, e := range inOrder(original, f.Key) {
		was, _ := e.(map[string]any)
		if byKey(modified, f.Key, was[f.Key]) == nil {
			changes = append(changes, map[string]any{f.Key: was[f.Key], "$patch": "delete"})
		}
	}
	if len(changes) > 0 {
		patch[name] = changes
	}
	if len(current) > 0 && (len(changes) > 0 || !sameOrder) || hasNull(changes) {
		patch["$setElementOrder/"+name] = order
	}
}

// inOrder sorts a copy of list, by key where the elements have one.
func inOrder(list []any, key string) []any {
	name := func(e any) string {
		if m, ok := e.(map[string]any); ok {
			e = m[key]
		}
		return fmt.Sprint(e)
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(name(a), name(b)) })
	return list
}

// diffScalars diffs lists that are sets.
func diffScalars(patch map[string]any, name string, original, modified, current []any) {
	var add, remove []any
	for _, v := range modified {
		if !slices.Contains(current, v) {
			add = append(add, v)
		}
	}
	for _, v := range inOrder(original, "") {
		if !slices.Contains(modified, v) {
			remove = append(remove, v)
		}
	}
	if len(add) > 0 {
		patch[name] = add
	}
	if len(remove) > 0 {
		patch["$deleteFromPrimitiveList/"+name] = remove
	}
	if len(remove) > 0 || len(current) > 0 && !reflect.DeepEqual(current, modified) {
		patch["$setElementOrder/"+name] = modified
	}
}

// mergeDiff is the JSON merge patch from one object to another.
func mergeDiff(before, after map[string]any) map[string]any {
	return diffMap(nil, false, before, after, before)
}
