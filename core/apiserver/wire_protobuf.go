package apiserver

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// Bodies may come as protobuf, which is what kubectl and client-go send for
// the built-in kinds: "k8s\0" and a runtime.Unknown around the type's own
// encoding. Answers go out that way to those who ask. A watch's event is its
// length in four bytes, then a WatchEvent around such an object
// (apimachinery's pkg/runtime/serializer/protobuf). Kinds without an encoding
// of their own, and tables, are answered in JSON.

const (
	mediaProtobuf = "application/vnd.kubernetes.protobuf"
	streamWatch   = ";stream=watch"
)

var protobufPrefix = []byte("k8s\x00")

// streamType is the Content-Type of a watch.
func (f format) streamType() string {
	if f.media == mediaProtobuf {
		return mediaProtobuf + streamWatch
	}
	return f.media
}

type marshaler interface{ Marshal() ([]byte, error) }

// encodeProtobuf writes an object; it fails where its kind has no protobuf.
func encodeProtobuf(obj runtime.Object) ([]byte, error) {
	obj = api.Shown(obj)
	m, ok := obj.(marshaler)
	if !ok || !api.HasProtobuf(obj) {
		return nil, fmt.Errorf("%T has no protobuf", obj)
	}
	if obj.GetObjectKind().GroupVersionKind().Empty() {
		obj = obj.DeepCopyObject()
		api.SetTypeMeta(obj)
	}
	raw, err := m.Marshal()
	if err != nil {
		return nil, err
	}
	unknown := runtime.Unknown{Raw: raw}
	unknown.APIVersion, unknown.Kind = obj.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	body, err := unknown.Marshal()
	return append(slices.Clip(protobufPrefix), body...), err
}

func encodeAnswerProtobuf(ans answer, f format) ([]byte, error) {
	_, failed := ans.object.(*metav1.Status)
	wanted := f.as == asPartial || f.as == asPartialList
	switch {
	case ans.list == nil && wanted && !failed:
		m, err := meta.Accessor(ans.object)
		if err != nil {
			return nil, err
		}
		return encodeProtobuf(f.partial(m))
	case ans.list == nil:
		return encodeProtobuf(ans.object)
	case wanted:
		list := &metav1.PartialObjectMetadataList{ListMeta: ans.list.meta}
		list.SetGroupVersionKind(f.kind(asPartialList))
		for _, item := range ans.list.items {
			list.Items = append(list.Items, *f.partial(item))
		}
		return encodeProtobuf(list)
	}
	items := make([]api.Object, len(ans.list.items))
	for i, item := range ans.list.items {
		items[i] = api.Shown(item).(api.Object)
	}
	list, err := api.NewList(ans.list.res, items, ans.list.meta)
	if err != nil {
		return nil, err
	}
	return encodeProtobuf(list)
}

func (f *framer) frameProtobuf(ev rest.WatchEvent) []byte {
	obj := ev.Object
	if _, failed := obj.(*metav1.Status); !failed && f.format.as != "" {
		if m, err := meta.Accessor(obj); err == nil {
			obj = f.format.partial(m)
		}
	}
	data, err := encodeProtobuf(obj)
	if err != nil {
		ev.Type = watch.Error
		data, _ = encodeProtobuf(statusOf(err)) // a Status has protobuf
	}
	frame := metav1.WatchEvent{Type: string(ev.Type), Object: runtime.RawExtension{Raw: data}}
	out := make([]byte, 4, 4+frame.Size())
	binary.BigEndian.PutUint32(out, uint32(frame.Size()))
	body, _ := frame.Marshal() // plain bytes: it cannot fail
	return append(out, body...)
}

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
	case "eviction":
		return &policyv1.Eviction{}, evictionKind
	case "token":
		return &authenticationv1.TokenRequest{}, tokenKind
	}
	return t.res.New(), t.res.GVK()
}

// decodeProtobuf reads a protobuf body into what the endpoint takes.
func (t *target) decodeProtobuf(body []byte) (runtime.Object, error) {
	obj, want := t.bodyType()
	if !api.HasProtobuf(obj) {
		return nil, errUnknownFormat(mediaJSON, mediaYAML)
	}
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
