package api

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Warnings that the API server sends beside its answer, after
// pkg/api/pod/warnings.go. Left out: removed volume types, overlapping paths in
// volumes, annotations of AppArmor and seccomp.

// nameWarnings warns of names that are subdomains but no labels, where they
// end up in hostnames.
func nameWarnings(name, use string) []string {
	if msgs := utilvalidation.IsDNS1123Label(name); len(msgs) != 0 {
		return []string{fmt.Sprintf("metadata.name: this is used in %s, which can result in surprising behavior; a DNS label is recommended: %v", use, msgs)}
	}
	return nil
}

func podWarnings(obj, old Object) []string {
	if old != nil {
		return nil // upstream skips updates: people rarely write them
	}
	pod := obj.(*corev1.Pod)
	return append(nameWarnings(pod.Name, "the Pod's hostname"), specWarnings(&pod.Spec, specPath)...)
}

func templateWarnings(template *corev1.PodTemplateSpec) []string {
	return specWarnings(&template.Spec, specPath.Child("template", "spec"))
}

func specWarnings(spec *corev1.PodSpec, p *field.Path) []string {
	warnings := schedulingWarnings(spec, p)
	warnings = append(warnings, listWarnings(spec, p)...)
	eachContainer(spec, p, func(c *corev1.Container, at *field.Path) {
		warnings = append(warnings, fractionWarnings(c.Resources.Limits, at.Child("resources", "limits"))...)
		warnings = append(warnings, fractionWarnings(c.Resources.Requests, at.Child("resources", "requests"))...)
		warnings = append(warnings, envWarnings(c.Env, at.Child("env"))...)
	})
	warnings = append(warnings, portWarnings(spec, p)...)
	warnings = append(warnings, portNameWarnings(spec, p)...)
	if s := spec.TerminationGracePeriodSeconds; s != nil && *s < 0 {
		warnings = append(warnings, fmt.Sprintf("%s: must be >= 0; negative values are invalid and will be treated as 1", p.Child("terminationGracePeriodSeconds")))
	}
	return append(warnings, affinityWarnings(spec.Affinity, p.Child("affinity"))...)
}

func eachContainer(spec *corev1.PodSpec, p *field.Path, visit func(*corev1.Container, *field.Path)) {
	for i := range spec.InitContainers {
		visit(&spec.InitContainers[i], p.Child("initContainers").Index(i))
	}
	for i := range spec.Containers {
		visit(&spec.Containers[i], p.Child("containers").Index(i))
	}
}

// deprecatedLabels says what to use instead of a node's older labels.
var deprecatedLabels = map[string]string{
	"beta.kubernetes.io/arch":                       `deprecated since v1.14; use "kubernetes.io/arch" instead`,
	"beta.kubernetes.io/os":                         `deprecated since v1.14; use "kubernetes.io/os" instead`,
	"failure-domain.beta.kubernetes.io/region":      `deprecated since v1.17; use "topology.kubernetes.io/region" instead`,
	"failure-domain.beta.kubernetes.io/zone":        `deprecated since v1.17; use "topology.kubernetes.io/zone" instead`,
	"beta.kubernetes.io/instance-type":              `deprecated since v1.17; use "node.kubernetes.io/instance-type" instead`,
	"app.kubernetes.io/created-by":                  `deprecated since v1.9`,
	"scheduler.alpha.kubernetes.io/preferAvoidPods": `deprecated since v1.22; use Taints and Tolerations instead`,
	"node-role.kubernetes.io/master":                `use "node-role.kubernetes.io/control-plane" instead`,
}

func schedulingWarnings(spec *corev1.PodSpec, p *field.Path) []string {
	var warnings []string
	for _, key := range sortedKeys(spec.NodeSelector) {
		if message, ok := deprecatedLabels[key]; ok {
			warnings = append(warnings, fmt.Sprintf("%s: %s", p.Child("nodeSelector").Key(key), message))
		}
	}
	if a := nodeAffinity(spec); a != nil {
		at := p.Child("affinity", "nodeAffinity")
		for i, term := range requiredNodeTerms(a) {
			warnings = append(warnings, termWarnings(term, at.Child(requiredTerms, "nodeSelectorTerms").Index(i))...)
		}
		for i, term := range a.PreferredDuringSchedulingIgnoredDuringExecution {
			warnings = append(warnings, termWarnings(term.Preference, at.Child(preferredTerms).Index(i).Child("preference"))...)
		}
	}
	for i, c := range spec.TopologySpreadConstraints {
		at := p.Child("topologySpreadConstraints").Index(i)
		if message, ok := deprecatedLabels[c.TopologyKey]; ok {
			warnings = append(warnings, fmt.Sprintf("%s: %s is %s", at.Child("topologyKey"), c.TopologyKey, message))
		}
		if c.LabelSelector == nil {
			warnings = append(warnings, nullSelector(at.Child("labelSelector")))
		}
	}
	return warnings
}

func termWarnings(term corev1.NodeSelectorTerm, p *field.Path) []string {
	var warnings []string
	for i, e := range term.MatchExpressions {
		if message, ok := deprecatedLabels[e.Key]; ok {
			warnings = append(warnings, fmt.Sprintf("%s: %s is %s", p.Child("matchExpressions").Index(i).Child("key"), e.Key, message))
		}
	}
	return warnings
}

func nullSelector(p *field.Path) string {
	return fmt.Sprintf("%s: a null labelSelector results in matching no pod", p)
}

