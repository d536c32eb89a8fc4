package kubectl

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// TestDiffIsUpstreams makes three-way and two-way patches of random changes to
// a Deployment and compares with what apimachinery makes.
func TestDiffIsUpstreams(t *testing.T) {
	meta, err := strategicpatch.NewPatchMetaFromStruct(&appsv1.Deployment{})
	if err != nil {
		t.Fatal(err)
	}
	gk := schema.GroupKind{Group: "apps", Kind: "Deployment"}
	dice := rand.New(rand.NewPCG(1, 2))
	for n := range 1500 {
		original, modified, current := randomDeployment(dice), randomDeployment(dice), randomDeployment(dice)
		want, err := strategicpatch.CreateThreeWayMergePatch(original, modified, current, meta, true)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := diff(gk, fields(t, original), fields(t, modified), fields(t, current))
		compare(t, n, "three-way", want, got)

		want, err = strategicpatch.CreateTwoWayMergePatchUsingLookupPatchMeta(current, modified, meta)
		if err != nil {
			t.Fatal(err)
		}
		got, _ = diff(gk, fields(t, current), fields(t, modified), fields(t, current))
		compare(t, n, "two-way", want, got)
		if t.Failed() {
			t.Fatalf("original %s\nmodified %s\ncurrent %s", original, modified, current)
		}
	}
}

func fields(t *testing.T, data []byte) map[string]any {
	t.Helper()
	obj, err := decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return obj.Object
}

func compare(t *testing.T, n int, what string, want []byte, got map[string]any) {
	t.Helper()
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(fields(t, want), fields(t, data)); difference != "" {
		t.Errorf("case %d, %s (-upstream +ours)\n%s", n, what, difference)
	}
}

// randomDeployment is a Deployment's JSON with a few of its fields, so that
// pairs of them often share some and differ in some.
func randomDeployment(dice *rand.Rand) []byte {
	some := func() bool { return dice.IntN(3) > 0 }
	pick := func(words ...string) string { return words[dice.IntN(len(words))] }
	metadata := map[string]any{"name": "web", "labels": map[string]any{"app": pick("web", "api")}}
	if some() {
		metadata["annotations"] = map[string]any{pick("a", "b"): pick("1", "2")}
	}
	if some() {
		metadata["finalizers"] = []any{pick("x/1", "x/2"), pick("y/1", "y/2")}
	}
	var containers []any
	for _, name := range []string{"one", "two", "three"} {
		if name != "one" && some() {
			continue
		}
		c := map[string]any{"name": name, "image": pick("nginx", "redis:7", "busybox")}
		if some() {
			c["env"] = []any{map[string]any{"name": pick("A", "B"), "value": pick("1", "2")}, map[string]any{"name": "C", "value": pick("1", "2")}}
		}
		if some() {
			c["args"] = []any{pick("a", "b"), "c"}
		}
		if some() {
			c["resources"] = map[string]any{pick("limits", "requests"): map[string]any{"cpu": pick("1", "2")}}
		}
		containers = append(containers, c)
	}
	dice.Shuffle(len(containers), func(i, j int) { containers[i], containers[j] = containers[j], containers[i] })
	pod := map[string]any{"containers": containers}
	if some() {
		pod["volumes"] = []any{map[string]any{"name": "v", pick("emptyDir", "configMap"): map[string]any{}}}
	}
	if some() {
		pod["nodeSelector"] = map[string]any{pick("disk", "zone"): pick("a", "b")}
	}
	spec := map[string]any{"template": map[string]any{"spec": pod}}
	if some() {
		spec["replicas"] = dice.IntN(3)
	}
	if some() {
		spec["strategy"] = map[string]any{"type": pick("Recreate", "RollingUpdate")}
		if some() {
			spec["strategy"].(map[string]any)["rollingUpdate"] = map[string]any{"maxSurge": dice.IntN(2)}
		}
	}
	data, err := json.Marshal(map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
	if err != nil {
		panic(err)
	}
	return data
}
