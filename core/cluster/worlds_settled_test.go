package cluster

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
)

// end is a world that has come to rest, as its judges see it.
type end struct {
	*mirror
	pods map[types.UID][]*corev1.Pod // that work or are to, by who controls them
	full bool                        // some wait for room
}

// judgement is what every world must come to.
func (w *world) judgement() error {
	e := end{mirror: w.mirror, pods: map[types.UID][]*corev1.Pod{}}
	var errs []error
	room := map[string]int64{}
	eachIn(e.mirror, func(n *corev1.Node) { room[n.Name] = n.Status.Allocatable.Cpu().MilliValue() })
	waiting := []*corev1.Pod{}
	eachIn(e.mirror, func(p *corev1.Pod) {
		if over(p) {
			return
		}
		if ref := metav1.GetControllerOf(p); ref != nil {
			e.pods[ref.UID] = append(e.pods[ref.UID], p)
		}
		if p.Spec.NodeName == "" {
			waiting, e.full = append(waiting, p), true
		} else if !ready(p) {
			errs = append(errs, fmt.Errorf("pod %s on %s is not ready: %s", p.Name, p.Spec.NodeName, p.Status.Phase))
		}
		room[p.Spec.NodeName] -= p.Spec.Containers[0].Resources.Requests.Cpu().MilliValue()
	})
	for _, p := range waiting {
		errs = append(errs, e.noRoom(p, room))
	}
	for _, o := range e.now {
		errs = append(errs, e.owned(o), e.workload(o), e.batch(o), e.network(o), e.policies(o), e.storage(o))
	}
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return fmt.Errorf("in the end: %w", errs[i])
}

// noRoom: a pod waits only where there is no node for it.
func (e end) noRoom(p *corev1.Pod, room map[string]int64) error {
	need := p.Spec.Containers[0].Resources.Requests.Cpu().MilliValue()
	for _, node := range slices.Sorted(maps.Keys(room)) {
		if node != "" && room[node] >= need && e.reaches(p, node) && (p.Spec.Affinity == nil || meant(p) == node) {
			return fmt.Errorf("pod %s waits, and %s has %dm left", p.Name, node, room[node])
		}
	}
	return nil
}

// used tells whether a pod keeps a claim from going.
func (e end) used(o api.Object) (used bool) {
	claim, _ := o.(*corev1.PersistentVolumeClaim)
	eachIn(e.mirror, func(p *corev1.Pod) {
		for _, v := range p.Spec.Volumes {
			used = used || claim != nil && v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim.Name
		}
	})
	return used
}

// reaches tells whether a node has the volumes that a pod is bound to.
func (e end) reaches(p *corev1.Pod, node string) bool {
	for _, v := range p.Spec.Volumes {
		if v.PersistentVolumeClaim == nil {
			continue
		}
		claim, _ := e.now["/registry/persistentvolumeclaims/"+p.Namespace+"/"+v.PersistentVolumeClaim.ClaimName].(*corev1.PersistentVolumeClaim)
		if claim == nil || claim.Spec.VolumeName == "" {
			continue
		}
		volume, _ := e.now["/registry/persistentvolumes/"+claim.Spec.VolumeName].(*corev1.PersistentVolume)
		if volume == nil || volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0] != node {
			return false
		}
	}
	return true
}

// storage: a claim that a pod uses is bound to a volume, and that one to it;
// a volume without its claim is gone.
func (e end) storage(o api.Object) error {
	switch o := o.(type) {
	case *corev1.PersistentVolumeClaim:
		volume, _ := e.now["/registry/persistentvolumes/"+o.Spec.VolumeName].(*corev1.PersistentVolume)
		// Its volume is made where its pod goes; there is none if that waits, or was scaled away first.
		if o.Status.Phase == corev1.ClaimPending && (e.full || !e.used(o)) {
			return nil
		}
		if o.Status.Phase != corev1.ClaimBound || volume == nil || volume.Spec.ClaimRef.UID != o.UID {
			return fmt.Errorf("claim %s is %s, its volume %q", o.Name, o.Status.Phase, o.Spec.VolumeName)
		}
	case *corev1.PersistentVolume:
		ref := o.Spec.ClaimRef
		claim, _ := e.now["/registry/persistentvolumeclaims/"+ref.Namespace+"/"+ref.Name].(*corev1.PersistentVolumeClaim)
		if claim == nil || claim.UID != ref.UID || o.Status.Phase != corev1.VolumeBound {
			return fmt.Errorf("volume %s is %s, for %s", o.Name, o.Status.Phase, ref.Name)
		}
	}
	return nil
}

