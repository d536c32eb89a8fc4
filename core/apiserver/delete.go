package apiserver

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

// delete removes an object, or marks it where a finalizer or a kubelet has to
// agree first (registry.Store.Delete).
func (s *Server) delete(c *call) (answer, error) {
	opts := c.DeleteOptions.DeepCopy()
	if err := invalidOptions("DeleteOptions", metav1validation.ValidateDeleteOptions(opts)); err != nil {
		return answer{}, err
	}
	if err := admitDelete(c); err != nil {
		return answer{}, err
	}
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil {
		return answer{}, c.errNotFound()
	}
	obj, err := s.deleteItem(c, it, opts)
	return answer{code: codeOK, object: obj}, err
}

// deleteItem decides between removing and marking. It answers with the object
// while that is still there, and otherwise with what its kind answers.
func (s *Server) deleteItem(c *call, it *item, opts *metav1.DeleteOptions) (runtime.Object, error) {
	if err := c.precondition(it.object(), opts); err != nil {
		return nil, err
	}
	dryRun := isDryRun(opts.DryRun)
	if ns, ok := it.object().(*corev1.Namespace); ok {
		if ns.DeletionTimestamp == nil {
			return s.terminate(c, it, opts, dryRun)
		}
		if len(ns.Spec.Finalizers) > 0 {
			return it.object(), nil
		}
	}
	if crd, ok := it.object().(*apiextensionsv1.CustomResourceDefinition); ok && crd.DeletionTimestamp == nil {
		return s.terminateDefinition(c, it, dryRun)
	}
	marked := it.object().DeepCopyObject().(api.Object)
	graceful, pending := s.beforeDelete(c.res, marked, opts)
	if pending {
		return c.deleted(it.object()), nil
	}
	changed := setDeletionFinalizers(c.res, marked, opts)
	waits := len(marked.GetFinalizers()) > 0
	if !graceful && waits {
		markDeleting(marked, s.now())
	}
	if graceful || waits || changed {
		stored, err := s.put(c, marked, it, dryRun, codeOK)
		if err != nil {
			return nil, err
		}
		if waits || graceful && *stored.GetDeletionGracePeriodSeconds() > 0 {
			return stored, nil
		}
		if dryRun {
			return c.deleted(stored), nil
		}
		it = c.shelf.find(it.object().GetNamespace(), it.object().GetName())
	}
	last, err := s.remove(c, it, dryRun)
	if err != nil {
		return nil, err
	}
	return c.deleted(last), nil
}

// deleted is the answer for an object that is gone, or as good as gone.
func (c *call) deleted(obj api.Object) runtime.Object {
	if c.res.ReturnsDeleted {
		return obj
	}
	return &metav1.Status{TypeMeta: statusType, Status: metav1.StatusSuccess, Details: &metav1.StatusDetails{
		Name: obj.GetName(), Group: c.shown().Group, Kind: c.shown().Plural, UID: obj.GetUID(),
	}}
}

// precondition compares what the client says the object is.
func (c *call) precondition(obj api.Object, opts *metav1.DeleteOptions) error {
	pre := opts.Preconditions
	if pre == nil {
		return nil
	}
	conflict := func(format string, args ...any) error {
		return apierrors.NewConflict(schema.GroupResource{Group: c.res.Group, Resource: c.res.Kind}, c.Name, fmt.Errorf(format, args...))
	}
	if pre.UID != nil && *pre.UID != obj.GetUID() {
		return conflict("the UID in the precondition (%s) does not match the UID in record (%s). "+
			"The object might have been deleted and then recreated", *pre.UID, obj.GetUID())
	}
	if pre.ResourceVersion != nil && *pre.ResourceVersion != obj.GetResourceVersion() {
		return conflict("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). "+
			"The object might have been modified", *pre.ResourceVersion, obj.GetResourceVersion())
	}
	return nil
}

// beforeDelete marks obj for a deletion that somebody has to complete. pending
// says that it is under way already and nothing changes (rest.BeforeDelete).
func (s *Server) beforeDelete(res *api.Resource, obj api.Object, opts *metav1.DeleteOptions) (graceful, pending bool) {
	if res.GracePeriod == nil {
		return false, false
	}
	if at := obj.GetDeletionTimestamp(); at != nil {
		before := obj.GetDeletionGracePeriodSeconds()
		if before == nil || *before == 0 {
			return false, false // marked by a deletion that got no further: a crash came between
		}
		if opts.GracePeriodSeconds == nil || *opts.GracePeriodSeconds >= *before {
			return false, true
		}
		shorter := max(*opts.GracePeriodSeconds, 0)
		end := at.Add(time.Duration(shorter-*before) * time.Second)
		if now := s.now(); end.Before(now.Time) { // the time is up: as short as can be, but no shorter than asked
			end, shorter = now.Time, min(shorter, 1)
		}
		setDeletion(obj, metav1.NewTime(end), shorter)
		return true, false
	}
	grace := max(res.GracePeriod(obj, opts.GracePeriodSeconds), 0)
	setDeletion(obj, metav1.NewTime(s.now().Add(time.Duration(grace)*time.Second)), grace)
	raiseGeneration(obj)
	return true, false
}

