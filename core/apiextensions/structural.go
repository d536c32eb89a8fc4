package apiextensions

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

// level is where in a schema a schema stands.
type level int

const (
	atRoot level = iota
	atItem
	atField
)

// validateStructural checks that a schema is structural: every field is
// specified outside of anyOf and its like, which only restrict values
// (pkg/apiserver/schema/validation.go and complete.go). Errors are sorted.
func validateStructural(s *v1.JSONSchemaProps, p *field.Path) field.ErrorList {
	st := &structural{}
	st.invariants(s, atRoot, p)
	st.complete(s, s, p, p)
	slices.SortFunc(st.errs, func(a, b *field.Error) int { return strings.Compare(a.Error(), b.Error()) })
	return st.errs
}

type structural struct{ errs field.ErrorList }

func (st *structural) add(e *field.Error) { st.errs = append(st.errs, e) }

func (st *structural) invariants(s *v1.JSONSchemaProps, lvl level, p *field.Path) {
	if s.Type == "array" && (s.Items == nil || s.Items.Schema == nil) {
		st.add(field.Required(p.Child("items"), "must be specified"))
	}
	if s.Items != nil && s.Items.Schema != nil {
		st.invariants(s.Items.Schema, atItem, p.Child("items"))
	}
	for _, name := range sortedKeys(s.Properties) {
		child := s.Properties[name]
		st.invariants(&child, atField, p.Child("properties").Key(name))
	}
	if more := s.AdditionalProperties; more != nil {
		if lvl == atRoot {
			st.add(field.Forbidden(p.Child("additionalProperties"), "must not be used at the root"))
		}
		if more.Schema != nil {
			st.invariants(more.Schema, atField, p.Child("additionalProperties"))
		}
	}
	st.extensions(s, p)
	st.values(s, isIntOrString(s.AnyOf), len(s.AllOf) > 0 && isIntOrString(s.AllOf[0].AnyOf), p)
	st.typed(s, lvl, p)
	st.meta(s, lvl, p)
}

func preserves(s *v1.JSONSchemaProps) bool {
	return s.XPreserveUnknownFields != nil && *s.XPreserveUnknownFields
}

func (st *structural) extensions(s *v1.JSONSchemaProps, p *field.Path) {
	if s.XIntOrString && preserves(s) {
		st.add(field.Invalid(p.Child("x-kubernetes-preserve-unknown-fields"), true, "must be false if x-kubernetes-int-or-string is true"))
	}
	if s.XIntOrString && s.XEmbeddedResource {
		st.add(field.Invalid(p.Child("x-kubernetes-embedded-resource"), true, "must be false if x-kubernetes-int-or-string is true"))
	}
}

// isIntOrString recognizes the one anyOf in which types may stand.
func isIntOrString(anyOf []v1.JSONSchemaProps) bool {
	return len(anyOf) == 2 && reflect.DeepEqual(anyOf, []v1.JSONSchemaProps{{Type: "integer"}, {Type: "string"}})
}

