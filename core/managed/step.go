package managed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// compareSteps orders the steps of a path as upstream does: fields by name,
// then keys and values by what they hold, then places.
func compareSteps(a, b string) int {
	if a == b {
		return 0
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch a[0] {
	case 'k':
		if c, ok := comparePlainKeys(a[2:], b[2:]); ok {
			return c
		}
		return compareKeys(keysOf(a), keysOf(b))
	case 'v':
		return compareValues(valueOf(a[2:]), valueOf(b[2:]))
	case 'i':
		m, _ := strconv.Atoi(a[2:])
		n, _ := strconv.Atoi(b[2:])
		return cmp.Compare(m, n)
	}
	return strings.Compare(a, b)
}

// rank is the place of a step's kind. Sets hold only steps that are checked.
func rank(step string) int { return strings.IndexByte("fkvi", step[0]) }

// comparePlainKeys compares {"type":"Ready"} with {"type":"Initialized"}: one
// string each under the same name, without escapes.
func comparePlainKeys(a, b string) (int, bool) {
	i := strings.Index(a, `":"`) + 3
	if i < 3 || len(b) < i || a[:i] != b[:i] {
		return 0, false
	}
	a, b = a[i:], b[i:]
	if strings.IndexByte(a, '"') != len(a)-2 || strings.IndexByte(b, '"') != len(b)-2 ||
		strings.IndexByte(a, '\\') >= 0 || strings.IndexByte(b, '\\') >= 0 {
		return 0, false
	}
	return strings.Compare(a[:len(a)-2], b[:len(b)-2]), true
}

// key is one field that tells the elements of a list apart.
type key struct {
	name  string
	value any
}

func keysOf(step string) []key {
	fields, _ := valueOf(step[2:]).(map[string]any)
	keys := make([]key, 0, len(fields))
	for name, v := range fields {
		keys = append(keys, key{name, v})
	}
	slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.name, b.name) })
	return keys
}

func compareKeys(a, b []key) int {
	for i := range min(len(a), len(b)) {
		if c := strings.Compare(a[i].name, b[i].name); c != 0 {
			return c
		}
		if c := compareValues(a[i].value, b[i].value); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// valueOf reads a JSON value, whole numbers as int64.
func valueOf(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	if fields, ok := v.(map[string]any); ok {
		for name := range fields {
			fields[name] = number(fields[name])
		}
	}
	return number(v)
}

func number(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, _ := n.Float64()
	return f
}

// compareValues orders scalars: numbers, strings, booleans, null.
func compareValues(a, b any) int {
	if x, ok := asFloat(a); ok {
		y, ok := asFloat(b)
		if !ok {
			return -1
		}
		return cmp.Compare(x, y)
	}
	if _, ok := asFloat(b); ok {
		return 1
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
		return -1
	case bool:
		switch y, ok := b.(bool); {
		case !ok && b == nil:
			return -1
		case !ok:
			return 1
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	}
	if b == nil {
		return 0
	}
	return 1
}

func asFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// keyStep writes the step to a list's element with these keys, sorted by name.
func keyStep(keys []key) string {
	var out bytes.Buffer
	out.WriteString("k:{")
	for i, k := range keys {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(appendQuoted(nil, k.name))
		out.WriteByte(':')
		out.WriteString(jsonOf(k.value))
	}
	out.WriteByte('}')
	return out.String()
}

// valueStep writes the step to an element of a set.
func valueStep(v any) string { return "v:" + jsonOf(v) }

func jsonOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(data)
}

// Path is a path as messages name it: .spec.containers[name="nginx"].image.
func Path(steps []string) string {
	var out strings.Builder
	for _, step := range steps {
		switch step[0] {
		case 'f':
			out.WriteString("." + step[2:])
		case 'k':
			out.WriteByte('[')
			for i, k := range keysOf(step) {
				if i > 0 {
					out.WriteByte(',')
				}
				fmt.Fprintf(&out, "%s=%s", k.name, shown(k.value))
			}
			out.WriteByte(']')
		case 'v':
			fmt.Fprintf(&out, "[=%s]", shown(valueOf(step[2:])))
		default:
			fmt.Fprintf(&out, "[%s]", step[2:])
		}
	}
	return out.String()
}

func shown(v any) string {
	if v == nil {
		return "null"
	}
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}
