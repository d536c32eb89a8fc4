package kubelet_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

func TestPodRuns(t *testing.T) {
	w := newWorld(t)
	from := w.st.Revision()
	w.pod("web", "nginx")
	w.quiet()
	w.want("web", "Running ready=True c:running:0")
	if diff := cmp.Diff([]string{"patch pods/status web", "patch pods/status web"}, w.writes(from)); diff != "" {
		t.Error("writes:", diff)
	}
	if diff := cmp.Diff([]string{"pull nginx pulled", "start c started"}, w.decisions()); diff != "" {
		t.Error("decisions:", diff)
	}
	for _, want := range []string{
		`Pulling: Pulling image "nginx"`, "Created: Container created", "Started: Container started",
	} {
		w.wantEvent("web", want)
	}
	pod := w.get("web")
	if got := pod.Status.PodIP; got != "10.244.1.2" {
		t.Error("pod IP", got)
	}
	if got := pod.Status.ContainerStatuses[0].Image; got != "docker.io/library/nginx:latest" {
		t.Error("image", got)
	}
	for i, kind := range []corev1.PodConditionType{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		if c := pod.Status.Conditions[i]; c.Type != kind || c.Status != corev1.ConditionTrue || c.ObservedGeneration != 1 {
			t.Errorf("condition %d is %+v", i, c)
		}
	}
}

func TestUnchangedWorldWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.pod("web", "nginx")
	w.pod("once", "hello-world", policy(corev1.RestartPolicyNever))
	w.quiet()
	w.pass(20 * time.Second) // the node's status lists the new images
	from := w.st.Revision()
	w.pass(time.Minute)
	w.proc.Kill()
	w.startKubelet()
	w.quiet()
	for _, write := range w.writes(from) {
		if write != "patch nodes/status node-1" { // what a starting kubelet writes
			t.Error("wrote", write)
		}
	}
}

func TestDeletion(t *testing.T) {
	w := newWorld(t)
	w.pod("web", "nginx")
	w.pod("stubborn", "busybox", command("sleep", "1000"))
	w.quiet()
	from, began := w.st.Revision(), w.Now()
	w.remove("web")
	w.quiet()
	if !w.gone("web") {
		t.Error("web is still there")
	}
	// The API server writes the end of the grace period and then the deletion.
	if diff := cmp.Diff([]string{"patch pods/status web", "delete pods/ web", "delete pods/ web"}, w.writes(from)); diff != "" {
		t.Error("writes:", diff)
	}
	if d := w.Now().Sub(began); d > 2*time.Second {
		t.Error("nginx took", d, "to stop")
	}
	w.wantEvent("web", "Killing: Stopping container c")
	began = w.Now()
	w.remove("stubborn")
	w.quiet()
	if d := w.Now().Sub(began); d < 30*time.Second || d > 32*time.Second || !w.gone("stubborn") {
		t.Error("sleep took", d, "to stop, want the whole grace period")
	}
}

func TestImages(t *testing.T) {
	w := newWorld(t)
	w.pod("typo", "ngnix")
	w.pod("tag", "nginx:1.161")
	w.pod("host", "registry.invalid/app")
	w.pod("bad", "Nginx")
	w.pod("never", "redis", func(p *corev1.Pod) { p.Spec.Containers[0].ImagePullPolicy = corev1.PullNever })
	w.quiet()
	w.want("typo", "Pending ready=False c:ImagePullBackOff:0")
	w.want("tag", "Pending ready=False c:ImagePullBackOff:0")
	w.want("host", "Pending ready=False c:ImagePullBackOff:0")
	w.want("bad", "Pending ready=False c:InvalidImageName:0")
	w.want("never", "Pending ready=False c:ErrImageNeverPull:0")
	w.wantEvent("typo", `Failed: Failed to pull image "ngnix": failed to pull and unpack image "docker.io/library/ngnix:latest": failed to resolve reference "docker.io/library/ngnix:latest": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`)
	w.wantEvent("typo", "Failed: Error: ErrImagePull")
	w.wantEvent("typo", `BackOff: Back-off pulling image "ngnix"`)
	w.wantEvent("typo", "Failed: Error: ImagePullBackOff")
	// Put right, it runs at once.
	must(client.Patch(w.you, "default", "typo", "", func(p *corev1.Pod) { p.Spec.Containers[0].Image = "nginx" }))
	w.quiet()
	w.want("typo", "Running ready=True c:running:0")
}

