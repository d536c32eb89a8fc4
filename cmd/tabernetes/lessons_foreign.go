package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tabernetes/tabernetes/core/kubectl"
	"github.com/tabernetes/tabernetes/lessons"
	"github.com/tabernetes/tabernetes/lessons/audit"
)

// foreign is a lesson in any cluster, by way of the kubectl on the PATH, in a
// namespace of its own that is deleted in the end. In the lesson that namespace
// is called default.
//
// Questions, and checks on objects and on the console, work there. Chain checks
// need the API server's audit log, and of them only what such a log can tell;
// what needs a hand on the components is said to be unavailable.
type foreign struct {
	*lessons.Examiner
	tool      *outside
	console   *kubectl.Session
	timers    []timer
	namespace string
	log       *audit.Log
	touched   []string // lines that changed what is not in the namespace
	out, errw io.Writer
	closing   sync.Once
}

// timer is what a console command waits for.
type timer struct {
	after time.Duration
	then  func()
}

// newForeign opens a lesson in the cluster of a kubeconfig.
func newForeign(l *lessons.Lesson, kubeconfig, auditLog string, out, errw io.Writer) (*foreign, error) {
	start, err := lessons.ParseScript(l.Start)
	if err != nil {
		return nil, err
	}
	for _, d := range start {
		if d.Do != "type" && d.Do != "wait" {
			return nil, fmt.Errorf("this lesson begins with %q, which only the built-in cluster can do", d.Do+" "+d.With)
		}
	}
	f := &foreign{namespace: "tabernetes-" + l.ID + "-" + strings.ToLower(rand.Text()[:6]), out: out, errw: errw}
	if f.tool, err = newOutside(kubeconfig, f.namespace); err != nil {
		return nil, err
	}
	if auditLog != "" {
		if f.log, err = audit.Open(auditLog, f.namespace); err != nil {
			f.tool.remove()
			return nil, err
		}
	}
	f.console = kubectl.NewSession(kubectl.Env{
		Now: time.Now, Files: f.tool, Kubectl: f.tool.run,
		After: func(d time.Duration, fn func()) func() {
			f.timers = append(f.timers, timer{d, fn})
			return func() {}
		},
	})
	if err := f.begin(l, start); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// begin makes the namespace and the start state in it.
func (f *foreign) begin(l *lessons.Lesson, start []lessons.Doing) error {
	fmt.Fprintf(f.out, "The lesson takes place in the namespace %s of your cluster, which is deleted at the end.\n", f.namespace)
	if err := f.tool.makeNamespace(); err != nil {
		return err
	}
	go f.closeOnSignal()
	f.Examiner = lessons.Examine(l, f)
	f.compareNodes(l)
	for _, d := range start {
		fmt.Fprintf(f.out, "$ %s\n", d.With)
		if d.Do == "wait" {
			if err := f.Deed(d); err != nil {
				return err
			}
			continue
		}
		if err := f.Type(d.With, f.out, f.errw); err != nil {
			return err
		}
	}
	f.settle(startTime)
	f.Examiner = lessons.Examine(l, f)
	if f.log != nil {
		if _, err := f.log.More(); err != nil { // the start state is not the learner's
			return err
		}
		f.Follow(f.log)
	}
	return nil
}

// compareNodes warns where the lesson counts on another number of nodes.
func (f *foreign) compareNodes(l *lessons.Lesson) {
	want := l.Cluster.Nodes
	if want == 0 {
		want = 3
	}
	nodes, err := f.Objects("v1", "Node", "")
	if err == nil && len(nodes) != want {
		fmt.Fprintf(f.out, "Number of nodes: the lesson was written for %d, this cluster has %d. What depends on that comes out differently.\n", want, len(nodes))
	}
}

// How long a command, and the cluster after one, is waited for.
const (
	commandTime = 10 * time.Minute
	startTime   = time.Minute
	quietTime   = 10 * time.Second
	glance      = 300 * time.Millisecond
)

// settle waits until the lesson's objects stay as they are for a moment, or
// for so long.
func (f *foreign) settle(limit time.Duration) {
	last, same := "", 0
	for until := time.Now().Add(limit); same < 2 && time.Now().Before(until); time.Sleep(glance) {
		now, _ := f.tool.get("deployments,replicasets,daemonsets,statefulsets,pods", "-o",
			`jsonpath={range .items[*]}{.metadata.uid}={.metadata.resourceVersion} {end}`)
		if same++; now != last {
			last, same = now, 0
		}
	}
}

// Objects lists with kubectl get -o json. The lesson's namespace goes by the
// name default.
func (f *foreign) Objects(apiVersion, kind, namespace string) ([]map[string]any, error) {
	group, version, found := strings.Cut(apiVersion, "/")
	if !found {
		group, version = "", apiVersion
	}
	args := []string{strings.ToLower(kind) + "." + version + "." + group, "-o", "json"}
	switch namespace {
	case "", "default": // the lesson's own, which the kubeconfig names
	case lessons.AllNamespaces:
		args = append(args, "--all-namespaces")
	default:
		args = append(args, "--namespace", namespace)
	}
	text, err := f.tool.get(args...)
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	for _, obj := range list.Items {
		if metadata, _ := obj["metadata"].(map[string]any); metadata["namespace"] == f.namespace {
			metadata["namespace"] = "default"
		}
	}
	return list.Items, nil
}

// Type runs a console line: pipes, here-documents and files are the console's
// own, kubectl is the one on the PATH.
func (f *foreign) Type(line string, out, errw io.Writer) error {
	if !f.Lesson().Allowed(line) {
		return fmt.Errorf("this lesson uses only: %s", strings.Join(f.Lesson().Allow, ", "))
	}
	if touchesMore(line) {
		f.touched = append(f.touched, line)
	}
	var said bytes.Buffer
	exit, done := 0, false
	write := func(w io.Writer) func(string) {
		w = io.MultiWriter(w, &said)
		return func(text string) { fmt.Fprint(w, text) }
	}
	until := time.Now().Add(commandTime)
	interrupt := f.console.Run(line, write(out), write(errw), func(e int) { exit, done = e, true })
	for !done && len(f.timers) > 0 {
		t := f.timers[0]
		f.timers = f.timers[1:]
		if time.Now().Add(t.after).After(until) {
			interrupt()
			break
		}
		time.Sleep(t.after)
		t.then()
	}
	f.Typed(line, said.String(), exit)
	f.settle(quietTime)
	return nil
}

// touchesMore tells whether a line may change what is not in the namespace.
func touchesMore(line string) bool {
	words := strings.Fields(line)
	if len(words) < 2 {
		return false
	}
	switch words[1] {
	case "cordon", "uncordon", "taint", "drain":
		return true
	case "label", "annotate", "patch", "delete", "create", "edit":
		for _, what := range []string{"node", "namespace", "clusterrole", "priorityclass"} {
			if len(words) > 2 && strings.HasPrefix(words[2], what) {
				return true
			}
		}
	}
	return false
}

// Deed waits in real time; hands on components are not for other clusters.
func (f *foreign) Deed(d lessons.Doing) error {
	if d.Do != "wait" {
		return fmt.Errorf(":%s is for the built-in cluster", d.Do)
	}
	wait, err := time.ParseDuration(d.With)
	if err == nil {
		time.Sleep(min(wait, commandTime))
	}
	return err
}

func (f *foreign) Save() ([]byte, error) {
	return nil, errors.New("only a session in the built-in cluster can be handed in: another one's cannot be replayed")
}

// Close deletes the namespace, and tells what it cannot take back.
func (f *foreign) Close() {
	f.closing.Do(func() {
		if len(f.touched) > 0 {
			fmt.Fprintf(f.out, "These lines changed what does not lie in the lesson's namespace; undo them yourself:\n  %s\n", strings.Join(f.touched, "\n  "))
		}
		fmt.Fprintf(f.out, "Deleting the namespace %s.\n", f.namespace)
		if err := f.tool.deleteNamespace(); err != nil {
			fmt.Fprintf(f.errw, "It could not be deleted: %v\n", err)
		}
		if f.log != nil {
			f.log.Close()
		}
		f.tool.remove()
	})
}

// closeOnSignal tidies up when the learner presses Ctrl-C at the prompt. While
// a command runs, that is for the command.
func (f *foreign) closeOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	for s := range signals {
		if s == os.Interrupt && f.tool.busy.Load() {
			continue
		}
		fmt.Fprintln(f.out)
		f.Close()
		os.Exit(130)
	}
}
