package kubelet

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/tabernetes/tabernetes/core/api"
)

// A change of a running pod's cpu and memory (pkg/kubelet/allocation and
// pkg/kubelet/events/resize.go): the kubelet promises it where the machine has
// room for it, and then gives it to the containers one after the other; those
// whose policy says so are restarted. Left out: the resources of a pod as a
// whole, which change in name only.

// resizeTime is how long it takes to change what the containers have, resizeAgain
// after how long one that has to wait is looked at again by itself.
const (
	resizeTime  = 200 * time.Millisecond
	resizeAgain = 3 * time.Minute
)

// sizes are the conditions that say how far a change has come.
type sizes struct{ pending, progress *corev1.PodCondition }

// among puts them before the other conditions of the kubelet's.
func (s *sizes) among(all []corev1.PodCondition) []corev1.PodCondition {
	out := foreignConditions(all)
	for _, c := range []*corev1.PodCondition{s.pending, s.progress} {
		if c != nil {
			out = append(out, *c)
		}
	}
	return append(out, ownConditions(all)...)
}

func (w *worker) sizing(kind corev1.PodConditionType, reason, message string) *corev1.PodCondition {
	now := stamp(w.k.c.Now())
	return &corev1.PodCondition{
		Type: kind, Status: corev1.ConditionTrue, Reason: reason, Message: message,
		ObservedGeneration: w.pod.Generation, LastProbeTime: now, LastTransitionTime: now,
	}
}

// resize begins to give the containers what the spec says by now, if it says
// anything else than they were promised, and the machine has it.
func (w *worker) resize() error {
	if w.promised() == w.pod {
		return w.settled()
	}
	if lack := w.lacks(); lack != "" {
		was := w.sizes.pending
		if was == nil || was.ObservedGeneration != w.pod.Generation {
			w.sizes.pending = w.sizing(corev1.PodResizePending, corev1.PodReasonDeferred, lack)
			w.k.event(w.pod, "", corev1.EventTypeWarning, "ResizeDeferred", w.sizeMessage("Pod resize Deferred", lack))
			return w.report(false)
		}
		was.Message = lack
		return nil
	}
	w.sizes.pending, w.sizes.progress = nil, w.sizing(corev1.PodResizeInProgress, "", "")
	w.k.event(w.pod, "", corev1.EventTypeNormal, "ResizeStarted", w.sizeMessage("Pod resize started", ""))
	for _, c := range running(w.pod, w.box) {
		c.run.promised = c.spec.Resources
	}
	if err := w.report(false); err != nil {
		return err
	}
	w.operate("resize the containers of", resizeTime, w.resized)
	return nil
}

// resized is when the containers have what they were promised, or are ended to
// be started with it.
func (w *worker) resized() {
	for _, c := range running(w.pod, w.box) {
		restart := c.restarts()
		if c.run.given = c.run.promised; restart {
			w.replace(c.run, "resize requires restart")
			return
		}
	}
}

// settled ends a change that is done, or is wanted no more.
func (w *worker) settled() error {
	runs := running(w.pod, w.box)
	switch {
	case slices.ContainsFunc(runs, func(c sized) bool { return !equality.Semantic.DeepEqual(c.run.given, c.run.promised) }):
		w.operate("resize the containers of", resizeTime, w.resized)
		return nil
	case w.sizes.progress != nil && len(runs) > 0:
		w.k.event(w.pod, "", corev1.EventTypeNormal, "ResizeCompleted", w.sizeMessage("Pod resize completed", ""))
	case w.sizes.pending == nil:
		return nil
	}
	w.sizes = sizes{}
	return w.report(false)
}

// sized is a container that runs, and what is wanted of it.
type sized struct {
	spec *corev1.Container
	run  *container
}

func running(pod *corev1.Pod, box *sandbox) []sized {
	var out []sized
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if run := box.find(list[i].Name); run.running() {
				out = append(out, sized{&list[i], run})
			}
		}
	}
	return out
}

// restarts tells whether a container has to be restarted to have what it was promised.
func (c *sized) restarts() bool {
	for _, p := range c.spec.ResizePolicy {
		if p.RestartPolicy == corev1.RestartContainer &&
			(differs(c.run.given.Requests, c.run.promised.Requests, p.ResourceName) || differs(c.run.given.Limits, c.run.promised.Limits, p.ResourceName)) {
			return true
		}
	}
	return false
}

func differs(a, b corev1.ResourceList, name corev1.ResourceName) bool {
	x, y := a[name], b[name]
	return x.Cmp(y) != 0
}

// promised is the pod with what its containers were promised: the very pod where
// that is what its spec says.
func (w *worker) promised() *corev1.Pod {
	runs := running(w.pod, w.box)
	same := func(c sized) bool { return equality.Semantic.DeepEqual(c.run.promised, c.spec.Resources) }
	if !slices.ContainsFunc(runs, func(c sized) bool { return !same(c) }) {
		return w.pod
	}
	pod := w.pod.DeepCopy()
	for _, c := range running(pod, w.box) {
		c.spec.Resources = c.run.promised
	}
	return pod
}

// lacks says what the machine has too little of for the pod as it is to be; ""
// for nothing (pkg/kubelet/lifecycle/predicate.go).
func (w *worker) lacks() string {
	wanted, used := api.PodRequests(&w.pod.Spec), corev1.ResourceList{}
	for _, key := range slices.Sorted(maps.Keys(w.k.workers)) {
		other := w.k.workers[key]
		if other == w || finished(other.pod) {
			continue
		}
		for name, q := range api.PodRequests(&other.promised().Spec) {
			sum := used[name]
			sum.Add(q)
			used[name] = sum
		}
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		has, asks, taken := w.k.node.Config.Capacity[name], wanted[name], used[name]
		total := asks.DeepCopy()
		total.Add(taken)
		amount := func(l corev1.ResourceList) int64 {
			if q := l[name]; name == corev1.ResourceCPU {
				return q.MilliValue()
			} else {
				return q.Value()
			}
		}
		if asks.Sign() > 0 && total.Cmp(has) > 0 {
			return fmt.Sprintf("Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d",
				name, amount(wanted), amount(used), amount(w.k.node.Config.Capacity))
		}
	}
	return ""
}

// free takes the pod off the machine's books; those that waited for its room
// are looked at again.
func (w *worker) free() {
	delete(w.k.workers, w.key)
	for _, key := range slices.Sorted(maps.Keys(w.k.workers)) {
		if w.k.workers[key].sizes.pending != nil {
			w.k.loop.Add(key)
		}
	}
}

// sizeMessage is an event's text: what the containers are to have, as JSON.
func (w *worker) sizeMessage(what, lack string) string {
	type allocation struct {
		Name      string                      `json:"name"`
		Resources corev1.ResourceRequirements `json:"resources"`
	}
	summary := struct {
		Init       []allocation `json:"initContainers,omitempty"`
		Containers []allocation `json:"containers,omitempty"`
		Generation int64        `json:"generation"`
		Error      string       `json:"error,omitempty"`
	}{Generation: w.pod.Generation, Error: lack}
	for _, c := range w.pod.Spec.InitContainers {
		summary.Init = append(summary.Init, allocation{c.Name, c.Resources})
	}
	for _, c := range w.pod.Spec.Containers {
		summary.Containers = append(summary.Containers, allocation{c.Name, c.Resources})
	}
	text, err := json.Marshal(summary)
	if err != nil {
		return what
	}
	return what + ": " + string(text)
}
