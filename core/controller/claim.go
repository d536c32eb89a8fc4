// Package controller holds what several controllers need of one another's
// kind: how an owner claims the objects that its selector matches. The
// controllers themselves are the folders beside this file, one each; every one
// of them has a Start that is given a client and knows nothing else of the
// cluster.
//
// Claiming follows pkg/controller/controller_ref_manager.go of Kubernetes
// v1.36.3. Left out: finalizers added while claiming (jobs use them).
package controller

import (
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/rest"
)

// The index of a view that files objects by the UID of the object that
// controls them, and those that nobody controls under Orphans.
const ByOwner = "owner"

// Orphans is the value that ByOwner files uncontrolled objects of a namespace under.
func Orphans(namespace string) string { return "orphans in " + namespace }

// Owner is ByOwner's index function.
func Owner[T api.Object](obj T) []string {
	if ref := metav1.GetControllerOfNoCopy(obj); ref != nil {
		return []string{string(ref.UID)}
	}
	return []string{Orphans(obj.GetNamespace())}
}

// Claimant is an owner in search of what is its own.
type Claimant struct {
	Client   *client.Client
	Owner    api.Object
	Selector labels.Selector
	// Wrote is told the revision of every adoption and release; it may be nil.
	Wrote func(revision int64)

	asked bool // whether the owner has been read anew
	gone  error
}

// Claim returns those of the candidates that the owner controls, after it has
// adopted orphans that the selector matches and released what it owns that the
// selector no longer matches. An owner that is being deleted does neither.
func Claim[T api.Object](by *Claimant, candidates []T) ([]T, error) {
	var mine []T
	var errs []error
	for _, obj := range candidates {
		claimed, err := by.claim(obj)
		if claimed && err == nil {
			mine = append(mine, obj)
		}
		if err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return mine, errors.Join(errs...)
}

func (by *Claimant) claim(obj api.Object) (bool, error) {
	matches := by.Selector.Matches(labels.Set(obj.GetLabels()))
	deleting := by.Owner.GetDeletionTimestamp() != nil
	ref := metav1.GetControllerOfNoCopy(obj)
	switch {
	case ref != nil && ref.UID != by.Owner.GetUID():
		return false, nil
	case ref != nil && (matches || deleting):
		return matches, nil
	case ref != nil:
		return false, by.release(obj)
	case !matches || deleting || obj.GetDeletionTimestamp() != nil:
		return false, nil
	}
	return true, by.adopt(obj)
}

// adopt makes the owner an object's controller, once the API server has
// confirmed that the owner itself is not being deleted meanwhile.
func (by *Claimant) adopt(obj api.Object) error {
	if err := by.alive(); err != nil {
		return fmt.Errorf("can't adopt %s %s/%s (%s): %w",
			api.For(obj).Kind, obj.GetNamespace(), obj.GetName(), obj.GetUID(), err)
	}
	return by.patch(obj, func(o api.Object) {
		ref := metav1.NewControllerRef(by.Owner, api.For(by.Owner).GVK())
		o.SetOwnerReferences(append(without(o.GetOwnerReferences(), ref.UID), *ref))
	})
}

// release gives an object up. That it is another one by now needs no care.
func (by *Claimant) release(obj api.Object) error {
	err := by.patch(obj, func(o api.Object) {
		o.SetOwnerReferences(without(o.GetOwnerReferences(), by.Owner.GetUID()))
	})
	if apierrors.IsInvalid(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// alive reads the owner from the API server, once a pass.
func (by *Claimant) alive() error {
	if by.asked {
		return by.gone
	}
	by.asked = true
	r := api.For(by.Owner)
	resp, err := by.Client.Do(&rest.Request{
		Verb: rest.Get, Resource: r.GVR(), Namespace: by.Owner.GetNamespace(), Name: by.Owner.GetName(),
	})
	if err != nil {
		by.gone = err
		return err
	}
	fresh := resp.Object.(api.Object)
	switch {
	case fresh.GetUID() != by.Owner.GetUID():
		by.gone = fmt.Errorf("original %s %s/%s is gone: got uid %s, wanted %s",
			r.Kind, fresh.GetNamespace(), fresh.GetName(), fresh.GetUID(), by.Owner.GetUID())
	case fresh.GetDeletionTimestamp() != nil:
		by.gone = fmt.Errorf("%s/%s has just been deleted at %s",
			fresh.GetNamespace(), fresh.GetName(), fresh.GetDeletionTimestamp())
	}
	return by.gone
}

// patch changes an object if it is still the one that was seen: the UID is
// part of the patch, so that the API server refuses it for a namesake.
func (by *Claimant) patch(obj api.Object, change func(api.Object)) error {
	uid := obj.GetUID()
	resp, err := by.Client.Do(&rest.Request{
		Verb: rest.Patch, Resource: api.For(obj).GVR(), Namespace: obj.GetNamespace(), Name: obj.GetName(),
		PatchType: types.StrategicMergePatchType,
		Mutate: func(o api.Object) error {
			o.SetUID(uid)
			change(o)
			return nil
		},
	})
	if err == nil && by.Wrote != nil {
		by.Wrote(resp.Revision)
	}
	return err
}

func without(refs []metav1.OwnerReference, uid types.UID) []metav1.OwnerReference {
	return slices.DeleteFunc(slices.Clone(refs), func(r metav1.OwnerReference) bool { return r.UID == uid })
}
