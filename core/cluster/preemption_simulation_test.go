package cluster

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

// crowd is a Deployment of pods that take three cpus each: two fit on a node.
const crowd = `apiVersion: apps/v1
kind: Deployment
metadata: {name: %s}
spec:
  replicas: %d
  selector: {matchLabels: {app: %s}}
  template:
    metadata: {labels: {app: %s}}
    spec:
      priorityClassName: %q
      terminationGracePeriodSeconds: %d
      containers: [{name: c, image: nginx, resources: {requests: {cpu: "3"}}}]
`

// TestPreemptionSimulation fills the nodes with pods, and then asks for more
// important ones, while components crash, hang and lose their watches. No node
// is ever given more than it has, and in the end the important ones run and the
// others have what is left.
func TestPreemptionSimulation(t *testing.T) {
	from, to := seeds(t)
	for seed := from; seed < min(to, from+100); seed++ {
		timing := client.DefaultTiming
		timing.Spread = int64(seed%4) * 5000
		nodes, input := 2+int(seed%3), ""
		c, err := New(Options{Seed: seed, Nodes: nodes, Timing: timing, Files: paper{&input}})
		if err != nil {
			t.Fatal(err)
		}
		tr := &trial{c: c, dice: rand.New(rand.NewPCG(seed, 11))}
		tr.check = tr.roomKept
		if err := tr.crowd(&input, nodes); err != nil {
			t.Fatalf("%v\nreplay: TABERNETES_SEED=%d go test -run TestPreemptionSimulation ./core/cluster", err, seed)
		}
	}
}

func (tr *trial) crowd(input *string, nodes int) error {
	if err := tr.c.RunUntilQuiet(1_000_000); err != nil {
		return err
	}
	*input = fmt.Sprintf(crowd, "low", 2*nodes, "low", "low", "", tr.dice.IntN(3))
	if err := tr.do("kubectl apply -f paper.yaml"); err != nil {
		return err
	}
	high := 1 + tr.dice.IntN(2*nodes-1)
	*input = fmt.Sprintf(crowd, "high", high, "high", "high", "system-cluster-critical", 1)
	if err := tr.do("kubectl apply -f paper.yaml"); err != nil {
		return err
	}
	for range 3 {
		if err := tr.c.AdvanceTo(tr.c.Now().Add(6*60e9), 1_000_000); err != nil {
			return err
		}
		if err := tr.c.RunUntilQuiet(1_000_000); err != nil {
			return err
		}
	}
	return tr.shared(high, 2*nodes)
}

// roomKept: what is bound to a node fits on it.
func (tr *trial) roomKept() error {
	cpus := map[string]int64{}
	for _, p := range tr.pods() {
		if p.Spec.NodeName != "" && p.Status.Phase != corev1.PodFailed && p.Status.Phase != corev1.PodSucceeded {
			if cpus[p.Spec.NodeName] += 3; cpus[p.Spec.NodeName] > 8 {
				return fmt.Errorf("%d cpus are taken of the 8 of %s", cpus[p.Spec.NodeName], p.Spec.NodeName)
			}
		}
	}
	return nil
}

// shared is the judgement: high pods of one kind run, and all room is used.
func (tr *trial) shared(high, room int) error {
	running := map[string]int{}
	for _, p := range tr.pods() {
		if p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil {
			name, _, _ := strings.Cut(p.Name, "-")
			running[name]++
		}
	}
	if running["high"] != high || running["low"] != room-high {
		return fmt.Errorf("%d important pods run of %d, and %d others of %d", running["high"], high, running["low"], room-high)
	}
	return nil
}
