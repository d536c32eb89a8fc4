package kubelet_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/kubelet"
)

// TestASlowRegistry: a pull takes longer by what was said, and those behind it
// wait; an image that is there already does not.
func TestASlowRegistry(t *testing.T) {
	w := newWorld(t)
	w.pod("there", "redis")
	w.quiet()
	w.outside("nginx 40s")
	w.outside("busybox:1.37 1h") // another image's business
	begin := w.Now()
	w.pod("slow", "nginx")
	for w.Now().Sub(begin) < time.Second {
		w.Step()
	}
	w.pod("behind", "busybox:1.36", command("sleep", "1d"))
	w.pod("again", "redis", func(p *corev1.Pod) { p.Spec.Containers[0].ImagePullPolicy = corev1.PullIfNotPresent })
	for w.Now().Sub(begin) < 39*time.Second {
		w.Step()
	}
	w.want("slow", "Pending ready=False c:ContainerCreating:0")
	w.want("behind", "Pending ready=False c:ContainerCreating:0")
	w.want("again", "Running ready=True c:running:0")
	w.quiet()
	w.want("slow", "Running ready=True c:running:0")
	w.want("behind", "Running ready=True c:running:0")
	if took := w.Now().Sub(begin); took > 45*time.Second {
		t.Errorf("all that took %s", took)
	}
}

// TestARegistryThatDoesNotAnswer, and does again: back-off, and then it runs.
func TestARegistryThatDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	w.outside("nginx fail")
	w.pod("web", "nginx:1.29")
	w.quiet()
	w.want("web", "Pending ready=False c:ImagePullBackOff:0")
	message := w.get("web").Status.ContainerStatuses[0].State.Waiting.Message
	for _, part := range []string{`Back-off pulling image "nginx:1.29"`, "failed to do request: Head", "registry-1.docker.io", "i/o timeout"} {
		if !strings.Contains(message, part) {
			t.Errorf("%q does not say %q", message, part)
		}
	}
	w.outside("nginx normal")
	w.pass(time.Minute)
	w.want("web", "Running ready=True c:running:0")
}

func TestRegistrySettings(t *testing.T) {
	for _, bad := range []string{"", "nginx", "nginx soon", "nginx -3s", "nginx 25h", "Nginx 3s", "nginx 3s 4s"} {
		if (&kubelet.Registry{}).Set(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// outside sets how the registry answers.
func (w *world) outside(setting string) {
	w.Helper()
	if w.node.Registry == nil {
		w.node.Registry = &kubelet.Registry{}
	}
	if err := w.node.Registry.Set(setting); err != nil {
		w.Fatal(err)
	}
}
