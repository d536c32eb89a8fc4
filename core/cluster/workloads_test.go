package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/trace"
)

// workload is a kind put through trials as TestSimulation puts Deployments.
type workload struct {
	controller string // whose second pass must write nothing; there may be several
	create     string
	deed       func(*trial) string // a line to type; it sets what check may rely on
	check      func(*trial) error  // holds after every write
	settled    func(*trial) error
}

var workloads = map[string]workload{
	"daemonset":   {"daemon-set-controller", "create -f daemonset.yaml", daemonSetDeed, daemonSetCheck, daemonSetSettled},
	"statefulset": {"statefulset-controller", "create -f statefulset-claims.yaml", statefulSetDeed, statefulSetCheck, statefulSetSettled},
	"job":         {"job-controller", "create -f job.yaml", jobDeed, jobCheck, jobSettled},
	"cronjob":     {"cronjob-controller", "create -f cronjob-minute.yaml", cronJobDeed, cronJobCheck, cronJobSettled},
	"slices":      {"endpointslice-controller", "create -f service.yaml", serviceDeed, serviceCheck, serviceSettled},
	"endpoints":   {"endpoint-controller", "create -f service.yaml", serviceDeed, serviceCheck, serviceSettled},
	"mirror":      {"endpointslicemirroring-controller", "create -f mirrored.yaml", mirrorDeed, mirrorCheck, mirrorSettled},
	"budgets":     {"disruption-controller", "create -f service.yaml", serviceDeed, serviceCheck, budgetSettled},
	"autoscaler":  {"horizontal-pod-autoscaler", "create -f autoscaled.yaml", autoscaleDeed, autoscaleCheck, autoscaleSettled},
	"ephemeral": {"ephemeral-volume-controller pvc-protection-controller local-path-provisioner",
		"create -f ephemeral.yaml", ephemeralDeed, ephemeralCheck, ephemeralSettled},
	"claims": {"expand-controller persistent-volume-binder pvc-protection-controller pv-protection-controller local-path-provisioner",
		"create -f statefulset-claims.yaml", claimsDeed, claimsCheck, claimsSettled},
	"indexed job": {"job-controller", "create -f job-indexed.yaml", jobDeed, jobCheck, jobSettled},
}

// TestWorkloads lives through worlds with every kind of workload under random
// delays, restarts, lost watches and components that hang.
func TestWorkloads(t *testing.T) {
	from, to := seeds(t)
	if to == 601 {
		to = 41
	}
	for name, w := range workloads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := from; seed < to; seed++ {
				tr := newTrial(t, seed)
				if err := tr.work(w); err != nil {
					if to == from+1 {
						tr.tell(t)
					}
					t.Fatalf("%v\nreplay: TABERNETES_SEED=%d go test -run TestWorkloads/%s ./core/cluster", err, seed, name)
				}
			}
		})
	}
}

// work is the whole of a trial of a workload.
func (tr *trial) work(w workload) error {
	if err := tr.c.RunUntilQuiet(1_000_000); err != nil {
		return err
	}
	tr.bounds = bounds{least: -1}
	tr.check = func() error { return w.check(tr) }
	if err := tr.do("kubectl " + w.create); err != nil {
		return err
	}
	for range 2 + tr.dice.IntN(3) {
		tr.bounds = bounds{least: -1}
		if err := tr.do("kubectl " + w.deed(tr)); err != nil {
			return err
		}
	}
	if err := tr.rest(); err != nil {
		return err
	}
	if err := w.settled(tr); err != nil {
		return err
	}
	for _, actor := range strings.Fields(w.controller) {
		if err := tr.secondPass(actor); err != nil {
			return err
		}
	}
	return nil
}

// rest lets retries have their time.
func (tr *trial) rest() error {
	if err := tr.c.AdvanceTo(tr.c.Now().Add(2*time.Minute), 1_000_000); err != nil {
		return err
	}
	return tr.c.RunUntilQuiet(1_000_000)
}

// secondPass starts a controller anew in a world that is as it should be: it
// has nothing to write.
func (tr *trial) secondPass(actor string) error {
	from := tr.c.LastEntry()
	tr.must(tr.c.Restart(actor))
	if err := tr.rest(); err != nil {
		return err
	}
	for _, e := range tr.c.Entries(from, 0) {
		if e.Actor == actor && (e.Type == trace.Write || e.Type == trace.Refused) {
			return fmt.Errorf("in a settled world %s makes a %s of %s %s", actor, e.Verb, e.Resource, e.Name)
		}
	}
	return nil
}

