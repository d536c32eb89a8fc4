package kubectl

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

func (d *describer) persistentVolume() error {
	var o corev1.PersistentVolume
	if err := d.read(&o); err != nil {
		return err
	}
	class, annotated := o.Annotations[corev1.BetaStorageClassAnnotation]
	if !annotated {
		class = o.Spec.StorageClassName
	}
	status, claim := string(o.Status.Phase), ""
	if o.DeletionTimestamp != nil {
		status = fmt.Sprintf("Terminating (lasts %s)", since(d.now, o.DeletionTimestamp.Time))
	}
	if ref := o.Spec.ClaimRef; ref != nil {
		claim = ref.Namespace + "/" + ref.Name
	}
	d.head(&o.ObjectMeta)
	d.line(0, "Finalizers:\t%v", o.Finalizers)
	d.line(0, "StorageClass:\t%s", class)
	d.line(0, "Status:\t%s", status)
	d.line(0, "Claim:\t%s", claim)
	d.line(0, "Reclaim Policy:\t%v", o.Spec.PersistentVolumeReclaimPolicy)
	d.line(0, "Access Modes:\t%s", accessModes(o.Spec.AccessModes))
	if o.Spec.VolumeMode != nil {
		d.line(0, "VolumeMode:\t%v", *o.Spec.VolumeMode)
	}
	d.line(0, "Capacity:\t%s", o.Spec.Capacity.Storage())
	d.volumeAffinity(o.Spec.NodeAffinity)
	d.line(0, "Message:\t%s", o.Status.Message)
	d.line(0, "Source:")
	d.volumeSource(&o.Spec.PersistentVolumeSource)
	d.writeEvents("PersistentVolume", string(o.UID))
	return nil
}

// volumeSource names the sources that a volume here is likely to have.
func (d *describer) volumeSource(v *corev1.PersistentVolumeSource) {
	switch {
	case v.HostPath != nil:
		d.volume(corev1.VolumeSource{HostPath: v.HostPath})
	case v.NFS != nil:
		d.volumeType("NFS (an NFS mount that lasts the lifetime of a pod)", "Server", v.NFS.Server, "Path", v.NFS.Path, "ReadOnly", v.NFS.ReadOnly)
	case v.Local != nil:
		d.volumeType("LocalVolume (a persistent volume backed by local storage on a node)", "Path", v.Local.Path)
	case v.CSI != nil:
		d.volumeType("CSI (a Container Storage Interface (CSI) volume source)", "Driver", v.CSI.Driver, "FSType", v.CSI.FSType,
			"VolumeHandle", v.CSI.VolumeHandle, "ReadOnly", v.CSI.ReadOnly)
		list := pairs(v.CSI.VolumeAttributes, "=")
		if len(list) == 0 {
			list = []string{"<none>"}
		}
		d.line(2, "VolumeAttributes:\t%s", strings.Join(list, "\n    \t"))
	default:
		d.line(1, "<unknown>")
	}
}

func (d *describer) volumeAffinity(affinity *corev1.VolumeNodeAffinity) {
	if affinity == nil || affinity.Required == nil {
		d.line(0, "Node Affinity:\t<none>")
		return
	}
	d.line(0, "Node Affinity:\t")
	if len(affinity.Required.NodeSelectorTerms) == 0 {
		d.line(1, "Required Terms:\t<none>")
		return
	}
	d.line(1, "Required Terms:\t")
	for i, term := range affinity.Required.NodeSelectorTerms {
		var rules []string
		for _, e := range term.MatchExpressions {
			rule := e.Key + " " + strings.ToLower(string(e.Operator))
			if len(e.Values) > 0 {
				rule += " [" + strings.Join(e.Values, ", ") + "]"
			}
			rules = append(rules, rule)
		}
		d.term(2, i, rules)
	}
}

// term writes the rules of a selector's term below each other.
func (d *describer) term(level, i int, rules []string) {
	if len(rules) == 0 {
		rules = []string{"<none>"}
	}
	d.text(level, "Term %d:\t", i)
	for n, rule := range rules {
		if n > 0 {
			d.text(level, "\t")
		}
		d.line(0, "%s", rule)
	}
}

func (d *describer) storageClass() error {
	var o storagev1.StorageClass
	if err := d.read(&o); err != nil {
		return err
	}
	standard := "No"
	if o.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" || o.Annotations["storageclass.beta.kubernetes.io/is-default-class"] == "true" {
		standard = "Yes"
	}
	joined := func(m map[string]string) string {
		if len(m) == 0 {
			return "<none>"
		}
		return strings.Join(pairs(m, "="), ",")
	}
	expansion := "<unset>"
	if o.AllowVolumeExpansion != nil {
		expansion = map[bool]string{true: "True", false: "False"}[*o.AllowVolumeExpansion]
	}
	d.line(0, "Name:\t%s", o.Name)
	d.line(0, "IsDefaultClass:\t%s", standard)
	d.line(0, "Annotations:\t%s", joined(o.Annotations))
	d.line(0, "Provisioner:\t%s", o.Provisioner)
	d.line(0, "Parameters:\t%s", joined(o.Parameters))
	d.line(0, "AllowVolumeExpansion:\t%s", expansion)
	if len(o.MountOptions) == 0 {
		d.line(0, "MountOptions:\t<none>")
	} else {
		d.line(0, "MountOptions:")
		for _, option := range o.MountOptions {
			d.line(1, "%s", option)
		}
	}
	if o.ReclaimPolicy != nil {
		d.line(0, "ReclaimPolicy:\t%s", *o.ReclaimPolicy)
	}
	if o.VolumeBindingMode != nil {
		d.line(0, "VolumeBindingMode:\t%s", *o.VolumeBindingMode)
	}
	if o.AllowedTopologies != nil {
		d.line(0, "AllowedTopologies:\t")
		for i, t := range o.AllowedTopologies {
			var rules []string
			for _, e := range t.MatchLabelExpressions {
				rules = append(rules, e.Key+" in ["+strings.Join(e.Values, ", ")+"]")
			}
			d.term(1, i, rules)
		}
	}
	d.writeEvents("StorageClass", string(o.UID))
	return nil
}
