package api

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// PersistentVolumeClaims: pkg/registry/core/persistentvolumeclaim and
// pkg/apis/core/validation. Left out of the validation: data sources, and a
// change of the attributes class.

func persistentVolumeClaims() *Resource {
	return &Resource{
		Version: "v1", Kind: "PersistentVolumeClaim", Plural: "persistentvolumeclaims", Singular: "persistentvolumeclaim",
		ShortNames: []string{"pvc"}, Namespaced: true, Subresources: []string{"status"}, ReturnsDeleted: true,
		New:     func() Object { return &corev1.PersistentVolumeClaim{} },
		NewList: func() runtime.Object { return &corev1.PersistentVolumeClaimList{} },

		Default:       func(obj Object) { defaultClaim(obj.(*corev1.PersistentVolumeClaim)) },
		PrepareCreate: prepareClaimCreate, PrepareUpdate: prepareClaimUpdate,
		PrepareStatusUpdate: prepareClaimStatusUpdate,
		Validate:            validateClaim, ValidateUpdate: validateClaimUpdate,
		Columns: claimColumns(), Row: claimRow,
	}
}

func defaultClaim(claim *corev1.PersistentVolumeClaim) {
	setIfEmpty(&claim.Status.Phase, corev1.ClaimPending)
	setIfNil(&claim.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
	roundUp(claim.Spec.Resources.Limits)
	roundUp(claim.Spec.Resources.Requests)
}

func prepareClaimCreate(obj Object) {
	obj.(*corev1.PersistentVolumeClaim).Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}
}

func prepareClaimUpdate(obj, old Object) {
	obj.(*corev1.PersistentVolumeClaim).Status = *old.(*corev1.PersistentVolumeClaim).Status.DeepCopy()
}

func prepareClaimStatusUpdate(obj, old Object) {
	obj.(*corev1.PersistentVolumeClaim).Spec = *old.(*corev1.PersistentVolumeClaim).Spec.DeepCopy()
}

func validateClaim(obj Object) field.ErrorList {
	return validateClaimSpec(&obj.(*corev1.PersistentVolumeClaim).Spec, specPath)
}

var accessModes = []corev1.PersistentVolumeAccessMode{
	corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOnce, corev1.ReadWriteOncePod,
}

func validateClaimSpec(spec *corev1.PersistentVolumeClaimSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	modes := p.Child("accessModes")
	if len(spec.AccessModes) == 0 {
		errs = append(errs, field.Required(modes, "at least 1 access mode is required"))
	}
	errs = append(errs, validateSelector(spec.Selector, p.Child("selector"))...)
	errs = append(errs, validateAccessModes(spec.AccessModes, modes)...)
	size := p.Child("resources").Key(string(corev1.ResourceStorage))
	if wanted, ok := spec.Resources.Requests[corev1.ResourceStorage]; !ok {
		errs = append(errs, field.Required(size, ""))
	} else if wanted.Sign() <= 0 {
		errs = append(errs, field.Invalid(size, wanted.String(), "must be greater than zero"))
	}
	if class := spec.StorageClassName; class != nil && *class != "" {
		errs = append(errs, invalid(p.Child("storageClassName"), *class, validation.NameIsDNSSubdomain(*class, false))...)
	}
	if mode := spec.VolumeMode; mode != nil {
		errs = append(errs, supported(*mode, p.Child("volumeMode"), corev1.PersistentVolumeBlock, corev1.PersistentVolumeFilesystem)...)
	}
	return errs
}

func validateClaimUpdate(obj, old Object) field.ErrorList {
	claim, oldClaim := obj.(*corev1.PersistentVolumeClaim), old.(*corev1.PersistentVolumeClaim).DeepCopy()
	errs := validateClaim(claim)
	if oldClaim.Spec.VolumeName == "" {
		oldClaim.Spec.VolumeName = claim.Spec.VolumeName
	}
	if upgradeClass(claim, oldClaim) {
		oldClaim.Spec.StorageClassName = claim.Spec.StorageClassName
	}
	was, is := oldClaim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if claim.Status.Phase == corev1.ClaimBound && oldClaim.Spec.Resources.Requests != nil {
		oldClaim.Spec.Resources.Requests[corev1.ResourceStorage] = is
		oldClaim.Spec.VolumeAttributesClassName = claim.Spec.VolumeAttributesClassName
	}
	if !equality.Semantic.DeepEqual(claim.Spec, oldClaim.Spec) {
		errs = append(errs, field.Forbidden(specPath, "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"))
	}
	if has := oldClaim.Status.Capacity[corev1.ResourceStorage]; is.Cmp(was) < 0 && is.Cmp(has) <= 0 {
		errs = append(errs, field.Forbidden(specPath.Child("resources", "requests", "storage"), "field can not be less than status.capacity"))
	}
	return append(errs, immutable(claim.Spec.VolumeMode, oldClaim.Spec.VolumeMode, field.NewPath("volumeMode"))...)
}

// upgradeClass: a claim that names no class may be given the default one later.
func upgradeClass(claim, old *corev1.PersistentVolumeClaim) bool {
	_, annotated := old.Annotations[corev1.BetaStorageClassAnnotation]
	return old.Spec.StorageClassName == nil && !annotated && claim.Spec.StorageClassName != nil
}

func claimColumns() []metav1.TableColumnDefinition {
	spec, status := corev1.PersistentVolumeClaimSpec{}.SwaggerDoc(), corev1.PersistentVolumeClaimStatus{}.SwaggerDoc()
	return []metav1.TableColumnDefinition{
		nameColumn,
		column("Status", status["phase"]),
		column("Volume", spec["volumeName"]),
		column("Capacity", status["capacity"]),
		column("Access Modes", status["accessModes"]),
		column("StorageClass", "StorageClass of the pvc"),
		column("VolumeAttributesClass", "VolumeAttributesClass of the pvc"),
		ageColumn,
		wide("VolumeMode", spec["volumeMode"]),
	}
}

func claimRow(obj Object, now time.Time) []any {
	claim := obj.(*corev1.PersistentVolumeClaim)
	phase, capacity, modes := string(claim.Status.Phase), "", ""
	if claim.DeletionTimestamp != nil {
		phase = "Terminating"
	}
	if claim.Spec.VolumeName != "" {
		size := claim.Status.Capacity[corev1.ResourceStorage]
		capacity, modes = size.String(), shortModes(claim.Status.AccessModes)
	}
	attributes, mode := "<unset>", "<unset>"
	if claim.Spec.VolumeAttributesClassName != nil {
		attributes = *claim.Spec.VolumeAttributesClassName
	}
	if claim.Spec.VolumeMode != nil {
		mode = string(*claim.Spec.VolumeMode)
	}
	return []any{claim.Name, phase, claim.Spec.VolumeName, capacity, modes, ClaimClass(claim), attributes,
		age(claim.CreationTimestamp, now), mode}
}

// shortModes writes access modes as kubectl shows them: RWO,ROX,RWX,RWOP.
func shortModes(modes []corev1.PersistentVolumeAccessMode) string {
	var short []string
	for _, m := range []struct {
		mode corev1.PersistentVolumeAccessMode
		name string
	}{{corev1.ReadWriteOnce, "RWO"}, {corev1.ReadOnlyMany, "ROX"}, {corev1.ReadWriteMany, "RWX"}, {corev1.ReadWriteOncePod, "RWOP"}} {
		if slices.Contains(modes, m.mode) {
			short = append(short, m.name)
		}
	}
	return strings.Join(short, ",")
}
