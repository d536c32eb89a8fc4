package garbagecollector

import (
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// errBehind makes the loop try again after a back-off.
var errBehind = errors.New("an owner exists that the view does not show yet")

// sync takes one pass over an object: read, decide, act.
func (gc *collector) sync(key string) error {
	obj, ok := gc.find(key)
	if !ok || !gc.concerned(obj) {
		return nil
	}
	live, err := gc.read(api.For(obj), obj.GetNamespace(), obj.GetName())
	if apierrors.IsNotFound(err) || err == nil && live.GetUID() != obj.GetUID() {
		return nil // the view will hear of it
	}
	if err != nil {
		return err
	}
	seen, err := gc.observe(live)
	if err != nil {
		return err
	}
	return gc.act(live, decide(seen))
}

func (gc *collector) read(r *api.Resource, namespace, name string) (api.Object, error) {
	resp, err := gc.c.Do(&rest.Request{Verb: rest.Get, Resource: r.GVR(), Namespace: namespace, Name: name})
	if err != nil {
		return nil, err
	}
	return resp.Object.(api.Object), nil
}

// observe gathers what is to be known about an object: its owners from the API
// server, its dependents from the views.
func (gc *collector) observe(live api.Object) (observed, error) {
	seen := observed{obj: live, dependents: gc.dependents(live.GetUID())}
	if live.GetDeletionTimestamp() != nil {
		return seen, nil
	}
	for _, ref := range live.GetOwnerReferences() {
		state, err := gc.stateOf(ref, live)
		if err != nil {
			return seen, err
		}
		seen.owners = append(seen.owners, owner{ref, state})
	}
	return seen, nil
}

func (gc *collector) stateOf(ref metav1.OwnerReference, dependent api.Object) (state, error) {
	r, ok := gc.kindOf(ref, dependent)
	if !ok {
		return solid, nil
	}
	if gc.absent[ref.UID] {
		return dangling, nil
	}
	namespace := namespaceOf(r, dependent)
	live, err := gc.read(r, namespace, ref.Name)
	switch {
	case apierrors.IsNotFound(err) || err == nil && live.GetUID() != ref.UID:
		gc.noteAbsent(ref.UID)
		return dangling, nil
	case err != nil:
		return solid, err
	case isCollecting(live):
		return waiting, nil
	}
	// What the view does not show it can't report the end of.
	view := gc.views[r.GroupResource()]
	if view == nil {
		return solid, errBehind
	}
	if known, ok := view.Get(namespace, ref.Name); !ok || known.GetUID() != ref.UID {
		return solid, errBehind
	}
	return solid, nil
}
