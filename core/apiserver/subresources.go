package apiserver

import (
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tabernetes/tabernetes/core/api"
)

var scaleKind = autoscalingv1.SchemeGroupVersion.WithKind("Scale")

// scaled is the part of an object that its scale shows.
type scaled struct {
	replicas *int32
	status   int32
	selector *metav1.LabelSelector
}

func scaledPart(obj api.Object) scaled {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		return scaled{o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector}
	case *appsv1.ReplicaSet:
		return scaled{o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector}
	case *appsv1.StatefulSet:
		return scaled{o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector}
	case *corev1.ReplicationController:
		return scaled{o.Spec.Replicas, o.Status.Replicas, &metav1.LabelSelector{MatchLabels: o.Spec.Selector}}
	}
	return scaled{}
}

func setReplicas(obj api.Object, n int32) error {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		o.Spec.Replicas = &n
	case *appsv1.ReplicaSet:
		o.Spec.Replicas = &n
	case *appsv1.StatefulSet:
		o.Spec.Replicas = &n
	case *corev1.ReplicationController:
		o.Spec.Replicas = &n
	case *api.Custom:
		return o.SetReplicas(n)
	}
	return nil
}

// scaleOf shows an object as a Scale (scaleFromDeployment in
// pkg/registry/apps/deployment/storage).
func scaleOf(obj api.Object) (*autoscalingv1.Scale, error) {
	if custom, ok := obj.(*api.Custom); ok {
		scale, _, err := custom.Scale()
		return scale, err
	}
	part := scaledPart(obj)
	selector, err := metav1.LabelSelectorAsSelector(part.selector)
	if err != nil {
		return nil, err
	}
	scale := &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{
			Name: obj.GetName(), Namespace: obj.GetNamespace(), UID: obj.GetUID(),
			ResourceVersion: obj.GetResourceVersion(), CreationTimestamp: obj.GetCreationTimestamp(),
		},
		Status: autoscalingv1.ScaleStatus{Replicas: part.status, Selector: selector.String()},
	}
	scale.SetGroupVersionKind(scaleKind)
	if part.replicas != nil {
		scale.Spec.Replicas = *part.replicas
	}
	return scale, nil
}

func (s *Server) getScale(c *call) (answer, error) {
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil {
		return answer{}, c.errNotFound()
	}
	if custom, ok := it.object().(*api.Custom); ok {
		if _, found, err := custom.Scale(); err == nil && !found {
			return answer{}, custom.ErrNoReplicas()
		}
	}
	scale, err := scaleOf(it.object())
	return answer{code: codeOK, object: scale}, err
}

func (s *Server) updateScale(c *call) (answer, error) {
	opts := &c.UpdateOptions
	if err := invalidOptions("UpdateOptions", metav1validation.ValidateUpdateOptions(opts)); err != nil {
		return answer{}, err
	}
	if c.Object == nil {
		obj, warnings, err := api.DecodeRequest(c.Body, scaleKind, opts.FieldValidation)
		if err != nil {
			return answer{}, err
		}
		c.Object, c.warnings = obj, append(c.warnings, warnings...)
	}
	scale, ok := c.Object.(*autoscalingv1.Scale)
	if !ok {
		return answer{}, apierrors.NewBadRequest(fmt.Sprintf("expected input object type to be Scale, but %T", c.Object))
	}
	if err := c.ensureName(scale); err != nil {
		return answer{}, err
	}
	if err := c.ensureNamespace(scale); err != nil {
		return answer{}, err
	}
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil {
		return answer{}, c.errNotFound()
	}
	return s.applyScale(c, it, scale, nil, isDryRun(opts.DryRun))
}

func (s *Server) patchScale(c *call) (answer, error) {
	it, err := s.beforePatch(c)
	if err != nil {
		return answer{}, err
	}
	current, err := scaleOf(it.object())
	if err != nil {
		return answer{}, err
	}
	scale := &autoscalingv1.Scale{}
	var managers []metav1.ManagedFieldsEntry
	switch {
	case c.isApply():
		scale, managers, err = s.appliedScale(c, it.object(), current)
		c.managed = true
	case c.Mutate != nil:
		scale = current
		err = c.Mutate(scale)
	default:
		err = c.applyPatch(current, scale)
	}
	if err != nil {
		return answer{}, err
	}
	if err := c.ensureName(scale); err != nil {
		return answer{}, err
	}
	return s.applyScale(c, it, scale, managers, isDryRun(c.PatchOptions.DryRun))
}

// applyScale takes the wanted replicas over into the object. managers are the
// object's where the scale was applied, nil otherwise.
func (s *Server) applyScale(c *call, it *item, scale *autoscalingv1.Scale, managers []metav1.ManagedFieldsEntry, dryRun bool) (answer, error) {
	if scale.Spec.Replicas < 0 && c.res.Custom == nil {
		errs := field.ErrorList{field.Invalid(field.NewPath("spec", "replicas"), scale.Spec.Replicas, "must be greater than or equal to 0")}
		return answer{}, apierrors.NewInvalid(schema.GroupKind{Group: scaleKind.Group, Kind: scaleKind.Kind}, c.Name, errs)
	}
	if uid := scale.UID; uid != "" && uid != it.object().GetUID() {
		return answer{}, c.errPrecondition(c.shelf.prefix+it.key, "UID", string(uid), string(it.object().GetUID()))
	}
	obj := it.object().DeepCopyObject().(api.Object)
	if err := setReplicas(obj, scale.Spec.Replicas); err != nil {
		return answer{}, err
	}
	if c.res.Custom == nil || scale.ResourceVersion != "" {
		obj.SetResourceVersion(scale.ResourceVersion)
	}
	if c.managed {
		obj.SetManagedFields(managers)
	}
	stored, err := s.replace(c, obj, it, dryRun)
	if err != nil {
		return answer{}, err
	}
	out, err := scaleOf(stored)
	return answer{code: codeOK, object: out}, err
}

