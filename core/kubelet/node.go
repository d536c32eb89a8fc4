package kubelet

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/network"
)

// Config is what a machine is like. Times are virtual.
type Config struct {
	Capacity corev1.ResourceList
	Labels   map[string]string // besides the usual ones
	Images   []string          // on the machine from the start

	Sandbox  time.Duration // making a pod's sandbox and network
	Start    time.Duration // creating and starting a container
	Resolve  time.Duration // asking a registry what a tag stands for
	PullRate int64         // bytes a second, download and unpacking
	Spread   int64         // by how many percent, at random, things take longer
}

// DefaultConfig is a machine with 8 cpus, 16Gi of memory and room for 110 pods.
func DefaultConfig() Config {
	return Config{
		Capacity: corev1.ResourceList{
			corev1.ResourceCPU:              resource.MustParse("8"),
			corev1.ResourceMemory:           resource.MustParse("16Gi"),
			corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"),
			corev1.ResourcePods:             resource.MustParse("110"),
		},
		Sandbox: 200 * time.Millisecond, Start: 100 * time.Millisecond, Resolve: 25 * time.Millisecond,
		PullRate: 50_000_000, Spread: 25,
	}
}

// Node is a machine: what is on it and what runs on it.
type Node struct {
	Name   string
	Config Config
	// Registry is where its images come from; nil is one that answers as usual.
	Registry *Registry
	// Network is what its containers' programs reach; nil is none.
	Network *network.Network

	images  map[string]*image // by full reference
	changed bool              // images have come since the node's status was written
	boxes   map[types.UID]*sandbox
	more    map[string]entry // what authors add to the catalogue
	stages  []*stage         // and to what containers do
	index   int
	lastIP  int
	usedIPs map[int]bool
}

// sandbox is a pod's place on the machine.
type sandbox struct {
	uid        types.UID
	key        string // namespace/name
	ip         string
	host       int // the last part of ip, 0 for the machine's own
	containers []*container
}

// container is one run of a container; last is the run before.
type container struct {
	name, id       string
	asked          string // the image as the pod's spec names it
	image, imageID string
	restarts       int32
	plan           plan

	started  time.Time
	finished time.Time // zero while it runs
	termAt   time.Time // when it gets SIGTERM and closes its ports; zero: not yet
	stopAt   time.Time // when it ends after SIGTERM; zero: not of its own will
	exit     int32
	reason   string
	message  string
	last     *container
	probes   *probes
	again    bool // it was ended to be started anew, whatever the restart policy
	replaced bool // it was ended to be started anew from a changed spec
	// given is what it has of cpu and memory, promised what it is to have.
	given, promised corev1.ResourceRequirements
	printed         []logLine // of requests, and by a script that makes calls; the latest
}

// NewNode makes a machine with nothing running on it.
func NewNode(name string, config Config) *Node {
	n := &Node{
		Name: name, Config: config, index: indexOf(name),
		images: map[string]*image{}, boxes: map[types.UID]*sandbox{},
		lastIP: 1, usedIPs: map[int]bool{},
	}
	for _, ref := range config.Images {
		if img, err := resolve(ref, nil); err == nil {
			n.images[img.ref] = img
		}
	}
	return n
}

// indexOf makes a number of a node's name: the one it ends with, or else any.
func indexOf(name string) int {
	digits := name[len(strings.TrimRight(name, "0123456789")):]
	if i, err := strconv.Atoi(digits); err == nil && i < 1<<14 {
		return i
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return int(h.Sum32() % (1 << 14))
}

// Address is the machine's own IP address.
func (n *Node) Address() string {
	return fmt.Sprintf("172.%d.%d.%d", 18+n.index/62500, n.index/250%250, n.index%250+1)
}

// PodCIDR is the range that the machine's pods get their addresses from.
func (n *Node) PodCIDR() string { return n.podIP(0) + "/24" }

func (n *Node) podIP(host int) string {
	return fmt.Sprintf("10.%d.%d.%d", (244+n.index/256)%256, n.index%256, host)
}

// newSandbox gives a pod its place and address.
func (n *Node) newSandbox(pod *corev1.Pod, key string) *sandbox {
	box := &sandbox{uid: pod.UID, key: key, ip: n.Address()}
	if !pod.Spec.HostNetwork {
		box.host = n.freeIP()
		box.ip = n.podIP(box.host)
	}
	n.boxes[pod.UID] = box
	return box
}

// freeIP takes the next free address after the last one given.
func (n *Node) freeIP() int {
	for range 253 {
		if n.lastIP++; n.lastIP > 254 {
			n.lastIP = 2
		}
		if !n.usedIPs[n.lastIP] {
			break
		}
	}
	n.usedIPs[n.lastIP] = true
	return n.lastIP
}

// remove clears away a pod's sandbox with all that is in it.
func (n *Node) remove(uid types.UID) {
	if box := n.boxes[uid]; box != nil {
		delete(n.usedIPs, box.host)
		delete(n.boxes, uid)
	}
}

// sandboxes returns all, by key and then UID.
func (n *Node) sandboxes() []*sandbox {
	out := make([]*sandbox, 0, len(n.boxes))
	for _, box := range n.boxes {
		out = append(out, box)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].key != out[j].key {
			return out[i].key < out[j].key
		}
		return out[i].uid < out[j].uid
	})
	return out
}

// settle lets the containers end whose time has come.
func (b *sandbox) settle(now time.Time) {
	for _, c := range b.containers {
		if end, ends := c.end(); c.running() && ends && !end.After(now) {
			c.finish(end, c.plan.exit, c.plan.reason, c.plan.message)
		}
	}
}

// find returns a container's latest run, nil when it has never run.
func (b *sandbox) find(name string) *container {
	if b == nil {
		return nil
	}
	for _, c := range b.containers {
		if c.name == name {
			return c
		}
	}
	return nil
}

// run starts a container, in place of its last run if there is one. A plan that
// ends at once leaves it finished.
func (b *sandbox) run(c *container) {
	for i, old := range b.containers {
		if old.name == c.name {
			old.last = nil
			c.last, c.restarts = old, old.restarts+1
			b.containers[i] = c
			return
		}
	}
	b.containers = append(b.containers, c)
}

func (c *container) running() bool { return c != nil && c.finished.IsZero() }

func (c *container) exited() bool { return c != nil && !c.finished.IsZero() }

// end is when the container ends by itself.
func (c *container) end() (time.Time, bool) {
	return c.started.Add(c.plan.lasts), c.plan.lasts >= 0
}

func (c *container) finish(at time.Time, exit int32, reason, message string) {
	c.finished, c.exit, c.reason, c.message = at, exit, reason, message
	if reason == "" {
		c.reason = "Error"
		if exit == 0 {
			c.reason = "Completed"
		}
	}
}

// containerID makes up an id as containerd's.
func containerID(dice *rand.Rand) string {
	return fmt.Sprintf("containerd://%016x%016x%016x%016x", dice.Uint64(), dice.Uint64(), dice.Uint64(), dice.Uint64())
}
