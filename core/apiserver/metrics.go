package apiserver

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
)

// What pods and nodes use: metrics.k8s.io, for kubectl top and the autoscaler.
// A real cluster's API server hands these requests on to metrics-server, which
// asks every kubelet each 15 seconds; this stands for both.
//
// The work that pods have to do is the simulation's own, and comes from an
// annotation (api.LoadAnnotation) that anybody may set, with any kubectl, on
// what the work arrives at: a Service, or a Deployment, StatefulSet, DaemonSet
// or Pod. That is a write like any other, so it is in the log, replayed with
// the session, kept with a fork and undone with the past; and it needs no
// command that a real kubectl hasn't. The pods that are ready share it evenly,
// none uses more cpu than its limit, and what they use when idle comes on top.
// So more pods make each one's share smaller, which is all that an autoscaler
// counts on.

// metricsWindow is how often kubelets are asked, and so how long a container
// must have run before anything is known of it.
const metricsWindow = 15 * time.Second

// nodeOverhead is what a node uses besides its pods.
var nodeOverhead = load{cpu: 60, memory: 400 << 20}

// ContainerUsage is what one running container uses when idle.
type ContainerUsage struct {
	Name        string
	CPU, Memory int64 // thousandths of a core, bytes
	Since       time.Time
}

// load is an amount of work, or of use.
type load struct{ cpu, memory int64 }

func (l load) list() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(l.cpu, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(l.memory, resource.BinarySI),
	}
}

// measuredAt is when kubelets were asked last.
func (s *Server) measuredAt() time.Time { return s.opts.Now().Truncate(metricsWindow) }

func (s *Server) getPodMetrics(c *call) (answer, error) {
	if it := s.shelves[podResource].find(c.Namespace, c.Name); it != nil {
		if m := s.podMetrics(it.object().(*corev1.Pod), s.shares(c.Namespace)); m != nil {
			api.SetTypeMeta(m)
			return answer{code: codeOK, object: m}, nil
		}
	}
	return answer{}, apierrors.NewNotFound(schema.GroupResource{Group: c.res.Group, Resource: "podmetrics"}, c.Namespace+"/"+c.Name)
}

func (s *Server) listPodMetrics(c *call) (answer, error) {
	f, err := filterFor(c, &c.ListOptions)
	if err != nil {
		return answer{}, err
	}
	list := &listing{res: c.res, items: []api.Object{}}
	shares := map[string]map[string]load{}
	s.shelves[podResource].each(c.Namespace, "", func(it *item) bool {
		pod := it.object().(*corev1.Pod)
		if shares[pod.Namespace] == nil {
			shares[pod.Namespace] = s.shares(pod.Namespace)
		}
		if m := s.podMetrics(pod, shares[pod.Namespace]); m != nil && f.matches(m) {
			list.items = append(list.items, m)
		}
		return true
	})
	return answer{code: codeOK, list: list}, nil
}

// podMetrics is nil while nothing is known of a pod.
func (s *Server) podMetrics(pod *corev1.Pod, shares map[string]load) *api.PodMetrics {
	if s.opts.Usage == nil || pod.Status.Phase != corev1.PodRunning {
		return nil
	}
	at := s.measuredAt()
	m := &api.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels, CreationTimestamp: s.now()},
		Timestamp:  metav1.NewTime(at), Window: metav1.Duration{Duration: metricsWindow},
	}
	work := shares[pod.Name]
	for _, u := range s.opts.Usage(pod) {
		if u.Since.After(at.Add(-metricsWindow)) {
			return nil
		}
		use := load{u.CPU + work.cpu, u.Memory + work.memory}
		if most := cpuLimit(pod, u.Name); most > 0 {
			use.cpu = min(use.cpu, most)
		}
		m.Containers = append(m.Containers, api.ContainerMetrics{Name: u.Name, Usage: use.list()})
		work = load{} // it is the first container's
	}
	if len(m.Containers) == 0 {
		return nil
	}
	return m
}

func cpuLimit(pod *corev1.Pod, container string) int64 {
	for i := range pod.Spec.Containers {
		if c := &pod.Spec.Containers[i]; c.Name == container {
			return c.Resources.Limits.Cpu().MilliValue()
		}
	}
	return 0
}

// worked are the kinds that work can arrive at, beside pods themselves.
var worked = []schema.GroupVersionResource{
	{Version: "v1", Resource: "services"}, {Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "apps", Version: "v1", Resource: "statefulsets"}, {Group: "apps", Version: "v1", Resource: "daemonsets"},
}

