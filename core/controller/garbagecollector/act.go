package garbagecollector

import (
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

func (gc *collector) act(obj api.Object, d decision) error {
	gc.enqueueAll(d.examine)
	if err := gc.orphan(obj, d.orphan); err != nil {
		return err
	}
	if d.finalizer != "" {
		return gone(gc.patch(obj, func(o api.Object) {
			o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == d.finalizer }))
		}))
	}
	if len(d.drop) > 0 {
		return gone(gc.drop(obj, d.drop))
	}
	if d.unblock {
		if err := gc.patch(obj, unblock); err != nil {
			return gone(err)
		}
	}
	if d.delete == nil {
		return nil
	}
	return gone(gc.delete(obj, *d.delete, !d.unblock))
}

// gone forgives that an object is no longer there: it was to go anyway.
func gone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// orphan takes an owner off its dependents.
func (gc *collector) orphan(owner api.Object, dependents []api.Object) error {
	var errs []error
	for _, dependent := range dependents {
		errs = append(errs, gone(gc.drop(dependent, []types.UID{owner.GetUID()})))
	}
	return errors.Join(errs...)
}

func (gc *collector) drop(obj api.Object, owners []types.UID) error {
	return gc.patch(obj, func(o api.Object) {
		o.SetOwnerReferences(slices.DeleteFunc(o.GetOwnerReferences(), func(ref metav1.OwnerReference) bool {
			return slices.Contains(owners, ref.UID)
		}))
	})
}

// unblock breaks a circle of owners that would wait for one another.
func unblock(obj api.Object) {
	refs := obj.GetOwnerReferences()
	for i := range refs {
		if refs[i].BlockOwnerDeletion != nil {
			no := false
			refs[i].BlockOwnerDeletion = &no
		}
	}
	obj.SetOwnerReferences(refs)
}

// patch changes an object if it is still the one that was seen.
func (gc *collector) patch(obj api.Object, change func(api.Object)) error {
	uid := obj.GetUID()
	_, err := gc.c.Do(&rest.Request{
		Verb: rest.Patch, Resource: api.For(obj).GVR(), Namespace: obj.GetNamespace(), Name: obj.GetName(),
		PatchType: types.StrategicMergePatchType,
		Mutate: func(o api.Object) error {
			o.SetUID(uid)
			change(o)
			return nil
		},
	})
	return err
}

// delete deletes the object as it was read. If it has changed meanwhile but has
// the same owners, any state of it is deleted: what changes often must not escape.
func (gc *collector) delete(obj api.Object, how metav1.DeletionPropagation, asRead bool) error {
	uid, version := obj.GetUID(), obj.GetResourceVersion()
	opts := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &how}
	if asRead {
		opts.Preconditions.ResourceVersion = &version
	}
	r := api.For(obj)
	err := gc.c.DeleteResource(r, obj.GetNamespace(), obj.GetName(), &opts)
	if !asRead || !apierrors.IsConflict(err) {
		return err
	}
	live, readErr := gc.read(r, obj.GetNamespace(), obj.GetName())
	if readErr != nil {
		return readErr
	}
	if live.GetUID() == uid && equality.Semantic.DeepEqual(live.GetOwnerReferences(), obj.GetOwnerReferences()) {
		return gc.delete(live, how, false)
	}
	return err
}
