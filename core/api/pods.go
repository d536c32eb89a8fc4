package api

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// What a create or an update may change in a pod, as
// pkg/registry/core/pod/strategy.go decides. Left out: AppArmor's older
// annotations.

func preparePodCreate(obj Object) {
	pod := obj.(*corev1.Pod)
	pod.Generation = 1
	pod.Status = corev1.PodStatus{Phase: corev1.PodPending, QOSClass: PodQOS(pod)}
	if len(pod.Spec.SchedulingGates) > 0 {
		pod.Status.Conditions = []corev1.PodCondition{{
			Type:               corev1.PodScheduled,
			Status:             corev1.ConditionFalse,
			Reason:             corev1.PodReasonSchedulingGated,
			Message:            "Scheduling is blocked due to non-empty scheduling gates",
			LastTransitionTime: pod.CreationTimestamp,
		}}
	}
	mergeLabelKeys(pod)
}

// mergeLabelKeys turns the match and mismatch label keys of affinity terms and
// spread constraints into expressions, with the values of the pod's labels.
func mergeLabelKeys(pod *corev1.Pod) {
	merge := func(selector *metav1.LabelSelector, keys []string, operator metav1.LabelSelectorOperator) {
		for _, key := range keys {
			if value, ok := pod.Labels[key]; ok && selector != nil {
				selector.MatchExpressions = append(selector.MatchExpressions,
					metav1.LabelSelectorRequirement{Key: key, Operator: operator, Values: []string{value}})
			}
		}
	}
	terms := func(require []corev1.PodAffinityTerm, prefer []corev1.WeightedPodAffinityTerm) {
		for _, w := range prefer {
			merge(w.PodAffinityTerm.LabelSelector, w.PodAffinityTerm.MatchLabelKeys, metav1.LabelSelectorOpIn)
			merge(w.PodAffinityTerm.LabelSelector, w.PodAffinityTerm.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)
		}
		for _, term := range require {
			merge(term.LabelSelector, term.MatchLabelKeys, metav1.LabelSelectorOpIn)
			merge(term.LabelSelector, term.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)
		}
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAffinity != nil {
		terms(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		terms(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	for _, c := range pod.Spec.TopologySpreadConstraints {
		merge(c.LabelSelector, c.MatchLabelKeys, metav1.LabelSelectorOpIn)
	}
}

func preparePodUpdate(obj, old Object) {
	pod, oldPod := obj.(*corev1.Pod), old.(*corev1.Pod)
	pod.Status = *oldPod.Status.DeepCopy()
	pod.Generation = nextGeneration(oldPod.Generation, equality.Semantic.DeepEqual(pod.Spec, oldPod.Spec))
}

// nextGeneration is the old one, plus one where something changed.
func nextGeneration(old int64, same bool) int64 {
	if same {
		return old
	}
	return old + 1
}

func preparePodStatusUpdate(obj, old Object) {
	pod, oldPod := obj.(*corev1.Pod), old.(*corev1.Pod)
	pod.Spec = *oldPod.Spec.DeepCopy()
	pod.DeletionTimestamp = oldPod.DeletionTimestamp
	pod.OwnerReferences = oldPod.DeepCopy().OwnerReferences
	pod.Generation = oldPod.Generation
	setIfEmpty(&pod.Status.QOSClass, oldPod.Status.QOSClass)
	keepObservedGenerations(&pod.Status, &oldPod.Status)
}

// keepObservedGenerations restores what a client that doesn't know
// observedGeneration has dropped. Types of conditions may repeat: the nth of a
// type takes the nth old one's.
func keepObservedGenerations(status, old *corev1.PodStatus) {
	setIfEmpty(&status.ObservedGeneration, old.ObservedGeneration)
	byType := map[corev1.PodConditionType][]int64{}
	for _, c := range old.Conditions {
		byType[c.Type] = append(byType[c.Type], c.ObservedGeneration)
	}
	for i := range status.Conditions {
		c := &status.Conditions[i]
		if olds := byType[c.Type]; len(olds) > 0 {
			setIfEmpty(&c.ObservedGeneration, olds[0])
			byType[c.Type] = olds[1:]
		}
	}
}

// podGracePeriod is the client's wish or the pod's own; a pod that no kubelet
// has, or whose containers are done, goes at once.
func podGracePeriod(obj Object, override *int64) int64 {
	pod := obj.(*corev1.Pod)
	period := int64(0)
	switch {
	case override != nil:
		period = *override
	case pod.Spec.TerminationGracePeriodSeconds != nil:
		period = *pod.Spec.TerminationGracePeriodSeconds
	}
	finished := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
	if pod.Spec.NodeName == "" || finished {
		return 0
	}
	if period < 0 {
		return 1
	}
	return period
}

func podFields(obj Object) fields.Set {
	pod := obj.(*corev1.Pod)
	podIP := ""
	if len(pod.Status.PodIPs) > 0 {
		podIP = pod.Status.PodIPs[0].IP
	}
	return fields.Set{
		"spec.nodeName":            pod.Spec.NodeName,
		"spec.restartPolicy":       string(pod.Spec.RestartPolicy),
		"spec.schedulerName":       pod.Spec.SchedulerName,
		"spec.serviceAccountName":  pod.Spec.ServiceAccountName,
		"spec.hostNetwork":         strconv.FormatBool(pod.Spec.HostNetwork),
		"status.phase":             string(pod.Status.Phase),
		"status.podIP":             podIP,
		"status.nominatedNodeName": pod.Status.NominatedNodeName,
	}
}

// PodQOS is the pod's quality of service class: Guaranteed when every
// container limits cpu and memory and requests exactly that, BestEffort when
// none asks for anything, else Burstable
// (pkg/apis/core/helper/qos; pod-level resources count instead where given).
func PodQOS(pod *corev1.Pod) corev1.PodQOSClass {
	if pod.Status.QOSClass != "" {
		return pod.Status.QOSClass
	}
	needs := []corev1.ResourceRequirements{}
	if pod.Spec.Resources != nil {
		needs = append(needs, *pod.Spec.Resources)
	} else {
		for _, c := range containers(&pod.Spec) {
			needs = append(needs, c.Resources)
		}
	}
	requests, limits := corev1.ResourceList{}, corev1.ResourceList{}
	guaranteed := true
	for _, need := range needs {
		addCompute(requests, need.Requests)
		if addCompute(limits, need.Limits) < 2 {
			guaranteed = false
		}
	}
	switch {
	case len(requests) == 0 && len(limits) == 0:
		return corev1.PodQOSBestEffort
	case guaranteed && equality.Semantic.DeepEqual(requests, limits):
		return corev1.PodQOSGuaranteed
	}
	return corev1.PodQOSBurstable
}

// addCompute adds up cpu and memory above zero and returns how many of the two
// there were.
func addCompute(sum, add corev1.ResourceList) int {
	found := 0
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		quantity, ok := add[name]
		if !ok || quantity.Sign() <= 0 {
			continue
		}
		found++
		total := quantity.DeepCopy()
		if before, ok := sum[name]; ok {
			total.Add(before)
		}
		sum[name] = total
	}
	return found
}

// SetPodCondition puts a condition in the pod's status and tells whether that
// changed anything. now becomes its transition time where its status differs
// from before (pkg/api/v1/pod.UpdatePodCondition).
func SetPodCondition(status *corev1.PodStatus, condition corev1.PodCondition, now metav1.Time) bool {
	condition.LastTransitionTime = now
	for i := range status.Conditions {
		old := &status.Conditions[i]
		if old.Type != condition.Type {
			continue
		}
		if old.Status == condition.Status {
			condition.LastTransitionTime = old.LastTransitionTime
		}
		changed := !equality.Semantic.DeepEqual(*old, condition)
		*old = condition
		return changed
	}
	status.Conditions = append(status.Conditions, condition)
	return true
}
