package api

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// The kinds of storage.k8s.io: pkg/apis/storage/v1/defaults.go and
// pkg/registry/storage.

const storage = "storage.k8s.io"

func storageClasses() *Resource {
	doc := storagev1.StorageClass{}.SwaggerDoc()
	return typed[storagev1.StorageClass, storagev1.StorageClassList](&Resource{
		Group: storage, Version: "v1", Kind: "StorageClass", Plural: "storageclasses", Singular: "storageclass",
		Validate: check(validateStorageClass), ValidateUpdate: recheck(validateStorageClassUpdate),
		ShortNames: []string{"sc"}, ReturnsDeleted: true,
		Default: on(func(c *storagev1.StorageClass) {
			setIfNil(&c.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete)
			setIfNil(&c.VolumeBindingMode, storagev1.VolumeBindingImmediate)
		}),
		Columns: []metav1.TableColumnDefinition{
			nameColumn,
			column("Provisioner", doc["provisioner"]), column("ReclaimPolicy", doc["reclaimPolicy"]),
			column("VolumeBindingMode", doc["volumeBindingMode"]), column("AllowVolumeExpansion", doc["allowVolumeExpansion"]), ageColumn,
		},
		Row: row(func(c *storagev1.StorageClass, now time.Time) []any {
			return []any{c.Name + defaultMark(c.Annotations, DefaultClassAnnotation, BetaDefaultClassAnnotation), c.Provisioner,
				string(ptr.Deref(c.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete)),
				string(ptr.Deref(c.VolumeBindingMode, storagev1.VolumeBindingImmediate)),
				ptr.Deref(c.AllowVolumeExpansion, false), age(c.CreationTimestamp, now)}
		}),
	})
}

// DefaultClassAnnotation makes a storage class the default, where it is "true".
const (
	DefaultClassAnnotation     = "storageclass.kubernetes.io/is-default-class"
	BetaDefaultClassAnnotation = "storageclass.beta.kubernetes.io/is-default-class"
)

func volumeAttributesClasses() *Resource {
	return typed[storagev1.VolumeAttributesClass, storagev1.VolumeAttributesClassList](&Resource{
		Group: storage, Version: "v1", Kind: "VolumeAttributesClass", Plural: "volumeattributesclasses", Singular: "volumeattributesclass",
		ShortNames: []string{"vac"}, ReturnsDeleted: true,
		Columns: []metav1.TableColumnDefinition{
			nameColumn, column("DriverName", storagev1.VolumeAttributesClass{}.SwaggerDoc()["driverName"]), ageColumn,
		},
		Row: row(func(c *storagev1.VolumeAttributesClass, now time.Time) []any {
			return []any{c.Name, c.DriverName, age(c.CreationTimestamp, now)}
		}),
	})
}

func volumeAttachments() *Resource {
	spec := storagev1.VolumeAttachmentSpec{}.SwaggerDoc()
	attacher := column("Attacher", spec["attacher"])
	attacher.Format = "name"
	return parted(typed[storagev1.VolumeAttachment, storagev1.VolumeAttachmentList](&Resource{
		Group: storage, Version: "v1", Kind: "VolumeAttachment", Plural: "volumeattachments", Singular: "volumeattachment",
		Subresources: []string{"status"}, ReturnsDeleted: true, NeedsVersion: true,
		Columns: []metav1.TableColumnDefinition{
			nameColumn, attacher,
			column("PV", storagev1.VolumeAttachmentSource{}.SwaggerDoc()["persistentVolumeName"]), column("Node", spec["nodeName"]),
			boolean("Attached", storagev1.VolumeAttachmentStatus{}.SwaggerDoc()["attached"]), ageColumn,
		},
		Row: row(func(a *storagev1.VolumeAttachment, now time.Time) []any {
			return []any{a.Name, a.Spec.Attacher, ptr.Deref(a.Spec.Source.PersistentVolumeName, ""), a.Spec.NodeName, a.Status.Attached,
				age(a.CreationTimestamp, now)}
		}),
	}), false,
		func(a *storagev1.VolumeAttachment) *storagev1.VolumeAttachmentSpec { return &a.Spec },
		func(a *storagev1.VolumeAttachment) *storagev1.VolumeAttachmentStatus { return &a.Status })
}

