package managed

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Owners are the names of the managers of an operation that manage a field.
func Owners(entries []metav1.ManagedFieldsEntry, op metav1.ManagedFieldsOperationType, field ...string) (names []string) {
	for _, e := range entries {
		if e.Operation != op || e.Subresource != "" || e.FieldsV1 == nil {
			continue
		}
		if s, err := ParseSet(e.FieldsV1.Raw); err == nil && s.Has(field...) {
			names = append(names, e.Manager)
		}
	}
	return names
}

// Upgrade makes what the updaters of the given names manage the applier's, as
// kubectl does for objects that client-side apply has made
// (client-go's util/csaupgrade). changed is false where there was nothing to do.
func Upgrade(entries []metav1.ManagedFieldsEntry, updaters []string, applier string) (out []metav1.ManagedFieldsEntry, changed bool) {
	out = append(out, entries...)
	for _, name := range updaters {
		out = upgrade(out, name, applier)
	}
	return out, !reflect.DeepEqual(out, entries)
}

func upgrade(entries []metav1.ManagedFieldsEntry, updater, applier string) []metav1.ManagedFieldsEntry {
	is := func(e *metav1.ManagedFieldsEntry, name string, op metav1.ManagedFieldsOperationType) bool {
		return e.Manager == name && e.Operation == op && e.Subresource == ""
	}
	first := func(name string, op metav1.ManagedFieldsOperationType) int {
		for i := range entries {
			if is(&entries[i], name, op) {
				return i
			}
		}
		return -1
	}
	from := first(updater, metav1.ManagedFieldsOperationUpdate)
	if from < 0 {
		return entries
	}
	into := first(applier, metav1.ManagedFieldsOperationApply)
	if into < 0 {
		into = from
		entries[into].Manager, entries[into].Operation = applier, metav1.ManagedFieldsOperationApply
	} else if a, b := entries[into].FieldsV1, entries[from].FieldsV1; a != nil && b != nil && entries[from].APIVersion == entries[into].APIVersion {
		x, errX := ParseSet(a.Raw)
		y, errY := ParseSet(b.Raw)
		if errX == nil && errY == nil {
			entries[into].FieldsV1 = &metav1.FieldsV1{Raw: Union(x, y).JSON()}
		}
	}
	var out []metav1.ManagedFieldsEntry
	for i := range entries {
		if !is(&entries[i], updater, metav1.ManagedFieldsOperationUpdate) {
			out = append(out, entries[i])
		}
	}
	return out
}
