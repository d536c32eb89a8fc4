// Package disruption is the disruption controller: it keeps the status of pod
// disruption budgets, by which the API server decides whether a pod may be
// evicted: how many pods there should be, how many are healthy, how many may
// go, and which evicted ones have not been seen going yet.
//
// It follows pkg/controller/disruption of Kubernetes v1.36.3: read and write
// here, decide.go is pure. Left out: the event for a pod that several budgets
// select (all of them are looked at, upstream picks one), and taking back the
// DisruptionTarget condition of a pod that was not deleted within two minutes
// after all: here condition and deletion are one step of the API server.
package disruption

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

// component is the controller's name in events.
const component = "controllermanager"

type budgets struct {
	c *client.Client
	controller.Selection[*policyv1.PodDisruptionBudget]
	loop *client.Loop
}

// Start runs the controller with c.
func Start(c *client.Client) {
	b := &budgets{c: c}
	b.Selector = func(b *policyv1.PodDisruptionBudget) labels.Selector {
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil {
			return labels.Nothing()
		}
		return selector
	}
	b.Matters = func(_, _ *corev1.Pod) bool { return true }
	b.loop = c.NewLoop("sync disruption budget", b.sync)
	b.Select(c, b.loop)
	b.Start()
}

// sync takes one pass over a budget: read, decide, act.
func (b *budgets) sync(key string) error {
	budget, ok := b.Owners.Get(client.SplitKey(key))
	if !ok {
		return nil
	}
	pods, known := b.Of(budget)
	if !known {
		return nil
	}
	now := b.c.Now()
	status, recheck, news, err := b.status(budget, pods, now)
	if err != nil {
		status = failed(budget, err, metav1.NewTime(now.Truncate(time.Second)))
	}
	if !equality.Semantic.DeepEqual(budget.Status, status) {
		for _, n := range news {
			b.report(budget, n.kind, n.reason, n.message)
		}
		if err := b.write(budget, status); err != nil {
			return err
		}
	}
	if !recheck.IsZero() {
		b.loop.AddAfter(key, recheck.Sub(now), sim.Idle)
	}
	return nil
}

// news is an event about a budget. Upstream reports at every pass; here, as
// nothing may be written in an unchanged world, with a new status.
type news struct{ kind, reason, message string }

func (b *budgets) status(budget *policyv1.PodDisruptionBudget, pods []*corev1.Pod, now time.Time) (status policyv1.PodDisruptionBudgetStatus, recheck time.Time, list []news, err error) {
	seen := observed{budget: budget, pods: pods, now: now}
	if len(pods) == 0 {
		list = append(list, news{corev1.EventTypeNormal, "NoPods", "No matching pods found"})
	}
	if relative(&budget.Spec) {
		unmanaged, err := b.expect(&seen)
		if err != nil {
			list = append(list, news{corev1.EventTypeWarning, "CalculateExpectedPodCountFailed",
				fmt.Sprintf("Failed to calculate the number of expected pods: %v", err)})
			return status, recheck, list, err
		}
		if unmanaged {
			list = append(list, news{corev1.EventTypeWarning, "UnmanagedPods", fmt.Sprintf("Pods selected by this PodDisruptionBudget (selector: %v) were found "+
				"to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. "+
				"To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.", budget.Spec.Selector)})
		}
	}
	d, err := decide(seen)
	for _, pod := range d.stayed {
		b.report(pod, corev1.EventTypeWarning, "NotDeleted",
			fmt.Sprintf("Pod was expected by PDB %s/%s to be deleted but it wasn't", budget.Namespace, budget.Namespace))
	}
	return d.status, d.recheck, list, err
}

func (b *budgets) report(about api.Object, kind, reason, message string) {
	b.c.EventFrom(client.EventSource{Component: component}, about, kind, reason, message)
}

func (b *budgets) write(budget *policyv1.PodDisruptionBudget, status policyv1.PodDisruptionBudgetStatus) error {
	budget = budget.DeepCopy()
	budget.Status = status
	_, err := client.UpdateStatus(b.c, budget)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// expect sums up what the pods' controllers want; unmanaged tells that some
// pods have none.
func (b *budgets) expect(seen *observed) (unmanaged bool, err error) {
	asked := map[types.UID]bool{}
	scales := map[types.UID]int32{}
	for _, pod := range seen.pods {
		ref := metav1.GetControllerOfNoCopy(pod)
		if ref == nil {
			unmanaged = true
			continue
		}
		if asked[ref.UID] {
			continue
		}
		asked[ref.UID] = true
		scale, err := b.scaleOf(pod.Namespace, ref)
		if err != nil {
			return unmanaged, err
		}
		if scale == nil {
			return unmanaged, fmt.Errorf("found no controllers for pod %q", pod.Name)
		}
		scales[scale.UID] = scale.Spec.Replicas
	}
	for _, n := range scales {
		seen.expected += n
	}
	return unmanaged, nil
}

// scaleOf is the scale of a pod's controller, or of the Deployment above it;
// nil, if it isn't there.
func (b *budgets) scaleOf(namespace string, ref *metav1.OwnerReference) (*autoscalingv1.Scale, error) {
	if ref.Kind == "ReplicaSet" {
		set, err := client.Get[*appsv1.ReplicaSet](b.c, namespace, ref.Name)
		if apierrors.IsNotFound(err) || err == nil && set.UID != ref.UID {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if owner := metav1.GetControllerOfNoCopy(set); owner != nil && owner.Kind == "Deployment" {
			if scale, err := b.scale(namespace, owner); err != nil || scale != nil {
				return scale, err
			}
		}
	}
	return b.scale(namespace, ref)
}

func (b *budgets) scale(namespace string, ref *metav1.OwnerReference) (*autoscalingv1.Scale, error) {
	r := api.LookupKind(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind))
	if r == nil {
		return nil, fmt.Errorf("no matches for kind %q in version %q", ref.Kind, ref.APIVersion)
	}
	if !slices.Contains(r.Subresources, "scale") {
		return nil, fmt.Errorf("%s does not implement the scale subresource", r.GroupResource())
	}
	resp, err := b.c.Do(&rest.Request{Verb: rest.Get, Resource: r.GVR(), Subresource: "scale", Namespace: namespace, Name: ref.Name})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	scale, ok := resp.Object.(*autoscalingv1.Scale)
	if !ok || scale.UID != ref.UID {
		return nil, nil
	}
	return scale, nil
}

// failed is the status of a budget that could not be worked out: nothing may go.
func failed(budget *policyv1.PodDisruptionBudget, err error, now metav1.Time) policyv1.PodDisruptionBudgetStatus {
	status := *budget.Status.DeepCopy()
	status.DisruptionsAllowed = 0
	meta.SetStatusCondition(&status.Conditions, metav1.Condition{
		Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.SyncFailedReason,
		Message: err.Error(), ObservedGeneration: status.ObservedGeneration, LastTransitionTime: now,
	})
	return status
}
