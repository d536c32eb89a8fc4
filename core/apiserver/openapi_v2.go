package apiserver

import (
	"maps"
	"slices"
	"strings"
)

// The OpenAPI v2 document, which older clients read in place of v3: all group
// versions in one, made from their v3 documents
// (k8s.io/kube-openapi/pkg/schemaconv). What v2 cannot say is left out: oneOf,
// anyOf and not, nullable.

// openAPIv2 is the document, made once.
func (s *Server) openAPIv2() []byte {
	if s.swagger != nil {
		return s.swagger
	}
	definitions, paths := object{}, object{}
	for _, gv := range s.groupVersions() {
		doc := s.openAPIObject(gv)
		for name, schema := range doc.schemas {
			if definitions[name] == nil {
				definitions[name] = toV2(map[string]any(schema))
			}
			joinKinds(definitions[name].(object), schema)
		}
		for path, item := range doc.paths {
			paths[path] = pathV2(item.(object))
		}
	}
	s.swagger = mustJSON(object{
		"swagger":     "2.0",
		"info":        object{"title": "Kubernetes", "version": s.opts.Version.GitVersion},
		"paths":       paths,
		"definitions": definitions,
	})
	return s.swagger
}

// joinKinds gives a type all the kinds that it has in the groups.
func joinKinds(into, from object) {
	const key = "x-kubernetes-group-version-kind"
	kinds, _ := into[key].([]any)
	more, _ := from[key].([]any)
	for _, kind := range more {
		if !slices.ContainsFunc(kinds, func(k any) bool { return maps.Equal(k.(object), kind.(object)) }) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) > 0 {
		into[key] = kinds
	}
}

// toV2 rewrites a schema, and what is in it.
func toV2(v any) any {
	switch v := v.(type) {
	case object:
		return schemaV2(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = toV2(v[i])
		}
		return out
	}
	return v
}

func schemaV2(s object) object {
	out := object{}
	for key, value := range s {
		switch key {
		case "oneOf", "anyOf", "not", "nullable":
			continue
		case "allOf": // v3's way to say something beside a reference
			if all := value.([]any); len(all) == 1 {
				if ref, is := all[0].(object)["$ref"]; is {
					out["$ref"] = refV2(ref)
				}
			}
		case "$ref":
			out[key] = refV2(value)
		case "properties":
			fields := object{}
			for name, field := range value.(object) {
				fields[name] = toV2(field)
			}
			out[key] = fields
		case "default", "enum", "x-kubernetes-group-version-kind":
			out[key] = value
		default:
			out[key] = toV2(value)
		}
	}
	if _, typed := out["type"]; !typed && s["oneOf"] != nil {
		out["type"] = "string" // a quantity, or int-or-string
	}
	return out
}

func refV2(ref any) string {
	return strings.Replace(ref.(string), "#/components/schemas/", "#/definitions/", 1)
}

// pathV2 rewrites the operations on a path.
func pathV2(item object) object {
	out := object{}
	for key, value := range item {
		if key == "parameters" {
			out[key] = parametersV2(value.([]any))
			continue
		}
		op := maps.Clone(value.(object))
		op["consumes"], op["produces"] = []string{"*/*"}, []string{mediaJSON, mediaYAML, mediaProtobuf}
		if params, has := op["parameters"].([]any); has {
			op["parameters"] = parametersV2(params)
		}
		out[key] = op
	}
	return out
}

func parametersV2(params []any) []any {
	out := make([]any, len(params))
	for i, p := range params {
		flat := maps.Clone(p.(object))
		for key, value := range flat["schema"].(object) {
			flat[key] = value
		}
		delete(flat, "schema")
		out[i] = flat
	}
	return out
}
