package scheduler

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/client"
)

// using has a pod use claims.
func using(names ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		for _, name := range names {
			p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
			}})
		}
	}
}

func csiNode(name string, limit int32) *storagev1.CSINode {
	return &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{
		{Name: "disk.example.com", NodeID: name, Allocatable: &storagev1.VolumeNodeResources{Count: &limit}},
		{Name: "free.example.com", NodeID: name},
	}}}
}

// Claims are named by their kind: disk-1 is bound to a volume of the limited
// driver, free-1 to one of a driver without limits, host-1 to a folder, and
// disk-new waits for a volume of the limited driver.
func TestNodeVolumeLimits(t *testing.T) {
	for _, c := range []struct {
		name  string
		there string // pods on the node, their claims separated by +
		pod   string
		limit int32
		want  bool
	}{
		{"room", "disk-1", "disk-2", 2, true},
		{"full", "disk-1 disk-2", "disk-3", 2, false},
		{"brings two", "disk-1", "disk-2+disk-3", 2, false},
		{"the same volume once more", "disk-1 disk-2", "disk-2", 2, true},
		{"one that two pods use counts once", "disk-1 disk-1", "disk-2", 2, true},
		{"of another driver", "disk-1 disk-2", "free-1", 2, true},
		{"no CSI volume", "disk-1 disk-2", "host-1", 2, true},
		{"one that is still to be made", "disk-1 disk-2", "disk-new", 2, false},
		{"none can be had", "", "disk-1", 0, false},
	} {
		there := cluster(node("n"))
		there.limits["n"] = limitsOf(csiNode("n", c.limit))
		there.classes["disk"] = &storagev1.StorageClass{Provisioner: "disk.example.com", VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer)}
		for _, name := range strings.Fields("disk-1 disk-2 disk-3 free-1 host-1 disk-new") {
			driver, _, _ := strings.Cut(name, "-")
			v := volume("v-"+name, "")
			if driver != "host" {
				v.Spec.PersistentVolumeSource = corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: driver + ".example.com", VolumeHandle: name}}
			}
			pvc := claim(boundClaim(v.Name))
			if name == "disk-new" {
				pvc = claim()
			}
			pvc.Name, pvc.Spec.StorageClassName = name, &driver
			there.volumes[v.Name], there.claims["default/"+name] = v, pvc
		}
		for i, claims := range strings.Fields(c.there) {
			there.with("n", pod(named(fmt.Sprint("there-", i)), using(strings.Split(claims, "+")...)))
		}
		d := Decide(pod(using(strings.Split(c.pod, "+")...)), Snapshot{Nodes: there.order, cache: there}, nil)
		if (d.Node == "n") != c.want {
			t.Errorf("%s: on %q, %s", c.name, d.Node, d.Message)
		}
		if !c.want && !strings.Contains(d.Message, "1 node(s) exceed max volume count") {
			t.Errorf("%s: %s", c.name, d.Message)
		}
	}
}

func TestLimitsWake(t *testing.T) {
	w := newWorld(t, node("n"))
	n := csiNode("n", 0)
	must(client.Create(w.you, n))
	v := volume("v", "")
	v.Spec.PersistentVolumeSource = corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: "disk.example.com", VolumeHandle: "1"}}
	must(client.Create(w.you, v))
	pvc := claim(boundClaim("v"))
	pvc.UID = ""
	must(client.Create(w.you, pvc))
	w.quiet()
	w.pod("p", claiming)
	w.quiet()
	if w.on("p") != "" {
		t.Fatal("bound to a node that can take no volume")
	}
	must(client.Patch(w.you, "", "n", "", func(n *storagev1.CSINode) { n.Spec.Drivers[0].Allocatable.Count = ptr.To[int32](1) }))
	w.quiet()
	if w.on("p") != "n" {
		t.Errorf("still waits: %v", w.events("p"))
	}
}
