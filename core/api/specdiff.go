package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// The real API server answers a forbidden change to a pod with a unified diff
// of the two specs as its internal types print: Go's field names, nothing left
// out, the host's namespaces in the security context. This file prints a v1
// spec in that form (pkg/apis/core/types.go, conversion.go) and compares
// (k8s.io/apimachinery/pkg/util/diff).

func specDiff(old, spec *corev1.PodSpec) string {
	return unifiedDiff(strings.Split(printSpec(old), "\n"), strings.Split(printSpec(spec), "\n"))
}

func printSpec(spec *corev1.PodSpec) string {
	var b strings.Builder
	printInternal(&b, reflect.ValueOf(*spec), "")
	return b.String()
}

// Field orders of the internal types that differ from v1's.
var internalOrder = map[reflect.Type][]string{
	reflect.TypeFor[corev1.PodSpec](): strings.Fields(`Volumes InitContainers Containers EphemeralContainers
		RestartPolicy TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy NodeSelector ServiceAccountName
		AutomountServiceAccountToken NodeName SecurityContext ImagePullSecrets Hostname Subdomain SetHostnameAsFQDN
		Affinity SchedulerName Tolerations HostAliases PriorityClassName Priority PreemptionPolicy DNSConfig
		ReadinessGates RuntimeClassName Overhead EnableServiceLinks TopologySpreadConstraints OS SchedulingGates
		ResourceClaims Resources HostnameOverride SchedulingGroup`),
	reflect.TypeFor[corev1.PodSecurityContext](): strings.Fields(`SELinuxOptions WindowsOptions RunAsUser RunAsGroup
		RunAsNonRoot SupplementalGroups SupplementalGroupsPolicy FSGroup FSGroupChangePolicy Sysctls SeccompProfile
		AppArmorProfile SELinuxChangePolicy`),
	reflect.TypeFor[corev1.VolumeSource](): strings.Fields(`HostPath EmptyDir GCEPersistentDisk AWSElasticBlockStore
		GitRepo Secret NFS ISCSI Glusterfs PersistentVolumeClaim RBD Quobyte FlexVolume Cinder CephFS Flocker DownwardAPI
		FC AzureFile ConfigMap VsphereVolume AzureDisk PhotonPersistentDisk Projected PortworxVolume ScaleIO StorageOS
		CSI Ephemeral Image`),
}

// internalSecurity is where the internal PodSpec keeps the host's namespaces.
type internalSecurity struct {
	HostNetwork, HostPID, HostIPC    bool
	ShareProcessNamespace, HostUsers *bool
	corev1.PodSecurityContext
}

type namedValue struct {
	name  string
	value reflect.Value
}

// internalFields lists a struct's fields as the internal type has them;
// embedded structs are part of the outer one.
func internalFields(v reflect.Value) []namedValue {
	names, ok := internalOrder[v.Type()]
	if !ok {
		for i := range v.NumField() {
			names = append(names, v.Type().Field(i).Name)
		}
	}
	var fields []namedValue
	for _, name := range names {
		f, _ := v.Type().FieldByName(name)
		value := v.FieldByIndex(f.Index)
		switch spec, isSpec := v.Interface().(corev1.PodSpec); {
		case isSpec && name == "SecurityContext" && spec.SecurityContext != nil:
			value = reflect.ValueOf(internalSecurity{spec.HostNetwork, spec.HostPID, spec.HostIPC,
				spec.ShareProcessNamespace, spec.HostUsers, *spec.SecurityContext})
			fields = append(fields, namedValue{name, value})
		case f.Anonymous:
			fields = append(fields, internalFields(value)...)
		default:
			fields = append(fields, namedValue{name, value})
		}
	}
	return fields
}

