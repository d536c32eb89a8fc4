package kubectl

import (
	"fmt"
	"sort"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
)

func (d *describer) node() error {
	var n corev1.Node
	if err := d.read(&n); err != nil {
		return err
	}
	q := d.chunks()
	q.Set("fieldSelector", "spec.nodeName="+n.Name+",status.phase!=Succeeded,status.phase!=Failed")
	pods, podsErr := d.c.pods("", q)
	if podsErr != nil && !apierrors.IsForbidden(podsErr) {
		return podsErr
	}
	var events []corev1.Event
	if d.events {
		events = d.searchEvents("", n.Name, "Node", string(n.UID))
		events = append(events, d.searchEvents("", n.Name, "Node", n.Name)...)
	}
	d.nodeHead(&n)
	d.lease(n.Name)
	d.nodeStatus(&n)
	d.nodeSystem(&n)
	if podsErr != nil {
		d.line(0, "Pods:\tnot authorized")
	} else {
		d.nodePods(&n, pods)
	}
	if d.events {
		sort.SliceStable(events, func(i, j int) bool { return eventTime(&events[i]).Before(eventTime(&events[j])) })
		d.eventTable(events)
	}
	return nil
}

func nodeRoles(n *corev1.Node) string {
	var roles []string
	for _, k := range sortedKeys(n.Labels) {
		if role, ok := strings.CutPrefix(k, "node-role.kubernetes.io/"); ok && role != "" {
			roles = append(roles, role)
		} else if k == "kubernetes.io/role" && n.Labels[k] != "" {
			roles = append(roles, n.Labels[k])
		}
	}
	sort.Strings(roles)
	return orNone(strings.Join(roles, ","))
}

func (d *describer) nodeHead(n *corev1.Node) {
	d.line(0, "Name:\t%s", n.Name)
	d.line(0, "Roles:\t%s", nodeRoles(n))
	d.labels("Labels", n.Labels)
	d.annotations("Annotations", n.Annotations)
	d.line(0, "CreationTimestamp:\t%s", date(n.CreationTimestamp))
	list := append([]corev1.Taint{}, n.Spec.Taints...)
	sort.SliceStable(list, func(i, j int) bool {
		return string(list[i].Effect)+","+list[i].Key < string(list[j].Effect)+","+list[j].Key
	})
	var taints []string
	for _, t := range list {
		taints = append(taints, t.ToString())
	}
	d.lines("Taints", taints)
	d.line(0, "Unschedulable:\t%v", n.Spec.Unschedulable)
}

func (d *describer) lease(node string) {
	var l coordinationv1.Lease
	if err := d.c.into("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/"+node, nil, &l); err != nil {
		d.line(0, "Lease:\tFailed to get lease: %s", err)
		return
	}
	holder, acquired, renewed := "<unset>", "<unset>", "<unset>"
	if l.Spec.HolderIdentity != nil {
		holder = *l.Spec.HolderIdentity
	}
	if t := l.Spec.AcquireTime; t != nil {
		acquired = t.UTC().Format(rfc1123)
	}
	if t := l.Spec.RenewTime; t != nil {
		renewed = t.UTC().Format(rfc1123)
	}
	d.line(0, "Lease:")
	d.line(1, "HolderIdentity:\t%s", holder)
	d.line(1, "AcquireTime:\t%s", acquired)
	d.line(1, "RenewTime:\t%s", renewed)
}

