// Package namespace is the namespace controller: it empties a namespace that
// is being deleted, pods first, and then takes its finalizer off, which lets it
// go.
//
// It follows pkg/controller/namespace and its deletion folder of Kubernetes
// v1.36.3. Left out: discovery (the kinds served are known), and with it the
// failures that two of the conditions speak of; resources without
// deletecollection, of which there are none.
package namespace

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// patience is how long a deleted namespace is left alone at first, for the
// creations that are on their way into it.
const patience = 5 * time.Second

type namespaces struct {
	c    *client.Client
	all  *client.View[*corev1.Namespace]
	loop *client.Loop
}

// Start runs the controller with c.
func Start(c *client.Client) {
	ns := &namespaces{c: c, all: client.NewView[*corev1.Namespace](c, client.ViewOptions{})}
	ns.loop = c.NewLoop("empty namespace", ns.sync)
	ns.loop.Needs(ns.all)
	ns.all.Handle(client.Handlers[*corev1.Namespace]{
		Added:   ns.changed,
		Updated: func(_, n *corev1.Namespace) { ns.changed(n) },
	})
	ns.all.Start()
}

func (ns *namespaces) changed(n *corev1.Namespace) {
	if n.DeletionTimestamp != nil {
		ns.loop.AddAfter(n.Name, patience, sim.Work)
	}
}

// sync takes one pass over a namespace that is being deleted.
func (ns *namespaces) sync(name string) error {
	if _, ok := ns.all.Get("", name); !ok {
		return nil
	}
	n, err := client.Get[*corev1.Namespace](ns.c, "", name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if n.DeletionTimestamp == nil || len(n.Spec.Finalizers) == 0 {
		return nil
	}
	if n, err = ns.markTerminating(n); err != nil {
		return gone(err)
	}
	left, err := ns.empty(n)
	if err != nil {
		return err
	}
	if left.estimate > 0 {
		ns.loop.AddAfter(name, left.estimate/2+time.Second, left.class())
		return nil
	}
	return gone(ns.finalize(n))
}

func gone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// onConflict does write, and does it again on a fresh copy while others are faster.
func (ns *namespaces) onConflict(n *corev1.Namespace, write func(*corev1.Namespace) (*corev1.Namespace, error)) (*corev1.Namespace, error) {
	for {
		written, err := write(n)
		if !apierrors.IsConflict(err) {
			return written, err
		}
		fresh, err := client.Get[*corev1.Namespace](ns.c, "", n.Name)
		if err != nil {
			return nil, err
		}
		if fresh.UID != n.UID {
			return nil, fmt.Errorf("namespace uid has changed across retries")
		}
		n = fresh
	}
}

func (ns *namespaces) markTerminating(n *corev1.Namespace) (*corev1.Namespace, error) {
	return ns.onConflict(n, func(n *corev1.Namespace) (*corev1.Namespace, error) {
		if n.Status.Phase == corev1.NamespaceTerminating {
			return n, nil
		}
		n = n.DeepCopy()
		n.Status.Phase = corev1.NamespaceTerminating
		return client.UpdateStatus(ns.c, n)
	})
}

func (ns *namespaces) finalize(n *corev1.Namespace) error {
	_, err := ns.onConflict(n, func(n *corev1.Namespace) (*corev1.Namespace, error) {
		n = n.DeepCopy()
		n.Spec.Finalizers = slices.DeleteFunc(n.Spec.Finalizers, func(f corev1.FinalizerName) bool {
			return f == corev1.FinalizerKubernetes
		})
		return client.UpdateSub(ns.c, n, "finalize")
	})
	return err
}
