package kubelet_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/kubelet"
)

const failingStage = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: fails}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: '.metadata.labels["fails"]', operator: In, values: ["true"]}
    - {key: '.metadata.deletionTimestamp', operator: DoesNotExist}
    - {key: '.status.phase', operator: In, values: [Running]}
  delay: {durationMilliseconds: 3000, jitterDurationMilliseconds: 5000}
  next:
    statusTemplate: |
      containerStatuses:
      - name: c
        state: {terminated: {exitCode: 7, reason: Chaos, message: "on purpose"}}
`

func TestStage(t *testing.T) {
	w := newWorld(t)
	must(client.Create(w.you, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: kubelet.CatalogueNamespace, Name: kubelet.CatalogueName},
		Data:       map[string]string{"fails.yaml": failingStage, "images.yaml": "- image: example.com/app"},
	}))
	w.quiet()
	w.pod("meant", "nginx", policy(corev1.RestartPolicyNever), func(p *corev1.Pod) { p.Labels = map[string]string{"fails": "true"} })
	w.pod("other", "nginx", policy(corev1.RestartPolicyNever))
	w.quiet()
	w.want("meant", "Running ready=True c:running:0")
	w.pass(6 * time.Second)
	w.want("meant", "Failed ready=False c:Chaos(7):0")
	w.want("other", "Running ready=True c:running:0")
}

func TestStagesThatAreRefused(t *testing.T) {
	if err := kubelet.CheckStage(failingStage); err != nil {
		t.Error(err)
	}
	for name, tc := range map[string]struct{ old, new, want string }{
		"a template":    {`exitCode: 7`, `exitCode: {{ .code }}`, "can't be filled in here"},
		"deletion":      {"  next:\n", "  next:\n    delete: true\n", `unknown field "delete"`},
		"a weight":      {"  delay:", "  weight: 3\n  delay:", `unknown field "weight"`},
		"another key":   {`.status.phase`, `.status.podIP`, "the key .status.podIP is not understood here"},
		"nodes":         {"kind: Pod}", "kind: Node}", "for Pods"},
		"no end":        {"{terminated: {exitCode: 7, reason: Chaos, message: \"on purpose\"}}", "{}", "need a state.terminated"},
		"no containers": {"      containerStatuses:\n      - name: c\n        state: {terminated: {exitCode: 7, reason: Chaos, message: \"on purpose\"}}", "      {}", "of no container"},
	} {
		if err := kubelet.CheckStage(strings.Replace(failingStage, tc.old, tc.new, 1)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
