package apiextensions

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

var (
	columnTypes   = []string{"boolean", "date", "integer", "number", "string"}
	columnFormats = []string{"byte", "date", "date-time", "double", "float", "int32", "int64", "password"}
)

// validateColumns checks the columns of tables; the errors spell jsonPath as
// upstream's do.
func validateColumns(columns []v1.CustomResourceColumnDefinition, p *field.Path) (errs field.ErrorList) {
	for i, c := range columns {
		p := p.Index(i)
		if c.Name == "" {
			errs = append(errs, field.Required(p.Child("name"), ""))
		}
		among := "must be one of " + strings.Join(columnTypes, ",")
		if c.Type == "" {
			errs = append(errs, field.Required(p.Child("type"), among))
		} else if !slices.Contains(columnTypes, c.Type) {
			errs = append(errs, field.Invalid(p.Child("type"), c.Type, among))
		}
		if c.Format != "" && !slices.Contains(columnFormats, c.Format) {
			errs = append(errs, field.Invalid(p.Child("format"), c.Format, "must be one of "+strings.Join(columnFormats, ",")))
		}
		if c.JSONPath == "" {
			errs = append(errs, field.Required(p.Child("JSONPath"), ""))
		} else {
			errs = append(errs, simplePath(c.JSONPath, p.Child("JSONPath"))...)
		}
	}
	return errs
}

func simplePath(path string, p *field.Path) field.ErrorList {
	if !strings.HasPrefix(path, ".") {
		return field.ErrorList{field.Invalid(p, path, "must be a simple json path starting with .")}
	}
	return nil
}

func validateSubresources(sub *v1.CustomResourceSubresources, p *field.Path) (errs field.ErrorList) {
	if sub == nil || sub.Scale == nil {
		return nil
	}
	under := func(name, path, folder string) {
		p := p.Child("scale." + name)
		if path == "" {
			errs = append(errs, field.Required(p, ""))
		} else if bad := simplePath(path, p); len(bad) > 0 {
			errs = append(errs, bad...)
		} else if !strings.HasPrefix(path, folder+".") {
			errs = append(errs, field.Invalid(p, path, "should be a json path under "+folder))
		}
	}
	under("specReplicasPath", sub.Scale.SpecReplicasPath, ".spec")
	under("statusReplicasPath", sub.Scale.StatusReplicasPath, ".status")
	if path := sub.Scale.LabelSelectorPath; path != nil && *path != "" {
		p := p.Child("scale.labelSelectorPath")
		if bad := simplePath(*path, p); len(bad) > 0 {
			errs = append(errs, bad...)
		} else if !strings.HasPrefix(*path, ".spec.") && !strings.HasPrefix(*path, ".status.") {
			errs = append(errs, field.Invalid(p, path, "should be a json path under either .spec or .status"))
		}
	}
	return errs
}

func validateSelectable(list []v1.SelectableField, validation *v1.CustomResourceValidation, p *field.Path) (errs field.ErrorList) {
	if len(list) == 0 {
		return nil
	}
	if validation == nil || validation.OpenAPIV3Schema == nil {
		return field.ErrorList{field.Invalid(p, "", "may only be set when validations.schema is included")}
	}
	schema := Compile(validation.OpenAPIV3Schema)
	seen := map[string]bool{}
	for i, f := range list {
		p := p.Index(i).Child("jsonPath")
		if f.JSONPath == "" {
			errs = append(errs, field.Required(p, ""))
			continue
		}
		found, problem := selected(schema, f.JSONPath)
		if problem != "" {
			errs = append(errs, field.Invalid(p, f.JSONPath, "is an invalid path: "+problem))
			continue
		}
		if strings.HasPrefix(f.JSONPath, ".metadata") {
			errs = append(errs, field.Invalid(p, f.JSONPath, "must not point to fields in metadata"))
		}
		if !slices.Contains([]string{"string", "boolean", "integer"}, found.Type) {
			errs = append(errs, field.Invalid(p, f.JSONPath,
				"must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."))
		}
		if seen[f.JSONPath] {
			errs = append(errs, field.Duplicate(p, f.JSONPath))
		}
		seen[f.JSONPath] = true
	}
	if len(seen) > maxSelectable {
		errs = append(errs, field.TooMany(p, len(seen), maxSelectable))
	}
	return errs
}

// selected is the schema that a selectable field's path leads to.
func selected(s *Schema, path string) (found *Schema, problem string) {
	switch {
	case strings.ContainsAny(path, "[]"):
		return nil, "array notation is not allowed"
	case !strings.HasPrefix(path, "."):
		return nil, fmt.Sprintf("expected [ or . but got: %s", path)
	}
	for _, name := range strings.Split(path[1:], ".") {
		if s == nil || s.properties[name] == nil {
			return nil, "does not refer to a valid field"
		}
		s = s.properties[name]
	}
	return s, ""
}

// Warnings are what upstream says of a definition that it takes, and what is to
// be said of one whose rules or webhooks are not followed here.
func Warnings(crd, old *v1.CustomResourceDefinition) (out []string) {
	known := map[string]bool{}
	if old != nil {
		for _, format := range unknownFormats(old) {
			known[format] = true
		}
	}
	for _, format := range unknownFormats(crd) {
		if !known[format] {
			out = append(out, fmt.Sprintf("unrecognized format %q", format))
		}
	}
	if hasRules(crd) && (old == nil || !hasRules(old)) {
		out = append(out, "x-kubernetes-validations: the rules are stored, but not evaluated by this server")
	}
	if byWebhook(crd) && (old == nil || !byWebhook(old)) {
		out = append(out, "spec.conversion: webhooks are not called by this server: objects are served with only their apiVersion changed")
	}
	return out
}

func byWebhook(crd *v1.CustomResourceDefinition) bool {
	return crd.Spec.Conversion != nil && crd.Spec.Conversion.Strategy == "Webhook"
}

func unknownFormats(crd *v1.CustomResourceDefinition) (out []string) {
	eachSchema(crd, func(s *v1.JSONSchemaProps) {
		if s.Format != "" && !isKnown(s.Format, s.Type) {
			out = append(out, s.Format)
		}
	})
	return out
}

func hasRules(crd *v1.CustomResourceDefinition) (found bool) {
	eachSchema(crd, func(s *v1.JSONSchemaProps) { found = found || len(s.XValidations) > 0 })
	return found
}

// eachSchema visits all schemas of a definition, once where versions have them alike.
func eachSchema(crd *v1.CustomResourceDefinition, visit func(*v1.JSONSchemaProps)) {
	d := &definition{CustomResourceDefinition: crd}
	d.hoist()
	if d.schema != nil {
		walk(d.schema.OpenAPIV3Schema, visit)
	}
	for _, v := range d.versions {
		if v.Schema != nil {
			walk(v.Schema.OpenAPIV3Schema, visit)
		}
	}
}

func walk(s *v1.JSONSchemaProps, visit func(*v1.JSONSchemaProps)) {
	if s == nil {
		return
	}
	visit(s)
	if s.Items != nil {
		walk(s.Items.Schema, visit)
	}
	for _, list := range [][]v1.JSONSchemaProps{s.AllOf, s.OneOf, s.AnyOf} {
		for i := range list {
			walk(&list[i], visit)
		}
	}
	walk(s.Not, visit)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		child := s.Properties[name]
		walk(&child, visit)
	}
	if s.AdditionalProperties != nil {
		walk(s.AdditionalProperties.Schema, visit)
	}
}
