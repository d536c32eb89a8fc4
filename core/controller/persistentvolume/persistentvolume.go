// Package persistentvolume is the volume controller, also called the binder: it
// gives each claim a volume that fits, and sees to what becomes of a volume
// whose claim is gone.
//
// A binding is two references, from the volume to the claim and back, and two
// phases. They are four writes, and the controller may stop after any of them:
// that a volume names a claim reserves it, and everything else is completed
// from there. A claim whose class waits for its first consumer is left to the
// scheduler, which promises it a volume or names the node where one is to be
// made; a claim for which a volume is to be made is left to the provisioner
// that its class names.
//
// It follows pkg/controller/volume/persistentvolume of Kubernetes v1.36.3. A
// claim that waits is looked at again every 15 seconds, as upstream looks at
// all, but what an event says is said anew only when it changes: an unchanged
// world is not written to. Left out: provisioners inside the controller and
// what was migrated from them to CSI, the reclaim policy Recycle (deprecated;
// such a volume fails), and annotations for resizing before binding.
package persistentvolume

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

const (
	component = "persistentvolume-controller"
	// resync is how often what waits is looked at.
	resync = 15 * time.Second
	// moment is how long a new claim waits for its first pass: who creates a
	// volume and then a claim for it means this order, which the notifications
	// of two watches don't keep.
	moment = 10 * time.Millisecond
)

type binder struct {
	c       *client.Client
	loop    *client.Loop
	claims  *own[*corev1.PersistentVolumeClaim]
	volumes *own[*corev1.PersistentVolume]
	classes *client.View[*storagev1.StorageClass]
	told    map[string]news // what was said last of an object that waits
}

// Start runs the controller with c.
func Start(c *client.Client) {
	b := &binder{c: c, claims: newOwn[*corev1.PersistentVolumeClaim](c), volumes: newOwn[*corev1.PersistentVolume](c),
		classes: client.NewView[*storagev1.StorageClass](c, client.ViewOptions{}), told: map[string]news{}}
	b.loop = c.NewLoop("bind", b.sync)
	b.loop.Needs(b.claims.view, b.volumes.view, b.classes)
	b.claims.view.Handle(client.Handlers[*corev1.PersistentVolumeClaim]{
		Added:   func(p *corev1.PersistentVolumeClaim) { b.loop.AddAfter(client.Key(p), moment, sim.Work) },
		Updated: func(_, p *corev1.PersistentVolumeClaim) { b.loop.Add(client.Key(p)) },
		Deleted: b.claimGone,
	})
	b.volumes.view.Handle(client.Handlers[*corev1.PersistentVolume]{
		Added:   func(v *corev1.PersistentVolume) { b.loop.Add(v.Name) },
		Updated: func(_, v *corev1.PersistentVolume) { b.loop.Add(v.Name) },
		Deleted: b.volumeGone,
	})
	b.classes.Start()
	b.volumes.view.Start()
	b.claims.view.Start()
}

func (b *binder) claimGone(p *corev1.PersistentVolumeClaim) {
	delete(b.told, client.Key(p))
	if p.Spec.VolumeName != "" {
		b.loop.Add(p.Spec.VolumeName)
	}
}

func (b *binder) volumeGone(v *corev1.PersistentVolume) {
	delete(b.told, v.Name)
	if ref := v.Spec.ClaimRef; ref != nil {
		b.loop.Add(ref.Namespace + "/" + ref.Name)
	}
}

// sync takes one pass over a claim, or over a volume: its key has no namespace.
func (b *binder) sync(key string) error {
	namespace, name := client.SplitKey(key)
	if namespace == "" {
		volume, ok := b.volumes.get("", name)
		if !ok {
			return nil
		}
		return b.syncVolume(volume)
	}
	claim, ok := b.claims.get(namespace, name)
	if !ok {
		return nil
	}
	return b.syncClaim(claim)
}
