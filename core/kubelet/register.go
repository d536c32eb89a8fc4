package kubelet

import (
	"maps"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
)

// What the kubelet says it is and how often it says so.
const (
	kubeletVersion = "v1.36.3"
	leaseDuration  = 40 // seconds
	renewEvery     = 10 * time.Second
	statusEvery    = 5 * time.Minute
	firstRetry     = 200 * time.Millisecond
	lastRetry      = 7 * time.Second
)

// register makes the node's object, or takes over the one there is, and then
// begins to watch pods and to show that it is alive
// (pkg/kubelet/kubelet_node_status.go).
func (k *kubelet) register(retry time.Duration) {
	made, err := k.announce()
	if err != nil {
		k.c.After(retry, sim.Work, "register "+k.node.Name, func() { k.register(min(2*retry, lastRetry)) })
		return
	}
	k.nodeEvent("Starting", "Starting kubelet.")
	if made {
		k.nodeEvent("NodeReady", "Node "+k.node.Name+" status is now: NodeReady")
	}
	k.tellDrivers()
	k.renewLease()
	k.catalogue.Start()
	k.watchSelf()
	k.c.After(renewEvery, sim.Idle, "heartbeat", func() { k.heartbeat(k.c.Now()) })
}

// announce tells whether it made the node's object.
func (k *kubelet) announce() (made bool, err error) {
	node := k.newNode()
	k.setStatus(&node.Status)
	if k.self, err = client.Create(k.c, node); err == nil {
		k.node.changed = false
		return true, nil
	}
	if !apierrors.IsAlreadyExists(err) {
		return false, err
	}
	if k.self, err = client.Get[*corev1.Node](k.c, "", k.node.Name); err != nil {
		return false, err
	}
	k.adoptImages()
	if err := k.keepLabels(); err != nil {
		return false, err
	}
	return false, k.writeStatus()
}

// adoptImages has a new machine begin with the images that its node reported.
func (k *kubelet) adoptImages() {
	for _, reported := range k.self.Status.Images {
		for _, name := range reported.Names {
			if img, err := resolve(name, k.node.more); err == nil && !strings.Contains(name, "@") && k.node.images[img.ref] == nil {
				k.node.images[img.ref] = img
			}
		}
	}
}

func (k *kubelet) newNode() *corev1.Node {
	labels := map[string]string{
		corev1.LabelHostname: k.node.Name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		"beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64",
	}
	maps.Copy(labels, k.node.Config.Labels)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: k.node.Name, Labels: labels,
			Annotations: map[string]string{"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
		},
		Spec: corev1.NodeSpec{PodCIDR: k.node.PodCIDR(), PodCIDRs: []string{k.node.PodCIDR()}},
	}
}

// keepLabels puts back the kubelet's own labels where they were changed.
func (k *kubelet) keepLabels() error {
	want := k.newNode().Labels
	same := true
	for name, value := range want {
		same = same && k.self.Labels[name] == value
	}
	if same {
		return nil
	}
	self, err := client.Patch(k.c, "", k.node.Name, "", func(n *corev1.Node) {
		if n.Labels == nil {
			n.Labels = map[string]string{}
		}
		maps.Copy(n.Labels, want)
	})
	if err == nil {
		k.self = self
	}
	return err
}

// heartbeat renews the lease, and writes the node's status when images have
// come or it is time.
func (k *kubelet) heartbeat(statusAt time.Time) {
	k.renewLease()
	k.relieve()
	if now := k.c.Now(); k.node.changed || now.Sub(statusAt) >= statusEvery || k.isGivenMore() {
		if k.writeStatus() == nil {
			statusAt = now
		}
	}
	k.c.After(renewEvery, sim.Idle, "heartbeat", func() { k.heartbeat(statusAt) })
}

// isGivenMore tells whether somebody has put a resource into the node's capacity
// that pods cannot have yet.
func (k *kubelet) isGivenMore() bool {
	self, err := client.Get[*corev1.Node](k.c, "", k.node.Name)
	if err != nil {
		return false
	}
	for name, q := range self.Status.Capacity {
		if allocatable := self.Status.Allocatable[name]; isExtended(name) && allocatable.Cmp(q) != 0 {
			return true
		}
	}
	return false
}

// isExtended tells of resources that a kubelet knows nothing of: it passes on
// what others write of them (example.com/dongle).
func isExtended(name corev1.ResourceName) bool {
	domain, _, found := strings.Cut(string(name), "/")
	return found && domain != "kubernetes.io" && !strings.HasSuffix(domain, ".kubernetes.io")
}

// writeStatus patches the node's status. It fails while the node is deleted;
// a kubelet makes it anew only when it starts.
func (k *kubelet) writeStatus() error {
	self, err := client.Patch(k.c, "", k.node.Name, "status", func(n *corev1.Node) { k.setStatus(&n.Status) })
	if err == nil {
		k.self, k.node.changed = self, false
	}
	return err
}

