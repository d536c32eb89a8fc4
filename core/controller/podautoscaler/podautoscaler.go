// Package podautoscaler is the HorizontalPodAutoscaler controller: every 15
// seconds it compares what the pods of a scale target use with what they
// should, and writes the number of replicas that would make it so through the
// target's scale subresource.
//
// A pass reads (target.go), works out a number for each metric (replicas.go),
// takes the largest, holds it back where recent passes wanted another one and
// where it would change too fast (normalise.go), and writes the scale and the
// status.
//
// It follows pkg/controller/podautoscaler of Kubernetes v1.36.3. Warnings that
// upstream repeats at every pass are reported when the status changes: an
// unchanged world is not written to. Left out: metrics of other sources than
// the resource metrics API (pods, object and external metrics are answered as
// in a cluster without such an API), pod-level requests, and scaling to zero,
// which is off by default.
package podautoscaler

import (
	"errors"
	"fmt"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// period is how often an autoscaler is looked at.
const period = 15 * time.Second

type autoscaler = autoscalingv2.HorizontalPodAutoscaler

type controller struct {
	c         *client.Client
	view      *client.View[*autoscaler]
	loop      *client.Loop
	due       map[string]bool // those that will have their pass
	past      map[string]*history
	selectors map[string]labels.Selector
}

// Start runs the controller with c.
func Start(c *client.Client) {
	h := &controller{c: c, view: client.NewView[*autoscaler](c, client.ViewOptions{}),
		due: map[string]bool{}, past: map[string]*history{}, selectors: map[string]labels.Selector{}}
	h.loop = c.NewLoop("autoscale", h.sync)
	h.loop.Needs(h.view)
	h.view.Handle(client.Handlers[*autoscaler]{
		Added: func(a *autoscaler) { h.wait(client.Key(a)) },
		Deleted: func(a *autoscaler) {
			delete(h.past, client.Key(a))
			delete(h.selectors, client.Key(a))
		},
	})
	h.view.Start()
}

// wait asks for the next pass. A change doesn't make it come earlier.
func (h *controller) wait(key string) {
	if !h.due[key] {
		h.due[key] = true
		h.loop.AddAfter(key, period, sim.Idle)
	}
}

// pass is one look at an autoscaler: its status as it is becoming, and what
// there is to report.
type pass struct {
	*controller
	key    string
	hpa    *autoscaler
	scale  *autoscalingv1.Scale
	target *api.Resource
	now    time.Time
	news   []news
}

type news struct{ kind, reason, message string }

func (p *pass) warn(reason, message string) {
	p.news = append(p.news, news{corev1.EventTypeWarning, reason, message})
}

// sync takes one pass over an autoscaler, and asks for the next.
func (h *controller) sync(key string) error {
	delete(h.due, key)
	hpa, ok := h.view.Get(client.SplitKey(key))
	if !ok {
		return nil
	}
	h.wait(key)
	p := &pass{controller: h, key: key, hpa: hpa.DeepCopy(), now: h.c.Now()}
	p.reconcile()
	changed := !equality.Semantic.DeepEqual(hpa.Status, p.hpa.Status)
	for _, n := range p.news {
		if changed || n.kind == corev1.EventTypeNormal {
			h.c.Event(hpa, n.kind, n.reason, n.message)
		}
	}
	if !changed {
		return nil
	}
	if _, err := client.UpdateStatus(h.c, p.hpa); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		h.c.Event(hpa, corev1.EventTypeWarning, "FailedUpdateStatus", err.Error())
	}
	return nil // the next pass tries again
}

// reconcile works out the status and scales.
func (p *pass) reconcile() {
	if err := p.findTarget(); err != nil {
		p.warn("FailedGetScale", err.Error())
		p.condition(autoscalingv2.AbleToScale, corev1.ConditionFalse, "FailedGetScale",
			fmt.Sprintf("the HPA controller was unable to get the target's current scale: %v", err))
		return
	}
	p.condition(autoscalingv2.AbleToScale, corev1.ConditionTrue, "SucceededGetScale",
		"the HPA controller was able to get the target's current scale")
	current, least, most := p.scale.Spec.Replicas, ptr.Deref(p.hpa.Spec.MinReplicas, 1), p.hpa.Spec.MaxReplicas
	p.recall(current)
	switch {
	case current == 0:
		p.condition(autoscalingv2.ScalingActive, corev1.ConditionFalse, "ScalingDisabled",
			"scaling is disabled since the replica count of the target is zero")
		p.status(current, 0, nil, false)
	case current > most:
		p.rescale(current, most, "Current number of replicas above Spec.MaxReplicas", nil)
	case current < least:
		p.rescale(current, least, "Current number of replicas below Spec.MinReplicas", nil)
	default:
		p.byMetrics(current, least)
	}
}

