package kubelet

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/sim"
)

// The back-off of mounts that fail
// (pkg/util/goroutinemap/exponentialbackoff).
const (
	firstMount = 500 * time.Millisecond
	lastMount  = 2*time.Minute + 2*time.Second
)

// mounted tells whether the pod's volumes can be set up. While one can't, an
// event says why, and the pod waits without a sandbox
// (pkg/volume/util/operationexecutor). Only ConfigMaps and Secrets, and keys of
// them, can be missing here.
func (w *worker) mounted() bool {
	for i := range w.pod.Spec.Volumes {
		v := &w.pod.Spec.Volumes[i]
		err := w.k.source(w.pod.Namespace, v)
		if err == nil {
			continue
		}
		w.mountDelay = min(max(2*w.mountDelay, firstMount), lastMount)
		w.k.event(w.pod, "", corev1.EventTypeWarning, "FailedMount", fmt.Sprintf("MountVolume.SetUp failed for volume %q : %v", v.Name, err))
		w.k.decided(w.pod, "mount", v.Name, "failed", err.Error())
		w.stopTimers()
		w.timers[sim.Idle] = w.k.c.After(w.mountDelay, sim.Idle, "mount the volumes of "+w.key, func() { w.again(w.step()) })
		return false
	}
	return true
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
