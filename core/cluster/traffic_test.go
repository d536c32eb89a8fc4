package cluster

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tabernetes/tabernetes/core/trace"
)

// shop is a Deployment whose image takes three seconds to begin to answer, with
// or without what makes an update gentle.
const shop = `apply -f - <<'.'
apiVersion: v1
kind: ConfigMap
metadata: {name: image-catalogue, namespace: kube-system}
data:
  shop: |
    - {image: example.com/shop, serves: [{port: 80, after: 3s, body: "shop {version}"}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - name: shop
        image: example.com/shop:1.0
        %s
.`

const (
	gentle = "readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}\n        lifecycle: {preStop: {sleep: {seconds: 5}}}"
	hasty  = "ports: [{containerPort: 80}]"
)

// update rolls the shop to a new image under traffic, and returns what came of
// that.
func update(t *testing.T, seed uint64, manners string) Traffic {
	t.Helper()
	c := start(t, Options{Seed: seed})
	run(t, c, fmt.Sprintf(shop, manners))
	pass(t, c, 10*time.Second)
	if err := c.Send("http://shop 50/s 40s"); err != nil {
		t.Fatal(err)
	}
	run(t, c, "set image deployment/shop shop=example.com/shop:1.1")
	pass(t, c, time.Minute)
	all := c.Traffic()
	if len(all) != 1 || !all[0].Over || all[0].Sent != 2000 {
		t.Fatalf("seed %d: %+v", seed, all)
	}
	return all[0]
}

// TestAGentleUpdateLosesNoRequest over many seeds, and a hasty one loses some:
// pods that are not ready yet are in the rotation without a readiness probe, and
// those that go leave it later than they stop listening.
func TestAGentleUpdateLosesNoRequest(t *testing.T) {
	seeds := 4
	if n, err := strconv.Atoi(os.Getenv("TABERNETES_SEEDS")); err == nil {
		seeds = n
	}
	lost := 0
	for seed := range seeds {
		if got := update(t, uint64(seed+1), gentle); got.Missed() > 0 {
			t.Errorf("seed %d: gently, yet %v were lost", seed+1, got.Lost)
		}
		got := update(t, uint64(seed+1), hasty)
		if lost += got.Missed(); got.Lost["refused"] != got.Missed() && got.Lost["refused"]+got.Lost["no-route"] != got.Missed() {
			t.Errorf("seed %d: lost for other reasons: %v", seed+1, got.Lost)
		}
	}
	t.Logf("%d seeds: hastily %d of %d were lost", seeds, lost, seeds*2000)
	if lost == 0 {
		t.Error("a hasty update lost no request")
	}
}

// TestTheTraceTellsOfEveryRequest: the entries of a run together tell the way of
// each request that it sent, and the last one before any place what it had come
// to by then.
func TestTheTraceTellsOfEveryRequest(t *testing.T) {
	c := start(t, Options{Seed: 1})
	run(t, c, fmt.Sprintf(shop, hasty))
	pass(t, c, 10*time.Second)
	if err := c.Send("outside http://shop 10/s 1s"); err != nil { // names lead outsiders to ingress, which knows none
		t.Fatal(err)
	}
	if err := c.Send("http://shop 50/s 40s"); err != nil {
		t.Fatal(err)
	}
	run(t, c, "set image deployment/shop shop=example.com/shop:1.1")
	pass(t, c, time.Minute)
	sent, lost := map[int]int{}, map[int]int{}
	for _, e := range c.Entries(0, 0) {
		if e.Verb != "request" {
			continue
		}
		told := e.Verdict.Traffic
		for _, w := range told.Ways {
			sent[told.Run] += w.Count
			if w.Lost != "" {
				lost[told.Run] += w.Count
			} else if told.Run == 2 && (w.Pod == "" || w.Node == "") {
				t.Errorf("answered by nobody: %+v", w)
			}
		}
		if told.Sent != sent[told.Run] || told.Sent-told.Answered != lost[told.Run] {
			t.Fatalf("the entries up to %d tell of %d requests, %d lost; it says %+v", e.Seq, sent[told.Run], lost[told.Run], told)
		}
		then := c.Requests(e.Seq)
		if !slices.ContainsFunc(then, func(l trace.Line) bool { return l.Seq == e.Seq }) || len(then) > 12 {
			t.Fatalf("at entry %d this was told: %+v", e.Seq, then)
		}
	}
	all := c.Traffic()
	if sent[1] != 10 || sent[2] != all[1].Sent || lost[2] != all[1].Missed() || lost[2] == 0 {
		t.Errorf("told of %v requests, %v of them lost; they came to %+v", sent, lost, all)
	}
}

// TestTheTraceTellsOfProgramsRequests, with the pod that asks and the one that answers.
func TestTheTraceTellsOfProgramsRequests(t *testing.T) {
	c := start(t, Options{Seed: 1})
	run(t, c, "create deployment web --image=nginx")
	run(t, c, "expose deployment web --port=80")
	run(t, c, "run box --image=busybox --command -- sleep 1d")
	run(t, c, "exec box -- wget -qO- http://web")
	run(t, c, "scale deployment web --replicas=0")
	pass(t, c, 40*time.Second)
	if r, err := c.Run("kubectl exec box -- wget -qO- http://web"); err != nil || r.Exit == 0 {
		t.Fatalf("nobody is there, yet: %+v, %v", r, err)
	}
	before := c.LastEntry()
	if n := len(c.Requests(0)); n != 0 {
		t.Errorf("before anything happened there were %d runs", n)
	}
	for i := range 2 * maxRuns { // each from a pod of its own
		if _, err := c.Run(fmt.Sprintf("kubectl run tmp-%d --rm -i --image=busybox --restart=Never -- wget -qO- http://web", i)); err != nil {
			t.Fatal(err)
		}
	}
	if all := c.Requests(c.LastEntry()); len(all) != maxRuns || all[maxRuns-1].Verdict.Traffic.Run != 2*maxRuns+1 {
		t.Errorf("of %d runs %d were told of: %+v", 2*maxRuns+1, len(all), all)
	}
	last := c.Requests(before)
	if len(last) != 1 { // the first is older than a second
		t.Fatalf("%d runs: %+v", len(last), last)
	}
	got := *last[0].Verdict.Traffic
	want := trace.Traffic{
		Run: 1, From: "default/box", Service: "default/web", Sent: 2, Answered: 1,
		Lost: map[string]int{"refused": 1}, Ways: []trace.Way{{Lost: "refused", Count: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
