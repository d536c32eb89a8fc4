package apiserver

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

var (
	namespaceResource     = corev1.SchemeGroupVersion.WithResource("namespaces")
	accountResource       = corev1.SchemeGroupVersion.WithResource("serviceaccounts")
	podResource           = corev1.SchemeGroupVersion.WithResource("pods")
	secretResource        = corev1.SchemeGroupVersion.WithResource("secrets")
	nodeResource          = corev1.SchemeGroupVersion.WithResource("nodes")
	limitResource         = corev1.SchemeGroupVersion.WithResource("limitranges")
	quotaResource         = corev1.SchemeGroupVersion.WithResource("resourcequotas")
	priorityResource      = schedulingv1.SchemeGroupVersion.WithResource("priorityclasses")
	runtimeClassResource  = nodev1.SchemeGroupVersion.WithResource("runtimeclasses")
	storageClassResource  = storagev1.SchemeGroupVersion.WithResource("storageclasses")
	ingressClassResource  = networkingv1.SchemeGroupVersion.WithResource("ingressclasses")
	defaultIngressClassOf = networkingv1.AnnotationIsDefaultIngressClass
)

// admitCreate is what kube-apiserver's default admission plugins change in a
// new object, in their order (pkg/kubeapiserver/options/plugins.go):
// NamespaceLifecycle, LimitRanger, ServiceAccount, TaintNodesByCondition,
// Priority, DefaultTolerationSeconds, DefaultStorageClass,
// StorageObjectInUseProtection, RuntimeClass and DefaultIngressClass. What they
// do to a pod is in the package api. Whether they let the object in comes after
// its validation (admit.go).
func (s *Server) admitCreate(c *call, obj api.Object) error {
	if err := s.admitNamespace(c, obj); err != nil {
		return err
	}
	if k := c.res.Custom; k != nil && k.Definition.Is(apiextensionsv1.Terminating) {
		return c.forbidden(obj, errTerminating)
	}
	switch obj := obj.(type) {
	case *corev1.Pod:
		return s.admitPod(c, obj)
	case *corev1.Node:
		taintNewNode(obj)
	case *corev1.PersistentVolumeClaim:
		s.defaultStorageClass(obj)
		protect(obj, api.ClaimFinalizer)
	case *corev1.PersistentVolume:
		protect(obj, api.VolumeFinalizer)
	case *networkingv1.Ingress:
		s.defaultIngressClass(obj)
	}
	return nil
}

// taintNewNode keeps pods off a node until the node controller has seen that it
// is ready, and takes the taint off.
func taintNewNode(node *corev1.Node) {
	taint := corev1.Taint{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule}
	if !slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) }) {
		node.Spec.Taints = append(node.Spec.Taints, taint)
	}
}

var errTerminating = errors.New("create not allowed while custom resource definition is terminating")

func (s *Server) admitPod(c *call, pod *corev1.Pod) error {
	s.shelves[limitResource].each(c.Namespace, "", func(it *item) bool {
		api.ApplyLimitDefaults(it.object().(*corev1.LimitRange), pod)
		return true
	})
	if err := s.admitAccount(c, pod); err != nil {
		return err
	}
	if err := api.SetPriority(pod, s.priorityClass(pod.Spec.PriorityClassName)); err != nil {
		return c.forbidden(pod, err)
	}
	api.SetDefaultTolerations(pod)
	var class *nodev1.RuntimeClass
	if name := pod.Spec.RuntimeClassName; name != nil {
		if it := s.shelves[runtimeClassResource].find("", *name); it != nil {
			class = it.object().(*nodev1.RuntimeClass)
		}
	}
	if err := api.SetRuntimeClass(pod, class); err != nil {
		return c.forbidden(pod, err)
	}
	return nil
}

// priorityClass is the class of a name, or with "" the default: of several the
// one that is worth least.
func (s *Server) priorityClass(name string) *schedulingv1.PriorityClass {
	sh := s.shelves[priorityResource]
	if name != "" {
		if it := sh.find("", name); it != nil {
			return it.object().(*schedulingv1.PriorityClass)
		}
		return nil
	}
	var found *schedulingv1.PriorityClass
	sh.each("", "", func(it *item) bool {
		class := it.object().(*schedulingv1.PriorityClass)
		if class.GlobalDefault && (found == nil || class.Value < found.Value) {
			found = class
		}
		return true
	})
	return found
}

// defaultClass is the class that an annotation makes the default: of several
// the newest, then the first by name.
func (s *Server) defaultClass(resource schema.GroupVersionResource, annotations ...string) string {
	var found api.Object
	s.shelves[resource].each("", "", func(it *item) bool {
		class := it.object()
		for _, annotation := range annotations {
			newer := found == nil || found.GetCreationTimestamp().Time.Before(class.GetCreationTimestamp().Time)
			if class.GetAnnotations()[annotation] == "true" && newer {
				found = class
			}
		}
		return true
	})
	if found == nil {
		return ""
	}
	return found.GetName()
}

func (s *Server) defaultStorageClass(claim *corev1.PersistentVolumeClaim) {
	if _, ok := claim.Annotations[corev1.BetaStorageClassAnnotation]; ok || claim.Spec.StorageClassName != nil {
		return
	}
	if class := s.defaultClass(storageClassResource, api.DefaultClassAnnotation, api.BetaDefaultClassAnnotation); class != "" {
		claim.Spec.StorageClassName = &class
	}
}

// protect keeps an object from going while it is in use; a controller takes the
// finalizer away.
func protect(obj metav1.Object, finalizer string) {
	if have := obj.GetFinalizers(); !slices.Contains(have, finalizer) {
		obj.SetFinalizers(append(have, finalizer))
	}
}

func (s *Server) defaultIngressClass(ingress *networkingv1.Ingress) {
	if _, ok := ingress.Annotations["kubernetes.io/ingress.class"]; ok || ingress.Spec.IngressClassName != nil {
		return
	}
	if class := s.defaultClass(ingressClassResource, defaultIngressClassOf); class != "" {
		ingress.Spec.IngressClassName = &class
	}
}

// admitUpdate is what they change in an update of the main resource.
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
