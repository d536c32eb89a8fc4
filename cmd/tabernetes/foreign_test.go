package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/kubectl"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/trace"
	"github.com/tabernetes/tabernetes/lessons"
)

// Lessons on other clusters are tested with our engine behind HTTP as the other
// cluster, which keeps an audit log, and with this test's own program as the
// kubectl on the PATH: it is the console's, sending its requests over HTTP.

func TestMain(m *testing.M) {
	if os.Getenv("TABERNETES_TEST_KUBECTL") != "" {
		os.Exit(kubectlOverHTTP(os.Args[1:]))
	}
	if os.Getenv("TABERNETES_TEST_COMMAND") != "" {
		os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// kubectlOverHTTP is kubectl with a kubeconfig of two lines: an address, and a
// namespace.
func kubectlOverHTTP(args []string) int {
	file := os.Getenv("KUBECONFIG")
	if args[0] == "--kubeconfig" {
		file, args = args[1], args[2:]
	}
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if args[0] == "config" {
		if args[1] == "view" {
			os.Stdout.Write(text)
			return 0
		}
		address, _, _ := strings.Cut(string(text), "\n")
		if os.WriteFile(file, []byte(address+"\n"+args[len(args)-1]+"\n"), 0o600) != nil {
			return 1
		}
		return 0
	}
	address, rest, _ := strings.Cut(string(text), "\n")
	var pending []func()
	console := kubectl.NewSession(kubectl.Env{
		Transport: overHTTP(address), Now: time.Now, Files: stdin{},
		After: func(_ time.Duration, fn func()) func() { pending = append(pending, fn); return func() {} },
	})
	line := "kubectl"
	for _, a := range args {
		line += " '" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	if data, err := io.ReadAll(os.Stdin); err == nil && len(data) > 0 {
		line = "cat stdin | " + line
		stdin{}.set(data)
	}
	exit := 0
	out, errw := func(s string) { fmt.Print(s) }, func(s string) { fmt.Fprint(os.Stderr, s) }
	console.Run("kubectl config set-context --current --namespace="+strings.TrimSpace(rest), func(string) {}, errw, func(int) {})
	console.Run(line, out, errw, func(e int) { exit = e })
	for len(pending) > 0 {
		fn := pending[0]
		pending = pending[1:]
		fn()
	}
	return exit
}

// stdin is a file of that name.
type stdin struct{}

var stdinData []byte

func (stdin) set(data []byte)             { stdinData = data }
func (stdin) Read(string) ([]byte, error) { return stdinData, nil }
func (stdin) Write(string, []byte) error  { return os.ErrPermission }
func (stdin) Names() []string             { return nil }

// overHTTP is a transport to an address.
type overHTTP string

func (o overHTTP) Do(m rest.Message) rest.Reply {
	req, err := http.NewRequest(m.Method, string(o)+m.Path, bytes.NewReader(m.Body))
	if err != nil {
		return rest.Reply{Code: 500, Body: []byte(err.Error())}
	}
	for k, v := range m.Header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return rest.Reply{Code: 500, Body: []byte(err.Error())}
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	h := rest.Header{}
	for k := range resp.Header {
		h[k] = strings.Join(resp.Header.Values(k), "\n")
	}
	return rest.Reply{Code: resp.StatusCode, Header: h, Body: body}
}

func (o overHTTP) Stream(rest.Message, func([]byte, int64)) (func(), rest.Reply) {
	return nil, rest.Reply{Code: 500, Body: []byte("no watches here")}
}

// other is a cluster of ours behind HTTP, with an audit log.
type other struct {
	sync.Mutex
	t        *testing.T
	c        *cluster.Cluster
	told     int64
	auditLog string
}

// newOther returns the cluster's kubeconfig, and puts a kubectl on the PATH.
func newOther(t *testing.T) (o *other, kubeconfig string) {
	t.Helper()
	dir := t.TempDir()
	c, err := cluster.New(cluster.Options{Seed: 7, Nodes: 3})
	if err != nil {
		t.Fatal(err)
	}
	o = &other{t: t, c: c, auditLog: filepath.Join(dir, "audit.log")}
	o.settle()
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	kubeconfig = filepath.Join(dir, "kubeconfig")
	write(t, dir, "kubeconfig", []byte(server.URL+"\ndefault\n"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "kubectl")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv("TABERNETES_TEST_KUBECTL", "1")
	return o, kubeconfig
}

func (o *other) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.Lock()
	defer o.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h := rest.Header{}
	for k := range r.Header {
		h[k] = r.Header.Get(k)
	}
	reply := o.c.Server().Do(rest.Message{Method: r.Method, Path: r.URL.RequestURI(), Header: h, Body: body, Actor: "kubectl"})
	for k, v := range reply.Header {
		for value := range strings.SplitSeq(v, "\n") {
			w.Header().Add(k, value)
		}
	}
	w.WriteHeader(reply.Code)
	_, _ = w.Write(reply.Body) // a client that went away is no fault of ours
	o.settle()
}

// settle runs the world until it is quiet, and writes the audit log.
func (o *other) settle() {
	if err := o.c.RunUntilQuiet(100_000); err != nil {
		o.t.Error(err)
	}
	f, err := os.OpenFile(o.auditLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		o.t.Error(err)
		return
	}
	defer f.Close()
	for _, e := range o.c.Entries(o.told, 0) {
		o.told = e.Seq
		if e.Type == trace.Write || e.Type == trace.Refused {
			if _, err := f.Write(o.event(e)); err != nil {
				o.t.Error(err)
			}
		}
	}
}

// event is an entry as a real API server logs it.
func (o *other) event(e trace.Line) []byte {
	agent := "kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/0123abc/" + e.Actor
	switch name, _, _ := strings.Cut(e.Actor, "/"); name {
	case "kubectl":
		agent = "kubectl/v1.36.3 (linux/amd64) kubernetes/0123abc"
	case "kubelet":
		agent = "kubelet/v1.36.3 (linux/amd64) kubernetes/0123abc"
	case "scheduler":
		agent = "kube-scheduler/v1.36.3 (linux/amd64) kubernetes/0123abc/scheduler"
	}
	event := map[string]any{
		"stage": "ResponseComplete", "verb": e.Verb, "requestURI": e.Path, "userAgent": agent, "stageTimestamp": e.Time,
		"objectRef": map[string]any{
			"resource": e.Resource, "subresource": e.Subresource, "namespace": e.Namespace, "name": e.Name, "apiGroup": e.Group,
		},
		"responseStatus": map[string]any{"code": e.Code, "reason": e.Reason, "message": e.Message},
	}
	gvr := schema.GroupVersionResource{Group: e.Group, Version: "v1", Resource: e.Resource}
	if data, err := o.c.Object(gvr, e.Namespace, e.Name, e.Revision); err == nil && e.Type == trace.Write {
		asJSON, err := yaml.YAMLToJSON(data)
		if err != nil {
			o.t.Error(err)
		}
		event["responseObject"] = json.RawMessage(asJSON)
	}
	out, err := json.Marshal(event)
	if err != nil {
		o.t.Error(err)
	}
	return append(out, '\n')
}

// typed is a script as it is typed in the terminal.
func typed(script string) string {
	var out strings.Builder
	for line := range strings.Lines(script) {
		if deed, ok := strings.CutPrefix(line, "#: "); ok {
			line = ":" + strings.Replace(deed, " = ", " ", 1)
		}
		out.WriteString(line)
	}
	return out.String()
}

// TestALessonOnAnotherCluster, from start to finish: in a namespace of its own,
// which is gone in the end; what an audit log cannot tell is unavailable and
// costs nothing.
func TestALessonOnAnotherCluster(t *testing.T) {
	for name, want := range map[string][]string{
		"ten-steps": {"✓ A Deployment called web has been created", "✓ On which node did the scheduler put the pod?", "✓ The Deployment counts it as available", "12 of 12 points"},
		"homework":  {"✓ Three pods run", "✓ And nothing else happened", "an audit log does not say because of what", "16 of 16 points"},
	} {
		t.Run(name, func(t *testing.T) {
			o, kubeconfig := newOther(t)
			l, err := lessons.Find(lessons.Embedded(), name)
			if err != nil {
				t.Fatal(err)
			}
			in := typed(l.Solution) + strings.Repeat(":checks\n:next\n", len(l.Steps)) + ":quit\n"
			stdout, stderr, exit := tabernetes(t, in, "lessons", "run", name, "--lang", "en", "--kubeconfig", kubeconfig, "--audit-log", o.auditLog)
			if exit != 0 || stderr != "" {
				t.Fatalf("exit %d: %s", exit, stderr)
			}
			for _, w := range append(want, "The lesson takes place in the namespace tabernetes-"+name, "Deleting the namespace") {
				if !strings.Contains(strings.Join(strings.Fields(stdout), " "), w) {
					t.Errorf("the terminal does not show %q:\n%s", w, stdout)
				}
			}
			left, err := o.c.Run("kubectl get pods,deployments --all-namespaces")
			if err != nil || left.Stdout != "" {
				t.Errorf("left behind: %s, %v", left.Stdout, err)
			}
		})
	}
}

// TestAnotherClusterWithoutALog: chain checks are unavailable then, and the
// reason is said; what was never done is failed all the same.
func TestAnotherClusterWithoutALog(t *testing.T) {
	_, kubeconfig := newOther(t)
	in := "kubectl create deployment web --image=nginx\n:checks\nsleep 0.01 && echo slept\nkubectl label node node-1 a=b\n:hold scheduler\n:save x\ncat ../secret\n:quit\n"
	stdout, stderr, exit := tabernetes(t, in, "lessons", "run", "ten-steps", "--lang", "zh-cn", "--kubeconfig", kubeconfig)
	if exit != 0 {
		t.Fatalf("exit %d: %s", exit, stderr)
	}
	for _, w := range []string{"– 已经创建了名为 web 的 Deployment", "这里没有记录是谁写了", "slept", "undo them yourself:\n  kubectl label node node-1 a=b", "cat: ../secret: No such file"} {
		if !strings.Contains(stdout+stderr, w) {
			t.Errorf("%q is missing:\n%s\n%s", w, stdout, stderr)
		}
	}
	for _, w := range []string{":hold is for the built-in cluster", "only a session in the built-in cluster can be handed in"} {
		if !strings.Contains(stderr, w) {
			t.Errorf("%q is missing in %q", w, stderr)
		}
	}
}

// TestWhatKeepsALessonFromAnotherCluster is said before anything is made there.
func TestWhatKeepsALessonFromAnotherCluster(t *testing.T) {
	o, kubeconfig := newOther(t)
	for _, c := range []struct {
		args []string
		exit int
		says string
	}{
		{[]string{"diagnosis", "--kubeconfig", kubeconfig}, 1, `begins with "stop replicaset-controller", which only the built-in cluster can do`},
		{[]string{"ten-steps", "--kubeconfig", kubeconfig + "x"}, 1, "no such file"},
		{[]string{"ten-steps", "--kubeconfig", kubeconfig, "--audit-log", o.auditLog + "x"}, 1, "no such file"},
		{[]string{"ten-steps", "--audit-log", o.auditLog}, 2, "--audit-log goes with --kubeconfig"},
	} {
		_, stderr, exit := tabernetes(t, "", append([]string{"lessons", "run"}, c.args...)...)
		if exit != c.exit || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit %d, %q; want %d and %q", c.args, exit, stderr, c.exit, c.says)
		}
	}
	t.Setenv("PATH", t.TempDir())
	_, stderr, exit := tabernetes(t, "", "lessons", "run", "ten-steps", "--kubeconfig", kubeconfig)
	if exit != 1 || !strings.Contains(stderr, "there is none") {
		t.Errorf("without kubectl: exit %s, %q", fmt.Sprint(exit), stderr)
	}
	namespaces, err := o.c.Run("kubectl get namespaces -o name")
	if err != nil || strings.Contains(namespaces.Stdout, "tabernetes-") {
		t.Errorf("there are %s, %v", namespaces.Stdout, err)
	}
}