// owned: nothing is left of what is gone, or going.
func (e end) owned(o api.Object) error {
	if o.GetDeletionTimestamp() != nil && !e.used(o) {
		return fmt.Errorf("%T %s is still going, finalizers %v", o, o.GetName(), o.GetFinalizers())
	}
	for _, ref := range o.GetOwnerReferences() {
		there := false
		for _, owner := range e.now {
			there = there || owner.GetUID() == ref.UID
		}
		if !there {
			return fmt.Errorf("%T %s is left of %s %s", o, o.GetName(), ref.Kind, ref.Name)
		}
	}
	if ns := o.GetNamespace(); ns != "" && e.now["/registry/namespaces/"+ns] == nil {
		return fmt.Errorf("%T %s is left of the namespace %s", o, o.GetName(), ns)
	}
	return nil
}

// workload: as many pods as are wanted, of the template that is wanted, and a
// status that says so.
func (e end) workload(o api.Object) error {
	pods := e.pods[o.GetUID()]
	running := int32(0)
	for _, p := range pods {
		if ready(p) {
			running++
		}
	}
	n := int32(len(pods))
	wrong := func(status any) error {
		return fmt.Errorf("%T %s: %d pods, %d of them ready; %+v", o, o.GetName(), n, running, status)
	}
	switch o := o.(type) {
	case *appsv1.ReplicaSet:
		s := o.Status
		if n != ptr.Deref(o.Spec.Replicas, 1) || s.Replicas != n || s.ReadyReplicas != running || s.AvailableReplicas != running || s.ObservedGeneration != o.Generation {
			return wrong(s)
		}
	case *appsv1.Deployment:
		s, want := o.Status, ptr.Deref(o.Spec.Replicas, 1)
		complete := s.Replicas == want && s.UpdatedReplicas == want && s.AvailableReplicas == want && s.UnavailableReplicas == 0
		if s.ObservedGeneration != o.Generation || !e.full && !complete {
			return wrong(s)
		}
	case *appsv1.StatefulSet:
		s, want := o.Status, ptr.Deref(o.Spec.Replicas, 1)
		complete := n == want && s.UpdatedReplicas == want && s.CurrentRevision == s.UpdateRevision
		if s.ObservedGeneration != o.Generation || s.Replicas != n || s.ReadyReplicas != running || !e.full && !complete {
			return wrong(s)
		}
	case *appsv1.DaemonSet:
		nodes := int32(0)
		eachIn(e.mirror, func(*corev1.Node) { nodes++ })
		s := o.Status
		if n != nodes || s.DesiredNumberScheduled != nodes || s.NumberReady != running || s.ObservedGeneration != o.Generation || !e.full && s.UpdatedNumberScheduled != nodes {
			return wrong(s)
		}
	}
	return nil
}

// batch: a job is over unless its pods wait for room; nothing is left uncounted.
func (e end) batch(o api.Object) error {
	switch o := o.(type) {
	case *batchv1.Job:
		s := o.Status
		idle := ptr.Deref(o.Spec.Parallelism, 1) == 0 || ptr.Deref(o.Spec.Suspend, false)
		if s.UncountedTerminatedPods != nil && len(s.UncountedTerminatedPods.Succeeded)+len(s.UncountedTerminatedPods.Failed) > 0 {
			return fmt.Errorf("job %s has uncounted pods: %+v", o.Name, s)
		}
		if int(s.Active) != len(e.pods[o.UID]) || !api.JobFinished(o) && !idle && !e.full {
			return fmt.Errorf("job %s: %d pods, status %+v", o.Name, len(e.pods[o.UID]), s)
		}
		if api.HasJobCondition(o, batchv1.JobComplete) && s.Succeeded != *o.Spec.Completions {
			return fmt.Errorf("job %s is complete with %d of %d", o.Name, s.Succeeded, *o.Spec.Completions)
		}
	case *batchv1.CronJob:
		finished, running := 0, 0
		eachIn(e.mirror, func(j *batchv1.Job) {
			if metav1.IsControlledBy(j, o) {
				if api.HasJobCondition(j, batchv1.JobComplete) {
					finished++
				} else if !api.JobFinished(j) {
					running++
				}
			}
		})
		if finished > int(*o.Spec.SuccessfulJobsHistoryLimit) || len(o.Status.Active) != running {
			return fmt.Errorf("cron job %s: %d finished jobs, %d at work, status %+v", o.Name, finished, running, o.Status)
		}
	}
	return nil
}