func printInternal(b *strings.Builder, v reflect.Value, indent string) {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	_, own := v.Interface().(json.Marshaler)
	named := strings.HasPrefix(v.Type().PkgPath(), "k8s.io/apimachinery/")
	switch {
	case v.Kind() == reflect.Struct && !own && !named:
		printParts(b, '{', '}', internalFields(v), indent)
	case v.Kind() == reflect.Slice && v.Len() > 0 && v.Type().Elem().Kind() != reflect.Uint8:
		items := make([]namedValue, v.Len())
		for i := range items {
			items[i].value = v.Index(i)
		}
		printParts(b, '[', ']', items, indent)
	default:
		data, err := json.MarshalIndent(v.Interface(), indent, " ")
		if err != nil {
			panic(err) // API types always encode
		}
		b.Write(data)
	}
}

func printParts(b *strings.Builder, open, end byte, parts []namedValue, indent string) {
	b.WriteByte(open)
	for i, part := range parts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + indent + " ")
		if part.name != "" {
			fmt.Fprintf(b, "%q: ", part.name)
		}
		printInternal(b, part.value, indent+" ")
	}
	b.WriteString("\n" + indent)
	b.WriteByte(end)
}

// unifiedDiff compares lines, with three of context; no header.
func unifiedDiff(a, b []string) string {
	const context = 3
	var out strings.Builder
	for _, hunk := range hunks(edits(a, b), context) {
		first, last := hunk[0], hunk[len(hunk)-1]
		fromA, toA := max(first.a-context, 0), min(last.a+last.del+context, len(a))
		fromB, toB := max(first.b-context, 0), min(last.b+last.ins+context, len(b))
		fmt.Fprintf(&out, "@@ -%s +%s @@\n", lineRange(fromA, toA), lineRange(fromB, toB))
		at := fromA
		for _, e := range hunk {
			writeLines(&out, " ", a[at:e.a])
			writeLines(&out, "-", a[e.a:e.a+e.del])
			writeLines(&out, "+", b[e.b:e.b+e.ins])
			at = e.a + e.del
		}
		writeLines(&out, " ", a[at:toA])
	}
	return out.String()
}

func lineRange(from, to int) string {
	if to-from == 1 {
		return fmt.Sprint(from + 1)
	}
	if to == from {
		return fmt.Sprintf("%d,0", from)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
}

func writeLines(b *strings.Builder, mark string, lines []string) {
	for _, line := range lines {
		b.WriteString(mark + line + "\n")
	}
}

// edit replaces del lines at a of the old text by ins lines at b of the new one.
type edit struct{ a, del, b, ins int }

// edits finds the longest run of lines that both have, then looks left and
// right of it, as Python's difflib does.
func edits(a, b []string) []edit {
	var all []edit
	var walk func(fromA, toA, fromB, toB int)
	walk = func(fromA, toA, fromB, toB int) {
		atA, atB, n := longestRun(a[fromA:toA], b[fromB:toB])
		if n == 0 {
			if fromA < toA || fromB < toB {
				all = append(all, edit{fromA, toA - fromA, fromB, toB - fromB})
			}
			return
		}
		walk(fromA, fromA+atA, fromB, fromB+atB)
		walk(fromA+atA+n, toA, fromB+atB+n, toB)
	}
	walk(0, len(a), 0, len(b))
	return all
}

// longestRun returns where the longest common run starts in each, the first of equals.
func longestRun(a, b []string) (atA, atB, n int) {
	where := map[string][]int{}
	for j, line := range b {
		where[line] = append(where[line], j)
	}
	ending := map[int]int{} // length of the run that ends at b[j] and the line before in a
	for i, line := range a {
		next := map[int]int{}
		for _, j := range where[line] {
			next[j] = ending[j-1] + 1
			if next[j] > n {
				atA, atB, n = i-next[j]+1, j-next[j]+1, next[j]
			}
		}
		ending = next
	}
	return atA, atB, n
}

// hunks groups edits whose contexts touch.
func hunks(all []edit, context int) [][]edit {
	var groups [][]edit
	for _, e := range all {
		if n := len(groups); n > 0 {
			last := groups[n-1][len(groups[n-1])-1]
			if e.a-(last.a+last.del) <= 2*context {
				groups[n-1] = append(groups[n-1], e)
				continue
			}
		}
		groups = append(groups, []edit{e})
	}
	return groups
}
