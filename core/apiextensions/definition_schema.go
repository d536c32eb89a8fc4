package apiextensions

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

// rootFields are those that a root schema may have beside a status subresource.
var rootFields = []string{"Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum",
	"MaxLength", "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties",
	"ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations"}

var types = []string{"array", "boolean", "integer", "number", "object", "string"}

// validateSchema checks the schema of a kind.
func validateSchema(validation *v1.CustomResourceValidation, status bool, p *field.Path) (errs field.ErrorList) {
	if validation == nil || validation.OpenAPIV3Schema == nil {
		return nil
	}
	s, p := validation.OpenAPIV3Schema, p.Child("openAPIV3Schema")
	if status {
		errs = append(errs, validateRoot(s, p)...)
	}
	if s.Nullable {
		errs = append(errs, field.Forbidden(p.Child("nullable"), "nullable cannot be true at the root"))
	}
	sc := &schemaCheck{}
	sc.check(s, p, rules{root: true})
	if bad := validateStructural(s, p); !sc.unsupported && len(bad) > 0 {
		errs = append(errs, bad...)
	} else if !sc.unsupported {
		errs = append(errs, validateDefaults(CompileRoot(s), p, false)...)
	}
	return append(errs, sc.errs...)
}

func validateRoot(s *v1.JSONSchemaProps, p *field.Path) field.ErrorList {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch {
		case name == "Type" && s.Type != "" && s.Type != "object":
			return field.ErrorList{field.Invalid(p.Child("type"), s.Type,
				`only "object" is allowed as the type at the root of the schema if the status subresource is enabled`)}
		case !v.Field(i).IsZero() && !slices.Contains(rootFields, name):
			return field.ErrorList{field.Invalid(p, *s,
				fmt.Sprintf(`only %v fields are allowed at the root of the schema if the status subresource is enabled`, rootFields))}
		}
	}
	return nil
}

// rules are what holds for a schema because of where it is.
type rules struct {
	root, inMeta bool
	noDefaults   string // why there may be none, "" where there may
}

// schemaCheck checks the fields of schemas one by one. unsupported says that
// there are some of which nothing further can be made.
type schemaCheck struct {
	errs        field.ErrorList
	unsupported bool
}

func (sc *schemaCheck) add(e *field.Error) { sc.errs = append(sc.errs, e) }

func (sc *schemaCheck) check(s *v1.JSONSchemaProps, p *field.Path, r rules) {
	sc.plain(s, p, r)
	if s.UniqueItems {
		sc.add(field.Forbidden(p.Child("uniqueItems"), "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"))
	}
	inner := r
	inner.root = false
	if more := s.AdditionalProperties; more != nil {
		if len(s.Properties) > 0 && (!more.Allows || more.Schema != nil) {
			sc.add(field.Forbidden(p.Child("additionalProperties"), "additionalProperties and properties are mutual exclusive"))
		}
		if more.Schema != nil {
			below := inner
			if r.inMeta {
				below.noDefaults = "inside additionalProperties applying to object metadata"
			}
			sc.check(more.Schema, p.Child("additionalProperties"), below)
		}
	}
	for _, name := range sortedKeys(s.Properties) {
		child, below := s.Properties[name], inner
		if isMeta(name) && (r.root || s.XEmbeddedResource) {
			below.inMeta = true
			if r.root {
				below.noDefaults = "in top-level " + name
			}
		}
		sc.check(&child, p.Child("properties").Key(name), below)
	}
	if s.Not != nil {
		sc.check(s.Not, p.Child("not"), inner)
	}
	for _, j := range []struct {
		name string
		list []v1.JSONSchemaProps
	}{{"allOf", s.AllOf}, {"oneOf", s.OneOf}, {"anyOf", s.AnyOf}} {
		for i := range j.list {
			sc.check(&j.list[i], p.Child(j.name).Index(i), inner)
		}
	}
	if s.Items != nil && s.Items.Schema != nil {
		sc.check(s.Items.Schema, p.Child("items"), inner)
	}
	sc.extensions(s, p)
	sc.rules(s, p)
}

