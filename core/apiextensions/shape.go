package apiextensions

import (
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"
)

// Default fills in, in place, what the schema has defaults for
// (pkg/apiserver/schema/defaulting). A null where null may not stand is dropped
// or replaced by the default.
func (s *Schema) Default(v any) {
	s.fill(v)
	s.dropNulls(v)
}

func (s *Schema) fill(v any) {
	if s == nil {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range s.names {
			child := s.properties[name]
			if was, there := v[name]; child.hasDefault && child.fallback != nil && (!there || was == nil && !child.Nullable) {
				v[name] = copyOf(child.fallback)
			}
		}
		for name, value := range v {
			child := s.field(name)
			if value == nil && s.properties[name] == nil && child != nil && !child.Nullable {
				v[name] = copyOf(child.fallback)
			}
			child.fill(v[name])
		}
	case []any:
		for i := range v {
			if v[i] == nil && s.items != nil && !s.items.Nullable {
				v[i] = copyOf(s.items.fallback)
			}
			s.items.fill(v[i])
		}
	}
}

func (s *Schema) dropNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			child := s.field(name)
			if value == nil && child != nil && !child.Nullable && child.fallback == nil {
				delete(v, name)
				continue
			}
			child.dropNulls(value)
		}
	case []any:
		if s != nil {
			for _, item := range v {
				s.items.dropNulls(item)
			}
		}
	}
}

// isMeta names the fields of every object that no schema describes.
func isMeta(name string) bool { return name == "apiVersion" || name == "kind" || name == "metadata" }

// Prune drops, in place, what the schema does not know, and returns the paths
// of what it dropped, sorted (pkg/apiserver/schema/pruning and objectmeta).
func (s *Schema) Prune(v any) []string {
	p := &pruner{}
	p.coerce(v, s, "")
	p.prune(v, s, "")
	slices.Sort(p.dropped)
	return slices.Compact(p.dropped)
}

type pruner struct{ dropped []string }

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (p *pruner) prune(v any, s *Schema, path string) {
	keep := s != nil && s.preserves()
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			switch {
			case s != nil && s.embedded && isMeta(name):
			case s != nil && s.properties[name] != nil:
				p.prune(value, s.properties[name], below(path, name))
			case s != nil && s.AdditionalProperties != nil:
				p.prune(value, s.additional, below(path, name))
			case !keep:
				if !isMeta(name) || path != "" {
					p.dropped = append(p.dropped, below(path, name))
				}
				delete(v, name)
			}
		}
	case []any:
		var items *Schema
		if s != nil {
			items = s.items
		}
		for i, item := range v {
			if keep && items == nil {
				continue
			}
			p.prune(item, items, fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// coerce brings the metadata of objects within the object into shape.
func (p *pruner) coerce(v any, s *Schema, path string) {
	if s == nil {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		if meta, there := v["metadata"]; there && s.embedded && path != "" {
			shaped, unknown := shapeMeta(meta)
			for _, name := range unknown {
				p.dropped = append(p.dropped, below(path, "metadata")+"."+name)
			}
			if shaped != nil {
				v["metadata"] = shaped
			}
		}
		for name, value := range v {
			p.coerce(value, s.field(name), below(path, name))
		}
	case []any:
		for i, item := range v {
			p.coerce(item, s.items, fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// shapeMeta is metadata as ObjectMeta writes it; nil where it is none at all.
func shapeMeta(v any) (shaped map[string]any, unknown []string) {
	if _, isObject := v.(map[string]any); !isObject {
		return nil, nil
	}
	meta, unknown, _ := ReadMeta(v)
	shaped, err := runtime.DefaultUnstructuredConverter.ToUnstructured(meta)
	if err != nil {
		return nil, nil
	}
	if meta.CreationTimestamp.IsZero() {
		delete(shaped, "creationTimestamp")
	}
	return shaped, unknown
}

// ReadMeta reads an object's metadata and names what is unknown in it. A field
// of a wrong type is left out, and the error tells of it.
func ReadMeta(v any) (meta *metav1.ObjectMeta, unknown []string, problem error) {
	meta = &metav1.ObjectMeta{}
	if v == nil {
		return meta, nil, nil
	}
	unknown, problem = readStrictly(v, meta)
	if problem == nil {
		return meta, unknown, nil
	}
	m, _ := v.(map[string]any)
	meta = &metav1.ObjectMeta{}
	for _, name := range sortedKeys(m) {
		one := map[string]any{name: m[name]}
		if _, err := readStrictly(one, &metav1.ObjectMeta{}); err == nil {
			more, _ := readStrictly(one, meta)
			unknown = append(unknown, more...)
		}
	}
	return meta, unknown, problem
}

func readStrictly(v any, into any) (unknown []string, err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	strict, err := kjson.UnmarshalStrict(data, into)
	for _, e := range strict {
		if at, is := e.(kjson.FieldError); is {
			unknown = append(unknown, at.FieldPath())
		}
	}
	return unknown, err
}
