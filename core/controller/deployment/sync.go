package deployment

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/sim"
)

// sync takes one pass over a Deployment: read, decide, act.
func (ds *deployments) sync(key string) error {
	d, ok := ds.all.Get(client.SplitKey(key))
	if !ok {
		return nil
	}
	if s := d.Spec.Selector; s != nil && len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0 {
		return ds.refuse(d)
	}
	if ds.wrote.Behind(key, ds.sets.Seen()) {
		return controller.ErrBehind
	}
	sets, err := ds.claim(d)
	if err != nil {
		return err
	}
	p := decide(d, sets, ds.c.Now())
	if p.recheck > 0 {
		ds.loop.AddAfter(key, p.recheck, sim.Idle)
	}
	return ds.act(d, p.actions)
}

// refuse leaves alone a Deployment that would claim every ReplicaSet there is.
func (ds *deployments) refuse(d *appsv1.Deployment) error {
	ds.c.Event(d, corev1.EventTypeWarning, "SelectingAll",
		"This deployment is selecting all pods. A non-empty selector is required.")
	if d.Status.ObservedGeneration >= d.Generation {
		return nil
	}
	d = d.DeepCopy()
	d.Status.ObservedGeneration = d.Generation
	_, err := client.UpdateStatus(ds.c, d)
	return err
}

// claim returns the Deployment's ReplicaSets, adopting and releasing on the way.
func (ds *deployments) claim(d *appsv1.Deployment) ([]*appsv1.ReplicaSet, error) {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, fmt.Errorf("deployment %s/%s has invalid label selector: %w", d.Namespace, d.Name, err)
	}
	candidates := append(ds.sets.By(controller.ByOwner, string(d.UID)),
		ds.sets.By(controller.ByOwner, controller.Orphans(d.Namespace))...)
	return controller.Claim(&controller.Claimant{Client: ds.c, Owner: d, Selector: selector,
		Wrote: func(revision int64) { ds.wrote.Note(client.Key(d), revision) }}, candidates)
}
