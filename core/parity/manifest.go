package parity

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// setHash is the part of a pod's name that a template's hash makes.
var setHash = regexp.MustCompile(`(\S-)[a-z0-9]{8,10}-\*`)

// machine reads "NAME cpu=4 memory=8Gi label:disk=ssd taint:k=v:NoSchedule image:nginx=72300000".
func machine(words []string) Machine {
	m := Machine{
		Name: words[0], Room: map[string]string{"cpu": "8", "memory": "16Gi", "pods": "110"},
		Labels: map[string]string{"kubernetes.io/hostname": words[0]},
	}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		kind, name, _ := strings.Cut(key, ":")
		switch kind {
		case "mortal":
			m.Mortal = true
		case "label":
			m.Labels[name] = value
		case "image":
			m.Images = append(m.Images, name+"="+value)
		case "taint":
			m.Taints = append(m.Taints, name+"="+value)
		default:
			m.Room[key] = value
		}
	}
	return m
}

// Manifest is a node of that kind, whose annotation says which kwok is to look
// after it.
func (m Machine) Manifest() string {
	kubelet := "fake"
	if m.Mortal {
		kubelet = "mortal"
	}
	room, labels, taints, images := []string{}, []string{}, []string{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(m.Room)) {
		room = append(room, fmt.Sprintf("%s: %q", name, m.Room[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
		labels = append(labels, fmt.Sprintf("%s: %q", name, m.Labels[name]))
	}
	for _, t := range m.Taints {
		key, rest, _ := strings.Cut(t, "=")
		value, effect, _ := strings.Cut(rest, ":")
		taints = append(taints, fmt.Sprintf("{key: %s, value: %q, effect: %s}", key, value, effect))
	}
	for _, image := range m.Images {
		name, size, _ := strings.Cut(image, "=")
		images = append(images, fmt.Sprintf("{names: [%q], sizeBytes: %s}", "docker.io/library/"+name+":latest", size))
	}
	return fmt.Sprintf(`apiVersion: v1
kind: Node
metadata: {name: %s, labels: {%s}, annotations: {kwok.x-k8s.io/node: %s}}
spec: {taints: [%s]}
status: {allocatable: {%[5]s}, capacity: {%[5]s}, images: [%[6]s]}
`, m.Name, strings.Join(labels, ", "), kubelet, strings.Join(taints, ", "), strings.Join(room, ", "), strings.Join(images, ", "))
}

// Profiles are the scheduler's, beside its own: one that minds no taints, and
// one that wants nothing but the images of a pod to be there.
const Profiles = `profiles:
- schedulerName: default-scheduler
- schedulerName: careless
  plugins: {filter: {disabled: [{name: TaintToleration}]}}
- schedulerName: single-minded
  plugins: {score: {disabled: [{name: "*"}], enabled: [{name: ImageLocality, weight: 1}]}}
`

// podManifest is of "pod NAME cpu=1 label:app=web port=80 class=high" and the
// rest of its spec below.
func podManifest(s Step) string {
	var labels, requests, limits []string
	port, body := "", s.Body
	for _, w := range s.Words[2:] {
		key, value, _ := strings.Cut(w, "=")
		_, name, label := strings.Cut(key, "label:")
		switch {
		case label:
			labels = append(labels, fmt.Sprintf("%s: %q", name, value))
		case key == "port":
			port = fmt.Sprintf("ports: [{containerPort: %s, hostPort: %s}],", value, value)
		case key == "class":
			body += "priorityClassName: " + value + "\n"
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
  containers: [{name: c, image: nginx, imagePullPolicy: IfNotPresent, %s resources: {requests: {%s}, limits: {%s}}}]
  %s
`, s.Words[1], strings.Join(labels, ", "), port, strings.Join(requests, ", "), strings.Join(limits, ", "),
		strings.ReplaceAll(strings.TrimRight(body, "\n"), "\n", "\n  "))
}
