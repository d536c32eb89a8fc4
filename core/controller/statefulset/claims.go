package statefulset

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
)

func claimName(s *appsv1.StatefulSet, template *corev1.PersistentVolumeClaim, n int) string {
	return fmt.Sprintf("%s-%s-%d", template.Name, s.Name, n)
}

// claimOf is the claim of an ordinal.
func claimOf(s *appsv1.StatefulSet, template *corev1.PersistentVolumeClaim, n int) *corev1.PersistentVolumeClaim {
	claim := template.DeepCopy()
	claim.Namespace, claim.Name = s.Namespace, claimName(s, template, n)
	labels := maps.Clone(claim.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, s.Spec.Selector.MatchLabels)
	claim.Labels = labels
	return claim
}

// withClaims is a step with what is to be done about the pod's claims.
func (p *plan) withClaims(do deed, pod *corev1.Pod) step {
	st := step{do: do, pod: pod}
	_, n := ordinal(pod.Name)
	for i := range p.set.Spec.VolumeClaimTemplates {
		t := &p.set.Spec.VolumeClaimTemplates[i]
		there := p.claims[claimName(p.set, t, n)]
		switch {
		case there == nil:
			st.create = append(st.create, claimOf(p.set, t, n))
		case there.DeletionTimestamp != nil && st.dying == "":
			st.dying = there.Name
		}
	}
	st.update = p.owners(pod)
	return st
}

// owners are the pod's claims whose owners don't follow the retention policy,
// as they should be.
func (p *plan) owners(pod *corev1.Pod) []*corev1.PersistentVolumeClaim {
	var out []*corev1.PersistentVolumeClaim
	_, n := ordinal(pod.Name)
	for i := range p.set.Spec.VolumeClaimTemplates {
		claim := p.claims[claimName(p.set, &p.set.Spec.VolumeClaimTemplates[i], n)]
		if claim == nil || staleOwner(claim, p.set) || staleOwner(claim, pod) {
			continue
		}
		refs := ownersOf(claim, p.set, pod)
		if !equality.Semantic.DeepEqual(refs, claim.OwnerReferences) {
			claim = claim.DeepCopy()
			claim.OwnerReferences = refs
			out = append(out, claim)
		}
	}
	return out
}

// ownersOf: where claims are deleted with the set, the set owns them; where
// they are deleted with pods that are scaled away, such a pod owns them. Where
// somebody else controls the claim, neither does.
func ownersOf(claim *corev1.PersistentVolumeClaim, s *appsv1.StatefulSet, pod *corev1.Pod) []metav1.OwnerReference {
	policy := s.Spec.PersistentVolumeClaimRetentionPolicy
	refs := slices.DeleteFunc(slices.Clone(claim.OwnerReferences), func(r metav1.OwnerReference) bool {
		return names(r, s) || names(r, pod)
	})
	const remove = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	onDelete, onScale := policy != nil && policy.WhenDeleted == remove, policy != nil && policy.WhenScaled == remove
	foreign := slices.ContainsFunc(refs, func(r metav1.OwnerReference) bool { return r.Controller != nil && *r.Controller })
	_, n := ordinal(pod.Name)
	switch gone := !wanted(s, n); {
	case foreign && (onDelete || onScale):
	case onScale && gone && pod.UID != "":
		refs = append(refs, *metav1.NewControllerRef(pod, podKind))
	case onDelete && !(onScale && gone):
		refs = append(refs, *metav1.NewControllerRef(s, api.For(s).GVK()))
	}
	return refs
}

var podKind = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}

// names tells whether a reference names an object, whatever its UID.
func names(r metav1.OwnerReference, obj api.Object) bool {
	res := api.For(obj)
	return r.APIVersion == res.APIVersion() && r.Kind == res.Kind && r.Name == obj.GetName()
}

// staleOwner: the claim is owned by a namesake that is gone, and will go itself.
func staleOwner(claim *corev1.PersistentVolumeClaim, obj api.Object) bool {
	return slices.ContainsFunc(claim.OwnerReferences, func(r metav1.OwnerReference) bool {
		return names(r, obj) && r.UID != obj.GetUID()
	})
}

// stale tells whether a pod that is to be created must wait for a claim of an
// earlier pod of its name, which is about to be collected.
func (p *plan) stale(pod *corev1.Pod) bool {
	policy := p.set.Spec.PersistentVolumeClaimRetentionPolicy
	if policy == nil || policy.WhenScaled == appsv1.RetainPersistentVolumeClaimRetentionPolicyType {
		return false
	}
	_, n := ordinal(pod.Name)
	for i := range p.set.Spec.VolumeClaimTemplates {
		claim := p.claims[claimName(p.set, &p.set.Spec.VolumeClaimTemplates[i], n)]
		if claim != nil && staleOwner(claim, pod) {
			return true
		}
	}
	return false
}
