package apiserver

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/strategic"
)

// Limits on patches, as upstream's.
const (
	maxJSONPatchOperations = 10_000
	maxJSONPatchCopies     = maxBody // bytes that the copy operations of one patch may add
)

// The library knows this bound only for all of a program.
func init() { jsonpatch.AccumulatedCopySizeLimit = maxJSONPatchCopies }

// patch changes the current object (pkg/endpoints/handlers/patch.go). Nothing
// can come between reading and writing here, so that upstream's retries have
// nothing to do; a patch that names a resourceVersion still conflicts.
func (s *Server) patch(c *call) (answer, error) {
	if c.isApply() {
		return s.apply(c)
	}
	it, err := s.beforePatch(c)
	if err != nil {
		return answer{}, err
	}
	current, obj := it.object(), c.shown().New()
	if c.form != nil && c.Mutate == nil {
		current = c.form.Form.Read(current)
	}
	if c.Mutate != nil {
		obj = it.object().DeepCopyObject().(api.Object)
		err = c.Mutate(obj)
	} else {
		err = c.applyPatch(current, obj)
	}
	if err != nil {
		return answer{}, err
	}
	if c.form != nil && c.Mutate == nil {
		obj = c.form.Form.Write(obj, it.object())
	}
	if err := c.ensureName(obj); err != nil {
		return answer{}, err
	}
	if err := c.ensureNamespace(obj); err != nil {
		return answer{}, err
	}
	c.defaults(obj)
	stored, err := s.replace(c, obj, it, isDryRun(c.PatchOptions.DryRun))
	return answer{code: codeOK, object: stored}, err
}

// beforePatch checks the options and finds the object.
func (s *Server) beforePatch(c *call) (*item, error) {
	if c.PatchType == types.ApplyCBORPatchType {
		return nil, errUnsupportedPatch()
	}
	if c.PatchType == types.StrategicMergePatchType && c.res.Custom != nil && c.Mutate == nil {
		return nil, errUnknownFormat(string(types.JSONPatchType), string(types.MergePatchType), string(types.ApplyYAMLPatchType))
	}
	if err := invalidOptions("PatchOptions", metav1validation.ValidatePatchOptions(&c.PatchOptions, c.PatchType)); err != nil {
		return nil, err
	}
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil {
		return nil, c.errNotFound()
	}
	return it, nil
}

func errUnsupportedPatch() error {
	return plainError(codeUnsupportedMedia, metav1.StatusReasonUnsupportedMediaType, "415: Unsupported Media Type")
}

func errUnprocessable() error {
	return plainError(codeUnprocessable, metav1.StatusReasonInvalid,
		"the server rejected our request due to an error in our request")
}

// applyPatch reads the request's patch of current into an empty value of the same type.
func (c *call) applyPatch(current, into runtime.Object) error {
	switch c.PatchType {
	case types.JSONPatchType, types.MergePatchType:
		return c.applyJSON(current, into)
	case types.StrategicMergePatchType:
		return c.applyStrategic(current, into)
	}
	return errUnsupportedPatch()
}

// lenient says that unknown and duplicate fields are nobody's business.
func (c *call) lenient() bool {
	return c.PatchOptions.FieldValidation == metav1.FieldValidationIgnore
}

func (c *call) applyJSON(current, into runtime.Object) error {
	data, err := api.EncodeJSON(current)
	if err != nil {
		return err
	}
	apply := c.mergeJSON
	if c.PatchType == types.JSONPatchType {
		apply = c.editJSON
	}
	patched, strict, err := apply(data)
	if err != nil {
		return err
	}
	return c.unstrict(readPatched(patched, into, !c.lenient()), strict, string(patched))
}

func readPatched(patched []byte, into runtime.Object, strict bool) error {
	if custom, ok := into.(*api.Custom); ok {
		return custom.Read(patched, strict)
	}
	return api.DecodeJSON(patched, into, strict)
}

// unstrict answers for what reading a patched object found: strict holds what
// reading the patch itself had found.
func (c *call) unstrict(err error, strict []error, value string) error {
	more, isStrict := runtime.AsStrictDecodingError(err)
	if err != nil && !isStrict {
		return invalidPatch(value, err)
	}
	if isStrict {
		strict = append(strict, more.Errors()...)
	}
	if len(strict) == 0 {
		return nil
	}
	if c.PatchOptions.FieldValidation == metav1.FieldValidationStrict {
		return invalidPatch(value, runtime.NewStrictDecodingError(strict))
	}
	for _, e := range strict {
		c.warnings = append(c.warnings, e.Error())
	}
	return nil
}

func invalidPatch(value string, err error) error {
	return apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{
		field.Invalid(field.NewPath("patch"), value, err.Error())})
}

// mergeJSON applies a merge patch (RFC 7386).
func (c *call) mergeJSON(data []byte) (patched []byte, strict []error, err error) {
	if !c.lenient() {
		if strict, err = kjson.UnmarshalStrict(c.Body, &map[string]any{}); err != nil {
			return nil, nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
		}
	}
	patched, err = jsonpatch.MergePatch(data, c.Body)
	if errors.Is(err, jsonpatch.ErrBadJSONPatch) {
		err = apierrors.NewBadRequest(err.Error())
	}
	return patched, strict, err
}

type jsonPatchOp struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
}

// editJSON applies a JSON patch (RFC 6902).
func (c *call) editJSON(data []byte) (patched []byte, strict []error, err error) {
	if !c.lenient() {
		if strict, err = kjson.UnmarshalStrict(c.Body, &[]jsonPatchOp{}); err != nil {
			text := strings.ReplaceAll(err.Error(), "apiserver.jsonPatchOp", "handlers.jsonPatchOp")
			return nil, nil, apierrors.NewBadRequest("error decoding patch: " + text)
		}
		for i, e := range strict {
			strict[i] = fmt.Errorf("json patch %v", e)
		}
	}
	ops, err := jsonpatch.DecodePatch(c.Body)
	if err != nil {
		return nil, nil, apierrors.NewBadRequest(err.Error())
	}
	if len(ops) > maxJSONPatchOperations {
		return nil, nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf(
			"The allowed maximum operations in a JSON patch is %d, got %d", maxJSONPatchOperations, len(ops)))
	}
	patched, err = ops.Apply(data)
	if err != nil {
		return nil, nil, errUnprocessable()
	}
	return patched, strict, nil
}

// applyStrategic applies a strategic merge patch, which knows from the Go
// types' tags how lists are merged.
func (c *call) applyStrategic(current, into runtime.Object) error {
	original, err := runtime.DefaultUnstructuredConverter.ToUnstructured(current)
	if err != nil {
		return err
	}
	patch := map[string]any{}
	var strict []error
	if c.lenient() {
		err = kjson.UnmarshalCaseSensitivePreserveInts(c.Body, &patch)
	} else {
		strict, err = kjson.UnmarshalStrict(c.Body, &patch)
	}
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	value := fmt.Sprintf("%+v", patch)
	merged, err := strategic.Apply(original, patch, reflect.TypeOf(into))
	if err != nil {
		return strategicError(err)
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(merged, into, !c.lenient())
	return c.unstrict(err, strict, value)
}

// strategicError words a patch that is wrong in itself as
// interpretStrategicMergePatchError does.
func strategicError(err error) error {
	for _, bad := range []error{
		mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
		mergepatch.ErrBadPatchFormatForSetElementOrderList,
	} {
		if errors.Is(err, bad) {
			return apierrors.NewBadRequest(err.Error())
		}
	}
	if errors.Is(err, mergepatch.ErrNoListOfLists) {
		return errUnprocessable()
	}
	return err
}
