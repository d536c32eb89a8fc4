package kubelet

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
)

// ManifestsName is the ConfigMap, of the namespace of the image catalogue, that
// stands for the machines' folders of static pods, /etc/kubernetes/manifests:
// its key node-1.web.yaml is the file web.yaml of the machine node-1.
const ManifestsName = "static-pods"

// The annotations of static pods and of their mirrors
// (pkg/kubelet/types/pod_update.go).
const (
	sourceAnnotation = "kubernetes.io/config.source"
	seenAnnotation   = "kubernetes.io/config.seen"
	hashAnnotation   = "kubernetes.io/config.hash"
	mirrorAnnotation = corev1.MirrorPodAnnotationKey
)

// readManifests takes in the machine's static pods, before the pods that the
// API server knows, for the mirrors among those are told by them.
func (k *kubelet) readManifests() {
	k.manifests = client.NewView[*corev1.ConfigMap](k.c, client.ViewOptions{
		Namespace: CatalogueNamespace, FieldSelector: "metadata.name=" + ManifestsName,
	})
	take := func(m *corev1.ConfigMap, data map[string]string) {
		before := k.statics
		k.statics = k.staticPods(m, data)
		for _, key := range slices.Sorted(maps.Keys(before)) {
			k.loop.Add(key)
		}
		for _, key := range slices.Sorted(maps.Keys(k.statics)) {
			k.loop.Add(key)
		}
	}
	k.manifests.Handle(client.Handlers[*corev1.ConfigMap]{
		Added:   func(m *corev1.ConfigMap) { take(m, m.Data) },
		Updated: func(_, m *corev1.ConfigMap) { take(m, m.Data) },
		Deleted: func(m *corev1.ConfigMap) { take(m, nil) },
	})
	k.manifests.OnSynced(k.pods.Start)
	k.loop.Needs(k.pods)
}

// staticPods are the pods of the machine's files, by key. A file that is no
// pod's is told of and passed over.
func (k *kubelet) staticPods(m *corev1.ConfigMap, data map[string]string) map[string]*corev1.Pod {
	out := map[string]*corev1.Pod{}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		file, ours := strings.CutPrefix(key, k.node.Name+".")
		if !ours {
			continue
		}
		pod, err := k.staticPod(file, data[key])
		if err != nil {
			k.c.EventFrom(client.EventSource{Component: component, Host: k.node.Name}, m, corev1.EventTypeWarning, "InvalidStaticPod", file+": "+err.Error())
			continue
		}
		out[client.Key(pod)] = pod
	}
	return out
}

// staticPod reads a file, and completes the pod in it
// (applyDefaults of pkg/kubelet/config/common.go).
func (k *kubelet) staticPod(file, text string) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(text), pod); err != nil {
		return nil, err
	}
	if pod.Kind != "Pod" || pod.Name == "" || len(pod.Spec.Containers) == 0 {
		return nil, fmt.Errorf("it is no Pod with a name and containers")
	}
	h := fnv.New128a()
	fmt.Fprintf(h, "%shost:%sfile:/etc/kubernetes/manifests/%s", text, k.node.Name, file)
	hash := fmt.Sprintf("%x", h.Sum(nil))
	pod.Name += "-" + strings.ToLower(k.node.Name)
	if pod.Namespace == "" {
		pod.Namespace = metav1.NamespaceDefault
	}
	pod.Spec.NodeName = k.node.Name
	pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute})
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[hashAnnotation], pod.Annotations[mirrorAnnotation] = hash, hash
	pod.Annotations[sourceAnnotation] = "file"
	pod.Annotations[seenAnnotation] = k.c.Now().UTC().Format(time.RFC3339Nano)
	return pod, nil
}

// mirror keeps the object of a static pod, by which the API server knows of it,
// like its file: made where there is none, deleted when the file has gone or is
// another. Deleted by somebody else it is let go at once and made anew; what
// runs does not notice (pkg/kubelet/pod/mirror_client.go; kubelet.go,
// tryReconcileMirrorPods). done says that there is nothing else to do.
func (k *kubelet) mirror(key string, pod *corev1.Pod, there bool) (done bool, err error) {
	want, hash := k.statics[key], ""
	if there {
		hash = pod.Annotations[mirrorAnnotation]
	}
	switch {
	case want == nil && hash == "":
		return false, nil
	case !there:
		return true, k.makeMirror(want)
	case want != nil && hash == want.Annotations[mirrorAnnotation] && pod.DeletionTimestamp != nil:
		if w := k.workers[key]; w != nil {
			w.leave()
		}
		return true, k.deleteMirror(pod, new(int64))
	case hash != "" && pod.DeletionTimestamp == nil && (want == nil || hash != want.Annotations[mirrorAnnotation]):
		return false, k.deleteMirror(pod, nil)
	}
	return false, nil
}

func (k *kubelet) makeMirror(want *corev1.Pod) error {
	pod, yes := want.DeepCopy(), true
	pod.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "v1", Kind: "Node", Name: k.self.Name, UID: k.self.UID, Controller: &yes,
	}}
	_, err := client.Create(k.c, pod)
	if apierrors.IsAlreadyExists(err) {
		return nil // it is still to be told of
	}
	if err != nil {
		k.c.EventFrom(client.EventSource{Component: component, Host: k.node.Name}, k.self, corev1.EventTypeWarning, "FailedCreateMirrorPod", err.Error())
	}
	return err
}

func (k *kubelet) deleteMirror(pod *corev1.Pod, grace *int64) error {
	uid := types.UID(pod.UID)
	err := client.Delete[*corev1.Pod](k.c, pod.Namespace, pod.Name, &metav1.DeleteOptions{
		GracePeriodSeconds: grace, Preconditions: &metav1.Preconditions{UID: &uid},
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// leave forgets a pod whose object is gone. What runs of a static pod goes on.
func (w *worker) leave() {
	want := w.k.statics[w.key]
	if want == nil || w.box == nil || want.Annotations[mirrorAnnotation] != w.pod.Annotations[mirrorAnnotation] {
		w.abandon()
		return
	}
	w.op.Stop()
	w.stopTimers()
	w.free()
	w.k.kept[w.key] = w.box
}

// takeBack gives a static pod's new object what runs of it.
func (k *kubelet) takeBack(key string, pod api.Object) {
	box := k.kept[key]
	if box == nil {
		return
	}
	delete(k.kept, key)
	delete(k.node.boxes, box.uid)
	box.uid = pod.GetUID()
	k.node.boxes[box.uid] = box
}
