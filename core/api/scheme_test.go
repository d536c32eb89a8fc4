package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The files are values out of a real v1.36.3 cluster's etcd.
func TestStorageIsEtcds(t *testing.T) {
	files, err := filepath.Glob("testdata/etcd/*.base64")
	if err != nil || len(files) == 0 {
		t.Fatalf("no values: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".base64"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			stored, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), ""))
			if err != nil {
				t.Fatal(err)
			}
			obj, err := DecodeStorage(stored)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := obj.GetObjectKind().GroupVersionKind(), For(obj).GVK(); got != want {
				t.Errorf("kind is %v, want %v", got, want)
			}
			again, err := EncodeStorage(obj)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(stored, again) {
				t.Errorf("%d bytes become %d others", len(stored), len(again))
			}
		})
	}
}

func TestDecodeStorageErrors(t *testing.T) {
	widget := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "Widget"}}
	body, err := widget.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, want string
		data       []byte
	}{
		{"JSON", "does not appear to be a protobuf message", []byte(`{"kind":"Pod"}`)},
		{"empty", "does not appear to be a protobuf message", nil},
		{"torn", "unexpected EOF", append([]byte("k8s\x00"), 0x0a, 0x7f)},
		{"unknown kind", `no kind "Widget" is registered for version "v1"`, append([]byte("k8s\x00"), body...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			obj, err := DecodeStorage(tt.data)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("DecodeStorage = %v, %v, want error %q", obj, err, tt.want)
			}
		})
	}
}

// What the real API server answers to bodies that it can't take.
func TestDecodeRequest(t *testing.T) {
	configMap := schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}
	deployment := schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	strict, warn, ignore := metav1.FieldValidationStrict, metav1.FieldValidationWarn, metav1.FieldValidationIgnore
	tests := []struct {
		name, body, validation string
		kind                   schema.GroupVersionKind
		err                    string
		warnings               []string
	}{
		{name: "kind left out", body: `{"metadata":{"name":"a"}}`, kind: configMap},
		{name: "cut off", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm"`, kind: configMap,
			err: `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({"apiVersion":"v1","kind":"Con ...)`},
		{name: "empty", kind: configMap,
			err: `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)`},
		{name: "another kind", body: `{"apiVersion":"v1","kind":"Pod"}`, kind: configMap,
			err: `Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion`},
		{name: "unknown kind", body: `{"apiVersion":"v1","kind":"Widget"}`, kind: configMap,
			err: `Widget in version "v1" cannot be handled as a ConfigMap: no kind "Widget" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"`},
		{name: "wrong type", body: `{"spec":{"replicas":"three"}}`, kind: deployment,
			err: `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`},
		{name: "strict", body: `{"foo":1,"data":{"a":"b","a":"c"}}`, validation: strict, kind: configMap,
			err: `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo", duplicate field "data.a"`},
		{name: "warn", body: `{"foo":1,"data":{"a":"b","a":"c"}}`, validation: warn, kind: configMap,
			warnings: []string{`unknown field "foo"`, `duplicate field "data.a"`}},
		{name: "warn by default", body: `{"foo":1}`, kind: configMap, warnings: []string{`unknown field "foo"`}},
		{name: "ignore", body: `{"foo":1}`, validation: ignore, kind: configMap},
		{name: "case matters", body: `{"Data":{}}`, validation: strict, kind: configMap,
			err: `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "Data"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			obj, warnings, err := DecodeRequest([]byte(tt.body), tt.kind, tt.validation)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Fatalf("error is\n%v\nwant\n%s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := obj.GetObjectKind().GroupVersionKind(); got != tt.kind {
				t.Errorf("kind is %v, want %v", got, tt.kind)
			}
			if diff := cmp.Diff(tt.warnings, warnings); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestYAMLToJSON(t *testing.T) {
	twice := []byte("a: 1\na: 2\n")
	if _, err := YAMLToJSON(twice, true); err == nil {
		t.Error("strict YAML takes a key twice")
	}
	got, err := YAMLToJSON(twice, false)
	if err != nil || string(got) != `{"a":2}` {
		t.Errorf("YAMLToJSON = %s, %v", got, err)
	}
}

func TestEncodeJSONAndLists(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
	data, err := EncodeJSON(pod)
	if err != nil {
		t.Fatal(err)
	}
	if pod.Kind != "" {
		t.Error("EncodeJSON changed its argument")
	}
	var meta metav1.TypeMeta
	if err := json.Unmarshal(data, &meta); err != nil {
		t.Fatal(err)
	}
	if meta != (metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"}) || data[len(data)-1] != '\n' {
		t.Errorf("EncodeJSON = %q", data)
	}
	SetTypeMeta(pod)
	list, err := NewList(For(pod), []Object{pod}, metav1.ListMeta{ResourceVersion: "7"})
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.PodList{
		TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"},
		ListMeta: metav1.ListMeta{ResourceVersion: "7"},
		Items:    []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "p"}}},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if pod.Kind != "Pod" {
		t.Error("NewList changed an item")
	}
	empty, err := NewList(For(pod), nil, metav1.ListMeta{})
	if err != nil {
		t.Fatal(err)
	}
	if data, err = EncodeJSON(empty); err != nil || !strings.Contains(string(data), `"items":[]`) {
		t.Errorf("an empty list is %s, %v", data, err)
	}
}

func TestRegistry(t *testing.T) {
	for _, r := range All() {
		if Lookup(r.GVR()) != r || LookupKind(r.GVK()) != r || For(r.New()) != r {
			t.Errorf("%s isn't found by its names", r.Plural)
		}
		if !Scheme.Recognizes(r.GVK()) || len(r.Columns) == 0 || r.Row == nil {
			t.Errorf("%s is not complete", r.Plural)
		}
	}
	if Of[*corev1.Pod]().Plural != "pods" || !Of[*corev1.Pod]().HasSubresource("binding") {
		t.Error("Of finds another resource for pods")
	}
	if Lookup(schema.GroupVersionResource{Version: "v1", Resource: "widgets"}) != nil {
		t.Error("widgets are served")
	}
}
