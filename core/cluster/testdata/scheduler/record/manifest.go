package main

import (
	"fmt"
	"strings"
)

// nodeManifest is of "NAME cpu=4 memory=8Gi pods=10 label:disk=ssd taint:k=v:NoSchedule".
func nodeManifest(words []string) string {
	room := map[string]string{"cpu": "8", "memory": "16Gi", "pods": "110"}
	labels := []string{"kubernetes.io/hostname: " + words[0]}
	var taints []string
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		kind, name, _ := strings.Cut(key, ":")
		switch kind {
		case "label":
			labels = append(labels, fmt.Sprintf("%s: %q", name, value))
		case "taint":
			v, effect, _ := strings.Cut(value, ":")
			taints = append(taints, fmt.Sprintf("{key: %s, value: %q, effect: %s}", name, v, effect))
		default:
			room[key] = value
		}
	}
	amounts := ""
	for name, q := range room {
		amounts += fmt.Sprintf("%s: %q, ", name, q)
	}
	return fmt.Sprintf(`apiVersion: v1
kind: Node
metadata:
  name: %s
  labels: {%s}
  annotations: {kwok.x-k8s.io/node: fake}
spec: {taints: [%s]}
status: {allocatable: {%s}, capacity: {%s}}
`, words[0], strings.Join(labels, ", "), strings.Join(taints, ", "), amounts, amounts)
}

// podManifest is of "pod NAME cpu=1 label:app=web port=80 class=high" and the
// rest of its spec below.
func podManifest(s step) string {
	var labels, requests, limits, rest []string
	port := ""
	for _, w := range s.words[2:] {
		key, value, _ := strings.Cut(w, "=")
		kind, name, _ := strings.Cut(key, ":")
		switch {
		case kind == "label":
			labels = append(labels, fmt.Sprintf("%s: %q", name, value))
		case key == "port":
			port = fmt.Sprintf("ports: [{containerPort: %s, hostPort: %s}],", value, value)
		case key == "class":
			rest = append(rest, "  priorityClassName: "+value)
		default:
			requests = append(requests, fmt.Sprintf("%s: %q", key, value))
			if strings.Contains(key, "/") {
				limits = append(limits, fmt.Sprintf("%s: %q", key, value))
			}
		}
	}
	return fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata: {name: %s, labels: {%s}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: nginx, %s resources: {requests: {%s}, limits: {%s}}}]
%s
`, s.words[1], strings.Join(labels, ", "), port, strings.Join(requests, ", "), strings.Join(limits, ", "), strings.Join(append(rest, s.body...), "\n"))
}

func unindent(body []string) string {
	for i := range body {
		body[i] = strings.TrimPrefix(body[i], "  ")
	}
	return strings.Join(body, "\n")
}
