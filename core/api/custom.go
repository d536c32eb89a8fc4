package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kversion "k8s.io/apimachinery/pkg/version"
	kjson "sigs.k8s.io/json"

	"github.com/tabernetes/tabernetes/core/apiextensions"
	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
	"github.com/tabernetes/tabernetes/core/managed"
)

// Custom is an object of a kind that a CustomResourceDefinition defines. Its
// metadata is that of every object, the rest decoded JSON. It is stored as
// JSON, as upstream stores such objects.
type Custom struct {
	metav1.TypeMeta
	metav1.ObjectMeta
	// Content is all but apiVersion, kind and metadata.
	Content map[string]any
	res     *Resource // nil where nobody knows the kind
}

// CustomList is a list of objects of one such kind.
type CustomList struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []Custom
}

// CustomKind is what a definition says of one version of a kind. Like the
// Resource that carries it, it belongs to one cluster.
type CustomKind struct {
	Definition *apiextensionsv1.CustomResourceDefinition
	Version    *apiextensionsv1.CustomResourceDefinitionVersion
	Schema     *apiextensions.Schema
	// Types says how managers share an object.
	Types   *managed.Type
	schemas map[string]*apiextensions.Schema // of all versions
	status  bool                             // it has the subresource
}

// DeepCopyObject copies all of an object.
func (c *Custom) DeepCopyObject() runtime.Object {
	out := &Custom{TypeMeta: c.TypeMeta, Content: runtime.DeepCopyJSON(c.Content), res: c.res}
	c.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return out
}

// DeepCopyObject copies a list and what is in it.
func (l *CustomList) DeepCopyObject() runtime.Object {
	out := &CustomList{TypeMeta: l.TypeMeta}
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].DeepCopyObject().(*Custom))
	}
	return out
}

// UnstructuredContent is the whole object as decoded JSON, but for its managers.
func (c *Custom) UnstructuredContent() map[string]any {
	meta := c.ObjectMeta
	meta.ManagedFields = nil
	shown, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&meta)
	if err != nil {
		panic(err) // metadata is plain
	}
	out := make(map[string]any, len(c.Content)+3)
	for name, value := range c.Content {
		out[name] = value
	}
	out["apiVersion"], out["kind"], out["metadata"] = c.APIVersion, c.Kind, shown
	return out
}

// MarshalJSON writes the object, its fields in alphabetical order.
func (c Custom) MarshalJSON() ([]byte, error) {
	out := make(map[string]any, len(c.Content)+3)
	for name, value := range c.Content {
		out[name] = value
	}
	meta, err := json.Marshal(&c.ObjectMeta)
	if err != nil {
		return nil, err
	}
	var sorted any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(meta, &sorted); err != nil {
		return nil, err
	}
	out["apiVersion"], out["kind"], out["metadata"] = c.APIVersion, c.Kind, sorted
	return json.Marshal(out)
}

// UnmarshalJSON reads an object as it is.
func (c *Custom) UnmarshalJSON(data []byte) error {
	m := map[string]any{}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &m); err != nil {
		return err
	}
	_, _ = c.take(m) // what is stored is read as far as it can be
	return nil
}

// Marshal is the storage form, JSON.
func (c *Custom) Marshal() ([]byte, error) { return c.MarshalJSON() }

// Unmarshal reads the storage form.
func (c *Custom) Unmarshal(data []byte) error { return c.UnmarshalJSON(data) }

// take makes the object of decoded JSON, which becomes its own, and names the
// unknown fields of its metadata. What is of a wrong type there is left out, and
// the error tells of it.
func (c *Custom) take(m map[string]any) (unknown []string, problem error) {
	c.APIVersion, _ = m["apiVersion"].(string)
	c.Kind, _ = m["kind"].(string)
	meta, fields, problem := apiextensions.ReadMeta(m["metadata"])
	c.ObjectMeta = *meta
	for _, name := range fields {
		unknown = append(unknown, "metadata."+name)
	}
	delete(m, "apiVersion")
	delete(m, "kind")
	delete(m, "metadata")
	c.Content = m
	return unknown, problem
}

