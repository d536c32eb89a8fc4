package apiserver

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// An Eviction is a deletion that asks the pod's disruption budget first
// (pkg/registry/core/pod/storage/eviction.go).

var budgetResource = policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets")

var evictionKind = policyv1.SchemeGroupVersion.WithKind("Eviction")

// maxDisrupted is how many evicted pods a budget remembers until its
// controller has seen them go.
const maxDisrupted = 2000

func (s *Server) evict(c *call) (answer, error) {
	opts := &c.CreateOptions
	if err := invalidOptions("CreateOptions", metav1validation.ValidateCreateOptions(opts)); err != nil {
		return answer{}, err
	}
	eviction, err := c.eviction()
	if err != nil {
		return answer{}, err
	}
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil {
		return answer{}, c.errNotFound()
	}
	deletion := eviction.DeleteOptions.DeepCopy()
	if deletion == nil {
		deletion = &metav1.DeleteOptions{}
	}
	dryRun := isDryRun(opts.DryRun) || isDryRun(deletion.DryRun)
	if dryRun {
		deletion.DryRun = []string{metav1.DryRunAll}
	}
	pod := it.object().(*corev1.Pod)
	if !needsNoBudget(pod) {
		if err := s.askBudget(c, pod, dryRun); err != nil {
			return answer{}, err
		}
	}
	if err := s.deleteEvicted(c, it, deletion, dryRun); err != nil {
		return answer{}, err
	}
	status := &metav1.Status{TypeMeta: statusType, Status: metav1.StatusSuccess, Code: codeCreated}
	return answer{code: codeCreated, object: status}, nil
}

// eviction is the request's Eviction.
func (c *call) eviction() (*policyv1.Eviction, error) {
	if c.Object == nil {
		obj, warnings, err := api.DecodeRequest(c.Body, evictionKind, c.CreateOptions.FieldValidation)
		if err != nil {
			return nil, err
		}
		c.Object, c.warnings = obj, append(c.warnings, warnings...)
	}
	eviction, ok := c.Object.(*policyv1.Eviction)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a Eviction object: %T", c.Object))
	}
	if err := c.ensureNamespace(eviction); err != nil {
		return nil, err
	}
	if eviction.Name != c.Name {
		return nil, apierrors.NewBadRequest("name in URL does not match name in Eviction object")
	}
	return eviction, nil
}

// needsNoBudget: a pod that serves nobody is nobody's loss.
func needsNoBudget(pod *corev1.Pod) bool {
	switch pod.Status.Phase {
	case corev1.PodSucceeded, corev1.PodFailed, corev1.PodPending:
		return true
	}
	return pod.DeletionTimestamp != nil
}

// askBudget finds the pod's budget and takes one disruption from it.
func (s *Server) askBudget(c *call, pod *corev1.Pod, dryRun bool) error {
	found := s.budgetsOf(pod)
	switch {
	case len(found) == 0:
		return nil
	case len(found) > 1:
		return &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: codeInternalServerError,
			Message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
		}}
	}
	budget := found[0].object().(*policyv1.PodDisruptionBudget).DeepCopy()
	if !podReady(pod) {
		policy := budget.Spec.UnhealthyPodEvictionPolicy
		healthy := budget.Status.CurrentHealthy >= budget.Status.DesiredHealthy && budget.Status.DesiredHealthy > 0
		if policy != nil && *policy == policyv1.AlwaysAllow || healthy {
			return nil
		}
	}
	if err := takeDisruption(budget, pod.Name, s.now()); err != nil {
		return err
	}
	sh := s.shelves[budgetResource]
	_, err := s.put(&call{res: sh.res, shelf: sh, Request: &rest.Request{
		Verb: rest.Update, Resource: budgetResource, Subresource: "status", Namespace: budget.Namespace, Name: budget.Name,
		Actor: bootstrapActor, Causes: c.Causes,
	}}, budget, found[0], dryRun, codeOK)
	return err
}

// budgetsOf are the budgets whose selectors take the pod in; an empty one takes all.
func (s *Server) budgetsOf(pod *corev1.Pod) []*item {
	var found []*item
	s.shelves[budgetResource].each(pod.Namespace, "", func(it *item) bool {
		selector, err := metav1.LabelSelectorAsSelector(it.object().(*policyv1.PodDisruptionBudget).Spec.Selector)
		if err == nil && selector.Matches(labels.Set(pod.Labels)) {
			found = append(found, it)
		}
		return true
	})
	return found
}

func podReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// takeDisruption notes in the budget that a pod is being evicted, or says why
// it may not be.
func takeDisruption(budget *policyv1.PodDisruptionBudget, pod string, now metav1.Time) error {
	status := &budget.Status
	forbidden := func(why string) error {
		return apierrors.NewForbidden(schema.GroupResource{Group: "policy", Resource: "poddisruptionbudget"}, budget.Name, fmt.Errorf("%s", why))
	}
	switch {
	case status.ObservedGeneration < budget.Generation:
		return tooManyDisruptions(10, fmt.Sprintf("The disruption budget %s is still being processed by the server.", budget.Name))
	case status.DisruptionsAllowed < 0:
		return forbidden("pdb disruptions allowed is negative")
	case len(status.DisruptedPods) > maxDisrupted:
		return forbidden("DisruptedPods map too big - too many evictions not confirmed by PDB controller")
	case status.DisruptionsAllowed == 0:
		condition := meta.FindStatusCondition(status.Conditions, policyv1.DisruptionAllowedCondition)
		if condition != nil && condition.Status == metav1.ConditionFalse && condition.Reason == policyv1.SyncFailedReason {
			return tooManyDisruptions(10, fmt.Sprintf(
				"The disruption budget %s does not allow evicting pods currently because it failed sync: %v", budget.Name, condition.Message))
		}
		return tooManyDisruptions(0, fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently",
			budget.Name, status.DesiredHealthy, status.CurrentHealthy))
	}
	status.DisruptionsAllowed--
	if status.DisruptionsAllowed == 0 {
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.InsufficientPodsReason,
			ObservedGeneration: status.ObservedGeneration, LastTransitionTime: now,
		})
	}
	if status.DisruptedPods == nil {
		status.DisruptedPods = map[string]metav1.Time{}
	}
	status.DisruptedPods[pod] = now
	return nil
}

func tooManyDisruptions(retryAfter int, cause string) error {
	err := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfter)
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Type: policyv1.DisruptionBudgetCause, Message: cause})
	return err
}

// deleteEvicted writes into the pod's status why it goes, and deletes it.
func (s *Server) deleteEvicted(c *call, it *item, deletion *metav1.DeleteOptions, dryRun bool) error {
	if err := c.precondition(it.object(), deletion); err != nil {
		return err
	}
	if !dryRun {
		pod := it.object().DeepCopyObject().(*corev1.Pod)
		api.SetPodCondition(&pod.Status, corev1.PodCondition{
			Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "EvictionByEvictionAPI",
			Message: "Eviction API: evicting", ObservedGeneration: pod.Generation,
		}, s.now())
		if _, err := s.put(c, pod, it, false, codeCreated); err != nil {
			return err
		}
		it = c.shelf.find(c.Namespace, c.Name)
		deletion.Preconditions = nil // they held a moment ago, and the pod has changed by ourselves
	}
	_, err := s.deleteItem(c, it, deletion)
	return err
}