func TestPullBackOffDoubles(t *testing.T) {
	w := newWorld(t)
	w.pod("typo", "ngnix")
	w.quiet()
	began := w.Now()
	var pulls []time.Duration
	last := 0
	for range 1000 {
		if n := count(w.decisions(), "pull ngnix failed"); n > last {
			last = n
			pulls = append(pulls, w.Now().Sub(began).Round(10*time.Second))
		}
		w.pass(time.Second)
	}
	want := []time.Duration{0, 10 * time.Second, 30 * time.Second, 70 * time.Second, 150 * time.Second, 310 * time.Second, 610 * time.Second, 910 * time.Second}
	if diff := cmp.Diff(want, pulls); diff != "" {
		t.Error(diff)
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

func TestSerialPullServesBoth(t *testing.T) {
	w := newWorld(t)
	w.pod("a", "nginx")
	w.pod("b", "nginx")
	w.quiet()
	got := w.decisions()
	slices.Sort(got)
	if diff := cmp.Diff([]string{"pull nginx present", "pull nginx pulled", "start c started", "start c started"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCrashLoop(t *testing.T) {
	w := newWorld(t)
	w.pod("crash", "busybox", command("sh", "-c", "echo no; exit 3"))
	w.quiet()
	w.want("crash", "Running ready=False c:CrashLoopBackOff:1")
	last := w.get("crash").Status.ContainerStatuses[0].LastTerminationState.Terminated
	if last == nil || last.ExitCode != 3 || last.Reason != "Error" {
		t.Error("last state", last)
	}
	pod := w.get("crash")
	w.wantEvent("crash", "BackOff: Back-off restarting failed container c in pod crash_default("+string(pod.UID)+")")
	w.pass(12 * time.Second)
	w.want("crash", "Running ready=False c:CrashLoopBackOff:2")
	w.pass(15 * time.Second)
	w.want("crash", "Running ready=False c:CrashLoopBackOff:2")
	w.pass(10 * time.Second)
	w.want("crash", "Running ready=False c:CrashLoopBackOff:3")
}

func TestRestartPolicies(t *testing.T) {
	w := newWorld(t)
	w.pod("done", "busybox", policy(corev1.RestartPolicyNever))
	w.pod("failed", "busybox", policy(corev1.RestartPolicyNever), command("false"))
	w.pod("onfailure", "busybox", policy(corev1.RestartPolicyOnFailure), command("true"))
	w.pod("retry", "busybox", policy(corev1.RestartPolicyOnFailure), command("false"))
	w.pod("nopassword", "mysql")
	w.pod("missing", "busybox", policy(corev1.RestartPolicyNever), command("nosuchprogram"))
	w.quiet()
	w.want("done", "Succeeded ready=False c:Completed(0):0")
	w.want("failed", "Failed ready=False c:Error(1):0")
	w.want("onfailure", "Succeeded ready=False c:Completed(0):0")
	w.want("retry", "Running ready=False c:CrashLoopBackOff:1")
	w.want("nopassword", "Running ready=False c:CrashLoopBackOff:1")
	w.want("missing", "Failed ready=False c:StartError(128):0")
}

func TestChangedImageRestartsTheContainer(t *testing.T) {
	w := newWorld(t)
	w.pod("web", "nginx")
	w.quiet()
	must(client.Patch(w.you, "default", "web", "", func(p *corev1.Pod) { p.Spec.Containers[0].Image = "httpd" }))
	w.quiet()
	w.want("web", "Running ready=True c:running:1")
	w.wantEvent("web", "Killing: Container c definition changed, will be restarted")
	status := w.get("web").Status.ContainerStatuses[0]
	if status.Image != "docker.io/library/httpd:latest" || status.LastTerminationState.Terminated == nil {
		t.Error("status", status)
	}
}

func TestSleepEnds(t *testing.T) {
	w := newWorld(t)
	w.pod("nap", "busybox", policy(corev1.RestartPolicyNever), command("sleep", "60"))
	w.quiet()
	w.want("nap", "Running ready=True c:running:0")
	w.pass(61 * time.Second)
	w.want("nap", "Succeeded ready=False c:Completed(0):0")
}

func TestInitContainers(t *testing.T) {
	w := newWorld(t)
	always := corev1.ContainerRestartPolicyAlways
	w.pod("ok", "nginx", func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{
			{Name: "first", Image: "busybox", Command: []string{"sleep", "1"}},
			{Name: "side", Image: "redis", RestartPolicy: &always},
			{Name: "second", Image: "busybox", Command: []string{"true"}},
		}
	})
	w.pod("stuck", "nginx", func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{{Name: "first", Image: "busybox", Command: []string{"false"}}}
	})
	w.quiet()
	w.want("ok", "Running ready=True first:Completed(0):0 side:running:0 second:Completed(0):0 c:running:0")
	w.want("stuck", "Pending ready=False first:CrashLoopBackOff:1 c:PodInitializing:0")
	var order []string
	for _, d := range w.decisions() {
		if d == "start first started" || d == "start side started" || d == "start second started" || d == "start c started" {
			order = append(order, d)
		}
	}
	if i, j := slices.Index(order, "start second started"), slices.Index(order, "start c started"); i < 0 || j < i {
		t.Error("order", order)
	}
}

func TestSidecarStopsWithTheRest(t *testing.T) {
	w := newWorld(t)
	always := corev1.ContainerRestartPolicyAlways
	w.pod("job", "busybox", policy(corev1.RestartPolicyNever), func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{{Name: "side", Image: "redis", RestartPolicy: &always}}
	})
	w.quiet()
	w.want("job", "Succeeded ready=False side:Completed(0):0 c:Completed(0):0")
}

func TestReadinessDelay(t *testing.T) {
	w := newWorld(t)
	w.pod("web", "nginx", func(p *corev1.Pod) {
		p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{
			InitialDelaySeconds: 5,
			ProbeHandler:        corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}},
		}
	})
	for w.state("web") != "Running ready=False c:running:0" {
		if _, ok := w.Step(); !ok {
			t.Fatal("never running")
		}
	}
	began := w.Now()
	w.quiet()
	w.want("web", "Running ready=True c:running:0")
	if d := w.Now().Sub(began); d < 5*time.Second {
		t.Error("ready after", d)
	}
}

