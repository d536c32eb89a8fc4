package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// The pod security standards, as the PodSecurity admission plugin of v1.36
// checks and words them (policy/check_*.go of k8s.io/pod-security-admission).
// Left out: the standards of older versions, SELinux and Windows options.

// PodSecurityLevels from lax to strict; namespaces ask for one by label.
const (
	PodSecurityPrivileged = "privileged"
	PodSecurityBaseline   = "baseline"
	PodSecurityRestricted = "restricted"
)

// PodSecurityLabel is what a namespace's label for a mode (enforce, warn,
// audit) begins with.
const PodSecurityLabel = "pod-security.kubernetes.io/"

// PodSecurityViolations says in what a pod goes beyond a level, "" where it does
// not.
func PodSecurityViolations(level string, pod *corev1.PodTemplateSpec) string {
	checks := baselineChecks
	switch level {
	case PodSecurityBaseline:
	case PodSecurityRestricted:
		checks = restrictedChecks
	default:
		return ""
	}
	spec := &pod.Spec
	all := containers(spec)
	for i := range spec.EphemeralContainers {
		all = append(all, (*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
	var found []string
	for _, c := range checks {
		if detail := c.check(spec, all); detail != "" {
			found = append(found, c.reason+" ("+detail+")")
		}
	}
	return strings.Join(found, ", ")
}

// TemplateOf is the template of the pods that an object's controller makes; nil for others.
func TemplateOf(obj Object) *corev1.PodTemplateSpec {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		return &o.Spec.Template
	case *appsv1.ReplicaSet:
		return &o.Spec.Template
	case *appsv1.StatefulSet:
		return &o.Spec.Template
	case *appsv1.DaemonSet:
		return &o.Spec.Template
	case *batchv1.Job:
		return &o.Spec.Template
	case *batchv1.CronJob:
		return &o.Spec.JobTemplate.Spec.Template
	case *corev1.ReplicationController:
		return o.Spec.Template
	case *corev1.PodTemplate:
		return &o.Template
	}
	return nil
}

// securityCheck answers with what is wrong, "" for nothing.
type securityCheck struct {
	reason string
	check  func(spec *corev1.PodSpec, all []*corev1.Container) string
}

var baselineChecks = []securityCheck{
	{"non-default capabilities", defaultCapabilities},
	{"host namespaces", hostNamespaces},
	{"hostPath volumes", hostPaths},
	{"hostPort", hostPorts},
	{"privileged", privileged},
	{"procMount", procMounts},
	{"seccompProfile", seccompUnconfined},
	{"forbidden sysctls", sysctls},
}

var restrictedChecks = []securityCheck{
	{"host namespaces", hostNamespaces},
	{"hostPort", hostPorts},
	{"privileged", privileged},
	{"forbidden sysctls", sysctls},
	{"allowPrivilegeEscalation != false", privilegeEscalation},
	{"unrestricted capabilities", restrictedCapabilities},
	{"procMount", procMounts},
	{"restricted volume types", restrictedVolumes},
	{"runAsNonRoot != true", runAsNonRoot},
	{"runAsUser=0", runAsRoot},
	{"seccompProfile", seccompRestricted},
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strconv.Quote(w)
	}
	return strings.Join(out, ", ")
}

// theContainers is `container "a"` or `containers "a", "b"`.
func theContainers(names []string) string {
	return plural(len(names), "container", "containers") + " " + quoted(names)
}

// bad are the names of the containers of which a predicate holds.
func bad(all []*corev1.Container, holds func(sc *corev1.SecurityContext, c *corev1.Container) bool) []string {
	var names []string
	for _, c := range all {
		sc := c.SecurityContext
		if sc == nil {
			sc = &corev1.SecurityContext{}
		}
		if holds(sc, c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// mustNot words what some containers do and may not.
func mustNot(names []string, what string) string {
	if len(names) == 0 {
		return ""
	}
	return theContainers(names) + " " + what
}

func isTrue(b *bool) bool { return b != nil && *b }

func uniqueSorted(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

var allowedCapabilities = []corev1.Capability{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

func defaultCapabilities(_ *corev1.PodSpec, all []*corev1.Container) string {
	var added []string
	names := addsOther(all, &added, allowedCapabilities)
	return mustNot(names, "must not include "+quoted(uniqueSorted(added))+" in securityContext.capabilities.add")
}

// addsOther are the containers that add capabilities beyond those allowed.
func addsOther(all []*corev1.Container, added *[]string, allowed []corev1.Capability) []string {
	return bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool {
		found := false
		if sc.Capabilities != nil {
			for _, c := range sc.Capabilities.Add {
				if !slices.Contains(allowed, c) {
					*added, found = append(*added, string(c)), true
				}
			}
		}
		return found
	})
}

func restrictedCapabilities(_ *corev1.PodSpec, all []*corev1.Container) string {
	keeping := bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool {
		return sc.Capabilities == nil || !slices.Contains(sc.Capabilities.Drop, "ALL")
	})
	var added []string
	adding := addsOther(all, &added, []corev1.Capability{"NET_BIND_SERVICE"})
	var details []string
	if len(keeping) > 0 {
		details = append(details, mustNot(keeping, `must set securityContext.capabilities.drop=["ALL"]`))
	}
	if len(adding) > 0 {
		details = append(details, mustNot(adding, "must not include "+quoted(uniqueSorted(added))+" in securityContext.capabilities.add"))
	}
	return strings.Join(details, "; ")
}

func hostNamespaces(spec *corev1.PodSpec, _ []*corev1.Container) string {
	var found []string
	for _, n := range []struct {
		name string
		on   bool
	}{{"hostNetwork", spec.HostNetwork}, {"hostPID", spec.HostPID}, {"hostIPC", spec.HostIPC}} {
		if n.on {
			found = append(found, n.name+"=true")
		}
	}
	return strings.Join(found, ", ")
}

func hostPaths(spec *corev1.PodSpec, _ []*corev1.Container) string {
	var names []string
	for _, v := range spec.Volumes {
		if v.HostPath != nil {
			names = append(names, v.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return plural(len(names), "volume", "volumes") + " " + quoted(names)
}

func hostPorts(_ *corev1.PodSpec, all []*corev1.Container) string {
	var ports []string
	names := bad(all, func(_ *corev1.SecurityContext, c *corev1.Container) bool {
		found := false
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				ports, found = append(ports, itoa(p.HostPort)), true
			}
		}
		return found
	})
	ports = uniqueSorted(ports)
	return mustNot(names, fmt.Sprintf("%s %s %s", plural(len(names), "uses", "use"),
		plural(len(ports), "hostPort", "hostPorts"), strings.Join(ports, ", ")))
}

func privileged(_ *corev1.PodSpec, all []*corev1.Container) string {
	return mustNot(bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool { return isTrue(sc.Privileged) }),
		"must not set securityContext.privileged=true")
}

func procMounts(_ *corev1.PodSpec, all []*corev1.Container) string {
	var kinds []string
	names := bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool {
		if sc.ProcMount == nil || *sc.ProcMount == corev1.DefaultProcMount {
			return false
		}
		kinds = append(kinds, string(*sc.ProcMount))
		return true
	})
	return mustNot(names, "must not set securityContext.procMount to "+quoted(uniqueSorted(kinds)))
}

var safeSysctls = []string{
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
	"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}

func sysctls(spec *corev1.PodSpec, _ []*corev1.Container) string {
	var names []string
	if spec.SecurityContext != nil {
		for _, s := range spec.SecurityContext.Sysctls {
			if !slices.Contains(safeSysctls, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	return strings.Join(names, ", ")
}

func privilegeEscalation(_ *corev1.PodSpec, all []*corev1.Container) string {
	return mustNot(bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool {
		return sc.AllowPrivilegeEscalation == nil || *sc.AllowPrivilegeEscalation
	}), "must set securityContext.allowPrivilegeEscalation=false")
}

func restrictedVolumes(spec *corev1.PodSpec, _ []*corev1.Container) string {
	var names, kinds []string
	for _, v := range spec.Volumes {
		if v.ConfigMap == nil && v.CSI == nil && v.DownwardAPI == nil && v.EmptyDir == nil && v.Ephemeral == nil && v.Image == nil &&
			v.PersistentVolumeClaim == nil && v.Projected == nil && v.Secret == nil {
			names, kinds = append(names, v.Name), append(kinds, volumeKind(&v.VolumeSource))
		}
	}
	if len(names) == 0 {
		return ""
	}
	kinds = uniqueSorted(kinds)
	return fmt.Sprintf("%s %s %s %s %s", plural(len(names), "volume", "volumes"), quoted(names),
		plural(len(names), "uses", "use"), plural(len(kinds), "restricted volume type", "restricted volume types"), quoted(kinds))
}

// volumeKind names the volume types outside the restricted level that are not
// of a single vendor.
func volumeKind(v *corev1.VolumeSource) string {
	switch {
	case v.HostPath != nil:
		return "hostPath"
	case v.NFS != nil:
		return "nfs"
	case v.ISCSI != nil:
		return "iscsi"
	case v.FC != nil:
		return "fc"
	case v.CephFS != nil:
		return "cephfs"
	case v.RBD != nil:
		return "rbd"
	case v.GitRepo != nil:
		return "gitRepo"
	}
	return "unknown"
}

func runAsNonRoot(spec *corev1.PodSpec, all []*corev1.Container) string {
	of := podSecurityContext(spec)
	var setters []string
	if of.RunAsNonRoot != nil && !*of.RunAsNonRoot {
		setters = append(setters, "pod")
	}
	explicit := bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool {
		return sc.RunAsNonRoot != nil && !*sc.RunAsNonRoot
	})
	implicit := bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool {
		return sc.RunAsNonRoot == nil && !isTrue(of.RunAsNonRoot)
	})
	if len(explicit) > 0 {
		setters = append(setters, theContainers(explicit))
	}
	switch {
	case len(setters) > 0:
		return strings.Join(setters, " and ") + " must not set securityContext.runAsNonRoot=false"
	case len(implicit) > 0:
		return "pod or " + theContainers(implicit) + " must set securityContext.runAsNonRoot=true"
	}
	return ""
}

func podSecurityContext(spec *corev1.PodSpec) *corev1.PodSecurityContext {
	if spec.SecurityContext == nil {
		return &corev1.PodSecurityContext{}
	}
	return spec.SecurityContext
}

func runAsRoot(spec *corev1.PodSpec, all []*corev1.Container) string {
	var setters []string
	if of := podSecurityContext(spec); of.RunAsUser != nil && *of.RunAsUser == 0 {
		setters = append(setters, "pod")
	}
	names := bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool {
		return sc.RunAsUser != nil && *sc.RunAsUser == 0
	})
	if len(names) > 0 {
		setters = append(setters, theContainers(names))
	}
	if len(setters) == 0 {
		return ""
	}
	return strings.Join(setters, " and ") + " must not set runAsUser=0"
}

func goodSeccomp(p *corev1.SeccompProfile) bool {
	return p.Type == corev1.SeccompProfileTypeLocalhost || p.Type == corev1.SeccompProfileTypeRuntimeDefault
}

// seccompUnconfined finds who asks for another profile than the two good ones.
func seccompUnconfined(spec *corev1.PodSpec, all []*corev1.Container) string {
	var setters, kinds []string
	if p := podSecurityContext(spec).SeccompProfile; p != nil && !goodSeccomp(p) {
		setters, kinds = append(setters, "pod"), append(kinds, string(p.Type))
	}
	names := bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool {
		if sc.SeccompProfile == nil || goodSeccomp(sc.SeccompProfile) {
			return false
		}
		kinds = append(kinds, string(sc.SeccompProfile.Type))
		return true
	})
	if len(names) > 0 {
		setters = append(setters, theContainers(names))
	}
	if len(setters) == 0 {
		return ""
	}
	return strings.Join(setters, " and ") + " must not set securityContext.seccompProfile.type to " + quoted(uniqueSorted(kinds))
}

func seccompRestricted(spec *corev1.PodSpec, all []*corev1.Container) string {
	if found := seccompUnconfined(spec, all); found != "" {
		return found
	}
	if podSecurityContext(spec).SeccompProfile != nil {
		return ""
	}
	names := bad(all, func(sc *corev1.SecurityContext, _ *corev1.Container) bool { return sc.SeccompProfile == nil })
	if len(names) == 0 {
		return ""
	}
	return "pod or " + theContainers(names) + ` must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`
}
