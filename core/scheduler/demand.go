package scheduler

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// What a pod that asks for nothing counts for when nodes are compared
// (pkg/scheduler/util/pod_resources.go).
const (
	usualMilliCPU int64 = 100
	usualMemory   int64 = 200 << 20
)

// Amount is a quantity of each resource: cpu in thousandths, the others in
// bytes or pieces.
type Amount struct {
	MilliCPU, Memory, Storage int64
	Other                     map[corev1.ResourceName]int64 // extended resources, huge pages
}

// add returns a+sign*b; a's map is changed in place.
func (a Amount) add(b Amount, sign int64) Amount {
	a.MilliCPU += sign * b.MilliCPU
	a.Memory += sign * b.Memory
	a.Storage += sign * b.Storage
	for name, n := range b.Other {
		if a.Other == nil {
			a.Other = map[corev1.ResourceName]int64{}
		}
		a.Other[name] += sign * n
	}
	return a
}

// most returns the larger of each.
func (a Amount) most(b Amount) Amount {
	a.MilliCPU, a.Memory, a.Storage = max(a.MilliCPU, b.MilliCPU), max(a.Memory, b.Memory), max(a.Storage, b.Storage)
	for name, n := range b.Other {
		if a.Other == nil {
			a.Other = map[corev1.ResourceName]int64{}
		}
		a.Other[name] = max(a.Other[name], n)
	}
	return a
}

func amountOf(list corev1.ResourceList) Amount {
	var a Amount
	for name, q := range list {
		switch name {
		case corev1.ResourceCPU:
			a.MilliCPU = q.MilliValue()
		case corev1.ResourceMemory:
			a.Memory = q.Value()
		case corev1.ResourceEphemeralStorage:
			a.Storage = q.Value()
		case corev1.ResourcePods:
		default:
			if a.Other == nil {
				a.Other = map[corev1.ResourceName]int64{}
			}
			a.Other[name] = q.Value()
		}
	}
	return a
}

// Demand is what a pod takes from its node.
type Demand struct {
	Request Amount
	// Usual is Request with the usual amounts for containers that ask for no
	// cpu or memory.
	UsualMilliCPU, UsualMemory int64
	Ports                      []hostPort
}

// demandOf adds up a pod.
func demandOf(pod *corev1.Pod) Demand {
	request := podRequest(pod, amountOf, true)
	usual := podRequest(pod, func(list corev1.ResourceList) Amount { return usualAmount(pod, list) }, true)
	return Demand{
		Request: request, UsualMilliCPU: usual.MilliCPU, UsualMemory: usual.Memory,
		Ports: hostPorts(pod),
	}
}

// usualAmount is what a container asks for, or the usual amount of what it
// doesn't mention; where the pod as a whole asks for something, only of what
// nobody mentions (pkg/scheduler/framework/types.go).
func usualAmount(pod *corev1.Pod, list corev1.ResourceList) Amount {
	a := amountOf(list)
	fill := func(name corev1.ResourceName, value *int64, usual int64) {
		if _, said := list[name]; !said && !(wholeRequest(pod) && mentions(pod, name)) {
			*value = usual
		}
	}
	fill(corev1.ResourceCPU, &a.MilliCPU, usualMilliCPU)
	fill(corev1.ResourceMemory, &a.Memory, usualMemory)
	return a
}

// wholeRequest tells whether the pod as a whole asks for cpu or memory.
func wholeRequest(pod *corev1.Pod) bool {
	if pod.Spec.Resources == nil {
		return false
	}
	_, cpu := pod.Spec.Resources.Requests[corev1.ResourceCPU]
	_, memory := pod.Spec.Resources.Requests[corev1.ResourceMemory]
	return cpu || memory
}

// mentions tells whether anything in the pod asks for a resource.
func mentions(pod *corev1.Pod, name corev1.ResourceName) bool {
	lists := []corev1.ResourceList{pod.Spec.Overhead}
	if pod.Spec.Resources != nil {
		lists = append(lists, pod.Spec.Resources.Requests)
	}
	for i := range pod.Spec.Containers {
		lists = append(lists, pod.Spec.Containers[i].Resources.Requests)
	}
	for i := range pod.Spec.InitContainers {
		lists = append(lists, pod.Spec.InitContainers[i].Resources.Requests)
	}
	return slices.ContainsFunc(lists, func(l corev1.ResourceList) bool { _, ok := l[name]; return ok })
}

// podRequest adds up as k8s.io/component-helpers/resource.PodRequests does:
// containers and sidecars together, or the largest moment of the
// initialisation if that is more; what the pod as a whole requests replaces the
// sum, if it is to count; overhead is added.
func podRequest(pod *corev1.Pod, amount func(corev1.ResourceList) Amount, whole bool) Amount {
	var sum, sidecars, start Amount
	for i := range pod.Spec.Containers {
		sum = sum.add(amount(pod.Spec.Containers[i].Resources.Requests), 1)
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		own := amount(c.Resources.Requests)
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			sum = sum.add(own, 1)
			sidecars = sidecars.add(own, 1)
			own = Amount{}
		}
		start = start.most(own.add(sidecars, 1))
	}
	sum = sum.most(start)
	if whole && wholeRequest(pod) {
		sum = sum.replace(pod.Spec.Resources.Requests)
	}
	return sum.add(amountOf(pod.Spec.Overhead), 1)
}

// replace puts what list names in place of what a holds.
func (a Amount) replace(list corev1.ResourceList) Amount {
	whole := amountOf(list)
	if _, ok := list[corev1.ResourceCPU]; ok {
		a.MilliCPU = whole.MilliCPU
	}
	if _, ok := list[corev1.ResourceMemory]; ok {
		a.Memory = whole.Memory
	}
	for name, n := range whole.Other {
		if a.Other == nil {
			a.Other = map[corev1.ResourceName]int64{}
		}
		a.Other[name] = n
	}
	return a
}
