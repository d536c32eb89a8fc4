package kubectl

import (
	"fmt"
	"net"
	"net/url"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// describeTemplateText describes a pod template with its tabs left in, as
// rollout history prints it.
func describeTemplateText(template *corev1.PodTemplateSpec) string {
	s := &sheet{}
	s.template(template)
	return s.b.String()
}

func (s *sheet) template(t *corev1.PodTemplateSpec) {
	s.line(0, "Pod Template:")
	s.labels("  Labels", t.Labels)
	if len(t.Annotations) > 0 {
		s.annotations("  Annotations", t.Annotations)
	}
	if t.Spec.ServiceAccountName != "" {
		s.line(1, "Service Account:\t%s", t.Spec.ServiceAccountName)
	}
	if len(t.Spec.InitContainers) > 0 {
		s.containers("Init Containers", t.Spec.InitContainers, nil, nil, "  ")
	}
	s.containers("Containers", t.Spec.Containers, nil, nil, "  ")
	s.volumes(t.Spec.Volumes, "  ")
	s.spread(t.Spec.TopologySpreadConstraints, "  ")
	if t.Spec.PriorityClassName != "" {
		s.line(1, "Priority Class Name:\t%s", t.Spec.PriorityClassName)
	}
	s.labels("  Node-Selectors", t.Spec.NodeSelector)
	s.tolerations("  Tolerations", t.Spec.Tolerations)
}

func (s *sheet) spread(list []corev1.TopologySpreadConstraint, space string) {
	if len(list) == 0 {
		return
	}
	list = append([]corev1.TopologySpreadConstraint{}, list...)
	sort.SliceStable(list, func(i, j int) bool { return list[i].TopologyKey < list[j].TopologyKey })
	s.text(0, "%sTopology Spread Constraints:\t", space)
	for i, c := range list {
		if i > 0 {
			s.text(0, "%s\t", space)
		}
		s.text(0, "%s:%v when max skew %d is exceeded", c.TopologyKey, c.WhenUnsatisfiable, c.MaxSkew)
		if c.LabelSelector != nil {
			s.text(0, " for selector %s", metav1.FormatLabelSelector(c.LabelSelector))
		}
		s.text(0, "\n")
	}
}

// containers describes containers, with what is known of each when there are
// statuses. pod, when given, resolves references to its fields.
func (s *sheet) containers(label string, list []corev1.Container, statuses []corev1.ContainerStatus, pod *corev1.Pod, space string) {
	none := ""
	if len(list) == 0 {
		none = " <none>"
	}
	s.line(0, "%s%s:%s", space, label, none)
	for i := range list {
		var status *corev1.ContainerStatus
		for k := range statuses {
			if statuses[k].Name == list[i].Name {
				status = &statuses[k]
			}
		}
		s.container(&list[i], status, pod, space)
	}
}

func (s *sheet) container(c *corev1.Container, status *corev1.ContainerStatus, pod *corev1.Pod, space string) {
	s.basics(c, status, space)
	s.words("Command", c.Command)
	s.words("Args", c.Args)
	if status != nil {
		s.state("State", status.State)
		if status.LastTerminationState.Terminated != nil {
			s.state("Last State", status.LastTerminationState)
		}
		s.line(2, "Ready:\t%s", boolText(status.Ready))
		s.line(2, "Restart Count:\t%d", status.RestartCount)
	}
	s.resources(c.Resources, 2)
	s.probe("Liveness", c.LivenessProbe)
	s.probe("Readiness", c.ReadinessProbe)
	s.probe("Startup", c.StartupProbe)
	s.envFrom(c.EnvFrom)
	s.env(c, pod)
	s.mounts(c)
}

func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func (s *sheet) basics(c *corev1.Container, status *corev1.ContainerStatus, space string) {
	if space != "" {
		space = " "
	}
	s.line(1, "%s%v:", space, c.Name)
	if status != nil {
		s.line(2, "Container ID:\t%s", status.ContainerID)
	}
	s.line(2, "Image:\t%s", c.Image)
	if status != nil {
		s.line(2, "Image ID:\t%s", status.ImageID)
	}
	s.ports("Port", c.Ports, func(p corev1.ContainerPort) int32 { return p.ContainerPort })
	s.ports("Host Port", c.Ports, func(p corev1.ContainerPort) int32 { return p.HostPort })
	if c.SecurityContext != nil && c.SecurityContext.SeccompProfile != nil {
		s.line(2, "SeccompProfile:\t%s", c.SecurityContext.SeccompProfile.Type)
		if local := c.SecurityContext.SeccompProfile.LocalhostProfile; local != nil {
			s.line(3, "LocalhostProfile:\t%s", *local)
		}
	}
}

func (s *sheet) ports(label string, ports []corev1.ContainerPort, number func(corev1.ContainerPort) int32) {
	var texts []string
	for _, p := range ports {
		text := fmt.Sprintf("%d/%s", number(p), p.Protocol)
		if p.Name != "" {
			text += " (" + p.Name + ")"
		}
		texts = append(texts, text)
	}
	if len(texts) > 1 {
		label += "s"
	}
	s.line(2, "%s:\t%s", label, orNone(strings.Join(texts, ", ")))
}

func (s *sheet) words(label string, words []string) {
	if len(words) == 0 {
		return
	}
	s.line(2, "%s:", label)
	for _, w := range words {
		for _, line := range strings.Split(w, "\n") {
			s.line(3, "%s", line)
		}
	}
}

func (s *sheet) state(name string, state corev1.ContainerState) {
	switch {
	case state.Running != nil:
		s.line(2, "%s:\tRunning", name)
		s.line(3, "Started:\t%s", date(state.Running.StartedAt))
	case state.Terminated != nil:
		t := state.Terminated
		s.line(2, "%s:\tTerminated", name)
		if t.Reason != "" {
			s.line(3, "Reason:\t%s", t.Reason)
		}
		if t.Message != "" {
			s.line(3, "Message:\t%s", t.Message)
		}
		s.line(3, "Exit Code:\t%d", t.ExitCode)
		if t.Signal > 0 {
			s.line(3, "Signal:\t%d", t.Signal)
		}
		s.line(3, "Started:\t%s", date(t.StartedAt))
		s.line(3, "Finished:\t%s", date(t.FinishedAt))
	default:
		s.line(2, "%s:\tWaiting", name)
		if state.Waiting != nil && state.Waiting.Reason != "" {
			s.line(3, "Reason:\t%s", state.Waiting.Reason)
		}
	}
}

func (s *sheet) resources(r corev1.ResourceRequirements, level int) {
	for _, part := range []struct {
		title string
		list  corev1.ResourceList
	}{{"Limits", r.Limits}, {"Requests", r.Requests}} {
		if len(part.list) > 0 {
			s.line(level, "%s:", part.title)
		}
		s.resourceList(level+1, part.list)
	}
}

func (s *sheet) resourceList(level int, list corev1.ResourceList) {
	var names []string
	for name := range list {
		names = append(names, string(name))
	}
	sort.Strings(names)
	for _, name := range names {
		q := list[corev1.ResourceName(name)]
		s.line(level, "%s:\t%s", name, q.String())
	}
}

func (s *sheet) probe(name string, p *corev1.Probe) {
	if p == nil {
		return
	}
	s.line(2, "%s:\t%s delay=%ds timeout=%ds period=%ds #success=%d #failure=%d", name, handlerText(p.ProbeHandler),
		p.InitialDelaySeconds, p.TimeoutSeconds, p.PeriodSeconds, p.SuccessThreshold, p.FailureThreshold)
}

func handlerText(h corev1.ProbeHandler) string {
	switch {
	case h.Exec != nil:
		return fmt.Sprintf("exec %v", h.Exec.Command)
	case h.HTTPGet != nil:
		u := url.URL{Scheme: strings.ToLower(string(h.HTTPGet.Scheme)), Path: h.HTTPGet.Path, Host: h.HTTPGet.Host}
		if port := h.HTTPGet.Port.String(); port != "" {
			u.Host = net.JoinHostPort(h.HTTPGet.Host, port)
		}
		return "http-get " + u.String()
	case h.TCPSocket != nil:
		return fmt.Sprintf("tcp-socket %s:%s", h.TCPSocket.Host, h.TCPSocket.Port.String())
	case h.GRPC != nil:
		service := ""
		if h.GRPC.Service != nil {
			service = *h.GRPC.Service
		}
		return fmt.Sprintf("grpc <pod>:%d %s", h.GRPC.Port, service)
	}
	return "unknown"
}

func (s *sheet) envFrom(list []corev1.EnvFromSource) {
	if len(list) > 0 {
		s.line(2, "Environment Variables from:")
	}
	for _, e := range list {
		from, name, optional := "", "", false
		if e.ConfigMapRef != nil {
			from, name, optional = "ConfigMap", e.ConfigMapRef.Name, isTrue(e.ConfigMapRef.Optional)
		} else if e.SecretRef != nil {
			from, name, optional = "Secret", e.SecretRef.Name, isTrue(e.SecretRef.Optional)
		}
		if e.Prefix != "" {
			from += " with prefix '" + e.Prefix + "'"
		}
		s.line(3, "%s\t%s\tOptional: %t", name, from, optional)
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

func (s *sheet) env(c *corev1.Container, pod *corev1.Pod) {
	none := ""
	if len(c.Env) == 0 {
		none = "\t<none>"
	}
	s.line(2, "Environment:%s", none)
	for _, e := range c.Env {
		if e.ValueFrom != nil {
			s.envRef(c, e, pod)
			continue
		}
		for i, text := range strings.Split(e.Value, "\n") {
			if i == 0 {
				text = e.Name + ":\t" + text
			} else {
				text = "\t" + text
			}
			s.line(3, "%s", text)
		}
	}
}

func (s *sheet) envRef(c *corev1.Container, e corev1.EnvVar, pod *corev1.Pod) {
	switch from := e.ValueFrom; {
	case from.FieldRef != nil:
		s.line(3, "%s:\t%s (%s:%s)", e.Name, fieldValue(pod, from.FieldRef.FieldPath), from.FieldRef.APIVersion, from.FieldRef.FieldPath)
	case from.ResourceFieldRef != nil:
		s.line(3, "%s:\t%s (%s)", e.Name, resourceValue(c, from.ResourceFieldRef), from.ResourceFieldRef.Resource)
	case from.SecretKeyRef != nil:
		s.line(3, "%s:\t<set to the key '%s' in secret '%s'>\tOptional: %t", e.Name, from.SecretKeyRef.Key, from.SecretKeyRef.Name, isTrue(from.SecretKeyRef.Optional))
	case from.ConfigMapKeyRef != nil:
		s.line(3, "%s:\t<set to the key '%s' of config map '%s'>\tOptional: %t", e.Name, from.ConfigMapKeyRef.Key, from.ConfigMapKeyRef.Name, isTrue(from.ConfigMapKeyRef.Optional))
	}
}

// fieldValue is the pod's field that a variable refers to.
func fieldValue(pod *corev1.Pod, path string) string {
	if pod == nil {
		return ""
	}
	if name, key, found := strings.Cut(strings.TrimSuffix(path, "']"), "['"); found {
		switch name {
		case "metadata.labels":
			return pod.Labels[key]
		case "metadata.annotations":
			return pod.Annotations[key]
		}
	}
	switch path {
	case "metadata.name":
		return pod.Name
	case "metadata.namespace":
		return pod.Namespace
	case "metadata.uid":
		return string(pod.UID)
	}
	return ""
}

func resourceValue(c *corev1.Container, ref *corev1.ResourceFieldSelector) string {
	kind, name, _ := strings.Cut(ref.Resource, ".")
	list := c.Resources.Requests
	if kind == "limits" {
		list = c.Resources.Limits
	}
	q := list[corev1.ResourceName(name)]
	if q.IsZero() {
		if ref.Resource == "limits.cpu" || ref.Resource == "limits.memory" {
			return "node allocatable"
		}
		return "0"
	}
	if ref.Divisor.IsZero() {
		return fmt.Sprint(q.Value())
	}
	if name == "cpu" {
		return fmt.Sprint((q.MilliValue() + ref.Divisor.MilliValue() - 1) / ref.Divisor.MilliValue())
	}
	return fmt.Sprint((q.Value() + ref.Divisor.Value() - 1) / ref.Divisor.Value())
}

func (s *sheet) mounts(c *corev1.Container) {
	none := ""
	if len(c.VolumeMounts) == 0 {
		none = "\t<none>"
	}
	s.line(2, "Mounts:%s", none)
	list := append([]corev1.VolumeMount{}, c.VolumeMounts...)
	sort.SliceStable(list, func(i, j int) bool { return list[i].MountPath < list[j].MountPath })
	for _, m := range list {
		flags := "rw"
		if m.ReadOnly {
			flags = "ro"
		}
		if m.SubPath != "" {
			flags += fmt.Sprintf(",path=%q", m.SubPath)
		}
		s.line(3, "%s from %s (%s)", m.MountPath, m.Name, flags)
	}
	if len(c.VolumeDevices) > 0 {
		s.line(2, "Devices:%s", none)
		for _, d := range c.VolumeDevices {
			s.line(3, "%s from %s", d.DevicePath, d.Name)
		}
	}
}
