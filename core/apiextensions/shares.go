package apiextensions

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/managed"
)

var whole = &managed.Type{Scalar: managed.String}

// Shares is how managers share an object, as its schema says
// (pkg/controller/openapi/builder and structured-merge-diff's schemaconv).
func (s *Schema) Shares(k *managed.Keeper) *managed.Type {
	meta := k.TypeOf(&metav1.PartialObjectMetadata{}).Map.Fields["metadata"]
	return s.shares(meta)
}

func (s *Schema) shares(meta *managed.Type) *managed.Type {
	if s == nil {
		return managed.Free
	}
	if s.XIntOrString {
		return &managed.Type{Scalar: managed.Any}
	}
	switch s.Type {
	case "string":
		return whole
	case "integer", "number":
		return &managed.Type{Scalar: managed.Numeric}
	case "boolean":
		return &managed.Type{Scalar: managed.Boolean}
	case "array":
		return &managed.Type{List: s.sharedList(meta)}
	case "object":
		return &managed.Type{Map: s.sharedMap(meta)}
	}
	return managed.Free
}

func (s *Schema) sharedList(meta *managed.Type) *managed.List {
	list := &managed.List{Elem: s.items.shares(meta)}
	switch s.listType() {
	case "map":
		list.Keys = s.XListMapKeys
	case "set":
	default:
		list.Atomic = true
	}
	return list
}

func (s *Schema) sharedMap(meta *managed.Type) *managed.Map {
	m := &managed.Map{Fields: map[string]*managed.Type{}, Atomic: s.XMapType != nil && *s.XMapType == "atomic"}
	for _, name := range s.names {
		child := s.properties[name]
		m.Fields[name] = child.shares(meta)
		if child.fallback != nil {
			if m.Defaults == nil {
				m.Defaults = map[string]any{}
			}
			m.Defaults[name] = child.fallback
		}
	}
	switch {
	case s.additional != nil:
		m.Elem = s.additional.shares(meta)
	case s.AdditionalProperties != nil && s.AdditionalProperties.Allows, s.preserves():
		m.Elem = managed.Free
	}
	if s.embedded {
		m.Fields["apiVersion"], m.Fields["kind"], m.Fields["metadata"] = whole, whole, meta
	}
	return m
}
