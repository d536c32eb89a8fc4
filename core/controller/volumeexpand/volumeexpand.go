// Package volumeexpand is the expand controller: of a bound claim that asks for
// more than it has it says that somebody has to make the volume larger. None of
// the volumes that Kubernetes itself knows can be grown by it any more, so that
// is all: the work is an external controller's, here core/controller/provisioner's.
//
// It follows pkg/controller/volume/expand of Kubernetes v1.36.3. Left out: the
// names of the CSI drivers that volumes of old kinds have moved to.
package volumeexpand

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

type expander struct {
	c      *client.Client
	claims *client.View[*corev1.PersistentVolumeClaim]
	loop   *client.Loop
}

// Start runs the controller with c.
func Start(c *client.Client) {
	e := &expander{c: c, claims: client.NewView[*corev1.PersistentVolumeClaim](c, client.ViewOptions{})}
	e.loop = c.NewLoop("expand volume", e.sync)
	e.loop.Needs(e.claims)
	look := func(claim *corev1.PersistentVolumeClaim) {
		if claim.Status.Phase == corev1.ClaimBound {
			e.loop.Add(client.Key(claim))
		}
	}
	e.claims.Handle(client.Handlers[*corev1.PersistentVolumeClaim]{
		Added: look,
		Updated: func(old, claim *corev1.PersistentVolumeClaim) {
			if claim.Spec.Resources.Requests.Storage().Cmp(*old.Spec.Resources.Requests.Storage()) > 0 ||
				claim.Status.Capacity.Storage().Cmp(*old.Status.Capacity.Storage()) > 0 {
				look(claim)
			}
		},
	})
	e.claims.Start()
}

// sync takes one pass over a claim.
func (e *expander) sync(key string) error {
	claim, ok := e.claims.Get(client.SplitKey(key))
	if !ok || claim.Spec.Resources.Requests.Storage().Cmp(*claim.Status.Capacity.Storage()) <= 0 {
		return nil
	}
	volume, err := client.Get[*corev1.PersistentVolume](e.c, "", claim.Spec.VolumeName)
	if err != nil {
		return fmt.Errorf("failed to get PV %q: %w", claim.Spec.VolumeName, err)
	}
	if ref := volume.Spec.ClaimRef; ref == nil || ref.Namespace != claim.Namespace || ref.UID != claim.UID {
		return fmt.Errorf("persistent Volume is not bound to PVC being updated : %s", key)
	}
	e.c.EventFrom(client.EventSource{Component: "volume_expand"}, claim, corev1.EventTypeNormal, "ExternalExpanding",
		"waiting for an external controller to expand this PVC")
	return nil
}
