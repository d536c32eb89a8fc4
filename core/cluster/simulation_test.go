package cluster

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/trace"
)

// seeds is which worlds TestSimulation lives through. TABERNETES_SEED runs just
// one, as a failure's message says, TABERNETES_SEEDS so many, and both so many
// from that one on.
func seeds(t *testing.T) (from, to uint64) {
	number := func(name string, otherwise uint64) uint64 {
		text := os.Getenv(name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	many := uint64(600)
	if from = number("TABERNETES_SEED", 0); from > 0 {
		many = 1
	}
	from = max(from, 1)
	return from, from + number("TABERNETES_SEEDS", many)
}

// TestSimulation lives through many worlds. In each, deliveries arrive in
// random order, components crash and come back, and watches break, while one
// Deployment is scaled, updated, undone and robbed of pods. At every write the
// invariants hold, and at the end the cluster is what the spec says.
func TestSimulation(t *testing.T) {
	from, to := seeds(t)
	const shards = 4
	for shard := range uint64(shards) {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			for seed := from + shard; seed < to; seed += shards {
				tr := newTrial(t, seed)
				if err := tr.live(); err != nil {
					if to == from+1 {
						tr.tell(t)
					}
					t.Fatalf("%v\nreplay: TABERNETES_SEED=%d go test -run TestSimulation ./core/cluster", err, seed)
				}
			}
		})
	}
}

// trial is one world with its troubles.
type trial struct {
	c      *Cluster
	dice   *rand.Rand
	bounds bounds
	check  func() error // holds after every write
	held   string
	since  time.Time // held since
}

// tell prints the end of the trace.
func (tr *trial) tell(t *testing.T) {
	for _, e := range tr.c.Entries(max(tr.c.LastEntry()-400, 0), 0) {
		if e.Type != trace.Delivery && e.Resource != "events" {
			t.Log(e.Revision, e.Time[14:], e.Actor, e.Type, e.Verb, e.Resource, e.Subresource, e.Name, e.Code, e.Causes)
		}
	}
}

// bounds are what the spec has allowed since the world was last quiet.
type bounds struct {
	most  int32 // pods that may be there: replicas + maxSurge
	least int32 // pods that must be available; -1 while nothing is promised
}

func newTrial(t *testing.T, seed uint64) *trial {
	t.Helper()
	timing := client.DefaultTiming
	timing.Spread = int64(seed%4) * 5000 // up to 1 ms … 150 ms
	c, err := New(Options{Seed: seed, Nodes: 2 + int(seed%3), Timing: timing, Files: manifests{}})
	if err != nil {
		t.Fatal(err)
	}
	tr := &trial{c: c, dice: rand.New(rand.NewPCG(seed, 7)), bounds: bounds{most: 0, least: -1}}
	tr.check = tr.invariants
	return tr
}

// live is the whole of a trial: start, a few deeds, and the final judgement.
func (tr *trial) live() error {
	if err := tr.c.RunUntilQuiet(1_000_000); err != nil {
		return err
	}
	tr.bounds = bounds{most: 8, least: -1}
	replicas := 1 + tr.dice.Int32N(4)
	if err := tr.do(fmt.Sprintf("kubectl create deployment web --image=nginx --replicas=%d", replicas)); err != nil {
		return err
	}
	for range 3 + tr.dice.IntN(3) {
		if err := tr.deed(); err != nil {
			return err
		}
	}
	return tr.settled()
}