// only returns the one object of a kind, nil where it isn't there.
func only[T api.Object](c *Cluster) (found T) {
	each(c, func(o T) { found = o })
	return found
}

func (tr *trial) anyPod() string {
	pods := tr.pods()
	if len(pods) == 0 {
		return "none --ignore-not-found"
	}
	return pods[tr.dice.IntN(len(pods))].Name
}

func daemonSetDeed(tr *trial) string {
	nodes := int32(len(tr.nodes()))
	switch tr.dice.IntN(5) {
	case 0:
		return "delete pod --wait=false " + tr.anyPod()
	case 1:
		tr.bounds.least = nodes - 1
		return "rollout undo daemonset/agent"
	case 2:
		tr.bounds.least = nodes - 1
		return "rollout restart daemonset/agent"
	case 3:
		return `patch daemonset agent --type=merge -p '{"spec":{"updateStrategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}'`
	default:
		tr.bounds.least = nodes - 1
		return fmt.Sprintf("set image daemonset/agent agent=fluentd:v1.%d", 14+tr.dice.IntN(4))
	}
}

func (tr *trial) nodes() []*corev1.Node {
	var all []*corev1.Node
	each(tr.c, func(n *corev1.Node) { all = append(all, n) })
	return all
}

// daemonSetCheck: one pod a node, or one of either template while a surge goes
// on, and as many available as the update leaves.
func daemonSetCheck(tr *trial) error {
	ds := only[*appsv1.DaemonSet](tr.c)
	surges := ds != nil && ds.Spec.UpdateStrategy.RollingUpdate.MaxSurge.IntVal > 0
	perNode, available := map[string]int{}, map[string]bool{}
	for _, p := range tr.pods() {
		if ref := metav1.GetControllerOf(p); ref == nil || ref.Kind != "DaemonSet" {
			return fmt.Errorf("pod %s has no DaemonSet", p.Name)
		}
		if p.DeletionTimestamp != nil {
			continue
		}
		node := p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values[0]
		if p.Spec.NodeName != "" && p.Spec.NodeName != node {
			return fmt.Errorf("pod %s is made for %s and runs on %s", p.Name, node, p.Spec.NodeName)
		}
		key := node
		if surges {
			key += p.Labels[appsv1.ControllerRevisionHashLabelKey]
		}
		if perNode[key]++; perNode[key] > 1 {
			return fmt.Errorf("%d pods on %s", perNode[key], node)
		}
		available[node] = available[node] || ready(p)
	}
	n := int32(0)
	for _, ok := range available {
		if ok {
			n++
		}
	}
	if n < tr.bounds.least {
		return fmt.Errorf("%d pods available, at least %d are promised", n, tr.bounds.least)
	}
	return nil
}

func daemonSetSettled(tr *trial) error {
	ds, n := only[*appsv1.DaemonSet](tr.c), int32(len(tr.nodes()))
	pods := tr.pods()
	if int32(len(pods)) != n {
		return fmt.Errorf("%d pods on %d nodes", len(pods), n)
	}
	for _, p := range pods {
		if image := p.Spec.Containers[0].Image; image != ds.Spec.Template.Spec.Containers[0].Image || !ready(p) {
			return fmt.Errorf("pod %s runs %s, ready %v", p.Name, image, ready(p))
		}
	}
	want := appsv1.DaemonSetStatus{
		ObservedGeneration: ds.Generation, DesiredNumberScheduled: n, CurrentNumberScheduled: n,
		NumberReady: n, NumberAvailable: n, UpdatedNumberScheduled: n,
	}
	if fmt.Sprint(want) != fmt.Sprint(ds.Status) {
		return fmt.Errorf("status %+v of generation %d on %d nodes", ds.Status, ds.Generation, n)
	}
	return revisionsFit(tr, ds.Name, ds.Spec.Template.Spec.Containers[0].Image)
}

// revisionsFit: the newest revision is that of the present template.
func revisionsFit(tr *trial, owner, image string) error {
	var newest *appsv1.ControllerRevision
	each(tr.c, func(r *appsv1.ControllerRevision) {
		if newest == nil || r.Revision > newest.Revision {
			newest = r
		}
	})
	if newest == nil || !strings.HasPrefix(newest.Name, owner+"-") || !strings.Contains(string(newest.Data.Raw), `"image":"`+image+`"`) {
		return fmt.Errorf("the newest revision is %+v, the image %s", newest, image)
	}
	return nil
}

