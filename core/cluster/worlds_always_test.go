package cluster

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/store"
)

// mirror is what the store holds, decoded as it is written, and what was wrong
// with a write, if anything ever was.
type mirror struct {
	now    map[string]api.Object
	ever   map[types.UID]bool
	most   map[types.UID]int32 // replicas that were ever asked for
	pods   map[types.UID]int32 // pods at a time that were, of a ReplicaSet or Job
	ready  map[string]bool     // pods that ever were, by UID, and numbered ones by their set's UID and their number
	broken error
}

func follow(c *Cluster) (*mirror, error) {
	m := &mirror{now: map[string]api.Object{}, ever: map[types.UID]bool{}, most: map[types.UID]int32{}, pods: map[types.UID]int32{}, ready: map[string]bool{}}
	_, err := c.store.Watch(store.WatchRequest{StartRevision: 1, End: store.FromKey}, func(w store.WatchResponse) {
		for _, e := range w.Events {
			m.change(e.KV)
		}
	})
	return m, err
}

func (m *mirror) change(kv store.KeyValue) {
	was := m.now[kv.Key]
	delete(m.now, kv.Key)
	if kv.Version == 0 || strings.Contains(kv.Key, "/events/") || strings.Contains(kv.Key, "/leases/") {
		return
	}
	o, err := api.DecodeStorage(kv.Value)
	if err != nil {
		return // what isn't an object
	}
	m.now[kv.Key], m.ever[o.GetUID()] = o, true
	if was != nil && was.GetUID() != o.GetUID() {
		was = nil
	}
	for _, check := range []func(was, is api.Object) error{m.anything, m.pod, m.wanted, m.made, m.counted, m.endpoints, m.bound} {
		if err := check(was, o); err != nil && m.broken == nil {
			m.broken = fmt.Errorf("%T %s: %w", o, o.GetName(), err)
		}
	}
}

func eachIn[T api.Object](m *mirror, fn func(T)) {
	for _, o := range m.now {
		if t, ok := o.(T); ok {
			fn(t)
		}
	}
}

// anything: generations and deletions are never taken back, and who controls
// an object was there when it was made.
func (m *mirror) anything(was, is api.Object) error {
	if was == nil {
		if ref := metav1.GetControllerOf(is); ref != nil && !m.ever[ref.UID] {
			return fmt.Errorf("its owner %s %s never was", ref.Kind, ref.Name)
		}
		return nil
	}
	if is.GetGeneration() < was.GetGeneration() {
		return fmt.Errorf("generation %d after %d", is.GetGeneration(), was.GetGeneration())
	}
	if was.GetDeletionTimestamp() != nil && is.GetDeletionTimestamp() == nil {
		return fmt.Errorf("a deletion was taken back")
	}
	for _, f := range is.GetFinalizers() {
		if was.GetDeletionTimestamp() != nil && !slices.Contains(was.GetFinalizers(), f) {
			return fmt.Errorf("finalizer %s after its deletion", f)
		}
	}
	return nil
}

