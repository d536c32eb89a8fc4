package apiserver_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// BenchmarkPod measures the writes of a pod's life, one sub-benchmark each,
// with a hundred kubelets and a scheduler watching.
func BenchmarkPod(b *testing.B) {
	begin := func(b *testing.B, n int) *world {
		w := newWorld(b)
		for i := range 100 {
			w.watching(pods, metav1.ListOptions{FieldSelector: fmt.Sprintf("spec.nodeName=node-%d", i)})
		}
		for i := range n {
			create(w, pod(fmt.Sprintf("p-%d", i)))
		}
		b.ReportAllocs()
		b.ResetTimer()
		return w
	}
	b.Run("create", func(b *testing.B) {
		w := begin(b, 0)
		for i := 0; b.Loop(); i++ {
			create(w, pod(fmt.Sprintf("p-%d", i)))
		}
	})
	b.Run("bind", func(b *testing.B) {
		w := begin(b, b.N)
		for i := range b.N {
			w.must(&rest.Request{
				Verb: rest.Create, Resource: pods, Subresource: "binding", Namespace: "default", Name: fmt.Sprintf("p-%d", i),
				Object: &corev1.Binding{
					ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p-%d", i)},
					Target:     corev1.ObjectReference{Kind: "Node", Name: fmt.Sprintf("node-%d", i%100)},
				},
			})
		}
	})
	b.Run("status", func(b *testing.B) {
		w := begin(b, b.N)
		for i := range b.N {
			w.must(&rest.Request{
				Verb: rest.Patch, Resource: pods, Subresource: "status", Namespace: "default", Name: fmt.Sprintf("p-%d", i),
				Mutate: func(o api.Object) error { o.(*corev1.Pod).Status.Phase = corev1.PodRunning; return nil },
			})
		}
	})
}
