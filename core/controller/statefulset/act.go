package statefulset

import (
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
)

// act takes the steps. In order, the first that fails is the last.
func (ss *statefulSets) act(key string, p *plan) error {
	var errs []error
	for _, st := range p.steps {
		err := ss.take(key, p.set, st)
		if err == nil {
			continue
		}
		errs = append(errs, err)
		if p.set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement {
			break
		}
	}
	return errors.Join(errs...)
}

func (ss *statefulSets) take(key string, s *appsv1.StatefulSet, st step) error {
	var err error
	switch st.do {
	case createPod:
		if err = ss.makeClaims(key, s, st); err == nil {
			err = ss.create(key, st.pod)
		}
		if apierrors.IsAlreadyExists(err) {
			return err // the view will show it
		}
		if err == nil {
			err = ss.updateClaims(key, s, st)
		}
	case updatePod:
		if err = errors.Join(ss.makeClaims(key, s, st), ss.updateClaims(key, s, st)); err == nil {
			err = ss.update(key, st.pod)
		}
	case deletePod:
		err = ss.delete(key, st.pod)
	case claimsOnly:
		return errors.Join(ss.makeClaims(key, s, st), ss.updateClaims(key, s, st))
	}
	ss.reportPod(s, st, err)
	return err
}

func (ss *statefulSets) create(key string, pod *corev1.Pod) error {
	stored, err := client.Create(ss.c, pod.DeepCopy())
	if err == nil {
		ss.wrotePods.Note(key, controller.Revision(stored))
	}
	return err
}

func (ss *statefulSets) update(key string, pod *corev1.Pod) error {
	stored, err := client.Update(ss.c, pod)
	if err == nil {
		ss.wrotePods.Note(key, controller.Revision(stored))
	}
	return err
}

// delete deletes a pod; one that is gone already is as good.
func (ss *statefulSets) delete(key string, pod *corev1.Pod) error {
	resp, err := ss.c.Do(&rest.Request{
		Verb: rest.Delete, Resource: api.For(pod).GVR(), Namespace: pod.Namespace, Name: pod.Name,
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		ss.wrotePods.Note(key, resp.Revision)
	}
	return err
}

// makeClaims creates the claims that are missing.
func (ss *statefulSets) makeClaims(key string, s *appsv1.StatefulSet, st step) error {
	var errs []error
	for _, claim := range st.create {
		stored, err := client.Create(ss.c, claim.DeepCopy())
		if err == nil {
			ss.wroteClaims.Note(key, controller.Revision(stored))
		} else {
			errs = append(errs, fmt.Errorf("failed to create PVC %s: %w", claim.Name, err))
		}
		if !apierrors.IsAlreadyExists(err) {
			ss.reportClaim(s, st.pod, claim, err)
		}
	}
	if st.dying != "" {
		errs = append(errs, fmt.Errorf("pvc %s is being deleted", st.dying))
	}
	return errors.Join(errs...)
}

func (ss *statefulSets) updateClaims(key string, s *appsv1.StatefulSet, st step) error {
	for _, claim := range st.update {
		stored, err := client.Update(ss.c, claim)
		if err != nil {
			err = fmt.Errorf("could not update claim %s for delete policy ownerRefs: %w", claim.Name, err)
			ss.reportPod(s, step{do: updatePod, pod: st.pod}, err)
			return err
		}
		ss.wroteClaims.Note(key, controller.Revision(stored))
	}
	return nil
}

func (ss *statefulSets) reportPod(s *appsv1.StatefulSet, st step, err error) {
	verb := title(st.do)
	what := fmt.Sprintf("%s Pod %s in StatefulSet %s ", verb, st.pod.Name, s.Name)
	if err == nil {
		ss.c.Event(s, corev1.EventTypeNormal, "Successful"+verb, what+"successful")
		return
	}
	ss.c.Event(s, corev1.EventTypeWarning, "Failed"+verb, what+"failed error: "+err.Error())
}

func (ss *statefulSets) reportClaim(s *appsv1.StatefulSet, pod *corev1.Pod, claim *corev1.PersistentVolumeClaim, err error) {
	if err == nil {
		ss.c.Event(s, corev1.EventTypeNormal, "SuccessfulCreate",
			fmt.Sprintf("Create Claim %s Pod %s in StatefulSet %s success", claim.Name, pod.Name, s.Name))
		return
	}
	ss.c.Event(s, corev1.EventTypeWarning, "FailedCreate",
		fmt.Sprintf("Create Claim %s for Pod %s in StatefulSet %s failed error: %s", claim.Name, pod.Name, s.Name, err))
}

func title(d deed) string { return strings.ToUpper(string(d[:1])) + string(d[1:]) }
