package apiserver_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
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
