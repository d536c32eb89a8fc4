package managed

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/merge"
	"sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// librarySchema is a Type as the library has it.
type librarySchema struct {
	schema.Schema
	names map[*Type]string
}

func (l *librarySchema) ref(t *Type) schema.TypeRef {
	if t == nil {
		return schema.TypeRef{}
	}
	name, known := l.names[t]
	if !known {
		name = fmt.Sprint("type", len(l.names))
		l.names[t] = name
		def := schema.TypeDef{Name: name}
		l.Types = append(l.Types, schema.TypeDef{})
		i := len(l.Types) - 1
		def.Atom = l.atom(t)
		l.Types[i] = def
	}
	return schema.TypeRef{NamedType: &name}
}

func (l *librarySchema) atom(t *Type) (a schema.Atom) {
	relation := map[bool]schema.ElementRelationship{true: schema.Atomic, false: schema.Separable}
	if t.Scalar != "" {
		s := schema.Scalar(t.Scalar)
		a.Scalar = &s
	}
	if t.Map != nil {
		a.Map = &schema.Map{ElementType: l.ref(t.Map.Elem), ElementRelationship: relation[t.Map.Atomic]}
		for _, name := range unionKeys(toAny(t.Map.Fields), nil) {
			a.Map.Fields = append(a.Map.Fields, schema.StructField{Name: name, Type: l.ref(t.Map.Fields[name]), Default: t.Map.Defaults[name]})
		}
	}
	if t.List != nil {
		a.List = &schema.List{ElementType: l.ref(t.List.Elem), Keys: t.List.Keys, ElementRelationship: schema.Associative}
		if t.List.Atomic {
			a.List.ElementRelationship = schema.Atomic
		}
	}
	return a
}

func toAny(m map[string]*Type) map[string]any {
	out := map[string]any{}
	for k := range m {
		out[k] = nil
	}
	return out
}

type sameVersion struct{}

func (sameVersion) Convert(o *typed.TypedValue, _ fieldpath.APIVersion) (*typed.TypedValue, error) {
	return o, nil
}
func (sameVersion) IsMissingVersionError(error) bool { return false }

// library does what a Keeper does with the library that upstream uses.
type library struct {
	schema  *schema.Schema
	ref     schema.TypeRef
	updater *merge.Updater
	fields  fieldpath.ManagedFields
}

func newLibrary(t *Type) *library {
	l := &librarySchema{names: map[*Type]string{}}
	ref := l.ref(t)
	b := merge.UpdaterBuilder{Converter: sameVersion{}, ReturnInputOnNoop: true, IgnoreFilter: map[fieldpath.APIVersion]fieldpath.Filter{
		"v1": fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie("status")))}}
	return &library{schema: &l.Schema, ref: ref, updater: b.BuildUpdater(), fields: fieldpath.ManagedFields{}}
}

func (l *library) typed(v any, options ...typed.ValidationOptions) (*typed.TypedValue, error) {
	return typed.AsTyped(value.NewValueInterface(v), l.schema, l.ref, options...)
}

