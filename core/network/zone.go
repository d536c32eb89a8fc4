package network

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
)

// domain is the cluster's.
const domain = "cluster.local"

// zone is what CoreDNS knows: addresses, or another name, by name. Names are
// whole and without the dot at their end.
type zone struct {
	addresses map[string][]string
	aliases   map[string]string
	names     map[string][]string // of a service
}

func newZone() *zone {
	return &zone{addresses: map[string][]string{}, aliases: map[string]string{}, names: map[string][]string{}}
}

// set makes the names of a service anew; s is nil for one that is gone
// (plugin/kubernetes of CoreDNS, findServices).
func (z *zone) set(key string, s *corev1.Service, all []*discoveryv1.EndpointSlice) {
	for _, name := range z.names[key] {
		delete(z.addresses, name)
		delete(z.aliases, name)
	}
	delete(z.names, key)
	if s == nil {
		return
	}
	name := s.Name + "." + s.Namespace + ".svc." + domain
	switch {
	case s.Spec.Type == corev1.ServiceTypeExternalName:
		z.names[key] = []string{name}
		z.aliases[name] = strings.TrimSuffix(s.Spec.ExternalName, ".")
	case headless(s):
		z.headless(key, name, all)
	default:
		z.add(key, name, s.Spec.ClusterIP)
	}
}

func (z *zone) add(key, name, ip string) {
	if len(z.addresses[name]) == 0 {
		z.names[key] = append(z.names[key], name)
	}
	if !slices.Contains(z.addresses[name], ip) {
		z.addresses[name] = append(z.addresses[name], ip)
	}
}

// headless names every ready pod of a service, and the service after all.
func (z *zone) headless(key, name string, all []*discoveryv1.EndpointSlice) {
	for _, s := range all {
		for i := range s.Endpoints {
			e := &s.Endpoints[i]
			if !ptr.Deref(e.Conditions.Ready, true) {
				continue
			}
			for _, ip := range e.Addresses {
				z.add(key, name, ip)
				host := ptr.Deref(e.Hostname, "")
				if host == "" {
					host = strings.ReplaceAll(ip, ".", "-")
				}
				z.add(key, host+"."+name, ip)
			}
		}
	}
}

// lookup answers a query for a whole name: the name that the addresses belong
// to, which is another where it is an alias. No addresses, no such name.
func (z *zone) lookup(name string) (canonical string, ips []string) {
	for range 8 { // aliases of aliases, but not for ever
		if ips := z.addresses[name]; len(ips) > 0 {
			return name, ips
		}
		if ip := podName(name); ip != "" {
			return name, []string{ip}
		}
		next, known := z.aliases[name]
		if !known {
			break
		}
		name = next
	}
	return name, nil
}

// podName is the address in a name such as 10-244-0-5.default.pod.cluster.local.
func podName(name string) string {
	rest, ok := strings.CutSuffix(name, ".pod."+domain)
	host, _, found := strings.Cut(rest, ".")
	if ip := strings.ReplaceAll(host, "-", "."); ok && found && isAddress(ip) {
		return ip
	}
	return ""
}
