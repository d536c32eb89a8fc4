package kubelet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
)

// report writes the pod's status, if it is not what the API server has.
// terminal says that nothing of the pod will run any more.
func (w *worker) report(terminal bool) error {
	status := statusOf(w.pod, w.box, w.k.node, w.holds, w.k.c.Now(), terminal, w.failure)
	status.Conditions = w.sizes.among(status.Conditions)
	was := w.pod.Status
	was.Conditions = arranged(was.Conditions)
	if equality.Semantic.DeepEqual(*status, was) {
		return nil // the order in which others left theirs is no reason to write
	}
	uid := w.pod.UID
	pod, err := client.Patch(w.k.c, w.pod.Namespace, w.pod.Name, "status", func(p *corev1.Pod) {
		if p.UID == uid {
			others := foreignConditions(p.Status.Conditions)
			p.Status = *status.DeepCopy()
			p.Status.Conditions = append(others, ownConditions(p.Status.Conditions)...)
			w.failure.marked(&p.Status, p, w.k.c.Now())
		}
	})
	if apierrors.IsNotFound(err) {
		return nil // the watch will tell
	}
	if err != nil {
		return err
	}
	if pod.UID == uid && revision(pod) > revision(w.pod) {
		w.pod = pod
		if pod.DeletionTimestamp != nil && w.stopping.IsZero() {
			w.k.loop.Add(w.key) // the answer told so before the watch does, which will be no news then
		}
	}
	return nil
}

// The conditions that the kubelet writes, in its order.
var conditionTypes = []corev1.PodConditionType{
	corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled,
}

func isOwn(c corev1.PodCondition) bool {
	return slices.Contains(conditionTypes, c.Type) || c.Type == corev1.PodResizePending || c.Type == corev1.PodResizeInProgress
}

func ownConditions(all []corev1.PodCondition) []corev1.PodCondition {
	return slices.DeleteFunc(slices.Clone(all), func(c corev1.PodCondition) bool { return !isOwn(c) })
}

func foreignConditions(all []corev1.PodCondition) []corev1.PodCondition {
	return slices.DeleteFunc(slices.Clone(all), isOwn)
}

// arranged is others' conditions and then the kubelet's, as it writes them
// (pkg/kubelet/status, mergePodStatus).
func arranged(all []corev1.PodCondition) []corev1.PodCondition {
	return append(foreignConditions(all), ownConditions(all)...)
}

// statusOf is the status that follows from what is on the machine
// (pkg/kubelet/kubelet_pods.go, generateAPIPodStatus). It is pure.
func statusOf(pod *corev1.Pod, box *sandbox, node *Node, holds map[string]hold, now time.Time, terminal bool, why *failure) *corev1.PodStatus {
	s := &statusMaker{pod: pod, box: box, holds: holds, now: now, terminal: terminal, why: why}
	old := &pod.Status
	out := &corev1.PodStatus{
		ObservedGeneration: pod.Generation,
		HostIP:             node.Address(), HostIPs: []corev1.HostIP{{IP: node.Address()}},
		PodIP: old.PodIP, PodIPs: old.PodIPs,
		StartTime: old.StartTime, QOSClass: old.QOSClass,
		NominatedNodeName: old.NominatedNodeName, ResourceClaimStatuses: old.ResourceClaimStatuses,
	}
	if out.StartTime == nil {
		start := stamp(now)
		out.StartTime = &start
	}
	if box != nil {
		out.PodIP, out.PodIPs = box.ip, []corev1.PodIP{{IP: box.ip}}
	}
	out.InitContainerStatuses = s.containers(pod.Spec.InitContainers, true)
	out.ContainerStatuses = s.containers(pod.Spec.Containers, false)
	slices.SortFunc(out.ContainerStatuses, func(a, b corev1.ContainerStatus) int { return strings.Compare(a.Name, b.Name) })
	out.Phase = s.phase(out)
	if out.Phase == old.Phase {
		out.Reason, out.Message = old.Reason, old.Message
	}
	out.Conditions = append(foreignConditions(old.Conditions), s.conditions(out)...)
	why.marked(out, pod, now)
	return out
}

// stamp is a time as it comes back from the API server: in whole seconds.
func stamp(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }

type statusMaker struct {
	pod      *corev1.Pod
	box      *sandbox
	holds    map[string]hold
	now      time.Time
	terminal bool
	why      *failure
}

func (s *statusMaker) containers(specs []corev1.Container, init bool) []corev1.ContainerStatus {
	if len(specs) == 0 {
		return nil
	}
	out := make([]corev1.ContainerStatus, len(specs))
	for i := range specs {
		out[i] = s.container(&specs[i], init)
	}
	return out
}

