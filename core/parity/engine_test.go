package parity

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/kubelet"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/scheduler"
	"github.com/tabernetes/tabernetes/core/trace"
)

// engine is our cluster as a World.
type engine struct {
	c     *cluster.Cluster
	ns    string
	alone bool
	bare  bool   // machines have the images that the scenario says, and no others
	input string // what "-f -" reads
	next  int64  // in the trace
	made  int64  // the last entry of making a machine
}

// config is of a machine that has the images already: kwok pulls none.
func config() kubelet.Config {
	c := kubelet.DefaultConfig()
	c.Images = []string{"busybox", "fluentd", "fluentd:v1.17", "nginx", "nginx:1.26", "nginx:1.27", "redis", "redis:7.2", "redis:7.4"}
	return c
}

const enough = 5_000_000 // events

func newEngine(t *testing.T, s Scenario, ns string, seed uint64) *engine {
	t.Helper()
	e := &engine{ns: ns, alone: s.Alone(), bare: s.says("node", " image:")}
	c, err := cluster.New(cluster.Options{Seed: seed, Nodes: -1, Files: e})
	if err != nil {
		t.Fatal(err)
	}
	e.c = c
	for i := range 3 {
		if !e.alone {
			c.Join(fmt.Sprintf("node-%d", i+1), config())
		}
	}
	if err := c.RunUntilQuiet(enough); err != nil {
		t.Fatal(err)
	}
	// The judge has no class of its own.
	for _, line := range []string{"delete storageclass --all", "create namespace " + ns} {
		if r, err := c.Run("kubectl " + line); err != nil || r.Exit != 0 {
			t.Fatal(err, r.Stderr)
		}
	}
	if s.says("pod", "schedulerName:") || s.says("apply", "schedulerName:") {
		e.configure(t)
	}
	if err := e.Settle(); err != nil {
		t.Fatal(err)
	}
	return e
}

// says tells whether a text stands in a step of a kind.
func (s Scenario) says(kind, text string) bool {
	return slices.ContainsFunc(s.Steps, func(step Step) bool {
		return step.Words[0] == kind && strings.Contains(step.Text+step.Body, text)
	})
}

// configure starts the scheduler with the profiles that the real one has.
func (e *engine) configure(t *testing.T) {
	t.Helper()
	e.input = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: %s}\ndata: {%s: %q}\n",
		scheduler.ConfigName, scheduler.ConfigNamespace, scheduler.ConfigKey, "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"+Profiles)
	if r, err := e.c.Run("kubectl apply -f stdin.yaml"); err != nil || r.Exit != 0 {
		t.Fatal(err, r.Stderr)
	}
	if err := e.c.Restart("scheduler"); err != nil {
		t.Fatal(err)
	}
}

// Read, Write and Names make the engine the files that its kubectl sees.
func (e *engine) Read(string) ([]byte, error) { return []byte(e.input), nil }
func (e *engine) Write(string, []byte) error  { return os.ErrPermission }
func (e *engine) Names() []string             { return nil }

func (e *engine) Machine(m Machine) error {
	config := config()
	config.Labels = m.Labels
	if e.bare {
		config.Images = nil
	}
	for _, image := range m.Images {
		name, _, _ := strings.Cut(image, "=")
		config.Images = append(config.Images, name)
	}
	for name, quantity := range m.Room {
		config.Capacity[corev1.ResourceName(name)] = resource.MustParse(quantity)
	}
	e.c.Join(m.Name, config)
	if err := e.Settle(); err != nil {
		return err
	}
	for _, taint := range m.Taints {
		if said, err := e.Kubectl("taint node "+m.Name+" "+taint, ""); err != nil || said.Exit != 0 {
			return fmt.Errorf("taint: %v %s", err, said.Err)
		}
	}
	e.made = e.c.LastEntry()
	return nil
}

func (e *engine) Kubectl(line, input string) (Said, error) {
	e.input = input
	words := Split(line)
	for i, w := range words {
		if w == "-" {
			w = "stdin.yaml"
		}
		words[i] = "'" + w + "'"
	}
	var said Said
	done := false
	e.c.Exec("kubectl -n "+e.ns+" "+strings.Join(words, " "),
		func(s string) { said.Out += s }, func(s string) { said.Err += s },
		func(exit int) { said.Exit, done = exit, true })
	for deadline := e.c.Now().Add(5 * time.Minute); !done; e.c.Step() {
		if at, ok := e.c.NextAt(); !ok || at.After(deadline) {
			return said, fmt.Errorf("%q does not end", line)
		}
	}
	said.Err = strings.ReplaceAll(said.Err, "stdin.yaml", "STDIN")
	return said, e.Wait(300 * time.Millisecond) // a real kubectl takes its time
}

