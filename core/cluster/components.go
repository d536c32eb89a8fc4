package cluster

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller/crd"
	"github.com/tabernetes/tabernetes/core/controller/cronjob"
	"github.com/tabernetes/tabernetes/core/controller/daemonset"
	"github.com/tabernetes/tabernetes/core/controller/deployment"
	"github.com/tabernetes/tabernetes/core/controller/disruption"
	"github.com/tabernetes/tabernetes/core/controller/endpoints"
	"github.com/tabernetes/tabernetes/core/controller/ephemeralvolume"
	"github.com/tabernetes/tabernetes/core/controller/garbagecollector"
	"github.com/tabernetes/tabernetes/core/controller/job"
	"github.com/tabernetes/tabernetes/core/controller/namespace"
	"github.com/tabernetes/tabernetes/core/controller/nodelifecycle"
	"github.com/tabernetes/tabernetes/core/controller/persistentvolume"
	"github.com/tabernetes/tabernetes/core/controller/podautoscaler"
	"github.com/tabernetes/tabernetes/core/controller/podgc"
	"github.com/tabernetes/tabernetes/core/controller/provisioner"
	"github.com/tabernetes/tabernetes/core/controller/replicaset"
	"github.com/tabernetes/tabernetes/core/controller/resourcequota"
	"github.com/tabernetes/tabernetes/core/controller/roleaggregation"
	"github.com/tabernetes/tabernetes/core/controller/rootca"
	"github.com/tabernetes/tabernetes/core/controller/service"
	"github.com/tabernetes/tabernetes/core/controller/serviceaccount"
	"github.com/tabernetes/tabernetes/core/controller/statefulset"
	"github.com/tabernetes/tabernetes/core/controller/tainteviction"
	"github.com/tabernetes/tabernetes/core/controller/ttlafterfinished"
	"github.com/tabernetes/tabernetes/core/controller/volumeexpand"
	"github.com/tabernetes/tabernetes/core/controller/volumeprotection"
	"github.com/tabernetes/tabernetes/core/kubelet"
	"github.com/tabernetes/tabernetes/core/network"
	"github.com/tabernetes/tabernetes/core/scheduler"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/trace"
)

// component is an actor that can be held, stopped and restarted.
type component struct {
	actor  string
	start  func(*client.Client)
	proc   *sim.Process // nil while stopped
	client *client.Client
	node   *kubelet.Node // of a kubelet
}

// controlPlane lists the components beside the nodes' kubelets, in the order
// in which they start.
var controlPlane = []component{
	{actor: "crd-controller", start: crd.Start},
	{actor: "namespace-controller", start: namespace.Start},
	{actor: "service-account-controller", start: serviceaccount.Start},
	{actor: "root-ca-cert-publisher", start: rootca.Start},
	{actor: "deployment-controller", start: deployment.Start},
	{actor: "replicaset-controller", start: replicaset.Start},
	{actor: "replication-controller", start: replicaset.StartReplication},
	{actor: "daemon-set-controller", start: daemonset.Start},
	{actor: "statefulset-controller", start: statefulset.Start},
	{actor: "job-controller", start: job.Start},
	{actor: "ttl-after-finished-controller", start: ttlafterfinished.Start},
	{actor: "cronjob-controller", start: cronjob.Start},
	{actor: "endpointslice-controller", start: endpoints.StartSlices},
	{actor: "endpointslicemirroring-controller", start: endpoints.StartMirroring},
	{actor: "endpoint-controller", start: endpoints.Start},
	{actor: "clusterrole-aggregation-controller", start: roleaggregation.Start},
	{actor: "service-controller", start: service.Start},
	{actor: "disruption-controller", start: disruption.Start},
	{actor: "horizontal-pod-autoscaler", start: podautoscaler.Start},
	{actor: "resourcequota-controller", start: resourcequota.Start},
	{actor: "garbage-collector", start: garbagecollector.Start},
	{actor: "node-controller", start: nodelifecycle.Start},
	{actor: "taint-eviction-controller", start: tainteviction.Start},
	{actor: "pod-garbage-collector", start: podgc.Start},
	{actor: "persistent-volume-binder", start: persistentvolume.Start},
	{actor: "expand-controller", start: volumeexpand.Start},
	{actor: "ephemeral-volume-controller", start: ephemeralvolume.Start},
	{actor: "pvc-protection-controller", start: volumeprotection.StartClaims},
	{actor: "pv-protection-controller", start: volumeprotection.StartVolumes},
	{actor: "local-path-provisioner", start: provisioner.Start},
	{actor: "scheduler", start: scheduler.Start},
}

// assemble makes every component and starts it.
func (c *Cluster) assemble() error {
	c.network = network.New(c.machines, c.runs, c.world.Now, c.world.Rand("network"))
	c.network.Heard = c.heard
	for _, part := range controlPlane {
		c.parts = append(c.parts, &part)
	}
	for _, part := range []component{
		{actor: network.ProxyActor, start: c.network.StartProxy},
		{actor: network.DNSActor, start: c.network.StartDNS},
		{actor: network.IngressActor, start: c.network.StartIngress},
		{actor: network.PolicyActor, start: c.network.StartPolicies},
	} {
		c.parts = append(c.parts, &part)
	}
	for _, name := range c.nodeNames() {
		c.addNode(name)
	}
	for _, p := range c.parts {
		c.start(p)
	}
	return nil
}

