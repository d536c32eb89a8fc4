package managed

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Values here are decoded JSON: map[string]any, []any, string, int64, float64,
// bool and nil. absent stands for what is not there, which null is not.
type absence struct{}

var absent any = absence{}

func isAbsent(v any) bool { return v == absent }

// form is which of a type's parts a value is of.
type form int

const (
	asScalar form = iota
	asMap
	asList
)

// form decides how a value of the type is walked; nil may be anything.
func (t *Type) form(v any) form {
	switch v.(type) {
	case map[string]any:
		if t.Map != nil {
			return asMap
		}
	case []any:
		if t.List != nil {
			return asList
		}
	case string, bool, int64, float64:
		if t.Scalar != "" {
			return asScalar
		}
	}
	switch {
	case t.Map != nil:
		return asMap
	case t.Scalar != "":
		return asScalar
	}
	return asList
}

// both is the form of two values, either of which may be absent; one they share
// not at all is asScalar, so that the one replaces the other.
func (t *Type) both(a, b any) form {
	switch {
	case isAbsent(b):
		return t.form(a)
	case isAbsent(a):
		return t.form(b)
	}
	if f := t.form(b); f == t.form(a) {
		return f
	}
	return asScalar
}

// field is the type of a map's key.
func (m *Map) field(name string) *Type {
	if t := m.Fields[name]; t != nil {
		return t
	}
	return m.Elem
}

func at(m map[string]any, name string) any {
	if v, there := m[name]; there {
		return v
	}
	return absent
}

func asMapValue(v any) map[string]any { m, _ := v.(map[string]any); return m }
func asListValue(v any) []any         { l, _ := v.([]any); return l }

func unionKeys(a, b map[string]any) []string {
	keys := slices.Collect(maps.Keys(a))
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// step is the step to an element of a list.
func (l *List) step(v any) (string, error) {
	if len(l.Keys) == 0 {
		switch v.(type) {
		case map[string]any:
			return "", errors.New("associative list without keys has an element that's a map type")
		case []any:
			return "", errors.New("not supported: associative list with lists as elements")
		case nil:
			return "", errors.New("associative list without keys has an element that's an explicit null")
		}
		return valueStep(v), nil
	}
	if v == nil {
		return "", errors.New("associative list with keys may not have a null element")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return "", errors.New("associative list with keys may not have non-map elements")
	}
	var keys []key
	for _, name := range l.Keys {
		if v, there := m[name]; there {
			keys = append(keys, key{name, v})
		} else if l.Elem.Map != nil && l.Elem.Map.Defaults[name] != nil {
			keys = append(keys, key{name, l.Elem.Map.Defaults[name]})
		}
	}
	if len(keys) == 0 {
		return "", fmt.Errorf("associative list with keys has an element that omits all key fields %q (and doesn't have default values for any key fields)", l.Keys)
	}
	slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.name, b.name) })
	return keyStep(keys), nil
}

// steps are the steps to all elements of a list that passed check.
func (l *List) steps(items []any) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i], _ = l.step(item)
	}
	return out
}

// diff compares two values of the type, of which one may be absent.
func (t *Type) diff(a, b any) (n node) {
	isA, isB := !isAbsent(a), !isAbsent(b)
	leaf := func() node {
		if n.presence(isA, isB); isA && isB {
			n.modified = !reflect.DeepEqual(a, b)
		}
		return n
	}
	switch t.both(a, b) {
	case asMap:
		ma, mb := asMapValue(a), asMapValue(b)
		if t.Map.Atomic || len(ma) == 0 && len(mb) == 0 {
			return leaf()
		}
		for _, name := range unionKeys(ma, mb) {
			child := t.Map.field(name).orFree().diff(at(ma, name), at(mb, name))
			n.take("f:"+name, &child)
		}
	case asList:
		la, lb := asListValue(a), asListValue(b)
		if t.List.Atomic || len(la) == 0 && len(lb) == 0 {
			return leaf()
		}
		t.List.diff(&n, la, lb)
	default:
		return leaf()
	}
	n.presence(isA, isB)
	return n
}