// network: slices and Endpoints name the ready pods of a service.
func (e end) network(o api.Object) error {
	s, ok := o.(*corev1.Service)
	if !ok || s.Spec.Selector == nil {
		return nil
	}
	want, slice, old := map[string]bool{}, map[string]bool{}, map[string]bool{}
	eachIn(e.mirror, func(p *corev1.Pod) {
		if p.Namespace == s.Namespace && p.Labels["app"] == s.Spec.Selector["app"] && ready(p) && !over(p) {
			want[p.Status.PodIP] = true
		}
	})
	eachIn(e.mirror, func(es *discoveryv1.EndpointSlice) {
		for _, ep := range es.Endpoints {
			if metav1.IsControlledBy(es, s) && *ep.Conditions.Ready {
				slice[ep.Addresses[0]] = true
			}
		}
	})
	eachIn(e.mirror, func(ep *corev1.Endpoints) {
		for _, sub := range ep.Subsets {
			for _, a := range sub.Addresses {
				if ep.Name == s.Name && ep.Namespace == s.Namespace {
					old[a.IP] = true
				}
			}
		}
	})
	if !maps.Equal(want, slice) || !maps.Equal(want, old) {
		return fmt.Errorf("service %s: ready %v, slices %v, Endpoints %v", s.Name, want, slice, old)
	}
	return nil
}

// policies: budgets and quotas have counted right; every namespace has its
// account and certificate; no node is thought lost.
func (e end) policies(o api.Object) error {
	switch o := o.(type) {
	case *policyv1.PodDisruptionBudget:
		healthy := int32(0)
		eachIn(e.mirror, func(p *corev1.Pod) {
			if p.Namespace == o.Namespace && p.Labels["app"] == o.Spec.Selector.MatchLabels["app"] && ready(p) && !over(p) {
				healthy++
			}
		})
		s := o.Status
		if s.CurrentHealthy != healthy || s.ObservedGeneration != o.Generation || s.DisruptionsAllowed != max(0, s.CurrentHealthy-s.DesiredHealthy) {
			return fmt.Errorf("budget %s: %d pods are well, status %+v", o.Name, healthy, s)
		}
	case *corev1.ResourceQuota:
		pods, jobs := int64(0), int64(0)
		eachIn(e.mirror, func(p *corev1.Pod) {
			if p.Namespace == o.Namespace && !over(p) {
				pods++
			}
		})
		eachIn(e.mirror, func(j *batchv1.Job) {
			if j.Namespace == o.Namespace {
				jobs++
			}
		})
		if used := o.Status.Used; used.Pods().Value() != pods || ptr.To(used["count/jobs.batch"]).Value() != jobs {
			return fmt.Errorf("quota %s: %d pods and %d jobs, status %+v", o.Name, pods, jobs, o.Status.Used)
		}
	case *corev1.Namespace:
		if e.now["/registry/serviceaccounts/"+o.Name+"/default"] == nil || e.now["/registry/configmaps/"+o.Name+"/kube-root-ca.crt"] == nil {
			return fmt.Errorf("namespace %s lacks its account or its certificate", o.Name)
		}
	case *corev1.Node:
		for _, t := range o.Spec.Taints {
			if t.Key == corev1.TaintNodeUnreachable || t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnschedulable {
				return fmt.Errorf("node %s is still %s", o.Name, t.Key)
			}
		}
	}
	return nil
}
