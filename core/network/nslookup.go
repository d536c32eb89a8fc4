package network

import (
	"slices"
	"strings"
)

// nslookup is busybox's (networking/nslookup.c): since 1.29 it asks for every
// name of the search list where the name has no dot, for the name as it is
// where it has one, and fails if any of the answers is no.
func (n *Network) nslookup(p Program) Ran {
	var ran Ran
	var words []string
	for _, w := range p.Words[1:] {
		if !strings.HasPrefix(w, "-") {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return ran.fail(1, "nslookup: no name was given")
	}
	server := Nameserver
	if len(words) > 1 {
		server = words[1]
	}
	up := n.runs(DNSActor) && n.guard.names(p.From.IP) && server == Nameserver && p.From.Node != ""
	if p.OldLookup {
		return n.oldLookup(p, words[0], server, up)
	}
	if !up {
		ran.Took = dnsTimeout
		return ran.fail(1, ";; connection timed out; no servers could be reached\n")
	}
	ran.Took = roundTrip
	ran.out("Server:\t\t%s", server)
	ran.out("Address:\t%s:53\n", server)
	name := words[0]
	names := []string{strings.TrimSuffix(name, ".")}
	if !strings.Contains(name, ".") {
		names = nil
		for _, in := range Search(p.From) {
			names = append(names, name+"."+in)
		}
	}
	for _, family := range []string{"A", "AAAA"} {
		for _, name := range names {
			n.query(&ran, strings.ToLower(name), family)
		}
	}
	return ran
}

// query writes the answer to one query.
func (n *Network) query(ran *Ran, name, family string) {
	canonical, ips := n.zone.lookup(name)
	switch {
	case len(ips) == 0 && canonical == name:
		ran.out("** server can't find %s: NXDOMAIN\n", name)
		ran.Exit = 1
		return
	case canonical != name:
		ran.out("%s\tcanonical name = %s", name, canonical)
	}
	if family == "A" {
		for _, ip := range ips {
			ran.out("Name:\t%s\nAddress: %s", canonical, ip)
		}
	}
	ran.out("")
}

// oldLookup talks as nslookup did before, with the resolver's own search.
func (n *Network) oldLookup(p Program, name, server string, up bool) Ran {
	ran := Ran{Took: roundTrip}
	ran.out("Server:    %s", server)
	if !up {
		ran.out("Address 1: %s\n", server)
		ran.Took = dnsTimeout
		return ran.fail(1, "nslookup: can't resolve '%s'", name)
	}
	ran.out("Address 1: %s kube-dns.kube-system.svc.%s\n", server, domain)
	ips, failure := n.Resolve(p.From, name)
	if failure != Answered {
		return ran.fail(1, "nslookup: can't resolve '%s'", name)
	}
	ran.out("Name:      %s", name)
	for i, ip := range ips {
		ran.out("%s", strings.TrimSpace("Address "+string(rune('1'+i%9))+": "+ip+" "+n.zone.nameOf(ip)))
	}
	return ran
}

// nameOf is the longest name that an address has, "" if none.
func (z *zone) nameOf(ip string) string {
	best := ""
	for name, ips := range z.addresses {
		if slices.Contains(ips, ip) && (len(name) > len(best) || len(name) == len(best) && name < best) {
			best = name
		}
	}
	return best
}
