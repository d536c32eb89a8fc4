package apiextensions

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// CheckLists finds duplicates in lists that are sets or maps
// (pkg/apiserver/schema/listtype).
func (s *Schema) CheckLists(v any, at *field.Path) (errs field.ErrorList) {
	if s == nil {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range sortedKeys(v) {
			child, where := s.properties[name], at.Child(name)
			if child == nil {
				child, where = s.additional, at.Key(name)
			}
			errs = append(errs, child.CheckLists(v[name], where)...)
		}
	case []any:
		errs = append(errs, s.duplicates(v, at)...)
		for i, item := range v {
			errs = append(errs, s.items.CheckLists(item, at.Index(i))...)
		}
	}
	return errs
}

func (s *Schema) duplicates(items []any, at *field.Path) (errs field.ErrorList) {
	kind := s.listType()
	if kind != "set" && kind != "map" {
		return nil
	}
	seen := map[string]int{}
	for i, item := range items {
		shown := item
		if kind == "map" {
			m, ok := item.(map[string]any)
			if !ok && item != nil {
				return field.ErrorList{field.Invalid(at.Index(i), item, "must be an object for an array of list-type map")}
			}
			shown = keysOf(m, s.XListMapKeys)
		}
		id := identity(shown)
		if seen[id]++; seen[id] == 2 {
			errs = append(errs, field.Duplicate(at.Index(i), shown))
		}
	}
	return errs
}

func keysOf(m map[string]any, names []string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		if v, there := m[name]; there {
			out[name] = v
		}
	}
	return out
}

// identity tells values apart.
func identity(v any) string {
	data, _ := json.Marshal(v) // decoded JSON
	return fmt.Sprintf("%T%s", v, data)
}

func (s *Schema) listType() string {
	if s.XListType == nil {
		return "atomic"
	}
	return *s.XListType
}

// CheckEmbedded validates the objects within an object
// (pkg/apiserver/schema/objectmeta). root says that v is an object of its own.
func (s *Schema) CheckEmbedded(v any, at *field.Path, root bool) (errs field.ErrorList) {
	if s == nil {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		if s.embedded && !root {
			errs = append(errs, checkObject(v, at)...)
		}
		for _, name := range sortedKeys(v) {
			child, where := s.properties[name], at.Child(name)
			if child == nil {
				child, where = s.additional, at.Key(name)
			}
			errs = append(errs, child.CheckEmbedded(v[name], where, false)...)
		}
	case []any:
		for i, item := range v {
			errs = append(errs, s.items.CheckEmbedded(item, at.Index(i), false)...)
		}
	}
	return errs
}

func checkObject(v map[string]any, at *field.Path) (errs field.ErrorList) {
	for _, name := range []string{"apiVersion", "kind"} {
		value, there := v[name]
		text, isText := value.(string)
		switch {
		case !there:
			errs = append(errs, field.Required(at.Child(name), ""))
		case !isText:
			errs = append(errs, field.Invalid(at.Child(name), value, "must be a string"))
		case text == "":
			errs = append(errs, field.Invalid(at.Child(name), text, "must not be empty"))
		case name == "kind":
			if msgs := utilvalidation.IsDNS1035Label(strings.ToLower(text)); len(msgs) > 0 {
				errs = append(errs, field.Invalid(at.Child(name), text, mixedCase+strings.Join(msgs, ",")))
			}
		default:
			if _, err := schema.ParseGroupVersion(text); err != nil {
				errs = append(errs, field.Invalid(at.Child(name), text, err.Error()))
			}
		}
	}
	if value, there := v["metadata"]; there {
		errs = append(errs, checkMeta(value, at.Child("metadata"))...)
	}
	return errs
}

func checkMeta(v any, at *field.Path) field.ErrorList {
	meta := &metav1.ObjectMeta{}
	if _, err := readStrictly(v, meta); err != nil {
		return field.ErrorList{field.Invalid(at, v, err.Error())}
	}
	if meta.Name == "" {
		meta.Name = "fakename"
	}
	return validation.ValidateObjectMeta(meta, meta.Namespace != "", path.ValidatePathSegmentName, at)
}