// bind assigns a pod to a node, once
// (BindingREST in pkg/registry/core/pod/storage).
func (s *Server) bind(c *call) (answer, error) {
	opts := &c.CreateOptions
	if err := invalidOptions("CreateOptions", metav1validation.ValidateCreateOptions(opts)); err != nil {
		return answer{}, err
	}
	binding, err := s.binding(c)
	if err != nil {
		return answer{}, err
	}
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil {
		return answer{}, c.errNotFound()
	}
	key := c.shelf.prefix + it.key
	if uid := binding.UID; uid != "" && uid != it.object().GetUID() {
		return answer{}, c.errPrecondition(key, "UID", string(uid), string(it.object().GetUID()))
	}
	if rv := binding.ResourceVersion; rv != "" && rv != it.object().GetResourceVersion() {
		return answer{}, c.errPrecondition(key, "ResourceVersion", rv, it.object().GetResourceVersion())
	}
	pod := it.object().DeepCopyObject().(*corev1.Pod)
	if node := s.shelves[nodeResource].find("", binding.Target.Name); node != nil {
		binding.Labels = api.CopyTopologyLabels(binding.Labels, node.object().(*corev1.Node))
	}
	if err := api.Bind(pod, binding, s.now()); err != nil {
		return answer{}, apierrors.NewConflict(schema.GroupResource{Resource: "pods/binding"}, c.Name, err)
	}
	if _, err := s.put(c, pod, it, isDryRun(opts.DryRun), codeCreated); err != nil {
		return answer{}, err
	}
	status := &metav1.Status{TypeMeta: statusType, Status: metav1.StatusSuccess, Code: codeCreated}
	return answer{code: codeCreated, object: status}, nil
}

// binding is the request's Binding, validated.
func (s *Server) binding(c *call) (*corev1.Binding, error) {
	if c.Object == nil {
		obj, warnings, err := api.DecodeRequest(c.Body, corev1.SchemeGroupVersion.WithKind("Binding"), c.CreateOptions.FieldValidation)
		if err != nil {
			return nil, err
		}
		c.Object, c.warnings = obj, append(c.warnings, warnings...)
	}
	binding, ok := c.Object.(*corev1.Binding)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a Binding object: %T", c.Object))
	}
	if err := c.ensureNamespace(binding); err != nil {
		return nil, err
	}
	if c.res.Unstored { // a Binding posted to bindings itself names its pod
		c.res, c.shelf = s.shelves[podResource].res, s.shelves[podResource]
		c.Resource, c.Subresource, c.Name = podResource, "binding", binding.Name
	}
	if binding.Name != c.Name {
		return nil, apierrors.NewBadRequest("name in URL does not match name in Binding object")
	}
	if errs := api.ValidateBinding(binding); len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	return binding, nil
}

// log answers with a container's log, which the kubelet of its node has
// (LogLocation in pkg/registry/core/pod/strategy.go).
func (s *Server) log(c *call) (answer, error) {
	if err := checkLogOptions(c.Name, c.LogOptions); err != nil {
		return answer{}, err
	}
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil {
		return answer{}, c.errNotFound()
	}
	pod := it.object().(*corev1.Pod)
	container, err := logContainer(pod, c.LogOptions["container"])
	if err != nil {
		return answer{}, err
	}
	if pod.Spec.NodeName == "" || s.opts.Logs == nil {
		return answer{code: codeNoContent, text: []byte{}}, nil
	}
	text, err := s.opts.Logs(LogRequest{Pod: pod, Container: container, Options: c.LogOptions})
	return answer{code: codeOK, text: append([]byte{}, text...)}, err // a log may be empty, but is text
}

func checkLogOptions(name string, options map[string]string) error {
	var errs field.ErrorList
	for _, o := range []struct {
		name  string
		least int64
		text  string
	}{
		{"tailLines", 0, "must be greater than or equal to 0"},
		{"limitBytes", 1, "must be greater than 0"},
		{"sinceSeconds", 1, "must be greater than 0"},
	} {
		if options[o.name] == "" {
			continue
		}
		n, err := strconv.ParseInt(options[o.name], 10, 64)
		if err != nil {
			return apierrors.NewBadRequest(err.Error())
		}
		if n < o.least {
			errs = append(errs, field.Invalid(field.NewPath(o.name), n, o.text))
		}
	}
	if len(errs) > 0 {
		return apierrors.NewInvalid(schema.GroupKind{Kind: "PodLogOptions"}, name, errs)
	}
	return nil
}

// logContainer finds the container that is meant.
func logContainer(pod *corev1.Pod, name string) (string, error) {
	var names []string
	for i := range pod.Spec.InitContainers {
		names = append(names, pod.Spec.InitContainers[i].Name)
	}
	for i := range pod.Spec.Containers {
		names = append(names, pod.Spec.Containers[i].Name)
	}
	switch {
	case slices.Contains(names, name):
		return name, nil
	case name != "":
		return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
	case len(pod.Spec.Containers) == 1:
		return pod.Spec.Containers[0].Name, nil
	case len(pod.Spec.Containers) == 0:
		return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s", pod.Name))
	}
	return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: %s", pod.Name, names))
}
