package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// The files in testdata/judge hold requests and a real v1.36.3 API server's
// answers to them. Each case is NAME.yaml, for an update also NAME.patch (a
// merge patch), and NAME.out: the error's message, or warnings and the object that came of it.
//
//	go test ./core/api -run TestJudge -judge http://127.0.0.1:8001
//
// asks the server behind that `kubectl proxy` again and rewrites the answers; it
// works in a namespace api-golden, which must exist.
var judge = flag.String("judge", "", "address of a real API server to record answers from")

const goldenNamespace = "api-golden"

func TestJudge(t *testing.T) {
	files, err := filepath.Glob("testdata/judge/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { judgeFile(t, file) })
	}
}

func judgeFile(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, f := range archive.Files {
		parts[f.Name] = f.Data
	}
	recorded := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		name, isCase := strings.CutSuffix(f.Name, ".yaml")
		if !isCase {
			continue
		}
		patch, hasPatch := parts[name+".patch"]
		if *judge != "" {
			recorded.Files = append(recorded.Files, f)
			if hasPatch {
				recorded.Files = append(recorded.Files, txtar.File{Name: name + ".patch", Data: patch})
			}
			parts[name+".out"] = ask(t, f.Data, patch)
			recorded.Files = append(recorded.Files, txtar.File{Name: name + ".out", Data: parts[name+".out"]})
		}
		t.Run(name, func(t *testing.T) {
			got := answer(t, f.Data, patch)
			if diff := cmp.Diff(string(parts[name+".out"]), string(got)); diff != "" {
				t.Errorf("-the judge's +ours:\n%s", diff)
			}
		})
	}
	if *judge != "" {
		if err := os.WriteFile(file, txtar.Format(recorded), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// answer is what we make of a create, or of a patch to what was created.
func answer(t *testing.T, manifest, patch []byte) []byte {
	obj, err := create(t, manifest)
	if err == nil && patch != nil {
		obj, err = update(t, obj, patch)
	}
	if err != nil {
		return []byte(err.Error() + "\n")
	}
	var out bytes.Buffer
	if warn := For(obj).Warnings; warn != nil && patch == nil {
		for _, text := range warn(obj, nil) {
			fmt.Fprintln(&out, "Warning:", text)
		}
	}
	data, err := json.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(normalize(t, data))
	return out.Bytes()
}

func create(t *testing.T, manifest []byte) (Object, error) {
	data, err := YAMLToJSON(manifest, false)
	if err != nil {
		t.Fatal(err)
	}
	var meta metav1.TypeMeta
	if err := json.Unmarshal(data, &meta); err != nil {
		t.Fatal(err)
	}
	gvk := schema.FromAPIVersionAndKind(meta.APIVersion, meta.Kind)
	decoded, _, err := DecodeRequest(data, gvk, metav1.FieldValidationStrict)
	if err != nil {
		return nil, err
	}
	obj := decoded.(Object)
	r := For(obj)
	if r.Namespaced {
		obj.SetNamespace(goldenNamespace)
	}
	obj.SetCreationTimestamp(metav1.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if r.Default != nil {
		r.Default(obj)
	}
	if pod, ok := obj.(*corev1.Pod); ok {
		SetServiceAccount(pod)
		UseServiceAccount(pod, &corev1.ServiceAccount{}, "xxxxx")
		if err := SetPriority(pod, systemClass(pod.Spec.PriorityClassName)); err != nil {
			return nil, apierrors.NewForbidden(r.GroupResource(), obj.GetName(), err)
		}
		SetDefaultTolerations(pod)
		if err := SetRuntimeClass(pod, nil); err != nil {
			return nil, apierrors.NewForbidden(r.GroupResource(), obj.GetName(), err)
		}
	}
	if r.PrepareCreate != nil {
		r.PrepareCreate(obj)
	}
	errs := ValidateMeta(r, obj)
	if r.Validate != nil {
		errs = append(errs, r.Validate(obj)...)
	}
	return obj, invalidError(r, obj, errs)
}

// systemClass is a priority class that every cluster has.
func systemClass(name string) *schedulingv1.PriorityClass {
	value, ok := systemPriorities[name]
	if !ok {
		return nil
	}
	return &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Value: value}
}

func update(t *testing.T, old Object, patch []byte) (Object, error) {
	old.SetResourceVersion("1")
	before, err := json.Marshal(old)
	if err != nil {
		t.Fatal(err)
	}
	change, err := yaml.YAMLToJSON(patch)
	if err != nil {
		t.Fatal(err)
	}
	after, err := jsonpatch.MergePatch(before, change)
	if err != nil {
		t.Fatal(err)
	}
	r := For(old)
	decoded, _, err := DecodeRequest(after, r.GVK(), metav1.FieldValidationStrict)
	if err != nil {
		return nil, err
	}
	obj := decoded.(Object)
	if r.Default != nil {
		r.Default(obj)
	}
	if pod, ok := obj.(*corev1.Pod); ok {
		SetDefaultTolerations(pod)
		KeepPriority(pod, old.(*corev1.Pod))
	}
	obj.SetGeneration(old.GetGeneration())
	if r.PrepareUpdate != nil {
		r.PrepareUpdate(obj, old)
	}
	errs := ValidateMetaUpdate(r, obj, old)
	if r.ValidateUpdate != nil {
		errs = append(errs, r.ValidateUpdate(obj, old)...)
	}
	return obj, invalidError(r, obj, errs)
}

func invalidError(r *Resource, obj Object, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(r.GVK().GroupKind(), obj.GetName(), errs)
}

var tokenName = regexp.MustCompile(`kube-api-access-[a-z0-9]{5}`)

// normalize drops what is drawn at random or depends on when it was recorded.
func normalize(t *testing.T, data []byte) []byte {
	var obj map[string]any
	if err := json.Unmarshal(data, &obj); err != nil {
		t.Fatal(err)
	}
	meta := obj["metadata"].(map[string]any)
	for _, name := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields"} {
		delete(meta, name)
	}
	out, err := yaml.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	out = tokenName.ReplaceAll(out, []byte("kube-api-access-xxxxx"))
	return regexp.MustCompile(`lastTransitionTime: .*`).ReplaceAll(out, []byte(`lastTransitionTime: "…"`))
}

// ask sends the request to the judge. A create is a dry run unless it is there
// to be patched; then it is deleted again.
func ask(t *testing.T, manifest, patch []byte) []byte {
	data, err := YAMLToJSON(manifest, false)
	if err != nil {
		t.Fatal(err)
	}
	var meta metav1.PartialObjectMetadata
	if err := json.Unmarshal(data, &meta); err != nil {
		t.Fatal(err)
	}
	path := collection(t, meta.GroupVersionKind())
	if patch == nil {
		return reply(t, "POST", path+"?dryRun=All&fieldValidation=Strict", "application/json", data)
	}
	first := reply(t, "POST", path+"?fieldValidation=Strict", "application/json", data)
	if !bytes.Contains(first, []byte("apiVersion:")) {
		t.Fatalf("%s", first)
	}
	defer reply(t, "DELETE", path+"/"+meta.Name+"?gracePeriodSeconds=0", "application/json", nil)
	change, err := yaml.YAMLToJSON(patch)
	if err != nil {
		t.Fatal(err)
	}
	return reply(t, "PATCH", path+"/"+meta.Name+"?dryRun=All&fieldValidation=Strict", "application/merge-patch+json", change)
}

func collection(t *testing.T, gvk schema.GroupVersionKind) string {
	r := LookupKind(gvk)
	if r == nil {
		t.Fatalf("%v is not served", gvk)
	}
	path := "/api/v1/"
	if r.Group != "" {
		path = "/apis/" + r.Group + "/" + r.Version + "/"
	}
	if r.Namespaced {
		path += "namespaces/" + goldenNamespace + "/"
	}
	return path + r.Plural
}

func reply(t *testing.T, method, path, contentType string, body []byte) []byte {
	request, err := http.NewRequest(method, *judge+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var status struct{ Kind, Message string }
	if err := json.Unmarshal(data, &status); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	if status.Kind == "Status" {
		return tokenName.ReplaceAll([]byte(status.Message+"\n"), []byte("kube-api-access-xxxxx"))
	}
	var out bytes.Buffer
	for _, header := range response.Header["Warning"] {
		text, err := strconv.Unquote(strings.TrimPrefix(header, "299 - "))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&out, "Warning:", text)
	}
	out.Write(normalize(t, data))
	return out.Bytes()
}