func (l *library) must(t *testing.T, v any) *typed.TypedValue {
	t.Helper()
	out, err := l.typed(v, typed.AllowDuplicates)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// strip does what stripmeta.go does.
func (l *library) strip() {
	set := fieldpath.NewSet()
	nobodys.paths(nil, func(path []string) {
		var p fieldpath.Path
		for _, step := range path {
			name := step[2:]
			p = append(p, fieldpath.PathElement{FieldName: &name})
		}
		set.Insert(p)
	})
	for name, vs := range l.fields {
		if s := vs.Set().Difference(set); s.Empty() {
			delete(l.fields, name)
		} else {
			l.fields[name] = fieldpath.NewVersionedSet(s, vs.APIVersion(), vs.Applied())
		}
	}
}

func (l *library) shown(t *testing.T) map[string]string {
	out := map[string]string{}
	for name, vs := range l.fields {
		data, err := vs.Set().ToJSON()
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(data)
	}
	return out
}

func shownManagers(entries []metav1.ManagedFieldsEntry) map[string]string {
	out := map[string]string{}
	for _, e := range Expand(entries) {
		out[e.Manager] = string(e.FieldsV1.Raw)
	}
	return out
}

const baseDeployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default","labels":{"app":"web","tier":"1"},
"annotations":{"a/b":"x<y","c":"d"},"finalizers":["f/1","f/2"],"ownerReferences":[{"apiVersion":"v1","kind":"X","name":"x","uid":"u1"}]},
"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},
"template":{"metadata":{"labels":{"app":"web"}},"spec":{"nodeSelector":{"disk":"ssd"},"restartPolicy":"Always","terminationGracePeriodSeconds":30,"securityContext":{},
"tolerations":[{"key":"k","operator":"Exists"}],"volumes":[{"name":"v","emptyDir":{}},{"name":"w","configMap":{"name":"c","items":[{"key":"a","path":"b"}]}}],
"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"web"}}}],
"imagePullSecrets":[{"name":"s"}],"hostAliases":[{"ip":"10.0.0.1","hostnames":["a","b"]}],
"containers":[{"name":"nginx","image":"nginx:1","args":["-a","-b"],"resources":{"requests":{"cpu":"100m","memory":"1Gi"}},
"ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":443,"protocol":"UDP","name":"s"}],
"env":[{"name":"A","value":"1"},{"name":"B","valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}}],
"volumeMounts":[{"name":"v","mountPath":"/v"},{"name":"w","mountPath":"/w","readOnly":true}],
"livenessProbe":{"httpGet":{"path":"/","port":80},"periodSeconds":10}},{"name":"side","image":"side:1","resources":{}}]}}},
"status":{"replicas":2,"conditions":[{"type":"Available","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Progressing","status":"True"}]}}`

// mutate changes decoded JSON at random: it removes, changes and adds things,
// and reorders lists.
func mutate(r *rand.Rand, v any, path string) any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range unionKeys(v, nil) {
			if name == "name" || name == "kind" || name == "apiVersion" || strings.HasSuffix(path, "requests") && r.IntN(2) == 0 {
				continue
			}
			if r.IntN(12) == 0 && name != "metadata" && name != "spec" && name != "uid" && name != "type" && name != "mountPath" && name != "ip" && name != "topologyKey" {
				delete(v, name)
				continue
			}
			v[name] = mutate(r, v[name], path+"."+name)
		}
		if (strings.HasSuffix(path, "abels") || strings.HasSuffix(path, "annotations")) && r.IntN(4) == 0 {
			v[fmt.Sprint("k", r.IntN(3))] = fmt.Sprint("v", r.IntN(3))
		}
	case []any:
		for i := range v {
			v[i] = mutate(r, v[i], path+"[]")
		}
		if len(v) > 1 && r.IntN(6) == 0 {
			v[0], v[len(v)-1] = v[len(v)-1], v[0]
		}
		if len(v) > 1 && r.IntN(6) == 0 {
			return v[1:]
		}
		if r.IntN(6) == 0 && strings.HasSuffix(path, ".ports") {
			return append(v, map[string]any{"containerPort": int64(8000 + r.IntN(3)), "protocol": "TCP"})
		}
		if r.IntN(6) == 0 && strings.HasSuffix(path, ".env") {
			return append(v, map[string]any{"name": fmt.Sprint("E", r.IntN(3)), "value": fmt.Sprint(r.IntN(3))})
		}
		if r.IntN(6) == 0 && strings.HasSuffix(path, ".finalizers") {
			return append(v, fmt.Sprint("g/", r.IntN(4)))
		}
	case int64:
		if r.IntN(6) == 0 {
			return v + int64(r.IntN(3))
		}
	case string:
		if r.IntN(10) == 0 && (strings.HasSuffix(path, "image") || strings.HasSuffix(path, "value") || strings.Contains(path, "annotations.") || strings.HasSuffix(path, "args[]")) {
			return v + fmt.Sprint(r.IntN(3))
		}
	}
	return v
}

// keepSome leaves a part of a configuration: what an applier might name.
func keepSome(r *rand.Rand, v any) any {
	if m, ok := v.(map[string]any); ok {
		for _, name := range unionKeys(m, nil) {
			switch name {
			case "name", "kind", "apiVersion", "metadata", "type", "uid", "ip", "mountPath", "containerPort", "topologyKey", "whenUnsatisfiable":
			default:
				if r.IntN(4) == 0 {
					delete(m, name)
				}
			}
			if m[name] != nil {
				m[name] = keepSome(r, m[name])
			}
		}
	}
	if items, ok := v.([]any); ok {
		for i := range items {
			items[i] = keepSome(r, items[i])
		}
	}
	return v
}

// roundTrip makes a typed object of content, as the API server does, and its content again.
func roundTrip(t *testing.T, obj Object, content any) (Object, map[string]any) {
	t.Helper()
	out := reflect.New(reflect.TypeOf(obj).Elem()).Interface().(Object)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content.(map[string]any), out); err != nil {
		t.Fatal(err)
	}
	back, err := plainContent(out)
	if err != nil {
		t.Fatal(err)
	}
	return out, back.(map[string]any)
}

// TestAsTheLibraryDoes lets several managers update and apply at random and
// compares objects, managers and conflicts with upstream's library at each step.
func TestAsTheLibraryDoes(t *testing.T) {
	base, ok := valueTree(baseDeployment).(map[string]any)
	if !ok {
		t.Fatal("the base cannot be read")
	}
	applies, conflicts := 0, 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		k := NewKeeper()
		lib := newLibrary(k.TypeOf(&appsv1.Deployment{}))
		ignored := Of("f:status")
		live, liveContent := roundTrip(t, &appsv1.Deployment{}, map[string]any{})
		now := metav1.Now()
		for step := range 6 {
			name := fmt.Sprint("m", r.IntN(3))
			apply := step > 0 && r.IntN(2) == 0 || step == 0 && seed%3 == 0
			who := Who{Name: name, APIVersion: "v1", Time: now}
			where := fmt.Sprintf("seed %d step %d %s", seed, step, name)
			if apply {
				who.Name = "a" + name
				config := keepSome(r, mutate(r, runtime.DeepCopyJSON(base), "")).(map[string]any)
				delete(config, "status")
				force := r.IntN(3) > 0
				out, entries, err := k.Apply(live, nil, config, ignored, who, force)
				before := lib.fields.Copy()
				lib.strip()
				wanted, wantedErr := lib.apply(t, liveContent, config, who.Name, force)
				if applies++; err != nil {
					conflicts++
				}
				if (err != nil) != (wantedErr != nil) {
					t.Fatalf("%s: apply: %v, the library %v", where, err, wantedErr)
				}
				if err != nil {
					lib.fields = before
					continue
				}
				if diff := cmp.Diff(wanted, out); diff != "" {
					t.Fatalf("%s: apply: (-library +here)\n%s", where, diff)
				}
				live, liveContent = roundTrip(t, live, any(out))
				live.SetManagedFields(entries)
			} else {
				next := mutate(r, runtime.DeepCopyJSON(liveContent), "").(map[string]any)
				if step == 0 {
					next = runtime.DeepCopyJSON(base)
				}
				obj, objContent := roundTrip(t, live, any(next))
				if step > 0 {
					live.SetUID("u")
				}
				checkBothWalks(t, k, live, obj)
				k.Update(live, obj, nil, ignored, who)
				live.SetUID("")
				if _, managers, err := lib.updater.Update(lib.must(t, liveContent), lib.must(t, objContent), "v1", lib.fields, name); err != nil {
					t.Fatal(err)
				} else {
					lib.fields = managers
				}
				live, liveContent = obj, objContent
			}
			lib.strip()
			if diff := cmp.Diff(lib.shown(t), shownManagers(live.GetManagedFields())); diff != "" {
				t.Fatalf("%s: managers: (-library +here)\n%s", where, diff)
			}
		}
	}
	if applies < 100 || conflicts < 10 {
		t.Errorf("%d applies, %d of them conflicts: too few to say anything", applies, conflicts)
	}
}

func (l *library) apply(t *testing.T, live, config any, name string, force bool) (map[string]any, error) {
	typedConfig, err := l.typed(config)
	if err != nil {
		return nil, err
	}
	out, managers, err := l.updater.Apply(l.must(t, live), typedConfig, "v1", l.fields, name, force)
	if err != nil {
		return nil, err
	}
	l.fields = managers
	m, _ := out.AsValue().Unstructured().(map[string]any)
	return m, nil
}

// checkBothWalks: comparing Go values says the same as comparing decoded JSON.
func checkBothWalks(t *testing.T, k *Keeper, a, b Object) {
	t.Helper()
	x, err := plainContent(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := plainContent(b)
	if err != nil {
		t.Fatal(err)
	}
	n := k.TypeOf(a).diff(x, y)
	n.owned()
	if diff := cmp.Diff(n.Diff, k.diff(a, b, nil, nil)); diff != "" {
		t.Fatalf("(-JSON +Go)\n%s", diff)
	}
}

// TestSetsAsWritten reads and writes sets in upstream's words.
func TestSetsAsWritten(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"f:data":{".":{},"f:a\"b":{},"f:é":{}},"f:metadata":{"f:labels":{"f:x":{}}}}`,
		`{"f:l":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{}},"k:{\"containerPort\":443,\"protocol\":\"TCP\"}":{},"v:1":{},"v:\"a\\u003c\"":{},"i:3":{}}}`,
	} {
		s, err := ParseSet([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var lib fieldpath.Set
		if err := lib.FromJSON(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		want, err := lib.ToJSON()
		if err != nil || string(want) != string(s.JSON()) {
			t.Errorf("%s\nhere %s\nlibrary %s %v", text, s.JSON(), want, err)
		}
		again, err := ParseSet(s.Pack())
		if diff := cmp.Diff(s, again); diff != "" || err != nil || !json.Valid(s.Pack()) {
			t.Errorf("packed and unpacked: %v %s", err, diff)
		}
	}
	for _, bad := range []string{``, `[]`, `{"f:a":1}`, `{"a":{}}`, `{"k:x":{}}`, `{"f:a":{}`, `{"f:a":{}}x`, `{"i:x":{}}`, `"AA"`, `"A"`, `"AA[AB."`, `"'x'."`, `"__."`, `"'f:a."`, `"AA.)"`, strings.Repeat(`{"f:a":`, 2000)} {
		if _, err := ParseSet([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// TestPods: the fast walk and the JSON agree on what only pods have.
func TestPods(t *testing.T) {
	k := NewKeeper()
	var a, b corev1.Pod
	for text, into := range map[string]*corev1.Pod{
		`{"spec":{"containers":[{"name":"x","ports":[{"containerPort":80}]}]},"status":{"podIPs":[{"ip":"10.0.0.1"}],"hostIPs":[{"ip":"1"}]}}`:                                                        &a,
		`{"spec":{"nodeName":"n","containers":[{"name":"x"},{"name":"y","env":[{"name":"A"},{"name":"A","value":"2"}]}]},"status":{"startTime":"2026-01-01T00:00:00Z","podIPs":[{"ip":"10.0.0.2"}]}}`: &b,
	} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	checkBothWalks(t, k, &a, &b)
	checkBothWalks(t, k, &b, &a)
	checkBothWalks(t, k, &corev1.Pod{}, &b)
	if got := slices.Collect(func(yield func(string) bool) {
		k.diff(&a, &b, nil, nil).Removed.paths(nil, func(path []string) { yield(Path(path)) })
	}); !slices.Contains(got, `.spec.containers[name="x"].ports[containerPort=80,protocol="TCP"]`) {
		t.Errorf("removed: %q", got)
	}
}

// FuzzParseSet: whatever is read can be written and read again.
func FuzzParseSet(f *testing.F) {
	for _, seed := range []string{`{"f:a":{".":{},"k:{\"b\":1}":{}},"v:\"x\"":{}}`, `"AA[AB('f:x'.))"`, "\"A0(A0('f:\x1f'.))\"", `"A0()A0()"`, `{`, `"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSet(data)
		if err != nil {
			return
		}
		for _, form := range [][]byte{s.JSON(), s.Pack()} {
			again, err := ParseSet(form)
			if err != nil || !json.Valid(form) || string(again.JSON()) != string(s.JSON()) {
				t.Fatalf("%q: %q: %v", data, form, err)
			}
		}
	})
}
