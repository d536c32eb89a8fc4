package kubectl_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const quota = `kubectl apply -f - <<EOF
apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {pods: "2", count/deployments.apps: "1"}}
EOF
`

// TestQuota: what is there is counted, what would be too much is refused, and
// what goes makes room.
func TestQuota(t *testing.T) {
	const used = "kubectl get quota few -o jsonpath='{.status.used.pods} of {.status.hard.pods}'"
	p := newPlayer(t)
	for _, l := range [][2]string{
		{"kubectl run a --image=nginx && kubectl wait --for=condition=Ready pod/a", "pod/a created\npod/a condition met\n[0]"},
		{quota, "resourcequota/few created\n[0]"},
		{used, "1 of 2[0]"},
		{"kubectl run b --image=nginx", "pod/b created\n[0]"},
		{used, "2 of 2[0]"},
		{"kubectl run c --image=nginx", "Error from server (Forbidden): pods \"c\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2\n[1]"},
		{"kubectl delete pod a", "pod \"a\" deleted from default namespace\n[0]"},
		{used, "1 of 2[0]"},
		{"kubectl run c --image=nginx", "pod/c created\n[0]"},
		{"kubectl patch quota few -p '{\"spec\":{\"hard\":{\"pods\":\"5\"}}}'", "resourcequota/few patched\n[0]"},
		{used, "2 of 5[0]"},
	} {
		if diff := cmp.Diff(l[1], p.ask(l[0])); diff != "" {
			t.Errorf("$ %s\n%s", l[0], diff)
		}
	}
	before := p.c.LastEntry()
	if err := p.c.Restart("resourcequota-controller"); err != nil {
		t.Fatal(err)
	}
	p.rest()
	for _, e := range p.c.Entries(before, 0) {
		if e.Actor == "resourcequota-controller" && strings.Contains(string(e.Type), "write") {
			t.Errorf("a second pass: %s %s %s", e.Verb, e.Resource, e.Name)
		}
	}
}