func csiNodes() *Resource {
	return typed[storagev1.CSINode, storagev1.CSINodeList](&Resource{
		Group: storage, Version: "v1", Kind: "CSINode", Plural: "csinodes", Singular: "csinode",
		ReturnsDeleted: true, NeedsVersion: true,
		Columns: []metav1.TableColumnDefinition{
			nameColumn, integer("Drivers", "Drivers indicates the number of CSI drivers registered on the node"), ageColumn,
		},
		Row: row(func(n *storagev1.CSINode, now time.Time) []any {
			return []any{n.Name, int64(len(n.Spec.Drivers)), age(n.CreationTimestamp, now)}
		}),
	})
}

func csiDrivers() *Resource {
	spec := storagev1.CSIDriverSpec{}.SwaggerDoc()
	r := counted(typed[storagev1.CSIDriver, storagev1.CSIDriverList](&Resource{
		Group: storage, Version: "v1", Kind: "CSIDriver", Plural: "csidrivers", Singular: "csidriver",
		ReturnsDeleted: true, NeedsVersion: true,
		Default: on(defaultCSIDriver),
		Columns: []metav1.TableColumnDefinition{
			nameColumn,
			boolean("AttachRequired", spec["attachRequired"]), boolean("PodInfoOnMount", spec["podInfoOnMount"]),
			boolean("StorageCapacity", spec["storageCapacity"]), column("TokenRequests", spec["tokenRequests"]),
			boolean("RequiresRepublish", spec["requiresRepublish"]), column("Modes", spec["volumeLifecycleModes"]), ageColumn,
		},
		Row: row(csiDriverRow),
	}), func(d *storagev1.CSIDriver) *storagev1.CSIDriverSpec { return &d.Spec })
	r.PrepareCreate = nil // its count begins with the first update
	return r
}

func defaultCSIDriver(d *storagev1.CSIDriver) {
	spec := &d.Spec
	setIfNil(&spec.AttachRequired, true)
	setIfNil(&spec.PodInfoOnMount, false)
	setIfNil(&spec.StorageCapacity, false)
	setIfNil(&spec.FSGroupPolicy, storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy)
	if len(spec.VolumeLifecycleModes) == 0 {
		spec.VolumeLifecycleModes = []storagev1.VolumeLifecycleMode{storagev1.VolumeLifecyclePersistent}
	}
	setIfNil(&spec.RequiresRepublish, false)
	setIfNil(&spec.SELinuxMount, false)
}

func csiDriverRow(d *storagev1.CSIDriver, now time.Time) []any {
	var audiences, modes []string
	for _, t := range d.Spec.TokenRequests {
		audiences = append(audiences, t.Audience)
	}
	for _, mode := range d.Spec.VolumeLifecycleModes {
		modes = append(modes, string(mode))
	}
	tokens := "<unset>"
	if d.Spec.TokenRequests != nil {
		tokens = strings.Join(audiences, ",")
	}
	return []any{d.Name, ptr.Deref(d.Spec.AttachRequired, true), ptr.Deref(d.Spec.PodInfoOnMount, false),
		ptr.Deref(d.Spec.StorageCapacity, false), tokens, ptr.Deref(d.Spec.RequiresRepublish, false),
		orNone(strings.Join(modes, ",")), age(d.CreationTimestamp, now)}
}

func csiStorageCapacities() *Resource {
	return typed[storagev1.CSIStorageCapacity, storagev1.CSIStorageCapacityList](&Resource{
		Group: storage, Version: "v1", Kind: "CSIStorageCapacity", Plural: "csistoragecapacities", Singular: "csistoragecapacity",
		Namespaced: true, NeedsVersion: true,
		Columns: createdColumns, Row: createdRow,
	})
}
