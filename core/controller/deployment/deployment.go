// Package deployment is the Deployment controller: it keeps one ReplicaSet for
// every template a Deployment has had, and moves replicas between them, so that
// the one of the present template ends up with all of them.
//
// One pass reads the Deployment and its ReplicaSets (sync.go), decides on a
// list of writes (decide.go, pure, with a file a phase: newset.go, rolling.go,
// recreate.go, scale.go, status.go, progress.go, history.go) and makes them
// (act.go). It follows pkg/controller/deployment and its util folder of
// Kubernetes v1.36.3.
//
// As upstream, a pass works on the copy of the Deployment that it has read: a
// second write of its status within one pass is refused as a conflict, and
// made good by the next pass, which begins with the news of the first.
//
// Going back (kubectl rollout undo) needs nothing of its own here: the client
// puts an old template back, and the ReplicaSet with that template is found
// and given the next revision number.
//
// Stricter than upstream where a view lags behind: maxSurge and maxUnavailable
// then hold for the pods too, not only for the ReplicaSets' sizes (sizeOf and
// shrinkOld in rolling.go, the field wrote below).
//
// Left out: rollback.go, which serves extensions/v1beta1 through an annotation
// that no client sends any more; the watch on pods, whose only use upstream is
// to see when the old pods of a Recreate are gone: their ReplicaSets' status
// says so (replicas and terminatingReplicas).
package deployment

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

const byNamespace = "namespace"

type deployments struct {
	c    *client.Client
	all  *client.View[*appsv1.Deployment]
	sets *client.View[*appsv1.ReplicaSet]
	loop *client.Loop
	// wrote is what this controller wrote of the ReplicaSets last, by Deployment.
	// Upstream has no such gate here: on a stale view it can scale two sets up
	// into the same room.
	wrote controller.Written
}

// Start runs the controller with c.
func Start(c *client.Client) {
	ds := &deployments{
		c:    c,
		all:  client.NewView[*appsv1.Deployment](c, client.ViewOptions{}),
		sets: client.NewView[*appsv1.ReplicaSet](c, client.ViewOptions{}),

		wrote: controller.Written{},
	}
	ds.loop = c.NewLoop("reconcile deployment", ds.sync)
	ds.loop.Needs(ds.all, ds.sets)
	ds.all.Index(byNamespace, func(d *appsv1.Deployment) []string { return []string{d.Namespace} })
	ds.sets.Index(controller.ByOwner, controller.Owner)
	ds.all.Handle(client.Handlers[*appsv1.Deployment]{
		Added:   ds.enqueue,
		Updated: func(_, d *appsv1.Deployment) { ds.enqueue(d) },
		Deleted: func(d *appsv1.Deployment) { delete(ds.wrote, client.Key(d)) },
	})
	ds.sets.Handle(client.Handlers[*appsv1.ReplicaSet]{
		Added:   ds.setAdded,
		Updated: ds.setUpdated,
		Deleted: ds.enqueueOwner,
	})
	ds.all.Start()
	ds.sets.Start()
}

func (ds *deployments) enqueue(d *appsv1.Deployment) { ds.loop.Add(client.Key(d)) }

func (ds *deployments) setAdded(s *appsv1.ReplicaSet) {
	if metav1.GetControllerOfNoCopy(s) != nil {
		ds.enqueueOwner(s)
		return
	}
	ds.enqueueMatching(s)
}

func (ds *deployments) setUpdated(old, s *appsv1.ReplicaSet) {
	before, now := metav1.GetControllerOfNoCopy(old), metav1.GetControllerOfNoCopy(s)
	moved := (before == nil) != (now == nil) || before != nil && before.UID != now.UID
	if moved {
		ds.enqueueOwner(old)
	}
	if now != nil {
		ds.enqueueOwner(s)
	} else if moved || !maps.Equal(old.Labels, s.Labels) {
		ds.enqueueMatching(s)
	}
}

// enqueueOwner wakes the Deployment that controls a ReplicaSet, if it is known.
func (ds *deployments) enqueueOwner(s *appsv1.ReplicaSet) {
	ref := metav1.GetControllerOfNoCopy(s)
	if ref == nil || ref.Kind != "Deployment" {
		return
	}
	if d, ok := ds.all.Get(s.Namespace, ref.Name); ok && d.UID == ref.UID {
		ds.enqueue(d)
	}
}

// enqueueMatching wakes the Deployments that might adopt an orphan.
func (ds *deployments) enqueueMatching(s *appsv1.ReplicaSet) {
	if len(s.Labels) == 0 {
		return
	}
	for _, d := range ds.all.By(byNamespace, s.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(s.Labels)) {
			ds.enqueue(d)
		}
	}
}