func setDeletion(obj metav1.Object, at metav1.Time, grace int64) {
	obj.SetDeletionTimestamp(&at)
	obj.SetDeletionGracePeriodSeconds(&grace)
}

func raiseGeneration(obj metav1.Object) {
	if g := obj.GetGeneration(); g > 0 {
		obj.SetGeneration(g + 1)
	}
}

// markDeleting marks an object that only waits for its finalizers.
func markDeleting(obj api.Object, now metav1.Time) {
	at := obj.GetDeletionTimestamp()
	if at == nil {
		raiseGeneration(obj)
	}
	if at == nil || at.After(now.Time) {
		at = &now
	}
	setDeletion(obj, *at, 0)
}

// setDeletionFinalizers gives the garbage collector its work, as the
// propagation policy asks; it tells whether anything changed.
func setDeletionFinalizers(res *api.Resource, obj api.Object, opts *metav1.DeleteOptions) bool {
	before := obj.GetFinalizers()
	var after []string
	for _, f := range before {
		if f != metav1.FinalizerOrphanDependents && f != metav1.FinalizerDeleteDependents {
			after = append(after, f)
		}
	}
	if f := propagationFinalizer(res, before, opts); f != "" {
		after = append(after, f)
	}
	if len(after) == len(before) && !slices.ContainsFunc(after, func(f string) bool { return !slices.Contains(before, f) }) {
		return false
	}
	obj.SetFinalizers(after)
	return true
}

// propagationFinalizer is the finalizer that stands for a deletion's policy:
// the options', else the one the object carries, else its kind's default.
// Events are left out of garbage collection, as upstream's storage has it.
func propagationFinalizer(res *api.Resource, present []string, opts *metav1.DeleteOptions) string {
	if res.GroupResource() == (schema.GroupResource{Resource: "events"}) {
		return ""
	}
	policy := metav1.DeletionPropagation("")
	switch {
	case opts.OrphanDependents != nil && *opts.OrphanDependents:
		policy = metav1.DeletePropagationOrphan
	case opts.OrphanDependents != nil:
		policy = metav1.DeletePropagationBackground
	case opts.PropagationPolicy != nil:
		policy = *opts.PropagationPolicy
	}
	for _, f := range present {
		if policy == "" && (f == metav1.FinalizerOrphanDependents || f == metav1.FinalizerDeleteDependents) {
			return f
		}
	}
	if policy == "" {
		policy = res.DefaultPropagation
	}
	switch policy {
	case metav1.DeletePropagationOrphan:
		return metav1.FinalizerOrphanDependents
	case metav1.DeletePropagationForeground:
		return metav1.FinalizerDeleteDependents
	}
	return ""
}

// terminate begins the end of a namespace, which its finalizers delay
// (pkg/registry/core/namespace/storage).
func (s *Server) terminate(c *call, it *item, opts *metav1.DeleteOptions, dryRun bool) (runtime.Object, error) {
	ns := it.object().DeepCopyObject().(*corev1.Namespace)
	now := s.now()
	ns.DeletionTimestamp = &now
	ns.Status.Phase = corev1.NamespaceTerminating
	setDeletionFinalizers(c.res, ns, opts)
	return s.put(c, ns, it, dryRun, codeOK)
}

// deleteCollection deletes what a list with the same options finds.
func (s *Server) deleteCollection(c *call) (answer, error) {
	opts := c.DeleteOptions.DeepCopy()
	if err := invalidOptions("DeleteOptions", metav1validation.ValidateDeleteOptions(opts)); err != nil {
		return answer{}, err
	}
	found, err := s.list(c)
	if err != nil {
		return answer{}, err
	}
	for _, obj := range found.list.items {
		it := c.shelf.find(obj.GetNamespace(), obj.GetName())
		if it == nil {
			continue
		}
		one := *c.Request
		one.Namespace, one.Name = obj.GetNamespace(), obj.GetName()
		each := &call{Request: &one, res: c.res, shelf: c.shelf}
		_, err := s.deleteItem(each, it, opts.DeepCopy())
		c.wrote = max(c.wrote, each.wrote)
		if err != nil {
			return answer{}, err
		}
	}
	return found, nil
}
