package scheduler

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
)

func claiming(p *corev1.Pod) {
	p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"},
	}}}
}

func claim(change ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "data", UID: "data"},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: ptr.To("local"), AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	for _, fn := range change {
		fn(c)
	}
	return c
}

func boundClaim(volume string) func(*corev1.PersistentVolumeClaim) {
	return func(c *corev1.PersistentVolumeClaim) {
		c.Spec.VolumeName = volume
		c.Annotations = map[string]string{api.AnnBindCompleted: "yes"}
	}
}

func onePod(c *corev1.PersistentVolumeClaim) {
	c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
}

// volume is reached from one node, or from any.
func volume(name, node string) *corev1.PersistentVolume {
	v := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName: "local", AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Capacity:               corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Gi")},
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/x"}},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeAvailable},
	}
	if node != "" {
		v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
		}}}}
	}
	return v
}

func class(provisioner string, mode storagev1.VolumeBindingMode) *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "local"}, Provisioner: provisioner, VolumeBindingMode: &mode}
}

// The sentences are kube-scheduler's, recorded where testdata/scheduler has them.
func TestVolumes(t *testing.T) {
	const last = " no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
	waits := storagev1.VolumeBindingWaitForFirstConsumer
	zone := func(v *corev1.PersistentVolume) *corev1.PersistentVolume {
		v.Labels = map[string]string{corev1.LabelTopologyZone: "y"}
		return v
	}
	user := func(c *cache) {
		c.on("a", pod(named("user"), claiming))
	}
	for name, tc := range map[string]struct {
		claim  *corev1.PersistentVolumeClaim
		volume *corev1.PersistentVolume
		class  *storagev1.StorageClass
		before func(*cache)
		want   string
	}{
		"no claim":           {nil, nil, nil, nil, `0/2 nodes are available: persistentvolumeclaim "data" not found. not found`},
		"not bound at once":  {claim(), volume("v", ""), class("x", storagev1.VolumeBindingImmediate), nil, "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"},
		"no such class":      {claim(), nil, nil, nil, "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"},
		"where the free is":  {claim(), volume("v", "b"), class(api.NoProvisioner, waits), nil, "b"},
		"none is free":       {claim(), nil, class(api.NoProvisioner, waits), nil, "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind." + last},
		"one will be made":   {claim(), nil, class("x", waits), nil, "a"},
		"where the bound is": {claim(boundClaim("v")), volume("v", "b"), nil, nil, "b"},
		"its zone":           {claim(boundClaim("v")), zone(volume("v", "")), nil, nil, "b"},
		"the bound is gone":  {claim(boundClaim("v")), nil, nil, nil, `0/2 nodes are available: persistentvolume "v" not found. not found`},
		"another uses it": {claim(onePod, boundClaim("v")), volume("v", ""), nil, user,
			"0/2 nodes are available: 2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod."},
		"being bound for another": {claim(), volume("v", "b"), class(api.NoProvisioner, waits), func(c *cache) { c.promised["v"] = "default/other" },
			"0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind." + last},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(node("a", labelled(corev1.LabelTopologyZone, "x")), node("b", labelled(corev1.LabelTopologyZone, "y")))
			if tc.claim != nil {
				c.claims["default/data"] = tc.claim
			}
			if tc.volume != nil {
				c.volumes["v"] = tc.volume
			}
			if tc.class != nil {
				c.classes["local"] = tc.class
			}
			if tc.before != nil {
				tc.before(c)
			}
			if d := c.decide(pod(named("p"), claiming), nil); d.Node != tc.want && !strings.HasPrefix(d.Message, tc.want) || d.Node+d.Message == "" {
				t.Errorf("chose %q: %s", d.Node, d.Message)
			}
		})
	}
}

// The pod gets its node once its volume is bound, which is asked for when the
// node is chosen.
func TestWaitsForVolumes(t *testing.T) {
	w := newWorld(t, node("a"), node("b"))
	must(client.Create(w.you, class(api.NoProvisioner, storagev1.VolumeBindingWaitForFirstConsumer)))
	v := must(client.Create(w.you, volume("v", "b")))
	must(client.Patch(w.you, "", v.Name, "status", func(v *corev1.PersistentVolume) { v.Status.Phase = corev1.VolumeAvailable }))
	must(client.Create(w.you, claim(func(c *corev1.PersistentVolumeClaim) { c.UID = "" })))
	w.pod("p", claiming)
	w.quiet()
	v = must(client.Get[*corev1.PersistentVolume](w.you, "", "v"))
	if w.on("p") != "" || v.Spec.ClaimRef == nil || v.Spec.ClaimRef.Name != "data" || v.Annotations[api.AnnBoundByController] != "yes" {
		t.Fatalf("on %q, volume %+v", w.on("p"), v)
	}
	if got := must(client.Get[*corev1.Pod](w.you, "default", "p")).Status.NominatedNodeName; got != "b" {
		t.Errorf("nominated %q", got)
	}
	must(client.Patch(w.you, "default", "data", "", boundClaim("v")))
	w.quiet()
	if w.on("p") != "b" {
		t.Error("not bound with its volume")
	}
}
