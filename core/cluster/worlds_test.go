package cluster

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/kubelet"
	"github.com/tabernetes/tabernetes/core/trace"
)

// TestWorlds lives through many small worlds, each with some nodes that are
// soon full, workloads of two or three kinds, and troubles: components crash,
// hang and lose their watches, nodes die, pulls take long or fail. After every
// write what must hold always is checked (worlds_always_test.go), and once the
// troubles are over, what they must come to (worlds_settled_test.go). Then all
// controllers are started anew, and have nothing to write.
func TestWorlds(t *testing.T) {
	from, to := seeds(t)
	if os.Getenv("TABERNETES_SEEDS") == "" && to-from > 1 {
		to = from + 300
	}
	const shards = 2
	for shard := range uint64(shards) {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			for seed := from + shard; seed < to; seed += shards {
				if done := seed - from; done%1000 < shards && done >= 1000 {
					t.Logf("%d of %d worlds", done, to-from)
				}
				if err := liveIn(seed); err != nil {
					t.Errorf("seed %d: %v\nreplay: TABERNETES_SEED=%d go test -run TestWorlds ./core/cluster", seed, err, seed)
				}
			}
		})
	}
}

// liveIn is one world from its beginning to its judgement.
func liveIn(seed uint64) error {
	tr, err := newWorld(seed)
	if err != nil {
		return err
	}
	for _, k := range tr.kinds {
		if err := tr.apply(k.manifest); err != nil {
			return err
		}
	}
	for range 3 + tr.dice.IntN(4) {
		if err := tr.strike(); err != nil {
			return err
		}
		k := tr.kinds[tr.dice.IntN(len(tr.kinds))]
		if err := tr.do("kubectl " + k.deeds[tr.dice.IntN(len(k.deeds))](tr.trial)); err != nil {
			return err
		}
	}
	if err := tr.peace(); err != nil {
		return err
	}
	if err := tr.judgement(); err != nil {
		return err
	}
	if err := tr.inVain(); err != nil {
		return err
	}
	return tr.allSecondPasses()
}

// world is a trial with what can be in it.
type world struct {
	*trial
	kinds  []worldly
	mirror *mirror
	input  *string
	dead   []string // nodes
}

// worldly is a kind of workload: what makes it, and what people do to it.
type worldly struct {
	manifest string
	deeds    []func(*trial) string
}

func newWorld(seed uint64) (*world, error) {
	timing := client.DefaultTiming
	timing.Spread = int64(seed%4) * 5000
	input := ""
	c, err := New(Options{Seed: seed, Nodes: -1, Timing: timing, Files: paper{&input}})
	if err != nil {
		return nil, err
	}
	tr := &trial{c: c, dice: rand.New(rand.NewPCG(seed, 23))}
	w := &world{trial: tr, input: &input}
	for i := range 1 + tr.dice.IntN(3) {
		config := kubelet.DefaultConfig()
		config.Capacity[corev1.ResourceCPU] = resource.MustParse([]string{"3", "4", "8"}[tr.dice.IntN(3)])
		c.Join(fmt.Sprintf("node-%d", i+1), config)
	}
	if w.mirror, err = follow(c); err != nil {
		return nil, err
	}
	tr.check = func() error { return w.mirror.broken }
	for _, i := range tr.dice.Perm(len(allKinds))[:2+tr.dice.IntN(2)] {
		w.kinds = append(w.kinds, allKinds[i])
	}
	return w, c.RunUntilQuiet(1_000_000)
}

func (w *world) apply(manifest string) error {
	*w.input = manifest
	before := len(w.mirror.now)
	err := w.do("kubectl apply -f paper.yaml")
	if err == nil && len(w.mirror.now) == before {
		err = fmt.Errorf("nothing came of\n%s", manifest)
	}
	return err
}

// strike is one trouble, or none.
func (w *world) strike() error {
	node := fmt.Sprintf("node-%d", 1+w.dice.IntN(3))
	switch w.dice.IntN(7) {
	case 0:
		if w.c.Stop("kubelet/"+node) == nil { // there may be no such node
			w.dead = append(w.dead, node)
		}
		return w.pass(time.Duration(20+w.dice.IntN(500)) * time.Second)
	case 1:
		return w.revive()
	case 2:
		return w.c.Pulls([]string{"nginx 30s", "nginx fail", "redis 45s", "busybox 20s"}[w.dice.IntN(4)])
	case 3:
		return w.do(fmt.Sprintf("kubectl cordon %s; kubectl delete pods --all --wait=false", node))
	case 4:
		return w.do("kubectl uncordon " + node)
	case 5:
		return w.pass(time.Duration(w.dice.IntN(90)) * time.Second)
	}
	return nil
}

