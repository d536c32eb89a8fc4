package endpoints

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func service(ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", UID: "s", Labels: map[string]string{"tier": "front"}},
		Spec: corev1.ServiceSpec{
			ClusterIP: "10.96.0.10", IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol},
			Selector: map[string]string{"app": "web"}, Ports: ports,
		},
	}
}

func to(target any) corev1.ServicePort {
	p := corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP}
	if name, ok := target.(string); ok {
		p.TargetPort = intstr.FromString(name)
	} else {
		p.TargetPort = intstr.FromInt(target.(int))
	}
	return p
}

// pod n, ready or not; named is the number of its port "http".
func pod(n int, ready bool, named int32) *corev1.Pod {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("p%03d", n), UID: types.UID(fmt.Sprint(n))},
		Spec: corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: named, Protocol: corev1.ProtocolTCP}},
		}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, PodIPs: []corev1.PodIP{{IP: fmt.Sprintf("10.244.%d.%d", n/200, n%200+1)}},
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status}},
		},
	}
}

func pods(n int) []*corev1.Pod {
	var out []*corev1.Pod
	for i := range n {
		out = append(out, pod(i, true, 8080))
	}
	return out
}

func zone(node string) (string, bool) { return "", node == "node-1" }

// apply does what a plan says, as the API server would.
func apply(have []*discoveryv1.EndpointSlice, p plan) []*discoveryv1.EndpointSlice {
	var out []*discoveryv1.EndpointSlice
	changed := map[string]*discoveryv1.EndpointSlice{}
	for _, s := range p.update {
		changed[s.Name] = s
	}
	gone := map[string]bool{}
	for _, s := range p.delete {
		gone[s.Name] = true
	}
	for _, s := range have {
		if c := changed[s.Name]; c != nil {
			s = c
		}
		if !gone[s.Name] {
			out = append(out, s)
		}
	}
	for i, s := range p.create {
		s.Name = fmt.Sprint(s.GenerateName, len(have), i)
		out = append(out, s)
	}
	return out
}

// said is slices in short: how many endpoints at which ports.
func said(list []*discoveryv1.EndpointSlice) []string {
	var out []string
	for _, s := range list {
		text := fmt.Sprint(len(s.Endpoints), " at")
		for _, p := range s.Ports {
			text += fmt.Sprint(" ", *p.Port)
		}
		out = append(out, text)
	}
	return out
}

func writes(p plan) string {
	return fmt.Sprintf("create %d update %d delete %d", len(p.create), len(p.update), len(p.delete))
}

func TestSlicesFollowThePods(t *testing.T) {
	svc := service(to(8080))
	var have []*discoveryv1.EndpointSlice
	steps := []struct {
		name   string
		pods   []*corev1.Pod
		writes string
		slices []string
	}{
		{"nobody there: one empty slice", nil, "create 1 update 0 delete 0", []string{"0 at"}},
		{"the first pod takes the empty slice's place", pods(1), "create 0 update 1 delete 0", []string{"1 at 8080"}},
		{"more pods go into the slice that has room", pods(99), "create 0 update 1 delete 0", []string{"99 at 8080"}},
		{"a slice holds a hundred", pods(250), "create 2 update 0 delete 0", []string{"99 at 8080", "100 at 8080", "51 at 8080"}},
		{"what is gone leaves its slice", pods(249)[1:], "create 0 update 2 delete 0", []string{"98 at 8080", "100 at 8080", "50 at 8080"}},
		{"an empty slice goes", pods(199)[1:], "create 0 update 0 delete 1", []string{"98 at 8080", "100 at 8080"}},
		{"all gone", nil, "create 0 update 1 delete 1", []string{"0 at"}},
	}
	for _, s := range steps {
		p := decide(observed{service: svc, pods: s.pods, slices: have, zone: zone})
		if got := writes(p); got != s.writes {
			t.Errorf("%s: %s, want %s", s.name, got, s.writes)
		}
		have = apply(have, p)
		if diff := cmp.Diff(s.slices, said(have)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.name, diff)
		}
		if got := writes(decide(observed{service: svc, pods: s.pods, slices: have, zone: zone})); got != "create 0 update 0 delete 0" {
			t.Errorf("%s: a second pass: %s", s.name, got)
		}
	}
}

