package kubelet

import (
	"fmt"
	"path"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/sim"
)

// leastGrace is what a container is given to stop in any case
// (kuberuntime, minimumGracePeriodInSeconds).
const leastGrace = 2 * time.Second

// hookTakes is how long a lifecycle hook runs, and whether it ends well.
func hookTakes(h *corev1.LifecycleHandler, c *corev1.Container, run *container, ip string, now time.Time) (time.Duration, bool) {
	switch {
	case h == nil:
		return 0, true
	case h.Sleep != nil:
		return time.Duration(h.Sleep.Seconds) * time.Second, true
	case h.HTTPGet != nil:
		ok, _ := run.plan.httpAnswer(h.HTTPGet, c, ip, now.Sub(run.started)+ms)
		return atOnce, ok
	case h.Exec != nil && len(h.Exec.Command) > 0:
		p := plan{lasts: atOnce}
		if words := h.Exec.Command; isShell(path.Base(words[0])) {
			if i := slices.Index(words, "-c"); i >= 0 && i+1 < len(words) {
				p = runScript(words[i+1], nil, "")
			}
		} else if known, ok := simple(words, nil); ok {
			p = known
		}
		return p.lasts, p.exit == 0
	}
	return 0, true
}

// postStart runs a container's postStart hook: until it is over nothing is
// reported of the container, and when it fails the container is killed
// (kuberuntime_container.go, startContainer).
func (w *worker) postStart(c *corev1.Container, run *container) {
	if c.Lifecycle == nil || c.Lifecycle.PostStart == nil {
		return
	}
	takes, ok := hookTakes(c.Lifecycle.PostStart, c, run, w.box.ip, w.k.c.Now())
	if takes < 0 {
		takes = 365 * 24 * time.Hour
	}
	w.wait("run the postStart hook of "+c.Name+" in", takes, func() {
		w.dirty = true
		if ok || !run.running() {
			return
		}
		w.say(c, w.isInit(c), corev1.EventTypeWarning, "FailedPostStartHook", "PostStartHook failed")
		w.killing(c.Name, "FailedPostStartHook")
		_, exit := w.endOf(c, run, w.k.c.Now(), w.ownGrace())
		run.finish(w.k.c.Now(), exit, "", "")
	})
}

// ownGrace is the grace period that the pod's spec states.
func (w *worker) ownGrace() time.Duration {
	if s := w.pod.Spec.TerminationGracePeriodSeconds; s != nil {
		return time.Duration(*s) * time.Second
	}
	return 30 * time.Second
}

// endOf is how long it takes a container to end that is asked to, and its exit
// code: first the preStop hook, then SIGTERM, and SIGKILL when the grace period
// is over.
func (w *worker) endOf(c *corev1.Container, run *container, now time.Time, grace time.Duration) (time.Duration, int32) {
	hook := w.preStop(c, run, now, grace)
	rest := max(grace-hook, leastGrace)
	if run.plan.stop < 0 || run.plan.stop > rest {
		return hook + rest, exitKilled
	}
	return hook + w.k.vary(run.plan.stop), 0
}

// preStop is how long the preStop hook keeps a container from being asked to
// stop; one that fails is told of and otherwise passed over.
func (w *worker) preStop(c *corev1.Container, run *container, now time.Time, grace time.Duration) time.Duration {
	if c == nil || c.Lifecycle == nil || c.Lifecycle.PreStop == nil || grace <= 0 {
		return 0
	}
	takes, ok := hookTakes(c.Lifecycle.PreStop, c, run, w.box.ip, now)
	if !ok {
		w.say(c, w.isInit(c), corev1.EventTypeWarning, "FailedPreStopHook", "PreStopHook failed")
	}
	if takes < 0 || takes > grace {
		return grace
	}
	return takes
}

// probe makes the probes that are due, tells of those that fail, and ends a
// container that a liveness or startup probe has condemned.
func (w *worker) probe() {
	if w.box == nil || w.pod.DeletionTimestamp != nil || finished(w.pod) {
		return
	}
	now := w.k.c.Now()
	for i := range w.box.containers {
		run := w.box.containers[i]
		c := specOf(w.pod, run.name)
		if c == nil {
			continue
		}
		v := run.observe(c, w.box.ip, now)
		for _, said := range v.complaints {
			w.say(c, w.isInit(c), corev1.EventTypeWarning, "Unhealthy", said.kind+" probe failed: "+said.output)
		}
		if v.condemned != "" && w.busy == "" {
			w.condemn(c, run, v)
		}
	}
}

func (w *worker) condemn(c *corev1.Container, run *container, v verdict) {
	message := fmt.Sprintf("Container %s failed %s probe", c.Name, v.condemned)
	run.again = sidecar(c) || w.pod.Spec.RestartPolicy != corev1.RestartPolicyNever
	if run.again {
		message += ", will be restarted"
	}
	w.killing(c.Name, message)
	grace := w.ownGrace()
	if s := v.probe.TerminationGracePeriodSeconds; s != nil {
		grace = time.Duration(*s) * time.Second
	}
	takes, exit := w.endOf(c, run, w.k.c.Now(), grace)
	w.wait("stop container "+c.Name+" of", takes, func() {
		run.finish(w.k.c.Now(), exit, "", "")
		w.dirty = true
	})
}

// specOf is a container's spec, nil when it is in the pod no longer.
func specOf(pod *corev1.Pod, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// probeClass says that waiting for good news is work under way.
func probeClass(good bool) sim.Class {
	if good {
		return sim.Work
	}
	return sim.Idle
}
