package api

import (
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

// ReplicationControllers and PodTemplates:
// pkg/registry/core/{replicationcontroller,podtemplate}.

func replicationControllers() *Resource {
	spec, status := corev1.ReplicationControllerSpec{}.SwaggerDoc(), corev1.ReplicationControllerStatus{}.SwaggerDoc()
	return parted(typed[corev1.ReplicationController, corev1.ReplicationControllerList](&Resource{
		Version: "v1", Kind: "ReplicationController", Plural: "replicationcontrollers", Singular: "replicationcontroller",
		Validate: check(validateReplicationController), ValidateUpdate: recheck(validateReplicationControllerUpdate),
		ShortNames: []string{"rc"}, Categories: []string{"all"}, Namespaced: true, Subresources: []string{"scale", "status"},
		DefaultPropagation: metav1.DeletePropagationOrphan,
		Default:            on(defaultReplicationController),
		Columns: append([]metav1.TableColumnDefinition{
			nameColumn, integer("Desired", spec["replicas"]), integer("Current", status["replicas"]),
			integer("Ready", status["readyReplicas"]), ageColumn,
		}, templateColumns(spec["selector"])...),
		Row: row(replicationControllerRow),
		Fields: labelled(func(rc *corev1.ReplicationController) fields.Set {
			return fields.Set{"status.replicas": itoa(rc.Status.Replicas)}
		}),
	}), true,
		func(rc *corev1.ReplicationController) *corev1.ReplicationControllerSpec { return &rc.Spec },
		func(rc *corev1.ReplicationController) *corev1.ReplicationControllerStatus { return &rc.Status })
}

func defaultReplicationController(rc *corev1.ReplicationController) {
	setIfNil(&rc.Spec.Replicas, 1)
	template := rc.Spec.Template
	if template == nil {
		return
	}
	defaultPodSpec(&template.Spec)
	if template.Labels != nil && len(rc.Spec.Selector) == 0 {
		rc.Spec.Selector = maps.Clone(template.Labels)
	}
	if template.Labels != nil && len(rc.Labels) == 0 {
		rc.Labels = maps.Clone(template.Labels)
	}
}

func replicationControllerRow(rc *corev1.ReplicationController, now time.Time) []any {
	names, images := "", ""
	if rc.Spec.Template != nil {
		names, images = namesAndImages(rc.Spec.Template.Spec.Containers)
	}
	return []any{rc.Name, int64(ptr.Deref(rc.Spec.Replicas, 0)), int64(rc.Status.Replicas), int64(rc.Status.ReadyReplicas),
		age(rc.CreationTimestamp, now), names, images, labels.FormatLabels(rc.Spec.Selector)}
}

func podTemplates() *Resource {
	return counted(typed[corev1.PodTemplate, corev1.PodTemplateList](&Resource{
		Version: "v1", Kind: "PodTemplate", Plural: "podtemplates", Singular: "podtemplate", Namespaced: true,
		Validate: check(validatePodTemplate), ValidateUpdate: recheck(validatePodTemplateUpdate),
		ReturnsDeleted: true,
		Default:        on(func(t *corev1.PodTemplate) { defaultPodSpec(&t.Template.Spec) }),
		Columns: []metav1.TableColumnDefinition{
			nameColumn,
			column("Containers", "Names of each container in the template."),
			column("Images", "Images referenced by each container in the template."),
			column("Pod Labels", "The labels for the pod template."),
		},
		Row: row(func(t *corev1.PodTemplate, _ time.Time) []any {
			names, images := namesAndImages(t.Template.Spec.Containers)
			return []any{t.Name, names, images, labels.FormatLabels(t.Template.Labels)}
		}),
	}), func(t *corev1.PodTemplate) *corev1.PodTemplateSpec { return &t.Template })
}
