package network

import (
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"
)

// Machine is a node as its neighbours see it.
type Machine interface {
	NodeName() string
	// Address is its own, PodCIDR what its pods' addresses are taken from.
	Address() string
	PodCIDR() string
	// Serve answers a request to one of its addresses. There is somebody at the
	// address if there (the answer says who), and somebody listens on the port if heard.
	Serve(ip string, port int32, r Request, now time.Time) (answer Response, there, heard bool)
}

// Request is what is asked of a server.
type Request struct {
	Method, Path string
	Host         string // the Host header
	Agent        string // the User-Agent header
	From         string // the address it seems to come from
}

// Response is what a server answers.
type Response struct {
	Status int
	Server string // the Server header, may be empty
	Body   string
	By     string // the pod that it came to: namespace/name
}

// Caller is who sends a request.
type Caller struct {
	Namespace, Node string // of a pod; Node is "" for somebody outside
	Pod             string // namespace/name, "" where no pod asks
	IP              string
	// ClusterDNS says that names are asked of the cluster's DNS.
	ClusterDNS bool
}

// Outside is somebody who reaches only what is published: node ports, the
// addresses of load balancers, ingress. Names of no address lead to ingress.
var Outside = Caller{IP: "198.51.100.7"}

// Failure says why a request has no answer.
type Failure string

// The failures.
const (
	Answered Failure = ""
	NoName   Failure = "no-such-name" // DNS knows no such name
	NoDNS    Failure = "no-dns"       // nobody answers for the cluster's names
	Refused  Failure = "refused"      // nobody listens, or the service has no endpoints
	NoRoute  Failure = "no-route"     // the address is nobody's any more
	TimedOut Failure = "timed-out"    // nothing answers
)

// Outcome is what a request came to.
type Outcome struct {
	Response
	Failure Failure
	IP      string        // what the name led to, "" when it led nowhere
	To      string        // the pod's address and port that it came to, "" where it came to none
	Node    string        // the machine that it came to, "" where it came to none
	Service string        // the service on its way: namespace/name, "" where there is none
	Took    time.Duration // until it was answered, or given up
}

// How long things take that do not come at once: an answer, the lookup of an
// address that nobody has, a connection's attempts, an unanswered DNS query.
const (
	roundTrip  = time.Millisecond
	noNeighbor = 3 * time.Second
	connecting = 127 * time.Second
	dnsTimeout = 10 * time.Second
)

// Network is what lies between machines. Its zero value has no machines and
// no rules; New makes one.
type Network struct {
	// Heard is told of every request that a program sends; nil: nobody is.
	Heard func(from Caller, to Location, o Outcome)

	machines func() []Machine
	runs     func(actor string) bool
	now      func() time.Time
	dice     *rand.Rand

	rules  *rules
	zone   *zone
	front  *front
	guard  *guard // nil where there are no policies
	sticky map[stickyKey]stuck
}

// New makes a network between machines. runs tells whether a program runs at
// present; kube-proxy's rules stay without it.
func New(machines func() []Machine, runs func(actor string) bool, now func() time.Time, dice *rand.Rand) *Network {
	return &Network{
		machines: machines, runs: runs, now: now, dice: dice,
		rules: newRules(), zone: &zone{}, front: &front{}, sticky: map[stickyKey]stuck{},
	}
}

// Send sends a request to host, a name or an address, and port.
func (n *Network) Send(from Caller, host string, port int32, r Request) Outcome {
	if r.Host == "" {
		r.Host = host
	}
	r.From = from.IP
	ips, failure := n.Resolve(from, host)
	if failure != Answered {
		out := Outcome{Failure: failure, Took: roundTrip}
		if failure == NoDNS {
			out.Took = dnsTimeout
		}
		return out
	}
	out := n.connect(from, n.pick(ips), port, r)
	switch out.Failure {
	case TimedOut:
		out.Took = connecting
	case NoRoute:
		out.Took = noNeighbor
	default:
		out.Took = roundTrip
	}
	return out
}

// call is Send for a program, and whoever wants to know is told of it.
func (n *Network) call(from Caller, to Location, r Request) Outcome {
	o := n.Send(from, to.Host, to.Port, r)
	if n.Heard != nil {
		n.Heard(from, to, o)
	}
	return o
}

// pick takes one of several by lot.
func (n *Network) pick(all []string) string {
	if len(all) == 1 {
		return all[0]
	}
	return all[n.dice.IntN(len(all))]
}

// connect follows the way of a request from an address to whoever answers.
func (n *Network) connect(from Caller, ip string, port int32, r Request) Outcome {
	if ip == loopback {
		ip = from.IP
	}
	if ip == IngressAddress && n.runs(IngressActor) {
		out := n.enter(port, r)
		out.IP = ip
		return out
	}
	to, service, failure := n.route(from, ip, port)
	if failure != Answered {
		return Outcome{Failure: failure, IP: ip, Service: service}
	}
	out := n.deliver(to, r)
	out.IP, out.To, out.Service = ip, join(to.ip, to.port), service
	return out
}

// deliver hands a request to whoever has an address.
func (n *Network) deliver(to endpoint, r Request) Outcome {
	addr, err := netip.ParseAddr(to.ip)
	if err != nil || !n.guard.allows(r.From, to.ip, to.port) {
		return Outcome{Failure: TimedOut}
	}
	for _, m := range n.machines() {
		ours, err := netip.ParsePrefix(m.PodCIDR())
		near := err == nil && ours.Contains(addr)
		if !near && m.Address() != to.ip {
			continue
		}
		answer, there, heard := m.Serve(to.ip, to.port, r, n.now())
		out := Outcome{Response: answer, Node: m.NodeName()}
		switch {
		case heard:
		case there || !near:
			out.Failure = Refused
		default:
			out.Failure = NoRoute
		}
		return out
	}
	return Outcome{Failure: TimedOut}
}

const loopback = "127.0.0.1"

// join writes an address and a port.
func join(ip string, port int32) string { return ip + ":" + strconv.Itoa(int(port)) }
