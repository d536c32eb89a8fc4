package apiserver_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/rest"
)

// protobufBody wraps an object as kubectl and client-go send it.
func protobufBody(t testing.TB, obj interface{ Marshal() ([]byte, error) }, apiVersion, kind string) []byte {
	t.Helper()
	raw, err := obj.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	unknown := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: apiVersion, Kind: kind}, Raw: raw}
	data, err := unknown.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("k8s\x00"), data...)
}

// TestProtobufBodies: a body in protobuf does what the same one in JSON does.
func TestProtobufBodies(t *testing.T) {
	w := newWorld(t)
	send := func(method, path, contentType string, body []byte) map[string]any {
		t.Helper()
		reply := w.Do(rest.Message{Method: method, Path: path, Body: body, Header: rest.Header{"Content-Type": contentType}})
		if reply.Code >= 400 {
			t.Fatalf("%s %s: %d %s", method, path, reply.Code, reply.Body)
		}
		var out map[string]any
		if err := json.Unmarshal(reply.Body, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	const path, proto = "/apis/apps/v1/namespaces/default/deployments", "application/vnd.kubernetes.protobuf"
	asJSON, err := json.Marshal(deployment("json", 2))
	if err != nil {
		t.Fatal(err)
	}
	one := send("POST", path, "application/json", asJSON)
	two := send("POST", path, proto, protobufBody(t, deployment("json2", 2), "apps/v1", "Deployment"))
	if diff := cmp.Diff(one["spec"].(map[string]any)["strategy"], two["spec"].(map[string]any)["strategy"]); diff != "" || two["kind"] != "Deployment" {
		t.Error(diff)
	}
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "json2"}, Spec: autoscalingv1.ScaleSpec{Replicas: 5}}
	scaled := send("PUT", path+"/json2/scale", proto, protobufBody(t, scale, "autoscaling/v1", "Scale"))
	if diff := cmp.Diff(map[string]any{"replicas": 5.0}, scaled["spec"]); diff != "" {
		t.Error(diff)
	}
	orphan := metav1.DeletePropagationOrphan
	gone := send("DELETE", path+"/json2", proto, protobufBody(t, &metav1.DeleteOptions{PropagationPolicy: &orphan}, "v1", "DeleteOptions"))
	if diff := cmp.Diff([]any{"orphan"}, gone["metadata"].(map[string]any)["finalizers"]); diff != "" {
		t.Error(diff)
	}
	for name, body := range map[string][]byte{
		"nothing":       nil,
		"no prefix":     []byte("{}"),
		"another kind":  protobufBody(t, pod("p"), "v1", "Pod"),
		"broken":        append(protobufBody(t, pod("p"), "apps/v1", "Deployment"), 0xff),
		"broken inside": append([]byte("k8s\x00"), 0xff, 0xff),
	} {
		reply := w.Do(rest.Message{Method: "POST", Path: path, Body: body, Header: rest.Header{"Content-Type": proto}})
		if reply.Code != 400 {
			t.Errorf("%s: %d %s", name, reply.Code, reply.Body)
		}
	}
}

// TestProtobufAnswers: objects, lists, metadata, errors and watches come as
// protobuf to those who ask, and say what their JSON says.
func TestProtobufAnswers(t *testing.T) {
	w := newWorld(t)
	w.must(&rest.Request{Verb: rest.Create, Namespace: "default", Object: pod("p")})
	const pods = "/api/v1/namespaces/default/pods"
	get := func(path, accept string) rest.Reply {
		return w.Do(rest.Message{Method: "GET", Path: path, Header: rest.Header{"Accept": accept}})
	}
	const proto = "application/vnd.kubernetes.protobuf"
	for _, c := range []struct {
		path, as string
		into     interface {
			runtime.Object
			Unmarshal([]byte) error
		}
	}{
		{pods + "/p", "", &corev1.Pod{}},
		{pods, "", &corev1.PodList{}},
		{pods + "/p", ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1", &metav1.PartialObjectMetadata{}},
		{pods, ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", &metav1.PartialObjectMetadataList{}},
		{pods + "/none", "", &metav1.Status{}},
	} {
		got, asJSON := get(c.path, proto+c.as+",application/json"), get(c.path, "application/json"+c.as)
		if got.Code != asJSON.Code || got.Header["Content-Type"] != proto {
			t.Errorf("%s: %d %s", c.path, got.Code, got.Header["Content-Type"])
		}
		want := c.into.DeepCopyObject()
		if err := json.Unmarshal(asJSON.Body, want); err != nil {
			t.Fatal(err)
		}
		if list, ok := want.(*metav1.PartialObjectMetadataList); ok {
			list.Items[0].TypeMeta = metav1.TypeMeta{} // protobuf has a kind only on the outside
		}
		readProtobuf(t, got.Body, c.into)
		if diff := cmp.Diff(want, c.into); diff != "" {
			t.Errorf("%s%s (-JSON +protobuf)\n%s", c.path, c.as, diff)
		}
	}
	if got := get(pods, proto+";as=Table;g=meta.k8s.io;v=v1,application/json"); got.Header["Content-Type"] != "application/json" {
		t.Errorf("a table came as %s", got.Header["Content-Type"])
	}

	stream := get(pods+"?watch=true", proto)
	if got := stream.Header["Content-Type"]; got != proto+";stream=watch" {
		t.Errorf("a watch came as %s", got)
	}
	var ev metav1.WatchEvent
	if n := binary.BigEndian.Uint32(stream.Body); int(n) != len(stream.Body)-4 || ev.Unmarshal(stream.Body[4:]) != nil {
		t.Fatalf("not one frame: %q", stream.Body)
	}
	var told corev1.Pod
	readProtobuf(t, ev.Object.Raw, &told)
	if ev.Type != "ADDED" || told.Name != "p" {
		t.Errorf("told %s %s", ev.Type, told.Name)
	}
}

func readProtobuf(t *testing.T, data []byte, into interface {
	runtime.Object
	Unmarshal([]byte) error
}) {
	t.Helper()
	var unknown runtime.Unknown
	body, found := bytes.CutPrefix(data, []byte("k8s\x00"))
	if !found {
		t.Fatalf("no prefix: %q", data)
	}
	if err := errors.Join(unknown.Unmarshal(body), into.Unmarshal(unknown.Raw)); err != nil {
		t.Fatal(err)
	}
	into.GetObjectKind().SetGroupVersionKind(unknown.GroupVersionKind())
}
