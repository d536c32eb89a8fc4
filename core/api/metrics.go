package api

import (
	"errors"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// The kinds of metrics.k8s.io/v1beta1 (k8s.io/metrics), which a real cluster's
// API server hands on to metrics-server: what pods and nodes use right now.
// They are written down here, field by field as upstream has them, since two
// types are all that is needed of that module. They have no protobuf.

// LoadAnnotation says how much work the pods of what carries it have to do in
// all: "900m" of cpu, or "cpu=900m,memory=1Gi". See the package apiserver's
// metrics.go.
const LoadAnnotation = "simulation.tabernetes.io/load"

// PodMetrics is what a pod's containers use.
type PodMetrics struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// Timestamp ends the Window over which the use was measured.
	Timestamp  metav1.Time        `json:"timestamp"`
	Window     metav1.Duration    `json:"window"`
	Containers []ContainerMetrics `json:"containers"`
}

// ContainerMetrics is what one container uses.
type ContainerMetrics struct {
	Name  string              `json:"name"`
	Usage corev1.ResourceList `json:"usage"`
}

// PodMetricsList is a list of PodMetrics.
type PodMetricsList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PodMetrics `json:"items"`
}

// NodeMetrics is what a node uses, its pods included.
type NodeMetrics struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Timestamp         metav1.Time         `json:"timestamp"`
	Window            metav1.Duration     `json:"window"`
	Usage             corev1.ResourceList `json:"usage"`
}

// NodeMetricsList is a list of NodeMetrics.
type NodeMetricsList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NodeMetrics `json:"items"`
}

var errNoProtobuf = errors.New("metrics have no protobuf")

// Marshal fails: metrics are not stored.
func (*PodMetrics) Marshal() ([]byte, error) { return nil, errNoProtobuf }

// Unmarshal fails.
func (*PodMetrics) Unmarshal([]byte) error { return errNoProtobuf }

// Marshal fails: metrics are not stored.
func (*NodeMetrics) Marshal() ([]byte, error) { return nil, errNoProtobuf }

// Unmarshal fails.
func (*NodeMetrics) Unmarshal([]byte) error { return errNoProtobuf }

// DeepCopyObject copies.
func (m *PodMetrics) DeepCopyObject() runtime.Object {
	out := *m
	m.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Containers = slices.Clone(m.Containers)
	for i := range out.Containers {
		out.Containers[i].Usage = maps.Clone(out.Containers[i].Usage)
	}
	return &out
}

// DeepCopyObject copies.
func (l *PodMetricsList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = nil
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].DeepCopyObject().(*PodMetrics))
	}
	return &out
}

// DeepCopyObject copies.
func (m *NodeMetrics) DeepCopyObject() runtime.Object {
	out := *m
	m.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Usage = maps.Clone(m.Usage)
	return &out
}

// DeepCopyObject copies.
func (l *NodeMetricsList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = nil
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].DeepCopyObject().(*NodeMetrics))
	}
	return &out
}

const metricsGroup = "metrics.k8s.io"

func podMetrics() *Resource {
	return typed[PodMetrics, PodMetricsList](measured(&Resource{
		Kind: "PodMetrics", Plural: "pods", Namespaced: true,
		Row: row(func(m *PodMetrics, _ time.Time) []any {
			cpu, memory := m.Usage()
			return []any{m.Name, cpu.String(), memory.String(), m.Window.Duration.String()}
		}),
	}))
}

func nodeMetrics() *Resource {
	return typed[NodeMetrics, NodeMetricsList](measured(&Resource{
		Kind: "NodeMetrics", Plural: "nodes",
		Row: row(func(m *NodeMetrics, _ time.Time) []any {
			return []any{m.Name, m.Usage.Cpu().String(), m.Usage.Memory().String(), m.Window.Duration.String()}
		}),
	}))
}

// measured fills in what both kinds share.
func measured(r *Resource) *Resource {
	r.Group, r.Version, r.Verbs, r.Unstored = metricsGroup, "v1beta1", []string{"get", "list"}, true
	r.Columns = []metav1.TableColumnDefinition{
		nameColumn, column("cpu", ""), column("memory", ""), column("Window", ""),
	}
	return r
}

// Usage is what a pod's containers use together.
func (m *PodMetrics) Usage() (cpu, memory resource.Quantity) {
	for _, c := range m.Containers {
		cpu.Add(*c.Usage.Cpu())
		memory.Add(*c.Usage.Memory())
	}
	return cpu, memory
}
