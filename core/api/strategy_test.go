package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

func TestPodGracePeriod(t *testing.T) {
	running := corev1.Pod{Spec: corev1.PodSpec{NodeName: "n", TerminationGracePeriodSeconds: ptr.To[int64](30)}}
	with := func(change func(*corev1.Pod)) *corev1.Pod {
		pod := running.DeepCopy()
		change(pod)
		return pod
	}
	keep := func(*corev1.Pod) {}
	tests := []struct {
		name     string
		pod      *corev1.Pod
		override *int64
		want     int64
	}{
		{"its own", with(keep), nil, 30},
		{"the client's", with(keep), ptr.To[int64](5), 5},
		{"forced", with(keep), ptr.To[int64](0), 0},
		{"negative", with(keep), ptr.To[int64](-1), 1},
		{"not bound", with(func(p *corev1.Pod) { p.Spec.NodeName = "" }), ptr.To[int64](5), 0},
		{"succeeded", with(func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }), nil, 0},
		{"failed", with(func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }), nil, 0},
		{"none given", with(func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = nil }), nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := For(tt.pod).GracePeriod(tt.pod, tt.override); got != tt.want {
				t.Errorf("GracePeriod = %d, want %d", got, tt.want)
			}
		})
	}
}

// A status update may change the status and nothing else of substance.
func TestPrepareStatusUpdate(t *testing.T) {
	old := webDeployment()
	For(old).Default(old)
	old.Generation = 3
	obj := old.DeepCopy()
	obj.Spec.Replicas, obj.Labels, obj.Status.Replicas = ptr.To[int32](9), nil, 2
	obj.Annotations = map[string]string{"a": "b"}
	For(obj).PrepareStatusUpdate(obj, old)
	want := old.DeepCopy()
	want.Status.Replicas = 2
	want.Annotations = map[string]string{"a": "b"}
	if diff := cmp.Diff(want, obj); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	obj.Spec.Template.Spec.Containers[0].Name = "changed"
	if old.Spec.Template.Spec.Containers[0].Name != "nginx" {
		t.Error("the new object shares its spec with the old one")
	}
}

func TestPreparePodStatusUpdate(t *testing.T) {
	old := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Generation: 2, OwnerReferences: []metav1.OwnerReference{{Name: "rs"}}},
		Spec:       corev1.PodSpec{NodeName: "n"},
		Status: corev1.PodStatus{QOSClass: corev1.PodQOSBurstable, ObservedGeneration: 2, Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, ObservedGeneration: 2}, {Type: corev1.PodScheduled, ObservedGeneration: 1},
		}},
	}
	obj := &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
		{Type: corev1.PodScheduled}, {Type: corev1.PodReady, ObservedGeneration: 3}, {Type: "New"},
	}}}
	For(obj).PrepareStatusUpdate(obj, old)
	want := old.DeepCopy()
	want.Status.Phase = corev1.PodRunning
	want.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, ObservedGeneration: 1}, {Type: corev1.PodReady, ObservedGeneration: 3}, {Type: "New"},
	}
	if diff := cmp.Diff(want, obj); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNodeKeepsStatusOnCreate(t *testing.T) {
	node := &corev1.Node{Status: corev1.NodeStatus{Capacity: corev1.ResourceList{"pods": *quantity("110")}}}
	r := For(node)
	r.Default(node)
	r.PrepareCreate(node)
	if diff := cmp.Diff(node.Status.Capacity, node.Status.Allocatable); diff != "" || len(node.Status.Allocatable) != 1 {
		t.Errorf("allocatable isn't the capacity: %s", diff)
	}
	changed := node.DeepCopy()
	changed.Status = corev1.NodeStatus{}
	changed.Spec.Unschedulable = true
	r.PrepareUpdate(changed, node)
	if len(changed.Status.Capacity) != 1 || !changed.Spec.Unschedulable {
		t.Errorf("an update keeps the status and changes the spec: %+v", changed)
	}
}

func TestBind(t *testing.T) {
	now := metav1.NewTime(testNow)
	binding := &corev1.Binding{Target: corev1.ObjectReference{Kind: "Node", Name: "n"}}
	binding.Labels = CopyTopologyLabels(nil, &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Labels: map[string]string{corev1.LabelTopologyZone: "z", "other": "x"}}})
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Status: corev1.PodStatus{NominatedNodeName: "m"}}
	if err := Bind(pod, binding, now); err != nil {
		t.Fatal(err)
	}
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{corev1.LabelTopologyZone: "z"}},
		Spec:       corev1.PodSpec{NodeName: "n"},
		Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: now}}},
	}
	if diff := cmp.Diff(want, pod); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	refused := []struct {
		pod  *corev1.Pod
		want string
	}{
		{pod, `pod p is already assigned to node "n"`},
		{&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", DeletionTimestamp: &now}}, "pod p is being deleted, cannot be assigned to a host"},
		{&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{SchedulingGates: []corev1.PodSchedulingGate{{Name: "g"}}}},
			"pod p has non-empty .spec.schedulingGates"},
	}
	for _, tt := range refused {
		if err := Bind(tt.pod.DeepCopy(), binding, now); fmt.Sprint(err) != tt.want {
			t.Errorf("Bind = %v, want %s", err, tt.want)
		}
	}
	if diff := cmp.Diff(`[target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", target.name: Required value]`,
		ValidateBinding(&corev1.Binding{Target: corev1.ObjectReference{Kind: "Pod"}}).ToAggregate().Error()); diff != "" {
		t.Error(diff)
	}
}

