package main

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/tabernetes/tabernetes/core/parity"
)

// world is the judge as one scenario sees it.
type world struct {
	*judge
	ns    string
	alone bool
	next  int // in the audit log
	taken map[int64]bool
	last  time.Time // of a command
}

// play plays a scenario once, in a namespace of its own.
func (j *judge) play(s script, ns string) ([]parity.Seen, error) {
	if err := j.must("", "create", "namespace", ns); err != nil {
		return nil, err
	}
	defer j.kubectl("", "delete", "namespace", ns, "--wait=false")
	err := patiently(func() error { _, err := j.get("/api/v1/namespaces/" + ns + "/serviceaccounts/default"); return err })
	if err != nil {
		return nil, err
	}
	w := &world{judge: j, ns: ns, alone: s.Alone(), taken: map[int64]bool{}, last: time.Now()}
	if err := w.Settle(); err != nil {
		return nil, err
	}
	seen, err := parity.Play(w, s.Scenario, ns)
	if w.alone { // pods on nodes that are gone would keep the next scenario waiting
		_, _ = j.kubectl("", "delete", "deployments,replicasets,statefulsets,daemonsets,jobs,cronjobs,pods", "--all", "-n", ns, "--force", "--grace-period=0", "--wait=false")
	}
	return seen, err
}

func (w *world) mine(namespace string) bool {
	return namespace == w.ns || strings.HasPrefix(namespace, w.ns+"-")
}

func (w *world) concerns(e entry) bool {
	switch e.ObjectRef.Resource {
	case "namespaces":
		return w.mine(e.name())
	case "nodes":
		return w.alone && e.actor() != "kubelet/NODE" && e.actor() != "ttl-controller"
	}
	return w.mine(e.ObjectRef.Namespace)
}

func (w *world) Kubectl(line, input string) (parity.Said, error) {
	defer func() { w.last = time.Now() }()
	args := parity.Split(line)
	return w.kubectl(input, append([]string{"-n", w.ns}, args...)...)
}

func (w *world) Settle() error {
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		_, _, last := w.log.since(w.next, w.concerns)
		if last.Before(w.last) {
			last = w.last
		}
		if time.Since(last) > w.quiet {
			return nil
		}
	}
	return errRestless
}

func (w *world) Wait(d time.Duration) error {
	time.Sleep(d)
	return nil
}

func (w *world) Machine(m parity.Machine) error {
	if err := w.must(m.Manifest(), "apply", "-f", "-"); err != nil {
		return err
	}
	return patiently(func() error {
		node, err := w.get("/api/v1/nodes/" + m.Name)
		if err == nil && (!bytes.Contains(node, []byte(`"KubeletReady"`)) || bytes.Contains(node, []byte("node.kubernetes.io/not-ready"))) {
			err = fmt.Errorf("node %s stays tainted", m.Name)
		}
		return err
	})
}

// Unplug stops the kwok that looks after the mortal nodes, of which a scenario
// has one.
func (w *world) Unplug(node string) error {
	if err := w.procs["mortal"].Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return patiently(func() error {
		o, err := w.get("/api/v1/nodes/" + node)
		if err == nil && bytes.Count(o, []byte("node.kubernetes.io/unreachable")) < 2 {
			err = fmt.Errorf("node %s is not taken for dead", node)
		}
		return err
	})
}

func (w *world) Plug(node string) error {
	if err := w.procs["mortal"].Process.Signal(syscall.SIGCONT); err != nil {
		return err
	}
	return patiently(func() error {
		o, err := w.get("/api/v1/nodes/" + node)
		if err == nil && bytes.Contains(o, []byte("node.kubernetes.io/unreachable")) {
			err = fmt.Errorf("node %s does not come back", node)
		}
		return err
	})
}

func (w *world) Get(path string) ([]byte, error) { return w.get(path) }

func (w *world) Writes() []parity.Write {
	es, next, _ := w.log.since(w.next, w.concerns)
	w.next = next
	all := w.frames.of(w.mine)
	out := joined(es, all, w.taken)
	for _, f := range all {
		w.taken[revisionOf(f.Object)] = true // a later answer with this revision changed nothing
	}
	return out
}
