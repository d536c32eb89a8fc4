package api

import (
	"path"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const fileModeMessage = "must be a number between 0 and 0777 (octal), both inclusive"

// validateVolumes also returns the names of the volumes that are right, which
// mounts may use.
func validateVolumes(volumes []corev1.Volume, podName string, p *field.Path) (map[string]bool, field.ErrorList) {
	var errs field.ErrorList
	names, claims := map[string]bool{}, map[string]bool{}
	for _, v := range volumes {
		if v.Ephemeral != nil && podName != "" {
			claims[podName+"-"+v.Name] = true
		}
	}
	for i := range volumes {
		v, at := &volumes[i], p.Index(i)
		found := validateVolumeSource(&v.VolumeSource, at)
		if v.Name == "" {
			found = append(found, field.Required(at.Child("name"), ""))
		} else {
			found = append(found, validateDNSLabel(v.Name, at.Child("name"))...)
		}
		if names[v.Name] {
			found = append(found, field.Duplicate(at.Child("name"), v.Name))
		}
		if len(found) == 0 {
			names[v.Name] = true
		}
		errs = append(errs, found...)
		if v.PersistentVolumeClaim != nil && claims[v.PersistentVolumeClaim.ClaimName] {
			errs = append(errs, field.Invalid(at.Child("persistentVolumeClaim", "claimName"), v.PersistentVolumeClaim.ClaimName,
				"must not reference a PVC that gets created for an ephemeral volume"))
		}
	}
	return names, errs
}

// validateVolumeSource wants exactly one source. Sources of single vendors
// count, but what is in them isn't checked.
func validateVolumeSource(source *corev1.VolumeSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	types := volumeTypes(source)
	if source.EmptyDir != nil {
		errs = append(errs, validateEmptyDir(source.EmptyDir, p.Child("emptyDir"))...)
	}
	for i, name := range types {
		if i > 0 {
			if name == "downwardAPI" {
				name = "downwarAPI" // upstream's spelling in this message
			}
			errs = append(errs, field.Forbidden(p.Child(name), "may not specify more than 1 volume type"))
			continue
		}
		errs = append(errs, validateVolumeType(source, name, p.Child(name))...)
	}
	if len(types) == 0 {
		errs = append(errs, field.Required(p, "must specify a volume type"))
	}
	return errs
}

// volumeTypes lists the JSON names of the sources that are set, emptyDir
// first, as upstream looks at them.
func volumeTypes(source *corev1.VolumeSource) []string {
	var names []string
	value := reflect.ValueOf(source).Elem()
	for i := range value.NumField() {
		if value.Field(i).IsNil() {
			continue
		}
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	if i := slices.Index(names, "emptyDir"); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, "emptyDir")
	}
	return names
}

func validateEmptyDir(dir *corev1.EmptyDirVolumeSource, p *field.Path) field.ErrorList {
	if dir.SizeLimit != nil && dir.SizeLimit.Cmp(resource.Quantity{}) < 0 {
		return field.ErrorList{field.Forbidden(p.Child("sizeLimit"), "SizeLimit field must be a valid resource quantity")}
	}
	return nil
}

func validateVolumeType(source *corev1.VolumeSource, name string, p *field.Path) field.ErrorList {
	switch name {
	case "hostPath":
		return validateHostPath(source.HostPath, p)
	case "secret":
		return validateKeyFiles(source.Secret.SecretName, "secretName", source.Secret.DefaultMode, source.Secret.Items, p)
	case "configMap":
		return validateKeyFiles(source.ConfigMap.Name, "name", source.ConfigMap.DefaultMode, source.ConfigMap.Items, p)
	case "persistentVolumeClaim":
		return required(source.PersistentVolumeClaim.ClaimName, p.Child("claimName"))
	case "downwardAPI":
		errs := validateMode(source.DownwardAPI.DefaultMode, p.Child("defaultMode"))
		for _, file := range source.DownwardAPI.Items {
			errs = append(errs, validateDownwardFile(file, p)...)
		}
		return errs
	case "projected":
		return validateProjected(source.Projected, p)
	case "image":
		return oneOf(source.Image.PullPolicy, p.Child("pullPolicy"), corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)
	}
	return nil
}

