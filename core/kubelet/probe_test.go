package kubelet_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/kubelet"
)

func get(port int32, path string) corev1.ProbeHandler {
	return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(port)}}
}

func execs(words ...string) corev1.ProbeHandler {
	return corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: words}}
}

func container(change func(*corev1.Container)) func(*corev1.Pod) {
	return func(p *corev1.Pod) { change(&p.Spec.Containers[0]) }
}

// catalogue adds images as a lesson does.
func (w *world) catalogue(text string) {
	w.Helper()
	must(client.Create(w.you, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: kubelet.CatalogueNamespace, Name: kubelet.CatalogueName},
		Data:       map[string]string{"images.yaml": text},
	}))
	w.quiet()
}

func TestReadinessProbe(t *testing.T) {
	w := newWorld(t)
	readiness := func(h corev1.ProbeHandler) func(*corev1.Pod) {
		return container(func(c *corev1.Container) { c.ReadinessProbe = &corev1.Probe{ProbeHandler: h, PeriodSeconds: 5} })
	}
	w.pod("well", "nginx", readiness(get(80, "/")))
	w.pod("path", "nginx", readiness(get(80, "/healthz")))
	w.pod("port", "nginx", readiness(get(8080, "/")))
	w.quiet()
	w.want("well", "Running ready=True c:running:0")
	w.want("path", "Running ready=False c:running:0")
	w.wantEvent("path", "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404")
	ip := w.get("port").Status.PodIP
	w.wantEvent("port", `Unhealthy: Readiness probe failed: Get "http://`+ip+`:8080/": dial tcp `+ip+`:8080: connect: connection refused`)
	from := w.st.Revision()
	w.pass(time.Minute)
	for _, write := range w.writes(from) {
		if strings.HasPrefix(write, "patch pods/") {
			t.Error("an unchanged pod was written:", write)
		}
	}
}

// The container of the documentation's example: it makes a file, and removes it
// after 30 seconds.
func TestLivenessProbe(t *testing.T) {
	w := newWorld(t)
	w.pod("live", "busybox", command("/bin/sh", "-c", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"), container(func(c *corev1.Container) {
		c.LivenessProbe = &corev1.Probe{ProbeHandler: execs("cat", "/tmp/healthy"), InitialDelaySeconds: 5, PeriodSeconds: 5, FailureThreshold: 3}
	}))
	w.quiet()
	w.pass(25 * time.Second)
	w.want("live", "Running ready=True c:running:0")
	w.pass(17 * time.Second) // probes at 30, 35 and 40 s fail
	w.wantEvent("live", "Unhealthy: Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory")
	w.wantEvent("live", "Killing: Container c failed liveness probe, will be restarted")
	w.pass(35 * time.Second) // the shell ignores SIGTERM
	w.want("live", "Running ready=True c:running:1")
	if ended := w.get("live").Status.ContainerStatuses[0].LastTerminationState.Terminated; ended == nil || ended.ExitCode != 137 {
		t.Errorf("ended with %+v", ended)
	}
}

func TestStartupProbe(t *testing.T) {
	w := newWorld(t)
	w.catalogue(`
- image: example.com/slow
  serves: [{port: 80, after: 20s}]
- image: example.com/never
`)
	starting := func(failures int32) func(*corev1.Pod) {
		return container(func(c *corev1.Container) {
			c.StartupProbe = &corev1.Probe{ProbeHandler: get(80, "/"), PeriodSeconds: 5, FailureThreshold: failures}
			c.ReadinessProbe = &corev1.Probe{ProbeHandler: get(80, "/"), PeriodSeconds: 1}
		})
	}
	w.pod("slow", "example.com/slow", starting(10))
	w.pod("never", "example.com/never", starting(2))
	w.quiet()
	if s := w.get("slow").Status.ContainerStatuses[0]; *s.Started || s.Ready {
		t.Error("started too early")
	}
	w.pass(25 * time.Second)
	w.want("slow", "Running ready=True c:running:0")
	w.wantEvent("never", "Killing: Container c failed startup probe, will be restarted")
	if n := w.get("never").Status.ContainerStatuses[0].RestartCount; n == 0 {
		t.Error("never was not restarted")
	}
}

