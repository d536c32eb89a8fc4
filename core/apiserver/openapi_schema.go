package apiserver

import (
	"reflect"
	"slices"
	"strings"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"

	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
	"github.com/tabernetes/tabernetes/core/managed"
)

// schemaSet is components.schemas in the making, by name.
type schemaSet map[string]object

// swaggerDoc is what the generated documentation of the API's types offers:
// "" describes the type, the others its fields by JSON name.
type swaggerDoc interface{ SwaggerDoc() map[string]string }

func docOf(t reflect.Type) map[string]string {
	if d, ok := reflect.Zero(t).Interface().(swaggerDoc); ok {
		return d.SwaggerDoc()
	}
	return nil
}

// special are the types whose JSON is not that of their Go struct.
var special = map[reflect.Type]object{
	reflect.TypeFor[metav1.Time]():      {"type": "string", "format": "date-time"},
	reflect.TypeFor[metav1.MicroTime](): {"type": "string", "format": "date-time"},
	reflect.TypeFor[metav1.Duration]():  {"type": "string"},
	reflect.TypeFor[metav1.FieldsV1]():  {"type": "object"},
	reflect.TypeFor[intstr.IntOrString](): {
		"format": "int-or-string", "oneOf": []any{object{"type": "integer"}, object{"type": "string"}},
	},
	reflect.TypeFor[resource.Quantity](): {
		"oneOf": []any{object{"type": "string"}, object{"type": "number"}},
	},
	reflect.TypeFor[runtime.RawExtension](): {"type": "object"},

	reflect.TypeFor[apiextensionsv1.JSON]():                         {},
	reflect.TypeFor[apiextensionsv1.JSONSchemaPropsOrArray]():       {},
	reflect.TypeFor[apiextensionsv1.JSONSchemaPropsOrBool]():        {},
	reflect.TypeFor[apiextensionsv1.JSONSchemaPropsOrStringArray](): {},
}

// definitionsPackage is upstream's package of CustomResourceDefinition, whose twin is ours.
const definitionsPackage = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

// schemaName is a type's name as upstream publishes it: io.k8s.api.core.v1.Pod
// for k8s.io/api/core/v1.Pod.
func schemaName(t reflect.Type) string {
	if t.PkgPath() == reflect.TypeFor[apiextensionsv1.JSONSchemaProps]().PkgPath() {
		return definitionsPackage + t.Name()
	}
	path := strings.Split(t.PkgPath(), "/")
	host := strings.Split(path[0], ".")
	slices.Reverse(host)
	return strings.Join(append(append(host, path[1:]...), t.Name()), ".")
}

// addKind adds a kind, with its name, and every type below it.
func (set schemaSet) addKind(obj runtime.Object, gvk schema.GroupVersionKind) {
	t := reflect.TypeOf(obj).Elem()
	set.add(t)
	set[schemaName(t)]["x-kubernetes-group-version-kind"] = []any{gvkObject(gvk)}
}

// add adds a named type and returns a reference to it.
func (set schemaSet) add(t reflect.Type) object {
	name := schemaName(t)
	ref := object{"$ref": "#/components/schemas/" + name}
	if set[name] != nil {
		return ref
	}
	doc := docOf(t)
	out := object{}
	set[name] = out
	if text := doc[""]; text != "" {
		out["description"] = text
	}
	if form, ok := special[t]; ok {
		for key, value := range form {
			out[key] = value
		}
		return ref
	}
	out["type"] = "object"
	if managed.AtomicStruct(t) {
		out["x-kubernetes-map-type"] = "atomic"
	}
	properties := object{}
	required := set.addFields(t, doc, properties)
	if len(properties) > 0 {
		out["properties"] = properties
	}
	if len(required) > 0 {
		slices.Sort(required)
		out["required"] = required
	}
	return ref
}

// addFields describes a struct's fields, those of inlined structs included,
// and returns the names of the required ones: those that are never left out.
func (set schemaSet) addFields(t reflect.Type, doc map[string]string, properties object) (required []string) {
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := strings.Split(sf.Tag.Get("json"), ",")
		if tag[0] == "-" || !sf.IsExported() {
			continue
		}
		if sf.Anonymous && tag[0] == "" {
			required = append(required, set.addFields(sf.Type, docOf(sf.Type), properties)...)
			continue
		}
		property := set.describe(sf.Type)
		if text := doc[tag[0]]; text != "" {
			property = described(property, text)
		}
		if strategy := sf.Tag.Get("patchStrategy"); strategy != "" {
			property["x-kubernetes-patch-strategy"] = strategy
		}
		if key := sf.Tag.Get("patchMergeKey"); key != "" {
			property["x-kubernetes-patch-merge-key"] = key
		}
		mark(property, t, tag[0])
		properties[tag[0]] = property
		if isRequired(t, tag) {
			required = append(required, tag[0])
		}
	}
	return required
}

