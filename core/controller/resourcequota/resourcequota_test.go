package resourcequota

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tabernetes/tabernetes/core/api"
)

func TestAdd(t *testing.T) {
	pod := func(phase corev1.PodPhase, cpu string) *corev1.Pod {
		p := &corev1.Pod{Status: corev1.PodStatus{Phase: phase}}
		p.Spec.Containers = []corev1.Container{{Name: "c"}}
		if cpu != "" {
			p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
		}
		return p
	}
	objects := []api.Object{
		pod(corev1.PodRunning, "100m"), pod(corev1.PodPending, "200m"), pod(corev1.PodSucceeded, "400m"), pod(corev1.PodRunning, ""),
		&corev1.ConfigMap{}, &corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Ports: make([]corev1.ServicePort, 2)}},
	}
	for _, c := range []struct {
		hard   []corev1.ResourceName
		scopes []corev1.ResourceQuotaScope
		want   string
	}{
		{[]corev1.ResourceName{"pods", "requests.cpu", "count/pods"}, nil, "count/pods=4 pods=3 requests.cpu=300m "},
		{[]corev1.ResourceName{"configmaps", "services.nodeports", "secrets"}, nil, "configmaps=1 secrets=0 services.nodeports=2 "},
		{[]corev1.ResourceName{"pods"}, []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeBestEffort}, "pods=1 "},
		{[]corev1.ResourceName{"pods"}, []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeNotBestEffort}, "pods=2 "},
	} {
		quota := &corev1.ResourceQuota{Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{}, Scopes: c.scopes}}
		for _, name := range c.hard {
			quota.Spec.Hard[name] = resource.MustParse("10")
		}
		used, got := add(quota, objects, time.Unix(0, 0)), ""
		for _, name := range slices.Sorted(maps.Keys(used)) {
			q := used[name]
			got += fmt.Sprintf("%s=%s ", name, q.String())
		}
		if got != c.want {
			t.Errorf("%v %v: %s, want %s", c.hard, c.scopes, got, c.want)
		}
	}
}
