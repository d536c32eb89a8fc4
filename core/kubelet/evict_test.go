package kubelet_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/kubelet"
)

// Of three pods the one goes that uses more than it asked for; the critical one
// stays whatever it uses.
func TestEviction(t *testing.T) {
	w := newWorld(t)
	w.catalogue("- {image: example.com/app, memory: {start: 500Mi}}")
	asks := func(q string) func(*corev1.Pod) {
		return container(func(c *corev1.Container) {
			c.Resources.Requests = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(q)}
		})
	}
	w.pod("modest", "example.com/app", asks("1Gi"))
	w.pod("greedy", "example.com/app", asks("100Mi"))
	w.pod("vital", "example.com/app", asks("10Mi"), func(p *corev1.Pod) { p.Spec.PriorityClassName = "system-node-critical" })
	w.quiet()
	// 16Gi, of which pods use 1500Mi: 50Mi are left.
	must(client.Patch(w.you, "", "node-1", "", func(n *corev1.Node) {
		n.Annotations[kubelet.MemoryAnnotation] = "14834Mi"
	}))
	w.quiet()
	w.want("greedy", "Failed ready=False c:Completed(0):0")
	w.want("modest", "Running ready=True c:running:0")
	w.want("vital", "Running ready=True c:running:0")
	const message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 500Mi, request is 100Mi, has larger consumption of memory. "
	pod := w.get("greedy")
	if pod.Status.Reason != "Evicted" || pod.Status.Message != message {
		t.Errorf("%s: %q", pod.Status.Reason, pod.Status.Message)
	}
	w.wantEvent("greedy", "Evicted: "+message)
	found := false
	for _, c := range pod.Status.Conditions {
		found = found || c.Type == corev1.DisruptionTarget && c.Reason == "TerminationByKubelet" && c.Message == message
	}
	if !found {
		t.Errorf("conditions %+v", pod.Status.Conditions)
	}
	pressure := func() corev1.ConditionStatus {
		for _, c := range must(client.Get[*corev1.Node](w.you, "", "node-1")).Status.Conditions {
			if c.Type == corev1.NodeMemoryPressure {
				return c.Status
			}
		}
		return "?"
	}
	if pressure() != corev1.ConditionTrue {
		t.Error("the node doesn't say that it is under pressure")
	}
	w.pass(time.Minute)
	w.want("modest", "Running ready=True c:running:0") // enough is left now
	w.pass(5 * time.Minute)
	if pressure() != corev1.ConditionFalse {
		t.Error("the node says that it is under pressure still")
	}
}

func TestActiveDeadline(t *testing.T) {
	w := newWorld(t)
	w.pod("p", "nginx", func(p *corev1.Pod) { p.Spec.ActiveDeadlineSeconds = ptr.To[int64](20) })
	w.quiet()
	w.want("p", "Running ready=True c:running:0")
	w.pass(21 * time.Second)
	pod := w.get("p")
	if pod.Status.Phase != corev1.PodFailed || pod.Status.Reason != "DeadlineExceeded" || !strings.Contains(pod.Status.Message, "longer than the specified deadline") {
		t.Errorf("%s %s %q", pod.Status.Phase, pod.Status.Reason, pod.Status.Message)
	}
}
