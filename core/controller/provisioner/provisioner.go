// Package provisioner is the actor that makes volumes on demand and removes
// them again. It is no part of Kubernetes: it stands for the local-path
// provisioner (github.com/rancher/local-path-provisioner) that a kind or k3s
// cluster comes with, and the library that such programs are built on
// (sigs.k8s.io/sig-storage-lib-external-provisioner, controller), whose
// annotations, events and words it uses. It is why the class standard of a new
// cluster works.
//
// A claim is its to see to when the volume controller has put its name on it
// and, where the class waits for the first consumer, the scheduler has named a
// node. It then makes a volume that is a folder of that node, and that only
// this node can reach. Unlike its model it lets claims grow whose class allows
// it (resize.go). Left out: the pod that makes the folder, whose time
// passes all the same; the configuration of paths; leader election.
package provisioner

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/sim"
)

const (
	// Name is what classes call it.
	Name = "rancher.io/local-path"
	// component reports its events; upstream's name ends in the pod's and a UID.
	component = Name + "_local-path-provisioner"
	// helper is how long the pod takes that makes a folder or clears one away.
	helper = 2 * time.Second
)

type provisioner struct {
	c       *client.Client
	loop    *client.Loop
	claims  *client.View[*corev1.PersistentVolumeClaim]
	volumes *client.View[*corev1.PersistentVolume]
	classes *client.View[*storagev1.StorageClass]
	done    map[types.UID]time.Time // when a claim's folder is made, or a volume's cleared away
	failed  map[types.UID]string    // why a claim can't have a volume
	wrote   controller.Written      // to a claim's status
}

// Start runs the provisioner with c.
func Start(c *client.Client) {
	p := &provisioner{c: c, done: map[types.UID]time.Time{}, failed: map[types.UID]string{}, wrote: controller.Written{},
		claims:  client.NewView[*corev1.PersistentVolumeClaim](c, client.ViewOptions{}),
		volumes: client.NewView[*corev1.PersistentVolume](c, client.ViewOptions{}),
		classes: client.NewView[*storagev1.StorageClass](c, client.ViewOptions{})}
	p.loop = c.NewLoop("provision", p.sync)
	p.loop.Needs(p.claims, p.volumes, p.classes)
	// Its class may not be known yet.
	wanted := func(claim *corev1.PersistentVolumeClaim) {
		if p.named(claim) || asksForMore(claim) {
			p.loop.Add(client.Key(claim))
		}
	}
	classed := func(*storagev1.StorageClass) {
		for _, claim := range p.claims.List() {
			wanted(claim)
		}
	}
	p.classes.Handle(client.Handlers[*storagev1.StorageClass]{
		Added: classed, Updated: func(_, class *storagev1.StorageClass) { classed(class) },
	})
	p.claims.Handle(client.Handlers[*corev1.PersistentVolumeClaim]{
		Added: wanted, Updated: func(_, claim *corev1.PersistentVolumeClaim) { wanted(claim) },
		Deleted: func(claim *corev1.PersistentVolumeClaim) {
			p.forget(claim.UID)
			delete(p.wrote, client.Key(claim))
		},
	})
	unwanted := func(v *corev1.PersistentVolume) {
		if released(v) {
			p.loop.Add(v.Name)
		}
	}
	p.volumes.Handle(client.Handlers[*corev1.PersistentVolume]{
		Added: unwanted,
		Updated: func(old, v *corev1.PersistentVolume) {
			if unwanted(v); v.Spec.ClaimRef != nil && !old.Spec.Capacity.Storage().Equal(*v.Spec.Capacity.Storage()) {
				p.loop.Add(v.Spec.ClaimRef.Namespace + "/" + v.Spec.ClaimRef.Name)
			}
		},
		Deleted: func(v *corev1.PersistentVolume) { p.forget(v.UID) },
	})
	p.classes.Start()
	p.volumes.Start()
	p.claims.Start()
}

func (p *provisioner) forget(uid types.UID) {
	delete(p.done, uid)
	delete(p.failed, uid)
}