func required(value string, p *field.Path) field.ErrorList {
	if value == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	return nil
}

func validateHostPath(source *corev1.HostPathVolumeSource, p *field.Path) field.ErrorList {
	if source.Path == "" {
		return required(source.Path, p.Child("path"))
	}
	errs := validateNoBacksteps(source.Path, p.Child("path"))
	if source.Type != nil {
		errs = append(errs, supported(*source.Type, p.Child("type"),
			corev1.HostPathUnset, corev1.HostPathBlockDev, corev1.HostPathCharDev, corev1.HostPathDirectory,
			corev1.HostPathDirectoryOrCreate, corev1.HostPathFile, corev1.HostPathFileOrCreate, corev1.HostPathSocket)...)
	}
	return errs
}

// validateKeyFiles is for config maps and secrets as volumes.
func validateKeyFiles(name, nameField string, mode *int32, items []corev1.KeyToPath, p *field.Path) field.ErrorList {
	errs := required(name, p.Child(nameField))
	errs = append(errs, validateMode(mode, p.Child("defaultMode"))...)
	for i, item := range items {
		errs = append(errs, validateKeyToPath(item, p.Child("items").Index(i))...)
	}
	return errs
}

func validateKeyToPath(item corev1.KeyToPath, p *field.Path) field.ErrorList {
	errs := required(item.Key, p.Child("key"))
	errs = append(errs, required(item.Path, p.Child("path"))...)
	errs = append(errs, validateLocalPath(item.Path, p.Child("path"))...)
	return append(errs, validateMode(item.Mode, p.Child("mode"))...)
}

func validateMode(mode *int32, p *field.Path) field.ErrorList {
	if mode != nil && (*mode > 0o777 || *mode < 0) {
		return field.ErrorList{field.Invalid(p, *mode, fileModeMessage)}
	}
	return nil
}

