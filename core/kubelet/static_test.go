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

// manifest puts a file into the machine's folder of static pods; "" takes it away.
func (w *world) manifest(text string) {
	w.Helper()
	data := map[string]string{"node-2.web.yaml": "another machine's"}
	if text != "" {
		data["node-1.web.yaml"] = text
	}
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: kubelet.CatalogueNamespace, Name: kubelet.ManifestsName}, Data: data}
	if _, err := client.Create(w.you, m); err != nil {
		must(client.Patch(w.you, m.Namespace, m.Name, "", func(m *corev1.ConfigMap) { m.Data = data }))
	}
	w.quiet()
}

const staticWeb = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: c, image: nginx}]}
`

// TestStaticPods: the machine runs what is in its folder, whatever the API
// server says; a mirror there shows it.
func TestStaticPods(t *testing.T) {
	w := newWorld(t)
	w.manifest(staticWeb)
	w.want("web-node-1", "Running ready=True c:running:0")
	first := w.get("web-node-1")
	for name, value := range map[string]string{
		"kubernetes.io/config.source": "file", "kubernetes.io/config.mirror": first.Annotations["kubernetes.io/config.hash"],
	} {
		if first.Annotations[name] != value || value == "" {
			t.Errorf("%s is %q, want %q", name, first.Annotations[name], value)
		}
	}
	if o := first.OwnerReferences; len(o) != 1 || o[0].Kind != "Node" || o[0].Name != "node-1" || !*o[0].Controller {
		t.Errorf("owners %+v", o)
	}
	if n := len(first.Spec.Volumes); n != 0 {
		t.Errorf("a mirror pod has %d volumes, and no service account's token", n)
	}
	started := first.Status.ContainerStatuses[0].ContainerID

	// Deleted, gently or by force, it is back at once, and what runs has not noticed.
	for _, grace := range []*int64{nil, new(int64)} {
		before := w.get("web-node-1").UID
		if err := client.Delete[*corev1.Pod](w.you, "default", "web-node-1", &metav1.DeleteOptions{GracePeriodSeconds: grace}); err != nil {
			t.Fatal(err)
		}
		w.quiet()
		w.want("web-node-1", "Running ready=True c:running:0")
		again := w.get("web-node-1")
		if again.UID == before || again.Status.ContainerStatuses[0].ContainerID != started {
			t.Errorf("the mirror's UID was %s and is %s, the container's id was %s and is %s",
				before, again.UID, started, again.Status.ContainerStatuses[0].ContainerID)
		}
	}

	// Another file is another pod; no file is none.
	w.manifest(strings.Replace(staticWeb, "nginx", "httpd", 1))
	w.pass(time.Minute)
	w.want("web-node-1", "Running ready=True c:running:0")
	if c := w.get("web-node-1").Status.ContainerStatuses[0]; c.ContainerID == started || !strings.Contains(c.Image, "httpd") {
		t.Errorf("it still runs %s (%s)", c.Image, c.ContainerID)
	}
	w.manifest("")
	w.pass(time.Minute)
	if _, err := client.Get[*corev1.Pod](w.you, "default", "web-node-1"); err == nil {
		t.Error("the mirror outlived the file")
	}
}

func TestStaticPodsOutliveTheirKubelet(t *testing.T) {
	w := newWorld(t)
	w.manifest(staticWeb)
	before := w.get("web-node-1")
	w.client.Close()
	w.proc.Kill()
	w.startKubelet()
	w.quiet()
	after := w.get("web-node-1")
	if before.ResourceVersion != after.ResourceVersion {
		t.Errorf("a kubelet that started again wrote its mirror pod: %s, %s", before.ResourceVersion, after.ResourceVersion)
	}
}

func TestAFileThatIsNoPod(t *testing.T) {
	w := newWorld(t)
	w.manifest("kind: Service")
	events := w.events(kubelet.ManifestsName)
	if len(events) != 1 || !strings.HasPrefix(events[0], "InvalidStaticPod: web.yaml: ") {
		t.Errorf("nobody was told: %q", events)
	}
}

// TestPressure of disk and process ids: the node says so, and evicts the least
// important pod.
func TestPressure(t *testing.T) {
	for _, c := range []struct {
		annotation, used string
		condition        corev1.NodeConditionType
		message          string
	}{
		{kubelet.DiskAnnotation, "95Gi", corev1.NodeDiskPressure, "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 5Gi. "},
		{kubelet.PIDAnnotation, "32000", corev1.NodePIDPressure, "The node was low on resource: pids. Threshold quantity: 3276, available: 766. "},
	} {
		w := newWorld(t)
		w.pod("web", "nginx")
		w.pod("vital", "nginx", func(p *corev1.Pod) { p.Spec.PriorityClassName = "system-node-critical" })
		w.quiet()
		must(client.Patch(w.you, "", "node-1", "", func(n *corev1.Node) { n.Annotations[c.annotation] = c.used }))
		w.quiet()
		w.want("vital", "Running ready=True c:running:0")
		if s := w.get("web").Status; s.Reason != "Evicted" || s.Message != c.message {
			t.Errorf("%s: %s %q", c.annotation, s.Reason, s.Message)
		}
		for _, cond := range must(client.Get[*corev1.Node](w.you, "", "node-1")).Status.Conditions {
			if under := cond.Status == corev1.ConditionTrue; cond.Type != corev1.NodeReady && under != (cond.Type == c.condition) {
				t.Errorf("%s: the node says %s %s", c.annotation, cond.Type, cond.Status)
			}
		}
	}
}
