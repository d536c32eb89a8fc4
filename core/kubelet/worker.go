package kubelet

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// soon is how long a container may still run, or a pod wait, for that to count
// as work under way.
const soon = 2 * time.Second

// noticed is how long the kubelet takes to look at a pod again by itself
// (the relisting of pkg/kubelet/pleg/generic.go).
const noticed = time.Second

// worker brings one pod to what its spec wants, one operation at a time.
type worker struct {
	k   *kubelet
	key string
	pod *corev1.Pod // the newest version known
	box *sandbox    // nil before it is made

	busy   string        // the operation under way
	op     *client.Timer // its end
	dirty  bool          // something has happened that is to be reported before going on
	holds  map[string]hold
	delays map[string]*backoff // by container, and by image
	timers [2]*client.Timer    // by class

	mountDelay time.Duration
	sizes      sizes     // how far a change of its resources has come
	failure    *failure  // why it was ended before its time
	stopping   time.Time // since when; zero for not at all
	gone       bool      // all is done, deletion included
}

func newWorker(k *kubelet, key string, pod *corev1.Pod) *worker {
	w := &worker{k: k, key: key, pod: pod, dirty: true}
	if w.box = k.node.boxes[pod.UID]; w.box == nil {
		w.box = k.node.adopt(pod, key)
	}
	return w
}

// take takes in a version of the pod, unless a newer one is known. A new spec
// (another image, say) ends all waiting.
func (w *worker) take(pod *corev1.Pod) {
	if revision(pod) < revision(w.pod) {
		return
	}
	if pod.Generation != w.pod.Generation {
		clear(w.holds)
		w.dirty = true
	}
	w.pod = pod
}

// abandon forgets a pod that is gone from the API: nobody waits for its end.
func (w *worker) abandon() {
	w.op.Stop()
	w.stopTimers()
	w.k.node.remove(w.pod.UID)
	w.free()
}

func (w *worker) stopTimers() {
	for i := range w.timers {
		w.timers[i].Stop()
		w.timers[i] = nil
	}
}

// step does what is next, until something has to be waited for.
func (w *worker) step() error {
	if w.gone {
		return nil
	}
	if w.pod.DeletionTimestamp == nil {
		w.dial()
	}
	if w.box != nil {
		w.box.settle(w.k.c.Now())
	}
	if w.pod.DeletionTimestamp != nil {
		return w.stop()
	}
	w.probe()
	if finished(w.pod) || w.failure != nil {
		return nil
	}
	if _, over := w.overdue(w.k.c.Now()); over && w.box != nil {
		return w.fail(&failure{"DeadlineExceeded", "Pod was active on the node longer than the specified deadline", false})
	}
	if w.busy != "" {
		return nil
	}
	return w.run()
}

func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func (w *worker) run() error {
	if w.dirty {
		if err := w.report(false); err != nil {
			return err
		}
		w.dirty = false
	}
	if w.box == nil {
		if !w.mounted() {
			return nil
		}
		w.operate("make the sandbox of", w.k.node.Config.Sandbox, func() {
			w.box = w.k.node.newSandbox(w.pod, w.key)
		})
		return nil
	}
	if err := w.resize(); err != nil {
		return err
	}
	if changed := w.changed(); changed != nil && w.busy == "" {
		w.replace(changed, "definition changed, will be restarted")
	}
	for w.busy == "" {
		n := decide(w.pod, w.box, w.holds, w.k.c.Now())
		if n.start == nil {
			if n.over {
				w.stopRest()
			}
			break
		}
		w.start(n.start, n.init)
	}
	if w.busy != "" {
		return nil
	}
	w.setTimers()
	return w.report(false)
}

// operate does something that takes a while; the worker goes on after it.
func (w *worker) operate(what string, d time.Duration, done func()) {
	w.wait(what, w.k.vary(d), done)
}

func (w *worker) wait(what string, d time.Duration, done func()) {
	w.busy = what
	w.op = w.k.c.After(d, sim.Work, what+" "+w.key, func() {
		w.busy = ""
		if w.k.workers[w.key] != w {
			return
		}
		done()
		w.again(w.step())
	})
}

// again has a step that failed taken once more after a while.
func (w *worker) again(err error) {
	if err != nil {
		w.k.loop.AddAfter(w.key, firstDelay, sim.Idle)
	}
}

// start begins to start a container: if it may be restarted already, its image
// is got, and then it is created.
func (w *worker) start(c *corev1.Container, init bool) {
	if last := w.box.find(c.Name); last.exited() && !last.replaced && !w.mayRestart(c, last) {
		return
	}
	w.image(c, init, func(img *image) {
		w.operate("start container "+c.Name+" of", w.k.node.Config.Start, func() { w.create(c, init, img) })
	})
}

