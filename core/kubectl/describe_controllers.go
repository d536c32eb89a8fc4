package kubectl

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/duration"
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

func (d *describer) job() error {
	var o batchv1.Job
	if err := d.read(&o); err != nil {
		return err
	}
	d.line(0, "Name:\t%s", o.Name)
	d.line(0, "Namespace:\t%s", o.Namespace)
	if selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector); err == nil {
		d.line(0, "Selector:\t%s", selector)
	} else {
		d.line(0, "Selector:\tFailed to get selector: %s", err)
	}
	d.labels("Labels", o.Labels)
	d.annotations("Annotations", o.Annotations)
	if by := controller(&o); by != "" {
		d.line(0, "Controlled By:\t%s", by)
	}
	d.jobSpec(&o.Spec)
	d.jobStatus(&o)
	d.template(&o.Spec.Template)
	d.writeEvents("Job", string(o.UID))
	return nil
}

func (d *describer) jobSpec(s *batchv1.JobSpec) {
	if s.Parallelism != nil {
		d.line(0, "Parallelism:\t%d", *s.Parallelism)
	}
	if s.Completions != nil {
		d.line(0, "Completions:\t%d", *s.Completions)
	} else {
		d.line(0, "Completions:\t<unset>")
	}
	if s.CompletionMode != nil {
		d.line(0, "Completion Mode:\t%s", *s.CompletionMode)
	}
	if s.Suspend != nil {
		d.line(0, "Suspend:\t%v", *s.Suspend)
	}
	if s.BackoffLimit != nil {
		d.line(0, "Backoff Limit:\t%v", *s.BackoffLimit)
	}
	if s.TTLSecondsAfterFinished != nil {
		d.line(0, "TTL Seconds After Finished:\t%v", *s.TTLSecondsAfterFinished)
	}
}

func (d *describer) jobStatus(o *batchv1.Job) {
	s := &o.Status
	if s.StartTime != nil {
		d.line(0, "Start Time:\t%s", date(*s.StartTime))
	}
	if s.CompletionTime != nil {
		d.line(0, "Completed At:\t%s", date(*s.CompletionTime))
	}
	if s.StartTime != nil && s.CompletionTime != nil {
		d.line(0, "Duration:\t%s", duration.HumanDuration(s.CompletionTime.Sub(s.StartTime.Time)))
	}
	if o.Spec.ActiveDeadlineSeconds != nil {
		d.line(0, "Active Deadline Seconds:\t%ds", *o.Spec.ActiveDeadlineSeconds)
	}
	if s.Ready == nil {
		d.line(0, "Pods Statuses:\t%d Active / %d Succeeded / %d Failed", s.Active, s.Succeeded, s.Failed)
	} else {
		d.line(0, "Pods Statuses:\t%d Active (%d Ready) / %d Succeeded / %d Failed", s.Active, *s.Ready, s.Succeeded, s.Failed)
	}
	if o.Spec.CompletionMode != nil && *o.Spec.CompletionMode == batchv1.IndexedCompletion {
		d.line(0, "Completed Indexes:\t%s", shortIndexes(s.CompletedIndexes))
	}
}

// shortIndexes cuts a list of indexes at the first comma after 50 characters.
func shortIndexes(list string) string {
	const most = 50
	if len(list) > most {
		if comma := strings.IndexByte(list[most:], ','); comma >= 0 {
			return list[:most+comma+1] + "..."
		}
	}
	return orNone(list)
}

func (d *describer) cronJob() error {
	var o batchv1.CronJob
	if err := d.read(&o); err != nil {
		return err
	}
	s := &o.Spec
	d.headIn(&o.ObjectMeta)
	d.line(0, "Schedule:\t%s", s.Schedule)
	d.line(0, "Concurrency Policy:\t%s", s.ConcurrencyPolicy)
	d.line(0, "Suspend:\t%s", boolText(isTrue(s.Suspend)))
	d.line(0, "Time Zone:\t%s", orUnset(s.TimeZone, "%s"))
	d.line(0, "Successful Job History Limit:\t%s", orUnset(s.SuccessfulJobsHistoryLimit, "%d"))
	d.line(0, "Failed Job History Limit:\t%s", orUnset(s.FailedJobsHistoryLimit, "%d"))
	d.line(0, "Starting Deadline Seconds:\t%s", orUnset(s.StartingDeadlineSeconds, "%ds"))
	d.jobTemplate(&s.JobTemplate.Spec)
	last := "<unset>"
	if o.Status.LastScheduleTime != nil {
		last = date(*o.Status.LastScheduleTime)
	}
	d.line(0, "Last Schedule Time:\t%s", last)
	var active []string
	for _, ref := range o.Status.Active {
		active = append(active, ref.Name)
	}
	d.line(0, "Active Jobs:\t%s", orNone(strings.Join(active, ", ")))
	d.writeEvents("CronJob", string(o.UID))
	return nil
}

func orUnset[T any](value *T, format string) string {
	if value == nil {
		return "<unset>"
	}
	return fmt.Sprintf(format, *value)
}

func (d *describer) jobTemplate(s *batchv1.JobSpec) {
	if s.Selector != nil {
		if selector, err := metav1.LabelSelectorAsSelector(s.Selector); err == nil {
			d.line(0, "Selector:\t%s", selector)
		} else {
			d.line(0, "Selector:\tFailed to get selector: %s", err)
		}
	} else {
		d.line(0, "Selector:\t<unset>")
	}
	d.line(0, "Parallelism:\t%s", orUnset(s.Parallelism, "%d"))
	d.line(0, "Completions:\t%s", orUnset(s.Completions, "%d"))
	if s.ActiveDeadlineSeconds != nil {
		d.line(0, "Active Deadline Seconds:\t%ds", *s.ActiveDeadlineSeconds)
	}
	d.template(&s.Template)
}
