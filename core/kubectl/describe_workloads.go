package kubectl

import (
	"fmt"
	"net/url"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func (d *describer) deployment() error {
	var o appsv1.Deployment
	if err := d.read(&o); err != nil {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
	if err != nil {
		return err
	}
	// kubectl asks for the events before the ReplicaSets.
	var events []corev1.Event
	if d.events {
		events = d.searchEvents(o.Namespace, o.Name, "Deployment", string(o.UID))
	}
	sets, setsErr := d.c.replicaSets(&o, o.Namespace, d.chunks())
	s, status := &o.Spec, &o.Status
	d.line(0, "Name:\t%s", o.Name)
	d.line(0, "Namespace:\t%s", o.Namespace)
	d.line(0, "CreationTimestamp:\t%s", date(o.CreationTimestamp))
	d.labels("Labels", o.Labels)
	d.annotations("Annotations", o.Annotations)
	d.line(0, "Selector:\t%s", selector)
	d.line(0, "Replicas:\t%d desired | %d updated | %d total | %d available | %d unavailable", replicas(s.Replicas),
		status.UpdatedReplicas, status.Replicas, status.AvailableReplicas, status.UnavailableReplicas)
	d.line(0, "StrategyType:\t%s", s.Strategy.Type)
	d.line(0, "MinReadySeconds:\t%d", s.MinReadySeconds)
	if ru := s.Strategy.RollingUpdate; ru != nil {
		d.line(0, "RollingUpdateStrategy:\t%s max unavailable, %s max surge", ru.MaxUnavailable.String(), ru.MaxSurge.String())
	}
	d.template(&s.Template)
	if len(status.Conditions) > 0 {
		d.line(0, "Conditions:\n  Type\tStatus\tReason")
		d.line(1, "----\t------\t------")
	}
	for _, cond := range status.Conditions {
		d.line(1, "%v \t%v\t%v", cond.Type, cond.Status, cond.Reason)
	}
	if setsErr == nil && len(sets) > 0 {
		d.replicaSets(&o, sets)
	}
	if d.events {
		d.eventTable(events)
	}
	return nil
}

func replicas(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

// replicaSets tells the Deployment's new set from the old ones that still have
// pods or are wanted (pkg/util/deployment, GetAllReplicaSets).
func (d *describer) replicaSets(o *appsv1.Deployment, sets []appsv1.ReplicaSet) {
	sort.SliceStable(sets, func(i, j int) bool {
		if sets[i].CreationTimestamp.Equal(&sets[j].CreationTimestamp) {
			return sets[i].Name < sets[j].Name
		}
		return sets[i].CreationTimestamp.Before(&sets[j].CreationTimestamp)
	})
	var older, newer []string
	for i := range sets {
		text := fmt.Sprintf("%s (%d/%d replicas created)", sets[i].Name, sets[i].Status.Replicas, replicas(sets[i].Spec.Replicas))
		if len(newer) == 0 && sameTemplate(&sets[i].Spec.Template, &o.Spec.Template) {
			newer = append(newer, text)
		} else {
			older = append(older, text)
		}
	}
	d.line(0, "OldReplicaSets:\t%s", orNone(strings.Join(older, ", ")))
	d.line(0, "NewReplicaSet:\t%s", orNone(strings.Join(newer, ", ")))
}

func (d *describer) replicaSet() error {
	var o appsv1.ReplicaSet
	if err := d.read(&o); err != nil {
		return err
	}
	counts, countErr := d.podCounts(o.Spec.Selector, o.UID)
	d.line(0, "Name:\t%s", o.Name)
	d.line(0, "Namespace:\t%s", o.Namespace)
	d.line(0, "Selector:\t%s", metav1.FormatLabelSelector(o.Spec.Selector))
	d.labels("Labels", o.Labels)
	d.annotations("Annotations", o.Annotations)
	if by := controller(&o); by != "" {
		d.line(0, "Controlled By:\t%s", by)
	}
	d.line(0, "Replicas:\t%d current / %d desired", o.Status.Replicas, replicas(o.Spec.Replicas))
	if countErr != nil {
		d.line(0, "Pods Status:\terror in fetching pods: %s", countErr)
	} else {
		d.line(0, "Pods Status:\t%d Running / %d Waiting / %d Succeeded / %d Failed", counts[corev1.PodRunning], counts[corev1.PodPending], counts[corev1.PodSucceeded], counts[corev1.PodFailed])
	}
	d.template(&o.Spec.Template)
	if len(o.Status.Conditions) > 0 {
		d.line(0, "Conditions:\n  Type\tStatus\tReason")
		d.line(1, "----\t------\t------")
	}
	for _, cond := range o.Status.Conditions {
		d.line(1, "%v \t%v\t%v", cond.Type, cond.Status, cond.Reason)
	}
	d.writeEvents("ReplicaSet", string(o.UID))
	return nil
}

// podCounts counts the pods of a controller by phase.
func (d *describer) podCounts(selector *metav1.LabelSelector, owner types.UID) (map[corev1.PodPhase]int, error) {
	sel, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, err
	}
	q := d.chunks()
	q.Set("labelSelector", sel.String())
	pods, err := d.c.pods(d.info.namespace, q)
	if err != nil {
		return nil, err
	}
	counts := map[corev1.PodPhase]int{}
	for i := range pods {
		if ref := metav1.GetControllerOf(&pods[i]); ref != nil && ref.UID == owner {
			counts[pods[i].Status.Phase]++
		}
	}
	return counts, nil
}

// pods reads pods in chunks.
func (c *call) pods(namespace string, q url.Values) ([]corev1.Pod, error) {
	path := "/api/v1/pods"
	if namespace != "" {
		path = "/api/v1/namespaces/" + namespace + "/pods"
	}
	var all []corev1.Pod
	for {
		var list corev1.PodList
		if err := c.into(path, q, &list); err != nil {
			return nil, err
		}
		all = append(all, list.Items...)
		if list.Continue == "" {
			return all, nil
		}
		q.Set("continue", list.Continue)
	}
}
