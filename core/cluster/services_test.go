package cluster

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// serviceDeed is one thing that happens to a service's pods.
func serviceDeed(tr *trial) string {
	switch tr.dice.IntN(6) {
	case 0:
		return fmt.Sprintf("scale deployment web --replicas=%d", tr.dice.IntN(6))
	case 1:
		return fmt.Sprintf("set image deployment/web nginx=nginx:1.%d", 20+tr.dice.IntN(8))
	case 2:
		return "label service web side=" + fmt.Sprint(tr.dice.IntN(3)) + " --overwrite"
	case 3:
		return "label pod other=yes app- --overwrite " + tr.anyPod()
	case 4:
		node := "node-" + fmt.Sprint(1+tr.dice.IntN(len(tr.nodes())))
		return "drain " + node + " --timeout=60s --force; kubectl uncordon " + node
	default:
		return "delete pod --wait=false " + tr.anyPod()
	}
}

// serviceCheck: an address is written down for one pod only, and in one slice.
func serviceCheck(tr *trial) error {
	var err error
	seen := map[string]bool{}
	each(tr.c, func(s *discoveryv1.EndpointSlice) {
		for _, e := range s.Endpoints {
			if s.Labels[discoveryv1.LabelServiceName] != "web" {
				continue
			}
			if name := e.TargetRef.Name; seen[name] {
				err = fmt.Errorf("pod %s is in two slices", name)
			}
			seen[e.TargetRef.Name] = true
		}
	})
	return err
}

// serviceSettled: slices and Endpoints name the service's ready pods, each at
// its address, and no others.
func serviceSettled(tr *trial) error {
	want := map[string]string{}
	for _, p := range tr.pods() {
		if p.Labels["app"] == "web" && ready(p) && p.DeletionTimestamp == nil {
			want[p.Name] = p.Status.PodIP + ":80"
		}
	}
	var labels map[string]string
	inSlices, inEndpoints := map[string]string{}, map[string]string{}
	each(tr.c, func(s *discoveryv1.EndpointSlice) {
		if s.Labels[discoveryv1.LabelServiceName] == "web" {
			labels = s.Labels
			for _, e := range s.Endpoints {
				if !*e.Conditions.Ready {
					continue
				}
				inSlices[e.TargetRef.Name] = fmt.Sprint(e.Addresses[0], ":", *s.Ports[0].Port)
			}
		}
	})
	each(tr.c, func(e *corev1.Endpoints) {
		for _, s := range e.Subsets {
			for _, a := range s.Addresses {
				if e.Name == "web" {
					inEndpoints[a.TargetRef.Name] = fmt.Sprint(a.IP, ":", s.Ports[0].Port)
				}
			}
		}
	})
	if !maps.Equal(inSlices, want) || !maps.Equal(inEndpoints, want) {
		return fmt.Errorf("ready pods %v, slices %v, Endpoints %v", want, inSlices, inEndpoints)
	}
	service := map[string]string{}
	each(tr.c, func(s *corev1.Service) {
		if s.Name == "web" {
			service = s.Labels
		}
	})
	for _, key := range slices.Sorted(maps.Keys(service)) {
		if labels[key] != service[key] {
			return fmt.Errorf("the slice lacks the service's label %s=%s", key, service[key])
		}
	}
	return nil
}

// budgetSettled: the budget's status says how it is, and nobody is expected to go.
func budgetSettled(tr *trial) error {
	healthy := int32(0)
	stray := false // a pod that was labelled back into the selector belongs to nobody
	for _, p := range tr.pods() {
		if p.Labels["app"] == "web" && ready(p) && p.DeletionTimestamp == nil {
			healthy++
		}
		stray = stray || p.Labels["app"] == "web" && metav1.GetControllerOf(p) == nil
	}
	b, d := only[*policyv1.PodDisruptionBudget](tr.c), tr.deployment()
	s := b.Status
	expected := *d.Spec.Replicas
	desired := max(expected-1, 0)
	allowed := int32(0)
	if expected > 0 {
		allowed = max(healthy-desired, 0)
	}
	if !stray && (s.CurrentHealthy != healthy || s.ExpectedPods != expected || s.DesiredHealthy != desired || s.DisruptionsAllowed != allowed) ||
		len(s.DisruptedPods) > 0 || s.ObservedGeneration != b.Generation {
		return fmt.Errorf("%d replicas, %d healthy, budget's status %+v", expected, healthy, s)
	}
	return serviceSettled(tr)
}
