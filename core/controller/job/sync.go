package job

import (
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// sync takes one pass over a job: read, decide, act.
func (js *jobs) sync(key string) error {
	j, ok := js.all.Get(client.SplitKey(key))
	if !ok {
		js.forget(key)
		return nil
	}
	if js.wroteJob.Behind(key, js.all.Seen()) || js.wrotePods.Behind(key, js.pods.Seen()) {
		return controller.ErrBehind
	}
	if by := j.Spec.ManagedBy; by != nil && *by != batchv1.JobControllerName {
		return nil
	}
	if finished(j) {
		delete(js.backoffs, key)
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(j.Spec.Selector)
	if err != nil {
		return err
	}
	pods, err := controller.Claim(&controller.Claimant{
		Client: js.c, Owner: j, Selector: selector,
		Wrote: func(revision int64) { js.wrotePods.Note(key, revision) },
	}, append(js.pods.By(controller.ByOwner, string(j.UID)), js.pods.By(controller.ByOwner, controller.Orphans(j.Namespace))...))
	if err != nil {
		return err
	}
	p := decide(observed{job: j, pods: pods, backoff: js.backoffs[key], now: js.c.Now()})
	if p.recheck > 0 {
		js.after(j, p.recheck)
	}
	return js.act(key, p)
}