func affinityWarnings(affinity *corev1.Affinity, p *field.Path) []string {
	if affinity == nil {
		return nil
	}
	var warnings []string
	check := func(require []corev1.PodAffinityTerm, prefer []corev1.WeightedPodAffinityTerm, p *field.Path) {
		for i, term := range require {
			if term.LabelSelector == nil {
				warnings = append(warnings, nullSelector(p.Child(requiredTerms).Index(i).Child("labelSelector")))
			}
		}
		for i, term := range prefer {
			if term.PodAffinityTerm.LabelSelector == nil {
				warnings = append(warnings, nullSelector(p.Child(preferredTerms).Index(i).Child("podAffinityTerm", "labelSelector")))
			}
		}
	}
	if a := affinity.PodAffinity; a != nil {
		check(a.RequiredDuringSchedulingIgnoredDuringExecution, a.PreferredDuringSchedulingIgnoredDuringExecution, p.Child("podAffinity"))
	}
	if a := affinity.PodAntiAffinity; a != nil {
		check(a.RequiredDuringSchedulingIgnoredDuringExecution, a.PreferredDuringSchedulingIgnoredDuringExecution, p.Child("podAntiAffinity"))
	}
	return warnings
}

// listWarnings is about lists that apply merges by a key.
func listWarnings(spec *corev1.PodSpec, p *field.Path) []string {
	var warnings []string
	seen := map[string]bool{}
	for i, alias := range spec.HostAliases {
		if seen[alias.IP] {
			warnings = append(warnings, fmt.Sprintf("%s: duplicate ip %q", p.Child("hostAliases").Index(i).Child("ip"), alias.IP))
		}
		seen[alias.IP] = true
	}
	secrets := map[string]bool{}
	for i, secret := range spec.ImagePullSecrets {
		at := p.Child("imagePullSecrets").Index(i).Child("name")
		if secrets[secret.Name] {
			warnings = append(warnings, fmt.Sprintf("%s: duplicate name %q", at, secret.Name))
		}
		secrets[secret.Name] = true
	}
	for i, secret := range spec.ImagePullSecrets {
		if secret.Name == "" {
			warnings = append(warnings, fmt.Sprintf("%s: invalid empty name %q", p.Child("imagePullSecrets").Index(i).Child("name"), ""))
		}
	}
	return append(warnings, fractionWarnings(spec.Overhead, p.Child("overhead"))...)
}

// fractionWarnings is for bytes that aren't whole, as in memory: 100m.
func fractionWarnings(list corev1.ResourceList, p *field.Path) []string {
	var warnings []string
	for _, name := range []corev1.ResourceName{corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		if value, ok := list[name]; ok && value.MilliValue()%1000 != 0 {
			warnings = append(warnings, fmt.Sprintf("%s: fractional byte value %q is invalid, must be an integer", p.Key(string(name)), value.String()))
		}
	}
	return warnings
}

// envWarnings is for a variable set twice, unless the second builds on the first.
func envWarnings(vars []corev1.EnvVar, p *field.Path) []string {
	var warnings []string
	seen := map[string]bool{}
	for i, v := range vars {
		ref := "$(" + v.Name + ")"
		builds := v.ValueFrom == nil && v.Value != ref && strings.Contains(v.Value, ref)
		if seen[v.Name] && !builds {
			warnings = append(warnings, fmt.Sprintf("%s: hides previous definition of %q, which may be dropped when using apply", p.Index(i), v.Name))
		}
		seen[v.Name] = true
	}
	return warnings
}

type portAt struct {
	port corev1.ContainerPort
	at   *field.Path
}

func portWarnings(spec *corev1.PodSpec, p *field.Path) []string {
	var warnings []string
	var seen []portAt
	eachContainer(spec, p, func(c *corev1.Container, at *field.Path) {
		for i, port := range c.Ports {
			here := portAt{port, at.Child("ports").Index(i)}
			if port.HostIP != "" && port.HostPort == 0 {
				warnings = append(warnings, fmt.Sprintf("%s: hostIP set without hostPort: %+v", here.at, port))
			}
			for _, other := range seen {
				if problem := portProblem(port, other.port); problem != "" {
					warnings = append(warnings, fmt.Sprintf("%s: %s port definition with %s", here.at, problem, other.at))
				}
			}
			seen = append(seen, here)
		}
	})
	return warnings
}

func portProblem(a, b corev1.ContainerPort) string {
	switch {
	case a.ContainerPort != b.ContainerPort || a.Protocol != b.Protocol:
		return ""
	case a.HostIP == b.HostIP && a.HostPort == b.HostPort:
		return "duplicate"
	case a.HostPort == 0 || b.HostPort == 0:
		return "overlapping"
	case a.HostPort == b.HostPort && (a.HostIP == "") != (b.HostIP == ""):
		return "dangerously ambiguous"
	}
	return ""
}

func portNameWarnings(spec *corev1.PodSpec, p *field.Path) []string {
	var warnings []string
	var seen []portAt
	eachContainer(spec, p, func(c *corev1.Container, at *field.Path) {
		for i, port := range c.Ports {
			if port.Name == "" {
				continue
			}
			here := portAt{port, at.Child("ports").Index(i)}
			n := slices.IndexFunc(seen, func(other portAt) bool { return other.port.Name == port.Name })
			if n < 0 {
				seen = append(seen, here)
				continue
			}
			warnings = append(warnings, fmt.Sprintf("%s: duplicate port name %q with %s, services and probes that select ports by name will use %s",
				here.at, port.Name, seen[n].at, seen[n].at))
		}
	})
	return warnings
}
