package cluster

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
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