func (d *describer) nodeStatus(n *corev1.Node) {
	if len(n.Status.Conditions) > 0 {
		d.line(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage")
		d.line(1, "----\t------\t-----------------\t------------------\t------\t-------")
	}
	for _, c := range n.Status.Conditions {
		d.line(1, "%v \t%v \t%s \t%s \t%v \t%v", c.Type, c.Status, date(c.LastHeartbeatTime), date(c.LastTransitionTime), c.Reason, c.Message)
	}
	d.line(0, "Addresses:")
	for _, a := range n.Status.Addresses {
		d.line(1, "%s:\t%s", a.Type, a.Address)
	}
	if len(n.Status.Capacity) > 0 {
		d.line(0, "Capacity:")
		d.resourceList(1, n.Status.Capacity)
	}
	if len(n.Status.Allocatable) > 0 {
		d.line(0, "Allocatable:")
		d.resourceList(1, n.Status.Allocatable)
	}
}

func (d *describer) nodeSystem(n *corev1.Node) {
	i := n.Status.NodeInfo
	d.line(0, "System Info:")
	for _, pair := range [][2]string{
		{"Machine ID", i.MachineID}, {"System UUID", i.SystemUUID}, {"Boot ID", i.BootID},
		{"Kernel Version", i.KernelVersion}, {"OS Image", i.OSImage}, {"Operating System", i.OperatingSystem},
		{"Architecture", i.Architecture}, {"Container Runtime Version", i.ContainerRuntimeVersion}, {"Kubelet Version", i.KubeletVersion},
	} {
		d.line(1, "%s:\t%s", pair[0], pair[1])
	}
	if n.Spec.PodCIDR != "" {
		d.line(0, "PodCIDR:\t%s", n.Spec.PodCIDR)
	}
	if len(n.Spec.PodCIDRs) > 0 {
		d.line(0, "PodCIDRs:\t%s", strings.Join(n.Spec.PodCIDRs, ","))
	}
	if n.Spec.ProviderID != "" {
		d.line(0, "ProviderID:\t%s", n.Spec.ProviderID)
	}
}

// share is a quantity with the percentage that it is of the node's.
func share(q resource.Quantity, of *resource.Quantity) string {
	percent := int64(0)
	if all := of.MilliValue(); all != 0 {
		percent = int64(float64(q.MilliValue()) / float64(all) * 100)
	}
	return fmt.Sprintf("%s (%d%%)", q.String(), percent)
}

func (d *describer) nodePods(n *corev1.Node, pods []corev1.Pod) {
	d.line(0, "Non-terminated Pods:\t(%d in total)", len(pods))
	d.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge")
	d.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---")
	room := n.Status.Capacity
	if len(n.Status.Allocatable) > 0 {
		room = n.Status.Allocatable
	}
	requests, limits := corev1.ResourceList{}, corev1.ResourceList{}
	for i := range pods {
		p := &pods[i]
		r, l := podResources(p, false), podResources(p, true)
		d.line(1, "%s\t%s\t\t%s\t%s\t%s\t%s\t%s", p.Namespace, p.Name,
			share(r[corev1.ResourceCPU], room.Cpu()), share(l[corev1.ResourceCPU], room.Cpu()),
			share(r[corev1.ResourceMemory], room.Memory()), share(l[corev1.ResourceMemory], room.Memory()),
			since(d.now, p.CreationTimestamp.Time))
		addTo(requests, r)
		addTo(limits, l)
	}
	d.line(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)")
	d.line(1, "Resource\tRequests\tLimits")
	d.line(1, "--------\t--------\t------")
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		of := room[name]
		d.line(1, "%s\t%s\t%s", name, share(requests[name], &of), share(limits[name], &of))
	}
	d.otherResources(room, requests, limits)
}

// otherResources are huge pages and extended resources.
func (d *describer) otherResources(room, requests, limits corev1.ResourceList) {
	var huge, extended []string
	for name := range room {
		switch n := string(name); {
		case strings.HasPrefix(n, corev1.ResourceHugePagesPrefix):
			huge = append(huge, n)
		case n != "cpu" && n != "memory" && n != "ephemeral-storage" && n != "pods":
			extended = append(extended, n)
		}
	}
	sort.Strings(huge)
	sort.Strings(extended)
	for _, n := range huge {
		name := corev1.ResourceName(n)
		of := room[name]
		d.line(1, "%s\t%s\t%s", n, share(requests[name], &of), share(limits[name], &of))
	}
	for _, n := range extended {
		r, l := requests[corev1.ResourceName(n)], limits[corev1.ResourceName(n)]
		d.line(1, "%s\t%s\t%s", n, r.String(), l.String())
	}
}

func addTo(sum, more corev1.ResourceList) {
	for name, q := range more {
		total := sum[name]
		total.Add(q)
		sum[name] = total
	}
}

func atLeast(sum, more corev1.ResourceList) {
	for name, q := range more {
		if have, ok := sum[name]; !ok || q.Cmp(have) > 0 {
			sum[name] = q.DeepCopy()
		}
	}
}