// shape fills in defaults and drops what the kind does not know; it names what
// it dropped.
func (c *Custom) shape(schema *apiextensions.Schema) []string {
	schema.Default(c.Content)
	return schema.Prune(c.Content)
}

// Read reads a body. Fields that the kind does not know are dropped; with
// strict they and duplicates give a strict decoding error beside the object.
func (c *Custom) Read(data []byte, strict bool) error {
	m := map[string]any{}
	var problems []error
	var err error
	if strict {
		problems, err = kjson.UnmarshalStrict(data, &m)
	} else {
		err = kjson.UnmarshalCaseSensitivePreserveInts(data, &m)
	}
	if err != nil {
		return err
	}
	return c.Take(m, strict, problems...)
}

// Take is Read of what is decoded already; problems are those of decoding.
func (c *Custom) Take(m map[string]any, strict bool, problems ...error) error {
	unknown, err := c.take(m)
	if err != nil {
		return err
	}
	unknown = append(unknown, c.shape(c.res.Custom.Schema)...)
	if !strict {
		return nil
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		problems = append(problems, fmt.Errorf("unknown field %q", name))
	}
	if len(problems) > 0 {
		return runtime.NewStrictDecodingError(problems)
	}
	return nil
}

// As is what is stored as an object of a version: what the schema of the version
// that it is stored as has defaults for, and what that of the other knows.
func (c *Custom) As(r *Resource) *Custom {
	if schema := r.Custom.schemas[c.GroupVersionKind().Version]; schema != nil {
		schema.Default(c.Content)
	}
	c.res = r
	c.APIVersion, c.Kind = r.APIVersion(), r.Kind
	r.Custom.Schema.Prune(c.Content)
	return c
}

// resource is the object's kind, made up where nobody told.
func (c *Custom) resource() *Resource {
	if c.res != nil {
		return c.res
	}
	gvk := c.GroupVersionKind()
	name := strings.ToLower(gvk.Kind)
	return &Resource{
		Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Plural: name + "s", Singular: name, Namespaced: c.Namespace != "",
		New: func() Object { return &Custom{} }, NewList: func() runtime.Object { return &CustomList{} },
	}
}

// stored is the object as it is written down: in the storage version, and with
// what that knows.
func (c *Custom) stored() *Custom {
	if c.res == nil {
		return c
	}
	version := c.res.Custom.Definition.StorageVersion()
	if version == c.res.Version {
		return c
	}
	out := *c
	out.APIVersion = schema.GroupVersion{Group: c.res.Group, Version: version}.String()
	out.Content = runtime.DeepCopyJSON(c.Content)
	c.res.Custom.schemas[version].Prune(out.Content)
	return &out
}

// CustomResources are the resources that an established definition stands for,
// one a version, the preferred one first.
func CustomResources(crd *apiextensionsv1.CustomResourceDefinition) []*Resource {
	var out []*Resource
	keeper := managed.NewKeeper()
	schemas := map[string]*apiextensions.Schema{}
	for i := range crd.Spec.Versions {
		v := &crd.Spec.Versions[i]
		schemas[v.Name] = apiextensions.CompileRoot(nil)
		if v.Schema != nil {
			schemas[v.Name] = apiextensions.CompileRoot(v.Schema.OpenAPIV3Schema)
		}
		out = append(out, customResource(crd, v, schemas, keeper))
	}
	slices.SortStableFunc(out, func(a, b *Resource) int { return kversion.CompareKubeAwareVersionStrings(b.Version, a.Version) })
	return out
}