func TestCatalogue(t *testing.T) {
	w := newWorld(t)
	w.catalogue(`
- image: example.com/leak
  memory: {start: 20Mi, grows: 10Mi}
- image: example.com/crash
  exits: {after: 5s, code: 3}
  logs: [starting, "no database"]
- image: example.com/once
  runs: once
  repeats: {every: 1s, lines: [tick]}
  exits: {after: 3s}
`)
	w.pod("leak", "example.com/leak", container(func(c *corev1.Container) {
		c.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("50Mi")}
	}), policy(corev1.RestartPolicyNever))
	w.pod("crash", "example.com/crash", policy(corev1.RestartPolicyNever))
	w.pod("once", "example.com/once", policy(corev1.RestartPolicyNever))
	w.quiet()
	w.pass(10 * time.Second)
	w.want("leak", "Failed ready=False c:OOMKilled(137):0")
	w.want("crash", "Failed ready=False c:Error(3):0")
	w.want("once", "Succeeded ready=False c:Completed(0):0")
	logs := string(must(w.node.Logs(w.get("once"), "c", nil, w.Now())))
	if logs != "tick\ntick\ntick\n" {
		t.Errorf("logs %q", logs)
	}
	for _, bad := range []string{"- image: Bad", "- {image: a, runs: away}", "- {image: a, memory: {start: much}}", "- {image: a, serve: []}"} {
		if _, err := kubelet.ParseImages(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestOOMKilled(t *testing.T) {
	w := newWorld(t)
	w.pod("hog", "polinux/stress", command("stress", "--vm", "1", "--vm-bytes", "250M"), container(func(c *corev1.Container) {
		c.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("100Mi")}
	}))
	w.quiet()
	w.pass(2 * time.Second)
	w.want("hog", "Running ready=False c:CrashLoopBackOff:1")
	if ended := w.get("hog").Status.ContainerStatuses[0].LastTerminationState.Terminated; ended == nil || ended.Reason != "OOMKilled" {
		t.Errorf("ended with %+v", ended)
	}
}

func TestHooks(t *testing.T) {
	w := newWorld(t)
	lifecycle := func(l corev1.Lifecycle) func(*corev1.Pod) {
		return container(func(c *corev1.Container) { c.Lifecycle = &l })
	}
	sh := func(text string) *corev1.LifecycleHandler {
		return &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"sh", "-c", text}}}
	}
	w.pod("slow", "nginx", lifecycle(corev1.Lifecycle{PostStart: sh("sleep 5")}))
	w.pod("bad", "nginx", lifecycle(corev1.Lifecycle{PostStart: sh("exit 1")}))
	w.pod("stop", "nginx", lifecycle(corev1.Lifecycle{PreStop: sh("sleep 10")}))
	began := w.Now()
	w.quiet()
	if s := w.get("slow").Status.ContainerStatuses[0].State.Running; s == nil || w.Now().Sub(began) < 5*time.Second {
		t.Errorf("state %+v after %v", s, w.Now().Sub(began))
	}
	w.wantEvent("bad", "FailedPostStartHook: PostStartHook failed")
	w.wantEvent("bad", "Killing: FailedPostStartHook")
	began = w.Now()
	w.remove("stop")
	w.quiet()
	if d := w.Now().Sub(began); d < 10*time.Second || d > 13*time.Second || !w.gone("stop") {
		t.Errorf("took %v to go, want the hook's 10 s and a little", d)
	}
}

