package v1

import (
	"encoding/json"
	"errors"
)

// JSONSchemaProps is a schema: OpenAPI v3 with Kubernetes' extensions.
type JSONSchemaProps struct {
	ID                   string                                  `json:"id,omitempty"`
	Schema               string                                  `json:"$schema,omitempty"`
	Ref                  *string                                 `json:"$ref,omitempty"`
	Description          string                                  `json:"description,omitempty"`
	Type                 string                                  `json:"type,omitempty"`
	Format               string                                  `json:"format,omitempty"`
	Title                string                                  `json:"title,omitempty"`
	Default              *JSON                                   `json:"default,omitempty"`
	Maximum              *float64                                `json:"maximum,omitempty"`
	ExclusiveMaximum     bool                                    `json:"exclusiveMaximum,omitempty"`
	Minimum              *float64                                `json:"minimum,omitempty"`
	ExclusiveMinimum     bool                                    `json:"exclusiveMinimum,omitempty"`
	MaxLength            *int64                                  `json:"maxLength,omitempty"`
	MinLength            *int64                                  `json:"minLength,omitempty"`
	Pattern              string                                  `json:"pattern,omitempty"`
	MaxItems             *int64                                  `json:"maxItems,omitempty"`
	MinItems             *int64                                  `json:"minItems,omitempty"`
	UniqueItems          bool                                    `json:"uniqueItems,omitempty"`
	MultipleOf           *float64                                `json:"multipleOf,omitempty"`
	Enum                 []JSON                                  `json:"enum,omitempty"`
	MaxProperties        *int64                                  `json:"maxProperties,omitempty"`
	MinProperties        *int64                                  `json:"minProperties,omitempty"`
	Required             []string                                `json:"required,omitempty"`
	Items                *JSONSchemaPropsOrArray                 `json:"items,omitempty"`
	AllOf                []JSONSchemaProps                       `json:"allOf,omitempty"`
	OneOf                []JSONSchemaProps                       `json:"oneOf,omitempty"`
	AnyOf                []JSONSchemaProps                       `json:"anyOf,omitempty"`
	Not                  *JSONSchemaProps                        `json:"not,omitempty"`
	Properties           map[string]JSONSchemaProps              `json:"properties,omitempty"`
	AdditionalProperties *JSONSchemaPropsOrBool                  `json:"additionalProperties,omitempty"`
	PatternProperties    map[string]JSONSchemaProps              `json:"patternProperties,omitempty"`
	Dependencies         map[string]JSONSchemaPropsOrStringArray `json:"dependencies,omitempty"`
	AdditionalItems      *JSONSchemaPropsOrBool                  `json:"additionalItems,omitempty"`
	Definitions          map[string]JSONSchemaProps              `json:"definitions,omitempty"`
	ExternalDocs         *ExternalDocumentation                  `json:"externalDocs,omitempty"`
	Example              *JSON                                   `json:"example,omitempty"`
	Nullable             bool                                    `json:"nullable,omitempty"`

	XPreserveUnknownFields *bool            `json:"x-kubernetes-preserve-unknown-fields,omitempty"`
	XEmbeddedResource      bool             `json:"x-kubernetes-embedded-resource,omitempty"`
	XIntOrString           bool             `json:"x-kubernetes-int-or-string,omitempty"`
	XListMapKeys           []string         `json:"x-kubernetes-list-map-keys,omitempty"`
	XListType              *string          `json:"x-kubernetes-list-type,omitempty"`
	XMapType               *string          `json:"x-kubernetes-map-type,omitempty"`
	XValidations           []ValidationRule `json:"x-kubernetes-validations,omitempty" patchStrategy:"merge" patchMergeKey:"rule"`
}

// ValidationRule is a rule in the Common Expression Language.
type ValidationRule struct {
	Rule              string  `json:"rule"`
	Message           string  `json:"message,omitempty"`
	MessageExpression string  `json:"messageExpression,omitempty"`
	Reason            *string `json:"reason,omitempty"`
	FieldPath         string  `json:"fieldPath,omitempty"`
	OptionalOldSelf   *bool   `json:"optionalOldSelf,omitempty"`
}

// ExternalDocumentation says where more is to be read.
type ExternalDocumentation struct {
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
}

// JSON is any value, as it was written.
type JSON struct {
	Raw []byte `json:"-"`
}

// MarshalJSON writes the value.
func (v JSON) MarshalJSON() ([]byte, error) {
	if len(v.Raw) == 0 {
		return []byte("null"), nil
	}
	return v.Raw, nil
}

// UnmarshalJSON keeps the value.
func (v *JSON) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		v.Raw = nil
		return nil
	}
	v.Raw = append([]byte{}, data...)
	return nil
}

// JSONSchemaPropsOrArray is a schema, or one for each place.
type JSONSchemaPropsOrArray struct {
	Schema      *JSONSchemaProps
	JSONSchemas []JSONSchemaProps
}

// MarshalJSON writes the one or the others.
func (s JSONSchemaPropsOrArray) MarshalJSON() ([]byte, error) {
	if len(s.JSONSchemas) > 0 {
		return json.Marshal(s.JSONSchemas)
	}
	return json.Marshal(s.Schema)
}

// UnmarshalJSON reads a schema or an array of them.
func (s *JSONSchemaPropsOrArray) UnmarshalJSON(data []byte) error {
	*s = JSONSchemaPropsOrArray{}
	switch data[0] {
	case '{':
		return json.Unmarshal(data, &s.Schema)
	case '[':
		return json.Unmarshal(data, &s.JSONSchemas)
	}
	return nil
}

// JSONSchemaPropsOrBool is a schema, or whether anything goes.
type JSONSchemaPropsOrBool struct {
	Allows bool
	Schema *JSONSchemaProps
}

// MarshalJSON writes the schema, or true or false.
func (s JSONSchemaPropsOrBool) MarshalJSON() ([]byte, error) {
	if s.Schema != nil {
		return json.Marshal(s.Schema)
	}
	return json.Marshal(s.Allows)
}

// UnmarshalJSON reads a schema, true or false.
func (s *JSONSchemaPropsOrBool) UnmarshalJSON(data []byte) error {
	*s = JSONSchemaPropsOrBool{}
	switch {
	case data[0] == '{':
		s.Allows = true
		return json.Unmarshal(data, &s.Schema)
	case json.Unmarshal(data, &s.Allows) == nil:
		return nil
	}
	return errors.New("boolean or JSON schema expected")
}

// JSONSchemaPropsOrStringArray is a schema or names of properties.
type JSONSchemaPropsOrStringArray struct {
	Schema   *JSONSchemaProps
	Property []string
}

// MarshalJSON writes the names or the schema.
func (s JSONSchemaPropsOrStringArray) MarshalJSON() ([]byte, error) {
	if len(s.Property) > 0 {
		return json.Marshal(s.Property)
	}
	return json.Marshal(s.Schema)
}

// UnmarshalJSON reads a schema or an array of names.
func (s *JSONSchemaPropsOrStringArray) UnmarshalJSON(data []byte) error {
	*s = JSONSchemaPropsOrStringArray{}
	switch data[0] {
	case '{':
		return json.Unmarshal(data, &s.Schema)
	case '[':
		return json.Unmarshal(data, &s.Property)
	}
	return nil
}
