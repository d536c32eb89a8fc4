package api

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// The columns and rows of server-side tables, after
// pkg/printers/internalversion/printers.go. As there, a row always has the wide
// cells too: the client hides columns of priority 1.

// column is text that everyone sees, wide is text for -o wide.
func column(name, description string) metav1.TableColumnDefinition {
	return metav1.TableColumnDefinition{Name: name, Type: "string", Description: description}
}

func wide(name, description string) metav1.TableColumnDefinition {
	return metav1.TableColumnDefinition{Name: name, Type: "string", Description: description, Priority: 1}
}

func integer(name, description string) metav1.TableColumnDefinition {
	return metav1.TableColumnDefinition{Name: name, Type: "integer", Description: description}
}

var (
	metaDoc    = metav1.ObjectMeta{}.SwaggerDoc()
	nameColumn = metav1.TableColumnDefinition{Name: "Name", Type: "string", Format: "name", Description: metaDoc["name"]}
	ageColumn  = column("Age", metaDoc["creationTimestamp"])
)

// createdColumns and createdRow show kinds that have no columns of their own
// (pkg/registry/rest/table.go of k8s.io/apiserver).
var createdColumns = []metav1.TableColumnDefinition{
	nameColumn, {Name: "Created At", Type: "date", Description: metaDoc["creationTimestamp"]},
}

func createdRow(obj Object, _ time.Time) []any {
	return []any{obj.GetName(), obj.GetCreationTimestamp().UTC().Format(time.RFC3339)}
}

// age is how long ago t was, in kubectl's short form: 5s, 2m3s, 4d.
func age(t metav1.Time, now time.Time) string { return since(t.Time, now) }

func since(t, now time.Time) string {
	if t.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(t))
}

func orNone(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

func templateColumns(selectorDoc string) []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{
		wide("Containers", "Names of each container in the template."),
		wide("Images", "Images referenced by each container in the template."),
		wide("Selector", selectorDoc),
	}
}

func namesAndImages(containers []corev1.Container) (names, images string) {
	var n, i []string
	for _, c := range containers {
		n, i = append(n, c.Name), append(i, c.Image)
	}
	return strings.Join(n, ","), strings.Join(i, ",")
}

func deploymentColumns() []metav1.TableColumnDefinition {
	status := appsv1.DeploymentStatus{}.SwaggerDoc()
	return append([]metav1.TableColumnDefinition{
		nameColumn,
		column("Ready", "Number of the pod with ready state"),
		column("Up-to-date", status["updatedReplicas"]),
		column("Available", status["availableReplicas"]),
		ageColumn,
	}, templateColumns(appsv1.DeploymentSpec{}.SwaggerDoc()["selector"])...)
}

func deploymentRow(obj Object, now time.Time) []any {
	d := obj.(*appsv1.Deployment)
	names, images := namesAndImages(d.Spec.Template.Spec.Containers)
	selector := "<invalid>"
	if s, err := metav1.LabelSelectorAsSelector(d.Spec.Selector); err == nil {
		selector = s.String()
	}
	ready := fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, replicas(d.Spec.Replicas))
	return []any{d.Name, ready, int64(d.Status.UpdatedReplicas), int64(d.Status.AvailableReplicas),
		age(d.CreationTimestamp, now), names, images, selector}
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }

func replicas(n *int32) int64 {
	if n == nil {
		return 0
	}
	return int64(*n)
}

func replicaSetColumns() []metav1.TableColumnDefinition {
	spec, status := appsv1.ReplicaSetSpec{}.SwaggerDoc(), appsv1.ReplicaSetStatus{}.SwaggerDoc()
	return append([]metav1.TableColumnDefinition{
		nameColumn,
		integer("Desired", spec["replicas"]),
		integer("Current", status["replicas"]),
		integer("Ready", status["readyReplicas"]),
		ageColumn,
	}, templateColumns(spec["selector"])...)
}

func replicaSetRow(obj Object, now time.Time) []any {
	rs := obj.(*appsv1.ReplicaSet)
	names, images := namesAndImages(rs.Spec.Template.Spec.Containers)
	return []any{rs.Name, replicas(rs.Spec.Replicas), int64(rs.Status.Replicas), int64(rs.Status.ReadyReplicas),
		age(rs.CreationTimestamp, now), names, images, metav1.FormatLabelSelector(rs.Spec.Selector)}
}

func nodeColumns() []metav1.TableColumnDefinition {
	info, status := corev1.NodeSystemInfo{}.SwaggerDoc(), corev1.NodeStatus{}.SwaggerDoc()
	return []metav1.TableColumnDefinition{
		nameColumn,
		column("Status", "The status of the node"),
		column("Roles", "The roles of the node"),
		ageColumn,
		column("Version", info["kubeletVersion"]),
		wide("Internal-IP", status["addresses"]),
		wide("External-IP", status["addresses"]),
		wide("OS-Image", info["osImage"]),
		wide("Kernel-Version", info["kernelVersion"]),
		wide("Container-Runtime", info["containerRuntimeVersion"]),
	}
}

