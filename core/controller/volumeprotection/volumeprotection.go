// Package volumeprotection keeps claims that pods use, and volumes that are
// bound, from going: each is created with a finalizer, and its controller here
// takes that away once a deleted one is no longer in use. Until then it is
// there and is shown as Terminating.
//
// It follows pkg/controller/volume/pvcprotection and pvprotection of Kubernetes
// v1.36.3; the finalizers are the API server's to add
// (plugin/pkg/admission/storage/storageobjectinuseprotection). Pods are watched
// from the first deleted claim on: a cluster without claims pays nothing.
package volumeprotection

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
)

// StartVolumes runs the controller for volumes with c.
func StartVolumes(c *client.Client) {
	g := &guard[*corev1.PersistentVolume]{c: c, finalizer: api.VolumeFinalizer,
		used: func(v *corev1.PersistentVolume) (bool, error) { return v.Status.Phase == corev1.VolumeBound, nil }}
	g.start("protect volume")
}

// StartClaims runs the controller for claims with c.
func StartClaims(c *client.Client) {
	g := &guard[*corev1.PersistentVolumeClaim]{c: c, finalizer: api.ClaimFinalizer}
	u := &users{c: c}
	u.wake = func(key string) { g.loop.Add(key) }
	u.ready = func() {
		for _, claim := range g.view.List() {
			if g.concerns(claim) {
				g.loop.Add(client.Key(claim))
			}
		}
	}
	g.used = u.use
	g.start("protect claim")
}

// guard takes a finalizer from what is deleted and not used, and gives it to
// what came to be without.
type guard[T api.Object] struct {
	c         *client.Client
	view      *client.View[T]
	loop      *client.Loop
	finalizer string
	used      func(T) (bool, error)
}

func (g *guard[T]) start(name string) {
	g.view = client.NewView[T](g.c, client.ViewOptions{})
	g.loop = g.c.NewLoop(name, g.sync)
	g.loop.Needs(g.view)
	look := func(obj T) {
		if g.concerns(obj) {
			g.loop.Add(client.Key(obj))
		}
	}
	g.view.Handle(client.Handlers[T]{Added: look, Updated: func(_, obj T) { look(obj) }})
	g.view.Start()
}

// concerns: deleted with the finalizer, or not deleted without it.
func (g *guard[T]) concerns(obj T) bool {
	return (obj.GetDeletionTimestamp() != nil) == slices.Contains(obj.GetFinalizers(), g.finalizer)
}

// sync takes one pass over an object.
func (g *guard[T]) sync(key string) error {
	obj, ok := g.view.Get(client.SplitKey(key))
	if !ok || !g.concerns(obj) {
		return nil
	}
	finalizers := slices.Clone(obj.GetFinalizers())
	if obj.GetDeletionTimestamp() == nil {
		finalizers = append(finalizers, g.finalizer)
	} else {
		if used, err := g.used(obj); used || err != nil {
			return err
		}
		finalizers = slices.DeleteFunc(finalizers, func(f string) bool { return f == g.finalizer })
	}
	obj = obj.DeepCopyObject().(T)
	obj.SetFinalizers(finalizers)
	_, err := client.Update(g.c, obj)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// users are the pods that use claims.
type users struct {
	c     *client.Client
	pods  *client.View[*corev1.Pod]
	wake  func(claim string) // a claim's key
	ready func()             // the pods are known
}

// byClaim files pods under the claims that they use.
const byClaim = "claim"

// use tells whether a pod uses a claim. A pod that the view doesn't show may
// be there nevertheless, so the API server is asked before a claim may go.
func (u *users) use(claim *corev1.PersistentVolumeClaim) (bool, error) {
	u.watch()
	if !u.pods.Synced() {
		return true, nil // ready will have it looked at again
	}
	uses := func(p *corev1.Pod) bool { return uses(p, claim) }
	if slices.ContainsFunc(u.pods.By(byClaim, client.Key(claim)), uses) {
		return true, nil
	}
	resp, err := u.c.Do(&rest.Request{Verb: rest.List, Resource: api.Of[*corev1.Pod]().GVR(), Namespace: claim.Namespace})
	if err != nil {
		return true, err
	}
	used := false
	err = meta.EachListItem(resp.Object, func(o runtime.Object) error {
		used = used || uses(o.(*corev1.Pod))
		return nil
	})
	return used, err
}

// watch begins to watch pods; each that ends or goes has its claims looked at.
func (u *users) watch() {
	if u.pods != nil {
		return
	}
	u.pods = client.NewView[*corev1.Pod](u.c, client.ViewOptions{})
	u.pods.Index(byClaim, claims)
	look := func(p *corev1.Pod) {
		for _, key := range claims(p) {
			u.wake(key)
		}
	}
	u.pods.Handle(client.Handlers[*corev1.Pod]{
		Updated: func(_, p *corev1.Pod) {
			if controller.PodFinished(p) {
				look(p)
			}
		},
		Deleted: look,
	})
	u.pods.OnSynced(u.ready)
	u.pods.Start()
}

// claims are the keys of the claims that a pod uses.
func claims(p *corev1.Pod) []string {
	var keys []string
	for i := range p.Spec.Volumes {
		if name := api.PodClaim(p, &p.Spec.Volumes[i]); name != "" {
			keys = append(keys, p.Namespace+"/"+name)
		}
	}
	return keys
}

// uses tells whether a pod keeps a claim from going: one without a node doesn't,
// since no kubelet starts it once the claim is to go.
func uses(p *corev1.Pod, claim *corev1.PersistentVolumeClaim) bool {
	if p.Spec.NodeName == "" {
		return false
	}
	stopped := p.DeletionTimestamp != nil && p.DeletionGracePeriodSeconds != nil && *p.DeletionGracePeriodSeconds == 0
	return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool {
		return api.PodClaim(p, &v) == claim.Name && (v.Ephemeral == nil || !stopped && metav1.IsControlledBy(claim, p))
	})
}
