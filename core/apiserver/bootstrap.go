package apiserver

import (
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/rest"
)

// systemNamespaces are those that the API server itself looks after
// (pkg/controlplane/controller/systemnamespaces), in the order in which the
// real one makes them.
var systemNamespaces = []string{"kube-system", "kube-public", "kube-node-lease", "default"}

// Bootstrap makes the system namespaces that are missing, as the actor "apiserver".
func (s *Server) Bootstrap() error {
	for _, name := range systemNamespaces {
		if s.shelves[namespaceResource].find("", name) != nil {
			continue
		}
		resp := s.Serve(&rest.Request{
			Verb: rest.Create, Resource: namespaceResource, Actor: "apiserver",
			Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
		})
		if status := resp.Status(); status != nil {
			return &apierrors.StatusError{ErrStatus: *status}
		}
	}
	return nil
}
