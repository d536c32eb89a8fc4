package managed

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// merge puts a configuration over the live value: what the configuration says
// wins, lists whose elements are told apart keep the elements of both, in the
// configuration's order (typed/merge.go upstream).
func (t *Type) merge(live, config any) any {
	leaf := func() any {
		if isAbsent(config) {
			return live
		}
		return config
	}
	switch t.both(live, config) {
	case asMap:
		a, b := asMapValue(live), asMapValue(config)
		if t.Map.Atomic || len(a) == 0 && len(b) == 0 {
			return leaf()
		}
		out := map[string]any{}
		for _, name := range unionKeys(a, b) {
			if v := t.Map.field(name).orFree().merge(at(a, name), at(b, name)); !isAbsent(v) {
				out[name] = v
			}
		}
		return out
	case asList:
		a, b := asListValue(live), asListValue(config)
		if t.List.Atomic || len(a) == 0 && len(b) == 0 {
			return leaf()
		}
		return t.List.merge(a, b)
	}
	return leaf()
}

// merger interleaves two lists: elements of both in the configuration's order,
// those of only one where they stand between them.
type merger struct {
	l            *List
	live, config []any
	a, b         []string // the steps of live and config
	inA, inB     map[string]any
	done         map[string]bool
	shared       []string // of both, in the configuration's order, yet to come
	out          []any
}

func (l *List) merge(live, config []any) any {
	m := &merger{l: l, live: live, config: config, a: l.steps(live), b: l.steps(config), done: map[string]bool{}}
	m.inA, m.inB = map[string]any{}, map[string]any{}
	for i, step := range m.a {
		if _, twice := m.inA[step]; twice {
			m.inA[step] = nil // elements that are there twice are not merged
			continue
		}
		m.inA[step] = live[i]
	}
	for i, step := range m.b {
		m.inB[step] = config[i]
	}
	for _, step := range m.b {
		if _, both := m.inA[step]; both {
			m.shared = append(m.shared, step)
		}
	}
	m.run()
	return m.out
}

func (m *merger) run() {
	for i, j := 0, 0; i < len(m.a) || j < len(m.b); {
		if i < len(m.a) && j < len(m.b) {
			step := m.a[i]
			if step == m.b[j] {
				m.take(step)
				i, j = i+1, j+1
				m.advance()
				continue
			}
			if _, both := m.inB[step]; both && len(m.shared) > 0 && m.shared[0] != step {
				i++ // it comes later, where the configuration has it
				continue
			}
		}
		if i < len(m.a) {
			step := m.a[i]
			if _, both := m.inB[step]; !both {
				m.out = append(m.out, m.l.Elem.merge(m.live[i], absent))
				i++
				continue
			}
			if m.done[step] {
				i++
			}
		}
		if j < len(m.b) {
			step := m.b[j]
			m.take(step)
			j++
			if len(m.shared) > 0 && m.shared[0] == step {
				m.advance()
			}
		}
	}
}

func (m *merger) advance() {
	if len(m.shared) > 0 {
		m.shared = m.shared[1:]
	}
}

// take merges the elements that both have under a step.
func (m *merger) take(step string) {
	m.done[step] = true
	live, there := m.inA[step]
	if !there {
		live = absent
	}
	m.out = append(m.out, m.l.Elem.merge(live, m.inB[step]))
}

// fault is a value that is not of its type.
type fault struct{ path, text string }

func (f fault) String() string {
	if f.path == "" {
		return f.text
	}
	return f.path + ": " + f.text
}

// faults is the error of a value with faults, in upstream's words.
type faults []fault

func (fs faults) Error() string {
	if len(fs) == 1 {
		return fs[0].String()
	}
	lines := []string{"errors:"}
	for _, f := range fs {
		lines = append(lines, "  "+f.String())
	}
	return strings.Join(lines, "\n")
}

// check finds what is wrong with a value. With twice set, elements of a list
// may have the same keys.
func (t *Type) check(v any, path []string, twice bool) faults {
	wrong := func(format string, args ...any) faults {
		return faults{{Path(path), fmt.Sprintf(format, args...)}}
	}
	if v == nil {
		return nil
	}
	switch t.form(v) {
	case asMap:
		m, ok := v.(map[string]any)
		if !ok {
			return wrong("expected map, got &{%v}", v)
		}
		return t.Map.check(m, path, twice)
	case asList:
		items, ok := v.([]any)
		if !ok {
			return wrong("expected list, got &{%v}", v)
		}
		return t.List.check(items, path, twice)
	}
	_, isString := v.(string)
	_, isBool := v.(bool)
	_, isNumber := asFloat(v)
	switch {
	case t.Scalar == Numeric && !isNumber:
		return wrong("expected numeric (int or float), got %T", v)
	case t.Scalar == String && !isString:
		return wrong("expected string, got &value.valueUnstructured{Value:%#v}", v)
	case t.Scalar == Boolean && !isBool:
		return wrong("expected boolean, got &{%v}", v)
	case t.Scalar == Any && !isNumber && !isString && !isBool:
		return wrong("expected any scalar, got &{%v}", v)
	}
	return nil
}

func (m *Map) check(v map[string]any, path []string, twice bool) (out faults) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		below := append(slices.Clip(path), "f:"+name)
		field := m.field(name)
		if field == nil {
			return append(out, fault{Path(below), "field not declared in schema"})
		}
		out = append(out, field.check(v[name], below, twice)...)
	}
	return out
}

func (l *List) check(items []any, path []string, twice bool) (out faults) {
	seen := map[string]bool{}
	for i, item := range items {
		step := fmt.Sprintf("i:%d", i)
		if !l.Atomic {
			var err error
			if step, err = l.step(item); err != nil {
				return append(out, fault{Path(path), fmt.Sprintf("element %d: %v", i, err)})
			}
			if seen[step] && !twice {
				out = append(out, fault{Path(path), "duplicate entries for key " + Path([]string{step})})
			}
			seen[step] = true
		}
		out = append(out, l.Elem.check(item, append(slices.Clip(path), step), twice)...)
	}
	return out
}
