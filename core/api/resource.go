// Package api holds the kinds that Tabernetes serves: their Go types (always
// upstream's, from k8s.io/api), names, defaults, validation, what a create or
// an update may change, the columns of their tables and the fields that can be
// selected on. It knows nothing of requests, storage or time.
//
// The API server walks this registry; to serve another kind, add a Resource to
// it. Names follow k8s.io/apimachinery's metav1.APIResource. Of Kubernetes
// v1.36 the defaults follow pkg/apis/<group>/v1/defaults.go, the strategies
// pkg/registry/<group>/<kind>/strategy.go, the validation
// pkg/apis/<group>/validation with its words and its order, the tables
// pkg/printers/internalversion/printers.go, and what admission makes of a pod
// plugin/pkg/admission. Tests compare all of them with a real API server's
// recorded answers.
//
// Beside the registry there are the kinds that a cluster defines for itself:
// custom.go makes a Resource of each version of a CustomResourceDefinition, which
// the cluster's API server keeps.
//
// Left out are the groups resource.k8s.io, certificates.k8s.io,
// admissionregistration.k8s.io, flowcontrol.apiserver.k8s.io and the older
// autoscaling/v1. Of pods' validation and defaults: what validate_podspec.go
// names (resource claims, Windows and host users, most of the security context,
// pod-level resources, volume sources of single vendors). Of the other kinds'
// validation: the stricter rules of events.k8s.io, CSIDrivers, CSINodes,
// CSIStorageCapacities, VolumeAttachments, VolumeAttributesClasses and
// EndpointSlices beyond their metadata, persistent volumes' sources beyond
// that there is one, autoscalers' targets for objects, pods and external
// metrics, quotas' scope selectors, allowed topologies, and what a bound claim
// may change. Dropping the fields of disabled feature gates: the defaults of
// v1.36 hold.
package api

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Object is what the API stores: an upstream type with metadata and its own
// protobuf encoding. Objects are immutable once they have been handed to the
// API server or received from it: copy (DeepCopyObject) before changing one.
type Object interface {
	runtime.Object
	metav1.Object
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// Resource describes one kind: its names and its behaviour. Hooks may be nil,
// which means "nothing special".
type Resource struct {
	Group, Version, Kind string
	Plural, Singular     string
	ShortNames           []string
	Categories           []string
	Namespaced           bool
	// Subresources lists what is served beside the object: status, scale, binding, log, ….
	Subresources []string
	// Verbs are those served, in alphabetical order; nil means all of them.
	Verbs []string
	// Unstored says that requests are answered without anything being stored:
	// reviews, component statuses.
	Unstored bool
	// ListKind is the kind of lists; "" means Kind and "List".
	ListKind string
	// Custom is set on kinds that a CustomResourceDefinition defines. They are
	// not in the registry: each cluster has its own.
	Custom *CustomKind
	// Form is set on a kind that is another form of one that is stored:
	// events.k8s.io's events.
	Form *Form

	// New and NewList return empty typed values.
	New     func() Object
	NewList func() runtime.Object

	// Default fills in what the client left out, as upstream's SetDefaults_… do.
	Default func(Object)
	// Restore fills in what the storage encoding doesn't keep: kind and
	// apiVersion of objects within the object.
	Restore func(Object)
	// PrepareCreate clears what a client may not set (status) and sets generation.
	PrepareCreate func(Object)
	// PrepareUpdate keeps the old status (on the main resource) and raises the
	// generation when the spec changed. old must not be changed.
	PrepareUpdate func(obj, old Object)
	// PrepareStatusUpdate keeps everything but the status.
	PrepareStatusUpdate func(obj, old Object)
	// Validate and its siblings return upstream's errors, in upstream's order and words.
	// ObjectMeta has been validated by the caller through ValidateMeta.
	Validate             func(Object) field.ErrorList
	ValidateUpdate       func(obj, old Object) field.ErrorList
	ValidateStatusUpdate func(obj, old Object) field.ErrorList
	// ValidateName checks a name's form; nil means a DNS subdomain.
	ValidateName func(name string, prefix bool) []string
	// Warnings are what the real API server sends as Warning headers.
	Warnings func(obj, old Object) []string

	// Deprecated is a warning that comes with every answer.
	Deprecated string

	// Columns and Row make the server-side table, as pkg/printers/internalversion does.
	Columns []metav1.TableColumnDefinition
	// Row returns one cell a column. now is virtual time, for ages.
	Row func(obj Object, now time.Time) []any
	// Fields returns what field selectors match, besides metadata.name and metadata.namespace.
	Fields func(Object) fields.Set

	// GracePeriod returns how many seconds a deletion waits for its kubelet
	// (pods bound to a node), 0 for at once. override is the client's wish, nil for none.
	GracePeriod func(obj Object, override *int64) int64
	// DefaultPropagation is what a delete without a policy means; empty is Background.
	DefaultPropagation metav1.DeletionPropagation
	// CreatedByUpdate lets an update make what isn't there, NeedsVersion wants
	// every update to name the version that it is based on, and ReturnsDeleted
	// answers a deletion with the object instead of a Status.
	CreatedByUpdate, NeedsVersion, ReturnsDeleted bool
}

// Form says how a kind is stored as another one, by which all hooks are done:
// a form has names, types and a conversion.
type Form struct {
	Of schema.GroupVersionResource
	// Read makes the form of a stored object, which it doesn't change.
	Read func(stored Object) Object
	// Write makes what is to be stored. old is what is stored now, nil for a
	// new object: what the form doesn't show is kept from it.
	Write func(obj, old Object) Object
	// Label is the stored kind's name of a field selector's label; nil means that they are the same.
	Label func(string) string
}

// GVR is the resource's full name.
func (r *Resource) GVR() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Plural}
}

