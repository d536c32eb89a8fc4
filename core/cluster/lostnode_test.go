package cluster

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/trace"
)

// lost is a cluster of two nodes with a Deployment of four.
func lost(t *testing.T) *Cluster {
	c, err := New(Options{Seed: 3, Nodes: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.RunUntilQuiet(maxEvents); err != nil {
		t.Fatal(err)
	}
	run(t, c, "create deployment web --image=nginx --replicas=4")
	return c
}

func pass(t *testing.T, c *Cluster, d time.Duration) {
	t.Helper()
	if err := c.AdvanceTo(c.Now().Add(d), maxEvents); err != nil {
		t.Fatal(err)
	}
}

// on counts a node's pods that are to stay, and says why the others go.
func on(c *Cluster, node string) (stay int, why map[string]int) {
	why = map[string]int{}
	each(c, func(p *corev1.Pod) {
		if p.Spec.NodeName != node {
			return
		}
		if p.DeletionTimestamp == nil {
			stay++
		}
		for _, cond := range p.Status.Conditions {
			if cond.Type == corev1.DisruptionTarget && cond.Status == corev1.ConditionTrue {
				why[cond.Reason]++
			}
		}
	})
	return stay, why
}

// TestSilentNodeLosesItsPods: five minutes after a node has fallen silent its
// pods are marked, and others take their places; they are gone once the node is.
func TestSilentNodeLosesItsPods(t *testing.T) {
	c := lost(t)
	if err := c.Stop("kubelet/node-1"); err != nil {
		t.Fatal(err)
	}
	pass(t, c, 5*time.Minute)
	if stay, why := on(c, "node-1"); stay != 2 || len(why) != 0 {
		t.Errorf("before their time: %d stay, %v", stay, why)
	}
	pass(t, c, 2*time.Minute)
	if stay, why := on(c, "node-1"); stay != 0 || why["DeletionByTaintManager"] != 2 {
		t.Errorf("after their time: %d stay, %v", stay, why)
	}
	if stay, _ := on(c, "node-2"); stay != 4 {
		t.Errorf("%d pods on the other node", stay)
	}
	events := 0
	each(c, func(e *corev1.Event) {
		if e.Reason == "TaintManagerEviction" && strings.HasPrefix(e.Message, "Marking for deletion Pod default/web-") {
			events++
		}
	})
	if events != 2 {
		t.Errorf("%d events", events)
	}
	run(t, c, "delete node node-1 --wait=false")
	pass(t, c, 30*time.Second)
	if _, why := on(c, "node-1"); len(why) == 0 {
		t.Error("the pods of a node went with it at once")
	}
	pass(t, c, time.Minute)
	if _, why := on(c, "node-1"); len(why) != 0 {
		t.Errorf("orphans are left: %v", why)
	}
}

// TestNodeThatComesBackKeepsItsPods: the deletion is called off.
func TestNodeThatComesBackKeepsItsPods(t *testing.T) {
	c := lost(t)
	if err := c.Stop("kubelet/node-1"); err != nil {
		t.Fatal(err)
	}
	pass(t, c, 3*time.Minute)
	if err := c.Start("kubelet/node-1"); err != nil {
		t.Fatal(err)
	}
	pass(t, c, 10*time.Minute)
	if stay, why := on(c, "node-1"); stay != 2 || len(why) != 0 {
		t.Errorf("%d stay, %v", stay, why)
	}
	cancelled := 0
	each(c, func(e *corev1.Event) {
		if e.Reason == "TaintManagerEviction" && strings.HasPrefix(e.Message, "Cancelling deletion of Pod") {
			cancelled++
		}
	})
	if cancelled != 2 {
		t.Errorf("%d deletions called off", cancelled)
	}
}

// TestTaintEvicts: a pod that doesn't tolerate a NoExecute taint goes at once.
func TestTaintEvicts(t *testing.T) {
	c := lost(t)
	run(t, c, "taint node node-1 broken=yes:NoExecute")
	pass(t, c, time.Minute)
	if stay, _ := on(c, "node-1"); stay != 0 {
		t.Errorf("%d pods stay", stay)
	}
	if stay, _ := on(c, "node-2"); stay != 4 {
		t.Errorf("%d pods on the other node", stay)
	}
	from := c.LastEntry()
	for _, actor := range []string{"taint-eviction-controller", "pod-garbage-collector"} {
		if err := c.Restart(actor); err != nil {
			t.Fatal(err)
		}
	}
	pass(t, c, time.Minute)
	for _, e := range c.Entries(from, 0) {
		if e.Type == trace.Write && (e.Actor == "taint-eviction-controller" || e.Actor == "pod-garbage-collector") {
			t.Errorf("a second pass: %s %s %s", e.Actor, e.Verb, e.Name)
		}
	}
}