// Sidecars outlive the containers that they serve.
func TestSidecarsStopLast(t *testing.T) {
	w := newWorld(t)
	w.pod("p", "nginx", func(p *corev1.Pod) {
		always := corev1.ContainerRestartPolicyAlways
		p.Spec.InitContainers = []corev1.Container{
			{Name: "first", Image: "nginx", RestartPolicy: &always}, {Name: "second", Image: "nginx", RestartPolicy: &always},
		}
		p.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 5}}}
	})
	var ends [3]time.Time
	pods := client.NewView[*corev1.Pod](w.you, client.ViewOptions{Namespace: "default"})
	pods.Handle(client.Handlers[*corev1.Pod]{Updated: func(_, p *corev1.Pod) {
		for i, c := range append(p.Status.ContainerStatuses, p.Status.InitContainerStatuses...) {
			if e := c.State.Terminated; e != nil {
				ends[i] = e.FinishedAt.Time
			}
		}
	}})
	pods.Start()
	w.quiet()
	began := w.Now()
	w.remove("p")
	w.quiet()
	if d := w.Now().Sub(began); d < 5*time.Second || d > 8*time.Second {
		t.Errorf("took %v to go, want the hook's 5 s and a little", d)
	}
	if ends[0].IsZero() || ends[1].Before(ends[2]) || ends[2].Before(ends[0]) {
		t.Errorf("main, first, second ended at %v", ends)
	}
}

func TestMissingConfig(t *testing.T) {
	w := newWorld(t)
	w.pod("p", "busybox", command("sh", "-c", "echo $COLOUR; sleep 100"), container(func(c *corev1.Container) {
		c.Env = []corev1.EnvVar{{Name: "COLOUR", ValueFrom: &corev1.EnvVarSource{
			ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "paint"}, Key: "colour"},
		}}, {Name: "NONE", ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "none"}, Key: "k", Optional: ptr.To(true)},
		}}}
	}))
	w.quiet()
	w.want("p", "Pending ready=False c:CreateContainerConfigError:0")
	w.wantEvent("p", `Failed: Error: configmap "paint" not found`)
	must(client.Create(w.you, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "paint"}, Data: map[string]string{"size": "1"}}))
	w.pass(11 * time.Second)
	w.wantEvent("p", "Failed: Error: couldn't find key colour in ConfigMap default/paint")
	must(client.Patch(w.you, "default", "paint", "", func(m *corev1.ConfigMap) { m.Data["colour"] = "blue" }))
	w.pass(11 * time.Second)
	w.want("p", "Running ready=True c:running:0")
	if logs := string(must(w.node.Logs(w.get("p"), "c", nil, w.Now()))); logs != "blue\n" {
		t.Errorf("logs %q", logs)
	}
}

func TestMissingVolume(t *testing.T) {
	w := newWorld(t)
	w.pod("p", "nginx", func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: "conf", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "paint"},
		}}}}
	})
	w.quiet()
	w.pass(3 * time.Second)
	w.want("p", "Pending ready=False c:ContainerCreating:0")
	w.wantEvent("p", `FailedMount: MountVolume.SetUp failed for volume "conf" : configmap "paint" not found`)
	must(client.Create(w.you, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "paint"}}))
	w.pass(5 * time.Second)
	w.want("p", "Running ready=True c:running:0")
}

// The documentation's other example: well for 10 seconds, then 500.
func TestLivenessOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.pod("live", "registry.k8s.io/e2e-test-images/agnhost:2.40", container(func(c *corev1.Container) {
		c.Args = []string{"liveness"}
		c.LivenessProbe = &corev1.Probe{ProbeHandler: get(8080, "/healthz"), InitialDelaySeconds: 3, PeriodSeconds: 3}
	}))
	w.quiet()
	w.want("live", "Running ready=True c:running:0")
	w.pass(25 * time.Second)
	w.wantEvent("live", "Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500")
	if n := w.get("live").Status.ContainerStatuses[0].RestartCount; n != 1 {
		t.Errorf("restarted %d times", n)
	}
}