func TestKubeletRestartKeepsContainers(t *testing.T) {
	w := newWorld(t)
	w.pod("web", "nginx")
	w.quiet()
	before := w.get("web").Status
	w.proc.Kill()
	w.remove("web")
	w.pod("late", "redis")
	w.startKubelet()
	w.quiet()
	if !w.gone("web") {
		t.Error("what was deleted meanwhile is still there")
	}
	w.want("late", "Running ready=True c:running:0")
	if before.ContainerStatuses[0].RestartCount != 0 {
		t.Error("restarted")
	}
}

func TestNewMachineAdoptsWhatRuns(t *testing.T) {
	w := newWorld(t)
	w.pod("web", "nginx")
	w.pod("crash", "busybox", command("false"))
	w.quiet()
	before, crash := w.get("web"), w.get("crash")
	w.proc.Kill()
	w.newMachine()
	w.startKubelet()
	w.quiet()
	if after := w.get("web"); after.ResourceVersion != before.ResourceVersion {
		t.Error("web was written:", cmp.Diff(before.Status, after.Status))
	}
	if got := w.get("crash").Status.ContainerStatuses[0].RestartCount; got < crash.Status.ContainerStatuses[0].RestartCount {
		t.Error("restarts went back to", got)
	}
	w.pod("next", "redis")
	w.quiet()
	if a, b := w.get("web").Status.PodIP, w.get("next").Status.PodIP; a == b {
		t.Error("two pods have", a)
	}
	w.remove("web")
	w.quiet()
	if !w.gone("web") {
		t.Error("an adopted pod did not stop")
	}
}

func TestForcedDeletionClearsTheMachine(t *testing.T) {
	w := newWorld(t)
	w.pod("stubborn", "busybox", command("sleep", "1000"))
	w.quiet()
	pod := w.get("stubborn")
	w.remove("stubborn")
	for range 5 {
		w.Step()
	}
	w.force("stubborn")
	began := w.Now()
	w.quiet()
	if d := w.Now().Sub(began); d > time.Second {
		t.Error("took", d)
	}
	if _, err := w.node.Logs(pod, "c", nil, w.Now()); err == nil {
		t.Error("the container is still on the machine")
	}
}

