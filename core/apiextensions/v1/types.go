// Package v1 holds the type CustomResourceDefinition with the names and the
// JSON of apiextensions.k8s.io/v1, so that a learner's manifest of a kind of
// their own is read and written as Kubernetes does.
//
// The types are our own, since upstream's package
// (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1, v0.36.3) brings its
// internal twin, the conversions between the two and protobuf, which the browser
// need not load. Their storage form is JSON, as upstream's is. Left out:
// protobuf, the ConversionReview that webhooks exchange, and upstream's words
// about the fields.
package v1

import (
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Group and Version are where definitions are served.
const (
	Group   = "apiextensions.k8s.io"
	Version = "v1"
)

// CleanupFinalizer keeps a definition until its objects are gone.
const CleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"

// The conditions of a definition that are kept here.
const (
	Established   = "Established"
	NamesAccepted = "NamesAccepted"
	Terminating   = "Terminating"
)

// The scopes of a kind.
const (
	ClusterScoped   = "Cluster"
	NamespaceScoped = "Namespaced"
)

// CustomResourceDefinition defines a kind: its names, its versions, and how
// objects of each version have to look.
type CustomResourceDefinition struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   CustomResourceDefinitionSpec   `json:"spec"`
	Status CustomResourceDefinitionStatus `json:"status,omitempty"`
}

// CustomResourceDefinitionList is a list of definitions.
type CustomResourceDefinitionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CustomResourceDefinition `json:"items"`
}

// CustomResourceDefinitionSpec says what is wanted.
type CustomResourceDefinitionSpec struct {
	Group                 string                            `json:"group"`
	Names                 CustomResourceDefinitionNames     `json:"names"`
	Scope                 string                            `json:"scope"`
	Versions              []CustomResourceDefinitionVersion `json:"versions"`
	Conversion            *CustomResourceConversion         `json:"conversion,omitempty"`
	PreserveUnknownFields bool                              `json:"preserveUnknownFields,omitempty"`
}

// CustomResourceConversion says how objects get from one version to another.
type CustomResourceConversion struct {
	Strategy string             `json:"strategy"`
	Webhook  *WebhookConversion `json:"webhook,omitempty"`
}

// WebhookConversion is a webhook that converts.
type WebhookConversion struct {
	ClientConfig             *WebhookClientConfig `json:"clientConfig,omitempty"`
	ConversionReviewVersions []string             `json:"conversionReviewVersions"`
}

// WebhookClientConfig is where a webhook is.
type WebhookClientConfig struct {
	URL      *string           `json:"url,omitempty"`
	Service  *ServiceReference `json:"service,omitempty"`
	CABundle []byte            `json:"caBundle,omitempty"`
}

// ServiceReference is a service that is a webhook.
type ServiceReference struct {
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Path      *string `json:"path,omitempty"`
	Port      *int32  `json:"port,omitempty"`
}

// CustomResourceDefinitionVersion is one version of a kind.
type CustomResourceDefinitionVersion struct {
	Name                     string                           `json:"name"`
	Served                   bool                             `json:"served"`
	Storage                  bool                             `json:"storage"`
	Deprecated               bool                             `json:"deprecated,omitempty"`
	DeprecationWarning       *string                          `json:"deprecationWarning,omitempty"`
	Schema                   *CustomResourceValidation        `json:"schema,omitempty"`
	Subresources             *CustomResourceSubresources      `json:"subresources,omitempty"`
	AdditionalPrinterColumns []CustomResourceColumnDefinition `json:"additionalPrinterColumns,omitempty"`
	SelectableFields         []SelectableField                `json:"selectableFields,omitempty"`
}

// SelectableField is a field that can be selected by.
type SelectableField struct {
	JSONPath string `json:"jsonPath"`
}

// CustomResourceColumnDefinition is a column of a kind's tables.
type CustomResourceColumnDefinition struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Format      string `json:"format,omitempty"`
	Description string `json:"description,omitempty"`
	Priority    int32  `json:"priority,omitempty"`
	JSONPath    string `json:"jsonPath"`
}

// CustomResourceDefinitionNames are the names of a kind.
type CustomResourceDefinitionNames struct {
	Plural     string   `json:"plural"`
	Singular   string   `json:"singular,omitempty"`
	ShortNames []string `json:"shortNames,omitempty"`
	Kind       string   `json:"kind"`
	ListKind   string   `json:"listKind,omitempty"`
	Categories []string `json:"categories,omitempty"`
}