// shares is the work of each pod of a namespace that has any.
func (s *Server) shares(namespace string) map[string]load {
	out := map[string]load{}
	for _, gvr := range worked {
		s.shelves[gvr].each(namespace, "", func(it *item) bool {
			if text := it.object().GetAnnotations()[api.LoadAnnotation]; text != "" {
				s.share(out, namespace, api.PodSelector(it.object()), parseLoad(text))
			}
			return true
		})
	}
	s.shelves[podResource].each(namespace, "", func(it *item) bool {
		if text := it.object().GetAnnotations()[api.LoadAnnotation]; text != "" {
			own := parseLoad(text)
			own.cpu, own.memory = own.cpu+out[it.object().GetName()].cpu, own.memory+out[it.object().GetName()].memory
			out[it.object().GetName()] = own
		}
		return true
	})
	return out
}

// share hands work out to the ready pods that are selected.
func (s *Server) share(out map[string]load, namespace string, selector labels.Selector, all load) {
	var pods []string
	s.shelves[podResource].each(namespace, "", func(it *item) bool {
		pod := it.object().(*corev1.Pod)
		if selector.Matches(labels.Set(pod.Labels)) && pod.DeletionTimestamp == nil && ready(pod) {
			pods = append(pods, pod.Name)
		}
		return true
	})
	for _, name := range pods {
		l, n := out[name], int64(len(pods))
		out[name] = load{l.cpu + all.cpu/n, l.memory + all.memory/n}
	}
}

func ready(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// parseLoad reads "900m", or "cpu=900m,memory=1Gi"; what can't be read is nothing.
func parseLoad(text string) load {
	var l load
	for _, part := range strings.Split(text, ",") {
		name, value, named := strings.Cut(strings.TrimSpace(part), "=")
		if !named {
			name, value = string(corev1.ResourceCPU), name
		}
		q, err := resource.ParseQuantity(value)
		switch {
		case err != nil || q.Sign() < 0:
		case name == string(corev1.ResourceCPU):
			l.cpu = q.MilliValue()
		case name == string(corev1.ResourceMemory):
			l.memory = q.Value()
		}
	}
	return l
}

func (s *Server) getNodeMetrics(c *call) (answer, error) {
	if it := s.shelves[nodeResource].find("", c.Name); it != nil {
		m := s.nodeMetrics(it.object().(*corev1.Node), s.used()[c.Name])
		api.SetTypeMeta(m)
		return answer{code: codeOK, object: m}, nil
	}
	return answer{}, apierrors.NewNotFound(schema.GroupResource{Group: c.res.Group, Resource: "nodemetrics"}, c.Name)
}

func (s *Server) listNodeMetrics(c *call) (answer, error) {
	f, err := filterFor(c, &c.ListOptions)
	if err != nil {
		return answer{}, err
	}
	list := &listing{res: c.res, items: []api.Object{}}
	used := s.used()
	s.shelves[nodeResource].each("", "", func(it *item) bool {
		if m := s.nodeMetrics(it.object().(*corev1.Node), used[it.object().GetName()]); f.matches(m) {
			list.items = append(list.items, m)
		}
		return true
	})
	return answer{code: codeOK, list: list}, nil
}

// used is what the pods of each node use.
func (s *Server) used() map[string]load {
	out := map[string]load{}
	shares := map[string]map[string]load{}
	s.shelves[podResource].each("", "", func(it *item) bool {
		pod := it.object().(*corev1.Pod)
		if shares[pod.Namespace] == nil {
			shares[pod.Namespace] = s.shares(pod.Namespace)
		}
		if m := s.podMetrics(pod, shares[pod.Namespace]); m != nil {
			cpu, memory := m.Usage()
			l := out[pod.Spec.NodeName]
			out[pod.Spec.NodeName] = load{l.cpu + cpu.MilliValue(), l.memory + memory.Value()}
		}
		return true
	})
	return out
}

func (s *Server) nodeMetrics(node *corev1.Node, pods load) *api.NodeMetrics {
	return &api.NodeMetrics{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, Labels: node.Labels, CreationTimestamp: s.now()},
		Timestamp:  metav1.NewTime(s.measuredAt()), Window: metav1.Duration{Duration: metricsWindow},
		Usage: load{nodeOverhead.cpu + pods.cpu, nodeOverhead.memory + pods.memory}.list(),
	}
}
