package apiserver

import (
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The HTTP status codes that are answered here; net/http itself is too large
// for the browser.
const (
	codeOK                  = 200
	codeCreated             = 201
	codeNoContent           = 204
	codeNotFound            = 404
	codeMethodNotAllowed    = 405
	codeNotAcceptable       = 406
	codeUnsupportedMedia    = 415
	codeUnprocessable       = 422
	codeInternalServerError = 500
)

// modified is upstream's OptimisticLockErrorMsg.
const modified = "the object has been modified; please apply your changes to the latest version and try again"

// statusOf is the Status that an error is answered with. An error that is not
// an API error becomes a 500 without a reason, as upstream's
// pkg/endpoints/handlers/responsewriters.ErrorToAPIStatus makes it.
func statusOf(err error) *metav1.Status {
	var as apierrors.APIStatus
	if !errors.As(err, &as) {
		return &metav1.Status{
			TypeMeta: statusType, Status: metav1.StatusFailure,
			Code: codeInternalServerError, Message: err.Error(),
		}
	}
	status := as.Status()
	if status.Status == "" {
		status.Status = metav1.StatusFailure
	}
	if status.Code == 0 {
		status.Code = codeInternalServerError
	}
	status.TypeMeta = statusType
	return &status
}

var statusType = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}

// plainError is an error without details about an object.
func plainError(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message,
		Details: &metav1.StatusDetails{},
	}}
}

func errUnknownResource() error {
	return plainError(codeNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource")
}

func errMethodNotAllowed() error {
	return plainError(codeMethodNotAllowed, metav1.StatusReasonMethodNotAllowed,
		"the server does not allow this method on the requested resource")
}

func (c *call) errNotFound() error { return apierrors.NewNotFound(c.shown().GroupResource(), c.Name) }

func (c *call) errModified() error {
	return apierrors.NewConflict(c.shown().GroupResource(), c.Name, errors.New(modified))
}

// invalid is the 422 for a body; nil where there is nothing to complain of.
func (c *call) invalid(name string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(c.res.GVK().GroupKind(), name, errs)
}

// invalidOptions is the 422 for a request's options; nil where they are fine.
func invalidOptions(kind string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: kind}, "", errs)
}

// errFuture is what a read of a revision that is not there yet comes to
// (pkg/storage/errors.go, NewTooLargeResourceVersionError).
func errFuture(want, current int64) error {
	err := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", want, current), 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{
		Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version",
	}}
	return err
}

// errPrecondition is what an update of another object of the same name comes
// to, a StorageError inside a conflict.
func (c *call) errPrecondition(key, what, want, is string) error {
	return apierrors.NewConflict(c.shown().GroupResource(), c.Name, fmt.Errorf(
		"StorageError: invalid object, Code: 4, Key: %s, ResourceVersion: 0, AdditionalErrorMsg: "+
			"Precondition failed: %s in precondition: %s, %s in object meta: %s", key, what, want, what, is))
}
