package cluster

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

func start(t *testing.T, opts Options) *Cluster {
	t.Helper()
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	settle(t, c)
	return c
}

func settle(t *testing.T, c *Cluster) {
	t.Helper()
	if err := c.RunUntilQuiet(maxEvents); err != nil {
		t.Fatal(err)
	}
}

// statuses is how many pods have each STATUS.
func statuses(c *Cluster) map[string]int {
	count := map[string]int{}
	each(c, func(p *corev1.Pod) { count[viewPod(p, c.Now()).Status]++ })
	return count
}

func want(t *testing.T, c *Cluster, status string, n int) {
	t.Helper()
	if got := statuses(c); got[status] != n || len(got) != 1 {
		t.Errorf("pods are %v, want %d %s", got, n, status)
	}
}

func TestAReopenedClusterIsAsItWas(t *testing.T) {
	log := memory.New()
	c := start(t, Options{Log: log})
	run(t, c, "create deployment web --image=nginx --replicas=3")
	c.Flush()
	before := c.Revision()

	again := start(t, Options{Log: log})
	if again.Now().Before(c.Now().Add(-time.Minute)) || again.Now().Before(Epoch) {
		t.Errorf("the clock went back to %v", again.Now())
	}
	want(t, again, "Running", 3)
	each(again, func(p *corev1.Pod) {
		if n := p.Status.ContainerStatuses[0].RestartCount; n != 0 {
			t.Errorf("%s was restarted %d times by a reload", p.Name, n)
		}
	})
	for _, e := range again.Entries(0, 0) {
		if e.Type == trace.Write && e.Revision > before && (e.Resource == "pods" || e.Resource == "replicasets") {
			t.Errorf("the reopened cluster wrote: %s %s %s/%s %s", e.Actor, e.Verb, e.Resource, e.Subresource, e.Name)
		}
	}
	run(t, again, "scale deployment web --replicas=5")
	want(t, again, "Running", 5)
}

func TestAReopenedClusterHasItsNodes(t *testing.T) {
	log := memory.New()
	start(t, Options{Log: log, Nodes: 5}).Flush()
	if n := len(start(t, Options{Log: log}).Overview().Nodes); n != 5 {
		t.Errorf("%d nodes", n)
	}
	again := start(t, Options{Log: log})
	kubelets := 0
	for _, a := range again.Actors() {
		if strings.HasPrefix(a.Name, "kubelet/") {
			kubelets++
		}
	}
	if kubelets != 5 {
		t.Errorf("%d kubelets", kubelets)
	}
}

// Whatever prefix of the log a crash leaves, the control plane converges from there.
func TestEveryPrefixOfTheLogConverges(t *testing.T) {
	log := memory.New()
	c := start(t, Options{Log: log, Nodes: 2})
	c.Flush()
	run(t, c, "create deployment web --image=nginx --replicas=2")
	run(t, c, "set image deployment/web nginx=nginx:1.27")
	c.Flush()
	total := int(c.Revision())
	tried := 0
	for n := 1; n < total; n++ {
		prefix := start(t, Options{Seed: uint64(n), Log: log.Prefix(n), Nodes: 2})
		var d *appsv1.Deployment
		each(prefix, func(found *appsv1.Deployment) { d = found })
		if d == nil {
			continue
		}
		tried++
		if err := prefix.AdvanceTo(prefix.Now().Add(time.Minute), maxEvents); err != nil {
			t.Fatal(err)
		}
		settle(t, prefix)
		if got := statuses(prefix); got["Running"] != 2 || len(got) != 1 {
			t.Fatalf("the prefix of %d records settled on %v", n, got)
		}
	}
	if tried < 50 {
		t.Fatalf("only %d prefixes had the deployment", tried)
	}
}

func TestHoldingTheSchedulerLeavesPodsPending(t *testing.T) {
	c := start(t, Options{})
	if err := c.Hold("scheduler"); err != nil {
		t.Fatal(err)
	}
	run(t, c, "create deployment web --image=nginx --replicas=2")
	want(t, c, "Pending", 2)
	if o := c.Overview(); o.Waiting != 2 || len(o.Unscheduled) != 2 {
		t.Errorf("the overview shows %d waiting", o.Waiting)
	}
	if err := c.Release("scheduler"); err != nil {
		t.Fatal(err)
	}
	settle(t, c)
	want(t, c, "Running", 2)
}

