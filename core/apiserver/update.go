package apiserver

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tabernetes/tabernetes/core/api"
)

// update replaces an object, or through a subresource a part of it
// (pkg/endpoints/handlers/update.go).
func (s *Server) update(c *call) (answer, error) {
	opts := &c.UpdateOptions
	if err := invalidOptions("UpdateOptions", metav1validation.ValidateUpdateOptions(opts)); err != nil {
		return answer{}, err
	}
	obj, err := c.body(opts.FieldValidation)
	if err != nil {
		return answer{}, err
	}
	if err := c.ensureName(obj); err != nil {
		return answer{}, err
	}
	if err := c.ensureNamespace(obj); err != nil {
		return answer{}, err
	}
	c.defaults(obj)
	old := c.shelf.find(c.Namespace, c.Name)
	if old == nil {
		return s.createByUpdate(c, obj)
	}
	if uid := obj.GetUID(); uid != "" && uid != old.object().GetUID() {
		return answer{}, c.errPrecondition(c.shelf.prefix+old.key, "UID", string(uid), string(old.object().GetUID()))
	}
	stored, err := s.replace(c, obj, old, isDryRun(opts.DryRun))
	return answer{code: codeOK, object: stored}, err
}

func (s *Server) createByUpdate(c *call, obj api.Object) (answer, error) {
	if c.Subresource != "" || !c.res.CreatedByUpdate {
		return answer{}, c.errNotFound()
	}
	obj.SetResourceVersion("")
	stored, err := s.createObject(c, obj, isDryRun(c.UpdateOptions.DryRun))
	return answer{code: codeCreated, object: stored}, err
}

// ensureName refuses a body that is about another object than the path.
func (c *call) ensureName(obj metav1.Object) error {
	switch name := obj.GetName(); name {
	case c.Name:
		return nil
	case "":
		return apierrors.NewBadRequest(fmt.Sprintf(
			"the name of the object (%s based on URL) was undeterminable: name must be provided", c.Name))
	default:
		return apierrors.NewBadRequest(fmt.Sprintf(
			"the name of the object (%s) does not match the name on the URL (%s)", name, c.Name))
	}
}

// replace stores obj in the place of old, if it is based on it or on nothing,
// and deletes it if the update took its last finalizer
// (registry.Store.Update, rest.BeforeUpdate).
func (s *Server) replace(c *call, obj api.Object, old *item, dryRun bool) (api.Object, error) {
	if err := s.checkGrant(c, obj, old.object()); err != nil {
		return nil, err
	}
	if err := c.checkVersion(obj, old); err != nil {
		return nil, err
	}
	if !c.manageLate(obj) {
		s.manage(c, obj, old.object())
	}
	if c.Subresource == "" {
		admitUpdate(obj, old.object())
	}
	if c.Subresource == "" {
		if err := s.allocateFor(obj, old.object()); err != nil {
			return nil, err
		}
	}
	c.prepareUpdate(obj, old.object())
	s.notePhase(obj, old.object())
	if c.manageLate(obj) {
		s.manage(c, obj, old.object())
	}
	if err := c.invalid(c.Name, c.validateUpdate(obj, old.object())); err != nil {
		return nil, err
	}
	if err := s.admitChange(c, obj, old.object()); err != nil {
		return nil, err
	}
	if c.Subresource == "" && c.res.Warnings != nil {
		c.warnings = append(c.warnings, c.res.Warnings(obj, old.object())...)
	}
	if finished(obj, old.object()) {
		if _, err := s.remove(c, old, dryRun); err != nil {
			return nil, err
		}
		obj.SetResourceVersion(strconv.FormatInt(old.rev, 10))
		return obj, nil
	}
	if !dryRun {
		if err := s.chargeQuotas(c); err != nil {
			return nil, err
		}
	}
	return s.put(c, obj, old, dryRun, codeOK)
}