// nodeNames are the machines: those that the store knows, in a cluster that
// goes on, and as many as the options ask for.
func (c *Cluster) nodeNames() []string {
	var names []string
	each(c, func(n *corev1.Node) { names = append(names, n.Name) })
	wanted := c.opts.Nodes
	if wanted == 0 && len(names) == 0 {
		wanted = DefaultNodes
	}
	for i := range max(wanted, 0) {
		if name := fmt.Sprintf("node-%d", i+1); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, naturally)
	return names
}

func (c *Cluster) addNode(name string) { c.addMachine(name, kubelet.DefaultConfig()) }

func (c *Cluster) addMachine(name string, config kubelet.Config) {
	node := kubelet.NewNode(name, config)
	node.Registry, node.Network = &c.registry, c.network
	c.parts = append(c.parts, &component{
		actor: "kubelet/" + name, node: node,
		start: func(cl *client.Client) { kubelet.Start(cl, node) },
	})
}

// Join adds a machine, which begins as one that is switched on. It is no input:
// a run that is to be had again gets its machines from the options.
func (c *Cluster) Join(name string, config kubelet.Config) {
	c.addMachine(name, config)
	c.start(c.parts[len(c.parts)-1])
}

func (c *Cluster) start(p *component) {
	p.proc = c.world.Process(p.actor)
	p.client = client.New(c.server, p.proc, c.rec, c.opts.Timing)
	p.start(p.client)
}

func (c *Cluster) part(actor string) (*component, error) {
	for _, p := range c.parts {
		if p.actor == actor {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrNoSuchActor, actor)
}

// Hold keeps a component from seeing and doing anything until Release; what
// is sent to it piles up.
func (c *Cluster) Hold(actor string) error {
	if _, err := c.part(actor); err != nil {
		return err
	}
	c.did(Hold, actor)
	c.world.Hold(actor)
	return nil
}

// Release lets a held component go on.
func (c *Cluster) Release(actor string) error {
	if _, err := c.part(actor); err != nil {
		return err
	}
	c.did(Release, actor)
	c.world.Release(actor)
	return nil
}

// Stop ends a component's process, as a crash would: its view, its queue and
// its watches are gone. Stopping a stopped one changes nothing.
func (c *Cluster) Stop(actor string) error {
	p, err := c.part(actor)
	if err != nil || p.proc == nil {
		return err
	}
	c.did(Stop, actor)
	p.client.Close()
	p.proc.Kill()
	p.proc, p.client = nil, nil
	return nil
}

// Start starts a stopped component; it begins with a list, knowing nothing.
func (c *Cluster) Start(actor string) error {
	p, err := c.part(actor)
	if err != nil || p.proc != nil {
		return err
	}
	c.did(Start, actor)
	c.start(p)
	return nil
}

// Restart is Stop and Start.
func (c *Cluster) Restart(actor string) error {
	if err := c.Stop(actor); err != nil {
		return err
	}
	return c.Start(actor)
}

// Disconnect breaks a component's watches; it takes them up again by itself.
func (c *Cluster) Disconnect(actor string) error {
	p, err := c.part(actor)
	if err == nil && p.client != nil {
		c.did(Disconnect, actor)
		p.client.Disconnect()
	}
	return err
}

// ActorState is what there is to know of a component from outside.
type ActorState struct {
	Name    string `json:"name"`
	Held    bool   `json:"held,omitempty"`
	Stopped bool   `json:"stopped,omitempty"`
	// Seen is the last revision that was delivered to it.
	Seen int64 `json:"seen"`
}

// Actors lists the components in the order in which they start.
func (c *Cluster) Actors() []ActorState {
	out := make([]ActorState, len(c.parts))
	for i, p := range c.parts {
		out[i] = ActorState{Name: p.actor, Held: c.world.Held(p.actor), Stopped: p.proc == nil}
		if p.client != nil {
			out[i].Seen = p.client.Seen()
		}
	}
	return out
}

// Waits is what a component is waiting for.
type Waits struct {
	Next []Wait `json:"next"` // the first few, soonest first
	All  int    `json:"all"`
}

// Wait is one thing that will happen to a component.
type Wait struct {
	At   string `json:"at"`
	Kind string `json:"kind"` // delivery, turn or timer
	What string `json:"what"`
}

// maxWaits is how many Waits lists.
const maxWaits = 4

// Waits tells what a component is waiting for: notifications on their way to
// it, work that it has queued, timers that it has set.
func (c *Cluster) Waits(actor string) Waits {
	next, all := c.world.Waiting(actor, maxWaits)
	w := Waits{Next: make([]Wait, len(next)), All: all}
	for i, e := range next {
		w.Next[i] = Wait{At: trace.FormatTime(e.At), Kind: e.Kind.String(), What: e.What}
	}
	return w
}