func (st *structural) typed(s *v1.JSONSchemaProps, lvl level, p *field.Path) {
	at := p.Child("type")
	switch {
	case s.XEmbeddedResource && s.Type == "":
		st.add(field.Required(at, "must be object if x-kubernetes-embedded-resource is true"))
	case s.XEmbeddedResource && s.Type != "object":
		st.add(field.Invalid(at, s.Type, "must be object if x-kubernetes-embedded-resource is true"))
	case s.Type == "" && !s.XIntOrString && !preserves(s):
		where := map[level]string{atRoot: "at the root", atItem: "for specified array items", atField: "for specified object fields"}[lvl]
		st.add(field.Required(at, "must not be empty "+where))
	}
	if s.XEmbeddedResource && s.AdditionalProperties != nil {
		st.add(field.Forbidden(p.Child("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set"))
	}
	if lvl == atRoot && s.Type != "" && s.Type != "object" {
		st.add(field.Invalid(at, s.Type, "must be object at the root"))
	}
}

// meta restricts what may be said of apiVersion, kind and metadata.
func (st *structural) meta(s *v1.JSONSchemaProps, lvl level, p *field.Path) {
	if lvl == atRoot || s.XEmbeddedResource {
		for name, kind := range map[string]string{"apiVersion": "string", "kind": "string", "metadata": "object"} {
			if child, there := s.Properties[name]; there && child.Type != kind {
				st.add(field.Invalid(p.Child("properties").Key(name).Child("type"), child.Type, "must be "+kind))
			}
		}
	}
	if child, there := s.Properties["metadata"]; there && lvl == atRoot && saysMore(child) {
		st.add(field.Forbidden(p.Child("properties").Key("metadata"),
			"must not specify anything other than name and generateName, but metadata is implicitly specified"))
	}
	if s.XEmbeddedResource && !preserves(s) && len(s.Properties) == 0 {
		st.add(field.Required(p.Child("properties"),
			"must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"))
	}
}

// saysMore tells whether a schema of metadata is about more than names.
func saysMore(s v1.JSONSchemaProps) bool {
	for name := range s.Properties {
		if name != "name" && name != "generateName" {
			return true
		}
	}
	s.Type, s.Properties, s.Default = "", nil, nil
	return !reflect.DeepEqual(s, v1.JSONSchemaProps{})
}

// values checks what restricts values, and what is nested in that.
func (st *structural) values(s *v1.JSONSchemaProps, skipAnyOf, skipFirst bool, p *field.Path) {
	if !skipAnyOf {
		for i := range s.AnyOf {
			st.nested(&s.AnyOf[i], false, p.Child("anyOf").Index(i))
		}
	}
	for i := range s.AllOf {
		st.nested(&s.AllOf[i], skipFirst && i == 0, p.Child("allOf").Index(i))
	}
	for i := range s.OneOf {
		st.nested(&s.OneOf[i], false, p.Child("oneOf").Index(i))
	}
	if s.Not != nil {
		st.nested(s.Not, false, p.Child("not"))
	}
	if _, err := regexp.Compile(s.Pattern); err != nil {
		st.add(field.Invalid(p.Child("pattern"), s.Pattern, fmt.Sprintf("must be a valid regular expression, but isn't: %v", err)))
	}
}

func (st *structural) nested(s *v1.JSONSchemaProps, skipAnyOf bool, p *field.Path) {
	st.values(s, skipAnyOf, false, p)
	if s.Items != nil && s.Items.Schema != nil {
		st.nested(s.Items.Schema, false, p.Child("items"))
	}
	for _, name := range sortedKeys(s.Properties) {
		child := s.Properties[name]
		st.nested(&child, false, p.Child("properties").Key(name))
	}
	for _, no := range []struct {
		said       bool
		name, must string
	}{
		{s.Type != "", "type", "empty"},
		{s.AdditionalProperties != nil, "additionalProperties", "undefined"},
		{s.Default != nil, "default", "undefined"},
		{s.Title != "", "title", "empty"},
		{s.Description != "", "description", "empty"},
		{s.Nullable, "nullable", "false"},
		{preserves(s), "x-kubernetes-preserve-unknown-fields", "false"},
		{s.XEmbeddedResource, "x-kubernetes-embedded-resource", "false"},
		{s.XIntOrString, "x-kubernetes-int-or-string", "false"},
		{len(s.XListMapKeys) > 0, "x-kubernetes-list-map-keys", "empty"},
		{s.XListType != nil, "x-kubernetes-list-type", "undefined"},
		{s.XMapType != nil, "x-kubernetes-map-type", "undefined"},
		{len(s.XValidations) > 0, "x-kubernetes-validations", "empty"},
	} {
		if no.said {
			st.add(field.Forbidden(p.Child(no.name), "must be "+no.must+" to be structural"))
		}
	}
	if _, there := s.Properties["metadata"]; there {
		st.add(field.Forbidden(p.Child("properties").Key("metadata"), "must not be specified in a nested context"))
	}
}

// complete wants everything that v restricts to be specified by s.
func (st *structural) complete(v, s *v1.JSONSchemaProps, sPath, vPath *field.Path) {
	if v.Not != nil {
		st.specified(v.Not, s, sPath, vPath.Child("not"))
	}
	for name, list := range map[string][]v1.JSONSchemaProps{"allOf": v.AllOf, "anyOf": v.AnyOf, "oneOf": v.OneOf} {
		for i := range list {
			st.specified(&list[i], s, sPath, vPath.Child(name).Index(i))
		}
	}
}

func (st *structural) specified(v, s *v1.JSONSchemaProps, sPath, vPath *field.Path) {
	if s == nil {
		st.add(field.Required(sPath, "because it is defined in "+vPath.String()))
		return
	}
	st.complete(v, s, sPath, vPath)
	if v.Items != nil && v.Items.Schema != nil {
		var items *v1.JSONSchemaProps
		if s.Items != nil {
			items = s.Items.Schema
		}
		st.specified(v.Items.Schema, items, sPath.Child("items"), vPath.Child("items"))
	}
	for _, name := range sortedKeys(v.Properties) {
		child := v.Properties[name]
		sAt, vAt := sPath.Child("properties").Key(name), vPath.Child("properties").Key(name)
		if own, there := s.Properties[name]; there {
			st.specified(&child, &own, sAt, vAt)
		} else {
			st.add(field.Required(sAt, "because it is defined in "+vAt.String()))
		}
	}
}
