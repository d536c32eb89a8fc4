package kubelet

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/client"
)

// What a process killed by SIGKILL ends with.
const exitKilled = 128 + 9

// stop ends a pod that is to be deleted: its containers are asked to stop and
// killed when the grace period is over, the end is reported, and the object is
// deleted for good. A later, shorter grace period is honoured.
func (w *worker) stop() error {
	now := w.k.c.Now()
	if w.stopping.IsZero() {
		w.stopping = now
		w.op.Stop()
		w.stopTimers()
		w.askToStop(now)
	}
	deadline := w.stopping.Add(w.grace())
	if last := w.stopped(now, deadline); last.After(now) {
		w.op.Stop()
		w.wait("stop", last.Sub(now), func() {})
		return nil
	}
	if err := w.report(true); err != nil {
		return err
	}
	return w.delete()
}

func (w *worker) grace() time.Duration {
	if s := w.pod.DeletionGracePeriodSeconds; s != nil {
		return time.Duration(*s) * time.Second
	}
	return 0
}

// askToStop begins the end: preStop hooks, then SIGTERM; sidecars get theirs
// when all others have ended, the last one first
// (kuberuntime_termination_order.go).
func (w *worker) askToStop(now time.Time) {
	if w.box == nil {
		return
	}
	deadline, last := now.Add(w.grace()), now
	for _, run := range w.stopOrder() {
		if !run.running() {
			continue
		}
		c := specOf(w.pod, run.name)
		w.killing(run.name, "Stopping container "+run.name)
		begin := now.Add(w.preStop(c, run, now, w.grace()))
		side := c != nil && w.isInit(c) && sidecar(c)
		if side && last.After(begin) {
			begin = last
		}
		end := deadline
		if run.plan.stop >= 0 {
			run.termAt = begin
			run.stopAt = begin.Add(w.k.vary(run.plan.stop))
			end = run.stopAt
		}
		if end.After(last) {
			last = end
		}
	}
}

// stopOrder is the containers in the order of their turn to end.
func (w *worker) stopOrder() []*container {
	var mains, sides []*container
	for _, run := range w.box.containers {
		if c := specOf(w.pod, run.name); c != nil && w.isInit(c) && sidecar(c) {
			sides = append(sides, run)
			continue
		}
		mains = append(mains, run)
	}
	slices.SortStableFunc(sides, func(a, b *container) int { return w.initIndex(b.name) - w.initIndex(a.name) })
	return append(mains, sides...)
}

func (w *worker) initIndex(name string) int {
	return slices.IndexFunc(w.pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == name })
}

// changed is a running container whose image in the spec is not the one it was
// started from, nil for none.
func (w *worker) changed() *container {
	for i := range w.pod.Spec.Containers {
		c := &w.pod.Spec.Containers[i]
		if run := w.box.find(c.Name); run.running() && run.asked != c.Image {
			return run
		}
	}
	return nil
}

// replace ends a container, to be started anew from the spec, for a reason.
func (w *worker) replace(run *container, why string) {
	w.killing(run.name, fmt.Sprintf("Container %s %s", run.name, why))
	takes, exit := w.endOf(specOf(w.pod, run.name), run, w.k.c.Now(), w.ownGrace())
	w.wait("stop container "+run.name+" of", takes, func() {
		run.finish(w.k.c.Now(), exit, "", "")
		run.replaced, w.dirty = true, true
	})
}

func (w *worker) killing(name, message string) {
	field := "spec.containers{" + name + "}"
	for i := range w.pod.Spec.InitContainers {
		if c := &w.pod.Spec.InitContainers[i]; c.Name == name {
			field = fieldPath(c, true)
		}
	}
	w.k.event(w.pod, field, corev1.EventTypeNormal, "Killing", message)
	w.k.decided(w.pod, "kill", name, "stopping", "")
}

// stopped ends the containers whose time has come, and returns when the last
// of the others will end.
func (w *worker) stopped(now, deadline time.Time) (last time.Time) {
	if w.box == nil {
		return last
	}
	for _, run := range w.box.containers {
		if !run.running() {
			continue
		}
		end, exit := deadline, int32(exitKilled)
		if !run.stopAt.IsZero() && !run.stopAt.After(deadline) {
			end, exit = run.stopAt, 0
		}
		if end.After(now) {
			if end.After(last) {
				last = end
			}
			continue
		}
		run.finish(end, exit, "", "")
	}
	return last
}

// stopRest ends the sidecars of a pod whose other containers are done.
func (w *worker) stopRest() {
	for _, run := range w.box.containers {
		if run.running() {
			w.killing(run.name, "Stopping container "+run.name)
			run.finish(w.k.c.Now(), 0, "", "")
		}
	}
}

// delete removes the object, and then what is left on the machine.
func (w *worker) delete() error {
	now, uid := int64(0), types.UID(w.pod.UID)
	err := client.Delete[*corev1.Pod](w.k.c, w.pod.Namespace, w.pod.Name, &metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &uid},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return err
	}
	w.k.node.remove(w.pod.UID)
	w.gone = true // until the watch says so too
	return nil
}
