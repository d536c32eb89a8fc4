package edge_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tabernetes/tabernetes/core/apiserver/edge"
)

// TestDefinitionAsProtobuf sends a definition as upstream's package encodes it,
// and reads back what the same package writes as JSON (testdata/definition.txt).
func TestDefinitionAsProtobuf(t *testing.T) {
	text, err := os.ReadFile("testdata/definition.txt")
	if err != nil {
		t.Fatal(err)
	}
	encoded, plain, _ := strings.Cut(string(text), "\n")
	body, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	e := serve(t, edge.Limits{})
	const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All&fieldValidation=Strict"
	resp, data := e.send("POST", path, string(body), "Content-Type", "application/vnd.kubernetes.protobuf", "Accept", "application/json")
	if resp.StatusCode != 201 {
		t.Fatal(resp.StatusCode, string(data))
	}
	var want, got struct{ Spec map[string]any }
	if err := json.Unmarshal([]byte(plain), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want.Spec["conversion"] = map[string]any{"strategy": "None"} // defaults
	want.Spec["names"].(map[string]any)["listKind"] = "CronTabList"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-sent +stored\n%s", diff)
	}
	for n := 0; n < len(body); n += 97 { // torn, it is refused, and nothing worse
		resp, data := e.send("POST", path, string(body[:n]), "Content-Type", "application/vnd.kubernetes.protobuf")
		if resp.StatusCode < 400 {
			t.Errorf("the first %d bytes: %d %s", n, resp.StatusCode, data)
		}
	}
}