func over(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

// pod: bound once, ended once, restarts never fall; what is bound to a node
// fits on it; none is made for an index or, by a daemon set, for a node that
// has one. (Two can come together where a new daemon set, seeing its pods late,
// makes one before it adopts what an old one of its name has left; it then
// deletes one, as upstream's does.)
func (m *mirror) pod(was, is api.Object) error {
	p, ok := is.(*corev1.Pod)
	if !ok {
		return nil
	}
	if old, ok := was.(*corev1.Pod); ok && old != nil {
		switch {
		case old.Spec.NodeName != "" && p.Spec.NodeName != old.Spec.NodeName:
			return fmt.Errorf("moved from %s to %q", old.Spec.NodeName, p.Spec.NodeName)
		case over(old) && p.Status.Phase != old.Status.Phase:
			return fmt.Errorf("%s after %s", p.Status.Phase, old.Status.Phase)
		}
		for i, s := range p.Status.ContainerStatuses {
			if i < len(old.Status.ContainerStatuses) && s.RestartCount < old.Status.ContainerStatuses[i].RestartCount {
				return fmt.Errorf("%d restarts after %d", s.RestartCount, old.Status.ContainerStatuses[i].RestartCount)
			}
		}
	}
	m.ready[string(p.UID)] = m.ready[string(p.UID)] || ready(p)
	if over(p) || p.DeletionTimestamp != nil {
		return nil
	}
	return m.alongside(p, was == nil)
}

// alongside compares a pod with the others that are to stay.
func (m *mirror) alongside(p *corev1.Pod, made bool) error {
	var err error
	ref, cpus := metav1.GetControllerOf(p), int64(0)
	eachIn(m, func(q *corev1.Pod) {
		if over(q) {
			return
		}
		if q.Spec.NodeName == p.Spec.NodeName {
			cpus += q.Spec.Containers[0].Resources.Requests.Cpu().MilliValue()
		}
		other := metav1.GetControllerOf(q)
		if q.UID == p.UID || q.DeletionTimestamp != nil || ref == nil || other == nil || ref.UID != other.UID {
			return
		}
		index, numbered := p.Annotations[batchv1.JobCompletionIndexAnnotation]
		if made && (ref.Kind == "DaemonSet" && meant(p) == meant(q) || numbered && index == q.Annotations[batchv1.JobCompletionIndexAnnotation]) {
			err = fmt.Errorf("it and %s do the same", q.Name)
		}
		if q.Status.PodIP != "" && q.Status.PodIP == p.Status.PodIP && q.Spec.NodeName == p.Spec.NodeName {
			err = fmt.Errorf("it and %s have the address %s", q.Name, q.Status.PodIP)
		}
	})
	if node, ok := m.now["/registry/minions/"+p.Spec.NodeName].(*corev1.Node); ok && cpus > node.Status.Allocatable.Cpu().MilliValue() {
		return fmt.Errorf("%dm of the cpus of %s are taken, which has %s", cpus, node.Name, node.Status.Allocatable.Cpu())
	}
	return err
}

// meant is the node that a pod of a daemon set was made for.
func meant(p *corev1.Pod) string {
	return p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values[0]
}

// wanted: what a controller asks for is never more than it was ever asked for,
// or has adopted.
func (m *mirror) wanted(was, is api.Object) error {
	switch o := is.(type) {
	case *appsv1.Deployment:
		m.most[o.UID] = max(m.most[o.UID], withSurge(ptr.Deref(o.Spec.Replicas, 1)))
	case *appsv1.StatefulSet:
		m.most[o.UID] = max(m.most[o.UID], ptr.Deref(o.Spec.Replicas, 1))
	case *appsv1.ReplicaSet:
		ref, sum := metav1.GetControllerOf(o), int32(0)
		if ref == nil || m.most[ref.UID] == 0 {
			return nil
		}
		if was != nil && !metav1.IsControlledBy(was, &metav1.ObjectMeta{UID: ref.UID}) {
			m.most[ref.UID] += ptr.Deref(o.Spec.Replicas, 1) // adopted with what it has
		}
		eachIn(m, func(r *appsv1.ReplicaSet) {
			if other := metav1.GetControllerOf(r); other != nil && other.UID == ref.UID {
				sum += ptr.Deref(r.Spec.Replicas, 1)
			}
		})
		if sum > m.most[ref.UID] {
			return fmt.Errorf("the replica sets of %s want %d pods, at most %d were ever asked for", ref.Name, sum, m.most[ref.UID])
		}
	case *corev1.Pod:
		ref := metav1.GetControllerOf(o)
		if ref == nil || ref.Kind != "StatefulSet" || m.most[ref.UID] == 0 {
			return nil
		}
		var n int32
		if _, err := fmt.Sscanf(strings.TrimPrefix(o.Name, ref.Name+"-"), "%d", &n); err != nil || n >= m.most[ref.UID] {
			return fmt.Errorf("number %d of %d", n, m.most[ref.UID])
		}
		return m.inTurn(o, was == nil, ref, n)
	}
	return nil
}

// inTurn: a numbered pod is made when those before it have been ready.
func (m *mirror) inTurn(p *corev1.Pod, made bool, ref *metav1.OwnerReference, n int32) error {
	key := func(n int32) string { return fmt.Sprint(ref.UID, "/", n) }
	if m.ready[key(n)] = m.ready[key(n)] || ready(p); made && n > 0 && !m.ready[key(n-1)] {
		return fmt.Errorf("it is made before number %d was ever ready", n-1)
	}
	return nil
}

// made: no controller makes more pods than it was ever asked for at a time,
// however late it hears of those that it has made.
func (m *mirror) made(was, is api.Object) error {
	switch o := is.(type) {
	case *appsv1.ReplicaSet:
		m.pods[o.UID] = max(m.pods[o.UID], ptr.Deref(o.Spec.Replicas, 1))
	case *batchv1.Job:
		m.pods[o.UID] = max(m.pods[o.UID], ptr.Deref(o.Spec.Parallelism, 1))
	case *corev1.Pod:
		ref, n := metav1.GetControllerOf(o), int32(0)
		if was != nil || ref == nil || m.pods[ref.UID] == 0 {
			return nil
		}
		eachIn(m, func(p *corev1.Pod) {
			if metav1.IsControlledBy(p, &metav1.ObjectMeta{UID: ref.UID}) && !over(p) && p.DeletionTimestamp == nil {
				n++
			}
		})
		if n > m.pods[ref.UID] {
			return fmt.Errorf("%s %s now has %d pods, at most %d were ever asked for", ref.Kind, ref.Name, n, m.pods[ref.UID])
		}
	}
	return nil
}

// counted: what a status has counted.
func (m *mirror) counted(was, is api.Object) error {
	switch o := is.(type) {
	case *batchv1.Job:
		old, _ := was.(*batchv1.Job)
		if old != nil && (o.Status.Succeeded < old.Status.Succeeded || api.JobFinished(old) && !api.JobFinished(o)) {
			return fmt.Errorf("status %+v after %+v", o.Status, old.Status)
		}
		if o.Status.Succeeded > ptr.Deref(o.Spec.Completions, 1<<30) {
			return fmt.Errorf("%d of %d have succeeded", o.Status.Succeeded, *o.Spec.Completions)
		}
		return m.alone(o)
	case *policyv1.PodDisruptionBudget:
		if o.Status.DisruptionsAllowed < 0 || o.Status.ObservedGeneration > o.Generation {
			return fmt.Errorf("status %+v of generation %d", o.Status, o.Generation)
		}
	case *appsv1.Deployment:
		return observed64(o.Status.ObservedGeneration, o.Generation)
	case *appsv1.ReplicaSet:
		return observed64(o.Status.ObservedGeneration, o.Generation)
	case *appsv1.StatefulSet:
		return observed64(o.Status.ObservedGeneration, o.Generation)
	case *appsv1.DaemonSet:
		return observed64(o.Status.ObservedGeneration, o.Generation)
	}
	return nil
}

func observed64(seen, is int64) error {
	if seen > is {
		return fmt.Errorf("generation %d was observed, which is %d", seen, is)
	}
	return nil
}

// alone: of a cron job that forbids it, no job is made by the clock beside one that runs.
func (m *mirror) alone(j *batchv1.Job) error {
	if j.Annotations[batchv1.CronJobScheduledTimestampAnnotation] == "" || api.JobFinished(j) || j.DeletionTimestamp != nil || j.Annotations["cronjob.kubernetes.io/instantiate"] != "" {
		return nil
	}
	var err error
	eachIn(m, func(o *batchv1.Job) {
		if o.UID != j.UID && o.Annotations[batchv1.CronJobScheduledTimestampAnnotation] != "" && !api.JobFinished(o) && o.DeletionTimestamp == nil {
			err = fmt.Errorf("it runs beside %s", o.Name)
		}
	})
	return err
}

// endpoints: a pod is in one slice of a service, and as ready only if it ever was.
func (m *mirror) endpoints(_, is api.Object) error {
	s, ok := is.(*discoveryv1.EndpointSlice)
	if !ok {
		return nil
	}
	var err error
	here := map[string]bool{}
	for _, e := range s.Endpoints {
		if e.TargetRef != nil {
			here[e.TargetRef.Name] = true
			if *e.Conditions.Ready && !m.ready[string(e.TargetRef.UID)] {
				err = fmt.Errorf("%s is ready there, and never was", e.TargetRef.Name)
			}
		}
	}
	eachIn(m, func(o *discoveryv1.EndpointSlice) {
		if o.UID == s.UID || o.Namespace != s.Namespace || o.DeletionTimestamp != nil || o.Labels[discoveryv1.LabelServiceName] != s.Labels[discoveryv1.LabelServiceName] {
			return
		}
		for _, e := range o.Endpoints {
			if e.TargetRef != nil && here[e.TargetRef.Name] {
				err = fmt.Errorf("%s is in %s too", e.TargetRef.Name, o.Name)
			}
		}
	})
	return err
}

// bound: a claim and a volume that have found each other stay together, and a
// claim that a running pod uses does not go.
func (m *mirror) bound(was, is api.Object) error {
	switch o := is.(type) {
	case *corev1.PersistentVolumeClaim:
		if old, _ := was.(*corev1.PersistentVolumeClaim); old != nil && old.Spec.VolumeName != "" && o.Spec.VolumeName != old.Spec.VolumeName {
			return fmt.Errorf("bound to %q after %s", o.Spec.VolumeName, old.Spec.VolumeName)
		}
	case *corev1.PersistentVolume:
		if old, _ := was.(*corev1.PersistentVolume); old != nil && old.Spec.ClaimRef != nil && (o.Spec.ClaimRef == nil || o.Spec.ClaimRef.UID != old.Spec.ClaimRef.UID) {
			return fmt.Errorf("bound to %+v after %s", o.Spec.ClaimRef, old.Spec.ClaimRef.Name)
		}
	case *corev1.Pod:
		for _, v := range o.Spec.Volumes {
			if v.PersistentVolumeClaim != nil && o.Status.Phase == corev1.PodRunning && o.DeletionTimestamp == nil &&
				m.now["/registry/persistentvolumeclaims/"+o.Namespace+"/"+v.PersistentVolumeClaim.ClaimName] == nil {
				return fmt.Errorf("it runs without its claim %s", v.PersistentVolumeClaim.ClaimName)
			}
		}
	}
	return nil
}