func validateDownwardFile(file corev1.DownwardAPIVolumeFile, p *field.Path) field.ErrorList {
	errs := required(file.Path, p.Child("path"))
	errs = append(errs, validateLocalPath(file.Path, p.Child("path"))...)
	switch {
	case file.FieldRef != nil:
		errs = append(errs, validateFieldRef(file.FieldRef, fileFields, p.Child("fieldRef"))...)
		if file.ResourceFieldRef != nil {
			errs = append(errs, field.Invalid(p, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
		}
	case file.ResourceFieldRef != nil:
		errs = append(errs, validateResourceRef(file.ResourceFieldRef, p.Child("resourceFieldRef"), true)...)
	default:
		errs = append(errs, field.Required(p, "one of fieldRef and resourceFieldRef is required"))
	}
	return append(errs, validateMode(file.Mode, p.Child("mode"))...)
}

func validateProjected(projected *corev1.ProjectedVolumeSource, p *field.Path) field.ErrorList {
	errs := validateMode(projected.DefaultMode, p.Child("defaultMode"))
	paths := map[string]bool{}
	unique := func(file, value string) {
		if file != "" && paths[file] {
			errs = append(errs, field.Invalid(p, value, "conflicting duplicate paths"))
		}
		paths[file] = true
	}
	keys := func(name string, items []corev1.KeyToPath, at *field.Path) {
		errs = append(errs, required(name, at.Child("name"))...)
		for i, item := range items {
			errs = append(errs, validateKeyToPath(item, at.Child("items").Index(i))...)
			unique(item.Path, name)
		}
	}
	for i, source := range projected.Sources {
		at := p.Child("sources").Index(i)
		if source.Secret != nil {
			keys(source.Secret.Name, source.Secret.Items, at.Child("secret"))
		}
		if source.ConfigMap != nil {
			keys(source.ConfigMap.Name, source.ConfigMap.Items, at.Child("configMap"))
		}
		if source.DownwardAPI != nil {
			for _, file := range source.DownwardAPI.Items {
				errs = append(errs, validateDownwardFile(file, at.Child("downwardAPI"))...)
				unique(file.Path, file.Path)
			}
		}
		if source.ServiceAccountToken != nil {
			errs = append(errs, validateTokenSource(source.ServiceAccountToken, p, at.Child("serviceAccountToken"))...)
		}
		if countSources(source) > 1 {
			errs = append(errs, field.Forbidden(at, "may not specify more than 1 volume type per source"))
		}
	}
	return errs
}

func countSources(source corev1.VolumeProjection) int {
	n := 0
	for _, set := range []bool{
		source.Secret != nil, source.ConfigMap != nil, source.DownwardAPI != nil, source.ServiceAccountToken != nil,
		source.ClusterTrustBundle != nil, source.PodCertificate != nil,
	} {
		if set {
			n++
		}
	}
	return n
}

// validateTokenSource reports its path at the volume, as upstream does.
func validateTokenSource(token *corev1.ServiceAccountTokenProjection, volume, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s := token.ExpirationSeconds; s != nil && *s < 10*60 {
		errs = append(errs, field.Invalid(p.Child("expirationSeconds"), *s, "may not specify a duration less than 10 minutes"))
	} else if s != nil && *s > 1<<32 {
		errs = append(errs, field.Invalid(p.Child("expirationSeconds"), *s, "may not specify a duration larger than 2^32 seconds"))
	}
	if token.Path == "" {
		return append(errs, field.Required(volume.Child("path"), ""))
	}
	return append(errs, validateLocalPath(token.Path, volume.Child("path"))...)
}

// validateLocalPath keeps a file inside its volume.
func validateLocalPath(target string, p *field.Path) field.ErrorList {
	errs := validateDescendingPath(target, p)
	if strings.HasPrefix(target, "..") && !strings.HasPrefix(target, "../") {
		errs = append(errs, field.Invalid(p, target, "must not start with '..'"))
	}
	return errs
}

func validateDescendingPath(target string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if path.IsAbs(target) {
		errs = append(errs, field.Invalid(p, target, "must be a relative path"))
	}
	return append(errs, validateNoBacksteps(target, p)...)
}

func validateNoBacksteps(target string, p *field.Path) field.ErrorList {
	if slices.Contains(strings.Split(target, "/"), "..") {
		return field.ErrorList{field.Invalid(p, target, "must not contain '..'")}
	}
	return nil
}

// validateMounts checks what a container mounts of the pod's volumes. Paths of
// subPath lack the mount's index, as upstream's do.
func validateMounts(c *corev1.Container, volumes map[string]bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	taken := map[string]bool{}
	for i, mount := range c.VolumeMounts {
		at := p.Index(i)
		errs = append(errs, required(mount.Name, at.Child("name"))...)
		if !volumes[mount.Name] {
			errs = append(errs, field.NotFound(at.Child("name"), mount.Name))
		}
		errs = append(errs, required(mount.MountPath, at.Child("mountPath"))...)
		if taken[mount.MountPath] {
			errs = append(errs, field.Invalid(at.Child("mountPath"), mount.MountPath, "must be unique"))
		}
		taken[mount.MountPath] = true
		if mount.SubPath != "" {
			errs = append(errs, validateDescendingPath(mount.SubPath, p.Child("subPath"))...)
		}
		if mount.SubPathExpr != "" {
			if mount.SubPath != "" {
				errs = append(errs, field.Invalid(at.Child("subPathExpr"), mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive"))
			}
			errs = append(errs, validateDescendingPath(mount.SubPathExpr, p.Child("subPathExpr"))...)
		}
	}
	return errs
}
