package apiextensions

import (
	"maps"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"

	v1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

// Schema is a schema made ready for use. A nil one knows nothing.
type Schema struct {
	*v1.JSONSchemaProps
	types      []string // what a value may be; none: anything
	format     string   // "" where it is not one that is checked
	pattern    *regexp.Regexp
	fallback   any // the default
	hasDefault bool
	enum       []any
	names      []string // of properties, sorted
	properties map[string]*Schema
	additional *Schema
	items      *Schema
	allOf      []*Schema
	anyOf      []*Schema
	oneOf      []*Schema
	not        *Schema
	embedded   bool // an object with apiVersion, kind and metadata of its own
}

// CompileRoot is Compile for the schema of a kind.
func CompileRoot(p *v1.JSONSchemaProps) *Schema {
	s := Compile(p)
	if s == nil {
		s = &Schema{JSONSchemaProps: &v1.JSONSchemaProps{}}
	}
	s.embedded = true
	return s
}

// Compile makes a schema ready. What is wrong in it (a pattern that is none) is
// left out: definitions are validated before.
func Compile(p *v1.JSONSchemaProps) *Schema {
	if p == nil {
		return nil
	}
	s := &Schema{JSONSchemaProps: p, embedded: p.XEmbeddedResource}
	switch {
	case p.XIntOrString:
		s.types = []string{"integer", "string"}
	case p.Type != "":
		s.types = []string{p.Type}
	}
	if isChecked(p.Format, p.Type) {
		s.format = p.Format
	}
	if p.Pattern != "" {
		s.pattern, _ = regexp.Compile(p.Pattern)
	}
	if p.Default != nil {
		s.fallback, s.hasDefault = valueOf(p.Default.Raw), true
	}
	for _, v := range p.Enum {
		s.enum = append(s.enum, valueOf(v.Raw))
	}
	s.compileBelow()
	return s
}

func (s *Schema) compileBelow() {
	s.names = slices.Sorted(maps.Keys(s.Properties))
	s.properties = make(map[string]*Schema, len(s.names))
	for _, name := range s.names {
		child := s.Properties[name]
		s.properties[name] = Compile(&child)
	}
	if s.AdditionalProperties != nil {
		s.additional = Compile(s.AdditionalProperties.Schema)
	}
	if s.Items != nil {
		s.items = Compile(s.Items.Schema)
	}
	s.allOf, s.anyOf, s.oneOf, s.not = compileAll(s.AllOf), compileAll(s.AnyOf), compileAll(s.OneOf), Compile(s.Not)
}

func compileAll(list []v1.JSONSchemaProps) (out []*Schema) {
	for i := range list {
		out = append(out, Compile(&list[i]))
	}
	return out
}

// valueOf reads JSON, whole numbers as int64; nil where there is none.
func valueOf(raw []byte) (v any) {
	_ = kjson.UnmarshalCaseSensitivePreserveInts(raw, &v) // it was JSON, or it is absent
	return v
}

// preserves tells whether unknown fields are kept here.
func (s *Schema) preserves() bool {
	return s.XPreserveUnknownFields != nil && *s.XPreserveUnknownFields
}

// field is the schema of a field; nil where it is not known.
func (s *Schema) field(name string) *Schema {
	if s == nil {
		return nil
	}
	if child := s.properties[name]; child != nil {
		return child
	}
	return s.additional
}

// Field is the schema of a field; nil where it is not known.
func (s *Schema) Field(name string) *Schema { return s.field(name) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func copyOf(v any) any { return runtime.DeepCopyJSONValue(v) }
