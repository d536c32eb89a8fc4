// Package endpoints holds the controllers that write down what stands behind a
// service: the EndpointSlice controller (slices.go, decide.go) and the one of
// the older Endpoints (legacy.go, subsets.go) look at a service with a selector
// and the pods that it selects, and write the addresses of those that are
// ready; slices also hold those that are not, or are going. Of a service
// without a selector people write the Endpoints, and the mirroring controller
// (mirror.go, copy.go) copies them into slices.
//
// They follow pkg/controller/endpointslice, pkg/controller/endpoint and
// pkg/controller/endpointslicemirroring of Kubernetes v1.36.3, and
// k8s.io/endpointslice v0.36.3.
//
// Left out: hints for traffic distribution and topology (endpointslice's
// trafficdist and topologycache), and batching of updates, which is off by
// default. Where upstream walks a Go map, the order of names
// is kept here.
package endpoints

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/controller"
)

// selection is a selection of pods by services.
func selection() controller.Selection[*corev1.Service] {
	return controller.Selection[*corev1.Service]{Selector: selectorOf, Matters: matters}
}

// selectorOf is nil for a service whose endpoints are somebody else's affair.
func selectorOf(s *corev1.Service) labels.Selector {
	if s.Spec.Type == corev1.ServiceTypeExternalName || len(s.Spec.Selector) == 0 {
		return nil
	}
	return labels.SelectorFromSet(s.Spec.Selector)
}

// matters tells whether a pod's change may change an endpoint. That it has
// ended is told by its readiness, which goes with it.
func matters(old, pod *corev1.Pod) bool {
	return old.Spec.Hostname != pod.Spec.Hostname || old.Spec.Subdomain != pod.Spec.Subdomain ||
		(old.DeletionTimestamp == nil) != (pod.DeletionTimestamp == nil) ||
		controller.PodReady(old) != controller.PodReady(pod) ||
		!slices.Equal(old.Status.PodIPs, pod.Status.PodIPs)
}

// served tells whether a pod has an address that may serve.
func served(pod *corev1.Pod, evenIfGoing bool) bool {
	return !controller.PodFinished(pod) && len(pod.Status.PodIPs) > 0 && (evenIfGoing || pod.DeletionTimestamp == nil)
}

// ownName tells whether a pod has a name of its own within the service's domain.
func ownName(pod *corev1.Pod, s *corev1.Service) bool {
	return pod.Spec.Hostname != "" && pod.Spec.Subdomain == s.Name
}

func headless(s *corev1.Service) bool {
	return s.Spec.ClusterIP == corev1.ClusterIPNone || s.Spec.ClusterIP == ""
}

func podRef(pod *corev1.Pod) *corev1.ObjectReference {
	return &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID}
}

// targetPort is the port of a pod that a service's port leads to: a number, or
// the name of a port of one of its containers, sidecars among them.
func targetPort(pod *corev1.Pod, port *corev1.ServicePort) (int32, bool) {
	name := port.TargetPort.StrVal
	if name == "" {
		return int32(port.TargetPort.IntValue()), true
	}
	for i := range pod.Spec.Containers {
		if n, ok := named(&pod.Spec.Containers[i], name, port.Protocol); ok {
			return n, true
		}
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways {
			continue
		}
		if n, ok := named(c, name, port.Protocol); ok {
			return n, true
		}
	}
	return 0, false
}

func named(c *corev1.Container, name string, protocol corev1.Protocol) (int32, bool) {
	for i := range c.Ports {
		if p := &c.Ports[i]; p.Name == name && p.Protocol == protocol {
			return p.ContainerPort, true
		}
	}
	return 0, false
}

// triggers remember, by service, what has been seen of its pods' readiness:
// the annotation endpoints.kubernetes.io/last-change-trigger-time tells when
// the change came about that endpoints were written for.
type triggers map[string]triggered

type triggered struct {
	created time.Time
	ready   map[string]time.Time
}

// note takes in a service and its pods, and returns the time of the earliest
// change since the last pass; of a service seen for the first time, its creation's.
func (t triggers) note(key string, s *corev1.Service, pods []*corev1.Pod) string {
	last, known := t[key]
	now := triggered{created: s.CreationTimestamp.Time, ready: make(map[string]time.Time, len(pods))}
	var earliest time.Time
	since := func(at, before time.Time) {
		if at.After(before) && (earliest.IsZero() || at.Before(earliest)) {
			earliest = at
		}
	}
	for _, pod := range pods {
		if c := controller.PodCondition(pod, corev1.PodReady); c != nil && !c.LastTransitionTime.IsZero() {
			now.ready[pod.Name] = c.LastTransitionTime.Time
			since(c.LastTransitionTime.Time, last.ready[pod.Name])
		}
	}
	since(now.created, last.created)
	if t[key] = now; !known {
		earliest = now.created
	}
	if earliest.IsZero() {
		return ""
	}
	return earliest.UTC().Format(time.RFC3339Nano)
}
