package strategic

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/mergepatch"
)

// The directives that a patch may hold beside fields.
const (
	directive     = "$patch"
	retainKeys    = "$retainKeys"
	elementOrder  = "$setElementOrder/"
	deleteScalars = "$deleteFromPrimitiveList/"
)

// Apply returns original with patch applied; t is the object's Go type. Both
// maps are used up. What is wrong with a patch is an error of apimachinery's
// pkg/util/mergepatch, or names the directive.
func Apply(original, patch map[string]any, t reflect.Type) (map[string]any, error) {
	if original == nil {
		original = map[string]any{}
	}
	if d, ok := patch[directive]; ok {
		return whole(d, patch)
	}
	if err := retain(original, patch); err != nil {
		return nil, err
	}
	orders, err := takeOrders(patch)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		if list, ok := strings.CutPrefix(name, deleteScalars); ok {
			if err := without(original, list, patch[name]); err != nil {
				return nil, err
			}
			continue
		}
		if err := applyField(original, name, patch[name], orders[name], Lookup(t, name)); err != nil {
			return nil, err
		}
		delete(orders, name)
	}
	return original, reorder(original, orders, t)
}

// whole applies a directive that speaks of the map it stands in.
func whole(d any, patch map[string]any) (map[string]any, error) {
	switch d {
	case "replace":
		delete(patch, directive)
		kept, _ := clean(patch, false)
		return kept.(map[string]any), nil
	case "delete":
		return map[string]any{}, nil
	}
	return nil, mergepatch.ErrBadPatchType(d, patch)
}

// retain drops the fields that a $retainKeys directive doesn't name.
func retain(original, patch map[string]any) error {
	list, ok := patch[retainKeys]
	if !ok {
		return nil
	}
	delete(patch, retainKeys)
	keys, ok := list.([]any)
	if !ok {
		return mergepatch.ErrBadPatchFormatForRetainKeys
	}
	for name, v := range patch {
		isDirective := strings.HasPrefix(name, deleteScalars) || strings.HasPrefix(name, elementOrder)
		if v != nil && !isDirective && !slices.Contains(keys, any(name)) {
			return mergepatch.ErrBadPatchFormatForRetainKeys
		}
	}
	for name := range original {
		if !slices.Contains(keys, any(name)) {
			delete(original, name)
		}
	}
	return nil
}

// takeOrders takes the $setElementOrder directives out of a patch, by list.
func takeOrders(patch map[string]any) (map[string][]any, error) {
	orders := map[string][]any{}
	for name, v := range patch {
		list, ok := strings.CutPrefix(name, elementOrder)
		if !ok {
			continue
		}
		order, ok := v.([]any)
		if !ok {
			return nil, mergepatch.ErrBadArgType([]any{}, v)
		}
		orders[list] = order
		delete(patch, name)
	}
	return orders, nil
}

// reorder sorts the lists that a patch gives an order and no elements.
func reorder(original map[string]any, orders map[string][]any, t reflect.Type) error {
	for _, name := range slices.Sorted(maps.Keys(orders)) {
		list, ok := original[name].([]any)
		if !ok {
			continue
		}
		sorted, err := arrange(list, list, orders[name], Lookup(t, name).Key)
		if err != nil {
			return err
		}
		original[name] = sorted
	}
	return nil
}

// applyField applies one field of a patch. order is the list's wanted order, nil for none.
func applyField(original map[string]any, name string, v any, order []any, f Field) error {
	if v == nil {
		delete(original, name)
		return nil
	}
	have, ok := original[name]
	if !ok || reflect.TypeOf(have) != reflect.TypeOf(v) {
		return take(original, name, v)
	}
	switch v := v.(type) {
	case map[string]any:
		if f.Replace {
			break
		}
		merged, err := Apply(have.(map[string]any), v, f.Type)
		original[name] = merged
		return err
	case []any:
		if !f.Merge {
			break
		}
		merged, err := mergeLists(have.([]any), v, order, f)
		original[name] = merged
		return err
	}
	original[name] = v
	return nil
}

// take puts a new value into a map, without its nulls and directives.
func take(into map[string]any, name string, v any) error {
	if kept, ok := clean(v, true); ok {
		into[name] = kept
	} else {
		delete(into, name)
	}
	return nil
}