func (k *kubelet) setStatus(s *corev1.NodeStatus) {
	capacity := k.node.Config.Capacity.DeepCopy()
	for name, q := range s.Capacity {
		if isExtended(name) {
			capacity[name] = q.DeepCopy()
		}
	}
	s.Capacity, s.Allocatable = capacity, capacity.DeepCopy()
	s.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: k.node.Address()}, {Type: corev1.NodeHostName, Address: k.node.Name},
	}
	s.DaemonEndpoints.KubeletEndpoint.Port = 10250
	s.NodeInfo = corev1.NodeSystemInfo{
		KernelVersion: "6.12.0-virtual", OSImage: "Tabernetes virtual machine", ContainerRuntimeVersion: "containerd://2.2.0",
		KubeletVersion: kubeletVersion, OperatingSystem: "linux", Architecture: "amd64",
		MachineID: k.machineID(), SystemUUID: k.machineID(), BootID: k.machineID(),
	}
	s.Images = k.node.imageList()
	now := stamp(k.c.Now())
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) {
		setNodeCondition(s, corev1.NodeCondition{
			Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: now,
		})
	}
	for i := range k.pressures {
		words := &signalWords[i]
		if k.pressures[i].on {
			condition(words.condition, corev1.ConditionTrue, words.bad, words.badMessage)
			continue
		}
		condition(words.condition, corev1.ConditionFalse, words.good, words.goodMessage)
	}
	condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status")
}

func (k *kubelet) machineID() string {
	const digits = "0123456789abcdef"
	id := make([]byte, 32)
	for i := range id {
		id[i] = digits[(k.node.index*7+i*i+i)%16]
	}
	return string(id)
}

func setNodeCondition(s *corev1.NodeStatus, c corev1.NodeCondition) {
	for i := range s.Conditions {
		if old := &s.Conditions[i]; old.Type == c.Type {
			if old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
			}
			*old = c
			return
		}
	}
	s.Conditions = append(s.Conditions, c)
}

// maxImages is how many images a node's status lists, the largest.
const maxImages = 50

func (n *Node) imageList() []corev1.ContainerImage {
	list := make([]corev1.ContainerImage, 0, len(n.images))
	for _, ref := range slices.Sorted(maps.Keys(n.images)) {
		img := n.images[ref]
		names := []string{img.id()}
		if img.id() != ref {
			names = append(names, ref)
		}
		list = append(list, corev1.ContainerImage{Names: names, SizeBytes: img.entry.size})
	}
	slices.SortStableFunc(list, func(a, b corev1.ContainerImage) int { return int(b.SizeBytes - a.SizeBytes) })
	return list[:min(len(list), maxImages)]
}

// renewLease writes the node's lease; what fails is tried again at the next
// heartbeat (k8s.io/component-helpers/apimachinery/lease).
func (k *kubelet) renewLease() {
	now := metav1.NewMicroTime(k.c.Now())
	if k.lease == nil {
		k.findLease(now)
		return
	}
	lease := k.lease.DeepCopy()
	lease.Spec.RenewTime = &now
	renewed, err := client.Update(k.c, lease)
	if err != nil {
		k.lease = nil // changed or deleted by someone else
		return
	}
	k.lease = renewed
}

// movedToCSI are the kinds of volumes that CSI drivers see to by now.
const movedToCSI = "kubernetes.io/aws-ebs,kubernetes.io/azure-disk,kubernetes.io/azure-file,kubernetes.io/cinder," +
	"kubernetes.io/gce-pd,kubernetes.io/portworx-volume,kubernetes.io/vsphere-volume"

// tellDrivers sees to it that there is an object for the node's CSI drivers; no
// machine has one of its own (pkg/volume/csi/nodeinfomanager).
func (k *kubelet) tellDrivers() {
	_, err := client.Get[*storagev1.CSINode](k.c, "", k.node.Name)
	if !apierrors.IsNotFound(err) {
		return
	}
	// Without it pods run all the same; the next start tries again.
	_, _ = client.Create(k.c, &storagev1.CSINode{
		ObjectMeta: metav1.ObjectMeta{
			Name: k.node.Name, Annotations: map[string]string{corev1.MigratedPluginsAnnotationKey: movedToCSI},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: k.self.Name, UID: k.self.UID}},
		},
		Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{}},
	})
}

// findLease takes over the lease that there is, or makes one.
func (k *kubelet) findLease(now metav1.MicroTime) {
	lease, err := client.Get[*coordinationv1.Lease](k.c, corev1.NamespaceNodeLease, k.node.Name)
	if err == nil {
		k.lease = lease
		k.renewLease()
		return
	}
	if !apierrors.IsNotFound(err) {
		return
	}
	holder, seconds := k.node.Name, int32(leaseDuration)
	created, err := client.Create(k.c, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: corev1.NamespaceNodeLease, Name: k.node.Name,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: k.self.Name, UID: k.self.UID}},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &now},
	})
	if err == nil {
		k.lease = created
	}
}

// nodeEvent reports something about the node, which events know by its name.
func (k *kubelet) nodeEvent(reason, message string) {
	k.c.EventFrom(client.EventSource{Component: component, Host: k.node.Name}, k.self, corev1.EventTypeNormal, reason, message)
}
