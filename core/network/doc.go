// Package network is the network as far as it can be seen: what a request comes
// to that a program in a pod, or somebody outside, sends to a name and a port.
//
// A Network answers as a function of what three programs have been told, and of
// what is there. kube-proxy (proxy.go) watches Services and EndpointSlices and
// keeps the rules by which a service's address leads to a pod (rules.go);
// CoreDNS (dns.go) watches the same and keeps the names (zone.go); an ingress
// controller (ingress.go) watches Ingresses, the network plugin's agent
// (policy.go) NetworkPolicies. Each knows only what its own
// watches have delivered, so a rule may lead to a pod that is gone: that is how
// requests get lost while pods are replaced, and nothing here codes it. Whether
// somebody listens at the end of the way is for the machines to say (Machine).
// Which of several back ends is taken is by lot, from the world's dice.
//
// Read it in this order: network.go (a call, and what it comes to), rules.go,
// proxy.go, zone.go, resolve.go, dns.go, ingress.go, policy.go; then the programs that make
// calls, in their own words: tools.go, wget.go, curl.go, nslookup.go.
//
// It follows pkg/proxy of Kubernetes v1.36.3 (topology.go, iptables/proxier.go;
// an iptables mode that writes its rules at most once a second), the kubernetes
// plugin of CoreDNS 1.13, and ingress-nginx. Simpler than a cluster: one
// kube-proxy keeps the rules of all machines; CoreDNS is no pod, and answers at
// 10.96.0.10 without a Service of its own; a request takes no time to be
// answered, so none is cut off in the middle; there is no network outside. Left
// out: UDP and SCTP but for names, TLS, IPv6, topology hints and traffic
// distribution, host ports, health check ports, SRV and PTR
// records, regular expressions in Ingress paths.
package network