func (s *statusMaker) container(c *corev1.Container, init bool) corev1.ContainerStatus {
	run, started := s.box.find(c.Name), false
	status := corev1.ContainerStatus{Name: c.Name, Image: c.Image, VolumeMounts: mounts(c), Started: &started}
	if run == nil {
		status.State.Waiting = s.waiting(c)
		if s.terminal && anyStarted(s.pod, s.box) {
			status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				Reason: "ContainerStatusUnknown", ExitCode: exitKilled,
				Message: "The container could not be located when the pod was terminated",
			}}
		}
		return status
	}
	status.Image, status.ImageID, status.ContainerID, status.RestartCount = run.image, run.imageID, run.id, run.restarts
	status.Resources, status.AllocatedResources = run.given.DeepCopy(), run.promised.Requests
	h, held := s.holds[c.Name]
	switch {
	case run.running():
		status.State.Running = &corev1.ContainerStateRunning{StartedAt: stamp(run.started)}
		started = startedUp(run)
		status.Ready = (!init || sidecar(c)) && run.probes.ready(c)
		status.LastTerminationState.Terminated = run.last.terminated()
	case held && !s.terminal:
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: h.reason, Message: h.message}
		status.LastTerminationState.Terminated = run.terminated()
	default:
		status.State.Terminated = run.terminated()
		status.LastTerminationState.Terminated = run.last.terminated()
		status.Ready = init && !sidecar(c) && run.exit == 0
	}
	return status
}

// waiting is the state of a container that has never run.
func (s *statusMaker) waiting(c *corev1.Container) *corev1.ContainerStateWaiting {
	if h, held := s.holds[c.Name]; held {
		return &corev1.ContainerStateWaiting{Reason: h.reason, Message: h.message}
	}
	if len(s.pod.Spec.InitContainers) > 0 {
		return &corev1.ContainerStateWaiting{Reason: "PodInitializing"}
	}
	return &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
}

func (c *container) terminated() *corev1.ContainerStateTerminated {
	if !c.exited() {
		return nil
	}
	return &corev1.ContainerStateTerminated{
		ExitCode: c.exit, Reason: c.reason, Message: c.message, ContainerID: c.id,
		StartedAt: stamp(c.started), FinishedAt: stamp(c.finished),
	}
}

func mounts(c *corev1.Container) []corev1.VolumeMountStatus {
	if len(c.VolumeMounts) == 0 {
		return nil
	}
	out := make([]corev1.VolumeMountStatus, len(c.VolumeMounts))
	for i, m := range c.VolumeMounts {
		out[i] = corev1.VolumeMountStatus{Name: m.Name, MountPath: m.MountPath, ReadOnly: m.ReadOnly}
		if m.ReadOnly {
			mode := corev1.RecursiveReadOnlyDisabled
			out[i].RecursiveReadOnly = &mode
		}
	}
	return out
}

// phase follows from the containers' states (kubelet_pods.go, getPhase).
func (s *statusMaker) phase(status *corev1.PodStatus) corev1.PodPhase {
	if finished(s.pod) {
		return s.pod.Status.Phase
	}
	if s.why != nil {
		return corev1.PodFailed
	}
	pending, failed := s.initPhase(status.InitContainerStatuses)
	if failed {
		return corev1.PodFailed
	}
	n := s.count(status.ContainerStatuses)
	n.running += s.runningSidecars(status.InitContainerStatuses)
	switch {
	case s.terminal && (pending || n.waiting > 0 || n.running > 0):
		return corev1.PodFailed
	case pending || n.waiting > 0:
		return corev1.PodPending
	case n.running > 0 || !s.terminal && n.restarting > 0:
		return corev1.PodRunning
	case n.failed > 0:
		return corev1.PodFailed
	}
	return corev1.PodSucceeded
}

// initPhase tells whether the init containers aren't through, or never will be.
func (s *statusMaker) initPhase(statuses []corev1.ContainerStatus) (pending, failed bool) {
	initialised := anyStarted(s.pod, s.box)
	for i := range statuses {
		c, status := &s.pod.Spec.InitContainers[i], &statuses[i]
		ended := status.State.Terminated
		if ended == nil {
			ended = status.LastTerminationState.Terminated
		}
		switch {
		case sidecar(c):
			pending = pending || !initialised && (status.Started == nil || !*status.Started)
		case status.State.Running != nil || ended == nil:
			pending = true
		case ended.ExitCode != 0 && !restarts(s.pod, c, ended.ExitCode):
			failed = true
		}
	}
	return pending, failed
}

func (s *statusMaker) runningSidecars(statuses []corev1.ContainerStatus) (n int) {
	for i := range statuses {
		if sidecar(&s.pod.Spec.InitContainers[i]) && statuses[i].State.Running != nil {
			n++
		}
	}
	return n
}

type tally struct{ running, waiting, restarting, failed int }