// podResources is what a pod asks for, or is limited to: its containers and
// sidecars together, at least each init container with the sidecars before it,
// and its overhead (component-helpers resource helpers).
func podResources(p *corev1.Pod, limits bool) corev1.ResourceList {
	of := func(r corev1.ResourceRequirements) corev1.ResourceList {
		if limits {
			return r.Limits
		}
		return r.Requests
	}
	sum, sidecars, most := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for i := range p.Spec.Containers {
		addTo(sum, of(p.Spec.Containers[i].Resources))
	}
	for i := range p.Spec.InitContainers {
		c := &p.Spec.InitContainers[i]
		own := corev1.ResourceList{}
		addTo(own, of(c.Resources))
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			addTo(sum, own)
			addTo(sidecars, own)
			own = sidecars
		} else {
			addTo(own, sidecars)
		}
		atLeast(most, own)
	}
	atLeast(sum, most)
	if p.Spec.Resources != nil {
		for name, q := range of(*p.Spec.Resources) {
			sum[name] = q
		}
	}
	for name, q := range p.Spec.Overhead {
		if have, ok := sum[name]; ok || !limits {
			have.Add(q)
			sum[name] = have
		}
	}
	return sum
}

func (d *describer) namespace() error {
	var n corev1.Namespace
	if err := d.read(&n); err != nil {
		return err
	}
	quotas, limits := &corev1.ResourceQuotaList{}, &corev1.LimitRangeList{}
	quotaErr := d.c.into("/api/v1/namespaces/"+n.Name+"/resourcequotas", d.chunks(), quotas)
	limitErr := d.c.into("/api/v1/namespaces/"+n.Name+"/limitranges", d.chunks(), limits)
	for _, err := range []error{quotaErr, limitErr} {
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	d.head(&n.ObjectMeta)
	d.line(0, "Status:\t%s", n.Status.Phase)
	if len(n.Status.Conditions) > 0 {
		d.line(0, "Conditions:")
		d.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage")
		d.line(1, "----\t------\t------------------\t------\t-------")
	}
	for _, c := range n.Status.Conditions {
		d.line(1, "%v\t%v\t%s\t%v\t%v", c.Type, c.Status, date(c.LastTransitionTime), c.Reason, c.Message)
	}
	d.line(0, "")
	d.quotas(quotas.Items)
	d.line(0, "")
	d.limitRanges(limits.Items)
	return nil
}

func (d *describer) quotas(list []corev1.ResourceQuota) {
	if len(list) == 0 {
		d.line(0, "No resource quota.")
		return
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	d.line(0, "Resource Quotas")
	for _, q := range list {
		d.line(1, "Name:\t%s", q.Name)
		d.line(1, "Resource\tUsed\tHard")
		d.line(1, "--------\t---\t---")
		var names []string
		for name := range q.Status.Hard {
			names = append(names, string(name))
		}
		sort.Strings(names)
		for _, name := range names {
			used, hard := q.Status.Used[corev1.ResourceName(name)], q.Status.Hard[corev1.ResourceName(name)]
			d.line(1, "%s\t%s\t%s", name, used.String(), hard.String())
		}
	}
}

func (d *describer) limitRanges(list []corev1.LimitRange) {
	if len(list) == 0 {
		d.line(0, "No LimitRange resource.")
		return
	}
	d.line(0, "Resource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio")
	d.line(0, " ----\t--------\t---\t---\t---------------\t-------------\t-----------------------")
	for _, l := range list {
		for _, item := range l.Spec.Limits {
			d.limitItem(item)
		}
	}
}

func (d *describer) limitItem(item corev1.LimitRangeItem) {
	lists := []corev1.ResourceList{item.Min, item.Max, item.DefaultRequest, item.Default, item.MaxLimitRequestRatio}
	names := map[string]bool{}
	for _, l := range lists {
		for name := range l {
			names[string(name)] = true
		}
	}
	for _, name := range sortedKeys(names) {
		row := []string{string(item.Type), name}
		for _, l := range lists {
			text := "-"
			if q, ok := l[corev1.ResourceName(name)]; ok {
				text = q.String()
			}
			row = append(row, text)
		}
		d.line(0, " %s", strings.Join(row, "\t"))
	}
}
