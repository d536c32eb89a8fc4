package edge

import (
	"sigs.k8s.io/yaml"
)

// Kubeconfig is the file that real clients need: where the server is, how to
// know it, and the token.
func Kubeconfig(server string, certificate []byte, token string) ([]byte, error) {
	const name = "tabernetes"
	type object = map[string]any
	return yaml.Marshal(object{
		"apiVersion": "v1", "kind": "Config", "preferences": object{}, "current-context": name,
		"clusters": []object{{"name": name, "cluster": object{"server": server, "certificate-authority-data": certificate}}},
		"users":    []object{{"name": name, "user": object{"token": token}}},
		"contexts": []object{{"name": name, "context": object{"cluster": name, "user": name}}},
	})
}
