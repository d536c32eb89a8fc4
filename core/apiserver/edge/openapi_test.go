package edge_test

import (
	"encoding/json"
	"strings"
	"testing"

	openapi "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"

	"github.com/tabernetes/tabernetes/core/apiserver/edge"
)

// TestOpenAPIv2 reads the document in both of its forms, and looks for a kind of
// the registry and for one that is defined meanwhile.
func TestOpenAPIv2(t *testing.T) {
	e := serve(t, edge.Limits{})
	const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
	read := func() (names map[string]string, doc *openapi.Document) {
		resp, data := e.send("GET", "/openapi/v2", "", "Accept", "application/json")
		var plain struct {
			Definitions map[string]json.RawMessage
		}
		if err := json.Unmarshal(data, &plain); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp.StatusCode, err)
		}
		names = map[string]string{}
		for name, raw := range plain.Definitions {
			names[name] = string(raw)
		}
		resp, data = e.send("GET", "/openapi/v2", "", "Accept", accept)
		doc = &openapi.Document{}
		if err := proto.Unmarshal(data, doc); err != nil || resp.Header.Get("Content-Type") != strings.Replace(accept, "@", ".", 1) {
			t.Fatal(resp.Header, err)
		}
		return names, doc
	}
	names, doc := read()
	if len(doc.Definitions.AdditionalProperties) != len(names) || len(doc.Paths.Path) < 100 {
		t.Errorf("%d definitions and %d paths in protobuf, %d definitions in JSON",
			len(doc.Definitions.AdditionalProperties), len(doc.Paths.Path), len(names))
	}
	pod := names["io.k8s.api.core.v1.Pod"]
	if !strings.Contains(pod, `"$ref":"#/definitions/io.k8s.api.core.v1.PodSpec"`) || strings.Contains(pod, "allOf") {
		t.Errorf("Pod: %s", pod)
	}
	if q := names["io.k8s.apimachinery.pkg.api.resource.Quantity"]; !strings.Contains(q, `"type":"string"`) {
		t.Errorf("Quantity: %s", q)
	}
	e.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", `{"apiVersion":"apiextensions.k8s.io/v1",
		"kind":"CustomResourceDefinition","metadata":{"name":"gadgets.example.com"},"spec":{"group":"example.com","scope":"Cluster",
		"names":{"plural":"gadgets","kind":"Gadget"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":
		{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer","description":"how large"}}}}}}}]}}`)
	for try := 0; !strings.Contains(names["com.example.v1.Gadget"], "how large"); try++ {
		if try == 100 {
			t.Fatal("the kind is not in the document")
		}
		names, _ = read()
	}
}