// GVK is the kind's full name.
func (r *Resource) GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind}
}

// GroupResource is the name that errors carry, e.g. deployments.apps.
func (r *Resource) GroupResource() schema.GroupResource { return r.GVR().GroupResource() }

// ListGVK is the full name of the kind's lists.
func (r *Resource) ListGVK() schema.GroupVersionKind {
	if r.ListKind != "" {
		return r.GVK().GroupVersion().WithKind(r.ListKind)
	}
	return r.GVK().GroupVersion().WithKind(r.Kind + "List")
}

// APIVersion is the object's apiVersion: "v1", "apps/v1".
func (r *Resource) APIVersion() string { return r.GVK().GroupVersion().String() }

// HasSubresource tells whether the subresource is served.
func (r *Resource) HasSubresource(name string) bool {
	for _, s := range r.Subresources {
		if s == name {
			return true
		}
	}
	return false
}

// registry lists what is served in discovery's order; the maps index it.
type index struct {
	all    []*Resource
	stored []*Resource
	byGVR  map[schema.GroupVersionResource]*Resource
	byGVK  map[schema.GroupVersionKind]*Resource
	byType map[reflect.Type]*Resource
}

var registry = newIndex(resources())

func newIndex(all []*Resource) index {
	ix := index{
		all:    all,
		byGVR:  map[schema.GroupVersionResource]*Resource{},
		byGVK:  map[schema.GroupVersionKind]*Resource{},
		byType: map[reflect.Type]*Resource{},
	}
	for _, r := range all {
		ix.byGVR[r.GVR()], ix.byGVK[r.GVK()] = r, r
		ix.byType[reflect.TypeOf(r.New())] = r
		if !r.Unstored && r.Form == nil {
			ix.stored = append(ix.stored, r)
		}
	}
	return ix
}

// All returns every resource of the registry in discovery's order. What a
// cluster serves beside them by CustomResourceDefinitions its server knows.
func All() []*Resource { return registry.all }

// Stored returns the resources that have objects of their own, in discovery's
// order: All without those that are forms of another or answered unstored.
func Stored() []*Resource { return registry.stored }

// StoredAs is the resource that r's objects are stored as: r itself but for forms.
func (r *Resource) StoredAs() *Resource {
	if r.Form == nil {
		return r
	}
	return Lookup(r.Form.Of)
}

// Serves tells whether a verb is served.
func (r *Resource) Serves(verb string) bool { return r.Verbs == nil || slices.Contains(r.Verbs, verb) }

// Lookup finds a resource by group, version and plural; nil when it isn't served.
func Lookup(gvr schema.GroupVersionResource) *Resource { return registry.byGVR[gvr] }

// LookupKind finds a resource by kind; nil when it isn't served.
func LookupKind(gvk schema.GroupVersionKind) *Resource { return registry.byGVK[gvk] }

// For returns the resource of an object; it panics on a Go type that is not
// served, which is a bug in the caller.
func For(obj Object) *Resource {
	if c, ok := obj.(*Custom); ok {
		return c.resource()
	}
	r := registry.byType[reflect.TypeOf(obj)]
	if r == nil {
		panic(fmt.Sprintf("api: %T is not served", obj))
	}
	return r
}

// Of is For without a value at hand: Of[*appsv1.Deployment]().
func Of[T Object]() *Resource {
	var zero T
	return For(zero)
}
