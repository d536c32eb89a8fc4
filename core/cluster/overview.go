package cluster

import (
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// MaxPodsShown is how many pods of a node an Overview lists; the others are
// in its counts.
const MaxPodsShown = 40

// Overview is the cluster as a map shows it, at the head revision.
type Overview struct {
	Revision    int64          `json:"revision"`
	Nodes       []NodeView     `json:"nodes"`
	Unscheduled []PodView      `json:"unscheduled"`
	Waiting     int            `json:"waiting"` // pods without a node, listed or not
	Deployments []WorkloadView `json:"deployments"`
	ReplicaSets []WorkloadView `json:"replicaSets"`
}

// NodeView is a node with what is on it.
type NodeView struct {
	Name          string    `json:"name"`
	Ready         bool      `json:"ready"`
	Unschedulable bool      `json:"unschedulable,omitempty"`
	Images        []string  `json:"images"`
	Pods          []PodView `json:"pods"` // MaxPodsShown at most, in order of name
	Total         int       `json:"total"`
	Running       int       `json:"running"`
}

// PodView is a pod as `kubectl get pods` would show it.
type PodView struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Status    string `json:"status"` // the STATUS column
	Ready     bool   `json:"ready"`
	Owner     string `json:"owner,omitempty"`
}

// WorkloadView is a Deployment or ReplicaSet with its counts.
type WorkloadView struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Owner     string `json:"owner,omitempty"`
	Desired   int32  `json:"desired"`
	Current   int32  `json:"current"`
	Ready     int32  `json:"ready"`
}

// Overview takes a look at the whole cluster. It is linear in its objects.
func (c *Cluster) Overview() Overview {
	o := overview(c.list, c.Now())
	o.Revision = c.Revision()
	return o
}

// lister calls fn for every object of a kind, in key order.
type lister func(r *api.Resource, fn func(api.Object))

func overview(from lister, now time.Time) Overview {
	o := Overview{
		Nodes: []NodeView{}, Unscheduled: []PodView{},
		Deployments: []WorkloadView{}, ReplicaSets: []WorkloadView{},
	}
	at := map[string]int{}
	eachOf(from, func(n *corev1.Node) {
		at[n.Name] = len(o.Nodes)
		o.Nodes = append(o.Nodes, viewNode(n))
	})
	eachOf(from, func(p *corev1.Pod) { o.addPod(viewPod(p, now), p, at) })
	eachOf(from, func(d *appsv1.Deployment) {
		o.Deployments = append(o.Deployments, WorkloadView{
			Namespace: d.Namespace, Name: d.Name,
			Desired: ptr.Deref(d.Spec.Replicas, 1), Current: d.Status.Replicas, Ready: d.Status.ReadyReplicas,
		})
	})
	eachOf(from, func(r *appsv1.ReplicaSet) {
		o.ReplicaSets = append(o.ReplicaSets, WorkloadView{
			Namespace: r.Namespace, Name: r.Name, Owner: ownerName(r),
			Desired: ptr.Deref(r.Spec.Replicas, 1), Current: r.Status.Replicas, Ready: r.Status.ReadyReplicas,
		})
	})
	slices.SortStableFunc(o.Nodes, func(a, b NodeView) int { return naturally(a.Name, b.Name) })
	return o
}

func (o *Overview) addPod(view PodView, p *corev1.Pod, at map[string]int) {
	i, bound := at[p.Spec.NodeName]
	if !bound {
		o.Waiting++
		if len(o.Unscheduled) < MaxPodsShown {
			o.Unscheduled = append(o.Unscheduled, view)
		}
		return
	}
	n := &o.Nodes[i]
	n.Total++
	if p.Status.Phase == corev1.PodRunning {
		n.Running++
	}
	if len(n.Pods) < MaxPodsShown {
		n.Pods = append(n.Pods, view)
	}
}

// each calls fn for every object of a kind that there is now, in key order.
func each[T api.Object](c *Cluster, fn func(T)) { eachOf(c.list, fn) }

func eachOf[T api.Object](from lister, fn func(T)) {
	from(api.Of[T](), func(o api.Object) { fn(o.(T)) })
}

// list is what the API server has of a kind now.
func (c *Cluster) list(r *api.Resource, fn func(api.Object)) {
	resp := c.server.Serve(&rest.Request{Verb: rest.List, Resource: r.GVR(), Actor: "overview"})
	if resp.Status() != nil {
		return
	}
	_ = meta.EachListItem(resp.Object, func(o runtime.Object) error {
		fn(o.(api.Object))
		return nil
	})
}

func viewNode(n *corev1.Node) NodeView {
	v := NodeView{Name: n.Name, Unschedulable: n.Spec.Unschedulable, Images: []string{}, Pods: []PodView{}}
	for _, cond := range n.Status.Conditions {
		if cond.Type == corev1.NodeReady {
			v.Ready = cond.Status == corev1.ConditionTrue
		}
	}
	for _, img := range n.Status.Images {
		if len(img.Names) > 0 {
			v.Images = append(v.Images, img.Names[len(img.Names)-1])
		}
	}
	return v
}

// statusColumn is where the pods' table has STATUS.
const statusColumn = 2

func viewPod(p *corev1.Pod, now time.Time) PodView {
	v := PodView{Namespace: p.Namespace, Name: p.Name, Owner: ownerName(p)}
	if row := api.For(p).Row; row != nil {
		v.Status, _ = row(p, now)[statusColumn].(string)
	}
	for _, cond := range p.Status.Conditions {
		if cond.Type == corev1.PodReady {
			v.Ready = cond.Status == corev1.ConditionTrue
		}
	}
	return v
}

func ownerName(obj metav1.Object) string {
	if ref := metav1.GetControllerOf(obj); ref != nil {
		return ref.Name
	}
	return ""
}

// naturally compares names so that node-2 comes before node-10.
func naturally(a, b string) int {
	x, y := strings.TrimRight(a, "0123456789"), strings.TrimRight(b, "0123456789")
	if x == y && len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
