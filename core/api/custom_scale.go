package api

import (
	"fmt"
	"math"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The scale of a custom object is where its definition says
// (pkg/registry/customresource/etcd.go and validator.go).

// split is a path's fields: .spec.replicas.
func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "."), ".") }

// ReplicasPath is where the object has the replicas that are wanted, as a set of
// managed fields has it.
func (k *CustomKind) ReplicasPath() []string {
	path := split(k.Version.Subresources.Scale.SpecReplicasPath)
	for i := range path {
		path[i] = "f:" + path[i]
	}
	return path
}

// Scale shows the object as a Scale. found says that it says how many are wanted.
func (c *Custom) Scale() (scale *autoscalingv1.Scale, found bool, err error) {
	paths := c.res.Custom.Version.Subresources.Scale
	wanted, found, err := unstructured.NestedInt64(c.Content, split(paths.SpecReplicasPath)...)
	if err != nil {
		return nil, false, err
	}
	are, _, err := unstructured.NestedInt64(c.Content, split(paths.StatusReplicasPath)...)
	if err != nil {
		return nil, false, err
	}
	selector := ""
	if path := paths.LabelSelectorPath; path != nil && *path != "" {
		if selector, _, err = unstructured.NestedString(c.Content, split(*path)...); err != nil {
			return nil, false, err
		}
	}
	return &autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: metav1.ObjectMeta{
			Name: c.Name, Namespace: c.Namespace, UID: c.UID, ResourceVersion: c.ResourceVersion, CreationTimestamp: c.CreationTimestamp,
		},
		Spec:   autoscalingv1.ScaleSpec{Replicas: int32(wanted)},
		Status: autoscalingv1.ScaleStatus{Replicas: int32(are), Selector: selector},
	}, found, nil
}

// ErrNoReplicas is what asking for the scale of an object comes to that does not
// say how many replicas are wanted.
func (c *Custom) ErrNoReplicas() error {
	return apierrors.NewInternalError(fmt.Errorf("the spec replicas field %q does not exist", c.res.Custom.Version.Subresources.Scale.SpecReplicasPath))
}

// SetReplicas says how many are wanted.
func (c *Custom) SetReplicas(n int32) error {
	return unstructured.SetNestedField(c.Content, int64(n), split(c.res.Custom.Version.Subresources.Scale.SpecReplicasPath)...)
}

// validateScale checks what a scale shows of the parts named.
func (k *CustomKind) validateScale(c *Custom, parts ...string) (errs field.ErrorList) {
	if k.Version.Subresources == nil || k.Version.Subresources.Scale == nil {
		return nil
	}
	paths := k.Version.Subresources.Scale
	for _, part := range parts {
		path := map[string]string{"spec": paths.SpecReplicasPath, "status": paths.StatusReplicasPath}[part]
		n, _, err := unstructured.NestedInt64(c.Content, split(path)...)
		switch p := field.NewPath(path); {
		case err != nil:
			errs = append(errs, field.Invalid(p, n, err.Error()))
		case n < 0:
			errs = append(errs, field.Invalid(p, n, "should be a non-negative integer"))
		case n > math.MaxInt32:
			errs = append(errs, field.Invalid(p, n, fmt.Sprintf("should be less than or equal to %v", math.MaxInt32)))
		}
		if part == "status" && paths.LabelSelectorPath != nil {
			if text, _, err := unstructured.NestedString(c.Content, split(*paths.LabelSelectorPath)...); err != nil {
				errs = append(errs, field.Invalid(field.NewPath(*paths.LabelSelectorPath), text, err.Error()))
			}
		}
	}
	return errs
}
