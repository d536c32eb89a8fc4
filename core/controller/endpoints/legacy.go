package endpoints

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// keptBy is the label by which Endpoints say that this controller keeps them.
const (
	keptBy = "endpoints.kubernetes.io/managed-by"
	keeper = "endpoint-controller"
)

type legacyController struct {
	c *client.Client
	controller.Selection[*corev1.Service]
	endpoints *client.View[*corev1.Endpoints]
	loop      *client.Loop
	triggers  triggers
	wrote     controller.Written
}

// Start runs the Endpoints controller with c.
func Start(c *client.Client) {
	lc := &legacyController{
		c: c, Selection: selection(), triggers: triggers{}, wrote: controller.Written{},
		endpoints: client.NewView[*corev1.Endpoints](c, client.ViewOptions{}),
	}
	lc.loop = c.NewLoop("sync endpoints", lc.sync)
	lc.loop.Needs(lc.endpoints)
	wake := func(e *corev1.Endpoints) { lc.loop.Add(client.Key(e)) }
	lc.endpoints.Handle(client.Handlers[*corev1.Endpoints]{
		Added: func(e *corev1.Endpoints) {
			if !lc.endpoints.Synced() { // left over from a service that went while nobody watched
				wake(e)
			}
		},
		Deleted: wake,
	})
	lc.Select(c, lc.loop)
	lc.Start()
	lc.endpoints.Start()
}

// sync takes one pass over a service: read, decide, act.
func (lc *legacyController) sync(key string) error {
	s, ok := lc.Owners.Get(client.SplitKey(key))
	if !ok {
		return lc.gone(key)
	}
	pods, known := lc.Of(s)
	if selectorOf(s) == nil || !known {
		return nil
	}
	if lc.wrote.Behind(key, lc.endpoints.Seen()) {
		return controller.ErrBehind
	}
	trigger := lc.triggers.note(key, s, pods)
	old, exists := lc.endpoints.Get(s.Namespace, s.Name)
	if !exists {
		old = &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name}}
	}
	wanted, changed := endpointsOf(s, pods, old)
	if exists && !changed {
		return nil
	}
	stamp(&wanted.ObjectMeta, trigger)
	return lc.write(key, wanted, exists)
}

// endpointsOf are a service's Endpoints, and whether they differ from the old ones.
func endpointsOf(s *corev1.Service, pods []*corev1.Pod, old *corev1.Endpoints) (*corev1.Endpoints, bool) {
	e := old.DeepCopy()
	e.Subsets = subsetsOf(s, pods)
	over := truncate(e.Subsets)
	e.Labels = map[string]string{}
	maps.Copy(e.Labels, s.Labels)
	e.Labels[keptBy] = keeper
	sameLabels := sameLabels(old.Labels, e.Labels)
	delete(e.Labels, corev1.IsHeadlessService)
	if headless(s) {
		e.Labels[corev1.IsHeadlessService] = ""
	}
	if e.Annotations == nil {
		e.Annotations = map[string]string{}
	}
	_, wasOver := old.Annotations[corev1.EndpointsOverCapacity]
	if delete(e.Annotations, corev1.EndpointsOverCapacity); over {
		e.Annotations[corev1.EndpointsOverCapacity] = "truncated"
	}
	return e, over != wasOver || !sameLabels || !equality.Semantic.DeepEqual(old.Subsets, e.Subsets)
}

// stamp notes when the change came about that something is written for.
func stamp(meta *metav1.ObjectMeta, trigger string) {
	delete(meta.Annotations, corev1.EndpointsLastChangeTriggerTime)
	if trigger == "" {
		return
	}
	if meta.Annotations == nil {
		meta.Annotations = map[string]string{}
	}
	meta.Annotations[corev1.EndpointsLastChangeTriggerTime] = trigger
}

func (lc *legacyController) write(key string, e *corev1.Endpoints, exists bool) error {
	verb, reason, what := client.Create[*corev1.Endpoints], "FailedToCreateEndpoint", "create endpoint for service"
	if exists {
		verb, reason, what = client.Update[*corev1.Endpoints], "FailedToUpdateEndpoint", "update endpoint"
	}
	about := e.DeepCopy()
	written, err := verb(lc.c, e)
	if err == nil {
		lc.wrote.Note(key, controller.Revision(written))
		return nil
	}
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	lc.c.Event(about, corev1.EventTypeWarning, reason, fmt.Sprintf("Failed to %s %s: %v", what, key, err))
	return err
}

// gone deletes the Endpoints of a service that is no more.
func (lc *legacyController) gone(key string) error {
	delete(lc.triggers, key)
	delete(lc.wrote, key)
	namespace, name := client.SplitKey(key)
	if _, exists := lc.endpoints.Get(namespace, name); !exists {
		return nil
	}
	err := client.Delete[*corev1.Endpoints](lc.c, namespace, name, nil)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
