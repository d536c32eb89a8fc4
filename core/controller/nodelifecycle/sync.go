package nodelifecycle

import (
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

// sync takes one pass over a node.
func (n *nodes) sync(name string) error {
	node, ok := n.all.Get("", name)
	if !ok {
		return nil
	}
	now := metav1.NewTime(n.c.Now().Truncate(time.Second))
	if silent := n.c.Now().Sub(n.heard[name]); silent >= graceOf(node) {
		var err error
		if node, err = n.declareUnknown(node, now); err != nil {
			return err
		}
	} else {
		n.loop.AddAfter(name, graceOf(node)-silent, sim.Idle)
	}
	return n.taint(node, now)
}

// declareUnknown writes a silent node's conditions. With its readiness go its
// pods': nobody can say any more that they serve.
func (n *nodes) declareUnknown(node *corev1.Node, now metav1.Time) (*corev1.Node, error) {
	conditions := unknown(node, now)
	if equality.Semantic.DeepEqual(conditions, node.Status.Conditions) {
		return node, nil
	}
	ready := readyCondition(node)
	wasReady := ready != nil && ready.Status == corev1.ConditionTrue
	node = node.DeepCopy()
	node.Status.Conditions = conditions
	node, err := client.UpdateStatus(n.c, node)
	if err != nil || !wasReady {
		return node, err
	}
	n.report(node, "NodeNotReady", "Node "+node.Name+" status is now: NodeNotReady")
	return node, n.unready(node.Name)
}

// unready marks all pods of a node as not ready.
func (n *nodes) unready(node string) error {
	resp, err := n.c.Do(&rest.Request{
		Verb: rest.List, Resource: api.Of[*corev1.Pod]().GVR(),
		ListOptions: metav1.ListOptions{FieldSelector: "spec.nodeName=" + node},
	})
	if err != nil {
		return err
	}
	var errs []error
	_ = meta.EachListItem(resp.Object, func(o runtime.Object) error {
		if err := n.unreadyPod(o.(*corev1.Pod)); err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, err)
		}
		return nil
	})
	return errors.Join(errs...)
}

func (n *nodes) unreadyPod(pod *corev1.Pod) error {
	pod = pod.DeepCopy()
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if c.Type != corev1.PodReady || c.Status == corev1.ConditionFalse {
			continue
		}
		c.Status, c.LastTransitionTime = corev1.ConditionFalse, metav1.NewTime(n.c.Now().Truncate(time.Second))
		written, err := client.UpdateStatus(n.c, pod)
		if err != nil {
			return err
		}
		n.c.EventFrom(client.EventSource{Component: component}, written, corev1.EventTypeWarning, "NodeNotReady", "Node is not ready")
		return nil
	}
	return nil
}

// taint patches a node's taints if they don't follow from its conditions: those
// against scheduling first, then those against running, as the two passes of
// the real one do. The version in a patch has it refused when somebody else
// changed the node.
func (n *nodes) taint(node *corev1.Node, now metav1.Time) error {
	for _, effect := range []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute} {
		wanted, changed := taints(node, effect, now)
		if !changed {
			continue
		}
		version := node.ResourceVersion
		patched, err := client.Patch(n.c, "", node.Name, "", func(fresh *corev1.Node) {
			fresh.ResourceVersion = version
			fresh.Spec.Taints = wanted
		})
		if err != nil {
			return err
		}
		node = patched
	}
	return nil
}
