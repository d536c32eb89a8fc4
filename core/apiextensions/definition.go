package apiextensions

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

const (
	mixedCase       = "may have mixed case, but should otherwise match: "
	maxSelectable   = 8
	maxDeprecation  = 256
	approval        = "api-approved.kubernetes.io"
	approvalMissing = `protected groups must have approval annotation "` + approval + `", see https://github.com/kubernetes/enhancements/pull/1111`
)

// ValidateDefinition holds a definition to the rules, its metadata apart; old is
// nil for a new one. Upstream checks a form of the definition in which what all
// versions have alike stands once, and its errors name that form's fields.
func ValidateDefinition(crd, old *v1.CustomResourceDefinition) field.ErrorList {
	var errs field.ErrorList
	if old == nil {
		errs = validateName(crd)
	}
	spec := field.NewPath("spec")
	d := &definition{CustomResourceDefinition: crd, path: spec}
	d.hoist()
	errs = append(errs, d.validate()...)
	if old != nil {
		errs = append(errs, validateFixed(&crd.Spec, &old.Spec, old.Is(v1.Established), spec)...)
	}
	errs = append(errs, ValidateStatus(crd)...)
	errs = append(errs, validateStored(crd)...)
	if old == nil || old.Annotations[approval] != crd.Annotations[approval] {
		errs = append(errs, validateApproval(crd)...)
	}
	if crd.Spec.PreserveUnknownFields && (old == nil || !old.Spec.PreserveUnknownFields) {
		errs = append(errs, field.Invalid(spec.Child("preserveUnknownFields"), true,
			"cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"))
	}
	return errs
}

// ValidateStatus checks a definition's status.
func ValidateStatus(crd *v1.CustomResourceDefinition) field.ErrorList {
	return validateNames(&crd.Status.AcceptedNames, field.NewPath("status", "acceptedNames"))
}

func validateName(crd *v1.CustomResourceDefinition) (errs field.ErrorList) {
	msgs := validation.NameIsDNSSubdomain(crd.Name, false)
	if crd.Name != crd.Spec.Names.Plural+"."+crd.Spec.Group {
		msgs = append(msgs, `must be spec.names.plural+"."+spec.group`)
	}
	if crd.Name == "" {
		return nil // said already
	}
	for _, msg := range msgs {
		errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), crd.Name, msg))
	}
	return errs
}

// validateFixed finds changes of what cannot change.
func validateFixed(spec, old *v1.CustomResourceDefinitionSpec, established bool, p *field.Path) (errs field.ErrorList) {
	if established {
		errs = append(errs, validation.ValidateImmutableField(spec.Scope, old.Scope, p.Child("scope"))...)
		errs = append(errs, validation.ValidateImmutableField(spec.Names.Kind, old.Names.Kind, p.Child("names", "kind"))...)
	}
	errs = append(errs, validation.ValidateImmutableField(spec.Group, old.Group, p.Child("group"))...)
	return append(errs, validation.ValidateImmutableField(spec.Names.Plural, old.Names.Plural, p.Child("names", "plural"))...)
}

func validateStored(crd *v1.CustomResourceDefinition) (errs field.ErrorList) {
	stored, p := crd.Status.StoredVersions, field.NewPath("status", "storedVersions")
	if len(stored) == 0 {
		return field.ErrorList{field.Invalid(p, stored, "must have at least one stored version")}
	}
	missing := slices.Clone(stored)
	for _, v := range crd.Spec.Versions {
		if v.Storage && !slices.Contains(missing, v.Name) {
			errs = append(errs, field.Invalid(p, stored, "must have the storage version "+v.Name))
		}
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == v.Name })
	}
	for _, name := range missing {
		errs = append(errs, field.Invalid(p.Index(slices.Index(stored, name)), name, fmt.Sprintf("missing from spec.versions; "+
			"%[1]s was previously a storage version, and must remain in spec.versions until a storage migration ensures no data "+
			"remains persisted in %[1]s and removes %[1]s from status.storedVersions", name)))
	}
	return errs
}

func validateApproval(crd *v1.CustomResourceDefinition) field.ErrorList {
	group := crd.Spec.Group
	if group != "k8s.io" && group != "kubernetes.io" && !strings.HasSuffix(group, ".k8s.io") && !strings.HasSuffix(group, ".kubernetes.io") {
		return nil
	}
	p := field.NewPath("metadata", "annotations").Key(approval)
	switch value := crd.Annotations[approval]; {
	case value == "":
		return field.ErrorList{field.Required(p, approvalMissing)}
	case !strings.HasPrefix(value, "unapproved") && !strings.HasPrefix(value, "https://") && !strings.HasPrefix(value, "http://"):
		return field.ErrorList{field.Invalid(p, value, fmt.Sprintf(
			"protected groups must have approval annotation %q with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111", approval))}
	}
	return nil
}

// definition is a definition on its way through validation. What all versions
// have alike is taken out of them (conversion.go of apiextensions/v1).
type definition struct {
	*v1.CustomResourceDefinition
	path         *field.Path
	versions     []v1.CustomResourceDefinitionVersion
	schema       *v1.CustomResourceValidation
	subresources *v1.CustomResourceSubresources
	columns      []v1.CustomResourceColumnDefinition
	fields       []v1.SelectableField
}