// plain checks what OpenAPI has and Kubernetes has not.
func (sc *schemaCheck) plain(s *v1.JSONSchemaProps, p *field.Path, r rules) {
	if s.Type != "" && !slices.Contains(types, s.Type) {
		sc.add(field.NotSupported(p.Child("type"), s.Type, types))
	}
	if s.Default != nil && r.noDefaults != "" {
		sc.add(field.Forbidden(p.Child("default"), "must not be set "+r.noDefaults))
	}
	for _, no := range []struct {
		said bool
		name string
	}{
		{s.ID != "", "id"}, {s.AdditionalItems != nil, "additionalItems"}, {len(s.PatternProperties) > 0, "patternProperties"},
		{len(s.Definitions) > 0, "definitions"}, {s.Dependencies != nil, "dependencies"}, {s.Ref != nil, "$ref"},
	} {
		if no.said {
			sc.unsupported = true
			sc.add(field.Forbidden(p.Child(no.name), no.name+" is not supported"))
		}
	}
	if s.Type == "null" {
		sc.add(field.Forbidden(p.Child("type"), "type cannot be set to null, use nullable as an alternative"))
	}
	if s.Items != nil && len(s.Items.JSONSchemas) > 0 {
		sc.unsupported = true
		sc.add(field.Forbidden(p.Child("items"), "items must be a schema object and not an array"))
	}
	if r.inMeta && s.XEmbeddedResource {
		sc.add(field.Forbidden(p.Child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta"))
	}
}

func (sc *schemaCheck) extensions(s *v1.JSONSchemaProps, p *field.Path) {
	if x := s.XPreserveUnknownFields; x != nil && !*x {
		sc.add(field.Invalid(p.Child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"))
	}
	if s.XMapType != nil {
		sc.typeFor(s, p, "object", "x-kubernetes-map-type")
		if *s.XMapType != "atomic" && *s.XMapType != "granular" {
			sc.add(field.NotSupported(p.Child("x-kubernetes-map-type"), *s.XMapType, []string{"atomic", "granular"}))
		}
	}
	if s.XListType != nil {
		sc.typeFor(s, p, "array", "x-kubernetes-list-type")
		if s.Type == "array" && *s.XListType == "set" {
			sc.setItems(s, p.Child("items"))
		}
		if !slices.Contains([]string{"atomic", "set", "map"}, *s.XListType) {
			sc.add(field.NotSupported(p.Child("x-kubernetes-list-type"), *s.XListType, []string{"atomic", "set", "map"}))
		}
	}
	const mustBeMap = "must be map if x-kubernetes-list-map-keys is non-empty"
	switch {
	case len(s.XListMapKeys) == 0:
	case s.XListType == nil:
		sc.add(field.Required(p.Child("x-kubernetes-list-type"), mustBeMap))
	case *s.XListType != "map":
		sc.add(field.Invalid(p.Child("x-kubernetes-list-type"), *s.XListType, mustBeMap))
	}
	if s.XListType != nil && *s.XListType == "map" {
		sc.mapItems(s, p)
	}
	sc.itemsPresent(s, p)
}

func (sc *schemaCheck) typeFor(s *v1.JSONSchemaProps, p *field.Path, kind, extension string) {
	text := fmt.Sprintf("must be %s if %s is specified", kind, extension)
	if s.Type == "" {
		sc.add(field.Required(p.Child("type"), text))
	} else if s.Type != kind {
		sc.add(field.Invalid(p.Child("type"), s.Type, text))
	}
}

// setItems wants the elements of a set to be owned as a whole.
func (sc *schemaCheck) setItems(s *v1.JSONSchemaProps, p *field.Path) {
	if s.Items == nil || s.Items.Schema == nil {
		return
	}
	const text = "must be atomic as item of a list with x-kubernetes-list-type=set"
	item := s.Items.Schema
	switch {
	case item.Type == "array" && item.XListType != nil && *item.XListType != "atomic":
		sc.add(field.Invalid(p.Child("x-kubernetes-list-type"), item.XListType, text))
	case item.Type == "object" && (item.XMapType == nil || *item.XMapType != "atomic"):
		sc.add(field.Invalid(p.Child("x-kubernetes-map-type"), item.XListType, text))
	}
}

// mapItems wants the elements of a map to be objects that have the keys.
func (sc *schemaCheck) mapItems(s *v1.JSONSchemaProps, p *field.Path) {
	keys := p.Child("x-kubernetes-list-map-keys")
	if len(s.XListMapKeys) == 0 {
		sc.add(field.Required(keys, "must not be empty if x-kubernetes-list-type is map"))
	}
	switch {
	case s.Items == nil:
		sc.add(field.Required(p.Child("items"), "must have a schema if x-kubernetes-list-type is map"))
		return
	case s.Items.Schema == nil:
		sc.add(field.Invalid(p.Child("items"), s.Items, "must only have a single schema if x-kubernetes-list-type is map"))
		return
	case s.Items.Schema.Type != "object":
		sc.add(field.Invalid(p.Child("items", "type"), s.Items.Schema.Type, "must be object if parent array's x-kubernetes-list-type is map"))
		return
	}
	for i, name := range s.XListMapKeys {
		child, there := s.Items.Schema.Properties[name]
		switch {
		case !there:
			sc.add(field.Invalid(keys, s.XListMapKeys, "entries must all be names of item properties"))
		case child.Type == "array" || child.Type == "object":
			sc.add(field.Invalid(p.Child("items", "properties").Key(name).Child("type"), s.Items.Schema.Type,
				"must be a scalar type if parent array's x-kubernetes-list-type is map"))
		}
		if slices.Contains(s.XListMapKeys[:i], name) {
			sc.add(field.Invalid(keys, s.XListMapKeys, "must not contain duplicate entries"))
		}
	}
}

// itemsPresent wants that no element of a set or map, and no key, can be missing.
func (sc *schemaCheck) itemsPresent(s *v1.JSONSchemaProps, p *field.Path) {
	if s.Items == nil || s.Items.Schema == nil || s.XListType == nil || *s.XListType != "set" && *s.XListType != "map" {
		return
	}
	item := s.Items.Schema
	if item.Nullable {
		sc.add(field.Forbidden(p.Child("items", "nullable"), "cannot be nullable when x-kubernetes-list-type is "+*s.XListType))
	}
	if *s.XListType == "set" {
		return
	}
	for _, name := range s.XListMapKeys {
		child, there := item.Properties[name]
		at := p.Child("items", "properties").Key(name)
		if there && child.Default == nil && !slices.Contains(item.Required, name) {
			sc.add(field.Required(at.Child("default"),
				"this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"))
		}
		if there && child.Nullable {
			sc.add(field.Forbidden(at.Child("nullable"), "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"))
		}
	}
}

var ruleReasons = []string{"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"}

// rules checks the form of rules, which are not compiled here.
func (sc *schemaCheck) rules(s *v1.JSONSchemaProps, p *field.Path) {
	for i, rule := range s.XValidations {
		p := p.Child("x-kubernetes-validations").Index(i)
		blank := func(text string) bool { return strings.TrimSpace(text) == "" }
		lines := func(text string) bool { return strings.ContainsAny(strings.TrimSpace(text), "\n\r") }
		switch {
		case blank(rule.Rule):
			sc.add(field.Required(p.Child("rule"), "rule is not specified"))
		case rule.Message != "" && blank(rule.Message):
			sc.add(field.Invalid(p.Child("message"), rule.Message, "must be non-empty if specified"))
		case lines(rule.Message):
			sc.add(field.Invalid(p.Child("message"), rule.Message, "must not contain line breaks"))
		case lines(rule.Rule) && rule.Message == "":
			sc.add(field.Required(p.Child("message"), "message must be specified if rule contains line breaks"))
		}
		if rule.MessageExpression != "" && blank(rule.MessageExpression) {
			sc.add(field.Required(p.Child("messageExpression"), "messageExpression must be non-empty if specified"))
		}
		if rule.Reason != nil && !slices.Contains(ruleReasons, *rule.Reason) {
			sc.add(field.NotSupported(p.Child("reason"), *rule.Reason, ruleReasons))
		}
		if rule.FieldPath != "" && blank(rule.FieldPath) {
			sc.add(field.Invalid(p.Child("fieldPath"), rule.FieldPath, "must be non-empty if specified"))
		}
	}
}

// validateDefaults wants defaults to be valid and free of unknown fields
// (pkg/apiserver/schema/defaulting/validation.go). Those of metadata, which
// nothing may have at the root, are not looked at.
func validateDefaults(s *Schema, p *field.Path, inMeta bool) (errs field.ErrorList) {
	if s == nil {
		return nil
	}
	if s.fallback != nil && !inMeta {
		at := p.Child("default")
		pruned := copyOf(s.fallback)
		s.Prune(pruned)
		if !reflect.DeepEqual(pruned, s.fallback) {
			errs = append(errs, field.Invalid(at, s.fallback, "must not have unknown fields"))
		}
		if bad := s.CheckEmbedded(s.fallback, at, false); len(bad) > 0 {
			errs = append(errs, bad...)
		} else {
			errs = append(errs, s.Check(s.fallback, nil, at)...)
		}
	}
	errs = append(errs, validateDefaults(s.items, p.Child("items"), inMeta)...)
	for _, name := range s.names {
		errs = append(errs, validateDefaults(s.properties[name], p.Child("properties").Key(name), inMeta || s.embedded && isMeta(name))...)
	}
	return errs
}
