package apiserver

import (
	_ "embed"
	"encoding/json"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
)

// rolesJSON are the roles and bindings that people meet of those that
// kube-apiserver v1.36 makes (plugin/pkg/auth/authorizer/rbac/bootstrappolicy),
// aggregated roles filled in, word for word as a real one shows them. Not among
// them are those of the components, which are in SystemRoles.
//
//go:embed roles.json
var rolesJSON []byte

func bootstrapRoles() (out []api.Object) {
	var items []json.RawMessage
	if err := json.Unmarshal(rolesJSON, &items); err != nil {
		panic(err) // our own file
	}
	for _, item := range items {
		obj, _, err := api.Decode(item, schema.GroupVersionKind{}, true)
		if err != nil {
			panic(err)
		}
		out = append(out, obj.(api.Object))
	}
	return out
}
