package controller_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

func (w *world) createNamespace(name string) {
	w.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	must[*corev1.Namespace](w)(client.Create(w.user, ns))
	w.quiet()
}

func TestEveryNamespaceGetsItsDefaults(t *testing.T) {
	w := newWorld(t, 1, everyone...)
	w.createNamespace("demo")
	equal(t, "accounts", names(list[*corev1.ServiceAccount](w, "demo")), []string{"default"})
	equal(t, "maps", names(list[*corev1.ConfigMap](w, "demo")), []string{"kube-root-ca.crt"})
	if err := client.Delete[*corev1.ServiceAccount](w.user, "demo", "default", nil); err != nil {
		t.Fatal(err)
	}
	must[*corev1.ConfigMap](w)(client.Patch(w.user, "demo", "kube-root-ca.crt", "", func(m *corev1.ConfigMap) { m.Data = nil }))
	w.quiet()
	equal(t, "accounts", names(list[*corev1.ServiceAccount](w, "demo")), []string{"default"})
	if m := list[*corev1.ConfigMap](w, "demo")[0]; !strings.Contains(m.Data["ca.crt"], "BEGIN CERTIFICATE") {
		t.Errorf("the certificate was not put back: %v", m.Data)
	}
	w.settled()
}

func TestNamespaceDeletion(t *testing.T) {
	w := newWorld(t, 1, everyone...)
	w.createNamespace("demo")
	d := webDeployment(2)
	d.Namespace = "demo"
	w.create(d)
	if err := client.Delete[*corev1.Namespace](w.user, "", "demo", nil); err != nil {
		t.Fatal(err)
	}
	from := w.st.Revision()
	if _, err := w.sim.AdvanceTo(w.sim.Now().Add(4*time.Second), 10_000); err != nil {
		t.Fatal(err)
	}
	ns := must[*corev1.Namespace](w)(client.Get[*corev1.Namespace](w.user, "", "demo"))
	if ns.Status.Phase != corev1.NamespaceTerminating {
		t.Errorf("phase %s", ns.Status.Phase)
	}
	w.advance(time.Minute)
	_, err := client.Get[*corev1.Namespace](w.user, "", "demo")
	if !apierrors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
	if n := len(list[*corev1.Pod](w, "demo")) + len(list[*appsv1.Deployment](w, "demo")) + len(list[*corev1.Event](w, "demo")); n > 0 {
		t.Errorf("%d objects left", n)
	}
	writes := w.chain(from)
	lastPod := lastIndex(writes, "kubelet delete pods")
	if first := slices.Index(writes, "namespace-controller deletecollection deployments"); first < lastPod {
		t.Errorf("pods are to go first:\n%s", strings.Join(writes, "\n"))
	}
	w.settled()
}

func lastIndex(list []string, what string) int {
	for i, s := range slices.Backward(list) {
		if s == what {
			return i
		}
	}
	return -1
}

func TestNamespaceWaitsForFinalizers(t *testing.T) {
	w := newWorld(t, 1, everyone...)
	w.createNamespace("demo")
	must[*corev1.ConfigMap](w)(client.Create(w.user, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: "kept", Finalizers: []string{"example.com/keep"}},
	}))
	if err := client.Delete[*corev1.Namespace](w.user, "", "demo", nil); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Minute)
	ns := must[*corev1.Namespace](w)(client.Get[*corev1.Namespace](w.user, "", "demo"))
	got := map[corev1.NamespaceConditionType]string{}
	for _, c := range ns.Status.Conditions {
		got[c.Type] = string(c.Status) + " " + c.Message
	}
	equal(t, "conditions", got, map[corev1.NamespaceConditionType]string{
		corev1.NamespaceDeletionDiscoveryFailure: "False All resources successfully discovered",
		corev1.NamespaceDeletionGVParsingFailure: "False All legacy kube types successfully parsed",
		corev1.NamespaceDeletionContentFailure:   "False All content successfully deleted, may be waiting on finalization",
		corev1.NamespaceContentRemaining:         "True Some resources are remaining: configmaps. has 1 resource instances",
		corev1.NamespaceFinalizersRemaining:      "True Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances",
	})
	before := w.st.Revision()
	w.advance(time.Minute)
	if w.st.Revision() != before {
		t.Errorf("waiting wrote %v", w.chain(before))
	}
	must[*corev1.ConfigMap](w)(client.Patch(w.user, "demo", "kept", "", func(m *corev1.ConfigMap) { m.Finalizers = nil }))
	w.advance(time.Minute)
	if _, err := client.Get[*corev1.Namespace](w.user, "", "demo"); !apierrors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
}