func TestWhatHappensWhileAControllerIsDownIsNotLost(t *testing.T) {
	c := start(t, Options{})
	run(t, c, "create deployment web --image=nginx")
	for _, actor := range []string{"deployment-controller", "replicaset-controller"} {
		if err := c.Stop(actor); err != nil {
			t.Fatal(err)
		}
	}
	run(t, c, "scale deployment web --replicas=3")
	want(t, c, "Running", 1)
	for _, a := range c.Actors() {
		if down := strings.HasPrefix(a.Name, "deployment") || strings.HasPrefix(a.Name, "replicaset"); a.Stopped != down {
			t.Errorf("%s: stopped is %v", a.Name, a.Stopped)
		}
	}
	for _, actor := range []string{"replicaset-controller", "deployment-controller"} {
		if err := c.Start(actor); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, c)
	want(t, c, "Running", 3)
}

// A second pass over an unchanged world writes nothing but heartbeats.
func TestRestartingEverybodyChangesNothing(t *testing.T) {
	c := start(t, Options{})
	run(t, c, "create deployment web --image=nginx --replicas=4")
	from := c.LastEntry()
	for _, a := range c.Actors() {
		if err := c.Restart(a.Name); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, c)
	for _, e := range c.Entries(from, 0) {
		heartbeat := e.Resource == "leases" || e.Resource == "events" || e.Resource == "nodes" && strings.HasPrefix(e.Actor, "kubelet/")
		if e.Type == trace.Write && !heartbeat {
			t.Errorf("%s %s %s %s", e.Actor, e.Verb, e.Resource+"/"+e.Subresource, e.Name)
		}
	}
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	for _, nodes := range []int{-2, MaxNodes + 1} {
		if _, err := New(Options{Nodes: nodes}); err == nil || !strings.HasPrefix(err.Error(), "nodes:") {
			t.Errorf("%d nodes: %v", nodes, err)
		}
	}
	c := start(t, Options{Nodes: -1})
	if err := c.Hold("nobody"); !errors.Is(err, ErrNoSuchActor) {
		t.Errorf("holding nobody: %v", err)
	}
}

func TestAnEndlessWorldIsBounded(t *testing.T) {
	c := start(t, Options{})
	c.Exec("kubectl create deployment web --image=nginx", func(string) {}, func(string) {}, func(int) {})
	if err := c.RunUntilQuiet(10); !errors.Is(err, sim.ErrNotQuiet) {
		t.Errorf("got %v", err)
	}
}

func TestOversizedLinesAreRefused(t *testing.T) {
	c := start(t, Options{})
	before := c.Revision()
	r, err := c.Run("kubectl create configmap big --from-literal=a=" + strings.Repeat("x", MaxLine))
	if err != nil || r.Exit != 1 || !strings.Contains(r.Stderr, "more than the") || c.Revision() != before {
		t.Errorf("exit %d, %q, %v", r.Exit, r.Stderr, err)
	}
	r, err = c.Run("kubectl create configmap big --from-literal=a=" + strings.Repeat("x", 2<<20))
	if err != nil || r.Exit != 1 || c.Revision() != before {
		t.Errorf("a 2 MiB config map: exit %d, %q, %v", r.Exit, r.Stderr, err)
	}
}

func TestHistoryIsCompactedByPolicy(t *testing.T) {
	c := start(t, Options{Retain: 100})
	for i := range 60 {
		run(t, c, fmt.Sprintf("create configmap c%d --from-literal=a=b", i))
		run(t, c, fmt.Sprintf("delete configmap c%d", i))
		run(t, c, fmt.Sprintf("create configmap d%d --from-literal=a=b", i))
		run(t, c, fmt.Sprintf("delete configmap d%d", i))
	}
	if err := c.AdvanceTo(c.Now().Add(time.Minute), maxEvents); err != nil {
		t.Fatal(err)
	}
	head := c.Revision()
	if _, err := c.Changes(5); err == nil || !strings.Contains(err.Error(), "required revision has been compacted") {
		t.Errorf("revision 5 of %d can still be read: %v", head, err)
	}
	if _, err := c.Changes(head - 50); err != nil {
		t.Errorf("revision %d of %d: %v", head-50, head, err)
	}
}
