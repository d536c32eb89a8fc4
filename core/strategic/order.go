package strategic

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/mergepatch"
)

// mergeScalars is the union of two lists in the patch's order, or the one given.
func mergeScalars(original, patch, order []any) ([]any, error) {
	var union []any
	for _, v := range append(slices.Clone(original), patch...) {
		if !slices.Contains(union, v) {
			union = append(union, v)
		}
	}
	return arrangeBy(union, original, patch, order, "")
}

// arrangeBy sorts by the order that a patch demands, or else by that of its elements.
func arrangeBy(merged, server, patch, order []any, key string) ([]any, error) {
	if order == nil {
		order = patch
	} else if err := inOrder(patch, order, key); err != nil {
		return nil, err
	}
	return arrange(merged, server, order, key)
}

// identity is what tells an element of a list from the others: the value of
// its merge key, or the scalar itself.
func identity(e any, key string) (any, error) {
	id := e
	if key != "" {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, mergepatch.ErrBadArgType(m, e)
		}
		if id, ok = m[key]; !ok {
			return nil, mergepatch.ErrNoMergeKey(m, key)
		}
	}
	if !comparable(id) {
		return nil, mergepatch.ErrBadArgType("", id)
	}
	return id, nil
}

// places gives each element's first place by identity.
func places(list []any, key string) (map[any]int, error) {
	at := make(map[any]int, len(list))
	for i, e := range list {
		id, err := identity(e, key)
		if err != nil {
			return nil, err
		}
		if _, twice := at[id]; !twice {
			at[id] = i
		}
	}
	return at, nil
}

// inOrder checks that a patch's elements come in the order it demands itself.
func inOrder(patch, order []any, key string) error {
	i := 0
	for _, want := range order {
		if i == len(patch) {
			break
		}
		a, err := identity(patch[i], key)
		if err != nil {
			return err
		}
		b, err := identity(want, key)
		if err != nil {
			return err
		}
		if a == b {
			i++
		}
	}
	if i < len(patch) {
		return fmt.Errorf("The order in patch list:\n%v\n doesn't match %s list:\n%v\n", patch, elementOrder[:len(elementOrder)-1], order)
	}
	return nil
}

// arrange sorts a merged list. Elements that order names follow it; the others
// keep the places they had on the server (in server's order) relative to those
// that were there, and come after what is new.
func arrange(merged, server, order []any, key string) ([]any, error) {
	wanted, err := places(order, key)
	if err != nil {
		return nil, err
	}
	was, err := places(server, key)
	if err != nil {
		return nil, err
	}
	var named, others []any
	for _, e := range merged {
		id, err := identity(e, key)
		if err != nil {
			return nil, err
		}
		if _, ok := wanted[id]; ok {
			named = append(named, e)
		} else {
			others = append(others, e)
		}
	}
	id := func(e any) any { v, _ := identity(e, key); return v }
	slices.SortStableFunc(named, func(a, b any) int { return wanted[id(a)] - wanted[id(b)] })
	slices.SortStableFunc(others, func(a, b any) int { return was[id(a)] - was[id(b)] })
	return zip(others, named, func(e any) (int, bool) { at, ok := was[id(e)]; return at, ok }), nil
}

// zip merges two sorted lists: from others where both heads were on the server
// and the other's was in front, from named otherwise.
func zip(others, named []any, was func(any) (int, bool)) []any {
	out := make([]any, 0, len(others)+len(named))
	for len(others) > 0 && len(named) > 0 {
		a, hadA := was(others[0])
		b, hadB := was(named[0])
		if hadA && hadB && a < b {
			out, others = append(out, others[0]), others[1:]
		} else {
			out, named = append(out, named[0]), named[1:]
		}
	}
	return append(append(out, others...), named...)
}
