// Package rootca is the publisher of the cluster's root certificate: it keeps
// the ConfigMap kube-root-ca.crt in every namespace. It follows
// pkg/controller/certificates/rootcacertpublisher of Kubernetes v1.36.3.
//
// The certificate is a constant: nothing in this cluster is signed with it, but
// pods' volumes name the ConfigMap and clients read it.
package rootca

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

const (
	name = "kube-root-ca.crt"
	// descriptionKey and description are part of the API that users see.
	descriptionKey = "kubernetes.io/description"
	description    = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints " +
		"such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
)

const certificate = `-----BEGIN CERTIFICATE-----
MIIBYzCCAQmgAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDEw10YWJlcm5l
dGVzLWNhMCAXDTI1MDEwMTAwMDAwMFoYDzIxMjUwMTAxMDAwMDAwWjAYMRYwFAYD
VQQDEw10YWJlcm5ldGVzLWNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExioW
gFvVNcGjzjxZURyy3dP7AvujTugHYBnKWdB7VKXVnmJgholYSw6R7RAcW+9KxpJR
UVIUtuSK7pQj22x3MKNCMEAwDgYDVR0PAQH/BAQDAgKEMA8GA1UdEwEB/wQFMAMB
Af8wHQYDVR0OBBYEFMsicoEXViTBPJmbonEKeNNFqDi+MAoGCCqGSM49BAMCA0gA
MEUCIQCaftriO5u7XLHxhu5/UEOfLqJl2YTzF1dqX0yzZR+x/gIgWZp2JB+jIyOf
M895jCchBpOHMfjr35tcb1iofo+Ards=
-----END CERTIFICATE-----
`

type publisher struct {
	c    *client.Client
	maps *client.View[*corev1.ConfigMap]
}

// Start runs the controller with c.
func Start(c *client.Client) {
	p := &publisher{c: c, maps: client.NewView[*corev1.ConfigMap](c, client.ViewOptions{FieldSelector: "metadata.name=" + name})}
	namespaces := client.NewView[*corev1.Namespace](c, client.ViewOptions{})
	loop := c.NewLoop("root certificate of namespace", p.sync)
	loop.Needs(p.maps, namespaces)
	namespaces.Handle(client.Handlers[*corev1.Namespace]{
		Added: func(ns *corev1.Namespace) { loop.Add(ns.Name) },
		Updated: func(_, ns *corev1.Namespace) {
			if ns.Status.Phase == corev1.NamespaceActive {
				loop.Add(ns.Name)
			}
		},
	})
	p.maps.Handle(client.Handlers[*corev1.ConfigMap]{
		Updated: func(_, m *corev1.ConfigMap) { loop.Add(m.Namespace) },
		Deleted: func(m *corev1.ConfigMap) { loop.Add(m.Namespace) },
	})
	namespaces.Start()
	p.maps.Start()
}

func (p *publisher) sync(namespace string) error {
	data := map[string]string{"ca.crt": certificate}
	have, ok := p.maps.Get(namespace, name)
	if !ok {
		_, err := client.Create(p.c, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: namespace, Name: name, Annotations: map[string]string{descriptionKey: description},
			},
			Data: data,
		})
		if apierrors.IsNotFound(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
			return nil
		}
		return err
	}
	if maps.Equal(have.Data, data) && have.Annotations[descriptionKey] != "" {
		return nil
	}
	have = have.DeepCopy()
	have.Data = data
	if have.Annotations == nil {
		have.Annotations = map[string]string{}
	}
	have.Annotations[descriptionKey] = description
	_, err := client.Update(p.c, have)
	return err
}
