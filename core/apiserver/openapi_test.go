package apiserver_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/rest"
)

// published is a schema of OpenAPI v3, as far as it is compared.
type published struct {
	Name     string            `json:"name"`
	Required []string          `json:"required"`
	Fields   map[string]string `json:"fields"`
}

type openAPISchema struct {
	Ref                  string                                  `json:"$ref"`
	AllOf                []openAPISchema                         `json:"allOf"`
	Type                 string                                  `json:"type"`
	Format               string                                  `json:"format"`
	Items                *openAPISchema                          `json:"items"`
	AdditionalProperties *openAPISchema                          `json:"additionalProperties"`
	Description          string                                  `json:"description"`
	Required             []string                                `json:"required"`
	Properties           map[string]openAPISchema                `json:"properties"`
	GVKs                 []struct{ Kind, Version, Group string } `json:"x-kubernetes-group-version-kind"`
}

// short is a schema's type in a word.
func (s *openAPISchema) short() string {
	switch {
	case s.Ref != "":
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case len(s.AllOf) > 0:
		return s.AllOf[0].short()
	case s.Items != nil:
		return "[]" + s.Items.short()
	case s.AdditionalProperties != nil:
		return "map " + s.AdditionalProperties.short()
	case s.Format != "":
		return s.Type + "/" + s.Format
	}
	return s.Type
}

func schemas(t *testing.T, w *world, path string) map[string]openAPISchema {
	t.Helper()
	var doc struct {
		Components struct{ Schemas map[string]openAPISchema }
	}
	if err := json.Unmarshal(w.Do(rest.Message{Method: "GET", Path: path}).Body, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas
}

// TestOpenAPI compares the schemas with those that kube-apiserver v1.36.3
// publishes: every field, its type, and whether it is required.
func TestOpenAPI(t *testing.T) {
	w := newWorld(t)
	got := schemas(t, w, "/openapi/v3/api/v1")
	for _, group := range answer[metav1.APIGroupList](t, w, "/apis", "").Groups {
		if group.Name == "metrics.k8s.io" {
			continue // it isn't kube-apiserver's own
		}
		for _, version := range group.Versions {
			maps.Copy(got, schemas(t, w, "/openapi/v3/apis/"+version.GroupVersion))
		}
	}
	file, err := os.ReadFile("testdata/openapi.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for lines := bufio.NewScanner(bytes.NewReader(file)); lines.Scan(); compared++ {
		var want published
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		s, found := got[want.Name]
		is := published{Name: want.Name, Required: []string{}, Fields: map[string]string{}}
		is.Required = append(is.Required, s.Required...)
		for name, f := range s.Properties {
			is.Fields[name] = f.short()
		}
		if diff := cmp.Diff(want, is); diff != "" || !found {
			t.Errorf("%s: (-Kubernetes +here)\n%s", want.Name, diff)
		}
	}
	if compared != len(got) {
		t.Errorf("%d schemas compared of %d", compared, len(got))
	}
	if text := got["io.k8s.api.core.v1.Pod"].Description; !strings.HasPrefix(text, "Pod is a collection of containers") {
		t.Errorf("a Pod is %q", text)
	}
	if gvks := got["io.k8s.api.apps.v1.Deployment"].GVKs; len(gvks) != 1 || gvks[0].Kind != "Deployment" || gvks[0].Group != "apps" {
		t.Errorf("a Deployment's kinds are %v", gvks)
	}
}

// TestOpenAPIPaths follows the index to every document.
func TestOpenAPIPaths(t *testing.T) {
	w := newWorld(t)
	var index struct {
		Paths map[string]struct{ ServerRelativeURL string }
	}
	if err := json.Unmarshal(w.Do(rest.Message{Method: "GET", Path: "/openapi/v3"}).Body, &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Paths) < 3 {
		t.Errorf("%v", index.Paths)
	}
	for path, p := range index.Paths {
		reply := w.Do(rest.Message{Method: "GET", Path: p.ServerRelativeURL})
		if reply.Code != 200 || !json.Valid(reply.Body) {
			t.Errorf("%s: %d", path, reply.Code)
		}
	}
}