// named tells whether the volume controller has left a claim to this provisioner.
func (p *provisioner) named(claim *corev1.PersistentVolumeClaim) bool {
	return claim.Spec.VolumeName == "" && claim.Annotations[api.AnnProvisioner] == Name
}

// mine tells whether a claim is for this provisioner to see to.
func (p *provisioner) mine(claim *corev1.PersistentVolumeClaim) bool {
	if !p.named(claim) {
		return false
	}
	class, ok := p.classes.Get("", api.ClaimClass(claim))
	if !ok || class.Provisioner != Name {
		return false
	}
	waits := class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	return !waits || claim.Annotations[api.AnnSelectedNode] != ""
}

// released tells whether a volume is to be removed.
func released(v *corev1.PersistentVolume) bool {
	return v.Annotations[api.AnnProvisionedBy] == Name && v.Status.Phase == corev1.VolumeReleased &&
		v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete && v.DeletionTimestamp == nil
}

// sync takes one pass over a claim, or over a volume: its key has no namespace.
func (p *provisioner) sync(key string) error {
	namespace, name := client.SplitKey(key)
	if namespace == "" {
		if v, ok := p.volumes.Get("", name); ok && released(v) && p.worked(key, v.UID) {
			return ignoreMissing(client.Delete[*corev1.PersistentVolume](p.c, "", name, nil))
		}
		return nil
	}
	claim, ok := p.claims.Get(namespace, name)
	if !ok {
		return nil
	}
	if v, more := p.grows(claim); more {
		return p.grow(key, claim, v)
	}
	if !p.mine(claim) {
		return nil
	}
	return p.provision(key, claim)
}

// worked tells whether the helper is done with a folder; it begins where it has not.
func (p *provisioner) worked(key string, uid types.UID) bool {
	at, begun := p.done[uid]
	if !begun {
		at = p.c.Now().Add(helper)
		p.done[uid] = at
	}
	left := at.Sub(p.c.Now())
	if left > 0 {
		p.loop.AddAfter(key, left, sim.Work)
	}
	return left <= 0
}

// provision makes the volume of a claim.
func (p *provisioner) provision(key string, claim *corev1.PersistentVolumeClaim) error {
	if _, there := p.volumes.Get("", volumeName(claim)); there {
		return nil
	}
	class, _ := p.classes.Get("", api.ClaimClass(claim))
	if why := refusal(claim); why != "" {
		if p.failed[claim.UID] != why {
			p.failed[claim.UID] = why
			p.report(claim, corev1.EventTypeWarning, "ProvisioningFailed",
				fmt.Sprintf("failed to provision volume with StorageClass %q: %s", class.Name, why))
		}
		return nil
	}
	if _, begun := p.done[claim.UID]; !begun {
		p.report(claim, corev1.EventTypeNormal, "Provisioning",
			fmt.Sprintf("External provisioner is provisioning volume for claim %q", client.Key(claim)))
	}
	if !p.worked(key, claim.UID) {
		return nil
	}
	volume := volumeFor(claim, class)
	_, err := client.Create(p.c, volume)
	switch {
	case apierrors.IsAlreadyExists(err):
		return nil // from before a restart; its notification is on its way
	case err != nil:
		return err
	}
	p.report(claim, corev1.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume "+volumeName(claim))
	return nil
}

func (p *provisioner) report(claim *corev1.PersistentVolumeClaim, kind, reason, message string) {
	p.c.EventFrom(client.EventSource{Component: component}, claim, kind, reason, message)
}

// refusal says why a claim can't have a folder of a node.
func refusal(claim *corev1.PersistentVolumeClaim) string {
	switch {
	case claim.Spec.Selector != nil:
		return "claim.Spec.Selector is not supported"
	case slices.ContainsFunc(claim.Spec.AccessModes, func(m corev1.PersistentVolumeAccessMode) bool {
		return m != corev1.ReadWriteOnce && m != corev1.ReadWriteOncePod
	}):
		return "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"
	case claim.Annotations[api.AnnSelectedNode] == "":
		return "configuration error, no node was specified"
	}
	return ""
}

func ignoreMissing(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
