package kubectl

import (
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
)

// evictAgain is how long drain waits before it asks again for what a
// disruption budget has refused; pollPods, how often it looks for pods that go.
const (
	evictAgain = 5 * time.Second
	pollPods   = time.Second
)

var isNotFound = apierrors.IsNotFound

// eviction is the pods of one node on their way out. Each has been evicted or
// waits for its budget; every second all are looked at.
type eviction struct {
	*drainOptions
	c     *call
	began time.Time
	pods  []*leaver
	errs  []error
	then  func(error)
}

// leaver is a pod on its way out.
type leaver struct {
	pod   corev1.Pod
	asked bool      // it has been evicted or deleted, and is to be waited for
	next  time.Time // when to ask again, after a refusal
}

// step asks for what is due, looks who has gone, and comes back in a second as
// long as pods are left.
func (e *eviction) step() {
	e.each(e.ask)
	e.each(e.gone)
	if len(e.pods) == 0 {
		e.then(utilerrors.NewAggregate(e.errs))
		return
	}
	e.c.stop = e.c.session.env.After(pollPods, func() {
		e.c.stop = nil
		e.step()
	})
}

// each leaves out the pods that are done with, one way or the other.
func (e *eviction) each(do func(*leaver) (done bool, err error)) {
	var left []*leaver
	for _, l := range e.pods {
		done, err := do(l)
		if err != nil {
			e.errs = append(e.errs, err)
		} else if !done {
			left = append(left, l)
		}
	}
	e.pods = left
}

func (e *eviction) late() bool {
	return e.timeout > 0 && e.c.session.env.Now().Sub(e.began) >= e.timeout
}

// ask evicts a pod, or deletes it where eviction is not wanted.
func (e *eviction) ask(l *leaver) (done bool, err error) {
	p := &l.pod
	if l.asked || e.c.session.env.Now().Before(l.next) {
		return false, nil
	}
	if !e.delete {
		note := ""
		if e.dry == "server" {
			note = " (server dry run)"
		}
		e.c.printf("evicting pod %s/%s%s\n", p.Namespace, p.Name, note)
		if e.late() {
			return false, fmt.Errorf("error when evicting pods/%q -n %q: global timeout reached: %v", p.Name, p.Namespace, e.timeout)
		}
	}
	err = e.request(p)
	switch {
	case err == nil:
		l.asked = true
		return e.dry == "server", nil
	case isNotFound(err):
		return true, nil
	case e.delete:
		return false, err
	case apierrors.IsTooManyRequests(err):
		e.c.eprintf("error when evicting pods/%q -n %q (will retry after %v): %v\n", p.Name, p.Namespace, evictAgain, err)
	case apierrors.IsForbidden(err) && apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		if l.asked = p.DeletionTimestamp != nil; l.asked {
			return false, nil
		}
		e.c.eprintf("error when evicting pod %q from terminating namespace %q (will retry after %v): %v\n", p.Name, p.Namespace, evictAgain, err)
	default:
		return false, fmt.Errorf("error when evicting pods/%q -n %q: %v", p.Name, p.Namespace, err)
	}
	l.next = e.c.session.env.Now().Add(evictAgain)
	var fresh corev1.Pod
	if e.c.into(podPath(p), nil, &fresh) == nil {
		l.pod = fresh
	}
	return false, nil
}

func podPath(p *corev1.Pod) string { return "/api/v1/namespaces/" + p.Namespace + "/pods/" + p.Name }

func (e *eviction) request(p *corev1.Pod) error {
	options := &metav1.DeleteOptions{}
	if e.grace >= 0 {
		seconds := int64(e.grace)
		options.GracePeriodSeconds = &seconds
	}
	if e.dry == "server" {
		options.DryRun = []string{metav1.DryRunAll}
	}
	w, what := wire{method: "DELETE", path: podPath(p)}, any(options)
	if e.delete {
		options.Kind, options.APIVersion = "DeleteOptions", "v1"
	} else {
		w.method, w.path = "POST", w.path+"/eviction"
		what = &policyv1.Eviction{
			TypeMeta:      metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
			ObjectMeta:    metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name},
			DeleteOptions: options,
		}
	}
	var err error
	if w.body, err = json.Marshal(what); err != nil {
		return err
	}
	_, err = e.c.send(w)
	return err
}

// gone looks whether a pod has left, or another has taken its name.
func (e *eviction) gone(l *leaver) (bool, error) {
	if !l.asked {
		return false, nil
	}
	var live corev1.Pod
	err := e.c.into(podPath(&l.pod), nil, &live)
	switch {
	case isNotFound(err) || err == nil && live.UID != l.pod.UID:
		return true, e.tell(l, "")
	case err != nil:
		e.tell(l, " failed")
	case e.skips(e.c, &live):
		e.c.printf("pod %q has DeletionTimestamp older than %v seconds, skipping\n", live.Name, e.skipAfter)
		return true, nil
	case e.late():
		err = fmt.Errorf("context deadline exceeded")
	}
	if err != nil && !e.delete {
		err = fmt.Errorf("error when waiting for pod %q in namespace %q to terminate: %v", l.pod.Name, l.pod.Namespace, err)
	}
	return false, err
}

func (e *eviction) tell(l *leaver, failed string) error {
	word := map[bool]string{false: "evicted", true: "deleted"}[e.delete]
	if failed != "" {
		word = map[bool]string{false: "eviction", true: "deletion"}[e.delete] + failed
	}
	word, err := e.dry.check(word)
	if err != nil {
		return err
	}
	e.c.printf("pod/%s %s\n", l.pod.Name, word)
	return nil
}
