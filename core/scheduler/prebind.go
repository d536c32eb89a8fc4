package scheduler

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// volumeWait is how long a pod waits for its volumes (VolumeBindingArgs).
const volumeWait = 600 * time.Second

// prebinding is a pod that has a node and waits for its volumes to be bound
// (plugins/volumebinding, PreBind).
type prebinding struct {
	pod   *corev1.Pod
	node  string
	plan  *volumePlan
	timer *client.Timer
}

// watchStorage keeps what there is of claims, volumes and classes.
func (s *scheduler) watchStorage() []started {
	claims := client.NewView[*corev1.PersistentVolumeClaim](s.c, client.ViewOptions{})
	claims.Handle(client.Handlers[*corev1.PersistentVolumeClaim]{
		Added:   s.claimChanged,
		Updated: func(_, claim *corev1.PersistentVolumeClaim) { s.claimChanged(claim) },
		Deleted: func(claim *corev1.PersistentVolumeClaim) { delete(s.cache.claims, client.Key(claim)) },
	})
	volumes := client.NewView[*corev1.PersistentVolume](s.c, client.ViewOptions{})
	keep := func(v *corev1.PersistentVolume) {
		s.cache.volumes[v.Name] = v
		s.wake(&change{storage: true})
	}
	volumes.Handle(client.Handlers[*corev1.PersistentVolume]{
		Added: keep, Updated: func(_, v *corev1.PersistentVolume) { keep(v) },
		Deleted: func(v *corev1.PersistentVolume) { delete(s.cache.volumes, v.Name) },
	})
	classes := client.NewView[*storagev1.StorageClass](s.c, client.ViewOptions{})
	know := func(class *storagev1.StorageClass) {
		s.cache.classes[class.Name] = class
		s.wake(&change{storage: true})
	}
	classes.Handle(client.Handlers[*storagev1.StorageClass]{
		Added: know, Updated: func(_, class *storagev1.StorageClass) { know(class) },
		Deleted: func(class *storagev1.StorageClass) { delete(s.cache.classes, class.Name) },
	})
	return []started{claims, volumes, classes, s.watchLimits()}
}

func (s *scheduler) claimChanged(claim *corev1.PersistentVolumeClaim) {
	s.cache.claims[client.Key(claim)] = claim
	s.wake(&change{claim: claim})
	for _, key := range sortedNames(s.prebinding) {
		if p := s.prebinding[key]; usesClaim(p.pod, claim) {
			s.loop.Add(key)
		}
	}
}

// prebind asks for what the plan says and keeps the pod waiting: volumes are
// promised to their claims, and claims told the node that is to reach them. The
// volume controller does the rest.
func (s *scheduler) prebind(key string, pod *corev1.Pod, d *Decision) {
	s.cache.place(pod, d.Node)
	if pod.Status.NominatedNodeName != d.Node {
		_, _ = client.Patch(s.c, pod.Namespace, pod.Name, "status", func(p *corev1.Pod) { p.Status.NominatedNodeName = d.Node }) // only a hint to others
	}
	p := &prebinding{pod: pod, node: d.Node, plan: d.volumes}
	s.prebinding[key] = p
	if err := s.requestVolumes(p); err != nil {
		s.prebindFailed(key, p, err)
		return
	}
	p.timer = s.c.After(volumeWait, sim.Idle, "wait for volumes of "+key, func() {
		if s.prebinding[key] == p {
			s.prebindFailed(key, p, fmt.Errorf("binding volumes: context deadline exceeded"))
		}
	})
}

func (s *scheduler) requestVolumes(p *prebinding) error {
	for _, b := range p.plan.bind {
		s.cache.promised[b.volume.Name] = client.Key(b.claim)
		claim, volume := b.claim, b.volume.DeepCopy()
		if !api.VolumeBoundTo(volume, claim) {
			annotate(&volume.Annotations, api.AnnBoundByController, "yes")
		}
		volume.Spec.ClaimRef = &corev1.ObjectReference{
			Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name,
			UID: claim.UID, ResourceVersion: claim.ResourceVersion,
		}
		if _, err := client.Update(s.c, volume); err != nil {
			return err
		}
	}
	for _, claim := range p.plan.make {
		claim = claim.DeepCopy()
		annotate(&claim.Annotations, api.AnnSelectedNode, p.node)
		if _, err := client.Update(s.c, claim); err != nil {
			return err
		}
	}
	return nil
}

func annotate(annotations *map[string]string, key, value string) {
	if *annotations == nil {
		*annotations = map[string]string{}
	}
	(*annotations)[key] = value
}

// resume binds a pod whose volumes are all bound.
func (s *scheduler) resume(key string, p *prebinding) {
	if pod, ok := s.pods.Get(client.SplitKey(key)); !ok || pod.UID != p.pod.UID || pod.DeletionTimestamp != nil {
		s.endPrebinding(key, p)
		return
	}
	for _, claim := range p.plan.make {
		is := s.cache.claims[client.Key(claim)]
		if is != nil && revisionOf(is) > revisionOf(claim) && is.Annotations[api.AnnSelectedNode] != p.node {
			s.prebindFailed(key, p, fmt.Errorf("binding volumes: provisioning failed for PVC %q", claim.Name))
			return
		}
	}
	if !s.allBound(p) {
		return
	}
	s.endPrebinding(key, p)
	s.bind(key, p.pod, p.node)
}

func (s *scheduler) allBound(p *prebinding) bool {
	bound := func(claim *corev1.PersistentVolumeClaim) bool {
		is := s.cache.claims[client.Key(claim)]
		return is != nil && fullyBound(is)
	}
	for _, b := range p.plan.bind {
		if !bound(b.claim) {
			return false
		}
	}
	for _, claim := range p.plan.make {
		if !bound(claim) {
			return false
		}
	}
	return true
}

func (s *scheduler) endPrebinding(key string, p *prebinding) {
	p.timer.Stop()
	delete(s.prebinding, key)
	for _, b := range p.plan.bind {
		delete(s.cache.promised, b.volume.Name)
	}
	s.cache.lift(p.pod.UID)
}

func (s *scheduler) prebindFailed(key string, p *prebinding, err error) {
	s.endPrebinding(key, p)
	s.report(p.pod, corev1.PodReasonSchedulerError, fmt.Sprintf("running PreBind plugin %q: %v", volumeBinding.name, err), &Decision{})
	s.loop.AddAfter(key, s.failed(key).backoff(), sim.Work)
}

func revisionOf(claim *corev1.PersistentVolumeClaim) int64 {
	n, _ := strconv.ParseInt(claim.ResourceVersion, 10, 64)
	return n
}