// orFree stands in for the type of what no schema declares.
func (t *Type) orFree() *Type {
	if t == nil {
		return Free
	}
	return t
}

func (l *List) diff(n *node, a, b []any) {
	group := func(items []any) (order []string, by map[string][]any) {
		by = map[string][]any{}
		for i, step := range l.steps(items) {
			if by[step] == nil {
				order = append(order, step)
			}
			by[step] = append(by[step], items[i])
		}
		return order, by
	}
	orderA, inA := group(a)
	orderB, inB := group(b)
	for _, step := range orderA {
		child := l.diffElement(inA[step], inB[step])
		n.take(step, &child)
	}
	for _, step := range orderB {
		if inA[step] == nil {
			child := l.diffElement(nil, inB[step])
			n.take(step, &child)
		}
	}
	n.sort()
}

func (l *List) diffElement(before, after []any) (n node) {
	only := func(items []any) any {
		if len(items) == 1 {
			return items[0]
		}
		return absent
	}
	switch {
	case len(before) <= 1 && len(after) <= 1:
		return l.Elem.diff(only(before), only(after))
	case len(before) > 1 && len(after) > 1:
		n.modified = !reflect.DeepEqual(before, after)
	case len(before) > 1:
		if len(after) > 0 {
			n = l.Elem.diff(absent, after[0])
		}
		n.removed = true
	default:
		if len(before) > 0 {
			n = l.Elem.diff(before[0], absent)
		}
		n.added = true
	}
	return n
}

// fields is the set of all fields of a value, which is itself in the set where
// self is true (toFieldSet upstream).
func (t *Type) fields(v any) (s Set, self bool) {
	switch t.form(v) {
	case asMap:
		if t.Map.Atomic {
			return nil, true
		}
		m := asMapValue(v)
		for _, name := range slices.Sorted(maps.Keys(m)) {
			sub, member := t.Map.field(name).orFree().fields(m[name])
			if below, isMap := m[name].(map[string]any); m[name] == nil || isMap && len(below) == 0 || t.Map.Fields[name] == nil {
				member = true
			}
			if e := (Elem{"f:" + name, member, sub}); !e.empty() {
				s = append(s, e)
			}
		}
		return s, false
	case asList:
		if t.List.Atomic {
			return nil, true
		}
		return t.List.fields(asListValue(v)), false
	}
	return nil, true
}

func (l *List) fields(items []any) (s Set) {
	steps := l.steps(items)
	for i, step := range steps {
		first := slices.Index(steps, step)
		if first != i {
			continue
		}
		e := Elem{Name: step, Member: true}
		if !slices.Contains(steps[i+1:], step) {
			e.Sub, _ = l.Elem.fields(items[i])
		}
		s = append(s, e)
	}
	slices.SortFunc(s, func(a, b Elem) int { return compareSteps(a.Name, b.Name) })
	return s
}

// remove is the value without what is in the set; what is left empty by that is
// absent (removeItemsWithSchema upstream).
func (t *Type) remove(v any, s Set) any {
	switch t.form(v) {
	case asMap:
		return t.removeFields(v, s)
	case asList:
		items, ok := v.([]any)
		if !ok || len(items) == 0 || t.List.Atomic {
			return nil
		}
		var out []any
		for i, step := range t.List.steps(items) {
			sub, member := s.below(step)
			if member {
				continue
			}
			item := items[i]
			if len(sub) > 0 {
				item = t.List.Elem.remove(item, sub)
			}
			out = append(out, item)
		}
		if len(out) == 0 {
			return nil
		}
		return out
	}
	return v
}

func (t *Type) removeFields(v any, s Set) any {
	m, ok := v.(map[string]any)
	if !ok || len(m) == 0 || t.Map.Atomic {
		return nil
	}
	out := map[string]any{}
	for name, value := range m {
		sub, member := s.below("f:" + name)
		if member {
			continue
		}
		if len(sub) > 0 {
			value = t.Map.field(name).orFree().remove(value, sub)
		}
		out[name] = value
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
