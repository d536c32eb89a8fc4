package kubelet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// The back-off of mounts that fail
// (pkg/util/goroutinemap/exponentialbackoff).
const (
	firstMount = 500 * time.Millisecond
	lastMount  = 2*time.Minute + 2*time.Second
	// claimDelay is how long a pod waits whose claims can't be used (pkg/kubelet, backOffPeriod).
	claimDelay = 10 * time.Second
)

// mounted tells whether the pod's volumes can be set up. While one can't, an
// event says why, and the pod waits without a sandbox
// (pkg/volume/util/operationexecutor). Only claims that aren't bound, ConfigMaps
// and Secrets, and keys of them, can be missing here.
func (w *worker) mounted() bool {
	if err := w.claimed(); err != nil {
		w.mountFailed("", err, claimDelay)
		return false
	}
	for i := range w.pod.Spec.Volumes {
		v := &w.pod.Spec.Volumes[i]
		err := w.k.source(w.pod.Namespace, v)
		if err == nil {
			continue
		}
		w.mountDelay = min(max(2*w.mountDelay, firstMount), lastMount)
		w.mountFailed(v.Name, fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", v.Name, err), w.mountDelay)
		return false
	}
	return true
}

// mountFailed says so, and has it tried again.
func (w *worker) mountFailed(volume string, err error, delay time.Duration) {
	w.k.event(w.pod, "", corev1.EventTypeWarning, "FailedMount", err.Error())
	w.k.decided(w.pod, "mount", volume, "failed", err.Error())
	w.stopTimers()
	w.timers[sim.Idle] = w.k.c.After(delay, sim.Idle, "mount the volumes of "+w.key, func() { w.again(w.step()) })
}

// claimed tells what the pod's claims lack (pkg/kubelet/volumemanager).
func (w *worker) claimed() error {
	var names, reasons []string
	for i := range w.pod.Spec.Volumes {
		v := &w.pod.Spec.Volumes[i]
		claim := api.PodClaim(w.pod, v)
		if claim == "" {
			continue
		}
		if err := w.k.bound(w.pod, v, claim); err != nil {
			names = append(names, v.Name)
			reasons = append(reasons, err.Error())
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("Unable to attach or mount volumes: unmounted volumes=%v, unattached volumes=[], failed to process volumes=%v: %s",
		names, names, strings.Join(reasons, "; "))
}

// bound tells why the claim behind a pod's volume can't be used, if so.
func (k *kubelet) bound(pod *corev1.Pod, v *corev1.Volume, name string) error {
	failed := func(format string, args ...any) error {
		return fmt.Errorf("error processing PVC %s/%s: %s", pod.Namespace, name, fmt.Sprintf(format, args...))
	}
	claim, err := client.Get[*corev1.PersistentVolumeClaim](k.c, pod.Namespace, name)
	switch {
	case err != nil:
		return failed("failed to fetch PVC from API server: %v", err)
	case claim.DeletionTimestamp != nil && !slices.Contains(claim.Finalizers, api.ClaimFinalizer):
		return failed("PVC is being deleted")
	case claim.Status.Phase != corev1.ClaimBound:
		return failed("PVC is not bound")
	case claim.Spec.VolumeName == "":
		return failed("PVC has empty pvc.Spec.VolumeName")
	case v.Ephemeral != nil && !metav1.IsControlledBy(claim, pod):
		return fmt.Errorf("PVC %s/%s was not created for pod %s/%s (pod is not owner)", claim.Namespace, name, pod.Namespace, pod.Name)
	}
	volume, err := client.Get[*corev1.PersistentVolume](k.c, "", claim.Spec.VolumeName)
	switch {
	case err != nil:
		return failed("failed to fetch PV %s from API server: %v", claim.Spec.VolumeName, err)
	case volume.Spec.ClaimRef == nil:
		return failed("found PV object %s but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim", volume.Name)
	case volume.Spec.ClaimRef.UID != claim.UID:
		return failed("found PV object %s but its pv.Spec.ClaimRef.UID %s does not point to claim.UID %s", volume.Name, volume.Spec.ClaimRef.UID, claim.UID)
	}
	return nil
}

// source gets what a volume is made of.
func (k *kubelet) source(namespace string, v *corev1.Volume) error {
	switch {
	case v.ConfigMap != nil:
		data, err := k.configMap(namespace, v.ConfigMap.Name, v.ConfigMap.Optional)
		if err != nil || data == nil {
			return err
		}
		return missingItem(v.ConfigMap.Items, v.ConfigMap.Optional, func(key string) bool { _, ok := data[key]; return ok })
	case v.Secret != nil:
		data, err := k.secret(namespace, v.Secret.SecretName, v.Secret.Optional)
		if err != nil || data == nil {
			return err
		}
		return missingItem(v.Secret.Items, v.Secret.Optional, func(key string) bool { _, ok := data[key]; return ok })
	}
	return nil
}

func missingItem(items []corev1.KeyToPath, optional *bool, has func(string) bool) error {
	i := slices.IndexFunc(items, func(item corev1.KeyToPath) bool { return !has(item.Key) })
	if i < 0 || optional != nil && *optional {
		return nil
	}
	return fmt.Errorf("references non-existent config key: %s", items[i].Key)
}
