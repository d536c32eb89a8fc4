package persistentvolume

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
)

func claim(change ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "data", UID: "one"},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: ptr.To("slow"), AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Gi")}},
		},
	}
	for _, f := range change {
		f(c)
	}
	return c
}

// volume is an available one of the claim's class.
func volume(name, size string, change ...func(*corev1.PersistentVolume)) *corev1.PersistentVolume {
	v := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName: "slow", AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Capacity: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeAvailable},
	}
	for _, f := range change {
		f(v)
	}
	return v
}

func TestDecideClaim(t *testing.T) {
	type c = *corev1.PersistentVolumeClaim
	type v = *corev1.PersistentVolume
	bound := func(c c) { c.Annotations = map[string]string{api.AnnBindCompleted: "yes"} }
	asks := func(c c) { c.Spec.VolumeName = "v" }
	plain := func(c c) { c.Spec.StorageClassName = nil }
	wide := func(v v) { v.Spec.AccessModes = append(v.Spec.AccessModes, corev1.ReadWriteMany) }
	class := func(provisioner string, mode storagev1.VolumeBindingMode) *storagev1.StorageClass {
		return &storagev1.StorageClass{Provisioner: provisioner, VolumeBindingMode: &mode}
	}
	ref := func(name string, uid types.UID) func(v) {
		return func(v v) { v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: name, UID: uid} }
	}
	now, later := storagev1.VolumeBindingImmediate, storagev1.VolumeBindingWaitForFirstConsumer
	for name, test := range map[string]struct {
		claim    c
		volumes  []v
		class    *storagev1.StorageClass
		fallback string
		do       deed
		on       string
		reason   string
	}{
		"the smallest that is large enough": {claim: claim(), volumes: []v{volume("a", "9Gi"), volume("b", "3Gi"), volume("c", "1Gi")}, do: bind, on: "b"},
		"one that allows less first":        {claim: claim(), volumes: []v{volume("a", "2Gi", wide), volume("b", "9Gi")}, do: bind, on: "b"},
		"one promised to it first":          {claim: claim(), volumes: []v{volume("a", "2Gi"), volume("b", "9Gi", ref("data", ""))}, do: bind, on: "b"},
		"none of another's":                 {claim: claim(), volumes: []v{volume("a", "2Gi", ref("other", "")), volume("b", "2Gi", ref("data", "two"))}, reason: "ProvisioningFailed"},
		"none of another class":             {claim: claim(plain), volumes: []v{volume("a", "2Gi")}, do: pend, reason: "FailedBinding"},
		"none of another kind":              {claim: claim(), volumes: []v{volume("a", "2Gi", func(v v) { v.Spec.VolumeMode = ptr.To(corev1.PersistentVolumeBlock) })}, reason: "ProvisioningFailed"},
		"none that goes":                    {claim: claim(), volumes: []v{volume("a", "2Gi", func(v v) { v.DeletionTimestamp = &metav1.Time{} })}, reason: "ProvisioningFailed"},
		"the label asked for": {claim: claim(func(c c) { c.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"disk": "ssd"}} }),
			volumes: []v{volume("a", "2Gi"), volume("b", "4Gi", func(v v) { v.Labels = map[string]string{"disk": "ssd"} })}, do: bind, on: "b"},
		"the default class":          {claim: claim(plain), fallback: "standard", do: classify},
		"to be made":                 {claim: claim(), class: class("example.com/x", now), do: provision, reason: "ExternalProvisioning"},
		"nobody makes it":            {claim: claim(), class: class(api.NoProvisioner, now), reason: "ProvisioningFailed"},
		"waits for its consumer":     {claim: claim(), class: class("example.com/x", later), volumes: []v{volume("a", "2Gi")}, do: hope},
		"its consumer has a node":    {claim: claim(func(c c) { c.Annotations = map[string]string{api.AnnSelectedNode: "n"} }), class: class("example.com/x", later), do: provision, reason: "ExternalProvisioning"},
		"promised while it waits":    {claim: claim(), class: class("example.com/x", later), volumes: []v{volume("a", "2Gi", ref("data", "one"))}, do: bind, on: "a"},
		"asks for one":               {claim: claim(asks), volumes: []v{volume("v", "2Gi")}, do: bind, on: "v"},
		"asks for one not there":     {claim: claim(asks), do: pend},
		"asks for one too small":     {claim: claim(asks), volumes: []v{volume("v", "1Gi")}, do: pend, reason: "VolumeMismatch"},
		"asks for another's":         {claim: claim(asks), volumes: []v{volume("v", "2Gi", ref("other", "two"))}, do: pend, reason: "FailedBinding"},
		"bound":                      {claim: claim(asks, bound), volumes: []v{volume("v", "2Gi", ref("data", "one"))}, do: bind, on: "v"},
		"bound, and the volume gone": {claim: claim(asks, bound), do: lose, reason: "ClaimLost"},
		"bound, and not named":       {claim: claim(bound), do: lose, reason: "ClaimLost"},
		"bound to another's":         {claim: claim(asks, bound), volumes: []v{volume("v", "2Gi", ref("data", "two"))}, do: lose, reason: "ClaimMisbound"},
	} {
		d := decideClaim(seen{test.claim, test.volumes, test.class, test.fallback})
		on := ""
		if d.volume != nil {
			on = d.volume.Name
		}
		if d.do != test.do || on != test.on || d.say.reason != test.reason {
			t.Errorf("%s: %q on %q, %+v", name, d.do, on, d.say)
		}
	}
}

func TestDecideVolume(t *testing.T) {
	type v = *corev1.PersistentVolume
	ref := func(v v) { v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: "data", UID: "one"} }
	made := func(v v) {
		v.Annotations = map[string]string{api.AnnProvisionedBy: "x"}
		v.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimDelete
	}
	bound := func(name string) func(*corev1.PersistentVolumeClaim) {
		return func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = name }
	}
	for name, test := range map[string]struct {
		volume v
		claim  *corev1.PersistentVolumeClaim
		do     deed
	}{
		"nobody's":                {volume("v", "1Gi"), nil, free},
		"reserved":                {volume("v", "1Gi", ref, func(v v) { v.Spec.ClaimRef.UID = "" }), claim(), free},
		"its claim is gone":       {volume("v", "1Gi", ref), nil, release},
		"its claim is to bind":    {volume("v", "1Gi", ref), claim(), prompt},
		"bound":                   {volume("v", "1Gi", ref), claim(bound("v")), hold},
		"its claim has another":   {volume("v", "1Gi", ref), claim(bound("w")), unbind},
		"made, and of no use":     {volume("v", "1Gi", ref, made), claim(bound("w")), release},
		"a disk for a filesystem": {volume("v", "1Gi", ref, func(v v) { v.Spec.VolumeMode = ptr.To(corev1.PersistentVolumeBlock) }), claim(), refuse},
	} {
		if d := decideVolume(test.volume, test.claim); d.do != test.do {
			t.Errorf("%s: %q, want %q", name, d.do, test.do)
		}
	}
}
