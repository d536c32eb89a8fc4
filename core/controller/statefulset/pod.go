package statefulset

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

// ordinal takes a pod's name apart: db-2 is the third pod of db. -1 is for a
// name without a number.
func ordinal(name string) (parent string, n int) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return "", -1
	}
	digits := name[i+1:]
	v, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return name[:i], -1
	}
	return name[:i], int(v)
}

func podName(s *appsv1.StatefulSet, n int) string { return fmt.Sprintf("%s-%d", s.Name, n) }

func firstOrdinal(s *appsv1.StatefulSet) int {
	if s.Spec.Ordinals != nil {
		return int(s.Spec.Ordinals.Start)
	}
	return 0
}

func wanted(s *appsv1.StatefulSet, n int) bool {
	first := firstOrdinal(s)
	return n >= first && n < first+int(*s.Spec.Replicas)
}

// podOf is the pod of an ordinal, from the template of a revision.
func podOf(s *appsv1.StatefulSet, template *corev1.PodTemplateSpec, revision string, n int) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: podName(s, n), GenerateName: s.Name + "-",
			Labels: maps.Clone(template.Labels), Annotations: maps.Clone(template.Annotations), Finalizers: slices.Clone(template.Finalizers),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s, api.For(s).GVK())},
		},
		Spec: *template.Spec.DeepCopy(),
	}
	identify(pod, n)
	pod.Labels[appsv1.StatefulSetRevisionLabel] = revision
	pod.Spec.Hostname, pod.Spec.Subdomain = pod.Name, s.Spec.ServiceName
	pod.Spec.Volumes = volumes(s, n, pod.Spec.Volumes)
	return pod
}

// identify labels a pod with its name and number.
func identify(pod *corev1.Pod, n int) {
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[appsv1.StatefulSetPodNameLabel] = pod.Name
	pod.Labels[appsv1.PodIndexLabel] = strconv.Itoa(n)
}

func identified(pod *corev1.Pod) bool {
	return pod.Labels[appsv1.StatefulSetPodNameLabel] == pod.Name
}

// volumes are those of the claims of an ordinal, and of the others those that
// have no claim's name.
func volumes(s *appsv1.StatefulSet, n int, others []corev1.Volume) []corev1.Volume {
	var all []corev1.Volume
	claimed := map[string]bool{}
	for i := range s.Spec.VolumeClaimTemplates {
		t := &s.Spec.VolumeClaimTemplates[i]
		claimed[t.Name] = true
		all = append(all, corev1.Volume{Name: t.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName(s, t, n)}}})
	}
	for _, v := range others {
		if !claimed[v.Name] {
			all = append(all, v)
		}
	}
	return all
}

// stored tells whether a pod has the volumes of its claims.
func stored(s *appsv1.StatefulSet, pod *corev1.Pod) bool {
	_, n := ordinal(pod.Name)
	for i := range s.Spec.VolumeClaimTemplates {
		t := &s.Spec.VolumeClaimTemplates[i]
		if !slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool {
			return v.Name == t.Name && v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claimName(s, t, n)
		}) {
			return false
		}
	}
	return true
}

func revisionOf(pod *corev1.Pod) string { return pod.Labels[appsv1.StatefulSetRevisionLabel] }

// A pod that has no phase is one that is only to be created.
func created(pod *corev1.Pod) bool { return pod.Status.Phase != "" }

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

func terminating(pod *corev1.Pod) bool { return pod.DeletionTimestamp != nil }

func readyCondition(pod *corev1.Pod) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return c
		}
	}
	return nil
}

func ready(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && readyCondition(pod) != nil
}
