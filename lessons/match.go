package lessons

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Detail is one thing that is not as wanted, in no particular language.
type Detail struct {
	Path string `json:"path"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

// matchPartial returns how got differs from the partial object want:
//
//   - a map matches where each of its fields does; others may be there;
//   - a list of maps that have a name, type or key matches where each element
//     finds its namesake (conditions: [{type: Available, status: "True"}]);
//     any other list must have the same length and match place by place;
//   - a map with one key that begins with "$" is a question to the value:
//     $min, $max (numbers), $match (a regular expression), $not (a partial
//     value), $exists (true or false);
//   - everything else must be equal; a quantity or number is compared as text.
func matchPartial(path string, want, got any) []Detail {
	switch w := want.(type) {
	case map[string]any:
		if op, arg, is := operator(w); is {
			return ask(path, op, arg, got)
		}
		g, ok := got.(map[string]any)
		if !ok {
			return []Detail{{path, text(want), text(got)}}
		}
		var out []Detail
		for _, key := range sortedKeys(w) {
			out = append(out, matchPartial(join(path, key), w[key], g[key])...)
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []Detail{{path, text(want), text(got)}}
		}
		return matchList(path, w, g)
	}
	if text(want) != text(got) {
		return []Detail{{path, text(want), text(got)}}
	}
	return nil
}

func matchList(path string, want, got []any) []Detail {
	var out []Detail
	for i, w := range want {
		key, name := namesake(w)
		if key == "" {
			if len(want) != len(got) {
				return []Detail{{path, text(want), text(got)}}
			}
			out = append(out, matchPartial(fmt.Sprintf("%s[%d]", path, i), w, got[i])...)
			continue
		}
		at := slices.IndexFunc(got, func(g any) bool {
			m, ok := g.(map[string]any)
			return ok && m[key] == name
		})
		var g any
		if at >= 0 {
			g = got[at]
		}
		out = append(out, matchPartial(fmt.Sprintf("%s[%s=%v]", path, key, name), w, g)...)
	}
	return out
}

// namesake is the field that tells which element of a list is meant.
func namesake(v any) (key string, name any) {
	m, _ := v.(map[string]any)
	for _, key := range []string{"name", "type", "key"} {
		if s, ok := m[key].(string); ok {
			return key, s
		}
	}
	return "", nil
}

func operator(m map[string]any) (op string, arg any, is bool) {
	if len(m) != 1 {
		return "", nil, false
	}
	for key, arg := range m {
		return key, arg, strings.HasPrefix(key, "$")
	}
	return "", nil, false
}

// ask is what a value says to an operator.
func ask(path, op string, arg, got any) []Detail {
	fine := false
	want := op[1:] + " " + text(arg)
	switch op {
	case "$min", "$max":
		n, isNumber := number(got)
		limit, _ := number(arg)
		fine = isNumber && (op == "$min" && n >= limit || op == "$max" && n <= limit)
		want = map[string]string{"$min": "≥ ", "$max": "≤ "}[op] + text(arg)
	case "$match":
		re, err := regexp.Compile(text(arg))
		fine = err == nil && got != nil && re.MatchString(text(got))
		want = "/" + text(arg) + "/"
	case "$not":
		fine = len(matchPartial(path, arg, got)) > 0
	case "$exists":
		fine = arg == (got != nil)
	}
	if fine {
		return nil
	}
	return []Detail{{path, want, text(got)}}
}

// checkPartial returns what is wrong with a partial value itself.
func checkPartial(path string, v any) error {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if strings.HasPrefix(key, "$") {
				if len(v) > 1 {
					return fmt.Errorf("%s: %s must stand alone", path, key)
				}
				return checkOperator(path, key, v[key])
			}
			if err := checkPartial(join(path, key), v[key]); err != nil {
				return err
			}
		}
	case []any:
		for i, e := range v {
			if err := checkPartial(fmt.Sprintf("%s[%d]", path, i), e); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkOperator(path, op string, arg any) error {
	switch op {
	case "$min", "$max":
		if _, ok := number(arg); !ok {
			return fmt.Errorf("%s: %s wants a number", path, op)
		}
		return nil
	case "$match":
		_, err := regexp.Compile(text(arg))
		return err
	case "$not":
		return checkPartial(path, arg)
	case "$exists":
		if _, ok := arg.(bool); !ok {
			return fmt.Errorf("%s: %s wants true or false", path, op)
		}
		return nil
	}
	return fmt.Errorf("%s: unknown operator %q (there are $min, $max, $match, $not, $exists)", path, op)
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	}
	return 0, false
}

// text is a value as it is compared and shown: strings bare, the rest as JSON.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	data, _ := json.Marshal(v)
	return string(data)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