func TestSlicesByPorts(t *testing.T) {
	p := decide(observed{service: service(to("http")), pods: []*corev1.Pod{pod(1, true, 80), pod(2, true, 8080), pod(3, true, 80)}, zone: zone})
	if diff := cmp.Diff([]string{"2 at 80", "1 at 8080"}, said(p.create)); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{"tier": "front", "kubernetes.io/service-name": "web", "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
	if diff := cmp.Diff(want, p.create[0].Labels); diff != "" {
		t.Error(diff)
	}
}

func TestConditions(t *testing.T) {
	going := pod(3, true, 80)
	going.DeletionTimestamp = &metav1.Time{}
	done := pod(4, false, 80)
	done.Status.Phase = corev1.PodSucceeded
	lost := pod(5, true, 80)
	lost.Spec.NodeName = "node-9"
	all := []*corev1.Pod{pod(1, true, 80), pod(2, false, 80), going, done, lost}
	for publish, want := range map[bool][]string{
		false: {"p001 true true false", "p002 false false false", "p003 false true true"},
		true:  {"p001 true true false", "p002 true false false", "p003 true true true", "p005 true true false"},
	} {
		svc := service(to(80))
		svc.Spec.PublishNotReadyAddresses = publish
		p := decide(observed{service: svc, pods: all, zone: zone})
		var got []string
		for _, e := range p.create[0].Endpoints {
			got = append(got, fmt.Sprint(e.TargetRef.Name, " ", *e.Conditions.Ready, " ", *e.Conditions.Serving, " ", *e.Conditions.Terminating))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("publishNotReadyAddresses %v (-want +got):\n%s", publish, diff)
		}
		if len(p.lost) != 1 && !publish {
			t.Errorf("%d pods of a lost node", len(p.lost))
		}
	}
}

func TestSubsets(t *testing.T) {
	going := pod(3, true, 80)
	going.DeletionTimestamp = &metav1.Time{}
	all := []*corev1.Pod{pod(1, true, 80), pod(2, false, 80), going, pod(4, true, 8080)}
	short := func(list []corev1.EndpointSubset) []string {
		var out []string
		for _, s := range list {
			text := ""
			for _, a := range s.Addresses {
				text += a.TargetRef.Name + " "
			}
			for _, a := range s.NotReadyAddresses {
				text += "(" + a.TargetRef.Name + ") "
			}
			for _, p := range s.Ports {
				text += fmt.Sprint(p.Port, " ")
			}
			out = append(out, text)
		}
		return out
	}
	second := to(9090)
	second.Name = "metrics"
	got := short(subsetsOf(service(to(80), second), all))
	if len(got) != 1 || len(got[0]) != len("p001 p004 (p002) 80 9090 ") {
		t.Errorf("ports with the same addresses: %q", got)
	}
	if got := short(subsetsOf(service(to("http")), all)); len(got) != 2 {
		t.Errorf("a named port with two numbers: %q", got)
	}
	none := service()
	if none.Spec.ClusterIP = corev1.ClusterIPNone; len(subsetsOf(none, all)[0].Addresses) != 2 {
		t.Error("headless without ports")
	}
}

func TestEndpointsAreTruncated(t *testing.T) {
	svc := service(to(80))
	e, changed := endpointsOf(svc, pods(1500), &corev1.Endpoints{})
	if n := len(e.Subsets[0].Addresses); n != 1000 || !changed || e.Annotations[corev1.EndpointsOverCapacity] != "truncated" {
		t.Errorf("%d addresses, %v", n, e.Annotations)
	}
	if _, changed := endpointsOf(svc, pods(1500), e); changed {
		t.Error("a second pass would write")
	}
	e, changed = endpointsOf(svc, pods(5), e)
	if _, over := e.Annotations[corev1.EndpointsOverCapacity]; over || !changed {
		t.Error("still said to be over capacity")
	}
}
