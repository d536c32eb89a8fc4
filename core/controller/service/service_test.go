package service

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestDecide(t *testing.T) {
	balancer := func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeLoadBalancer }
	kept := func(s *corev1.Service) { s.Finalizers = []string{finalizer} }
	addressed := func(s *corev1.Service) {
		s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.10"}}
	}
	going := func(s *corev1.Service) { s.DeletionTimestamp = &metav1.Time{} }
	class := func(s *corev1.Service) { name := "other.example/lb"; s.Spec.LoadBalancerClass = &name }
	for name, c := range map[string]struct {
		service []func(*corev1.Service)
		want    deed
	}{
		"of another type":      {nil, nothing},
		"new":                  {[]func(*corev1.Service){balancer}, build},
		"half made":            {[]func(*corev1.Service){balancer, kept}, build},
		"made":                 {[]func(*corev1.Service){balancer, kept, addressed}, nothing},
		"going":                {[]func(*corev1.Service){balancer, kept, addressed, going}, takeDown},
		"going, never made":    {[]func(*corev1.Service){balancer, going}, nothing},
		"of another type now":  {[]func(*corev1.Service){kept, addressed}, takeDown},
		"of another's":         {[]func(*corev1.Service){balancer, class}, nothing},
		"given to another now": {[]func(*corev1.Service){balancer, kept, addressed, class}, takeDown},
	} {
		s := &corev1.Service{}
		for _, fn := range c.service {
			fn(s)
		}
		if got := decide(s); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
