package persistentvolume

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

// syncClaim takes one pass over a claim: read, decide, act.
func (b *binder) syncClaim(claim *corev1.PersistentVolumeClaim) error {
	s := seen{claim: claim, volumes: b.volumes.list(), fallback: b.defaultClass()}
	if class, ok := b.classes.Get("", api.ClaimClass(claim)); ok {
		s.class = class
	}
	d := decideClaim(s)
	if d.do == hope {
		say, err := b.expecting(claim)
		if err != nil {
			return err
		}
		d.do, d.say = pend, say
	}
	err := b.actOnClaim(claim, s, d)
	if d.do != bind && d.do != lose && err == nil {
		b.loop.AddAfter(client.Key(claim), resync, sim.Idle)
	}
	if apierrors.IsNotFound(err) {
		return nil // claim or volume went meanwhile, and its going wakes the loop
	}
	return err
}

func (b *binder) actOnClaim(claim *corev1.PersistentVolumeClaim, s seen, d decision) error {
	switch d.do {
	case bind:
		delete(b.told, client.Key(claim))
		return b.bind(d.volume, claim)
	case lose:
		return b.lose(claim, d.say)
	case classify:
		claim = claim.DeepCopy()
		claim.Spec.StorageClassName = &s.fallback
		return b.updateClaim(claim)
	case provision:
		if err := b.ask(claim, s.class.Provisioner); err != nil {
			return err
		}
	}
	b.tell(client.Key(claim), claim, d.say)
	if d.do == pend {
		_, err := b.claimPhase(claim, corev1.ClaimPending, nil)
		return err
	}
	return nil
}

// defaultClass is the class that claims without one get: of several the newest.
func (b *binder) defaultClass() string {
	var best *storagev1.StorageClass
	for _, class := range b.classes.List() {
		marked := class.Annotations[api.DefaultClassAnnotation] == "true" || class.Annotations[api.BetaDefaultClassAnnotation] == "true"
		if marked && (best == nil || best.CreationTimestamp.Time.Before(class.CreationTimestamp.Time)) {
			best = class
		}
	}
	if best == nil {
		return ""
	}
	return best.Name
}

// expecting says what a claim waits for that the scheduler is to see to: a pod
// that uses it, or that one's node.
func (b *binder) expecting(claim *corev1.PersistentVolumeClaim) (news, error) {
	resp, err := b.c.Do(&rest.Request{Verb: rest.List, Resource: api.Of[*corev1.Pod]().GVR(), Namespace: claim.Namespace,
		ListOptions: metav1.ListOptions{FieldSelector: "spec.nodeName="}})
	if err != nil {
		return news{}, err
	}
	var pods []string
	_ = meta.EachListItem(resp.Object, func(o runtime.Object) error { // never fails: the list is one of ours
		pod := o.(*corev1.Pod)
		if slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return api.PodClaim(pod, &v) == claim.Name }) {
			pods = append(pods, pod.Name)
		}
		return nil
	})
	switch len(pods) {
	case 0:
		return normal("WaitForFirstConsumer", "waiting for first consumer to be created before binding"), nil
	case 1:
		return normal("WaitForPodScheduled", fmt.Sprintf("waiting for pod %s to be scheduled", pods[0])), nil
	}
	return normal("WaitForPodScheduled", fmt.Sprintf("waiting for pods %s to be scheduled", strings.Join(pods, ","))), nil
}

// tell reports about an object that waits, if it is news: not what was said of
// it last, be it before a restart.
func (b *binder) tell(key string, about api.Object, n news) bool {
	last, known := b.told[key]
	if !known && n != (news{}) && b.said(about, n) {
		last = n
	}
	b.told[key] = n
	if n == last {
		return false
	}
	b.report(about, n)
	return true
}

// said tells whether there is an event that says this of an object.
func (b *binder) said(about api.Object, n news) bool {
	resp, err := b.c.Do(&rest.Request{Verb: rest.List, Resource: api.Of[*corev1.Event]().GVR(), Namespace: about.GetNamespace(),
		ListOptions: metav1.ListOptions{FieldSelector: "involvedObject.uid=" + string(about.GetUID()) + ",reason=" + n.reason}})
	if err != nil {
		return false
	}
	found := false
	_ = meta.EachListItem(resp.Object, func(o runtime.Object) error { // never fails: the list is one of ours
		found = found || o.(*corev1.Event).Message == n.message
		return nil
	})
	return found
}

func (b *binder) report(about api.Object, n news) {
	if n != (news{}) {
		b.c.EventFrom(client.EventSource{Component: component}, about, n.kind, n.reason, n.message)
	}
}

// ask tells a provisioner by annotation that a claim is for it to see to.
func (b *binder) ask(claim *corev1.PersistentVolumeClaim, provisioner string) error {
	if claim.Annotations[api.AnnProvisioner] == provisioner {
		return nil
	}
	claim = claim.DeepCopy()
	metav1.SetMetaDataAnnotation(&claim.ObjectMeta, api.AnnBetaProvisioner, provisioner)
	metav1.SetMetaDataAnnotation(&claim.ObjectMeta, api.AnnProvisioner, provisioner)
	return b.updateClaim(claim)
}

// lose marks a claim whose data is gone.
func (b *binder) lose(claim *corev1.PersistentVolumeClaim, say news) error {
	if claim.Status.Phase == corev1.ClaimLost {
		return nil
	}
	if _, err := b.claimPhase(claim, corev1.ClaimLost, nil); err != nil {
		return err
	}
	b.report(claim, say)
	return nil
}

func (b *binder) updateClaim(claim *corev1.PersistentVolumeClaim) error {
	stored, err := client.Update(b.c, claim)
	if err == nil {
		b.claims.wrote(stored)
	}
	return err
}
