package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"
)

// The columns are the judge's, recorded with -judge (see judge_test.go).
func TestColumns(t *testing.T) {
	const file = "testdata/columns.json"
	if *judge != "" {
		recorded := map[string][]metav1.TableColumnDefinition{}
		for _, r := range listed() {
			recorded[r.GroupResource().String()] = abbreviate(askTable(t, collection(t, r.GVK())+"?limit=1").ColumnDefinitions)
		}
		writeJSON(t, file, recorded)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string][]metav1.TableColumnDefinition{}, map[string][]metav1.TableColumnDefinition{}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for _, r := range listed() {
		got[r.GroupResource().String()] = abbreviate(r.Columns)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-the judge's +ours:\n%s", diff)
	}
}

// listed are kube-apiserver's own resources that have tables of their objects.
func listed() []*Resource {
	return slices.DeleteFunc(slices.Clone(All()), func(r *Resource) bool { return !r.Serves("list") || r.Group == metricsGroup })
}

// abbreviate shortens the descriptions to how they begin and how long they are.
func abbreviate(columns []metav1.TableColumnDefinition) []metav1.TableColumnDefinition {
	var short []metav1.TableColumnDefinition
	for _, c := range columns {
		c.Description = fmt.Sprintf("%.20s… %d", c.Description, len(c.Description))
		short = append(short, c)
	}
	return short
}

