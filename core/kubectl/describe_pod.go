package kubectl

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func (d *describer) pod() error {
	var p corev1.Pod
	if err := d.read(&p); err != nil {
		return err
	}
	d.podHead(&p)
	if len(p.Spec.InitContainers) > 0 {
		d.containers("Init Containers", p.Spec.InitContainers, p.Status.InitContainerStatuses, &p, "")
	}
	d.containers("Containers", p.Spec.Containers, p.Status.ContainerStatuses, &p, "")
	if len(p.Spec.EphemeralContainers) > 0 {
		var list []corev1.Container
		for _, e := range p.Spec.EphemeralContainers {
			list = append(list, corev1.Container(e.EphemeralContainerCommon))
		}
		d.containers("Ephemeral Containers", list, p.Status.EphemeralContainerStatuses, &p, "")
	}
	d.podConditions(&p)
	d.volumes(p.Spec.Volumes, "")
	d.line(0, "QoS Class:\t%s", qosClass(&p))
	d.labels("Node-Selectors", p.Spec.NodeSelector)
	d.tolerations("Tolerations", p.Spec.Tolerations)
	d.spread(p.Spec.TopologySpreadConstraints, "")
	d.writeEvents("", string(p.UID))
	return nil
}

func (d *describer) podHead(p *corev1.Pod) {
	s := &p.Spec
	d.line(0, "Name:\t%s", p.Name)
	d.line(0, "Namespace:\t%s", p.Namespace)
	if s.Priority != nil {
		d.line(0, "Priority:\t%d", *s.Priority)
	}
	if s.PriorityClassName != "" {
		d.line(0, "Priority Class Name:\t%s", s.PriorityClassName)
	}
	if s.RuntimeClassName != nil && *s.RuntimeClassName != "" {
		d.line(0, "Runtime Class Name:\t%s", *s.RuntimeClassName)
	}
	if s.ServiceAccountName != "" {
		d.line(0, "Service Account:\t%s", s.ServiceAccountName)
	}
	node := "<none>"
	if s.NodeName != "" {
		node = s.NodeName + "/" + p.Status.HostIP
	}
	d.line(0, "Node:\t%s", node)
	if p.Status.StartTime != nil {
		d.line(0, "Start Time:\t%s", date(*p.Status.StartTime))
	}
	d.labels("Labels", p.Labels)
	d.annotations("Annotations", p.Annotations)
	d.podStatus(p)
	if s.SecurityContext != nil && s.SecurityContext.SeccompProfile != nil {
		d.line(0, "SeccompProfile:\t%s", s.SecurityContext.SeccompProfile.Type)
		if local := s.SecurityContext.SeccompProfile.LocalhostProfile; local != nil {
			d.line(0, "LocalhostProfile:\t%s", *local)
		}
	}
	d.podAddresses(p)
	if s.Resources != nil {
		d.line(0, "Resources:")
		d.resources(*s.Resources, 1)
	}
}

func (d *describer) podStatus(p *corev1.Pod) {
	over := p.Status.Phase == corev1.PodFailed || p.Status.Phase == corev1.PodSucceeded
	if p.DeletionTimestamp != nil && !over {
		d.line(0, "Status:\tTerminating (lasts %s)", since(d.now, p.DeletionTimestamp.Time))
		grace := int64(0)
		if p.DeletionGracePeriodSeconds != nil {
			grace = *p.DeletionGracePeriodSeconds
		}
		d.line(0, "Termination Grace Period:\t%ds", grace)
	} else {
		d.line(0, "Status:\t%s", p.Status.Phase)
	}
	if p.Status.Reason != "" {
		d.line(0, "Reason:\t%s", p.Status.Reason)
	}
	if p.Status.Message != "" {
		d.line(0, "Message:\t%s", p.Status.Message)
	}
}

func (d *describer) podAddresses(p *corev1.Pod) {
	d.line(0, "IP:\t%s", p.Status.PodIP)
	if len(p.Status.PodIPs) == 0 {
		d.line(0, "IPs:\t<none>")
	} else {
		d.line(0, "IPs:")
	}
	for _, ip := range p.Status.PodIPs {
		d.line(1, "IP:\t%s", ip.IP)
	}
	if by := controller(p); by != "" {
		d.line(0, "Controlled By:\t%s", by)
	}
	if p.Status.NominatedNodeName != "" {
		d.line(0, "NominatedNodeName:\t%s", p.Status.NominatedNodeName)
	}
}

func (d *describer) podConditions(p *corev1.Pod) {
	if len(p.Spec.ReadinessGates) > 0 {
		d.line(0, "Readiness Gates:\n  Type\tStatus")
	}
	for _, g := range p.Spec.ReadinessGates {
		status := "<none>"
		for _, cond := range p.Status.Conditions {
			if cond.Type == g.ConditionType {
				status = string(cond.Status)
				break
			}
		}
		d.line(1, "%v \t%v ", g.ConditionType, status)
	}
	if len(p.Status.Conditions) > 0 {
		d.line(0, "Conditions:\n  Type\tStatus")
	}
	for _, cond := range p.Status.Conditions {
		d.line(1, "%v \t%v ", cond.Type, cond.Status)
	}
}

// qosClass is the class that the server has noted, or that follows from the
// containers' CPU and memory (component-helpers pkg/apis/core/v1/helper/qos).
func qosClass(p *corev1.Pod) corev1.PodQOSClass {
	if p.Status.QOSClass != "" {
		return p.Status.QOSClass
	}
	some, all := false, true
	zero := resource.Quantity{}
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for _, c := range list {
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				request, limit := c.Resources.Requests[name], c.Resources.Limits[name]
				some = some || request.Cmp(zero) > 0 || limit.Cmp(zero) > 0
				all = all && limit.Cmp(zero) > 0 && (request.IsZero() || request.Cmp(limit) == 0)
			}
		}
	}
	switch {
	case !some:
		return corev1.PodQOSBestEffort
	case all:
		return corev1.PodQOSGuaranteed
	}
	return corev1.PodQOSBurstable
}