func TestSetPodCondition(t *testing.T) {
	before, now := ago(time.Hour), ago(0)
	status := &corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: before}}}
	steps := []struct {
		condition corev1.PodCondition
		changed   bool
		at        metav1.Time
	}{
		{corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse}, false, before},
		{corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: "R"}, true, before},
		{corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}, true, now},
	}
	for i, step := range steps {
		if changed := SetPodCondition(status, step.condition, now); changed != step.changed {
			t.Errorf("step %d: changed is %v", i, changed)
		}
		if at := status.Conditions[0].LastTransitionTime; !at.Equal(&step.at) {
			t.Errorf("step %d: transition at %v, want %v", i, at, step.at)
		}
	}
}

func TestScale(t *testing.T) {
	d := webDeployment()
	d.ResourceVersion, d.Status.Replicas = "7", 2
	scale, err := ScaleOf(d)
	if err != nil {
		t.Fatal(err)
	}
	want := &autoscalingv1.Scale{
		TypeMeta:   metav1.TypeMeta{Kind: "Scale", APIVersion: "autoscaling/v1"},
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default", ResourceVersion: "7"},
		Spec:       autoscalingv1.ScaleSpec{Replicas: 1},
		Status:     autoscalingv1.ScaleStatus{Replicas: 2, Selector: "app=web"},
	}
	if diff := cmp.Diff(want, scale); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	scale.Spec.Replicas, scale.ResourceVersion = 3, "8"
	if err := SetScale(d, scale); err != nil || *d.Spec.Replicas != 3 || d.ResourceVersion != "8" {
		t.Errorf("SetScale gives %d at %s, %v", *d.Spec.Replicas, d.ResourceVersion, err)
	}
	scale.Spec.Replicas = -1
	checkErrors(t, ValidateScale(scale), "spec.replicas: Invalid value: -1: must be greater than or equal to 0")
	if _, err := ScaleOf(&corev1.Pod{}); err == nil {
		t.Error("a pod has a scale")
	}
}

func checkErrors(t *testing.T, errs field.ErrorList, want ...string) {
	t.Helper()
	var got []string
	for _, err := range errs {
		got = append(got, err.Error())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestValidateStatusUpdate(t *testing.T) {
	terminated := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}
	pod := func(policy corev1.RestartPolicy, state corev1.ContainerState) *corev1.Pod {
		return &corev1.Pod{
			Spec:   corev1.PodSpec{RestartPolicy: policy, Containers: []corev1.Container{{Name: "c"}}},
			Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "c", State: state}}},
		}
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	validate := func(obj, old Object) field.ErrorList { return For(obj).ValidateStatusUpdate(obj, old) }
	checkErrors(t, validate(pod(corev1.RestartPolicyAlways, running), pod(corev1.RestartPolicyAlways, terminated)))
	checkErrors(t, validate(pod(corev1.RestartPolicyOnFailure, running), pod(corev1.RestartPolicyOnFailure, terminated)))
	checkErrors(t, validate(pod(corev1.RestartPolicyNever, running), pod(corev1.RestartPolicyNever, terminated)),
		"status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state")

	d := &appsv1.Deployment{Status: appsv1.DeploymentStatus{Replicas: 1, ReadyReplicas: 2, AvailableReplicas: 3, UnavailableReplicas: -1}}
	checkErrors(t, validate(d, &appsv1.Deployment{Status: appsv1.DeploymentStatus{CollisionCount: ptr.To[int32](1)}}),
		"status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0",
		"status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
		"status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
		"status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas",
		"status.collisionCount: Invalid value: 0: cannot be decremented")

	ns := &corev1.Namespace{Status: corev1.NamespaceStatus{Phase: corev1.NamespaceTerminating}}
	checkErrors(t, validate(ns, ns), "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty")
}

func TestFields(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{NodeName: "n", RestartPolicy: "Never", HostNetwork: true},
		Status: corev1.PodStatus{Phase: "Running", PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}}}}
	want := fields.Set{
		"spec.nodeName": "n", "spec.restartPolicy": "Never", "spec.schedulerName": "", "spec.serviceAccountName": "",
		"spec.hostNetwork": "true", "status.phase": "Running", "status.podIP": "10.0.0.1", "status.nominatedNodeName": "",
	}
	if diff := cmp.Diff(want, For(pod).Fields(pod)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	event := &corev1.Event{Reason: "R", ReportingController: "c"}
	if got := For(event).Fields(event); got["source"] != "c" || got["reason"] != "R" {
		t.Errorf("an event's fields are %v", got)
	}
}

func quantity(s string) *resource.Quantity {
	q := resource.MustParse(s)
	return &q
}
