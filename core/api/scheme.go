package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

// Scheme knows the kinds that are served, their lists, and what their
// subresources exchange (Binding, Scale), and metav1's options: nothing else, so that the linker can
// drop the rest of k8s.io/api.
var Scheme = newScheme()

// schemeName is how the real API server names its scheme in errors.
const schemeName = "pkg/api/legacyscheme/scheme.go:30"

// extensionsScheme is how it names that of the group apiextensions.k8s.io.
const extensionsScheme = "pkg/runtime/scheme.go:111"

func schemeOf(gvk schema.GroupVersionKind) string {
	if gvk.Group == apiextensionsv1.Group {
		return extensionsScheme
	}
	return schemeName
}

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	options := map[schema.GroupVersion]bool{}
	for _, r := range registry.all {
		gv := r.GVK().GroupVersion()
		s.AddKnownTypeWithName(r.GVK(), r.New())
		if r.Serves("list") {
			s.AddKnownTypeWithName(gv.WithKind(r.Kind+"List"), r.NewList())
		}
		if !options[gv] {
			metav1.AddToGroupVersion(s, gv)
			options[gv] = true
		}
	}
	s.AddKnownTypes(corev1.SchemeGroupVersion, &corev1.PodLogOptions{})
	s.AddKnownTypes(autoscalingv1.SchemeGroupVersion, &autoscalingv1.Scale{})
	s.AddKnownTypes(policyv1.SchemeGroupVersion, &policyv1.Eviction{})
	s.AddKnownTypes(authenticationv1.SchemeGroupVersion, &authenticationv1.TokenRequest{})
	return s
}

// storagePrefix opens every value in etcd that is protobuf rather than JSON.
var storagePrefix = []byte("k8s\x00")

// HasProtobuf tells whether a kind has an encoding of its own. Definitions and
// the kinds that they define have not: they are stored as JSON.
func HasProtobuf(obj runtime.Object) bool {
	switch obj.(type) {
	case *Custom, *CustomList, *apiextensionsv1.CustomResourceDefinition, *apiextensionsv1.CustomResourceDefinitionList:
		return false
	}
	return true
}

// EncodeStorage returns what etcd holds for an object, byte for byte as the
// real API server writes it: the prefix, then a runtime.Unknown that carries
// the kind and the type's own protobuf.
func EncodeStorage(obj Object) ([]byte, error) {
	if !HasProtobuf(obj) {
		if c, ok := obj.(*Custom); ok {
			obj = c.stored()
		}
		return EncodeJSON(obj)
	}
	raw, err := obj.Marshal()
	if err != nil {
		return nil, err
	}
	r := For(obj)
	unknown := runtime.Unknown{
		TypeMeta: runtime.TypeMeta{APIVersion: r.APIVersion(), Kind: r.Kind},
		Raw:      raw,
	}
	data := make([]byte, len(storagePrefix)+unknown.Size())
	copy(data, storagePrefix)
	if _, err := unknown.MarshalTo(data[len(storagePrefix):]); err != nil {
		return nil, err
	}
	return data, nil
}

// DecodeStorage reads what EncodeStorage wrote; the object's kind and
// apiVersion are set.
func DecodeStorage(data []byte) (Object, error) {
	if bytes.HasPrefix(data, []byte("{")) {
		if gvk, err := interpret(data); err == nil && gvk.Group != "" {
			return decodeStoredJSON(data, gvk)
		}
	}
	body, found := bytes.CutPrefix(data, storagePrefix)
	if !found {
		return nil, fmt.Errorf("provided data does not appear to be a protobuf message, expected prefix %v", storagePrefix)
	}
	var unknown runtime.Unknown
	if err := unknown.Unmarshal(body); err != nil {
		return nil, err
	}
	gvk := unknown.GroupVersionKind()
	r := LookupKind(gvk)
	if r == nil {
		return nil, runtime.NewNotRegisteredErrForKind(schemeName, gvk)
	}
	obj := r.New()
	if err := obj.Unmarshal(unknown.Raw); err != nil {
		return nil, err
	}
	obj.GetObjectKind().SetGroupVersionKind(gvk)
	if r.Restore != nil {
		r.Restore(obj)
	}
	return obj, nil
}

