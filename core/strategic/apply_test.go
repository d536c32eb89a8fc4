package strategic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

func decode(t *testing.T, s string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

var pod = reflect.TypeFor[corev1.Pod]()

// both applies a patch with this package and with upstream's.
func both(t *testing.T, original, patch string) (ours map[string]any, ourErr error, theirs map[string]any, theirErr error) {
	t.Helper()
	ours, ourErr = Apply(decode(t, original), decode(t, patch), pod)
	theirs, theirErr = strategicpatch.StrategicMergeMapPatch(decode(t, original), decode(t, patch), corev1.Pod{})
	return
}

func compare(t *testing.T, original, patch string) {
	t.Helper()
	ours, ourErr, theirs, theirErr := both(t, original, patch)
	if theirErr != nil && ourErr == nil && strings.HasPrefix(theirErr.Error(), "no elements in any of the given slices") {
		return // upstream refuses to order an empty list
	}
	if (ourErr == nil) != (theirErr == nil) {
		t.Fatalf("original %s\npatch    %s\nour error %v, upstream's %v", original, patch, ourErr, theirErr)
	}
	if ourErr != nil {
		return
	}
	scrubbed, _ := clean(map[string]any(theirs), false) // upstream leaves directives in elements that are new
	if d := cmp.Diff(scrubbed, any(ours)); d != "" {
		t.Fatalf("original %s\npatch    %s\n(-upstream +ours)\n%s", original, patch, d)
	}
}

func TestApply(t *testing.T) {
	const original = `{"metadata":{"labels":{"a":"1","b":"2"},"finalizers":["x","y"]},"spec":{
		"containers":[{"name":"one","image":"nginx","ports":[{"containerPort":80}]},{"name":"two","image":"redis"}],
		"volumes":[{"name":"v","emptyDir":{}}],"tolerations":[{"key":"k"}]}}`
	for name, patch := range map[string]string{
		"set a field":            `{"spec":{"nodeName":"n"}}`,
		"remove a label":         `{"metadata":{"labels":{"a":null,"c":"3"}}}`,
		"change an image":        `{"spec":{"containers":[{"name":"two","image":"redis:7"}]}}`,
		"add in front":           `{"spec":{"containers":[{"name":"zero","image":"x","env":[{"name":"A","value":null}]}]}}`,
		"remove an element":      `{"spec":{"containers":[{"name":"one","$patch":"delete"}]}}`,
		"replace a list":         `{"spec":{"containers":[{"name":"new","image":"x"},{"$patch":"replace"}]}}`,
		"order":                  `{"spec":{"$setElementOrder/containers":[{"name":"two"},{"name":"one"}]}}`,
		"order and change":       `{"spec":{"$setElementOrder/containers":[{"name":"two"},{"name":"one"}],"containers":[{"name":"one","image":"y"}]}}`,
		"order that contradicts": `{"spec":{"$setElementOrder/containers":[{"name":"two"}],"containers":[{"name":"one","image":"y"}]}}`,
		"retain keys":            `{"spec":{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/"}}]}}`,
		"retain keys, wrongly":   `{"spec":{"volumes":[{"name":"v","$retainKeys":["name"],"hostPath":{"path":"/"}}]}}`,
		"replace a map":          `{"metadata":{"labels":{"$patch":"replace","z":"9"}}}`,
		"empty a map":            `{"metadata":{"labels":{"$patch":"delete"}}}`,
		"unknown directive":      `{"metadata":{"labels":{"$patch":"frob"}}}`,
		"add finalizers":         `{"metadata":{"finalizers":["z","x"]}}`,
		"remove finalizers":      `{"metadata":{"$deleteFromPrimitiveList/finalizers":["x"]}}`,
		"atomic list":            `{"spec":{"tolerations":[{"key":"other"}]}}`,
		"no merge key":           `{"spec":{"containers":[{"image":"x"}]}}`,
		"another type":           `{"spec":{"containers":"none"}}`,
		"mixed list":             `{"spec":{"containers":["none"]}}`,
		"nested":                 `{"spec":{"containers":[{"name":"one","ports":[{"containerPort":80,"name":"http"},{"containerPort":81}]}]}}`,
	} {
		t.Run(name, func(t *testing.T) { compare(t, original, patch) })
	}
}

// TestApplyIsUpstreams throws random objects and patches at both.
func TestApplyIsUpstreams(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		compare(t, randomPod(dice, false), randomPod(dice, true))
	}
}

func randomPod(dice *rand.Rand, patch bool) string {
	spec := map[string]any{"containers": randomElements(dice, patch, "name", true)}
	if dice.IntN(2) == 0 {
		spec["volumes"] = randomElements(dice, patch, "name", false)
	}
	if dice.IntN(3) == 0 {
		spec["tolerations"] = randomElements(dice, false, "key", false)
	}
	meta := map[string]any{"labels": randomLabels(dice, patch)}
	if list := randomWords(dice); len(list) > 0 && dice.IntN(2) == 0 {
		meta["finalizers"] = list
	}
	if patch && meta["finalizers"] == nil && dice.IntN(3) == 0 { // with both, upstream's result hangs on map order
		meta["$deleteFromPrimitiveList/finalizers"] = randomWords(dice)
	}
	if patch && dice.IntN(3) == 0 {
		// Without deletions: upstream's shift the list that it then takes places from.
		spec["containers"] = randomElements(dice, false, "name", true)
		spec["$setElementOrder/containers"] = randomOrder(dice, spec["containers"].([]any))
	}
	data, _ := json.Marshal(map[string]any{"metadata": meta, "spec": spec})
	return string(data)
}

// randomOrder is an order directive that a list of a patch agrees with.
func randomOrder(dice *rand.Rand, list []any) []any {
	in := map[string]bool{}
	order := []any{}
	for _, e := range list {
		if name, ok := e.(map[string]any)["name"]; ok {
			in[name.(string)] = true
			order = append(order, map[string]any{"name": name})
		}
	}
	for _, w := range randomWords(dice) {
		if !in[w.(string)] {
			order = slices.Insert(order, dice.IntN(len(order)+1), any(map[string]any{"name": w}))
		}
	}
	return order
}

var words = []string{"a", "b", "c", "d", "e"}

func randomWords(dice *rand.Rand) []any {
	out := []any{}
	for _, i := range dice.Perm(len(words))[:dice.IntN(len(words))] {
		out = append(out, words[i])
	}
	return out
}

func randomLabels(dice *rand.Rand, patch bool) map[string]any {
	labels := map[string]any{}
	for _, w := range randomWords(dice) {
		labels[w.(string)] = fmt.Sprint(dice.IntN(3))
		if patch && dice.IntN(4) == 0 {
			labels[w.(string)] = nil
		}
	}
	if patch && dice.IntN(8) == 0 {
		labels["$patch"] = []string{"replace", "delete"}[dice.IntN(2)]
	}
	return labels
}

func randomElements(dice *rand.Rand, patch bool, key string, nested bool) []any {
	out := []any{}
	for _, w := range randomWords(dice) {
		e := map[string]any{key: w, "image": fmt.Sprint(dice.IntN(3))}
		if nested && dice.IntN(2) == 0 {
			e["env"] = randomElements(dice, patch, "name", false)
		}
		if patch && dice.IntN(6) == 0 {
			e = map[string]any{key: w, "$patch": "delete"}
		}
		if patch && dice.IntN(30) == 0 {
			e = map[string]any{"$patch": "replace"}
		}
		if patch && dice.IntN(8) == 0 {
			e["image"] = nil
		}
		out = append(out, e)
	}
	return out
}