// clean returns v without the maps that hold a $patch directive and, where
// asked, without nulls; false when v itself is such a map.
func clean(v any, nulls bool) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		if _, special := v[directive]; special {
			return nil, false
		}
		for name, e := range v {
			kept, ok := clean(e, nulls)
			if nulls && e == nil || !ok {
				delete(v, name)
			} else {
				v[name] = kept
			}
		}
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			if kept, ok := clean(e, nulls); ok {
				out = append(out, kept)
			}
		}
		return out, true
	}
	return v, true
}

// without removes scalars from a list.
func without(original map[string]any, list string, values any) error {
	have, ok := original[list]
	if !ok {
		return nil
	}
	from, isList := have.([]any)
	remove, listed := values.([]any)
	if !isList || !listed {
		return mergepatch.ErrBadPatchFormatForPrimitiveList
	}
	for _, v := range append(slices.Clone(from), remove...) {
		if !comparable(v) {
			return mergepatch.ErrBadPatchFormatForPrimitiveList
		}
	}
	original[list] = slices.DeleteFunc(slices.Clone(from), func(v any) bool { return slices.Contains(remove, v) })
	return nil
}

func comparable(v any) bool { return v == nil || reflect.TypeOf(v).Comparable() }

// mergeLists merges the elements of a patch into a list.
func mergeLists(original, patch, order []any, f Field) ([]any, error) {
	if len(original) == 0 && len(patch) == 0 {
		return original, nil
	}
	objects, err := ofObjects(original, patch)
	if err != nil {
		return nil, err
	}
	if !objects {
		return mergeScalars(original, patch, order)
	}
	if f.Key == "" {
		return nil, fmt.Errorf("cannot merge lists without merge key for %s", f.Type)
	}
	server := slices.Clone(original)
	rest, elements, replaced, err := special(original, patch, f.Key)
	if err != nil {
		return nil, err
	}
	if replaced {
		kept, _ := clean(elements, false)
		return kept.([]any), nil
	}
	for _, e := range elements {
		if rest, err = mergeElement(rest, e.(map[string]any), f); err != nil {
			return nil, err
		}
	}
	return arrangeBy(rest, server, elements, order, f.Key)
}

// ofObjects tells whether lists hold maps (true) or scalars; all elements must agree.
func ofObjects(lists ...[]any) (bool, error) {
	var first reflect.Type
	for _, list := range lists {
		for _, e := range list {
			t := reflect.TypeOf(e)
			switch {
			case t == nil || t.Kind() == reflect.Slice:
				return false, mergepatch.ErrNoListOfLists
			case first == nil:
				first = t
			case t != first:
				return false, fmt.Errorf("list element types are not identical: %v", lists)
			}
		}
	}
	return first != nil && first.Kind() == reflect.Map, nil
}

// special carries out the $patch directives among a list's elements and
// returns what is left of both sides. After a replace only the patch is left.
func special(original, patch []any, key string) (rest, elements []any, replaced bool, err error) {
	rest, elements = original, make([]any, 0, len(patch))
	for _, e := range patch {
		m := e.(map[string]any)
		switch d, ok := m[directive]; {
		case !ok:
			elements = append(elements, m)
		case d == "replace":
			replaced = true
		case d == "delete":
			value, ok := m[key]
			if !ok {
				return nil, nil, false, mergepatch.ErrNoMergeKey(m, key)
			}
			rest = slices.DeleteFunc(slices.Clone(rest), func(e any) bool { return e.(map[string]any)[key] == value })
		case d == "merge":
			return nil, nil, false, fmt.Errorf("merging lists cannot yet be specified in the patch")
		default:
			return nil, nil, false, mergepatch.ErrBadPatchType(d, m)
		}
	}
	return rest, elements, replaced, nil
}

// mergeElement merges one object into the element with its key, or adds it.
func mergeElement(list []any, e map[string]any, f Field) ([]any, error) {
	value, ok := e[f.Key]
	if !ok {
		return nil, mergepatch.ErrNoMergeKey(e, f.Key)
	}
	if !comparable(value) {
		return nil, mergepatch.ErrBadArgType("", value)
	}
	for i, have := range list {
		m := have.(map[string]any)
		if v, ok := m[f.Key]; !ok {
			return nil, mergepatch.ErrNoMergeKey(m, f.Key)
		} else if comparable(v) && v == value {
			merged, err := Apply(m, e, f.Type)
			list[i] = merged
			return list, err
		}
	}
	if kept, ok := clean(e, false); ok {
		list = append(list, kept)
	}
	return list, nil
}
