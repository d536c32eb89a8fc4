package api

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PersistentVolumes: pkg/registry/core/persistentvolume.

func persistentVolumes() *Resource {
	r := parted(typed[corev1.PersistentVolume, corev1.PersistentVolumeList](&Resource{
		Version: "v1", Kind: "PersistentVolume", Plural: "persistentvolumes", Singular: "persistentvolume",
		Validate: check(validatePersistentVolume), ValidateUpdate: recheck(validatePersistentVolumeUpdate),
		ShortNames: []string{"pv"}, Subresources: []string{"status"}, ReturnsDeleted: true,
		Default: on(defaultPersistentVolume),
		Columns: persistentVolumeColumns(), Row: row(persistentVolumeRow),
	}), false,
		func(pv *corev1.PersistentVolume) *corev1.PersistentVolumeSpec { return &pv.Spec },
		func(pv *corev1.PersistentVolume) *corev1.PersistentVolumeStatus { return &pv.Status })
	r.PrepareCreate = on(func(pv *corev1.PersistentVolume) {
		at := pv.CreationTimestamp
		pv.Status = corev1.PersistentVolumeStatus{Phase: corev1.VolumePending, LastPhaseTransitionTime: &at}
	})
	return r
}

func defaultPersistentVolume(pv *corev1.PersistentVolume) {
	setIfEmpty(&pv.Status.Phase, corev1.VolumePending)
	setIfEmpty(&pv.Spec.PersistentVolumeReclaimPolicy, corev1.PersistentVolumeReclaimRetain)
	setIfNil(&pv.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
	roundUp(pv.Spec.Capacity)
	if pv.Spec.HostPath != nil {
		setIfNil(&pv.Spec.HostPath.Type, corev1.HostPathUnset)
	}
}

func persistentVolumeColumns() []metav1.TableColumnDefinition {
	spec, status := corev1.PersistentVolumeSpec{}.SwaggerDoc(), corev1.PersistentVolumeStatus{}.SwaggerDoc()
	return []metav1.TableColumnDefinition{
		nameColumn,
		column("Capacity", spec["capacity"]),
		column("Access Modes", spec["accessModes"]),
		column("Reclaim Policy", spec["persistentVolumeReclaimPolicy"]),
		column("Status", status["phase"]),
		column("Claim", spec["claimRef"]),
		column("StorageClass", "StorageClass of the pv"),
		column("VolumeAttributesClass", "VolumeAttributesClass of the pv"),
		column("Reason", status["reason"]),
		ageColumn,
		wide("VolumeMode", spec["volumeMode"]),
	}
}

func persistentVolumeRow(pv *corev1.PersistentVolume, now time.Time) []any {
	claim := ""
	if ref := pv.Spec.ClaimRef; ref != nil {
		claim = ref.Namespace + "/" + ref.Name
	}
	size := pv.Spec.Capacity[corev1.ResourceStorage]
	phase := string(pv.Status.Phase)
	if pv.DeletionTimestamp != nil {
		phase = "Terminating"
	}
	return []any{pv.Name, size.String(), shortModes(pv.Spec.AccessModes), string(pv.Spec.PersistentVolumeReclaimPolicy),
		phase, claim, VolumeClass(pv), orUnset(pv.Spec.VolumeAttributesClassName), pv.Status.Reason,
		age(pv.CreationTimestamp, now), orUnset(pv.Spec.VolumeMode)}
}

func orUnset[T ~string](s *T) string {
	if s == nil {
		return "<unset>"
	}
	return string(*s)
}
