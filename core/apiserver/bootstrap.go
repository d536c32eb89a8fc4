package apiserver

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// systemNamespaces are those that the API server itself looks after
// (pkg/controlplane/controller/systemnamespaces), in the order in which the
// real one makes them.
var systemNamespaces = []string{"kube-system", "kube-public", "kube-node-lease", "default"}

// bootstrapActor makes what the API server itself is the author of.
const bootstrapActor = "apiserver"

// Where the API server is reached, as the endpoints of the service kubernetes
// say it: an address beside those of nodes and pods, and kube-apiserver's port.
const (
	apiServerIP   = "10.0.0.1"
	apiServerPort = 6443
)

// Bootstrap makes what a control plane finds itself with and is not there yet:
// the system's namespaces and priority classes, the range of service addresses
// and the service kubernetes with its endpoints (pkg/controlplane), and the roles
// that everybody's rights begin with. The
// caller's objects of the same names are left alone. A new cluster also has the
// storage class that kind gives its own; one that was there before keeps the
// classes that it has.
func (s *Server) Bootstrap() error {
	objects := append(bootstrapObjects(), s.opts.Roles...)
	if s.shelves[namespaceResource].find("", metav1.NamespaceSystem) == nil {
		objects = append(objects, standardClass())
	}
	for _, obj := range objects {
		res := api.For(obj)
		if s.shelves[res.GVR()].find(obj.GetNamespace(), obj.GetName()) != nil {
			continue
		}
		resp := s.Serve(&rest.Request{
			Verb: rest.Create, Resource: res.GVR(), Namespace: obj.GetNamespace(), Actor: bootstrapActor,
			UserAgent: "kube-apiserver", Object: obj,
		})
		if status := resp.Status(); status != nil {
			return &apierrors.StatusError{ErrStatus: *status}
		}
	}
	return nil
}

func bootstrapObjects() []api.Object {
	var out []api.Object
	for _, name := range systemNamespaces {
		out = append(out, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	out = append(out, bootstrapRoles()...)
	return append(out,
		systemPriority("system-node-critical", 2_000_001_000,
			"Used for system critical pods that must not be moved from their current node."),
		systemPriority("system-cluster-critical", 2_000_000_000,
			"Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."),
		&networkingv1.ServiceCIDR{
			ObjectMeta: metav1.ObjectMeta{Name: "kubernetes"},
			Spec:       networkingv1.ServiceCIDRSpec{CIDRs: []string{serviceRange.String()}},
		},
		kubernetesService(), kubernetesEndpoints(), kubernetesSlice(),
	)
}

func systemPriority(name string, value int32, description string) *schedulingv1.PriorityClass {
	return &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Value: value, Description: description}
}

// standardClass is the default class, for which core/controller/provisioner
// makes volumes.
func standardClass() *storagev1.StorageClass {
	return &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: "standard", Annotations: map[string]string{api.DefaultClassAnnotation: "true"}},
		Provisioner:       "rancher.io/local-path",
		VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
	}
}

func kubernetesMeta(labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: "kubernetes", Namespace: metav1.NamespaceDefault, Labels: labels}
}

func kubernetesService() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: kubernetesMeta(map[string]string{"component": "apiserver", "provider": "kubernetes"}),
		Spec: corev1.ServiceSpec{
			ClusterIP: nthAddress(0),
			Ports: []corev1.ServicePort{{
				Name: "https", Protocol: corev1.ProtocolTCP, Port: 443, TargetPort: intstr.FromInt32(apiServerPort),
			}},
		},
	}
}

func kubernetesEndpoints() *corev1.Endpoints {
	return &corev1.Endpoints{
		ObjectMeta: kubernetesMeta(map[string]string{discoveryv1.LabelSkipMirror: "true"}),
		Subsets: []corev1.EndpointSubset{{
			Addresses: []corev1.EndpointAddress{{IP: apiServerIP}},
			Ports:     []corev1.EndpointPort{{Name: "https", Port: apiServerPort, Protocol: corev1.ProtocolTCP}},
		}},
	}
}

func kubernetesSlice() *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta:  kubernetesMeta(map[string]string{discoveryv1.LabelServiceName: "kubernetes"}),
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses: []string{apiServerIP}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
		}},
		Ports: []discoveryv1.EndpointPort{{Name: ptr.To("https"), Port: ptr.To[int32](apiServerPort), Protocol: ptr.To(corev1.ProtocolTCP)}},
	}
}
