package apiserver

import (
	"bytes"
	"fmt"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Bodies may come as protobuf, which is what kubectl and client-go send for
// the built-in kinds: "k8s\0" and a runtime.Unknown around the type's own
// encoding. Answers never go out that way, since every client takes JSON too.

const mediaProtobuf = "application/vnd.kubernetes.protobuf"

var protobufPrefix = []byte("k8s\x00")

type unmarshaler interface {
	runtime.Object
	Unmarshal([]byte) error
}

// bodyType is an empty value of what the endpoint takes, and its kind.
func (t *target) bodyType() (unmarshaler, schema.GroupVersionKind) {
	switch t.subresource {
	case "scale":
		return &autoscalingv1.Scale{}, scaleKind
	case "binding":
		return &corev1.Binding{}, corev1.SchemeGroupVersion.WithKind("Binding")
	}
	return t.res.New(), t.res.GVK()
}

// decodeProtobuf reads a protobuf body into what the endpoint takes.
func (t *target) decodeProtobuf(body []byte) (runtime.Object, error) {
	obj, want := t.bodyType()
	unknown, err := unwrapProtobuf(body)
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf(
			"the object provided is unrecognized (must be of type %s): %v (%s)", want.Kind, err, hexSummary(body)))
	}
	got := unknown.GroupVersionKind()
	if !got.Empty() && got != want {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s", got.Kind, got.Version, want.Kind))
	}
	if err := obj.Unmarshal(unknown.Raw); err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", want.Kind, want.Version, want.Kind, err))
	}
	obj.GetObjectKind().SetGroupVersionKind(want)
	return obj, nil
}

// decodeProtobufOptions reads the options of a deletion.
func decodeProtobufOptions(body []byte) (opts metav1.DeleteOptions, err error) {
	unknown, err := unwrapProtobuf(body)
	if err == nil && unknown.Kind != "" && unknown.Kind != "DeleteOptions" {
		err = fmt.Errorf("no kind %q is registered for version %q in scheme %q", unknown.Kind, unknown.APIVersion, optionsScheme)
	}
	if err == nil {
		err = opts.Unmarshal(unknown.Raw)
	}
	if err != nil {
		return opts, apierrors.NewBadRequest(err.Error())
	}
	return opts, nil
}

func unwrapProtobuf(body []byte) (*runtime.Unknown, error) {
	inner, found := bytes.CutPrefix(body, protobufPrefix)
	if !found {
		return nil, fmt.Errorf("provided data does not appear to be a protobuf message, expected prefix %v", protobufPrefix)
	}
	unknown := &runtime.Unknown{}
	if err := unknown.Unmarshal(inner); err != nil {
		return nil, err
	}
	return unknown, nil
}
