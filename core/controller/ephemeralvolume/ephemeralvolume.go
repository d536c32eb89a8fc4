// Package ephemeralvolume is the controller of generic ephemeral volumes: for
// each volume of a pod that has a claim template it creates the claim, which
// belongs to the pod and goes with it. From there the claim takes the way of
// any other.
//
// It follows pkg/controller/volume/ephemeral of Kubernetes v1.36.3; nothing is
// left out.
package ephemeralvolume

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
)

type claims struct {
	c    *client.Client
	pods *client.View[*corev1.Pod]
	all  *client.View[*corev1.PersistentVolumeClaim]
	loop *client.Loop
}

// Start runs the controller with c.
func Start(c *client.Client) {
	cs := &claims{
		c:    c,
		pods: client.NewView[*corev1.Pod](c, client.ViewOptions{}),
		all:  client.NewView[*corev1.PersistentVolumeClaim](c, client.ViewOptions{}),
	}
	cs.loop = c.NewLoop("make ephemeral volumes", cs.sync)
	cs.loop.Needs(cs.pods, cs.all)
	cs.pods.Index(byClaim, claimsOf)
	cs.pods.Handle(client.Handlers[*corev1.Pod]{Added: cs.look})
	cs.all.Handle(client.Handlers[*corev1.PersistentVolumeClaim]{Deleted: func(claim *corev1.PersistentVolumeClaim) {
		for _, pod := range cs.pods.By(byClaim, client.Key(claim)) {
			cs.look(pod)
		}
	}})
	cs.pods.Start()
	cs.all.Start()
}

// byClaim files pods under the claims of their ephemeral volumes.
const byClaim = "claim"

func claimsOf(pod *corev1.Pod) []string {
	var keys []string
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i]; v.Ephemeral != nil {
			keys = append(keys, pod.Namespace+"/"+api.PodClaim(pod, v))
		}
	}
	return keys
}

func (cs *claims) look(pod *corev1.Pod) {
	if len(claimsOf(pod)) > 0 {
		cs.loop.Add(client.Key(pod))
	}
}

// sync takes one pass over a pod: read, decide, act.
func (cs *claims) sync(key string) error {
	pod, ok := cs.pods.Get(client.SplitKey(key))
	if !ok || pod.DeletionTimestamp != nil {
		return nil
	}
	known := func(name string) *corev1.PersistentVolumeClaim {
		claim, _ := cs.all.Get(pod.Namespace, name)
		return claim
	}
	for _, step := range decide(pod, known) {
		err := step.conflict
		if err == nil {
			if _, err = client.Create(cs.c, step.claim); err != nil {
				err = fmt.Errorf("create PVC %s: %w", step.claim.Name, err)
			}
		}
		if err != nil {
			cs.c.EventFrom(client.EventSource{Component: "ephemeral_volume"}, pod, corev1.EventTypeWarning, "FailedBinding",
				fmt.Sprintf("ephemeral volume %s: %v", step.volume, err))
			return fmt.Errorf("pod %s, ephemeral volume %s: %w", key, step.volume, err)
		}
	}
	return nil
}

// step is what to do for one volume: make a claim, or report that there is one
// which is not the pod's.
type step struct {
	volume   string
	claim    *corev1.PersistentVolumeClaim
	conflict error
}

// decide finds the volumes of a pod that lack their claim.
func decide(pod *corev1.Pod, known func(name string) *corev1.PersistentVolumeClaim) []step {
	var steps []step
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if v.Ephemeral == nil {
			continue
		}
		switch claim := known(api.PodClaim(pod, v)); {
		case claim == nil:
			steps = append(steps, step{volume: v.Name, claim: claimFor(pod, v)})
		case !metav1.IsControlledBy(claim, pod):
			steps = append(steps, step{volume: v.Name, conflict: fmt.Errorf("PVC %s/%s was not created for pod %s/%s (pod is not owner)",
				claim.Namespace, claim.Name, pod.Namespace, pod.Name)})
		}
	}
	return steps
}

func claimFor(pod *corev1.Pod, v *corev1.Volume) *corev1.PersistentVolumeClaim {
	template := v.Ephemeral.VolumeClaimTemplate.DeepCopy()
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: api.PodClaim(pod, v), Labels: template.Labels, Annotations: template.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(pod, corev1.SchemeGroupVersion.WithKind("Pod"))},
		},
		Spec: template.Spec,
	}
}
