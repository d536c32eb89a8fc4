package kubectl

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func (d *describer) daemonSet() error {
	var o appsv1.DaemonSet
	if err := d.read(&o); err != nil {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
	if err != nil {
		return err
	}
	counts, err := d.podCounts(o.Spec.Selector, o.UID)
	if err != nil {
		return err
	}
	d.line(0, "Name:\t%s", o.Name)
	d.line(0, "Namespace:\t%s", o.Namespace)
	d.line(0, "Selector:\t%s", selector)
	d.line(0, "Node-Selector:\t%s", labels.FormatLabels(o.Spec.Template.Spec.NodeSelector))
	d.labels("Labels", o.Labels)
	d.annotations("Annotations", o.Annotations)
	d.line(0, "Desired Number of Nodes Scheduled: %d", o.Status.DesiredNumberScheduled)
	d.line(0, "Current Number of Nodes Scheduled: %d", o.Status.CurrentNumberScheduled)
	d.line(0, "Number of Nodes Scheduled with Up-to-date Pods: %d", o.Status.UpdatedNumberScheduled)
	d.line(0, "Number of Nodes Scheduled with Available Pods: %d", o.Status.NumberAvailable)
	d.line(0, "Number of Nodes Misscheduled: %d", o.Status.NumberMisscheduled)
	d.podsStatus(counts)
	d.template(&o.Spec.Template)
	d.writeEvents("DaemonSet", string(o.UID))
	return nil
}

func (d *describer) podsStatus(counts map[corev1.PodPhase]int) {
	d.line(0, "Pods Status:\t%d Running / %d Waiting / %d Succeeded / %d Failed",
		counts[corev1.PodRunning], counts[corev1.PodPending], counts[corev1.PodSucceeded], counts[corev1.PodFailed])
}

func (d *describer) statefulSet() error {
	var o appsv1.StatefulSet
	if err := d.read(&o); err != nil {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
	if err != nil {
		return err
	}
	counts, err := d.podCounts(o.Spec.Selector, o.UID)
	if err != nil {
		return err
	}
	d.line(0, "Name:\t%s", o.Name)
	d.line(0, "Namespace:\t%s", o.Namespace)
	d.line(0, "CreationTimestamp:\t%s", date(o.CreationTimestamp))
	d.line(0, "Selector:\t%s", selector)
	d.labels("Labels", o.Labels)
	d.annotations("Annotations", o.Annotations)
	d.line(0, "Replicas:\t%d desired | %d total", replicas(o.Spec.Replicas), o.Status.Replicas)
	d.line(0, "Update Strategy:\t%s", o.Spec.UpdateStrategy.Type)
	if rolling := o.Spec.UpdateStrategy.RollingUpdate; rolling != nil && rolling.Partition != nil {
		d.line(1, "Partition:\t%d", *rolling.Partition)
	}
	d.podsStatus(counts)
	d.template(&o.Spec.Template)
	d.claimTemplates(o.Spec.VolumeClaimTemplates)
	d.writeEvents("StatefulSet", string(o.UID))
	return nil
}

func (d *describer) claimTemplates(templates []corev1.PersistentVolumeClaim) {
	if len(templates) == 0 {
		d.line(0, "Volume Claims:\t<none>")
		return
	}
	d.line(0, "Volume Claims:")
	for i := range templates {
		claim := &templates[i]
		d.line(1, "Name:\t%s", claim.Name)
		d.line(1, "StorageClass:\t%s", storageClass(claim))
		d.indented("Labels", claim.Labels)
		d.indented("Annotations", claim.Annotations)
		capacity := "<default>"
		if size, ok := claim.Spec.Resources.Requests[corev1.ResourceStorage]; ok {
			capacity = size.String()
		}
		d.line(1, "Capacity:\t%s", capacity)
		d.line(1, "Access Modes:\t%s", claim.Spec.AccessModes)
	}
}

// indented writes labels one a line, two spaces in.
func (d *describer) indented(title string, labels map[string]string) {
	list := pairs(labels, "=")
	if len(list) == 0 {
		d.line(1, "%s:\t<none>", title)
		return
	}
	for i, pair := range list {
		if i == 0 {
			d.line(1, "%s:\t%s", title, pair)
		} else {
			d.line(1, "\t%s", pair)
		}
	}
}

func storageClass(claim *corev1.PersistentVolumeClaim) string {
	if class, ok := claim.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return class
	}
	if claim.Spec.StorageClassName != nil {
		return *claim.Spec.StorageClassName
	}
	return ""
}

func (d *describer) claim() error {
	var o corev1.PersistentVolumeClaim
	if err := d.read(&o); err != nil {
		return err
	}
	pods, err := d.c.pods(o.Namespace, d.chunks())
	if err != nil {
		return err
	}
	status, capacity, modes := string(o.Status.Phase), "", ""
	if o.DeletionTimestamp != nil {
		status = fmt.Sprintf("Terminating (lasts %s)", since(d.now, o.DeletionTimestamp.Time))
	}
	if o.Spec.VolumeName != "" {
		size := o.Status.Capacity[corev1.ResourceStorage]
		capacity, modes = size.String(), accessModes(o.Status.AccessModes)
	}
	d.line(0, "Name:\t%s", o.Name)
	d.line(0, "Namespace:\t%s", o.Namespace)
	d.line(0, "StorageClass:\t%s", storageClass(&o))
	d.line(0, "Status:\t%s", status)
	d.line(0, "Volume:\t%s", o.Spec.VolumeName)
	d.labels("Labels", o.Labels)
	d.annotations("Annotations", o.Annotations)
	d.line(0, "Finalizers:\t%v", o.Finalizers)
	d.line(0, "Capacity:\t%s", capacity)
	d.line(0, "Access Modes:\t%s", modes)
	if o.Spec.VolumeMode != nil {
		d.line(0, "VolumeMode:\t%v", *o.Spec.VolumeMode)
	}
	var users []string
	for i := range pods {
		if slices.ContainsFunc(pods[i].Spec.Volumes, func(v corev1.Volume) bool {
			return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == o.Name
		}) {
			users = append(users, pods[i].Name)
		}
	}
	d.lines("Used By", users)
	d.writeEvents("PersistentVolumeClaim", string(o.UID))
	return nil
}

// accessModes writes access modes short: RWO,ROX,RWX,RWOP.
func accessModes(modes []corev1.PersistentVolumeAccessMode) string {
	var short []string
	for _, m := range modes {
		short = append(short, map[corev1.PersistentVolumeAccessMode]string{
			corev1.ReadWriteOnce: "RWO", corev1.ReadOnlyMany: "ROX", corev1.ReadWriteMany: "RWX", corev1.ReadWriteOncePod: "RWOP",
		}[m])
	}
	return strings.Join(short, ",")
}