// deed is one thing that people do.
func (tr *trial) deed() error {
	d := tr.deployment()
	before := ptr.Deref(d.Spec.Replicas, 1)
	switch tr.dice.IntN(6) {
	case 5:
		tr.bounds = bounds{most: withSurge(before), least: floor(before)}
		return tr.do("kubectl patch deployment web -p '" + wishes[tr.dice.IntN(len(wishes))] + "'")
	case 0:
		n := tr.dice.Int32N(6)
		tr.bounds = bounds{most: withSurge(max(before, n)), least: floor(min(before, n))}
		if n > before {
			tr.bounds.least = floor(before)
		}
		return tr.do(fmt.Sprintf("kubectl scale deployment web --replicas=%d", n))
	case 1:
		tr.bounds = bounds{most: withSurge(before), least: floor(before)}
		return tr.do(fmt.Sprintf("kubectl set image deployment/web nginx=nginx:1.%d", 20+tr.dice.IntN(8)))
	case 2:
		tr.bounds = bounds{most: withSurge(before), least: floor(before)}
		return tr.do("kubectl rollout undo deployment/web")
	case 3:
		tr.bounds = bounds{most: withSurge(before) + 1, least: -1}
		pods := tr.pods()
		if len(pods) == 0 {
			return nil
		}
		return tr.do("kubectl delete pod --wait=false " + pods[tr.dice.IntN(len(pods))].Name)
	default:
		tr.bounds = bounds{most: withSurge(before), least: floor(before)}
		return tr.do("kubectl rollout restart deployment/web")
	}
}

// wishes are what a template may ask of scheduler and kubelet.
var wishes = []string{
	`{"spec":{"template":{"spec":{"containers":[{"name":"nginx","readinessProbe":{"httpGet":{"path":"/","port":80},"initialDelaySeconds":2,"periodSeconds":3}}]}}}}`,
	`{"spec":{"template":{"spec":{"containers":[{"name":"nginx","startupProbe":{"tcpSocket":{"port":80}},"livenessProbe":{"httpGet":{"path":"/","port":80}}}]}}}}`,
	`{"spec":{"template":{"spec":{"containers":[{"name":"nginx","lifecycle":{"preStop":{"sleep":{"seconds":3}},"postStart":{"exec":{"command":["sleep","1"]}}}}]}}}}`,
	`{"spec":{"template":{"spec":{"priorityClassName":"system-cluster-critical"}}}}`,
	`{"spec":{"template":{"spec":{"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":50,"podAffinityTerm":{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"web"}}}}]}}}}}}`,
	`{"spec":{"template":{"spec":{"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/os","labelSelector":{"matchLabels":{"app":"web"}}}]}}}}}}`,
	`{"spec":{"template":{"spec":{"topologySpreadConstraints":[{"maxSkew":2,"topologyKey":"kubernetes.io/hostname","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"web"}},"matchLabelKeys":["pod-template-hash"]}]}}}}`,
}

func resolve(percent string, n int32, up bool) int32 {
	v, _ := intstr.GetScaledValueFromIntOrPercent(ptr.To(intstr.FromString(percent)), int(n), up)
	return int32(v)
}

func withSurge(n int32) int32 { return n + resolve("25%", n, true) }
func floor(n int32) int32     { return n - resolve("25%", n, false) }

// do types a line and lives through what follows, with trouble.
func (tr *trial) do(line string) error {
	var said string
	tr.c.Exec(line, func(string) {}, func(s string) { said += s }, func(int) {})
	for steps := 0; !tr.c.Quiet() || tr.held != ""; steps++ {
		if steps > 200_000 {
			return fmt.Errorf("%q: not quiet after %d steps", line, steps)
		}
		tr.trouble()
		before := tr.c.Revision()
		if _, ok := tr.c.Step(); !ok || tr.c.Quiet() {
			tr.free()
		}
		if tr.c.Revision() != before {
			if err := tr.check(); err != nil {
				return fmt.Errorf("%q, revision %d: %w", line, tr.c.Revision(), err)
			}
		}
	}
	return nil
}