func (d *definition) hoist() {
	d.versions = slices.Clone(d.Spec.Versions)
	if len(d.versions) == 0 {
		return
	}
	first := d.versions[0]
	alike := func(part func(*v1.CustomResourceDefinitionVersion) any) bool {
		for i := range d.versions {
			if !reflect.DeepEqual(part(&d.versions[i]), part(&first)) {
				return false
			}
		}
		return true
	}
	if alike(func(v *v1.CustomResourceDefinitionVersion) any { return v.Schema }) {
		d.schema = first.Schema
	}
	if alike(func(v *v1.CustomResourceDefinitionVersion) any { return v.Subresources }) {
		d.subresources = first.Subresources
	}
	if alike(func(v *v1.CustomResourceDefinitionVersion) any { return v.AdditionalPrinterColumns }) {
		d.columns = first.AdditionalPrinterColumns
	}
	if alike(func(v *v1.CustomResourceDefinitionVersion) any { return v.SelectableFields }) {
		d.fields = first.SelectableFields
	}
	for i := range d.versions {
		v := &d.versions[i]
		if d.schema != nil {
			v.Schema = nil
		}
		if d.subresources != nil {
			v.Subresources = nil
		}
		if d.columns != nil {
			v.AdditionalPrinterColumns = nil
		}
		if d.fields != nil {
			v.SelectableFields = nil
		}
	}
}

// internalVersion is a version as upstream's errors show it.
type internalVersion struct {
	Name                                                             string
	Served, Storage, Deprecated                                      bool
	DeprecationWarning                                               *string
	Schema, Subresources, AdditionalPrinterColumns, SelectableFields any
}

func (d *definition) shownVersions() []internalVersion {
	out := []internalVersion{}
	for _, v := range d.versions {
		out = append(out, internalVersion{
			Name: v.Name, Served: v.Served, Storage: v.Storage, Deprecated: v.Deprecated, DeprecationWarning: v.DeprecationWarning})
	}
	return out
}

func (d *definition) validate() (errs field.ErrorList) {
	p := d.path
	errs = append(errs, d.validateGroup()...)
	switch d.Spec.Scope {
	case v1.ClusterScoped, v1.NamespaceScoped:
	case "":
		errs = append(errs, field.Required(p.Child("scope"), ""))
	default:
		errs = append(errs, field.NotSupported(p.Child("scope"), d.Spec.Scope, []string{v1.ClusterScoped, v1.NamespaceScoped}))
	}
	if d.schema == nil || d.schema.OpenAPIV3Schema == nil {
		for i, v := range d.versions {
			if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
				errs = append(errs, field.Required(p.Child("versions").Index(i).Child("schema", "openAPIV3Schema"), ""))
			}
		}
	}
	errs = append(errs, d.validateVersions()...)
	errs = append(errs, d.validateHoisted()...)
	return append(errs, d.validateConversion()...)
}

func (d *definition) validateGroup() field.ErrorList {
	p, group := d.path.Child("group"), d.Spec.Group
	if group == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	if msgs := utilvalidation.IsDNS1123Subdomain(group); len(msgs) > 0 {
		return field.ErrorList{field.Invalid(p, group, strings.Join(msgs, ","))}
	}
	if !strings.Contains(group, ".") {
		return field.ErrorList{field.Invalid(p, group, "should be a domain with at least one dot")}
	}
	return nil
}

func (d *definition) validateVersions() (errs field.ErrorList) {
	p := d.path.Child("versions")
	stored := 0
	seen := map[string]bool{}
	unique := true
	for i := range d.versions {
		v := &d.versions[i]
		if v.Storage {
			stored++
		}
		unique = unique && !seen[v.Name]
		seen[v.Name] = true
		errs = append(errs, label(v.Name, p.Index(i).Child("name"))...)
		errs = append(errs, d.validateVersion(v, p.Index(i))...)
	}
	if !unique {
		errs = append(errs, field.Invalid(p, d.shownVersions(), "must contain unique version names"))
	}
	if stored != 1 {
		errs = append(errs, field.Invalid(p, d.shownVersions(), "must have exactly one version marked as storage version"))
	}
	if len(d.versions) > 0 && d.versions[0].Name != "" {
		errs = append(errs, label(d.versions[0].Name, d.path.Child("version"))...)
	}
	return errs
}

func (d *definition) validateVersion(v *v1.CustomResourceDefinitionVersion, p *field.Path) (errs field.ErrorList) {
	for _, msg := range deprecation(v) {
		errs = append(errs, field.Invalid(p.Child("deprecationWarning"), v.DeprecationWarning, msg))
	}
	sub := v.Subresources
	if d.subresources != nil {
		sub = d.subresources
	}
	errs = append(errs, validateSchema(v.Schema, sub != nil && sub.Status != nil, p.Child("schema"))...)
	errs = append(errs, validateSubresources(v.Subresources, p.Child("subresources"))...)
	errs = append(errs, validateColumns(v.AdditionalPrinterColumns, p.Child("additionalPrinterColumns"))...)
	return append(errs, validateSelectable(v.SelectableFields, v.Schema, p.Child("selectableFields"))...)
}

