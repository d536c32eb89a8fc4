package api

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var metadataPath = field.NewPath("metadata")

// ValidateMeta checks a new object's metadata; its name has been generated.
func ValidateMeta(r *Resource, obj Object) field.ErrorList {
	name := r.ValidateName
	if name == nil {
		name = validation.NameIsDNSSubdomain
	}
	errs := orderMeta(validation.ValidateObjectMetaAccessor(obj, r.Namespaced, name, metadataPath),
		obj.GetLabels(), obj.GetAnnotations(), metadataPath)
	if !HasProtobuf(obj) { // definitions and what they define
		return errs
	}
	return append(errs, validateFinalizerNames(obj.GetFinalizers())...)
}

// validateFinalizerNames wants finalizers without a domain to be known ones.
func validateFinalizerNames(names []string) field.ErrorList {
	var errs field.ErrorList
	for i, name := range names {
		errs = append(errs, validateKnownFinalizer(name, metadataPath.Child("finalizers").Index(i))...)
	}
	return errs
}

// ValidateMetaUpdate checks the metadata of an update, of the main resource or
// a subresource. As upstream (BeforeUpdate in k8s.io/apiserver's registry/rest),
// it checks that the metadata is well-formed, then what may not change.
func ValidateMetaUpdate(r *Resource, obj, old Object) field.ErrorList {
	errs := orderMeta(validation.ValidateObjectMetaAccessor(obj, r.Namespaced, validatePathSegment, metadataPath),
		obj.GetLabels(), obj.GetAnnotations(), metadataPath)
	errs = append(errs, validation.ValidateObjectMetaAccessorUpdate(obj, old, metadataPath)...)
	if !HasProtobuf(obj) { // definitions and what they define
		return errs
	}
	return append(errs, validateFinalizerNames(obj.GetFinalizers())...)
}

func validatePathSegment(name string, prefix bool) []string {
	return path.ValidatePathSegmentName(name, prefix)
}

// inOrder puts errors about the entries of a map in the order of its keys:
// apimachinery finds them by walking the map. each gives the errors of one entry.
func inOrder(errs field.ErrorList, p *field.Path, m map[string]string, each func(map[string]string, *field.Path) field.ErrorList) field.ErrorList {
	if len(errs) < 2 || len(m) < 2 {
		return errs
	}
	about := func(e *field.Error) bool { return e.Field == p.String() && e.Type != field.ErrorTypeTooLong }
	first := slices.IndexFunc(errs, about)
	if first < 0 {
		return errs
	}
	var entries field.ErrorList
	for _, key := range sortedKeys(m) {
		entries = append(entries, each(map[string]string{key: m[key]}, p)...)
	}
	return slices.Insert(slices.DeleteFunc(errs, about), first, entries...)
}

func orderMeta(errs field.ErrorList, labels, annotations map[string]string, p *field.Path) field.ErrorList {
	errs = inOrder(errs, p.Child("labels"), labels, metavalidation.ValidateLabels)
	return inOrder(errs, p.Child("annotations"), annotations, validation.ValidateAnnotations)
}

// invalid makes one error a message.
func invalid(p *field.Path, value any, msgs []string) field.ErrorList {
	var errs field.ErrorList
	for _, msg := range msgs {
		errs = append(errs, field.Invalid(p, value, msg))
	}
	return errs
}

// oneOf checks an enumerated string that may not be empty.
func oneOf[T ~string](value T, p *field.Path, values ...T) field.ErrorList {
	if value == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	return supported(value, p, values...)
}

// supported checks an enumerated string; values are in the order that upstream
// prints.
func supported[T ~string](value T, p *field.Path, values ...T) field.ErrorList {
	if !slices.Contains(values, value) {
		return field.ErrorList{field.NotSupported(p, value, values)}
	}
	return nil
}

// strictIPs rejects addresses with leading zeros and the like, as v1.36 does by default.
const strictIPs = true

func notNegative[T ~int32 | ~int64](value T, p *field.Path) field.ErrorList {
	return validation.ValidateNonnegativeField(int64(value), p)
}

// notNegatives checks fields by name, in the order given.
func notNegatives(p *field.Path, fields ...namedInt) field.ErrorList {
	var errs field.ErrorList
	for _, f := range fields {
		errs = append(errs, notNegative(f.value, p.Child(f.name))...)
	}
	return errs
}

type namedInt struct {
	name  string
	value int64
}

func validateLabels(labels map[string]string, p *field.Path) field.ErrorList {
	return inOrder(metavalidation.ValidateLabels(labels, p), p, labels, metavalidation.ValidateLabels)
}

func validateSelector(selector *metav1.LabelSelector, p *field.Path) field.ErrorList {
	if selector == nil {
		return nil
	}
	errs := metavalidation.ValidateLabelSelector(selector, metavalidation.LabelSelectorValidationOptions{}, p)
	return inOrder(errs, p.Child("matchLabels"), selector.MatchLabels, metavalidation.ValidateLabels)
}

func validateLabelName(name string, p *field.Path) field.ErrorList {
	return metavalidation.ValidateLabelName(name, p)
}

func validateQualifiedName(name string, p *field.Path) field.ErrorList {
	return invalid(p, name, utilvalidation.IsQualifiedName(name))
}

func validateDNSLabel(name string, p *field.Path) field.ErrorList {
	return invalid(p, name, utilvalidation.IsDNS1123Label(name))
}

func validateDNSSubdomain(name string, p *field.Path) field.ErrorList {
	return invalid(p, name, utilvalidation.IsDNS1123Subdomain(name))
}

// sortedKeys gives a map's keys in order, so that errors come in one.
func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