func statefulSetDeed(tr *trial) string {
	s := only[*appsv1.StatefulSet](tr.c)
	n := *s.Spec.Replicas
	tr.bounds.most = n
	switch tr.dice.IntN(6) {
	case 0:
		return "delete pod --wait=false " + tr.anyPod()
	case 1:
		tr.bounds.least = n - 1
		return "rollout undo statefulset/db"
	case 2:
		tr.bounds.least = n - 1
		return "rollout restart statefulset/db"
	case 3:
		to := tr.dice.Int32N(6)
		tr.bounds = bounds{most: max(n, to), least: min(n, to)}
		return fmt.Sprintf("scale statefulset db --replicas=%d", to)
	case 4:
		policy := []string{"Retain", "Delete"}[tr.dice.IntN(2)]
		return `patch statefulset db --type=merge -p '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"` + policy + `"}}}'`
	default:
		tr.bounds.least = n - 1
		return fmt.Sprintf("set image statefulset/db redis=redis:7.%d", tr.dice.IntN(4))
	}
}

// statefulSetCheck: never more pods than wanted, as many available as the
// update leaves, each with a claim of its own, and none started before those
// below it were ready.
func statefulSetCheck(tr *trial) error {
	available := int32(0)
	pods := tr.pods()
	for _, p := range pods {
		if ref := metav1.GetControllerOf(p); ref == nil || ref.Kind != "StatefulSet" {
			return fmt.Errorf("pod %s has no StatefulSet", p.Name)
		}
		if p.DeletionTimestamp == nil && ready(p) {
			available++
		}
		if claim := p.Spec.Volumes[0].PersistentVolumeClaim; claim == nil || claim.ClaimName != "data-"+p.Name {
			return fmt.Errorf("pod %s has the volume %+v", p.Name, p.Spec.Volumes[0])
		}
	}
	if most := tr.bounds.most; most > 0 && int32(len(pods)) > most {
		return fmt.Errorf("%d pods, at most %d are allowed", len(pods), most)
	}
	if available < tr.bounds.least {
		return fmt.Errorf("%d pods available, at least %d are promised", available, tr.bounds.least)
	}
	return inTurn(pods, tr.bounds.least >= 0)
}

// inTurn: while nobody deletes pods, at most one at a time isn't ready.
func inTurn(pods []*corev1.Pod, undisturbed bool) error {
	starting := 0
	for _, p := range pods {
		if p.DeletionTimestamp == nil && !ready(p) {
			starting++
		}
	}
	if undisturbed && starting > 1 {
		return fmt.Errorf("%d pods are starting at the same time", starting)
	}
	return nil
}

func statefulSetSettled(tr *trial) error {
	s := only[*appsv1.StatefulSet](tr.c)
	n := *s.Spec.Replicas
	image := s.Spec.Template.Spec.Containers[0].Image
	pods, claims := tr.pods(), map[string]*corev1.PersistentVolumeClaim{}
	each(tr.c, func(c *corev1.PersistentVolumeClaim) { claims[c.Name] = c })
	if int32(len(pods)) != n {
		return fmt.Errorf("%d pods of %d", len(pods), n)
	}
	for i, p := range pods {
		if p.Name != fmt.Sprintf("db-%d", i) || p.Spec.Containers[0].Image != image || !ready(p) || claims["data-"+p.Name] == nil {
			return fmt.Errorf("pod %s in place %d runs %s, ready %v, claims %v", p.Name, i, p.Spec.Containers[0].Image, ready(p), claims)
		}
		if !metav1.IsControlledBy(claims["data-"+p.Name], s) {
			return fmt.Errorf("claim of %s: owners %v", p.Name, claims["data-"+p.Name].OwnerReferences)
		}
	}
	st := s.Status
	if st.ObservedGeneration != s.Generation || st.Replicas != n || st.ReadyReplicas != n || st.AvailableReplicas != n ||
		st.CurrentReplicas != n || st.UpdatedReplicas != n || st.CurrentRevision != st.UpdateRevision {
		return fmt.Errorf("status %+v of generation %d", st, s.Generation)
	}
	return revisionsFit(tr, s.Name, image)
}