// trouble strikes now and then: a crash, a broken watch, a component that hangs for a while.
func (tr *trial) trouble() {
	if tr.c.Now().Sub(tr.since) > 20*time.Second {
		tr.free() // a kubelet that hangs for longer has its node, rightly, taken for dead
	}
	roll := tr.dice.IntN(400)
	if roll > 3 {
		return
	}
	actors := tr.c.Actors()
	actor := actors[tr.dice.IntN(len(actors))].Name
	switch roll {
	case 0:
		tr.must(tr.c.Restart(actor))
	case 1:
		tr.must(tr.c.Disconnect(actor))
	case 2:
		tr.free()
		tr.must(tr.c.Hold(actor))
		tr.held, tr.since = actor, tr.c.Now()
	case 3:
		tr.free()
	}
}

func (tr *trial) free() {
	if tr.held != "" {
		tr.must(tr.c.Release(tr.held))
		tr.held = ""
	}
}

func (tr *trial) must(err error) {
	if err != nil {
		panic(err)
	}
}

func (tr *trial) deployment() *appsv1.Deployment {
	var found *appsv1.Deployment
	each(tr.c, func(d *appsv1.Deployment) { found = d })
	return found
}

func (tr *trial) pods() []*corev1.Pod {
	var all []*corev1.Pod
	each(tr.c, func(p *corev1.Pod) { all = append(all, p) })
	return all
}

// invariants must hold after every write.
func (tr *trial) invariants() error {
	sets := map[string]bool{}
	var wanted int32
	var err error
	each(tr.c, func(r *appsv1.ReplicaSet) {
		sets[string(r.UID)] = true
		if ref := metav1.GetControllerOf(r); ref == nil || ref.Kind != "Deployment" {
			err = fmt.Errorf("replica set %s has no Deployment", r.Name)
		}
		wanted += ptr.Deref(r.Spec.Replicas, 1)
	})
	if err != nil {
		return err
	}
	if wanted > tr.bounds.most {
		return fmt.Errorf("the replica sets want %d pods, at most %d are allowed", wanted, tr.bounds.most)
	}
	return tr.podInvariants(sets)
}

func (tr *trial) podInvariants(sets map[string]bool) error {
	var alive, available int32
	for _, p := range tr.pods() {
		ref := metav1.GetControllerOf(p)
		if ref == nil || !sets[string(ref.UID)] {
			return fmt.Errorf("pod %s has no replica set", p.Name)
		}
		if p.DeletionTimestamp == nil {
			alive++
			if ready(p) {
				available++
			}
		}
	}
	if alive > tr.bounds.most {
		return fmt.Errorf("%d pods, at most %d are allowed", alive, tr.bounds.most)
	}
	if available < tr.bounds.least {
		return fmt.Errorf("%d pods available, at least %d are promised", available, tr.bounds.least)
	}
	return nil
}

func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// settled is the judgement: once nothing is under way, and retries have had
// their time, the cluster is what the spec says.
func (tr *trial) settled() error {
	if err := tr.c.AdvanceTo(tr.c.Now().Add(2*time.Minute), 1_000_000); err != nil {
		return err
	}
	if err := tr.c.RunUntilQuiet(1_000_000); err != nil {
		return err
	}
	d := tr.deployment()
	want := ptr.Deref(d.Spec.Replicas, 1)
	pods := tr.pods()
	if int32(len(pods)) != want {
		return fmt.Errorf("settled on %d pods, the spec says %d", len(pods), want)
	}
	image := d.Spec.Template.Spec.Containers[0].Image
	for _, p := range pods {
		if p.Spec.Containers[0].Image != image || !ready(p) || p.Spec.NodeName == "" {
			return fmt.Errorf("pod %s runs %s on %q, ready %v", p.Name, p.Spec.Containers[0].Image, p.Spec.NodeName, ready(p))
		}
	}
	s := d.Status
	if s.ObservedGeneration != d.Generation || s.Replicas != want || s.ReadyReplicas != want || s.UpdatedReplicas != want || s.AvailableReplicas != want {
		return fmt.Errorf("settled on %d pods with status %+v of generation %d", want, s, d.Generation)
	}
	return nil
}
