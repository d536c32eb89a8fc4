package api

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Ephemeral containers join a pod that runs, to look at it (kubectl debug):
// ephemeralContainersStrategy in pkg/registry/core/pod/strategy.go and
// ValidatePodEphemeralContainersUpdate in pkg/apis/core/validation. Left out of
// the validation: most of what holds for other containers too.

// PrepareEphemeralUpdate keeps all of the pod but its ephemeral containers.
func PrepareEphemeralUpdate(pod, old *corev1.Pod) {
	wanted := pod.Spec.EphemeralContainers
	kept := old.DeepCopy()
	pod.Spec, pod.Status = kept.Spec, kept.Status
	pod.Labels, pod.Annotations, pod.Finalizers, pod.OwnerReferences = kept.Labels, kept.Annotations, kept.Finalizers, kept.OwnerReferences
	pod.Spec.EphemeralContainers = wanted
	pod.Generation = nextGeneration(old.Generation, equality.Semantic.DeepEqual(pod.Spec, old.Spec))
}

// ValidateEphemeralUpdate lets containers be added, and none be changed or taken away.
func ValidateEphemeralUpdate(pod, old *corev1.Pod) field.ErrorList {
	p := specPath.Child("ephemeralContainers")
	errs := validateEphemeral(&pod.Spec, p)
	now := map[string]*corev1.EphemeralContainer{}
	for i := range pod.Spec.EphemeralContainers {
		now[pod.Spec.EphemeralContainers[i].Name] = &pod.Spec.EphemeralContainers[i]
	}
	for i := range old.Spec.EphemeralContainers {
		was := &old.Spec.EphemeralContainers[i]
		is, there := now[was.Name]
		if !there {
			errs = append(errs, field.Forbidden(p, "existing ephemeral containers \""+was.Name+"\" may not be removed\n"))
		} else if !equality.Semantic.DeepEqual(is, was) {
			errs = append(errs, field.Forbidden(p, "existing ephemeral containers \""+was.Name+"\" may not be changed\n"))
		}
	}
	return errs
}

func validateEphemeral(spec *corev1.PodSpec, p *field.Path) field.ErrorList {
	taken := map[string]bool{}
	for _, c := range containers(spec) {
		taken[c.Name] = true
	}
	var errs field.ErrorList
	for i := range spec.EphemeralContainers {
		c, at := &spec.EphemeralContainers[i], p.Index(i)
		if c.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		} else {
			errs = append(errs, validateDNSLabel(c.Name, at.Child("name"))...)
		}
		if c.Image == "" {
			errs = append(errs, field.Required(at.Child("image"), ""))
		}
		if taken[c.Name] {
			errs = append(errs, field.Duplicate(at.Child("name"), c.Name))
		}
		taken[c.Name] = true
		if len(c.Ports) > 0 {
			errs = append(errs, field.Forbidden(at.Child("ports"), "cannot be set for an Ephemeral Container"))
		}
		if len(c.Resources.Limits)+len(c.Resources.Requests) > 0 {
			errs = append(errs, field.Forbidden(at.Child("resources"), "cannot be set for an Ephemeral Container"))
		}
	}
	return errs
}
