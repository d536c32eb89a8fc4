package kubectl

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// head writes what comes first of objects that have no namespace to show.
func (d *describer) head(meta *metav1.ObjectMeta) {
	d.line(0, "Name:\t%s", meta.Name)
	d.labels("Labels", meta.Labels)
	d.annotations("Annotations", meta.Annotations)
}

// headIn is head for objects in a namespace.
func (d *describer) headIn(meta *metav1.ObjectMeta) {
	d.line(0, "Name:\t%s", meta.Name)
	d.line(0, "Namespace:\t%s", meta.Namespace)
	d.labels("Labels", meta.Labels)
	d.annotations("Annotations", meta.Annotations)
}
