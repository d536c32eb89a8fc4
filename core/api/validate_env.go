package api

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateEnv(vars []corev1.EnvVar, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, v := range vars {
		at := p.Index(i)
		if v.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		} else {
			errs = append(errs, invalid(at.Child("name"), v.Name, utilvalidation.IsRelaxedEnvVarName(v.Name))...)
		}
		if v.ValueFrom != nil {
			errs = append(errs, validateEnvSource(v, at.Child("valueFrom"))...)
		}
	}
	return errs
}

func validateEnvSource(v corev1.EnvVar, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	from, sources := v.ValueFrom, 0
	if from.FieldRef != nil {
		sources++
		errs = append(errs, validateFieldRef(from.FieldRef, envFields, p.Child("fieldRef"))...)
	}
	if from.ResourceFieldRef != nil {
		sources++
		errs = append(errs, validateResourceRef(from.ResourceFieldRef, p.Child("resourceFieldRef"), false)...)
	}
	if ref := from.ConfigMapKeyRef; ref != nil {
		sources++
		errs = append(errs, validateKeyRef(ref.Name, ref.Key, p.Child("configMapKeyRef"))...)
	}
	if ref := from.SecretKeyRef; ref != nil {
		sources++
		errs = append(errs, validateKeyRef(ref.Name, ref.Key, p.Child("secretKeyRef"))...)
	}
	if from.FileKeyRef != nil {
		sources++
	}
	switch {
	case sources == 0:
		errs = append(errs, field.Invalid(p, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"))
	case v.Value != "":
		errs = append(errs, field.Invalid(p, "", "may not be specified when `value` is not empty"))
	case sources > 1:
		errs = append(errs, field.Invalid(p, "", "may not have more than one field specified at a time"))
	}
	return errs
}

func validateKeyRef(name, key string, p *field.Path) field.ErrorList {
	errs := validateDNSSubdomain(name, p.Child("name"))
	if key == "" {
		return append(errs, field.Required(p.Child("key"), ""))
	}
	return append(errs, invalid(p.Child("key"), key, utilvalidation.IsConfigMapKey(key))...)
}

func validateEnvFrom(vars []corev1.EnvFromSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, v := range vars {
		at := p.Index(i)
		if v.Prefix != "" {
			errs = append(errs, invalid(at.Child("prefix"), v.Prefix, utilvalidation.IsRelaxedEnvVarName(v.Prefix))...)
		}
		sources := 0
		if v.ConfigMapRef != nil {
			sources++
			errs = append(errs, validateEnvName(v.ConfigMapRef.Name, at.Child("configMapRef", "name"))...)
		}
		if v.SecretRef != nil {
			sources++
			errs = append(errs, validateEnvName(v.SecretRef.Name, at.Child("secretRef", "name"))...)
		}
		if sources == 0 {
			errs = append(errs, field.Invalid(p, "", "must specify one of: `configMapRef` or `secretRef`"))
		} else if sources > 1 {
			errs = append(errs, field.Invalid(p, "", "may not have more than one field specified at a time"))
		}
	}
	return errs
}

func validateEnvName(name string, p *field.Path) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	return validateDNSSubdomain(name, p)
}

// What the downward API can show of a pod: everywhere, in variables, in files.
var (
	podFieldLabels = []string{
		"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
		"spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName",
		"status.phase", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
	}
	envFields = []string{
		"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
	}
	fileFields     = []string{"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"}
	resourceFields = []string{
		"limits.cpu", "limits.ephemeral-storage", "limits.memory",
		"requests.cpu", "requests.ephemeral-storage", "requests.memory",
	}
)

func validateFieldRef(ref *corev1.ObjectFieldSelector, allowed []string, p *field.Path) field.ErrorList {
	if ref.APIVersion == "" {
		return field.ErrorList{field.Required(p.Child("apiVersion"), "")}
	}
	if ref.FieldPath == "" {
		return field.ErrorList{field.Required(p.Child("fieldPath"), "")}
	}
	path, key, subscripted := splitSubscript(ref.FieldPath)
	if err := checkFieldLabel(ref, path, subscripted); err != nil {
		return field.ErrorList{field.Invalid(p.Child("fieldPath"), ref.FieldPath, fmt.Sprintf("error converting fieldPath: %v", err))}
	}
	if subscripted {
		if path == "metadata.annotations" {
			key = strings.ToLower(key)
		}
		return validateQualifiedName(key, p)
	}
	if path == "spec.host" {
		path = "spec.nodeName"
	}
	if !slices.Contains(allowed, path) {
		return field.ErrorList{field.NotSupported(p.Child("fieldPath"), path, allowed)}
	}
	return nil
}

// splitSubscript: metadata.labels['app'] is metadata.labels and app.
func splitSubscript(fieldPath string) (path, key string, ok bool) {
	rest, ok := strings.CutSuffix(fieldPath, "']")
	if !ok {
		return fieldPath, "", false
	}
	path, key, ok = strings.Cut(rest, "['")
	if !ok || path == "" {
		return fieldPath, "", false
	}
	return path, key, true
}

func checkFieldLabel(ref *corev1.ObjectFieldSelector, path string, subscripted bool) error {
	switch {
	case ref.APIVersion != "v1":
		return fmt.Errorf("unsupported pod version: %s", ref.APIVersion)
	case subscripted && path != "metadata.annotations" && path != "metadata.labels":
		return fmt.Errorf("field label does not support subscript: %s", ref.FieldPath)
	case !subscripted && path != "spec.host" && !slices.Contains(podFieldLabels, path):
		return fmt.Errorf("field label not supported: %s", path)
	}
	return nil
}

func validateResourceRef(ref *corev1.ResourceFieldSelector, p *field.Path, inFile bool) field.ErrorList {
	huge := strings.HasPrefix(ref.Resource, "requests.hugepages-") || strings.HasPrefix(ref.Resource, "limits.hugepages-")
	var errs field.ErrorList
	switch {
	case inFile && ref.ContainerName == "":
		errs = append(errs, field.Required(p.Child("containerName"), ""))
	case ref.Resource == "":
		errs = append(errs, field.Required(p.Child("resource"), ""))
	case !huge && !slices.Contains(resourceFields, ref.Resource):
		errs = append(errs, field.NotSupported(p.Child("resource"), ref.Resource, resourceFields))
	}
	return append(errs, validateDivisor(ref, p.Child("divisor"))...)
}

func validateDivisor(ref *corev1.ResourceFieldSelector, p *field.Path) field.ErrorList {
	if ref.Divisor.IsZero() {
		return nil
	}
	_, resource, _ := strings.Cut(ref.Resource, ".")
	kind := map[string]string{"memory": "memory", "ephemeral-storage": "local ephemeral storage"}[resource]
	if strings.HasPrefix(resource, "hugepages-") {
		kind = "hugepages"
	}
	divisor := ref.Divisor.String()
	if resource == "cpu" {
		if divisor != "1" && divisor != "1m" {
			return field.ErrorList{field.Invalid(p, ref.Resource, "only divisor's values 1m and 1 are supported with the cpu resource")}
		}
		return nil
	}
	const sizes = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei"
	if kind != "" && !slices.Contains(strings.Split(sizes, ", "), divisor) {
		return field.ErrorList{field.Invalid(p, ref.Resource,
			fmt.Sprintf("only divisor's values %s are supported with the %s resource", sizes, kind))}
	}
	return nil
}