// validateHoisted checks the names and what all versions have alike.
func (d *definition) validateHoisted() (errs field.ErrorList) {
	p, names := d.path, &d.Spec.Names
	for _, n := range []struct{ name, value string }{
		{"plural", names.Plural}, {"singular", names.Singular}, {"kind", names.Kind}, {"listKind", names.ListKind},
	} {
		if n.value == "" {
			errs = append(errs, field.Required(p.Child("names", n.name), ""))
		}
	}
	errs = append(errs, validateNames(names, p.Child("names"))...)
	status := d.subresources != nil && d.subresources.Status != nil
	for _, v := range d.versions {
		status = status || v.Subresources != nil && v.Subresources.Status != nil
	}
	errs = append(errs, validateSchema(d.schema, status, p.Child("validation"))...)
	errs = append(errs, validateSubresources(d.subresources, p.Child("subresources"))...)
	errs = append(errs, validateColumns(d.columns, p.Child("additionalPrinterColumns"))...)
	return append(errs, validateSelectable(d.fields, d.schema, p.Child("selectableFields"))...)
}

func (d *definition) validateConversion() (errs field.ErrorList) {
	c, p := d.Spec.Conversion, d.path.Child("conversion")
	if c == nil {
		return nil
	}
	webhook := c.Webhook
	if webhook == nil {
		webhook = &v1.WebhookConversion{}
	}
	config, reviews := p.Child("webhookClientConfig"), p.Child("conversionReviewVersions")
	switch c.Strategy {
	case "":
		errs = append(errs, field.Required(p.Child("strategy"), ""))
	case "None":
	case "Webhook":
		if cc := webhook.ClientConfig; cc == nil {
			errs = append(errs, field.Required(config, "required when strategy is set to Webhook"))
		} else if (cc.URL == nil) == (cc.Service == nil) {
			errs = append(errs, field.Required(config, "exactly one of url or service is required"))
		}
		if len(webhook.ConversionReviewVersions) == 0 {
			errs = append(errs, field.Required(reviews, ""))
		}
		return errs
	default:
		errs = append(errs, field.NotSupported(p.Child("strategy"), c.Strategy, []string{"None", "Webhook"}))
	}
	if webhook.ClientConfig != nil {
		errs = append(errs, field.Forbidden(config, "should not be set when strategy is not set to Webhook"))
	}
	if len(webhook.ConversionReviewVersions) > 0 {
		errs = append(errs, field.Forbidden(reviews, "should not be set when strategy is not set to Webhook"))
	}
	return errs
}

// label wants a name to be a label of DNS.
func label(name string, p *field.Path) field.ErrorList {
	if msgs := utilvalidation.IsDNS1035Label(name); len(msgs) > 0 {
		return field.ErrorList{field.Invalid(p, name, strings.Join(msgs, ","))}
	}
	return nil
}

func validateNames(names *v1.CustomResourceDefinitionNames, p *field.Path) (errs field.ErrorList) {
	if names.Plural != "" {
		errs = append(errs, label(names.Plural, p.Child("plural"))...)
	}
	if names.Singular != "" {
		errs = append(errs, label(names.Singular, p.Child("singular"))...)
	}
	for _, k := range []struct{ name, value string }{{"kind", names.Kind}, {"listKind", names.ListKind}} {
		if msgs := utilvalidation.IsDNS1035Label(strings.ToLower(k.value)); k.value != "" && len(msgs) > 0 {
			errs = append(errs, field.Invalid(p.Child(k.name), k.value, mixedCase+strings.Join(msgs, ",")))
		}
	}
	for i, name := range names.ShortNames {
		errs = append(errs, label(name, p.Child("shortNames").Index(i))...)
	}
	if names.Kind != "" && names.Kind == names.ListKind {
		errs = append(errs, field.Invalid(p.Child("listKind"), names.ListKind, "kind and listKind may not be the same"))
	}
	for i, name := range names.Categories {
		errs = append(errs, label(name, p.Child("categories").Index(i))...)
	}
	return errs
}

func deprecation(v *v1.CustomResourceDefinitionVersion) (msgs []string) {
	text := v.DeprecationWarning
	switch {
	case text == nil:
		return nil
	case !v.Deprecated:
		return []string{"can only be set for deprecated versions"}
	case *text == "":
		msgs = append(msgs, "must not be an empty string")
	case len(*text) > maxDeprecation:
		msgs = append(msgs, "must be <= 256 characters long")
	}
	for i, r := range *text {
		if !unicode.IsPrint(r) {
			msgs = append(msgs, fmt.Sprintf("must only contain printable UTF-8 characters; non-printable character found at index %d", i))
			break
		}
	}
	if !utf8.ValidString(*text) {
		msgs = append(msgs, "must only contain printable UTF-8 characters")
	}
	return msgs
}
