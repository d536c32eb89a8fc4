package cluster

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// BenchmarkScale scales a Deployment until all its pods run. µs/pod is the
// price of one more pod, "of-100" how that compares with the price at 100:
// where it stays near 1 the cost is linear.
func BenchmarkScale(b *testing.B) {
	var at100 float64
	for _, size := range []struct{ pods, nodes int }{{100, 12}, {1000, 12}, {10000, 100}} {
		b.Run(fmt.Sprintf("%d-pods", size.pods), func(b *testing.B) {
			var spent time.Duration
			var bytes uint64
			for b.Loop() {
				d, n := scaleOnce(b, size.pods, size.nodes)
				spent, bytes = spent+d, bytes+n
			}
			perPod := float64(spent.Microseconds()) / float64(b.N) / float64(size.pods)
			if size.pods == 100 {
				at100 = perPod
			}
			b.ReportMetric(perPod, "µs/pod")
			b.ReportMetric(float64(bytes)/float64(b.N)/float64(size.pods)/1024, "KB/pod")
			b.ReportMetric(perPod/at100, "of-100")
		})
	}
}

// scaleOnce returns the time from the command to the last pod's Running, and
// the memory that the pods and their history take.
func scaleOnce(b *testing.B, pods, nodes int) (time.Duration, uint64) {
	b.Helper()
	b.StopTimer()
	c, err := New(Options{Seed: 1, Nodes: nodes})
	if err != nil {
		b.Fatal(err)
	}
	if err := c.RunUntilQuiet(maxEvents); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Run("kubectl create deployment web --image=nginx"); err != nil {
		b.Fatal(err)
	}
	before := heap()
	b.StartTimer()
	begin := time.Now()
	if r, err := c.Run(fmt.Sprintf("kubectl scale deployment web --replicas=%d", pods)); err != nil || r.Exit != 0 {
		b.Fatal(err, r.Stderr)
	}
	spent := time.Since(begin)
	b.StopTimer()
	running := 0
	each(c, func(p *corev1.Pod) {
		if p.Status.Phase == corev1.PodRunning {
			running++
		}
	})
	if running != pods {
		b.Fatalf("%d of %d pods run", running, pods)
	}
	c.Flush()
	used := heap() - before
	runtime.KeepAlive(c)
	b.StartTimer()
	return spent, used
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