// notePhase notes when a volume came to the phase that it is in.
func (s *Server) notePhase(obj, old api.Object) {
	volume, ok := obj.(*corev1.PersistentVolume)
	if !ok {
		return
	}
	if was := old.(*corev1.PersistentVolume); volume.Status.Phase != was.Status.Phase && volume.Status.LastPhaseTransitionTime.Equal(was.Status.LastPhaseTransitionTime) {
		at := s.now()
		volume.Status.LastPhaseTransitionTime = &at
	}
}

// checkVersion compares the resourceVersion that an update is based on; one
// that is based on none is given the current one.
func (c *call) checkVersion(obj api.Object, old *item) error {
	rv := obj.GetResourceVersion()
	based, err := strconv.ParseUint(rv, 10, 64)
	if rv != "" && err != nil {
		return err
	}
	switch {
	case based == uint64(old.rev):
		return nil
	case based != 0:
		return c.errModified()
	case c.res.NeedsVersion:
		kind := schema.GroupKind{Group: c.res.Group, Kind: c.res.Plural}
		return apierrors.NewInvalid(kind, c.Name, field.ErrorList{
			field.Invalid(field.NewPath("metadata", "resourceVersion"), 0, "must be specified for an update")})
	}
	obj.SetResourceVersion(old.object().GetResourceVersion())
	return nil
}

// prepareUpdate keeps what an update cannot change.
func (c *call) prepareUpdate(obj, old api.Object) {
	obj.SetGeneration(old.GetGeneration())
	switch c.Subresource {
	case "status":
		if c.res.PrepareStatusUpdate != nil {
			c.res.PrepareStatusUpdate(obj, old)
		}
	case "finalize":
		api.PrepareNamespaceFinalize(obj.(*corev1.Namespace), old.(*corev1.Namespace))
	case "ephemeralcontainers":
		api.PrepareEphemeralUpdate(obj.(*corev1.Pod), old.(*corev1.Pod))
	case "resize":
		api.PrepareResize(obj.(*corev1.Pod), old.(*corev1.Pod))
	default:
		if c.res.PrepareUpdate != nil {
			c.res.PrepareUpdate(obj, old)
		}
	}
	if obj.GetUID() == "" {
		obj.SetUID(old.GetUID())
	}
	obj.SetCreationTimestamp(old.GetCreationTimestamp())
	if old.GetDeletionTimestamp() != nil {
		obj.SetDeletionTimestamp(old.GetDeletionTimestamp())
	}
	if old.GetDeletionGracePeriodSeconds() != nil && obj.GetDeletionGracePeriodSeconds() == nil {
		obj.SetDeletionGracePeriodSeconds(old.GetDeletionGracePeriodSeconds())
	}
	obj.SetSelfLink("")
}

// validateUpdate validates the new metadata and then what the kind says.
func (c *call) validateUpdate(obj, old api.Object) field.ErrorList {
	errs := api.ValidateMetaUpdate(c.res, obj, old)
	if len(errs) > 0 {
		// Upstream's kinds check their metadata once more, and clients see both.
		errs = append(errs, validation.ValidateObjectMetaAccessorUpdate(obj, old, field.NewPath("metadata"))...)
	}
	check := c.res.ValidateUpdate
	switch c.Subresource {
	case "status":
		check = c.res.ValidateStatusUpdate
	case "finalize":
		return append(errs, api.ValidateNamespaceFinalize(obj.(*corev1.Namespace))...)
	case "ephemeralcontainers":
		return append(errs, api.ValidateEphemeralUpdate(obj.(*corev1.Pod), old.(*corev1.Pod))...)
	case "resize":
		return append(errs, api.ValidateResize(obj.(*corev1.Pod), old.(*corev1.Pod))...)
	}
	if check != nil {
		errs = append(errs, check(obj, old)...)
	}
	return errs
}

// finished tells whether an update took the last thing that a deletion waited for.
func finished(obj, old api.Object) bool {
	if len(obj.GetFinalizers()) > 0 || old.GetDeletionTimestamp() == nil {
		return false
	}
	if ns, ok := obj.(*corev1.Namespace); ok && len(ns.Spec.Finalizers) > 0 {
		return false
	}
	grace := old.GetDeletionGracePeriodSeconds()
	return grace == nil || *grace == 0
}