// TestPodRows compares rows of pods in all states with the judge's. Each part
// of the file is a pod with a status, and what the judge shows of it, but for
// its age.
func TestPodRows(t *testing.T) {
	const file = "testdata/pod-rows.txtar"
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	recorded := &txtar.Archive{Comment: archive.Comment}
	parts := map[string]string{}
	for _, f := range archive.Files {
		parts[f.Name] = string(f.Data)
	}
	for _, f := range archive.Files {
		name, isCase := strings.CutSuffix(f.Name, ".yaml")
		if !isCase {
			continue
		}
		t.Run(name, func(t *testing.T) {
			pod := podFrom(t, name, f.Data)
			if *judge != "" {
				parts[name+".row"] = askRow(t, pod)
				recorded.Files = append(recorded.Files, f, txtar.File{Name: name + ".row", Data: []byte(parts[name+".row"])})
			}
			if diff := cmp.Diff(parts[name+".row"], printRow(t, For(pod).Row(pod, testNow))); diff != "" {
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

func podFrom(t *testing.T, name string, manifest []byte) *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: goldenNamespace},
	}
	if err := yaml.UnmarshalStrict(manifest, pod); err != nil {
		t.Fatal(err)
	}
	defaultPod(pod)
	return pod
}

var restartAge = regexp.MustCompile(`\([^ ]* ago\)`)

// printRow leaves out ages, which depend on when a row was recorded.
func printRow(t *testing.T, cells []any) string {
	cells[4] = "AGE"
	cells[3] = restartAge.ReplaceAllString(cells[3].(string), "(AGE ago)")
	var words []string
	for _, cell := range cells {
		words = append(words, fmt.Sprintf("%v", cell))
	}
	return strings.Join(words, " | ") + "\n"
}

// askRow makes the pod and its status on the judge. A pod with a deletion
// timestamp is deleted, and held by its finalizer.
func askRow(t *testing.T, pod *corev1.Pod) string {
	path := collection(t, For(pod).GVK())
	self := path + "/" + pod.Name
	data, err := EncodeJSON(pod)
	if err != nil {
		t.Fatal(err)
	}
	reply(t, "POST", path, "application/json", data)
	defer reply(t, "DELETE", self+"?gracePeriodSeconds=0", "application/json", nil)
	if pod.DeletionTimestamp != nil {
		reply(t, "DELETE", self, "application/json", nil)
		defer reply(t, "PATCH", self, "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
	}
	status, err := json.Marshal(map[string]any{"status": pod.Status})
	if err != nil {
		t.Fatal(err)
	}
	reply(t, "PATCH", self+"/status", "application/merge-patch+json", status)
	return printRow(t, askTable(t, self).Rows[0].Cells)
}

func askTable(t *testing.T, path string) metav1.Table {
	request, err := http.NewRequest("GET", *judge+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var table metav1.Table
	if err := json.NewDecoder(response.Body).Decode(&table); err != nil {
		t.Fatal(err)
	}
	return table
}

func writeJSON(t *testing.T, file string, value any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

var testNow = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(testNow.Add(-d)) }

func TestRows(t *testing.T) {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, CreationTimestamp: ago(90 * time.Second)}
	}
	labels := map[string]string{"app": "web"}
	template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Name: "a", Image: "nginx"}, {Name: "b", Image: "redis:7"},
	}}}
	readyNode := func(status corev1.ConditionStatus) corev1.NodeStatus {
		return corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}}
	}
	node := func(status corev1.NodeStatus, change func(*corev1.Node)) *corev1.Node {
		n := &corev1.Node{ObjectMeta: meta("n"), Status: status}
		change(n)
		return n
	}
	keep := func(*corev1.Node) {}
	event := func(change func(*corev1.Event)) *corev1.Event {
		e := &corev1.Event{
			ObjectMeta: meta("e"), Type: "Normal", Reason: "R", Message: " m\n",
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "p", FieldPath: "spec.x"},
		}
		change(e)
		return e
	}
	tests := []struct {
		name string
		obj  Object
		want []any
	}{
		{"deployment", &appsv1.Deployment{ObjectMeta: meta("web"),
			Spec: appsv1.DeploymentSpec{Replicas: ptr.To[int32](3), Template: template,
				Selector: &metav1.LabelSelector{MatchLabels: labels}},
			Status: appsv1.DeploymentStatus{ReadyReplicas: 1, UpdatedReplicas: 2, AvailableReplicas: 1}},
			[]any{"web", "1/3", int64(2), int64(1), "90s", "a,b", "nginx,redis:7", "app=web"}},
		{"replica set", &appsv1.ReplicaSet{ObjectMeta: meta("web"),
			Spec: appsv1.ReplicaSetSpec{Replicas: ptr.To[int32](3), Template: template,
				Selector: &metav1.LabelSelector{MatchLabels: labels}},
			Status: appsv1.ReplicaSetStatus{Replicas: 2, ReadyReplicas: 1}},
			[]any{"web", int64(3), int64(2), int64(1), "90s", "a,b", "nginx,redis:7", "app=web"}},
		{"ready node", node(readyNode(corev1.ConditionTrue), func(n *corev1.Node) {
			n.Status.NodeInfo = corev1.NodeSystemInfo{KubeletVersion: "v1.36.3", OSImage: "Debian", KernelVersion: "6.1",
				ContainerRuntimeVersion: "containerd://2", Architecture: "amd64"}
			n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.0.0.1"}}
			n.Labels = map[string]string{"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "worker"}
		}), []any{"n", "Ready", "control-plane,worker", "90s", "v1.36.3", "10.0.0.1", "<none>", "Debian", "6.1 (amd64)", "containerd://2"}},
		{"cordoned node that isn't ready", node(readyNode(corev1.ConditionUnknown), func(n *corev1.Node) { n.Spec.Unschedulable = true }),
			[]any{"n", "NotReady,SchedulingDisabled", "<none>", "90s", "", "<none>", "<none>", "<unknown>", "<unknown>", "<unknown>"}},
		{"new node", node(corev1.NodeStatus{}, keep),
			[]any{"n", "Unknown", "<none>", "90s", "", "<none>", "<none>", "<unknown>", "<unknown>", "<unknown>"}},
		{"pod that has restarted", &corev1.Pod{ObjectMeta: meta("p"), Status: corev1.PodStatus{
			ContainerStatuses: []corev1.ContainerStatus{{RestartCount: 2, LastTerminationState: corev1.ContainerState{
				Terminated: &corev1.ContainerStateTerminated{FinishedAt: ago(5 * time.Second)}}}}}},
			[]any{"p", "0/0", "", "2 (5s ago)", "90s", "<none>", "<none>", "<none>", "<none>"}},
		{"namespace", &corev1.Namespace{ObjectMeta: meta("ns"), Status: corev1.NamespaceStatus{Phase: corev1.NamespaceTerminating}},
			[]any{"ns", "Terminating", "90s"}},
		{"config map", &corev1.ConfigMap{ObjectMeta: meta("c"), Data: labels, BinaryData: map[string][]byte{"x": nil}},
			[]any{"c", int64(2), "90s"}},
		{"no creation time", &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "s"}}, []any{"s", "<unknown>"}},
		{"lease", &coordinationv1.Lease{ObjectMeta: meta("l"), Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr.To("me")}},
			[]any{"l", "me", "90s"}},
		{"event of the older kind", event(func(e *corev1.Event) {
			e.FirstTimestamp, e.LastTimestamp, e.Count = ago(time.Hour), ago(time.Minute), 4
			e.Source = corev1.EventSource{Component: "kubelet", Host: "node-1"}
		}), []any{"60s", "Normal", "R", "pod/p", "spec.x", "kubelet, node-1", "m", "60m", int64(4), "e"}},
		{"event of the newer kind", event(func(e *corev1.Event) {
			e.EventTime, e.ReportingController = metav1.NewMicroTime(testNow.Add(-5*time.Second)), "default-scheduler"
		}), []any{"5s", "Normal", "R", "pod/p", "spec.x", "default-scheduler", "m", "5s", int64(1), "e"}},
		{"event series", event(func(e *corev1.Event) {
			e.EventTime = metav1.NewMicroTime(testNow.Add(-5 * time.Minute))
			e.Series = &corev1.EventSeries{Count: 7, LastObservedTime: metav1.NewMicroTime(testNow.Add(-2 * time.Second))}
		}), []any{"2s", "Normal", "R", "pod/p", "spec.x", "", "m", "5m", int64(7), "e"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := For(tt.obj)
			got := r.Row(tt.obj, testNow)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(got) != len(r.Columns) {
				t.Errorf("%d cells for %d columns", len(got), len(r.Columns))
			}
		})
	}
}