// Settle waits as one does at a real control plane: until nobody has written
// anything about the scenario for some seconds.
func (e *engine) Settle() error {
	for range 60 {
		from := e.c.LastEntry()
		if err := e.Wait(2500 * time.Millisecond); err != nil {
			return err
		}
		if !slices.ContainsFunc(e.c.Entries(from, 0), func(l trace.Line) bool { return l.Type == trace.Write && e.concerns(l) }) {
			return nil
		}
	}
	return fmt.Errorf("it does not come to rest")
}

func (e *engine) Wait(d time.Duration) error { return e.c.AdvanceTo(e.c.Now().Add(d), enough) }

func (e *engine) Unplug(node string) error {
	if err := e.c.Stop("kubelet/" + node); err != nil {
		return err
	}
	return e.until(node, func(n *corev1.Node) bool { return unreachable(n) == 2 })
}

func (e *engine) Plug(node string) error {
	if err := e.c.Start("kubelet/" + node); err != nil {
		return err
	}
	return e.until(node, func(n *corev1.Node) bool { return unreachable(n) == 0 })
}

func unreachable(n *corev1.Node) (count int) {
	for _, t := range n.Spec.Taints {
		if t.Key == corev1.TaintNodeUnreachable {
			count++
		}
	}
	return count
}

// until lets seconds pass until a node is so.
func (e *engine) until(node string, so func(*corev1.Node) bool) error {
	for range 300 {
		data, err := e.Get("/api/v1/nodes/" + node)
		var n corev1.Node
		if err == nil {
			err = json.Unmarshal(data, &n)
		}
		if err != nil {
			return err
		}
		if so(&n) {
			return nil
		}
		if err := e.Wait(time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("node %s does not get there", node)
}

func (e *engine) Get(path string) ([]byte, error) {
	r := e.c.Server().Do(rest.Message{Method: "GET", Path: path, Actor: "parity"})
	if r.Code != 200 {
		return nil, fmt.Errorf("GET %s: %d %s", path, r.Code, r.Body)
	}
	return r.Body, nil
}

func (e *engine) Writes() []Write {
	var out []Write
	var last trace.Line
	for _, l := range e.c.Entries(e.next, 0) {
		e.next = l.Seq
		if l.Type != trace.Write || !e.concerns(l) || !e.toldByAll(l) {
			continue
		}
		again := (l.Verb == "delete" || l.Subresource == "eviction") && last.Verb == l.Verb && last.Actor == l.Actor && last.Name == l.Name && l.Revision == last.Revision+1
		if last = l; again {
			continue // one request: marked, or its grace period 0, then gone
		}
		name := l.Resource
		if l.Subresource != "" {
			name += "/" + l.Subresource
		}
		out = append(out, Write{Actor: l.Actor, Verb: l.Verb, Resource: name, Name: l.Name})
	}
	return out
}

func (e *engine) concerns(l trace.Line) bool {
	switch {
	case l.Resource == "events" || l.Resource == "leases" || l.Verb == "deletecollection":
		return false
	case l.Resource == "endpoints" && l.Actor == "apiserver":
		return false // the real one's storage does it, which its audit log doesn't see
	case l.Resource == "namespaces":
		return strings.HasPrefix(l.Name, e.ns)
	case l.Resource == "nodes":
		return e.alone && !strings.HasPrefix(l.Actor, "kubelet/") && l.Seq > e.made
	}
	return l.Namespace == e.ns || strings.HasPrefix(l.Namespace, e.ns+"-")
}

// toldByAll leaves out what our kubelets tell and kwok does not: it reports
// only that a pod runs, or has ended.
func (e *engine) toldByAll(l trace.Line) bool {
	if !strings.HasPrefix(l.Actor, "kubelet/") || l.Subresource != "status" || l.Step == 10 {
		return true
	}
	changes, err := e.c.Changes(l.Revision)
	if err != nil || !slices.Contains(trace.Paths(changes), "status.phase") {
		return false
	}
	pod, err := e.c.Object(corev1.SchemeGroupVersion.WithResource("pods"), l.Namespace, l.Name, l.Revision)
	return err == nil && !strings.Contains(string(pod), "deletionTimestamp:")
}
