package job

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

func tracked(pod *corev1.Pod) bool {
	return slices.Contains(pod.Finalizers, batchv1.JobTrackingFinalizer)
}

// releaseAll sees to the pods of a job that counts no more.
func (js *jobs) releaseAll(j *batchv1.Job) {
	for _, pod := range js.pods.By(controller.ByOwner, string(j.UID)) {
		if tracked(pod) {
			js.orphans.Add(client.Key(pod))
		}
	}
}

// release takes the finalizer off a pod that no job counts (syncOrphanPod).
func (js *jobs) release(key string) error {
	pod, ok := js.pods.Get(client.SplitKey(key))
	if !ok || !tracked(pod) {
		return nil
	}
	if j := js.jobOf(pod); j != nil && !finished(j) {
		return nil
	}
	_, err := js.untrack(pod)
	return err
}

// untrack takes the finalizer off a pod; one that is gone needs it no more.
func (js *jobs) untrack(pod *corev1.Pod) (revision int64, err error) {
	uid := pod.UID
	patched, err := client.Patch(js.c, pod.Namespace, pod.Name, "", func(p *corev1.Pod) {
		p.UID = uid
		p.Finalizers = slices.DeleteFunc(slices.Clone(p.Finalizers), func(f string) bool { return f == batchv1.JobTrackingFinalizer })
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return controller.Revision(patched), nil
}