// mark adds what upstream says of a field in comments.
func mark(property object, owner reflect.Type, name string) {
	key := managed.TypeName(owner) + "." + name
	if values := strings.Fields(enumerations[key]); len(values) > 0 {
		target := property
		if items, ok := property["items"].(object); ok {
			target = items
		}
		target["enum"] = values
		if text, ok := property["description"].(string); ok {
			property["description"] = text + "\n\nPossible enum values:\n - `\"" + strings.Join(values, "\"`\n - `\"") + "\"`"
		}
	}
	switch share := managed.Sharing(owner, name); {
	case share.Keys != "":
		property["x-kubernetes-list-type"], property["x-kubernetes-list-map-keys"] = "map", strings.Split(share.Keys, ",")
	case share.Set:
		property["x-kubernetes-list-type"] = "set"
	case share.Atomic:
		property["x-kubernetes-map-type"] = "atomic"
	case slices.Contains(strings.Fields(wholeLists[managed.TypeName(owner)]), name):
		property["x-kubernetes-list-type"] = "atomic"
	}
}

// isRequired tells whether a field has to be given: those that are never left
// out of the JSON, but for the few that upstream marks otherwise in comments.
func isRequired(t reflect.Type, tag []string) bool {
	if required, marked := requiredMarks[t.Name()+"."+tag[0]]; marked {
		return required
	}
	if t == reflect.TypeFor[eventsv1.Event]() && tag[0] == "metadata" {
		return false // as nowhere else
	}
	return !slices.Contains(tag[1:], "omitempty") && !slices.Contains(tag[1:], "omitzero")
}

// requiredMarks are the +optional and +required of upstream that its tags do not say.
var requiredMarks = map[string]bool{
	"AzureFilePersistentVolumeSource.secretNamespace": false,
	"CSINodeDriver.topologyKeys":                      false,
	"ClusterRole.rules":                               false,
	"ContainerImage.names":                            false,
	"ContainerRestartRule.action":                     true,
	"ContainerRestartRuleOnExitCodes.operator":        true,
	"CronJob.spec":                                    true,
	"CustomResourceDefinitionStatus.acceptedNames":    false,
	"CustomResourceDefinitionStatus.conditions":       false,
	"CustomResourceDefinitionStatus.storedVersions":   false,
	"EndpointSlice.endpoints":                         false,
	"EndpointSlice.ports":                             false,
	"Event.reportingComponent":                        false,
	"Event.reportingInstance":                         false,
	"GRPCAction.service":                              false,
	"HorizontalPodAutoscaler.spec":                    true,
	"HorizontalPodAutoscalerStatus.currentMetrics":    false,
	"IPAddress.spec":                                  true,
	"IPAddressSpec.parentRef":                         true,
	"ImageVolumeStatus.imageRef":                      true,
	"IngressClassParametersReference.scope":           false,
	"NetworkPolicySpec.podSelector":                   false,
	"NodeRuntimeHandler.name":                         false,
	"ParentReference.name":                            true,
	"ParentReference.resource":                        true,
	"PodCertificateProjection.keyType":                true,
	"PodCertificateProjection.signerName":             true,
	"PodDisruptionBudgetStatus.currentHealthy":        false,
	"PodDisruptionBudgetStatus.desiredHealthy":        false,
	"PodDisruptionBudgetStatus.disruptionsAllowed":    false,
	"PodDisruptionBudgetStatus.expectedPods":          false,
	"PodFailurePolicyOnPodConditionsPattern.status":   false,
	"PriorityClass.value":                             false,
	"ProjectedVolumeSource.sources":                   false,
	"Role.rules":                                      false,
	"RoleRef.apiGroup":                                false,
	"StatefulSetOrdinals.start":                       false,
	"StatefulSetSpec.serviceName":                     false,
	"StatefulSetStatus.availableReplicas":             false,
	"TokenRequest.spec":                               false,
	"TokenRequestSpec.audiences":                      false,
	"TokenRequestSpec.boundObjectRef":                 false,
	"TokenRequestSpec.expirationSeconds":              false,
	"TokenRequestStatus.expirationTimestamp":          false,
	"TokenRequestStatus.token":                        false,
	"TokenReviewSpec.token":                           true,
	"TypedLocalObjectReference.apiGroup":              false,
	"TypedObjectReference.apiGroup":                   false,
}

// described adds words to a property; beside a reference nothing may stand.
func described(property object, text string) object {
	if _, isRef := property["$ref"]; isRef {
		property = object{"allOf": []any{property}}
	}
	property["description"] = text
	return property
}

// describe is the schema of a value of type t.
func (set schemaSet) describe(t reflect.Type) object {
	if _, ok := special[t]; ok {
		return set.add(t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return set.describe(t.Elem())
	case reflect.Struct:
		return set.add(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "format": "byte"}
		}
		return object{"type": "array", "items": set.describe(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": set.describe(t.Elem())}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int32:
		return object{"type": "integer", "format": "int32"}
	case reflect.Int64, reflect.Int:
		return object{"type": "integer", "format": "int64"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number", "format": "double"}
	}
	return object{"type": "string"}
}
