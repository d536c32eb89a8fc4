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

// Annotations of a Node say how much of it is used by what is no pod, e.g. 15Gi
// of memory, 95Gi of its disk, 32000 process ids: with them a lesson puts a
// machine under pressure.
const (
	MemoryAnnotation = "simulation.tabernetes.io/memory-used"
	DiskAnnotation   = "simulation.tabernetes.io/disk-used"
	PIDAnnotation    = "simulation.tabernetes.io/pids-used"
)

// signal is something that a machine can be short of.
type signal int

const (
	memory signal = iota
	disk
	pids
	signals
)

// signalWords are the words about each signal
// (pkg/kubelet/nodestatus/setters.go; eviction/helpers.go).
var signalWords = [signals]struct {
	annotation          string
	condition           corev1.NodeConditionType
	good, goodMessage   string
	bad, badMessage     string
	goodEvent, badEvent string
	resource, reclaimed string
}{
	memory: {MemoryAnnotation, corev1.NodeMemoryPressure,
		"KubeletHasSufficientMemory", "kubelet has sufficient memory available",
		"KubeletHasInsufficientMemory", "kubelet has insufficient memory available",
		"NodeHasSufficientMemory", "NodeHasInsufficientMemory", "memory", "memory"},
	disk: {DiskAnnotation, corev1.NodeDiskPressure,
		"KubeletHasNoDiskPressure", "kubelet has no disk pressure",
		"KubeletHasDiskPressure", "kubelet has disk pressure",
		"NodeHasNoDiskPressure", "NodeHasDiskPressure", "ephemeral-storage", "ephemeral-storage"},
	pids: {PIDAnnotation, corev1.NodePIDPressure,
		"KubeletHasSufficientPID", "kubelet has sufficient PID available",
		"KubeletHasInsufficientPID", "kubelet has insufficient PID available",
		"NodeHasSufficientPID", "NodeHasInsufficientPID", "pids", "pids"},
}

// pressure is how the machine stands with one signal.
type pressure struct {
	other int64     // used by what is no pod
	on    bool      // as the node's status says
	since time.Time // when it was short last
}

// The hard thresholds, and how long a node is said to be under pressure after
// it was last seen to be (pkg/kubelet/eviction/defaults_linux.go,
// apis/config/v1beta1/defaults.go). Upstream has none for process ids unless it
// is configured; here it is a tenth.
const (
	memoryThreshold = 100 << 20
	pressureLasts   = 5 * time.Minute
	allPIDs         = 32768
)

// threshold is what must be left, and capacity what there is in all.
func (k *kubelet) threshold(s signal) (least, capacity int64) {
	switch s {
	case memory:
		return memoryThreshold, k.node.Config.Capacity.Memory().Value()
	case disk:
		all := k.node.Config.Capacity.StorageEphemeral().Value()
		return all / 10, all
	}
	return allPIDs / 10, allPIDs
}

// failure is why a pod is ended before its time.
type failure struct {
	reason, message string
	disrupted       bool // told in a DisruptionTarget condition too
}

// watchSelf keeps the node's own annotations.
func (k *kubelet) watchSelf() {
	view := client.NewView[*corev1.Node](k.c, client.ViewOptions{FieldSelector: "metadata.name=" + k.node.Name})
	take := func(n *corev1.Node) {
		changed := false
		for i := range k.pressures {
			used, err := resource.ParseQuantity(n.Annotations[signalWords[i].annotation])
			before := k.pressures[i].other
			k.pressures[i].other = 0
			if err == nil {
				k.pressures[i].other = used.Value()
			}
			changed = changed || k.pressures[i].other != before
		}
		if changed {
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

// relieve looks at what is left of memory, disk and process ids, says so in the
// node's status, and evicts one pod when it is too little (pkg/kubelet/eviction).
// It is done with every heartbeat.
func (k *kubelet) relieve() {
	worst, left := signals, int64(0)
	for s := range signals {
		if free, short := k.look(s); short && worst == signals {
			worst, left = s, free
		}
	}
	if worst == signals {
		return
	}
	k.c.EventFrom(client.EventSource{Component: component, Host: k.node.Name}, k.self, corev1.EventTypeWarning, "EvictionThresholdMet", "Attempting to reclaim "+signalWords[worst].reclaimed)
	now := k.c.Now()
	if ranked := rankForEviction(k.victims(), worst, now); len(ranked) > 0 {
		w := ranked[0]
		w.again(w.fail(&failure{"Evicted", k.evictionMessage(w, worst, left, now), true}))
	}
}

// look tells what is left of something, and whether that is too little.
func (k *kubelet) look(s signal) (left int64, short bool) {
	now, p := k.c.Now(), &k.pressures[s]
	least, left := k.threshold(s)
	left -= p.other
	for _, box := range k.node.boxes {
		switch _, used := memoryOf(box, now); s {
		case memory:
			left -= used
		case pids:
			left -= int64(len(box.containers))
		}
	}
	if short = left < least; short {
		p.since = now
	}
	if under := short || !p.since.IsZero() && now.Sub(p.since) < pressureLasts; under != p.on {
		p.on = under
		reason := signalWords[s].goodEvent
		if under {
			reason = signalWords[s].badEvent
		}
		k.nodeEvent(reason, "Node "+k.node.Name+" status is now: "+reason)
		_ = k.writeStatus() // tried again with the next change or heartbeat
	}
	return left, short
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
// the least important, and then by how much more it is (eviction/helpers.go,
// rankMemoryPressure). No pod is known to use much of a disk or of process ids:
// there importance alone counts.
func rankForEviction(all []*worker, s signal, now time.Time) []*worker {
	over := func(w *worker) int64 {
		if s != memory {
			return 0
		}
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

func (k *kubelet) evictionMessage(w *worker, s signal, left int64, now time.Time) string {
	pod, box := w.pod, w.box
	format := resource.BinarySI
	if s == pids {
		format = resource.DecimalSI
	}
	text := func(n int64) string { return resource.NewQuantity(n, format).String() }
	least, _ := k.threshold(s)
	free := max(left, 0)
	if s != pids {
		free = free >> 10 << 10
	}
	message := fmt.Sprintf("The node was low on resource: %s. Threshold quantity: %s, available: %s. ", signalWords[s].resource, text(least), text(free))
	if s != memory {
		return message
	}
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