func customResource(crd *apiextensionsv1.CustomResourceDefinition, v *apiextensionsv1.CustomResourceDefinitionVersion, schemas map[string]*apiextensions.Schema, keeper *managed.Keeper) *Resource {
	names := &crd.Status.AcceptedNames
	k := &CustomKind{Definition: crd, Version: v, Schema: schemas[v.Name], schemas: schemas}
	k.Types = k.Schema.Shares(keeper)
	r := &Resource{
		Group: crd.Spec.Group, Version: v.Name, Kind: names.Kind, ListKind: names.ListKind,
		Plural: names.Plural, Singular: names.Singular, ShortNames: names.ShortNames, Categories: names.Categories,
		Namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped, NeedsVersion: true, Custom: k,
	}
	r.New = func() Object { return &Custom{TypeMeta: r.typeMeta(), Content: map[string]any{}, res: r} }
	r.NewList = func() runtime.Object { return &CustomList{} }
	if sub := v.Subresources; sub != nil {
		k.status = sub.Status != nil
		if k.status {
			r.Subresources = append(r.Subresources, "status")
		}
		if sub.Scale != nil {
			r.Subresources = append(r.Subresources, "scale")
		}
	}
	if v.Deprecated {
		r.Deprecated = fmt.Sprintf("%s %s is deprecated", r.APIVersion(), r.Kind)
		if v.DeprecationWarning != nil {
			r.Deprecated = *v.DeprecationWarning
		}
	}
	k.hooks(r)
	return r
}

func (r *Resource) typeMeta() metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: r.APIVersion(), Kind: r.Kind}
}

// hooks are the kind's strategy (pkg/registry/customresource/strategy.go and
// status_strategy.go).
func (k *CustomKind) hooks(r *Resource) {
	r.PrepareCreate = on(func(c *Custom) {
		if k.status {
			delete(c.Content, "status")
		}
		c.SetGeneration(1)
	})
	r.PrepareUpdate = over(k.prepareUpdate)
	r.PrepareStatusUpdate = over(prepareCustomStatus)
	r.Validate = check(func(c *Custom) field.ErrorList { return k.validate(c, nil) })
	r.ValidateUpdate = recheck(k.validate)
	r.ValidateStatusUpdate = recheck(k.validateStatus)
	r.Warnings = warn(customWarnings)
	columns := apiextensions.NewColumns(k.Version)
	r.Columns = columns.Definitions()
	r.Row = row(func(c *Custom, now time.Time) []any { return columns.Row(c.Name, c.UnstructuredContent(), now) })
	if selectable := apiextensions.Selectable(k.Version); selectable != nil {
		r.Fields = labelled(func(c *Custom) fields.Set { return selectable(c.UnstructuredContent()) })
	}
}

func (k *CustomKind) prepareUpdate(c, old *Custom) {
	if k.status {
		if status, there := old.Content["status"]; there {
			c.Content["status"] = runtime.DeepCopyJSONValue(status)
		} else {
			delete(c.Content, "status")
		}
	}
	c.SetGeneration(old.Generation)
	if !equality.Semantic.DeepEqual(c.Content, old.Content) {
		c.SetGeneration(old.Generation + 1)
	}
}

// prepareCustomStatus keeps all but the status and its managers.
func prepareCustomStatus(c, old *Custom) {
	status, there := c.Content["status"]
	managers := c.ManagedFields
	before := old.DeepCopyObject().(*Custom)
	c.ObjectMeta, c.Content = before.ObjectMeta, before.Content
	c.ManagedFields = managers
	delete(c.Content, "status")
	if there {
		c.Content["status"] = status
	}
}

func (k *CustomKind) validate(c, old *Custom) field.ErrorList {
	var was *any
	if old != nil {
		content := any(old.UnstructuredContent())
		was = &content
	}
	content := c.UnstructuredContent()
	errs := k.Schema.Check(content, was, nil)
	errs = append(errs, k.validateScale(c, "spec", "status")...)
	errs = append(errs, k.Schema.CheckEmbedded(content, nil, true)...)
	if old == nil || len(k.Schema.CheckLists(old.Content, nil)) == 0 {
		errs = append(errs, k.Schema.CheckLists(c.Content, nil)...)
	}
	return errs
}

