package apiserver

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

// customName is the name of a custom kind's schema: its group backwards, its
// version and kind (pkg/controller/openapi/builder of apiextensions-apiserver).
func customName(res *api.Resource) string {
	parts := strings.Split(res.Group, ".")
	slices.Reverse(parts)
	return strings.Join(append(parts, res.Version, res.Kind), ".")
}

// addCustom adds a custom kind and its list.
func (set schemaSet) addCustom(res *api.Resource) {
	name := customName(res)
	doc := metav1.TypeMeta{}.SwaggerDoc()
	root := object{"type": "object"}
	if v := res.Custom.Version.Schema; v != nil && v.OpenAPIV3Schema != nil {
		root = customSchema(v.OpenAPIV3Schema)
	}
	properties, _ := root["properties"].(object)
	if properties == nil {
		properties = object{}
		root["properties"] = properties
	}
	text := func(name string) object { return object{"type": "string", "description": doc[name]} }
	properties["apiVersion"], properties["kind"] = text("apiVersion"), text("kind")
	properties["metadata"] = described(set.add(reflect.TypeFor[metav1.ObjectMeta]()),
		metav1.PartialObjectMetadata{}.SwaggerDoc()["metadata"])
	root["x-kubernetes-group-version-kind"] = []any{gvkObject(res.GVK())}
	set[name] = root
	set[name+"List"] = object{
		"type": "object", "description": res.ListGVK().Kind + " is a list of " + res.Kind, "required": []string{"items"},
		"x-kubernetes-group-version-kind": []any{gvkObject(res.ListGVK())},
		"properties": object{
			"apiVersion": text("apiVersion"), "kind": text("kind"),
			"metadata": described(set.add(reflect.TypeFor[metav1.ListMeta]()),
				metav1.PartialObjectMetadataList{}.SwaggerDoc()["metadata"]),
			"items": object{
				"type": "array", "items": object{"$ref": "#/components/schemas/" + name},
				"description": "List of " + res.Plural,
			},
		},
	}
}

// customSchema is a schema as a definition has it, as an object to add to.
func customSchema(s *apiextensionsv1.JSONSchemaProps) object {
	data, err := json.Marshal(s)
	out := object{}
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		panic(err) // it came from JSON
	}
	return out
}
