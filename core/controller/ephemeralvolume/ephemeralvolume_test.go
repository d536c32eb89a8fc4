package ephemeralvolume

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// podWith has volumes of the names; those with a star have a claim template.
func podWith(volumes string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p", UID: "p"}}
	for _, name := range strings.Fields(volumes) {
		v := corev1.Volume{Name: strings.TrimSuffix(name, "*")}
		if v.Name != name {
			template := &corev1.PersistentVolumeClaimTemplate{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}}
			template.Spec.VolumeName = v.Name
			v.Ephemeral = &corev1.EphemeralVolumeSource{VolumeClaimTemplate: template}
		}
		pod.Spec.Volumes = append(pod.Spec.Volumes, v)
	}
	return pod
}

func TestDecide(t *testing.T) {
	for _, c := range []struct{ name, volumes, claims, want string }{
		{"nothing ephemeral", "data", "", ""},
		{"one to make", "data scratch*", "", "make p-scratch"},
		{"two, one is there", "scratch* more*", "p-scratch=p", "make p-more"},
		{"all are there", "scratch*", "p-scratch=p", ""},
		{"of another pod", "scratch* more*", "p-scratch=q", "PVC default/p-scratch was not created for pod default/p (pod is not owner); make p-more"},
		{"nobody's", "scratch*", "p-scratch=", "PVC default/p-scratch was not created for pod default/p (pod is not owner)"},
	} {
		known := map[string]*corev1.PersistentVolumeClaim{}
		for _, word := range strings.Fields(c.claims) {
			name, owner, _ := strings.Cut(word, "=")
			claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
			if owner != "" {
				yes := true
				claim.OwnerReferences = []metav1.OwnerReference{{UID: types.UID(owner), Controller: &yes}}
			}
			known[name] = claim
		}
		var got []string
		for _, s := range decide(podWith(c.volumes), func(name string) *corev1.PersistentVolumeClaim { return known[name] }) {
			if s.conflict != nil {
				got = append(got, s.conflict.Error())
			} else {
				got = append(got, "make "+s.claim.Name)
			}
		}
		if g := strings.Join(got, "; "); g != c.want {
			t.Errorf("%s: %q, want %q", c.name, g, c.want)
		}
	}
}

func TestClaimFor(t *testing.T) {
	pod := podWith("scratch*")
	claim := claimFor(pod, &pod.Spec.Volumes[0])
	if got := fmt.Sprint(claim.Namespace, "/", claim.Name, claim.Labels, claim.Spec.VolumeName, claim.OwnerReferences[0].Kind, *claim.OwnerReferences[0].BlockOwnerDeletion); got !=
		"default/p-scratchmap[a:b]scratchPodtrue" || !metav1.IsControlledBy(claim, pod) {
		t.Error(got)
	}
}