// CustomResourceDefinitionCondition is what is to be said about a definition.
type CustomResourceDefinitionCondition struct {
	Type               string      `json:"type"`
	Status             string      `json:"status"`
	LastTransitionTime metav1.Time `json:"lastTransitionTime,omitempty"`
	Reason             string      `json:"reason,omitempty"`
	Message            string      `json:"message,omitempty"`
	ObservedGeneration int64       `json:"observedGeneration,omitempty"`
}

// CustomResourceDefinitionStatus is what has become of a definition.
type CustomResourceDefinitionStatus struct {
	Conditions         []CustomResourceDefinitionCondition `json:"conditions"`
	AcceptedNames      CustomResourceDefinitionNames       `json:"acceptedNames"`
	StoredVersions     []string                            `json:"storedVersions"`
	ObservedGeneration int64                               `json:"observedGeneration,omitempty"`
}

// CustomResourceValidation is how objects have to look.
type CustomResourceValidation struct {
	OpenAPIV3Schema *JSONSchemaProps `json:"openAPIV3Schema,omitempty"`
}

// CustomResourceSubresources are the subresources of a version.
type CustomResourceSubresources struct {
	Status *CustomResourceSubresourceStatus `json:"status,omitempty"`
	Scale  *CustomResourceSubresourceScale  `json:"scale,omitempty"`
}

// CustomResourceSubresourceStatus says that there is a status.
type CustomResourceSubresourceStatus struct{}

// CustomResourceSubresourceScale says where an object has what its scale shows.
type CustomResourceSubresourceScale struct {
	SpecReplicasPath   string  `json:"specReplicasPath"`
	StatusReplicasPath string  `json:"statusReplicasPath"`
	LabelSelectorPath  *string `json:"labelSelectorPath,omitempty"`
}

// Condition finds a condition; nil where there is none.
func (crd *CustomResourceDefinition) Condition(name string) *CustomResourceDefinitionCondition {
	for i := range crd.Status.Conditions {
		if crd.Status.Conditions[i].Type == name {
			return &crd.Status.Conditions[i]
		}
	}
	return nil
}

// Is tells whether a condition is True.
func (crd *CustomResourceDefinition) Is(name string) bool {
	c := crd.Condition(name)
	return c != nil && c.Status == "True"
}

// StorageVersion is the version that objects are stored as; "" where none is marked.
func (crd *CustomResourceDefinition) StorageVersion() string {
	for i := range crd.Spec.Versions {
		if crd.Spec.Versions[i].Storage {
			return crd.Spec.Versions[i].Name
		}
	}
	return ""
}

// Marshal is the definition's storage form, JSON.
func (crd *CustomResourceDefinition) Marshal() ([]byte, error) { return json.Marshal(crd) }

// Unmarshal reads the storage form.
func (crd *CustomResourceDefinition) Unmarshal(data []byte) error { return json.Unmarshal(data, crd) }

// DeepCopy copies all of a definition.
func (crd *CustomResourceDefinition) DeepCopy() *CustomResourceDefinition {
	out := &CustomResourceDefinition{TypeMeta: crd.TypeMeta}
	crd.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec, out.Status = copied(crd.Spec), copied(crd.Status)
	return out
}

// copied copies what JSON can hold.
func copied[T any](v T) (out T) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		panic(err) // read from JSON before
	}
	return out
}

// DeepCopyObject is DeepCopy as a runtime.Object.
func (crd *CustomResourceDefinition) DeepCopyObject() runtime.Object { return crd.DeepCopy() }

// DeepCopyObject copies a list.
func (l *CustomResourceDefinitionList) DeepCopyObject() runtime.Object {
	out := &CustomResourceDefinitionList{TypeMeta: l.TypeMeta}
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].DeepCopy())
	}
	return out
}

// SetCondition writes a condition down; the time of its last transition is now
// where its status is another than before.
func (crd *CustomResourceDefinition) SetCondition(c CustomResourceDefinitionCondition, now time.Time) {
	old := crd.Condition(c.Type)
	c.LastTransitionTime = metav1.NewTime(now)
	switch {
	case old == nil:
		crd.Status.Conditions = append(crd.Status.Conditions, c)
	case old.Status == c.Status:
		c.LastTransitionTime = old.LastTransitionTime
		fallthrough
	default:
		*old = c
	}
}
