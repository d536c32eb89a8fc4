package apiserver

import (
	"fmt"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/managed"
)

// apply is server-side apply: a patch that says what its manager wants, creates
// what is not there, and conflicts with who wants otherwise
// (applyPatcher in pkg/endpoints/handlers/patch.go).
func (s *Server) apply(c *call) (answer, error) {
	if err := invalidOptions("PatchOptions", metav1validation.ValidatePatchOptions(&c.PatchOptions, c.PatchType)); err != nil {
		return answer{}, err
	}
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil && c.Subresource != "" {
		return answer{}, c.errNotFound()
	}
	live := c.res.New()
	if it != nil {
		live = it.object()
	}
	obj, err := s.applied(c, live, c.types(), c.res.GVK())
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
	c.managed = true
	dryRun := isDryRun(c.PatchOptions.DryRun)
	if it == nil {
		obj.SetResourceVersion("")
		if uid := obj.GetUID(); uid != "" {
			fixed := field.Invalid(field.NewPath("metadata", "uid"), uid, validation.FieldImmutableErrorMsg)
			return answer{}, c.invalid(c.Name, field.ErrorList{fixed, fixed})
		}
		stored, err := s.createObject(c, obj, dryRun)
		return answer{code: codeCreated, object: stored}, err
	}
	stored, err := s.replace(c, obj, it, dryRun)
	return answer{code: codeOK, object: stored}, err
}

// applied is live with the request's configuration applied, and its managers.
func (s *Server) applied(c *call, live api.Object, types *managed.Type, want schema.GroupVersionKind) (api.Object, error) {
	config, err := c.configuration(want)
	if err != nil {
		return nil, err
	}
	who := s.who(c)
	who.APIVersion = want.GroupVersion().String()
	force := c.PatchOptions.Force != nil && *c.PatchOptions.Force
	content, managers, err := s.keeper.Apply(live, types, config, c.ignored(), who, force)
	if err != nil {
		return nil, err
	}
	if err := c.applyStrictly(); err != nil {
		return nil, err
	}
	obj := newLike(live)
	if custom, ok := obj.(*api.Custom); ok {
		err = c.appliedCustom(custom, content)
		if err != nil {
			return nil, err
		}
	} else if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, obj); err != nil {
		return nil, fmt.Errorf("failed to convert new object (%s/%s; %v) to proper version: %w", c.Namespace, c.Name, want, err)
	}
	obj.GetObjectKind().SetGroupVersionKind(want)
	obj.SetManagedFields(managers)
	return obj, nil
}

// appliedCustom takes the content of a custom object over. Its unknown fields
// have been refused before.
func (c *call) appliedCustom(obj *api.Custom, content map[string]any) error {
	return obj.Take(runtime.DeepCopyJSON(content), false)
}

// configuration is the request's body, of the kind that the endpoint takes.
func (c *call) configuration(want schema.GroupVersionKind) (map[string]any, error) {
	data, err := yaml.YAMLToJSON(c.Body)
	config := map[string]any{}
	if err == nil {
		err = api.DecodeJSON(data, &config, false)
	}
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding YAML: error converting YAML to JSON: %v", err))
	}
	text := func(name string) string { v, _ := config[name].(string); return v }
	gv, err := schema.ParseGroupVersion(text("apiVersion"))
	if got := gv.WithKind(text("kind")); err != nil || got != want {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("invalid object type: %v", got))
	}
	if meta, ok := config["metadata"].(map[string]any); ok && meta["managedFields"] != nil {
		return nil, apierrors.NewBadRequest("metadata.managedFields must be nil")
	}
	return config, nil
}

// applyStrictly answers for fields that the body has twice. Those that the
// kind has not are refused whatever fieldValidation says.
func (c *call) applyStrictly() error {
	if c.lenient() {
		return nil
	}
	err := yaml.UnmarshalStrict(c.Body, &map[string]any{})
	switch {
	case err == nil:
	case c.PatchOptions.FieldValidation == metav1.FieldValidationStrict:
		return apierrors.NewBadRequest(fmt.Sprintf("error strict decoding YAML: %v", err))
	default:
		for _, line := range strings.Split(err.Error(), "\n")[1:] {
			c.warnings = append(c.warnings, strings.TrimSpace(line))
		}
	}
	return nil
}

func (c *call) isApply() bool { return c.PatchType == types.ApplyYAMLPatchType }

// appliedScale is an object's scale with the request's configuration applied,
// and what that makes of the object's own managers
// (apimachinery's pkg/util/managedfields/scalehandler.go).
func (s *Server) appliedScale(c *call, live api.Object, scale *autoscalingv1.Scale) (*autoscalingv1.Scale, []metav1.ManagedFieldsEntry, error) {
	replicas := []string{"f:spec", "f:replicas"}
	if c.res.Custom != nil {
		replicas = c.res.Custom.ReplicasPath()
	}
	own := live.GetManagedFields()
	current := scale.DeepCopy()
	current.SetManagedFields(s.keeper.OfField(own, replicas, scaleKind.GroupVersion().String()))
	obj, err := s.applied(c, current, nil, scaleKind)
	if err != nil {
		return nil, nil, err
	}
	managers := s.keeper.WithField(own, obj.GetManagedFields(), replicas, c.res.APIVersion())
	obj.SetManagedFields(nil)
	return obj.(*autoscalingv1.Scale), managers, nil
}
