package cluster

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

// TestAProvisionerThatComesLate: what it is told first at its start, the claims
// or their class, is chance; the claims that wait get their volumes either way.
func TestAProvisionerThatComesLate(t *testing.T) {
	for seed := range uint64(12) {
		timing := client.DefaultTiming
		timing.Spread = 5000
		text := `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db}, spec: {containers: [{name: c, image: redis}], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}}`
		c := start(t, Options{Seed: seed, Nodes: 1, Timing: timing, Files: paper{&text}})
		if err := c.Stop("local-path-provisioner"); err != nil {
			t.Fatal(err)
		}
		run(t, c, "apply -f paper.yaml")
		settle(t, c)
		if err := c.Start("local-path-provisioner"); err != nil {
			t.Fatal(err)
		}
		settle(t, c)
		each(c, func(claim *corev1.PersistentVolumeClaim) {
			if claim.Status.Phase != corev1.ClaimBound {
				t.Errorf("seed %d: the claim is %s", seed, claim.Status.Phase)
			}
		})
	}
}
