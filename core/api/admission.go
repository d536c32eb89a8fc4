package api

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// What the default admission plugins do to a pod that is created, as functions
// on the pod alone; the API server calls them, in this order, and turns their
// errors into 403s:
//
//	SetServiceAccount, UseServiceAccount   plugin/pkg/admission/serviceaccount
//	SetPriority                            plugin/pkg/admission/priority
//	SetDefaultTolerations                  plugin/pkg/admission/defaulttolerationseconds
//	SetRuntimeClass                        plugin/pkg/admission/runtimeclass
//
// and what a Binding does to its pod. Left out: mountable secrets.

// DefaultServiceAccount is the account of pods that name none.
const DefaultServiceAccount = "default"

const (
	tokenVolumePrefix = "kube-api-access-"
	tokenMountPath    = "/var/run/secrets/kubernetes.io/serviceaccount"
	// tokenSeconds is an hour and a bit: a sign to the token issuer to be lenient.
	tokenSeconds    = 3607
	unreachableWait = int64(300)
)

// UseServiceAccount gives a pod its account's token volume and image pull
// secrets. suffix makes the volume's name (NameSuffix). The caller has looked
// account up by the pod's spec.serviceAccountName, which SetServiceAccount has set.
func UseServiceAccount(pod *corev1.Pod, account *corev1.ServiceAccount, suffix string) {
	if automount(pod, account) {
		mountToken(&pod.Spec, suffix)
	}
	if len(pod.Spec.ImagePullSecrets) == 0 {
		pod.Spec.ImagePullSecrets = append(pod.Spec.ImagePullSecrets, account.ImagePullSecrets...)
	}
}

// SetServiceAccount names the default account where the pod names none.
func SetServiceAccount(pod *corev1.Pod) {
	setIfEmpty(&pod.Spec.ServiceAccountName, DefaultServiceAccount)
	pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
}

// automount: the pod's wish wins over its account's; the default is yes.
func automount(pod *corev1.Pod, account *corev1.ServiceAccount) bool {
	if pod.Spec.AutomountServiceAccountToken != nil {
		return *pod.Spec.AutomountServiceAccountToken
	}
	return ptr.Deref(account.AutomountServiceAccountToken, true)
}

// mountToken mounts the token in every container that has nothing at its path.
func mountToken(spec *corev1.PodSpec, suffix string) {
	name, exists := tokenVolumePrefix+suffix, false
	for _, v := range spec.Volumes {
		if strings.HasPrefix(v.Name, tokenVolumePrefix) {
			name, exists = v.Name, true
			break
		}
	}
	needed := false
	for _, c := range containers(spec) {
		if !mountsAt(c, tokenMountPath) {
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, ReadOnly: true, MountPath: tokenMountPath})
			needed = true
		}
	}
	if needed && !exists {
		source := corev1.VolumeSource{Projected: tokenVolume()}
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: name, VolumeSource: source})
	}
}

func mountsAt(c *corev1.Container, path string) bool {
	for _, m := range c.VolumeMounts {
		if m.MountPath == path {
			return true
		}
	}
	return false
}

func tokenVolume() *corev1.ProjectedVolumeSource {
	token := &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: ptr.To[int64](tokenSeconds)}
	rootCA := &corev1.ConfigMapProjection{
		LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
		Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
	}
	namespace := &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{
		Path:     "namespace",
		FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"},
	}}}
	return &corev1.ProjectedVolumeSource{
		DefaultMode: ptr.To(corev1.ProjectedVolumeSourceDefaultMode),
		Sources:     []corev1.VolumeProjection{{ServiceAccountToken: token}, {ConfigMap: rootCA}, {DownwardAPI: namespace}},
	}
}

// SetDefaultTolerations lets a pod stay for five minutes on a node that isn't
// ready or can't be reached, unless it says itself what it tolerates there.
// It runs on updates of pods too.
func SetDefaultTolerations(pod *corev1.Pod) {
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		if !toleratesNoExecute(pod.Spec.Tolerations, key) {
			pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{
				Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute,
				TolerationSeconds: ptr.To(unreachableWait),
			})
		}
	}
}

func toleratesNoExecute(tolerations []corev1.Toleration, key string) bool {
	for _, t := range tolerations {
		if (t.Key == key || t.Key == "") && (t.Effect == corev1.TaintEffectNoExecute || t.Effect == "") {
			return true
		}
	}
	return false
}