func (k *CustomKind) validateStatus(c, old *Custom) (errs field.ErrorList) {
	if status, there := c.Content["status"]; there {
		was := old.Content["status"]
		errs = k.Schema.Field("status").Check(status, &was, field.NewPath("status"))
	}
	errs = append(errs, k.validateScale(c, "status")...)
	if len(k.Schema.CheckLists(old.Content, nil)) == 0 {
		errs = append(errs, k.Schema.CheckLists(c.Content, nil)...)
	}
	return errs
}

// knownFinalizers need no domain.
var knownFinalizers = []string{metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents, "kubernetes"}

// customWarnings are about the names of new finalizers.
func customWarnings(c, old *Custom) (out []string) {
	names := slices.Sorted(slices.Values(c.Finalizers))
	for _, name := range names {
		if old != nil && slices.Contains(old.Finalizers, name) {
			continue
		}
		for _, msg := range validation.IsQualifiedName(name) {
			out = append(out, fmt.Sprintf("metadata.finalizers: %q: %s", name, msg))
		}
		if strings.Contains(name, "/") || slices.Contains(knownFinalizers, name) {
			continue
		}
		path := ""
		if strings.Contains(name, ".") {
			path = " including a path (/)"
		}
		out = append(out, fmt.Sprintf("metadata.finalizers: %q: prefer a domain-qualified finalizer name%s "+
			"to avoid accidental conflicts with other finalizer writers", name, path))
	}
	return out
}

// unknownOf are the warnings about an object of a version that is not known:
// nothing in it is.
func unknownOf(obj *Custom) (out []string) {
	for _, name := range sortedKeys(obj.Content) {
		out = append(out, fmt.Sprintf("unknown field %q", name))
	}
	return out
}

// DecodeCustom reads a request's body as an object of a custom kind, as
// DecodeRequest does for the others.
func DecodeCustom(data []byte, r *Resource, fieldValidation string) (Object, []string, error) {
	gvk, err := interpret(data)
	want := r.GVK()
	if err == nil && gvk.Kind == "" {
		err = runtime.NewMissingKindErr(string(data))
	} else if err == nil && gvk.Version == "" {
		err = runtime.NewMissingVersionErr(string(data))
	}
	obj := r.New().(*Custom)
	var strict error
	if err == nil {
		err = obj.Read(data, fieldValidation != metav1.FieldValidationIgnore)
		if runtime.IsStrictDecodingError(err) {
			strict, err = err, nil
		}
	}
	if err != nil && gvk.Kind != "" {
		return nil, nil, decodeError(err, gvk, want, data)
	}
	if err != nil {
		return nil, nil, apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v (%s)", want.Kind, err, summary(data)))
	}
	if strict != nil && fieldValidation == metav1.FieldValidationStrict {
		return nil, nil, decodeError(strict, gvk, want, data)
	}
	if gvk.GroupVersion() != want.GroupVersion() {
		return nil, unknownOf(obj), apierrors.NewBadRequest(fmt.Sprintf(
			"the API version in the data (%s) does not match the expected API version (%v)", gvk.GroupVersion(), want.GroupVersion()))
	}
	if gvk.Kind != want.Kind {
		return nil, nil, apierrors.NewInvalid(gvk.GroupKind(), obj.Name, field.ErrorList{
			field.Invalid(field.NewPath("kind"), gvk.Kind, "must be "+want.Kind)})
	}
	obj.SetGroupVersionKind(want)
	var warnings []string
	if problems, ok := runtime.AsStrictDecodingError(strict); ok {
		for _, e := range problems.Errors() {
			warnings = append(warnings, e.Error())
		}
	}
	return obj, warnings, nil
}
