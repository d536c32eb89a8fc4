package kubelet

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/sim"
)

// The back-off of crashing containers and failing pulls
// (pkg/kubelet/kubelet.go, client-go's util/flowcontrol/backoff.go).
const (
	firstDelay = 10 * time.Second
	lastDelay  = 5 * time.Minute
)

// backoff is how long to wait after a failure, doubling from firstDelay to
// lastDelay; what has been well for twice that begins anew.
type backoff struct {
	length time.Duration
	raised time.Time
	reason string // the last failure's, of a pull
}

// current is the length in force for a failure at a time; nil has none.
func (b *backoff) current(failed time.Time) time.Duration {
	if b == nil || failed.Sub(b.raised) > 2*lastDelay {
		return 0
	}
	return b.length
}

// raise counts a failure at a time; it says so at once or later.
func (b *backoff) raise(failed, now time.Time) {
	b.length = max(min(2*b.current(failed), lastDelay), firstDelay)
	b.raised = now
}

// raise counts a failure of a container, or of an image.
func (w *worker) raise(key string, failed time.Time) *backoff {
	b := w.delays[key]
	if b == nil {
		b = &backoff{}
		if w.delays == nil {
			w.delays = map[string]*backoff{}
		}
		w.delays[key] = b
	}
	b.raise(failed, w.k.c.Now())
	return b
}

// hold keeps a container from being tried again for a while, and says why.
func (w *worker) hold(c *corev1.Container, until time.Time, reason, message string) {
	if w.holds == nil {
		w.holds = map[string]hold{}
	}
	w.holds[c.Name] = hold{until, reason, message}
}

// puller pulls one image after the other, as a kubelet does by default
// (pkg/kubelet/images/puller.go, serializeImagePulls).
type puller struct {
	freeAt time.Time
	coming map[string]bool // images that will have been pulled by then
}

// image gets the image of a container according to its pull policy, and calls
// use with it; where it can't be had, the container is held.
func (w *worker) image(c *corev1.Container, init bool, use func(*image)) {
	img, err := resolve(c.Image, w.k.node.more)
	var bad badName
	if errors.As(err, &bad) {
		w.say(c, init, corev1.EventTypeWarning, "InspectFailed", bad.message)
		w.refuse(c, init, "InvalidImageName", bad.message, time.Hour)
		return
	}
	present := false
	if err == nil {
		if there := w.k.node.images[img.ref]; there != nil {
			img, present = there, true
		}
	}
	switch {
	case c.ImagePullPolicy == corev1.PullNever && !present:
		message := fmt.Sprintf("Container image %q is not present with pull policy of Never", c.Image)
		w.say(c, init, corev1.EventTypeWarning, "ErrImageNeverPull", message)
		w.k.decided(w.pod, "pull", c.Image, "failed", message)
		b := w.raise("image "+c.Image, w.k.c.Now())
		w.refuse(c, init, "ErrImageNeverPull", message, b.length)
	case c.ImagePullPolicy != corev1.PullAlways && present:
		w.say(c, init, corev1.EventTypeNormal, "Pulled",
			fmt.Sprintf("Container image %q already present on machine and can be accessed by the pod", c.Image))
		w.k.decided(w.pod, "pull", c.Image, "present", "")
		use(img)
	default:
		w.pull(c, init, img, err, use)
	}
}

// say reports an event about a container.
func (w *worker) say(c *corev1.Container, init bool, kind, reason, message string) {
	w.k.event(w.pod, fieldPath(c, init), kind, reason, message)
}

// refuse says that a container can't be created and holds it for a while.
func (w *worker) refuse(c *corev1.Container, init bool, reason, message string, d time.Duration) {
	w.say(c, init, corev1.EventTypeWarning, "Failed", "Error: "+reason)
	w.hold(c, w.k.c.Now().Add(d), reason, message)
}

// pull asks the registry, unless it has failed not long ago.
func (w *worker) pull(c *corev1.Container, init bool, img *image, failure error, use func(*image)) {
	now := w.k.c.Now()
	if b := w.delays["image "+c.Image]; b != nil && b.raised.Add(b.current(now)).After(now) {
		message := fmt.Sprintf("Back-off pulling image %q", c.Image)
		w.say(c, init, corev1.EventTypeNormal, "BackOff", message)
		w.refuse(c, init, "ImagePullBackOff", message+": "+b.reason, b.raised.Add(b.current(now)).Sub(now))
		return
	}
	w.say(c, init, corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", c.Image))
	var late time.Duration
	if img != nil {
		late = w.k.node.Registry.delay(img.ref)
		if failure = w.k.node.Registry.failure(img.ref); failure != nil {
			img = nil
		}
	}
	f := w.k.queuePull(img, late)
	w.wait("pull image "+c.Image+" for", f.total, func() {
		if failure != nil {
			w.pullFailed(c, init, failure)
			return
		}
		w.pulled(c, init, img, f)
		use(img)
	})
}

// fetch is one pull in the queue.
type fetch struct {
	own, total time.Duration // what it takes itself, and with waiting
	downloads  bool          // it is the one that brings the image
}

// queuePull puts a pull, which the registry makes late, behind those under way.
// img is nil for one that will fail. The image arrives even if the pod that
// wanted it goes meanwhile.
func (k *kubelet) queuePull(img *image, late time.Duration) fetch {
	f := fetch{own: k.vary(k.node.Config.Resolve) + late}
	if img != nil && k.node.images[img.ref] == nil && !k.puller.coming[img.ref] {
		f.downloads = true
		f.own += k.vary(time.Duration(img.entry.size*1000/max(k.node.Config.PullRate, 1)) * ms)
		k.puller.coming[img.ref] = true
	}
	now := k.c.Now()
	if k.puller.freeAt.Before(now) {
		k.puller.freeAt = now
	}
	k.puller.freeAt = k.puller.freeAt.Add(f.own)
	f.total = k.puller.freeAt.Sub(now)
	if f.downloads {
		k.c.After(f.total, sim.Work, "image "+img.ref+" arrives", func() {
			delete(k.puller.coming, img.ref)
			k.node.images[img.ref], k.node.changed = img, true
		})
	}
	return f
}

// pulled reports a pull that went well.
func (w *worker) pulled(c *corev1.Container, init bool, img *image, f fetch) {
	result := "present"
	if f.downloads {
		result = "pulled"
	}
	w.say(c, init, corev1.EventTypeNormal, "Pulled",
		fmt.Sprintf("Successfully pulled image %q in %v (%v including waiting). Image size: %d bytes.",
			c.Image, f.own.Truncate(ms), f.total.Truncate(ms), img.entry.size))
	w.k.decided(w.pod, "pull", c.Image, result, "")
}

// pullFailed shows the error, and a moment later that it backs off.
func (w *worker) pullFailed(c *corev1.Container, init bool, failure error) {
	now := w.k.c.Now()
	message := failure.Error()
	w.say(c, init, corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", c.Image, message))
	w.k.decided(w.pod, "pull", c.Image, "failed", message)
	b := w.raise("image "+c.Image, now)
	b.reason = "ErrImagePull: " + message
	w.refuse(c, init, "ErrImagePull", message, noticed)
}
