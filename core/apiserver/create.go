package apiserver

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tabernetes/tabernetes/core/api"
)

// maxNameAttempts is how often a generated name that is taken is thrown anew.
const maxNameAttempts = 8

// create stores a new object (pkg/endpoints/handlers/create.go, rest.BeforeCreate).
func (s *Server) create(c *call) (answer, error) {
	opts := &c.CreateOptions
	if err := invalidOptions("CreateOptions", metav1validation.ValidateCreateOptions(opts)); err != nil {
		return answer{}, err
	}
	obj, err := c.body(opts.FieldValidation)
	if err != nil {
		return answer{}, err
	}
	if err := c.ensureNamespace(obj); err != nil {
		return answer{}, err
	}
	stored, err := s.createObject(c, obj, isDryRun(opts.DryRun))
	return answer{code: codeCreated, object: stored}, err
}

// createObject takes a decoded object through defaults, admission and
// validation into the store.
func (s *Server) createObject(c *call, obj api.Object, dryRun bool) (api.Object, error) {
	if obj.GetResourceVersion() != "" {
		return nil, fmt.Errorf("resourceVersion should not be set on objects to be created")
	}
	c.defaults(obj)
	s.manage(c, obj, nil)
	if err := s.admitCreate(c, obj); err != nil {
		return nil, err
	}
	if err := s.checkGrant(c, obj, nil); err != nil {
		return nil, err
	}
	s.stamp(obj)
	generate := obj.GetName() == "" && obj.GetGenerateName() != ""
	if generate {
		s.generateName(obj)
	}
	c.Object, c.Name = obj, obj.GetName()
	if err := s.allocateFor(obj, nil); err != nil {
		return nil, err
	}
	if c.res.PrepareCreate != nil {
		c.res.PrepareCreate(obj)
	}
	if err := c.invalid(c.Name, c.validateCreate(obj)); err != nil {
		return nil, err
	}
	if err := s.admit(c, obj, nil); err != nil {
		return nil, err
	}
	for attempt := 1; c.shelf.find(c.Namespace, c.Name) != nil; attempt++ {
		if !generate || attempt == maxNameAttempts {
			return nil, c.errExists(generate)
		}
		s.generateName(obj)
		c.Name = obj.GetName()
	}
	if c.res.Warnings != nil {
		c.warnings = append(c.warnings, c.res.Warnings(obj, nil)...)
	}
	if !dryRun {
		if err := s.chargeQuotas(c); err != nil {
			return nil, err
		}
	}
	return s.put(c, obj, nil, dryRun, codeCreated)
}

// body is the request's object, decoded if it came as bytes. An object that
// came decoded is the server's own from here on, by rest.Request's contract.
func (c *call) body(fieldValidation string) (api.Object, error) {
	if c.Object == nil {
		obj, warnings, err := c.decode(fieldValidation)
		c.warnings = append(c.warnings, warnings...)
		if err != nil {
			return nil, err
		}
		c.Object = obj
	}
	c.toStored()
	obj, ok := c.Object.(api.Object)
	if !ok || reflect.TypeOf(obj) != reflect.TypeOf(c.res.New()) {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("%T cannot be handled as a %s", c.Object, c.res.Kind))
	}
	return obj, nil
}

func (c *call) decode(fieldValidation string) (runtime.Object, []string, error) {
	if c.res.Custom != nil {
		return api.DecodeCustom(c.Body, c.res, fieldValidation)
	}
	return api.DecodeRequest(c.Body, c.shown().GVK(), fieldValidation)
}

// ensureNamespace fills in the request's namespace or refuses another one.
func (c *call) ensureNamespace(obj metav1.Object) error {
	switch {
	case obj.GetNamespace() == c.Namespace:
	case obj.GetNamespace() == "":
		obj.SetNamespace(c.Namespace)
	case c.Namespace == "":
		obj.SetNamespace("")
	default:
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	return nil
}

func (c *call) defaults(obj api.Object) {
	if c.res.Default != nil {
		c.res.Default(obj)
	}
}

// stamp sets the metadata that is the server's to set and clears what a new
// object cannot have.
func (s *Server) stamp(obj metav1.Object) {
	obj.SetUID(newUID(s.opts.Rand("uid")))
	obj.SetCreationTimestamp(s.now())
	obj.SetDeletionTimestamp(nil)
	obj.SetDeletionGracePeriodSeconds(nil)
	obj.SetSelfLink("")
}

// now is the virtual time as objects carry it, in seconds.
func (s *Server) now() metav1.Time { return metav1.NewTime(s.opts.Now().Truncate(time.Second)) }

// newUID throws a version 4 UUID.
func newUID(r *rand.Rand) types.UID {
	hi, lo := r.Uint64(), r.Uint64()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(0b11<<62) | 0b10<<62
	return types.UID(fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xffff, lo>>48, lo&(1<<48-1)))
}

func (s *Server) generateName(obj metav1.Object) {
	obj.SetName(api.GenerateName(obj.GetGenerateName(), s.opts.Rand("name")))
}

// validateCreate validates a new object, its metadata first.
func (c *call) validateCreate(obj api.Object) field.ErrorList {
	errs := api.ValidateMeta(c.res, obj)
	if c.res.Validate != nil {
		errs = append(errs, c.res.Validate(obj)...)
	}
	return errs
}

func (c *call) errExists(generated bool) error {
	if generated {
		return apierrors.NewGenerateNameConflict(c.shown().GroupResource(), c.Name, 1)
	}
	err := apierrors.NewAlreadyExists(c.shown().GroupResource(), c.Name)
	if c.shelf.find(c.Namespace, c.Name).object().GetDeletionTimestamp() != nil {
		err.ErrStatus.Message = "object is being deleted: " + err.ErrStatus.Message
	}
	return err
}
