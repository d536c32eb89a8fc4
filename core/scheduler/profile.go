package scheduler

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// Profile is a scheduler by name: which plugins it asks, and with what weight
// their scores count.
type Profile struct {
	Name     string
	disabled map[string]bool
	weights  map[string]int64 // where not the default
}

// defaultProfile is upstream's.
var defaultProfile = Profile{Name: corev1.DefaultSchedulerName}

// weight is what a scorer's verdict counts for; 0 when it is not asked.
func (p *Profile) weight(s *scorer) int64 {
	if p.disabled[s.name] {
		return 0
	}
	if w := p.weights[s.name]; w != 0 {
		return w
	}
	return s.weight
}

// configuration is the part of a KubeSchedulerConfiguration that is understood
// (kubescheduler.config.k8s.io/v1).
type configuration struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Profiles   []struct {
		SchedulerName string               `json:"schedulerName"`
		Plugins       map[string]pluginSet `json:"plugins"`
	} `json:"profiles"`
}

type pluginSet struct {
	Enabled, Disabled []struct {
		Name   string `json:"name"`
		Weight int64  `json:"weight"`
	}
}

// ParseProfiles reads the profiles of a KubeSchedulerConfiguration: names,
// plugins that are disabled and weights. multiPoint, filter and score are
// understood and mean the same here: a plugin is asked or not. What else such
// a file may say is an error that names it.
func ParseProfiles(text []byte) ([]Profile, error) {
	var config configuration
	if err := yaml.UnmarshalStrict(text, &config); err != nil {
		return nil, err
	}
	if config.Kind != "KubeSchedulerConfiguration" || config.APIVersion != "kubescheduler.config.k8s.io/v1" {
		return nil, fmt.Errorf("no kind %q is registered for version %q: want a KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1", config.Kind, config.APIVersion)
	}
	var out []Profile
	for i, p := range config.Profiles {
		profile := Profile{Name: p.SchedulerName, disabled: map[string]bool{}, weights: map[string]int64{}}
		if profile.Name == "" {
			profile.Name = corev1.DefaultSchedulerName
		}
		if slices.ContainsFunc(out, func(o Profile) bool { return o.Name == profile.Name }) {
			return nil, fmt.Errorf("profiles[%d].schedulerName: Duplicate value: %q", i, profile.Name)
		}
		for point, set := range p.Plugins {
			if err := profile.apply(point, set); err != nil {
				return nil, fmt.Errorf("profiles[%d].plugins.%s: %w", i, point, err)
			}
		}
		out = append(out, profile)
	}
	return out, nil
}

// apply takes in one extension point.
func (p *Profile) apply(point string, set pluginSet) error {
	if !slices.Contains([]string{"multiPoint", "filter", "score", "preFilter", "preScore", "postFilter"}, point) {
		return fmt.Errorf("this extension point can't be configured here")
	}
	for _, plugin := range set.Disabled {
		if plugin.Name == "*" {
			for _, name := range pluginNames() {
				p.disabled[name] = true
			}
			continue
		}
		if !slices.Contains(pluginNames(), plugin.Name) {
			return fmt.Errorf("there is no plugin %q here", plugin.Name)
		}
		p.disabled[plugin.Name] = true
	}
	for _, plugin := range set.Enabled {
		if !slices.Contains(pluginNames(), plugin.Name) {
			return fmt.Errorf("there is no plugin %q here", plugin.Name)
		}
		delete(p.disabled, plugin.Name)
		p.weights[plugin.Name] = plugin.Weight
	}
	return nil
}

// pluginNames are those that a profile may name.
func pluginNames() []string {
	names := []string{preemptionPlugin}
	for i := range filters {
		names = append(names, filters[i].name)
	}
	for i := range scorers {
		if !slices.Contains(names, scorers[i].name) {
			names = append(names, scorers[i].name)
		}
	}
	return names
}