func nodeRow(obj Object, now time.Time) []any {
	node := obj.(*corev1.Node)
	info := node.Status.NodeInfo
	unknown := func(s string) string {
		setIfEmpty(&s, "<unknown>")
		return s
	}
	kernel := unknown(info.KernelVersion)
	if info.Architecture != "" {
		kernel += " (" + info.Architecture + ")"
	}
	return []any{node.Name, nodeStatus(node), orNone(nodeRoles(node)), age(node.CreationTimestamp, now), info.KubeletVersion,
		nodeAddress(node, corev1.NodeInternalIP), nodeAddress(node, corev1.NodeExternalIP),
		unknown(info.OSImage), kernel, unknown(info.ContainerRuntimeVersion)}
}

func nodeStatus(node *corev1.Node) string {
	status := "Unknown"
	for _, c := range node.Status.Conditions {
		if c.Type != corev1.NodeReady {
			continue
		}
		status = "NotReady"
		if c.Status == corev1.ConditionTrue {
			status = "Ready"
		}
	}
	if node.Spec.Unschedulable {
		status += ",SchedulingDisabled"
	}
	return status
}

func nodeRoles(node *corev1.Node) string {
	seen := map[string]bool{}
	var roles []string
	for key, value := range node.Labels {
		role, ok := strings.CutPrefix(key, "node-role.kubernetes.io/")
		if key == "kubernetes.io/role" {
			role, ok = value, true
		}
		if ok && role != "" && !seen[role] {
			seen[role] = true
			roles = append(roles, role)
		}
	}
	sort.Strings(roles)
	return strings.Join(roles, ",")
}

func nodeAddress(node *corev1.Node, kind corev1.NodeAddressType) string {
	for _, a := range node.Status.Addresses {
		if a.Type == kind {
			return a.Address
		}
	}
	return "<none>"
}

func namespaceColumns() []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{nameColumn, column("Status", "The status of the namespace"), ageColumn}
}

func namespaceRow(obj Object, now time.Time) []any {
	ns := obj.(*corev1.Namespace)
	return []any{ns.Name, string(ns.Status.Phase), age(ns.CreationTimestamp, now)}
}

func eventColumns() []metav1.TableColumnDefinition {
	doc := corev1.Event{}.SwaggerDoc()
	name := wide("Name", metaDoc["name"])
	name.Format = "name"
	return []metav1.TableColumnDefinition{
		column("Last Seen", doc["lastTimestamp"]),
		column("Type", doc["type"]),
		column("Reason", doc["reason"]),
		column("Object", doc["involvedObject"]),
		wide("Subobject", corev1.ObjectReference{}.SwaggerDoc()["fieldPath"]),
		wide("Source", doc["source"]),
		column("Message", doc["message"]),
		wide("First Seen", doc["firstTimestamp"]),
		wide("Count", doc["count"]),
		name,
	}
}

func eventRow(obj Object, now time.Time) []any {
	event := obj.(*corev1.Event)
	first := since(event.EventTime.Time, now)
	if !event.FirstTimestamp.IsZero() {
		first = age(event.FirstTimestamp, now)
	}
	last, count := first, int64(event.Count)
	if !event.LastTimestamp.IsZero() {
		last = age(event.LastTimestamp, now)
	}
	if event.Series != nil {
		last, count = since(event.Series.LastObservedTime.Time, now), int64(event.Series.Count)
	}
	if event.Series == nil && count == 0 {
		count = 1
	}
	about := strings.ToLower(event.InvolvedObject.Kind)
	if event.InvolvedObject.Name != "" {
		about += "/" + event.InvolvedObject.Name
	}
	return []any{last, event.Type, event.Reason, about, event.InvolvedObject.FieldPath, eventSource(event),
		strings.TrimSpace(event.Message), first, count, event.Name}
}

// eventSource is "component, instance", from the older or the newer fields.
func eventSource(event *corev1.Event) string {
	component, instance := event.Source.Component, event.Source.Host
	setIfEmpty(&component, event.ReportingController)
	setIfEmpty(&instance, event.ReportingInstance)
	if instance == "" {
		return component
	}
	return component + ", " + instance
}

func configMapColumns() []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{nameColumn, column("Data", corev1.ConfigMap{}.SwaggerDoc()["data"]), ageColumn}
}

func configMapRow(obj Object, now time.Time) []any {
	cm := obj.(*corev1.ConfigMap)
	return []any{cm.Name, int64(len(cm.Data) + len(cm.BinaryData)), age(cm.CreationTimestamp, now)}
}

func serviceAccountColumns() []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{nameColumn, ageColumn}
}

func serviceAccountRow(obj Object, now time.Time) []any {
	return []any{obj.GetName(), age(obj.GetCreationTimestamp(), now)}
}

func leaseColumns() []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{
		nameColumn, column("Holder", coordinationv1.LeaseSpec{}.SwaggerDoc()["holderIdentity"]), ageColumn,
	}
}

func leaseRow(obj Object, now time.Time) []any {
	lease := obj.(*coordinationv1.Lease)
	holder := ""
	if lease.Spec.HolderIdentity != nil {
		holder = *lease.Spec.HolderIdentity
	}
	return []any{lease.Name, holder, age(lease.CreationTimestamp, now)}
}