// decodeStoredJSON reads a definition, or an object of a kind that one defines:
// as it is, since nothing here knows the definition.
func decodeStoredJSON(data []byte, gvk schema.GroupVersionKind) (Object, error) {
	obj := Object(&Custom{})
	if r := LookupKind(gvk); r != nil {
		obj = r.New()
	}
	if err := DecodeJSON(data, obj, false); err != nil {
		return nil, err
	}
	obj.GetObjectKind().SetGroupVersionKind(gvk)
	return obj, nil
}

// DecodeStored is DecodeStorage for an object of a resource that is known, in
// its version.
func DecodeStored(r *Resource, data []byte) (Object, error) {
	obj, err := DecodeStorage(data)
	if c, ok := obj.(*Custom); ok && r.Custom != nil {
		return c.As(r), nil
	}
	return obj, err
}

// SetTypeMeta fills kind and apiVersion from the object's Go type; a type that
// Scheme doesn't know keeps what it has.
func SetTypeMeta(obj runtime.Object) {
	if gvks, _, err := Scheme.ObjectKinds(obj); err == nil {
		obj.GetObjectKind().SetGroupVersionKind(gvks[0])
	}
}

// EncodeJSON returns an object as the API sends it: kind and apiVersion set,
// a newline at the end. The object itself isn't changed.
func EncodeJSON(obj runtime.Object) ([]byte, error) {
	if obj.GetObjectKind().GroupVersionKind().Empty() {
		obj = obj.DeepCopyObject()
		SetTypeMeta(obj)
	}
	data, err := json.Marshal(Shown(obj))
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

// NewList makes the resource's typed list. As in the API's answers, the list
// has kind and apiVersion and its items have not. The items are copied only at
// their top level.
func NewList(r *Resource, items []Object, listMeta metav1.ListMeta) (runtime.Object, error) {
	list := r.NewList()
	if custom, ok := list.(*CustomList); ok {
		custom.ListMeta = listMeta
		custom.SetGroupVersionKind(r.ListGVK())
		for _, item := range items {
			custom.Items = append(custom.Items, *item.(*Custom))
		}
		return custom, nil
	}
	objs := make([]runtime.Object, len(items))
	for i, item := range items {
		objs[i] = item
	}
	if err := meta.SetList(list, objs); err != nil {
		return nil, err
	}
	err := meta.EachListItem(list, func(item runtime.Object) error {
		item.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
		return nil
	})
	if err != nil {
		return nil, err
	}
	accessor, err := meta.ListAccessor(list)
	if err != nil {
		return nil, err
	}
	accessor.SetResourceVersion(listMeta.ResourceVersion)
	accessor.SetContinue(listMeta.Continue)
	accessor.SetRemainingItemCount(listMeta.RemainingItemCount)
	SetTypeMeta(list)
	return list, nil
}

// YAMLToJSON converts one YAML document. strict reports duplicate keys, as a
// server does that was asked for fieldValidation=Strict.
func YAMLToJSON(data []byte, strict bool) ([]byte, error) {
	if strict {
		return yaml.YAMLToJSONStrict(data)
	}
	return yaml.YAMLToJSON(data)
}

// Decode reads one JSON object; def stands in for a kind or apiVersion that it
// leaves out. With strict set, unknown and duplicate fields give an error for
// which runtime.IsStrictDecodingError holds, together with the object that was
// read all the same. It follows apimachinery's
// pkg/runtime/serializer/json.Serializer.
func Decode(data []byte, def schema.GroupVersionKind, strict bool) (runtime.Object, schema.GroupVersionKind, error) {
	gvk, err := interpret(data)
	if err != nil {
		return nil, gvk, err
	}
	gvk = withDefaults(gvk, def)
	if gvk.Kind == "" {
		return nil, gvk, runtime.NewMissingKindErr(string(data))
	}
	if gvk.Version == "" {
		return nil, gvk, runtime.NewMissingVersionErr(string(data))
	}
	if !Scheme.Recognizes(gvk) {
		return nil, gvk, runtime.NewNotRegisteredErrForKind(schemeOf(gvk), gvk)
	}
	obj, err := Scheme.New(gvk)
	if err != nil {
		return nil, gvk, err
	}
	err = DecodeJSON(data, obj, strict)
	if err != nil && !runtime.IsStrictDecodingError(err) {
		return nil, gvk, err
	}
	obj.GetObjectKind().SetGroupVersionKind(gvk)
	return obj, gvk, err
}

// DecodeJSON reads JSON into a value of a Go type, field names matching in case
// and whole numbers kept whole. A strict decoding error leaves into filled.
func DecodeJSON(data []byte, into any, strict bool) error {
	if !strict {
		return kjson.UnmarshalCaseSensitivePreserveInts(data, into)
	}
	strictErrs, err := kjson.UnmarshalStrict(data, into)
	if err != nil {
		return err
	}
	if len(strictErrs) > 0 {
		return runtime.NewStrictDecodingError(strictErrs)
	}
	return nil
}

func interpret(data []byte) (schema.GroupVersionKind, error) {
	var found struct {
		APIVersion string `json:"apiVersion,omitempty"`
		Kind       string `json:"kind,omitempty"`
	}
	if err := json.Unmarshal(data, &found); err != nil {
		return schema.GroupVersionKind{}, fmt.Errorf("couldn't get version/kind; json parse error: %v", err)
	}
	gv, err := schema.ParseGroupVersion(found.APIVersion)
	if err != nil {
		return schema.GroupVersionKind{}, err
	}
	return gv.WithKind(found.Kind), nil
}

func withDefaults(gvk, def schema.GroupVersionKind) schema.GroupVersionKind {
	if gvk.Kind == "" {
		gvk.Kind = def.Kind
	}
	if gvk.Version == "" && gvk.Group == "" {
		gvk.Group, gvk.Version = def.Group, def.Version
	}
	if gvk.Version == "" && gvk.Group == def.Group {
		gvk.Version = def.Version
	}
	return gvk
}

// DecodeRequest reads a request's body as an object of the kind that its
// endpoint takes. validation is the request's fieldValidation: Strict makes
// unknown and duplicate fields an error, Warn returns them as warnings, Ignore
// drops them; empty is Warn, as on the real API server. The error is the 400 that the
// API answers (pkg/endpoints/handlers of k8s.io/apiserver).
func DecodeRequest(data []byte, want schema.GroupVersionKind, validation string) (runtime.Object, []string, error) {
	obj, gvk, err := Decode(data, want, validation != metav1.FieldValidationIgnore)
	var warnings []string
	if strict, ok := runtime.AsStrictDecodingError(err); ok && validation != metav1.FieldValidationStrict {
		for _, e := range strict.Errors() {
			warnings = append(warnings, e.Error())
		}
		err = nil
	}
	if err == nil && gvk.GroupKind() != want.GroupKind() {
		err = fmt.Errorf("converting (%s) to (%s.%s): unknown conversion", goName(obj), internalPackage(want.Group), want.Kind)
	}
	if err != nil {
		return nil, nil, decodeError(err, gvk, want, data)
	}
	if gvk.GroupVersion() != want.GroupVersion() {
		return nil, nil, apierrors.NewBadRequest(fmt.Sprintf(
			"the API version in the data (%s) does not match the expected API version (%v)", gvk.GroupVersion(), want.GroupVersion()))
	}
	return obj, warnings, nil
}

func decodeError(err error, got, want schema.GroupVersionKind, data []byte) error {
	if got.Kind != "" {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", got.Kind, got.Version, want.Kind, err))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v (%s)", want.Kind, err, summary(data)))
}

// summary shortens a body for an error: text when it looks like JSON, hex otherwise.
func summary(data []byte) string {
	const limit = 30
	if len(data) == 0 {
		return "<empty>"
	}
	text := func(b []byte) string { return string(b) }
	if data[0] != '{' {
		text = hex.EncodeToString
	}
	if len(data) > limit {
		return text(data[:limit]) + " ..."
	}
	return text(data)
}

// goName is a value's type as the real server's conversion errors print it.
func goName(obj runtime.Object) string {
	return fmt.Sprintf("%T", obj)[1:]
}

// internalPackage names the package of the group's internal types.
func internalPackage(group string) string {
	switch group {
	case "":
		return "core"
	case rbac:
		return "rbac"
	}
	group, _, _ = strings.Cut(group, ".")
	return group
}
