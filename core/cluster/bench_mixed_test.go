package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// mixed is a hundred times weight pods on a hundred nodes: a fifth of them of
// DaemonSets, a fifth of StatefulSets, the others of Deployments.
func mixed(weight int) string {
	var b strings.Builder
	add := func(kind, name, image, spec string) {
		fmt.Fprintf(&b, "---\n%s", named("apps/v1", kind, name, image, spec))
	}
	for i := range max(1, weight/5) {
		add("DaemonSet", fmt.Sprintf("agent-%d", i), "redis", "")
	}
	for i := range max(1, weight/5) * 2 {
		add("StatefulSet", fmt.Sprintf("db-%d", i), "redis", "replicas: 50, podManagementPolicy: Parallel, serviceName: db, ")
	}
	for i := range weight - 2*max(1, weight/5) {
		add("Deployment", fmt.Sprintf("web-%d", i), "nginx", "replicas: 100, ")
	}
	return strings.ReplaceAll(b.String(), `cpu: "1"`, "cpu: 10m")
}

// BenchmarkScaleMixed has 1,000 and 10,000 pods of Deployments, StatefulSets
// and DaemonSets together made on 100 nodes. "of-1000" is how the price of a pod
// compares with that at 1,000.
func BenchmarkScaleMixed(b *testing.B) {
	var at1000 float64
	for _, weight := range []int{10, 100} {
		b.Run(fmt.Sprintf("%d-pods", weight*100), func(b *testing.B) {
			var spent time.Duration
			for b.Loop() {
				spent += mixOnce(b, weight)
			}
			perPod := float64(spent.Microseconds()) / float64(b.N) / float64(weight*100)
			if weight == 10 {
				at1000 = perPod
			}
			b.ReportMetric(perPod, "µs/pod")
			b.ReportMetric(perPod/at1000, "of-1000")
		})
	}
}

func mixOnce(b *testing.B, weight int) time.Duration {
	b.Helper()
	b.StopTimer()
	input := mixed(weight)
	c, err := New(Options{Seed: 1, Nodes: 100, Files: paper{&input}})
	if err != nil {
		b.Fatal(err)
	}
	if err := c.RunUntilQuiet(maxEvents); err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
	begin := time.Now()
	if r, err := c.Run("kubectl create -f paper.yaml"); err != nil || r.Exit != 0 {
		b.Fatal(err, r.Stderr)
	}
	spent := time.Since(begin)
	b.StopTimer()
	running := 0
	each(c, func(p *corev1.Pod) {
		if ready(p) {
			running++
		}
	})
	if running != weight*100 {
		b.Fatalf("%d of %d pods run", running, weight*100)
	}
	b.StartTimer()
	return spent
}