func (w *world) revive() error {
	for _, node := range w.dead {
		w.must(w.c.Start("kubelet/" + node))
	}
	w.dead = nil
	return nil
}

// pass lets virtual time pass, with troubles.
func (w *world) pass(d time.Duration) error {
	for until := w.c.Now().Add(d); ; {
		at, ok := w.c.NextAt()
		if !ok || at.After(until) {
			w.free()
			return nil
		}
		w.trouble()
		w.c.Step()
		if err := w.check(); err != nil {
			return fmt.Errorf("revision %d: %w", w.c.Revision(), err)
		}
	}
}

// peace ends all troubles and gives everything the time that it may take: a
// lost node's pods five minutes, a job's and a container's back-off six.
func (w *world) peace() error {
	w.free()
	w.must(w.revive())
	for _, image := range []string{"nginx", "redis", "busybox"} {
		w.must(w.c.Pulls(image + " normal"))
	}
	var lines []string
	for _, n := range w.nodes() {
		lines = append(lines, "kubectl uncordon "+n.Name)
	}
	lines = append(lines, `kubectl patch cronjob hello --type=merge -p '{"spec":{"suspend":true}}'`)
	if err := w.do(strings.Join(lines, "; ")); err != nil {
		return err
	}
	w.free()
	if err := w.c.AdvanceTo(w.c.Now().Add(15*time.Minute), 5_000_000); err != nil {
		return err
	}
	return w.check()
}

// inVain: nobody makes a pod or job anew that it has made before, and not yet seen.
func (w *world) inVain() error {
	for _, e := range w.c.Entries(0, 0) {
		if e.Type == trace.Refused && e.Verb == "create" && e.Code == 409 && (e.Resource == "pods" || e.Resource == "jobs") && strings.HasSuffix(e.Actor, "-controller") {
			return fmt.Errorf("%s makes %s %s again", e.Actor, e.Resource, e.Name)
		}
	}
	return nil
}

// allSecondPasses starts all controllers and the scheduler anew.
func (w *world) allSecondPasses() error {
	from := w.c.LastEntry()
	var actors []string
	for _, p := range controlPlane {
		actors = append(actors, p.actor)
		w.must(w.c.Restart(p.actor))
	}
	if err := w.c.AdvanceTo(w.c.Now().Add(2*time.Minute), 1_000_000); err != nil {
		return err
	}
	for _, e := range w.c.Entries(from, 0) {
		writes := e.Type == trace.Write || e.Type == trace.Refused
		if writes && slices.Contains(actors, e.Actor) && e.Resource != "events" {
			return fmt.Errorf("in a settled world %s makes a %s of %s/%s %s: %s", e.Actor, e.Verb, e.Resource, e.Subresource, e.Name, e.Message)
		}
	}
	return nil
}

// one makes a deed of a line.
func one(format string, bound ...int) func(*trial) string {
	return func(tr *trial) string {
		var args []any
		for _, b := range bound {
			args = append(args, tr.dice.IntN(b))
		}
		return fmt.Sprintf(format, args...)
	}
}

func killPod(tr *trial) string { return "delete pod --wait=false " + tr.anyPod() }

func forcePod(tr *trial) string { return "delete pod --force --grace-period=0 " + tr.anyPod() }

func drainNode(tr *trial) string {
	node := fmt.Sprintf("node-%d", 1+tr.dice.IntN(3))
	return "drain " + node + " --timeout=40s --force --ignore-daemonsets; kubectl uncordon " + node
}

