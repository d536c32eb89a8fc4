package network

import (
	"net/netip"
	"strings"
)

// Nameserver is the address that the cluster's pods ask for names.
const Nameserver = "10.96.0.10"

// ndots is how many dots a name has that is tried as it is first.
const ndots = 5

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// Search are the domains in which a pod's names are looked for.
func Search(from Caller) []string {
	if !from.ClusterDNS {
		return nil
	}
	return []string{from.Namespace + ".svc." + domain, "svc." + domain, domain}
}

// candidates are the whole names that a name may stand for, in the order in
// which they are tried.
func candidates(from Caller, name string) []string {
	if whole, ok := strings.CutSuffix(name, "."); ok {
		return []string{whole}
	}
	var all []string
	for _, in := range Search(from) {
		all = append(all, name+"."+in)
	}
	if strings.Count(name, ".") >= ndots {
		return append([]string{name}, all...)
	}
	return append(all, name)
}

// Resolve finds the addresses that a host's name stands for, as a pod does it
// with its resolv.conf; an address stands for itself.
func (n *Network) Resolve(from Caller, host string) ([]string, Failure) {
	switch {
	case isAddress(host):
		return []string{host}, Answered
	case host == "localhost":
		return []string{loopback}, Answered
	case from.Node == "":
		return []string{IngressAddress}, Answered
	case !from.ClusterDNS:
		return nil, NoName
	case !n.runs(DNSActor) || !n.guard.names(from.IP):
		return nil, NoDNS
	}
	for _, name := range candidates(from, host) {
		if _, ips := n.zone.lookup(strings.ToLower(name)); len(ips) > 0 {
			return ips, Answered
		}
	}
	return nil, NoName
}