// SetPriority works out a new pod's priority from its class: the one it names,
// else the default one, nil where there is none. The error's text is the
// reason of a 403.
func SetPriority(pod *corev1.Pod, class *schedulingv1.PriorityClass) error {
	priority, policy := int32(0), corev1.PreemptLowerPriority
	switch {
	case class != nil:
		pod.Spec.PriorityClassName, priority = class.Name, class.Value
		if class.PreemptionPolicy != nil {
			policy = *class.PreemptionPolicy
		}
	case pod.Spec.PriorityClassName != "":
		return fmt.Errorf("no PriorityClass with name %s was found", pod.Spec.PriorityClassName)
	}
	if given := pod.Spec.Priority; given != nil && *given != priority {
		return fmt.Errorf("the integer value of priority (%d) must not be provided in pod spec; priority admission controller computed %d from the given PriorityClass name", *given, priority)
	}
	if given := pod.Spec.PreemptionPolicy; given != nil && *given != policy {
		return fmt.Errorf("the string value of PreemptionPolicy (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name", *given, policy)
	}
	pod.Spec.Priority, pod.Spec.PreemptionPolicy = &priority, &policy
	return nil
}

// SetRuntimeClass gives a pod its runtime class's overhead and node selector;
// class is nil where there is none of the name. The error's text is the reason
// of a 403 (plugin/pkg/admission/runtimeclass).
func SetRuntimeClass(pod *corev1.Pod, class *nodev1.RuntimeClass) error {
	if pod.Spec.RuntimeClassName == nil {
		if pod.Spec.Overhead != nil {
			return fmt.Errorf("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
		}
		return nil
	}
	if class == nil {
		return fmt.Errorf("pod rejected: RuntimeClass %q not found", *pod.Spec.RuntimeClassName)
	}
	if class.Overhead != nil {
		pod.Spec.Overhead = class.Overhead.DeepCopy().PodFixed
	}
	if class.Scheduling == nil {
		return nil
	}
	for key, value := range class.Scheduling.NodeSelector {
		if own, ok := pod.Spec.NodeSelector[key]; ok && own != value {
			return fmt.Errorf("conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s", key, value, key, own)
		}
	}
	pod.Spec.NodeSelector = merged(pod.Spec.NodeSelector, class.Scheduling.NodeSelector)
	pod.Spec.Tolerations = append(pod.Spec.Tolerations, class.Scheduling.DeepCopy().Tolerations...)
	return nil
}

// KeepPriority is SetPriority for updates: a client that leaves the fields out
// doesn't mean to change them.
func KeepPriority(pod, old *corev1.Pod) {
	if pod.Spec.Priority == nil {
		pod.Spec.Priority = old.Spec.Priority
	}
	if pod.Spec.PreemptionPolicy == nil {
		pod.Spec.PreemptionPolicy = old.Spec.PreemptionPolicy
	}
}

// CopyTopologyLabels puts a node's zone and region on a pod that is bound to
// it (plugin/pkg/admission/podtopologylabels).
func CopyTopologyLabels(labels map[string]string, node *corev1.Node) map[string]string {
	for _, key := range []string{corev1.LabelTopologyZone, corev1.LabelTopologyRegion} {
		value, ok := node.Labels[key]
		if !ok {
			continue
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = value
	}
	return labels
}

// ValidateBinding checks what a Binding points at.
func ValidateBinding(b *corev1.Binding) field.ErrorList {
	var errs field.ErrorList
	target := field.NewPath("target")
	if b.Target.Kind != "" && b.Target.Kind != "Node" {
		errs = append(errs, field.NotSupported(target.Child("kind"), b.Target.Kind, []string{"Node", "<empty>"}))
	}
	if b.Target.Name == "" {
		errs = append(errs, field.Required(target.Child("name"), ""))
	}
	return errs
}

// Bind assigns the pod to the binding's target, in place. The error's text is
// the reason of a 409 on pods/binding
// (pkg/registry/core/pod/storage.BindingREST).
func Bind(pod *corev1.Pod, b *corev1.Binding, now metav1.Time) error {
	switch {
	case pod.DeletionTimestamp != nil:
		return fmt.Errorf("pod %s is being deleted, cannot be assigned to a host", pod.Name)
	case pod.Spec.NodeName != "":
		return fmt.Errorf("pod %v is already assigned to node %q", pod.Name, pod.Spec.NodeName)
	case len(pod.Spec.SchedulingGates) != 0:
		return fmt.Errorf("pod %v has non-empty .spec.schedulingGates", pod.Name)
	}
	pod.Spec.NodeName = b.Target.Name
	pod.Status.NominatedNodeName = ""
	pod.Annotations = merged(pod.Annotations, b.Annotations)
	pod.Labels = merged(pod.Labels, b.Labels)
	SetPodCondition(&pod.Status, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, now)
	return nil
}

// merged is into with add's entries, into itself where that is a map.
func merged(into, add map[string]string) map[string]string {
	if into == nil && len(add) > 0 {
		into = map[string]string{}
	}
	for key, value := range add {
		into[key] = value
	}
	return into
}
