package api

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What an update of a pod's subresource resize may change: the cpu and memory
// of its containers and of itself (pkg/registry/core/pod/strategy.go,
// podResizeStrategy, and ValidatePodResize of pkg/apis/core/validation). Left
// out: Windows, claims of devices.

// PrepareResize keeps all of the pod but the resources of its containers and
// their policies; a list of other containers is left for the validation to refuse.
func PrepareResize(pod, old *corev1.Pod) {
	if len(pod.Spec.Containers) == len(old.Spec.Containers) && len(pod.Spec.InitContainers) == len(old.Spec.InitContainers) {
		whole := pod.Spec.Resources
		main, init := resizedOnly(pod.Spec.Containers, old.Spec.Containers), resizedOnly(pod.Spec.InitContainers, old.Spec.InitContainers)
		kept := old.DeepCopy()
		pod.Spec, pod.Status = kept.Spec, kept.Status
		pod.Labels, pod.Annotations, pod.Finalizers, pod.OwnerReferences = kept.Labels, kept.Annotations, kept.Finalizers, kept.OwnerReferences
		pod.Spec.Containers, pod.Spec.InitContainers, pod.Spec.Resources = main, init, whole
	}
	pod.Generation = nextGeneration(old.Generation, equality.Semantic.DeepEqual(pod.Spec, old.Spec))
}

// resizedOnly are the old containers with the new ones' resources; the new ones
// where they are not the same containers.
func resizedOnly(now, old []corev1.Container) []corev1.Container {
	out := slices.Clone(old)
	for i := range now {
		if now[i].Name != old[i].Name {
			return now
		}
		out[i].Resources, out[i].ResizePolicy = now[i].Resources, now[i].ResizePolicy
	}
	return out
}

// ValidateResize lets cpu and memory change where that changes neither the
// pod's class nor what it has no amount of.
func ValidateResize(pod, old *corev1.Pod) field.ErrorList {
	if _, mirror := old.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return field.ErrorList{field.Forbidden(field.NewPath(""), "static pods cannot be resized")}
	}
	errs := validatePodBody(pod)
	if PodQOS(old) != PodQOS(&corev1.Pod{Spec: pod.Spec}) {
		errs = append(errs, field.Invalid(specPath, pod.Status.QOSClass, "Pod QOS Class may not change as a result of resizing"))
	}
	if !resizable(old) {
		errs = append(errs, field.Forbidden(specPath, "Pod running on node without support for resize"))
	}
	rest := pod.Spec.DeepCopy()
	errs = append(errs, validateWholeResize(&pod.Spec, &old.Spec, rest)...)
	lists := []resizedList{{"containers", rest.Containers, old.Spec.Containers}, {"initContainers", rest.InitContainers, old.Spec.InitContainers}}
	if others := validateSameContainers(lists); len(others) > 0 {
		return append(errs, others...)
	}
	for _, i := range []int{1, 0} { // nothing may be taken away
		errs = append(errs, lists[i].validateKept()...)
	}
	for i := range lists {
		errs = append(errs, lists[i].validateOnlyCompute()...)
	}
	if len(errs) == 0 && !equality.Semantic.DeepEqual(*rest, old.Spec) {
		errs = append(errs, field.Forbidden(specPath, "only cpu and memory resources are mutable"))
	}
	return errs
}

// resizable tells whether a pod's kubelet can: one that tells what its
// containers have.
func resizable(pod *corev1.Pod) bool {
	for i := range pod.Status.ContainerStatuses {
		if st := &pod.Status.ContainerStatuses[i]; st.State.Running != nil {
			return st.Resources != nil
		}
	}
	return true
}