// byMetrics scales to what the metrics want, in bounds.
func (p *pass) byMetrics(current, least int32) {
	wanted, metric, statuses, err := p.measure()
	if err != nil && wanted < 0 {
		p.status(current, p.hpa.Status.DesiredReplicas, statuses, false)
		p.warn("FailedComputeMetricsReplicas", err.Error())
		return
	}
	reason := ""
	switch {
	case wanted > current:
		reason = metric + " above target"
	case wanted < current:
		reason = "All metrics below target"
	}
	desired := p.normalise(current, wanted, least)
	if desired == current {
		p.status(current, current, statuses, false)
		return
	}
	p.rescale(current, desired, reason, statuses)
}

// rescale writes the scale, a few times where others write the target too.
func (p *pass) rescale(current, desired int32, reason string, statuses []autoscalingv2.MetricStatus) {
	err := p.writeScale(desired)
	for range 4 {
		if !apierrors.IsConflict(err) {
			break
		}
		if p.findTarget() == nil {
			err = p.writeScale(desired)
		}
	}
	if err != nil {
		p.warn("FailedRescale", fmt.Sprintf("New size: %d; reason: %s; error: %v", desired, reason, err))
		p.condition(autoscalingv2.AbleToScale, corev1.ConditionFalse, "FailedUpdateScale",
			fmt.Sprintf("the HPA controller was unable to update the target scale: %v", err))
		p.status(current, p.hpa.Status.DesiredReplicas, statuses, false)
		return
	}
	p.condition(autoscalingv2.AbleToScale, corev1.ConditionTrue, "SucceededRescale",
		fmt.Sprintf("the HPA controller was able to update the target scale to %d", desired))
	p.news = append(p.news, news{corev1.EventTypeNormal, "SuccessfulRescale", fmt.Sprintf("New size: %d; reason: %s", desired, reason)})
	p.remember(current, desired)
	p.status(current, desired, statuses, true)
}

func (p *pass) status(current, desired int32, metrics []autoscalingv2.MetricStatus, rescaled bool) {
	p.hpa.Status = autoscalingv2.HorizontalPodAutoscalerStatus{
		CurrentReplicas: current, DesiredReplicas: desired, CurrentMetrics: metrics,
		LastScaleTime: p.hpa.Status.LastScaleTime, Conditions: p.hpa.Status.Conditions,
	}
	if rescaled {
		p.hpa.Status.LastScaleTime = &metav1.Time{Time: p.now.Truncate(time.Second)}
	}
}

// condition sets one of the status' conditions.
func (p *pass) condition(kind autoscalingv2.HorizontalPodAutoscalerConditionType, status corev1.ConditionStatus, reason, message string) {
	list := &p.hpa.Status.Conditions
	i := 0
	for i < len(*list) && (*list)[i].Type != kind {
		i++
	}
	if i == len(*list) {
		*list = append(*list, autoscalingv2.HorizontalPodAutoscalerCondition{Type: kind})
	}
	c := &(*list)[i]
	if c.Status != status {
		c.LastTransitionTime = metav1.NewTime(p.now.Truncate(time.Second))
	}
	c.Status, c.Reason, c.Message = status, reason, message
}

// measure is the largest number of replicas that a metric wants, which one, and
// the metrics as they are. Where some can't be had, the others may only add.
// It is -1 where nothing may be done.
func (p *pass) measure() (wanted int32, name string, statuses []autoscalingv2.MetricStatus, err error) {
	selector, err := p.selector()
	if err != nil {
		return -1, "", nil, err
	}
	specs := p.hpa.Spec.Metrics
	statuses = make([]autoscalingv2.MetricStatus, len(specs))
	var failed []*failure
	for i := range specs {
		n, metric, status, wrong := p.metric(&specs[i], selector)
		if wrong != nil {
			p.warn(wrong.reason, wrong.why.Error())
			failed = append(failed, wrong)
			continue
		}
		statuses[i] = status
		if wanted == 0 || n > wanted {
			wanted, name = n, metric
		}
	}
	if len(failed) > 0 {
		err = fmt.Errorf("invalid metrics (%d invalid out of %d), first error is: %w", len(failed), len(specs), errors.New(failed[0].what))
	}
	if len(failed) > 0 && (len(failed) == len(specs) || wanted < p.scale.Spec.Replicas) {
		p.condition(autoscalingv2.ScalingActive, corev1.ConditionFalse, failed[0].reason,
			fmt.Sprintf("the HPA was unable to compute the replica count: %v", failed[0].why))
		return -1, "", statuses, err
	}
	p.condition(autoscalingv2.ScalingActive, corev1.ConditionTrue, "ValidMetricFound",
		"the HPA was able to successfully calculate a replica count from "+name)
	return wanted, name, statuses, err
}
