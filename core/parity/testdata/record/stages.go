package main

import (
	"fmt"
	"strings"
)

// stages is what kwok has its kubelets do, as kwok.x-k8s.io/v1alpha1 Stages: a
// node becomes ready, a pod runs a moment after it was bound and goes a moment
// after it was deleted. A container whose command is one of ends ends with that
// code, once its pod runs. The delays vary, so that orders do.
func stages() string {
	all := []string{
		stage("node", "Node", []string{need(`.status.conditions.[] | select( .type == "Ready" ) | .status`, "NotIn", "True")}, 0, 0, "statusTemplate: |\n"+indent(nodeStatus)),
		stage("run", "Pod", []string{staying, ungated, need(".status.phase", "In", "Pending")}, 20, 500, "statusTemplate: |\n"+indent(running)),
		stage("run-gated", "Pod", []string{staying, gated, need(".status.phase", "In", "Pending")}, 20, 500, "statusTemplate: |\n"+indent(
			strings.Replace(running, `type: Ready, status: "True"`, `type: Ready, status: "False", reason: ReadinessGatesNotReady`, 1))),
		stage("go", "Pod", []string{"{key: .metadata.deletionTimestamp, operator: Exists}"}, 20, 800, "delete: true\n"),
	}
	for command, code := range ends {
		phase, reason := "Succeeded", "Completed"
		if code != 0 {
			phase, reason = "Failed", "Error"
		}
		all = append(all, stage("end-"+strings.ReplaceAll(command, " ", "-"), "Pod", []string{
			staying, need(".status.phase", "In", "Running"), need(`.spec.containers[0].command | join(" ")`, "In", command), need(".spec.restartPolicy", "NotIn", "Always"),
		}, 50, 400, "statusTemplate: |\n"+indent(fmt.Sprintf(ended, code, reason, phase))))
	}
	return strings.Join(all, "---\n")
}

// ends are commands with their exit codes.
var ends = map[string]int{"sleep 1": 0, "false": 1, "sh -c exit 3": 3, "sh -c exit 42": 42}

// Nobody says that a readiness gate is open: a pod that has one is never ready.
const (
	gated   = "{key: .spec.readinessGates, operator: Exists}"
	ungated = "{key: .spec.readinessGates, operator: DoesNotExist}"
)

const staying = "{key: .metadata.deletionTimestamp, operator: DoesNotExist}"

func need(key, operator, value string) string {
	return fmt.Sprintf("{key: '%s', operator: %s, values: ['%s']}", key, operator, value)
}

func indent(s string) string { return strings.ReplaceAll("      "+s, "\n", "\n      ") + "\n" }

func stage(name, kind string, needs []string, delay, jitter int, next string) string {
	return fmt.Sprintf(`apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: %s}
spec:
  resourceRef: {apiGroup: v1, kind: %s}
  delay: {durationMilliseconds: %d, jitterDurationMilliseconds: %d}
  selector:
    matchExpressions: [%s]
  next:
    %s`, name, kind, delay, jitter, strings.Join(needs, ", "), next)
}

const nodeStatus = `{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- {type: {{ .type | Quote }}, status: {{ .status | Quote }}, reason: {{ .reason | Quote }}, message: {{ .message | Quote }}, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}}
{{ end }}
phase: Running`

const running = `{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: true, restartCount: 0, state: {running: {startedAt: {{ $now | Quote }}}}}
{{ end }}
{{ $ips := PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ index $ips 0 | Quote }}
podIPs: [{ip: {{ index $ips 0 | Quote }}}]`

const ended = `{{ $now := Now }}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: false, started: false, restartCount: 0, state: {terminated: {exitCode: %d, reason: %s, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}}
{{ end }}
phase: %s`