// validateWholeResize is about the resources of the pod as a whole; in rest
// what may change of them is put back.
func validateWholeResize(spec, old, rest *corev1.PodSpec) field.ErrorList {
	now, was, p := spec.Resources, old.Resources, specPath.Child("resources")
	if now == nil && was == nil {
		return nil
	}
	if now == nil {
		return field.ErrorList{field.Forbidden(p, "pod-level resources cannot be removed")}
	}
	var errs field.ErrorList
	before := corev1.ResourceRequirements{}
	if was != nil {
		before = *was
	}
	if taken(now.Requests, before.Requests) {
		errs = append(errs, field.Forbidden(p.Child("requests"), "pod-level resource requests cannot be removed"))
	}
	if taken(now.Limits, before.Limits) {
		errs = append(errs, field.Forbidden(p.Child("limits"), "pod-level resource limits cannot be removed"))
	}
	withoutCompute(rest.Resources, &before)
	if was == nil && len(rest.Resources.Requests)+len(rest.Resources.Limits)+len(rest.Resources.Claims) == 0 {
		rest.Resources = nil
	}
	if !equality.Semantic.DeepEqual(rest.Resources, was) {
		errs = append(errs, field.Forbidden(specPath, "only cpu and memory resources are mutable at pod-level"))
	}
	return errs
}

// resizedList is a list of containers: as they are to be, and as they were.
type resizedList struct {
	name     string
	now, was []corev1.Container
}

func validateSameContainers(lists []resizedList) field.ErrorList {
	var errs field.ErrorList
	for _, l := range lists {
		p := specPath.Child(l.name)
		if len(l.now) != len(l.was) {
			errs = append(errs, field.Forbidden(p, l.name+" may not be added or removed on resize"))
			continue
		}
		for i := range l.now {
			if l.now[i].Name != l.was[i].Name {
				errs = append(errs, field.Forbidden(p.Index(i).Child("name"), l.name+" may not be renamed or reordered on resize"))
			}
		}
	}
	return errs
}

func (l *resizedList) validateKept() field.ErrorList {
	var errs field.ErrorList
	for i := range l.now {
		p := specPath.Child(l.name).Index(i).Child("resources")
		if taken(l.now[i].Resources.Requests, l.was[i].Resources.Requests) {
			errs = append(errs, field.Forbidden(p.Child("requests"), "resource requests cannot be removed"))
		}
		if taken(l.now[i].Resources.Limits, l.was[i].Resources.Limits) {
			errs = append(errs, field.Forbidden(p.Child("limits"), "resource limits cannot be removed"))
		}
	}
	return errs
}

// validateOnlyCompute puts cpu and memory back as they were, and finds what
// else is other.
func (l *resizedList) validateOnlyCompute() field.ErrorList {
	var errs field.ErrorList
	for i := range l.now {
		now, was := &l.now[i], &l.was[i]
		changed := !equality.Semantic.DeepEqual(*now, *was)
		withoutCompute(&now.Resources, &was.Resources)
		now.Resources.Claims = nil
		other := !equality.Semantic.DeepEqual(*now, *was)
		p := specPath.Child(l.name).Index(i)
		switch {
		case l.name == "containers" && other:
			errs = append(errs, field.Forbidden(specPath, "only cpu and memory resources are mutable"))
		case other:
			errs = append(errs, field.Forbidden(p, "only cpu and memory resources for init or sidecar containers are mutable"))
		case l.name == "initContainers" && changed && !isSidecar(now) && slices.ContainsFunc(now.ResizePolicy, func(r corev1.ContainerResizePolicy) bool { return r.RestartPolicy == corev1.RestartContainer }):
			errs = append(errs, field.Forbidden(p, "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"))
		}
	}
	return errs
}

// taken tells whether one of the old amounts is no more.
func taken(now, was corev1.ResourceList) bool {
	for name := range was {
		if _, there := now[name]; !there {
			return true
		}
	}
	return false
}

// withoutCompute gives resources the old cpu and memory.
func withoutCompute(now, was *corev1.ResourceRequirements) {
	put := func(now *corev1.ResourceList, was corev1.ResourceList) {
		if *now == nil && was != nil {
			*now = corev1.ResourceList{}
		}
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			delete(*now, name)
			if q, there := was[name]; there {
				(*now)[name] = q
			}
		}
	}
	put(&now.Requests, was.Requests)
	put(&now.Limits, was.Limits)
}