// mayRestart says no while the container backs off from crashing.
func (w *worker) mayRestart(c *corev1.Container, last *container) bool {
	now := w.k.c.Now()
	b := w.delays[c.Name]
	if until := last.finished.Add(b.current(last.finished)); until.After(now) {
		name := podName(w.pod)
		w.k.event(w.pod, fieldPath(c, w.isInit(c)), corev1.EventTypeWarning, "BackOff",
			fmt.Sprintf("Back-off restarting failed container %s in pod %s", c.Name, name))
		w.hold(c, until, "CrashLoopBackOff",
			fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", b.length, c.Name, name))
		return false
	}
	w.raise(c.Name, last.finished)
	return true
}

// podName is how the kubelet writes a pod: web-0_default(UID).
func podName(pod *corev1.Pod) string {
	return fmt.Sprintf("%s_%s(%s)", pod.Name, pod.Namespace, pod.UID)
}

func (w *worker) isInit(c *corev1.Container) bool {
	for i := range w.pod.Spec.InitContainers {
		if w.pod.Spec.InitContainers[i].Name == c.Name {
			return true
		}
	}
	return false
}

// fieldPath is the part of the pod that an event is about.
func fieldPath(c *corev1.Container, init bool) string {
	if init {
		return "spec.initContainers{" + c.Name + "}"
	}
	return "spec.containers{" + c.Name + "}"
}

// create puts the container on the machine and starts it.
func (w *worker) create(c *corev1.Container, init bool, img *image) {
	values, err := w.k.fetchEnv(w.pod, c)
	if err != nil {
		w.say(c, init, corev1.EventTypeWarning, "Failed", "Error: "+err.Error())
		w.k.decided(w.pod, "create", c.Name, "failed", err.Error())
		w.hold(c, w.k.c.Now().Add(firstDelay), "CreateContainerConfigError", err.Error())
		w.dirty = true
		return
	}
	run := &container{
		name: c.Name, asked: c.Image, id: containerID(w.k.dice), image: img.ref, imageID: img.id(),
		started: w.k.c.Now(), plan: planOf(w.pod, c, img, values),
		given: c.Resources, promised: c.Resources,
	}
	change(&run.plan, w.k.node.stages, w.pod, c.Name, w.k.dice)
	run.probes = newProbes(c, run.started)
	w.box.run(run)
	delete(w.holds, c.Name)
	field := fieldPath(c, init)
	w.k.event(w.pod, field, corev1.EventTypeNormal, "Created", "Container created")
	if run.plan.reason == "StartError" {
		run.finish(run.started, run.plan.exit, run.plan.reason, run.plan.message)
		w.k.event(w.pod, field, corev1.EventTypeWarning, "Failed", "Error: "+run.plan.message)
		w.k.decided(w.pod, "start", c.Name, "failed", run.plan.message)
		w.dirty = true
		return
	}
	w.k.event(w.pod, field, corev1.EventTypeNormal, "Started", "Container started")
	w.k.decided(w.pod, "start", c.Name, "started", "")
	w.postStart(c, run)
}

// setTimers has the worker look again when a container ends or becomes ready,
// or a back-off is over: one timer for what counts as work, one for the rest.
func (w *worker) setTimers() {
	w.stopTimers()
	now := w.k.c.Now()
	var first [2]time.Time
	at := func(t time.Time, class sim.Class) {
		if t.After(now) && (first[class].IsZero() || t.Before(first[class])) {
			first[class] = t
		}
	}
	w.moments(now, at)
	for class, t := range first {
		if t.IsZero() {
			continue
		}
		w.timers[class] = w.k.c.After(t.Sub(now), sim.Class(class), "look at "+w.key, func() {
			w.dirty = true
			w.again(w.step())
		})
	}
}

// class tells whether a time of waiting counts as work.
func class(d time.Duration) sim.Class {
	if d <= soon {
		return sim.Work
	}
	return sim.Idle
}

// moments calls at with every time at which something about the pod changes by itself.
func (w *worker) moments(now time.Time, at func(time.Time, sim.Class)) {
	if deadline, _ := w.overdue(now); !deadline.IsZero() {
		at(deadline, sim.Idle)
	}
	if w.sizes.pending != nil {
		at(now.Add(resizeAgain), sim.Idle)
	}
	for _, list := range [][]corev1.Container{w.pod.Spec.InitContainers, w.pod.Spec.Containers} {
		for i := range list {
			c := &list[i]
			if run := w.box.find(c.Name); run.running() {
				run.probeMoments(c, w.box.ip, func(t time.Time, good bool) { at(t, probeClass(good)) })
				if end, ends := run.end(); ends {
					at(end, class(run.plan.lasts))
				}
				if a := run.plan.asks; a != nil && w.k.node.Network != nil {
					at(run.started.Add(a.at), a.class(run))
				}
			}
			if h, ok := w.holds[c.Name]; ok {
				at(h.until, class(h.until.Sub(now)))
			}
		}
	}
}
