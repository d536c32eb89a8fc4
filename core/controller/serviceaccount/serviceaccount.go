// Package serviceaccount is the ServiceAccount controller: it sees to it that
// every active namespace has the account named default, without which no pod
// is admitted. It follows pkg/controller/serviceaccount/serviceaccounts_controller.go
// of Kubernetes v1.36.3. Left out: tokens and their cleaning.
package serviceaccount

import (
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

const name = "default"

type accounts struct {
	c          *client.Client
	namespaces *client.View[*corev1.Namespace]
	accounts   *client.View[*corev1.ServiceAccount]
}

// Start runs the controller with c.
func Start(c *client.Client) {
	a := &accounts{
		c:          c,
		namespaces: client.NewView[*corev1.Namespace](c, client.ViewOptions{}),
		accounts:   client.NewView[*corev1.ServiceAccount](c, client.ViewOptions{FieldSelector: "metadata.name=" + name}),
	}
	loop := c.NewLoop("default account of namespace", a.sync)
	loop.Needs(a.namespaces, a.accounts)
	a.namespaces.Handle(client.Handlers[*corev1.Namespace]{
		Added:   func(ns *corev1.Namespace) { loop.Add(ns.Name) },
		Updated: func(_, ns *corev1.Namespace) { loop.Add(ns.Name) },
	})
	a.accounts.Handle(client.Handlers[*corev1.ServiceAccount]{
		Deleted: func(sa *corev1.ServiceAccount) { loop.Add(sa.Namespace) },
	})
	a.namespaces.Start()
	a.accounts.Start()
}

func (a *accounts) sync(namespace string) error {
	ns, known := a.namespaces.Get("", namespace)
	_, has := a.accounts.Get(namespace, name)
	if !known || has || ns.Status.Phase != corev1.NamespaceActive {
		return nil
	}
	_, err := client.Create(a.c, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}})
	if apierrors.IsAlreadyExists(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	return err
}
