package apiextensions

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	v1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
	"github.com/tabernetes/tabernetes/core/managed"
)

// FuzzDefinition throws definitions and objects at everything that reads them:
// nothing panics, and what has been filled in and pruned once is so for good.
func FuzzDefinition(f *testing.F) {
	text, err := os.ReadFile("../apiserver/testdata/custom/definitions.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name"`) {
			f.Add([]byte(line), []byte(`{"spec":{"a":[{"n":"x"},{"n":"x"}],"cronSpec":null},"metadata":{"name":5}}`))
		}
	}
	keeper := managed.NewKeeper()
	f.Fuzz(func(t *testing.T, definition, object []byte) {
		crd := &v1.CustomResourceDefinition{}
		var value map[string]any
		if len(definition)+len(object) > 64<<10 || json.Unmarshal(definition, crd) != nil || json.Unmarshal(object, &value) != nil || value == nil {
			return
		}
		ValidateDefinition(crd, nil)
		ValidateDefinition(crd.DeepCopy(), crd)
		Warnings(crd, nil)
		for i := range crd.Spec.Versions {
			v := &crd.Spec.Versions[i]
			if v.Schema == nil {
				continue
			}
			s := CompileRoot(v.Schema.OpenAPIV3Schema)
			s.Default(value)
			s.Prune(value)
			before, _ := json.Marshal(value)
			if dropped := s.Prune(value); len(dropped) > 0 {
				t.Errorf("%v were dropped the second time", dropped)
			}
			if after, _ := json.Marshal(value); string(after) != string(before) {
				t.Errorf("%s became %s", before, after)
			}
			old := any(value)
			s.Check(value, nil, nil)
			if errs := s.Check(value, &old, nil); len(errs) > 0 {
				t.Errorf("unchanged, and refused: %v", errs)
			}
			s.CheckLists(value, nil)
			s.CheckEmbedded(value, nil, true)
			s.Shares(keeper)
		}
	})
}
