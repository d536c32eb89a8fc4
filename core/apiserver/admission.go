package apiserver

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
)

var (
	namespaceResource = corev1.SchemeGroupVersion.WithResource("namespaces")
	accountResource   = corev1.SchemeGroupVersion.WithResource("serviceaccounts")
	podResource       = corev1.SchemeGroupVersion.WithResource("pods")
	nodeResource      = corev1.SchemeGroupVersion.WithResource("nodes")
)

// admitCreate is what kube-apiserver's default admission plugins do to a new
// object, as far as their kinds are served: NamespaceLifecycle,
// ServiceAccount, DefaultTolerationSeconds and Priority
// (pkg/kubeapiserver/options/plugins.go; what they do to a pod is in the
// package api). TaintNodesByCondition is left out: here a node can be scheduled
// to from its first report on.
func (s *Server) admitCreate(c *call, obj api.Object) error {
	if err := s.admitNamespace(c, obj); err != nil {
		return err
	}
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return nil
	}
	if err := s.admitAccount(c, pod); err != nil {
		return err
	}
	if err := s.admitPriority(pod); err != nil {
		return c.forbidden(obj, err)
	}
	api.SetDefaultTolerations(pod)
	return nil
}

// admitUpdate is what they do to an update of the main resource.
func admitUpdate(obj, old api.Object) {
	if pod, ok := obj.(*corev1.Pod); ok {
		api.KeepPriority(pod, old.(*corev1.Pod))
		api.SetDefaultTolerations(pod)
	}
}

// admitDelete keeps the namespaces that NamespaceLifecycle never lets go.
func admitDelete(c *call) error {
	if c.res.GroupResource() == namespaceResource.GroupResource() && immortal[c.Name] {
		return apierrors.NewForbidden(c.res.GroupResource(), c.Name, errors.New("this namespace may not be deleted"))
	}
	return nil
}

var immortal = map[string]bool{"default": true, "kube-system": true, "kube-public": true}

// forbidden is the 403 of an admission plugin.
func (c *call) forbidden(obj metav1.Object, err error) *apierrors.StatusError {
	name := "Unknown"
	switch {
	case c.Name != "":
		name = c.Name
	case obj.GetName() != "":
		name = obj.GetName()
	case obj.GetGenerateName() != "":
		name = obj.GetGenerateName()
	}
	return apierrors.NewForbidden(c.shown().GroupResource(), name, err)
}

// admitNamespace lets nothing into a namespace that isn't there or is going.
func (s *Server) admitNamespace(c *call, obj api.Object) error {
	if !c.res.Namespaced {
		return nil
	}
	it := s.shelves[namespaceResource].find("", c.Namespace)
	if it == nil {
		return apierrors.NewNotFound(namespaceResource.GroupResource(), c.Namespace)
	}
	if it.object().(*corev1.Namespace).Status.Phase != corev1.NamespaceTerminating {
		return nil
	}
	err := c.forbidden(obj, fmt.Errorf("unable to create new content in namespace %s because it is being terminated", c.Namespace))
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{
		Type:    corev1.NamespaceTerminatingCause,
		Message: fmt.Sprintf("namespace %s is being terminated", c.Namespace),
		Field:   "metadata.namespace",
	})
	return err
}

var priorityResource = api.Of[*schedulingv1.PriorityClass]().GVR()

func (s *Server) admitPriority(pod *corev1.Pod) error {
	shelf := s.shelves[priorityResource]
	named := func(name string) *schedulingv1.PriorityClass {
		if it := shelf.find("", name); it != nil {
			return it.object().(*schedulingv1.PriorityClass)
		}
		return nil
	}
	var defaults []*schedulingv1.PriorityClass
	if pod.Spec.PriorityClassName == "" {
		shelf.each("", "", func(it *item) bool {
			if class := it.object().(*schedulingv1.PriorityClass); class.GlobalDefault {
				defaults = append(defaults, class)
			}
			return true
		})
	}
	return api.SetPriority(pod, named, defaults)
}

// admitAccount gives a pod its service account, which has to exist.
func (s *Server) admitAccount(c *call, pod *corev1.Pod) error {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return nil
	}
	api.SetServiceAccount(pod)
	name := pod.Spec.ServiceAccountName
	it := s.shelves[accountResource].find(c.Namespace, name)
	if it == nil {
		return c.forbidden(pod, fmt.Errorf("error looking up service account %s/%s: %w", c.Namespace, name,
			apierrors.NewNotFound(schema.GroupResource{Resource: "serviceaccount"}, name)))
	}
	api.UseServiceAccount(pod, it.object().(*corev1.ServiceAccount), api.NameSuffix(s.opts.Rand("token-volume")))
	return nil
}