// allKinds are what worlds are made of. A pod takes one cpu, so that nodes of
// three are soon full.
var allKinds = []worldly{
	{named("apps/v1", "Deployment", "web", "nginx", "replicas: 2, "), []func(*trial) string{
		one("scale deployment web --replicas=%d", 6), one("set image deployment/web c=nginx:1.2%d", 9), one("rollout undo deployment/web"),
		one("rollout restart deployment/web"), one("rollout pause deployment/web; kubectl rollout resume deployment/web"), killPod, forcePod,
		one("delete deployment web --cascade=orphan; kubectl apply -f paper.yaml"),
	}},
	{named("apps/v1", "ReplicaSet", "solo", "nginx", "replicas: 2, "), []func(*trial) string{
		one("scale replicaset solo --replicas=%d", 5), one("label pods -l app=solo app=%d --overwrite", 3), killPod, forcePod,
	}},
	{named("apps/v1", "DaemonSet", "agent", "redis", ""), []func(*trial) string{
		one("set image daemonset/agent c=redis:7.%d", 4), one("rollout undo daemonset/agent"), killPod, drainNode,
		one("delete daemonset agent --cascade=orphan; kubectl apply -f paper.yaml"),
	}},
	{named("apps/v1", "StatefulSet", "db", "redis", "replicas: 2, serviceName: db, "), []func(*trial) string{
		one("scale statefulset db --replicas=%d", 4), one("set image statefulset/db c=redis:7.%d", 4), one("rollout undo statefulset/db"), killPod, forcePod,
	}},
	{named("batch/v1", "Job", "count", "busybox", "completions: 3, parallelism: 2, "), []func(*trial) string{
		killPod, forcePod, one(`patch job count --type=merge -p '{"spec":{"parallelism":%d}}'`, 4),
		one(`patch job count --type=merge -p '{"spec":{"suspend":true}}'; kubectl patch job count --type=merge -p '{"spec":{"suspend":false}}'`),
		one("delete job count --wait=false; kubectl apply -f paper.yaml"),
	}},
	{named("batch/v1", "Job", "parts", "busybox", "completions: 4, parallelism: 2, completionMode: Indexed, backoffLimitPerIndex: 3, "), []func(*trial) string{killPod, forcePod}},
	{cronManifest, []func(*trial) string{killPod, one("delete jobs --all --wait=false"), one("create job now-%d --from=cronjob/hello", 4)}},
	{named("apps/v1", "Deployment", "shop", "nginx", "replicas: 3, ") + "---\n" + shopManifest, []func(*trial) string{
		one("scale deployment shop --replicas=%d", 5), one("set image deployment/shop c=nginx:1.2%d", 9), killPod, drainNode,
		one("patch poddisruptionbudget shop --type=merge -p '{\"spec\":{\"maxUnavailable\":%d}}'", 3), one("label service shop side=%d --overwrite", 4),
		one("delete endpointslices --all"),
	}},
	{keepManifest, []func(*trial) string{
		one("scale statefulset keep --replicas=%d", 4), killPod, one("delete pvc data-keep-%d --wait=false", 3), one("set image statefulset/keep c=redis:7.%d", 4),
	}},
	{spaceManifest, []func(*trial) string{
		one("create deployment there-%d --image=nginx -n space", 9), one("delete namespace space --wait=false"),
		one("delete serviceaccount default -n space"), one("delete configmap kube-root-ca.crt -n space"),
		one("create namespace space"),
	}},
}

// named is a workload whose pods take a cpu each.
func named(version, kind, name, image, spec string) string {
	selector, policy, command := fmt.Sprintf("selector: {matchLabels: {app: %s}}, ", name), "", ""
	if kind == "Job" {
		selector, policy, command = "", "restartPolicy: Never, ", `command: ["sleep", "5"], `
	}
	return fmt.Sprintf(`apiVersion: %s
kind: %s
metadata: {name: %s}
spec: {%s%stemplate: {metadata: {labels: {app: %s}}, spec: {%sterminationGracePeriodSeconds: 2, containers: [{name: c, image: %s, %sresources: {requests: {cpu: "1"}}}]}}}
`, version, kind, name, spec, selector, name, policy, image, command)
}

const cronManifest = `apiVersion: batch/v1
kind: CronJob
metadata: {name: hello}
spec:
  schedule: "* * * * *"
  concurrencyPolicy: Forbid
  jobTemplate: {spec: {ttlSecondsAfterFinished: 400, template: {spec: {restartPolicy: OnFailure, containers: [{name: c, image: busybox, command: [sleep, "20"]}]}}}}
`

const shopManifest = `apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: shop}}}
`

const keepManifest = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: keep}
spec:
  replicas: 2
  serviceName: keep
  selector: {matchLabels: {app: keep}}
  template:
    metadata: {labels: {app: keep}}
    spec:
      terminationGracePeriodSeconds: 2
      containers: [{name: c, image: redis, resources: {requests: {cpu: "1"}}, volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
`

const spaceManifest = `apiVersion: v1
kind: Namespace
metadata: {name: space}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: most, namespace: default}
spec: {hard: {pods: "60", count/jobs.batch: "40", services: "9"}}
`