func (s *statusMaker) count(statuses []corev1.ContainerStatus) (n tally) {
	byName := map[string]*corev1.Container{}
	for i := range s.pod.Spec.Containers {
		byName[s.pod.Spec.Containers[i].Name] = &s.pod.Spec.Containers[i]
	}
	for i := range statuses {
		status := &statuses[i]
		ended := status.State.Terminated
		if status.State.Waiting != nil {
			ended = status.LastTerminationState.Terminated
		}
		switch {
		case status.State.Running != nil:
			n.running++
		case ended == nil:
			n.waiting++
		case restarts(s.pod, byName[status.Name], ended.ExitCode):
			n.restarting++
		}
		if ended != nil && ended.ExitCode != 0 {
			n.failed++
		}
	}
	return n
}

// conditions are the kubelet's own (pkg/kubelet/status/generate.go).
func (s *statusMaker) conditions(status *corev1.PodStatus) []corev1.PodCondition {
	sandboxReady := corev1.PodCondition{Status: corev1.ConditionFalse}
	if s.box != nil && !s.terminal && status.Phase != corev1.PodSucceeded && status.Phase != corev1.PodFailed {
		sandboxReady.Status = corev1.ConditionTrue
	}
	containersReady := s.readiness(status)
	all := []corev1.PodCondition{
		sandboxReady, s.initialised(status), s.gates(status, containersReady), containersReady, {Status: corev1.ConditionTrue},
	}
	for i := range all {
		c := &all[i]
		c.Type, c.ObservedGeneration, c.LastTransitionTime = conditionTypes[i], s.pod.Generation, stamp(s.now)
		for _, old := range s.pod.Status.Conditions {
			if old.Type == c.Type && old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
			}
		}
	}
	return all
}

func (s *statusMaker) readiness(status *corev1.PodStatus) corev1.PodCondition {
	switch status.Phase {
	case corev1.PodSucceeded:
		return corev1.PodCondition{Status: corev1.ConditionFalse, Reason: "PodCompleted"}
	case corev1.PodFailed:
		return corev1.PodCondition{Status: corev1.ConditionFalse, Reason: "PodFailed"}
	}
	var unready []string
	for i := range status.InitContainerStatuses {
		if st := &status.InitContainerStatuses[i]; sidecar(&s.pod.Spec.InitContainers[i]) && !st.Ready {
			unready = append(unready, st.Name)
		}
	}
	ready := map[string]bool{}
	for i := range status.ContainerStatuses {
		ready[status.ContainerStatuses[i].Name] = status.ContainerStatuses[i].Ready
	}
	for i := range s.pod.Spec.Containers {
		if name := s.pod.Spec.Containers[i].Name; !ready[name] {
			unready = append(unready, name)
		}
	}
	if len(unready) == 0 {
		return corev1.PodCondition{Status: corev1.ConditionTrue}
	}
	return corev1.PodCondition{
		Status: corev1.ConditionFalse, Reason: "ContainersNotReady",
		Message: fmt.Sprintf("containers with unready status: %s", unready),
	}
}

// gates is the Ready condition: that of the containers, and then the readiness gates.
func (s *statusMaker) gates(status *corev1.PodStatus, containers corev1.PodCondition) corev1.PodCondition {
	if containers.Status != corev1.ConditionTrue {
		return containers
	}
	var messages []string
	for _, gate := range s.pod.Spec.ReadinessGates {
		i := slices.IndexFunc(s.pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == gate.ConditionType })
		if i < 0 {
			messages = append(messages, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", gate.ConditionType))
		} else if c := s.pod.Status.Conditions[i]; c.Status != corev1.ConditionTrue {
			messages = append(messages, fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %s", gate.ConditionType, c.Status))
		}
	}
	if len(messages) == 0 {
		return containers
	}
	return corev1.PodCondition{Status: corev1.ConditionFalse, Reason: "ReadinessGatesNotReady", Message: strings.Join(messages, ", ")}
}

func (s *statusMaker) initialised(status *corev1.PodStatus) corev1.PodCondition {
	switch {
	case status.Phase == corev1.PodSucceeded:
		return corev1.PodCondition{Status: corev1.ConditionTrue, Reason: "PodCompleted"}
	case slices.ContainsFunc(status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.State.Waiting == nil }):
		return corev1.PodCondition{Status: corev1.ConditionTrue}
	}
	var incomplete []string
	for i := range status.InitContainerStatuses {
		c, st := &s.pod.Spec.InitContainers[i], &status.InitContainerStatuses[i]
		done := st.Ready
		if sidecar(c) {
			done = st.Started != nil && *st.Started
		}
		if !done {
			incomplete = append(incomplete, c.Name)
		}
	}
	if len(incomplete) == 0 {
		return corev1.PodCondition{Status: corev1.ConditionTrue}
	}
	return corev1.PodCondition{
		Status: corev1.ConditionFalse, Reason: "ContainersNotInitialized",
		Message: fmt.Sprintf("containers with incomplete status: %s", incomplete),
	}
}