func TestNodeObject(t *testing.T) {
	w := newWorld(t)
	node := must(client.Get[*corev1.Node](w.you, "", "node-1"))
	if node.Labels[corev1.LabelHostname] != "node-1" || node.Status.NodeInfo.KubeletVersion != "v1.36.3" {
		t.Error("node", node.Labels, node.Status.NodeInfo)
	}
	lease := w.lease()
	w.pass(35 * time.Second)
	if d := w.lease().Spec.RenewTime.Sub(lease.Spec.RenewTime.Time); d != 30*time.Second {
		t.Error("lease renewed after", d)
	}
	w.pod("web", "nginx")
	w.pass(20 * time.Second)
	node = must(client.Get[*corev1.Node](w.you, "", "node-1"))
	if len(node.Status.Images) != 1 || node.Status.Images[0].Names[1] != "docker.io/library/nginx:latest" {
		t.Error("images", node.Status.Images)
	}
}

func TestLogs(t *testing.T) {
	w := newWorld(t)
	w.pod("talk", "busybox", command("sh", "-c", `i=0; while true; do echo "$HOSTNAME says $(date)"; sleep 5; done`))
	w.pod("crash", "busybox", command("sh", "-c", "echo first; sleep 1; echo second; exit 1"))
	w.pod("wait", "ngnix")
	w.quiet()
	w.pass(12 * time.Second)
	talk := w.get("talk")
	log := string(must(w.node.Logs(talk, "c", map[string]string{"tailLines": "2"}, w.Now())))
	if want := "talk says Thu Jan  1 00:00:"; len(log) < 2*len(want) || log[:len(want)] != want {
		t.Errorf("log %q", log)
	}
	if got := string(must(w.node.Logs(w.get("crash"), "c", map[string]string{"previous": "true"}, w.Now()))); got != "first\nsecond\n" {
		t.Errorf("previous log %q", got)
	}
	_, err := w.node.Logs(w.get("wait"), "c", nil, w.Now())
	if want := `container "c" in pod "wait" is waiting to start: trying and failing to pull image`; err == nil || err.Error() != want {
		t.Error("waiting:", err)
	}
}

// Whatever happens to the kubelet while pods come and go, they end up as they
// should, and no container runs twice that has not failed.
func TestTroubleAtAnyStep(t *testing.T) {
	for name, trouble := range map[string]func(*world){
		"restart":     func(w *world) { w.proc.Kill(); w.startKubelet() },
		"lost watch":  func(w *world) { w.client.Disconnect() },
		"new machine": func(w *world) { w.proc.Kill(); w.newMachine(); w.startKubelet() },
	} {
		t.Run(name, func(t *testing.T) {
			for step := range 70 {
				w := newWorld(t)
				w.pod("gone", "nginx")
				w.quiet()
				w.remove("gone")
				w.pod("web", "nginx")
				w.pod("two", "redis", func(p *corev1.Pod) {
					p.Spec.InitContainers = []corev1.Container{{Name: "i", Image: "busybox", Command: []string{"true"}}}
				})
				for range step {
					w.Step()
				}
				trouble(w)
				w.quiet()
				if !w.gone("gone") {
					t.Errorf("after %d steps: gone is still there", step)
				}
				w.want("web", "Running ready=True c:running:0")
				w.want("two", "Running ready=True i:Completed(0):0 c:running:0")
				if a, b := w.get("web").Status.PodIP, w.get("two").Status.PodIP; a == b {
					t.Errorf("after %d steps: both pods have %s", step, a)
				}
				if t.Failed() {
					t.Fatalf("after %d steps", step)
				}
			}
		})
	}
}

// A deletion that the kubelet hears of in the answer to its own write, before
// its watch tells, is not missed.
func TestDeletionInAnAnswer(t *testing.T) {
	w := newWorld(t)
	w.pod("web", "nginx", func(p *corev1.Pod) { p.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "gate"}} })
	w.quiet()
	must(client.Patch(w.you, "default", "web", "status", func(p *corev1.Pod) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: "gate", Status: corev1.ConditionTrue})
	}))
	for w.client.Seen() < int64(w.st.Revision()) {
		w.Step()
	}
	w.remove("web") // known to the server before the kubelet reports that the pod is ready
	w.quiet()
	if !w.gone("web") {
		t.Error("web is still there")
	}
}
