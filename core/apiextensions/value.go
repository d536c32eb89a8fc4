package apiextensions

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Check finds what is wrong with a value (kube-openapi's pkg/validation/validate
// and pkg/apiserver/validation). at is where the value is, nil for an object of
// its own. old is what the value replaces: what is in it unchanged is let be.
func (s *Schema) Check(v any, old *any, at *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	return s.check(&place{root: at}, v, old).errs
}

// result is what a check came to. matched counts what was found right: among
// alternatives that all fail, the errors of the best are told.
type result struct {
	errs    field.ErrorList
	matched int
}

func (r *result) valid() bool { return len(r.errs) == 0 }

// add notes an error, once.
func (r *result) add(errs ...*field.Error) {
	for _, e := range errs {
		if !slices.ContainsFunc(r.errs, func(o *field.Error) bool {
			return o.Field == e.Field && o.Type == e.Type && o.Detail == e.Detail
		}) {
			r.errs = append(r.errs, e)
		}
	}
}

func (r *result) merge(o *result) {
	r.add(o.errs...)
	r.matched += o.matched
}

// place is where a value is: below root, by name.
type place struct {
	root *field.Path
	name string
}

func (p *place) field(name string) *place { return &place{p.root, below(p.name, name)} }
func (p *place) index(i int) *place       { return &place{p.root, fmt.Sprintf("%s[%d]", p.name, i)} }

func (p *place) path() *field.Path {
	if p.name == "" {
		return p.root
	}
	return p.root.Child(p.name)
}

// wrong is an error in the value's words: spec.replicas in body should …
func (p *place) wrong(v any, format string, args ...any) *field.Error {
	return field.Invalid(p.path(), v, p.name+" in body "+fmt.Sprintf(format, args...))
}

func (s *Schema) check(p *place, v any, old *any) *result {
	r := &result{}
	if old != nil && reflect.DeepEqual(v, *old) {
		r.matched = 1
		return r
	}
	s.checkType(r, p, v)
	if v == nil {
		s.checkEnum(r, p, v)
		return r
	}
	s.checkJunctors(r, p, v)
	switch v := v.(type) {
	case string:
		s.checkString(r, p, v)
	case int64, float64:
		s.checkNumber(r, p, v)
	case []any:
		s.checkItems(r, p, v, old)
	}
	s.checkEnum(r, p, v)
	if m, ok := v.(map[string]any); ok {
		s.checkFields(r, p, m, old)
	}
	r.matched++
	return r
}

// typeOf is the JSON type of a value.
func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case int64:
		return "integer"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

func (s *Schema) checkType(r *result, p *place, v any) {
	if len(s.types) == 0 {
		return
	}
	is := typeOf(v)
	f, isFloat := v.(float64)
	fits := slices.Contains(s.types, is) ||
		v == nil && s.Nullable ||
		is == "integer" && slices.Contains(s.types, "number") ||
		isFloat && f == math.Trunc(f) && !math.IsInf(f, 0) && slices.Contains(s.types, "integer")
	if fits {
		r.matched += 2
		return
	}
	r.matched++
	want := strings.Join(s.types, ",")
	if s.format != "" && (s.Type == "integer" || s.Type == "number") && is != "string" && is != "array" && v != nil {
		want, is = s.format, map[string]string{"integer": "int64", "number": "float64"}[is]
	}
	r.add(field.TypeInvalid(p.path(), is, fmt.Sprintf("%s in body must be of type %s: %q", p.name, want, is)))
}

func (s *Schema) checkEnum(r *result, p *place, v any) {
	r.matched++
	if len(s.enum) == 0 || slices.ContainsFunc(s.enum, func(e any) bool { return same(e, v) }) {
		return
	}
	var values []string
	for _, e := range s.enum {
		text, isText := e.(string)
		if !isText {
			data, _ := json.Marshal(e) // decoded JSON
			text = string(data)
		}
		values = append(values, text)
	}
	r.add(field.NotSupported(p.path(), v, values))
}

// same compares values, numbers by what they are worth.
func same(a, b any) bool {
	x, isX := number(a)
	y, isY := number(b)
	if isX && isY {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// checkString tells of the first thing that is wrong, and of the format.
func (s *Schema) checkString(r *result, p *place, v string) {
	r.matched++
	length := int64(utf8.RuneCountInString(v))
	switch {
	case s.MaxLength != nil && length > *s.MaxLength:
		r.add(field.TooLong(p.path(), "", int(*s.MaxLength)))
	case s.MinLength != nil && length < *s.MinLength:
		r.add(p.wrong(v, "should be at least %d chars long", *s.MinLength))
	case s.pattern != nil && !s.pattern.MatchString(v):
		r.add(p.wrong(v, "should match '%s'", s.Pattern))
	}
	if fits := formats[plainFormat(s.format)]; fits != nil && (s.Type == "" || s.Type == "string") {
		r.matched++
		if !fits(v) {
			r.add(field.TypeInvalid(p.path(), v, fmt.Sprintf("%s in body must be of type %s: %q", p.name, s.format, v)))
		}
	}
}

func (s *Schema) checkNumber(r *result, p *place, v any) {
	r.matched += 2
	f, _ := number(v)
	n, whole := v.(int64)
	if s.format == "int32" && f != float64(int32(f)) || s.format == "float" && math.Abs(f) > math.MaxFloat32 {
		r.add(field.Invalid(p.root, "", fmt.Sprintf("Checked value must be of type %s with format %s in %s", s.Type, s.format, p.name)))
	}
	// bound is a limit as it is compared and shown: whole for whole numbers.
	bound := func(limit float64) (float64, any) {
		if whole {
			return float64(int64(limit)), int64(limit)
		}
		return limit, limit
	}
	if s.MultipleOf != nil {
		factor, shown := bound(*s.MultipleOf)
		times := f / factor
		switch {
		case factor <= 0:
			r.add(field.Invalid(p.path(), shown, fmt.Sprintf("factor MultipleOf declared for %s must be positive: %v", p.name, shown)))
		case whole && n%int64(factor) != 0, !whole && times != math.Trunc(times):
			r.add(p.wrong(v, "should be a multiple of %v", shown))
		}
	}
	if s.Minimum != nil {
		if limit, shown := bound(*s.Minimum); f < limit || s.ExclusiveMinimum && f == limit {
			r.add(p.wrong(v, "should be greater than%s %v", orEqual(s.ExclusiveMinimum), shown))
		}
	}
	if s.Maximum != nil {
		if limit, shown := bound(*s.Maximum); f > limit || s.ExclusiveMaximum && f == limit {
			r.add(p.wrong(v, "should be less than%s %v", orEqual(s.ExclusiveMaximum), shown))
		}
	}
}

func orEqual(exclusive bool) string {
	if exclusive {
		return ""
	}
	return " or equal to"
}

func (s *Schema) checkItems(r *result, p *place, items []any, old *any) {
	r.matched += 2
	if s.items != nil {
		before := s.correlated(old)
		for i, item := range items {
			r.merge(s.items.check(p.index(i), item, before(item)))
		}
	}
	size := int64(len(items))
	if s.MinItems != nil && size < *s.MinItems {
		r.add(p.wrong(size, "should have at least %d items", *s.MinItems))
	}
	if s.MaxItems != nil && size > *s.MaxItems {
		r.add(field.TooMany(p.path(), int(size), int(*s.MaxItems)))
	}
}

// correlated finds the former element that an element replaces: lists that are
// maps tell which (k8s.io/apiserver's pkg/cel/common.CorrelatedObject).
func (s *Schema) correlated(old *any) func(item any) *any {
	none := func(any) *any { return nil }
	if old == nil || s.listType() != "map" {
		return none
	}
	list, _ := (*old).([]any)
	return func(item any) *any {
		m, _ := item.(map[string]any)
		id := identity(keysOf(m, s.XListMapKeys))
		for i := range list {
			if o, ok := list[i].(map[string]any); ok && identity(keysOf(o, s.XListMapKeys)) == id {
				return &list[i]
			}
		}
		return nil
	}
}

func (s *Schema) checkFields(r *result, p *place, m map[string]any, old *any) {
	r.matched++
	size := int64(len(m))
	if s.MinProperties != nil && size < *s.MinProperties {
		r.add(p.wrong(size, "should have at least %d properties", *s.MinProperties))
	}
	if s.MaxProperties != nil && size > *s.MaxProperties {
		r.add(field.TooMany(p.path(), int(size), int(*s.MaxProperties)))
	}
	var before map[string]any
	if old != nil {
		before, _ = (*old).(map[string]any)
	}
	for _, name := range sortedKeys(m) {
		child := s.properties[name]
		switch {
		case child == nil && s.AdditionalProperties != nil && !s.AdditionalProperties.Allows:
			r.add(field.Invalid(p.path(), name, fmt.Sprintf("%s.%s in body is a forbidden property", p.name, name)))
			continue
		case child == nil:
			child = s.additional
		}
		if child == nil {
			continue
		}
		var was *any
		if o, there := before[name]; there {
			was = &o
		}
		r.merge(child.check(p.field(name), m[name], was))
	}
	for _, name := range s.Required {
		if _, there := m[name]; !there {
			r.add(field.Required(p.field(name).path(), ""))
		}
	}
}

func (s *Schema) checkJunctors(r *result, p *place, v any) {
	r.matched += 2
	quoted := fmt.Sprintf("%q", p.name)
	fail := func(text string) { r.add(field.Invalid(p.root, "", quoted+" "+text)) }
	if len(s.anyOf) > 0 {
		best, passed := alternatives(s.anyOf, p, v)
		if passed == 0 {
			fail("must validate at least one schema (anyOf)")
		}
		r.merge(best)
	}
	if len(s.oneOf) > 0 {
		best, passed := alternatives(s.oneOf, p, v)
		switch passed {
		case 0:
			fail("must validate one and only one schema (oneOf). Found none valid")
		case 1:
		default:
			fail(fmt.Sprintf("must validate one and only one schema (oneOf). Found %d valid alternatives", passed))
		}
		if passed < 2 {
			r.merge(best)
		}
	}
	passed := 0
	for _, part := range s.allOf {
		found := part.check(p, v, nil)
		if found.valid() {
			passed++
		}
		r.merge(found)
	}
	if passed < len(s.allOf) {
		text := "must validate all the schemas (allOf)"
		if passed == 0 {
			text += ". None validated"
		}
		fail(text)
	}
	if s.not != nil && s.not.check(p, v, nil).valid() {
		fail("must not validate the schema (not)")
	}
}

// alternatives counts how many hold, and returns the first that does, or else
// the one with the fewest faults in it.
func alternatives(list []*Schema, p *place, v any) (best *result, passed int) {
	for _, one := range list {
		found := one.check(p, v, nil)
		switch {
		case found.valid():
			if passed == 0 {
				best = found
			}
			passed++
		case passed == 0 && (best == nil || found.matched > best.matched):
			best = found
		}
	}
	return best, passed
}
