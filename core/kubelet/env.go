package kubelet

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
)

// fetched are the values that a container's variables take from ConfigMaps and
// Secrets, by variable.
type fetched map[string]string

// fetchEnv gets what a container's variables refer to. The error is why the
// container can't be created: CreateContainerConfigError
// (pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables).
func (k *kubelet) fetchEnv(pod *corev1.Pod, c *corev1.Container) (fetched, error) {
	out := fetched{}
	for i := range c.EnvFrom {
		if err := k.fetchAll(pod, &c.EnvFrom[i], out); err != nil {
			return nil, err
		}
	}
	for i := range c.Env {
		from := c.Env[i].ValueFrom
		if from == nil || from.ConfigMapKeyRef == nil && from.SecretKeyRef == nil {
			continue
		}
		value, found, err := k.fetchKey(pod, from)
		if err != nil {
			return nil, err
		}
		if found {
			out[c.Env[i].Name] = value
		}
	}
	return out, nil
}

func (k *kubelet) fetchAll(pod *corev1.Pod, from *corev1.EnvFromSource, out fetched) error {
	switch {
	case from.ConfigMapRef != nil:
		data, err := k.configMap(pod.Namespace, from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
		if err != nil {
			return err
		}
		for key, value := range data {
			out[from.Prefix+key] = value
		}
	case from.SecretRef != nil:
		data, err := k.secret(pod.Namespace, from.SecretRef.Name, from.SecretRef.Optional)
		if err != nil {
			return err
		}
		for key, value := range data {
			out[from.Prefix+key] = string(value)
		}
	}
	return nil
}

func (k *kubelet) fetchKey(pod *corev1.Pod, from *corev1.EnvVarSource) (value string, found bool, err error) {
	missing := func(kind, key, name string, optional *bool) error {
		if found || optional != nil && *optional {
			return nil
		}
		return fmt.Errorf("couldn't find key %v in %s %v/%v", key, kind, pod.Namespace, name)
	}
	if ref := from.ConfigMapKeyRef; ref != nil {
		data, err := k.configMap(pod.Namespace, ref.Name, ref.Optional)
		if err != nil {
			return "", false, err
		}
		value, found = data[ref.Key]
		return value, found, missing("ConfigMap", ref.Key, ref.Name, ref.Optional)
	}
	ref := from.SecretKeyRef
	data, err := k.secret(pod.Namespace, ref.Name, ref.Optional)
	if err != nil {
		return "", false, err
	}
	secret, found2 := data[ref.Key]
	found = found2
	return string(secret), found, missing("Secret", ref.Key, ref.Name, ref.Optional)
}

func (k *kubelet) configMap(namespace, name string, optional *bool) (map[string]string, error) {
	m, err := client.Get[*corev1.ConfigMap](k.c, namespace, name)
	if err != nil {
		return nil, unlessOptional[*corev1.ConfigMap](err, name, optional)
	}
	return m.Data, nil
}

func (k *kubelet) secret(namespace, name string, optional *bool) (map[string][]byte, error) {
	s, err := client.Get[*corev1.Secret](k.c, namespace, name)
	if err != nil {
		return nil, unlessOptional[*corev1.Secret](err, name, optional)
	}
	return s.Data, nil
}

// unlessOptional is the error in the words of the kubelet's own cache.
func unlessOptional[T api.Object](err error, name string, optional *bool) error {
	if !apierrors.IsNotFound(err) {
		return err
	}
	if optional != nil && *optional {
		return nil
	}
	return fmt.Errorf("%s %q not found", strings.ToLower(api.Of[T]().Kind), name)
}
