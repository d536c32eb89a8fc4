package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

// autoscaleDeed is what happens to what an autoscaler looks after.
func autoscaleDeed(tr *trial) string {
	switch tr.dice.IntN(5) {
	case 0:
		return "delete pod --wait=false " + tr.anyPod()
	case 1:
		return fmt.Sprintf("scale deployment web --replicas=%d", 1+tr.dice.IntN(9))
	case 2:
		return "rollout restart deployment/web"
	default:
		return fmt.Sprintf("annotate service web --overwrite %s=%dm", api.LoadAnnotation, 50*tr.dice.IntN(12))
	}
}

// autoscaleCheck: what the autoscaler wants is within its bounds.
func autoscaleCheck(tr *trial) error {
	hpa := only[*autoscalingv2.HorizontalPodAutoscaler](tr.c)
	if hpa == nil {
		return nil
	}
	if n := hpa.Status.DesiredReplicas; n != 0 && (n < *hpa.Spec.MinReplicas || n > hpa.Spec.MaxReplicas) {
		return fmt.Errorf("%d replicas are desired", n)
	}
	return nil
}

// autoscaleSettled: there are as many pods as the load needs, give or take what
// is tolerated.
func autoscaleSettled(tr *trial) error {
	if err := tr.c.AdvanceTo(tr.c.Now().Add(6*time.Minute), 1_000_000); err != nil {
		return err
	}
	d, hpa := only[*appsv1.Deployment](tr.c), only[*autoscalingv2.HorizontalPodAutoscaler](tr.c)
	var load int32
	each(tr.c, func(s *corev1.Service) {
		if text := s.Annotations[api.LoadAnnotation]; text != "" {
			_, _ = fmt.Sscanf(text, "%dm", &load)
		}
	})
	n := *d.Spec.Replicas
	percent := load/n + 1
	switch {
	case n != hpa.Status.CurrentReplicas || n != hpa.Status.DesiredReplicas || d.Status.ReadyReplicas != n:
		return fmt.Errorf("%d replicas, %d ready, the autoscaler says %+v", n, d.Status.ReadyReplicas, hpa.Status)
	case percent > 55 && n < hpa.Spec.MaxReplicas, percent < 45 && (load+n+49)/50 < n && n > *hpa.Spec.MinReplicas:
		return fmt.Errorf("%d replicas for a load of %d: %d%%", n, load, percent)
	}
	return nil
}

// TestTop: what a load makes pods use is seen, shared and limited.
func TestTop(t *testing.T) {
	c := start(t, Options{Files: manifests{}})
	run(t, c, "create -f autoscaled.yaml")
	run(t, c, "annotate service web --overwrite "+api.LoadAnnotation+"=cpu=300m,memory=64Mi")
	if err := c.AdvanceTo(c.Now().Add(4*time.Minute), maxEvents); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"kubectl top pods --no-headers --sum":          "43m 17Mi",
		"kubectl top pods -l app=none":                 "No resources found in default namespace.",
		"kubectl top pod --containers --sort-by=cpu":   "POD NAME CPU(cores) MEMORY(bytes)",
		"kubectl top nodes --no-headers --sort-by=cpu": "node-2 189m 2% 451Mi 2%",
	} {
		r, err := c.Run(line)
		if got := strings.Join(strings.Fields(r.Stdout+r.Stderr), " "); err != nil || r.Exit != 0 || !strings.Contains(got, want) {
			t.Errorf("%s: %v, exit %d\n%s", line, err, r.Exit, r.Stdout+r.Stderr)
		}
	}
}
