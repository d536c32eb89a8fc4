// Package resourcequota is the resource quota controller: it writes into a
// quota's status what it limits and how much of that is used, from when the
// API server counts what is created on its own. This controller counts again
// when something goes or a pod ends.
//
// It follows pkg/controller/resourcequota of Kubernetes v1.36.3. It counts what
// the API server has, where upstream counts what its caches have, and so never
// overlooks what was just admitted. Left out: objects of kinds from other API
// servers, and what core/api/quota_usage.go leaves out.
package resourcequota

import (
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

// resync is how often a quota is counted anew though nothing calls for it.
const resync = 5 * time.Minute

const byNamespace = "namespace"

type quotas struct {
	c       *client.Client
	all     *client.View[*corev1.ResourceQuota]
	loop    *client.Loop
	watched map[schema.GroupVersionResource]*client.View[api.Object]
}

// Start runs the controller with c.
func Start(c *client.Client) {
	q := &quotas{
		c: c, watched: map[schema.GroupVersionResource]*client.View[api.Object]{},
		all: client.NewView[*corev1.ResourceQuota](c, client.ViewOptions{}),
	}
	q.loop = c.NewLoop("count for quota", q.sync)
	q.loop.Needs(q.all)
	q.all.Index(byNamespace, func(q *corev1.ResourceQuota) []string { return []string{q.Namespace} })
	q.all.Handle(client.Handlers[*corev1.ResourceQuota]{
		Added: func(o *corev1.ResourceQuota) { q.loop.Add(client.Key(o)) },
		Updated: func(_, o *corev1.ResourceQuota) {
			if !equality.Semantic.DeepEqual(o.Spec.Hard, o.Status.Hard) {
				q.loop.Add(client.Key(o))
			}
		},
	})
	q.all.Start()
	kinds := client.NewView[*apiextensionsv1.CustomResourceDefinition](c, client.ViewOptions{})
	kinds.Handle(client.Handlers[*apiextensionsv1.CustomResourceDefinition]{
		Updated: func(old, crd *apiextensionsv1.CustomResourceDefinition) {
			if crd.Is(apiextensionsv1.Established) != old.Is(apiextensionsv1.Established) {
				q.defined(crd)
			}
		},
		Deleted: q.defined,
	})
	kinds.Start()
}

// watch looks out for objects of a kind that go, from the first quota on that
// limits them.
func (q *quotas) watch(r *api.Resource) {
	if q.watched[r.GVR()] != nil {
		return
	}
	view := client.NewObjectView(q.c, r, client.ViewOptions{})
	view.Handle(client.Handlers[api.Object]{
		Updated: func(old, o api.Object) {
			if frees(old, o) {
				q.freed(o)
			}
		},
		Deleted: q.freed,
	})
	q.watched[r.GVR()] = view
	view.Start()
}

// forget ends the views of kinds that are served no longer.
func (q *quotas) forget() {
	served := map[schema.GroupVersionResource]bool{}
	for _, r := range q.c.Stored() {
		served[r.GVR()] = true
	}
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(q.watched)), func(gvr schema.GroupVersionResource) bool { return served[gvr] })
	slices.SortFunc(gone, func(a, b schema.GroupVersionResource) int { return strings.Compare(a.String(), b.String()) })
	for _, gvr := range gone {
		q.watched[gvr].Close()
		delete(q.watched, gvr)
	}
}

// defined follows the kinds that come and go: quotas that limit one are counted anew.
func (q *quotas) defined(crd *apiextensionsv1.CustomResourceDefinition) {
	q.forget()
	name := corev1.ResourceName("count/" + crd.Name)
	for _, quota := range q.all.List() {
		if _, limited := quota.Spec.Hard[name]; limited {
			q.loop.Add(client.Key(quota))
		}
	}
}

// frees tells whether a change leaves less used: a pod that has ended, a
// service of another type.
func frees(old, o api.Object) bool {
	switch o := o.(type) {
	case *corev1.Pod:
		was := old.(*corev1.Pod)
		return controller.PodFinished(o) && !controller.PodFinished(was) || api.IsTerminating(o) != api.IsTerminating(was)
	case *corev1.PersistentVolumeClaim:
		was := old.(*corev1.PersistentVolumeClaim)
		return !slices.Equal(api.VolumeClasses(was), api.VolumeClasses(o)) ||
			!equality.Semantic.DeepEqual(was.Spec.Resources, o.Spec.Resources)
	case *corev1.Service:
		return !equality.Semantic.DeepEqual(old.(*corev1.Service).Spec, o.Spec)
	}
	return false
}

func (q *quotas) freed(o api.Object) {
	for _, quota := range q.all.By(byNamespace, o.GetNamespace()) {
		q.loop.Add(client.Key(quota))
	}
}

// sync takes one pass over a quota: read, add up, write.
func (q *quotas) sync(key string) error {
	namespace, name := client.SplitKey(key)
	if _, ok := q.all.Get(namespace, name); !ok {
		return nil
	}
	quota, err := client.Get[*corev1.ResourceQuota](q.c, namespace, name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	q.loop.AddAfter(key, resync, sim.Idle)
	names := slices.Sorted(maps.Keys(quota.Spec.Hard))
	var objects []api.Object
	for _, r := range q.c.Stored() {
		if r.Namespaced && len(api.QuotaConcerns(r, names)) > 0 {
			q.watch(r)
			list, err := q.list(r, namespace)
			if err != nil {
				return err
			}
			objects = append(objects, list...)
		}
	}
	status := corev1.ResourceQuotaStatus{Hard: quota.Spec.Hard.DeepCopy(), Used: add(quota, objects, q.c.Now())}
	if equality.Semantic.DeepEqual(quota.Status, status) {
		return nil
	}
	quota = quota.DeepCopy()
	quota.Status = status
	_, err = client.UpdateStatus(q.c, quota)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (q *quotas) list(r *api.Resource, namespace string) (objects []api.Object, err error) {
	resp, err := q.c.Do(&rest.Request{Verb: rest.List, Resource: r.GVR(), Namespace: namespace})
	if err != nil {
		return nil, err
	}
	err = meta.EachListItem(resp.Object, func(o runtime.Object) error {
		objects = append(objects, o.(api.Object))
		return nil
	})
	return objects, err
}

// add is what objects use of what a quota limits. It is pure.
func add(quota *corev1.ResourceQuota, objects []api.Object, now time.Time) corev1.ResourceList {
	used := corev1.ResourceList{}
	for name, hard := range quota.Spec.Hard {
		used[name] = *resource.NewQuantity(0, hard.Format)
	}
	for _, o := range objects {
		if !api.QuotaMatches(quota, o) {
			continue
		}
		for name, n := range api.QuotaUsage(o, now) {
			if sum, limited := used[name]; limited {
				n = n.DeepCopy()
				if !sum.IsZero() {
					n.Add(sum)
				}
				used[name] = n
			}
		}
	}
	return used
}
