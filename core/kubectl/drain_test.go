package kubectl_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	suffix = regexp.MustCompile(`(web-[0-9a-f]+|agent)-[a-z0-9]{5}\b`)
	hashed = regexp.MustCompile(`web-[0-9a-f]+-X`)
)

// scrub takes out what chance has made up, and folds equal lines.
func scrub(text string) string {
	var out []string
	for _, line := range strings.SplitAfter(hashed.ReplaceAllString(suffix.ReplaceAllString(text, "$1-X"), "web-X"), "\n") {
		if n := len(out); n == 0 || out[n-1] != line {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// busy has three pods of a Deployment on node-1, and no other node for them.
const busy = "kubectl cordon node-2 node-3 && kubectl create deployment web --image=nginx --replicas=3 && kubectl rollout status deployment/web"

const budget = `kubectl apply -f - <<EOF
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
EOF
`

const agents = `kubectl apply -f - <<EOF
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: fluentd}]}
EOF
`

const late = `error when evicting pods/"web-X" -n "default": global timeout reached: 20s`

var reasons = []string{
	"cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): default/agent-X",
	"cannot delete Pods that declare no controller (use --force to override): default/bare",
	"cannot delete Pods with local storage (use --delete-emptydir-data to override): default/web-X, default/web-X, default/web-X",
}

// drains are conversations, each with a cluster of its own.
var drains = map[string][][2]string{
	"the pods move": {
		{"kubectl drain", "error: USAGE: drain NODE [flags]\nSee 'kubectl drain -h' for help and examples\n[1]"},
		{"kubectl drain node-9", "Error from server (NotFound): nodes \"node-9\" not found\n[1]"},
		{"kubectl drain node-1 --dry-run=client", "node/node-1 cordoned (dry run)\nevicting pod default/web-X (dry run)\nnode/node-1 drained (dry run)\n[0]"},
		{"kubectl uncordon node-2", "node/node-2 uncordoned\n[0]"},
		{"kubectl drain node-1", "node/node-1 cordoned\nevicting pod default/web-X\npod/web-X evicted\nnode/node-1 drained\n[0]"},
		{"kubectl get pods --field-selector spec.nodeName=node-2,status.phase=Running -o name | wc -l", "3\n[0]"},
		{"kubectl drain node-1", "node/node-1 already cordoned\nnode/node-1 drained\n[0]"},
	},
	"a budget is waited for": {
		{budget, "poddisruptionbudget.policy/web created\n[0]"},
		{"kubectl get pdb web -o jsonpath='{.status.disruptionsAllowed} {.status.currentHealthy} {.status.desiredHealthy} {.status.expectedPods}'", "1 3 2 3[0]"},
		{"kubectl uncordon node-2", "node/node-2 uncordoned\n[0]"},
		{"kubectl drain node-1 > out.txt", "error when evicting pods/\"web-X\" -n \"default\" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.\n[0]"},
		{"tail -1 out.txt; grep evicted out.txt", "node/node-1 drained\npod/web-X evicted\n[0]"},
		{"kubectl get pdb web -o jsonpath='{.status.disruptionsAllowed} {.status.disruptedPods}'", "1 [0]"},
	},
	"a budget that stays refuses": {
		{budget, "poddisruptionbudget.policy/web created\n[0]"},
		{"kubectl drain node-1 --timeout=20s > out.txt", "error when evicting pods/\"web-X\" -n \"default\" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.\n" +
			"There are pending pods in node \"node-1\" when an error occurred: [" + late + ", " + late + "]\npod/web-X\n" +
			"error: unable to drain node \"node-1\" due to error: [" + late + ", " + late + "], continuing command...\n" +
			"There are pending nodes to be drained:\n node-1\n" + late + "\n[1]"},
		{"kubectl drain node-1 --disable-eviction", "node/node-1 already cordoned\npod/web-X deleted\nnode/node-1 drained\n[0]"},
	},
	"what would be lost is refused": {
		{"kubectl run bare --image=nginx && kubectl wait --for=condition=Ready pod/bare", "pod/bare created\npod/bare condition met\n[0]"},
		{`kubectl patch deployment web --type=json -p '[{"op":"add","path":"/spec/template/spec/volumes","value":[{"name":"tmp","emptyDir":{}}]}]'`, "deployment.apps/web patched\n[0]"},
		{agents, "daemonset.apps/agent created\n[0]"},
		{"kubectl rollout status deployment/web > out.txt; sleep 40", "[0]"},
		{"kubectl drain node-1 > out.txt", "error: unable to drain node \"node-1\" due to error: [" + strings.Join(reasons, ", ") + "], continuing command...\n" +
			"There are pending nodes to be drained:\n node-1\n" + strings.Join(reasons, "\n") + "\n[1]"},
		{"kubectl drain node-1 --ignore-daemonsets --force --delete-emptydir-data --grace-period=0", "node/node-1 already cordoned\nevicting pod default/bare\nevicting pod default/web-X\npod/bare evicted\npod/web-X evicted\nnode/node-1 drained\n" +
			"Warning: ignoring DaemonSet-managed Pods: default/agent-X; deleting Pods that declare no controller: default/bare\n[0]"},
		{"kubectl get pod bare", "Error from server (NotFound): pods \"bare\" not found\n[1]"},
	},
}

func TestDrain(t *testing.T) {
	for name, lines := range drains {
		t.Run(name, func(t *testing.T) {
			p := newPlayer(t)
			p.ask(busy)
			for _, l := range lines {
				if diff := cmp.Diff(l[1], scrub(p.ask(l[0]))); diff != "" {
					t.Errorf("$ %s\n%s", l[0], diff)
				}
			}
		})
	}
}
