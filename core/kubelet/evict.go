package kubelet

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
)

// MemoryAnnotation of a Node says how much of its memory is used by what is no
// pod, e.g. 15Gi: with it a lesson puts a machine under pressure.
const MemoryAnnotation = "simulation.tabernetes.io/memory-used"

// The hard threshold of memory, and how long a node is said to be under
// pressure after it was last seen to be
// (pkg/kubelet/eviction/defaults_linux.go, apis/config/v1beta1/defaults.go).
const (
	memoryThreshold = 100 << 20
	pressureLasts   = 5 * time.Minute
)

// failure is why a pod is ended before its time.
type failure struct {
	reason, message string
	disrupted       bool // told in a DisruptionTarget condition too
}

// watchSelf keeps the node's own annotations.
func (k *kubelet) watchSelf() {
	view := client.NewView[*corev1.Node](k.c, client.ViewOptions{FieldSelector: "metadata.name=" + k.node.Name})
	take := func(n *corev1.Node) {
		used, err := resource.ParseQuantity(n.Annotations[MemoryAnnotation])
		before := k.otherMemory
		k.otherMemory = 0
		if err == nil {
			k.otherMemory = used.Value()
		}
		if k.otherMemory != before {
			k.relieve()
		}
	}
	view.Handle(client.Handlers[*corev1.Node]{Added: take, Updated: func(_, n *corev1.Node) { take(n) }})
	view.Start()
}

// memoryOf is what a pod's containers use, and the whole.
func memoryOf(box *sandbox, now time.Time) (by map[string]int64, sum int64) {
	by = map[string]int64{}
	for _, run := range box.containers {
		if run.running() {
			used := run.plan.memoryAt(now.Sub(run.started))
			by[run.name] = used
			sum += used
		}
	}
	return by, sum
}

// relieve looks at the memory that is left, says so in the node's status, and
// evicts one pod when it is too little (pkg/kubelet/eviction). It is done with
// every heartbeat.
func (k *kubelet) relieve() {
	now, used := k.c.Now(), k.otherMemory
	for _, box := range k.node.boxes {
		_, sum := memoryOf(box, now)
		used += sum
	}
	left := k.node.Config.Capacity.Memory().Value() - used
	short := left < memoryThreshold
	if short {
		k.shortSince = now
	}
	if under := short || !k.shortSince.IsZero() && now.Sub(k.shortSince) < pressureLasts; under != k.pressure {
		k.pressure = under
		reason := "NodeHasSufficientMemory"
		if under {
			reason = "NodeHasInsufficientMemory"
		}
		k.nodeEvent(reason, "Node "+k.node.Name+" status is now: "+reason)
		_ = k.writeStatus() // tried again with the next change or heartbeat
	}
	if !short {
		return
	}
	k.c.EventFrom(client.EventSource{Component: component, Host: k.node.Name}, k.self, corev1.EventTypeWarning, "EvictionThresholdMet", "Attempting to reclaim memory")
	ranked := rankForEviction(k.victims(), now)
	if len(ranked) > 0 {
		w := ranked[0]
		w.again(w.fail(&failure{"Evicted", evictionMessage(w.pod, w.box, left, now), true}))
	}
}

// victims are the pods that run and may be evicted: no critical ones.
func (k *kubelet) victims() []*worker {
	var out []*worker
	for _, box := range k.node.sandboxes() {
		w := k.workers[box.key]
		if w == nil || w.box != box || finished(w.pod) || w.pod.DeletionTimestamp != nil {
			continue
		}
		if p := w.pod.Spec.Priority; p == nil || *p < 2_000_000_000 {
			out = append(out, w)
		}
	}
	return out
}

// rankForEviction puts those first that use more than they asked for; of these
// the least important, and then by how much more it is
// (eviction/helpers.go, rankMemoryPressure).
func rankForEviction(all []*worker, now time.Time) []*worker {
	over := func(w *worker) int64 {
		_, used := memoryOf(w.box, now)
		return used - requested(w.pod)
	}
	priority := func(w *worker) int32 {
		if w.pod.Spec.Priority == nil {
			return 0
		}
		return *w.pod.Spec.Priority
	}
	exceeds := func(w *worker) int {
		if over(w) > 0 {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b *worker) int {
		return cmp.Or(exceeds(a)-exceeds(b), cmp.Compare(priority(a), priority(b)), cmp.Compare(over(b), over(a)))
	})
	return all
}

// requested is the memory that a pod asked for.
func requested(pod *corev1.Pod) (sum int64) {
	for i := range pod.Spec.Containers {
		sum += pod.Spec.Containers[i].Resources.Requests.Memory().Value()
	}
	return sum
}

func evictionMessage(pod *corev1.Pod, box *sandbox, left int64, now time.Time) string {
	text := func(bytes int64) string { return resource.NewQuantity(bytes, resource.BinarySI).String() }
	message := fmt.Sprintf("The node was low on resource: memory. Threshold quantity: %s, available: %s. ", text(memoryThreshold), resource.NewQuantity(max(left, 0)>>10<<10, resource.BinarySI))
	by, _ := memoryOf(box, now)
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		request := c.Resources.Requests[corev1.ResourceMemory]
		if used := by[c.Name]; used > request.Value() {
			message += fmt.Sprintf("Container %s was using %s, request is %s, has larger consumption of memory. ", c.Name, text(used), request.String())
		}
	}
	return message
}

// fail ends a pod before its time: its containers are killed, and it is never
// started again.
func (w *worker) fail(f *failure) error {
	now := w.k.c.Now()
	kind := corev1.EventTypeWarning
	if !f.disrupted {
		kind = corev1.EventTypeNormal
	}
	w.k.event(w.pod, "", kind, f.reason, f.message)
	w.k.decided(w.pod, "evict", "", f.reason, f.message)
	w.op.Stop()
	w.busy = ""
	w.stopTimers()
	for _, run := range w.box.containers {
		if run.running() {
			w.killing(run.name, "Stopping container "+run.name)
			exit := int32(exitKilled)
			if run.plan.stop >= 0 && run.plan.stop < time.Second {
				exit = 0
			}
			run.finish(now, exit, "", "")
		}
	}
	w.failure = f
	return w.report(true)
}

// overdue tells whether the pod has been active for longer than it may, and
// otherwise when it will have been.
func (w *worker) overdue(now time.Time) (at time.Time, over bool) {
	s := w.pod.Spec.ActiveDeadlineSeconds
	if s == nil || w.pod.Status.StartTime == nil {
		return time.Time{}, false
	}
	at = w.pod.Status.StartTime.Add(time.Duration(*s) * time.Second)
	return at, !at.After(now)
}

// marked adds what a failure says to a status.
func (f *failure) marked(status *corev1.PodStatus, pod *corev1.Pod, now time.Time) {
	if f == nil {
		return
	}
	status.Reason, status.Message = f.reason, f.message
	if f.disrupted {
		api.SetPodCondition(status, corev1.PodCondition{
			Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: corev1.PodReasonTerminationByKubelet,
			Message: f.message, ObservedGeneration: pod.Generation,
		}, stamp(now))
	}
}
