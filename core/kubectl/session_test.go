package kubectl_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tabernetes/tabernetes/core/kubectl"
	"github.com/tabernetes/tabernetes/core/kubectl/conversation"
	"github.com/tabernetes/tabernetes/core/rest"
)

// ask types a line and returns everything that was written, and the exit code.
func (p *player) ask(line string) string {
	x := p.answer(&conversation.Exchange{Prompt: "$", Line: line})
	return x.Stdout + x.Stderr + "[" + x.Exit + "]"
}

func TestShell(t *testing.T) {
	p := newPlayer(t)
	for _, c := range [][2]string{
		{"", "[0]"},
		{"# nothing", "[0]"},
		{"echo a; echo b", "a\nb\n[0]"},
		{"echo a && echo b || echo c", "a\nb\n[0]"},
		{"kubectl get pod nope && echo found || echo none", "none\n" + `Error from server (NotFound): pods "nope" not found` + "\n[0]"},
		{"cat > note.txt <<EOF\nhello\nthere\nEOF\n", "[0]"},
		{"cat note.txt", "hello\nthere\n[0]"},
		{"echo again >> note.txt; wc -l note.txt", "3\n[0]"},
		{"cat note.txt | grep -v there | head -1", "hello\n[0]"},
		{"ls", "note.txt\n[0]"},
		{"cat nope", "cat: nope: No such file or directory\n[1]"},
		{"frobnicate", "bash: frobnicate: command not found\n[127]"},
		{"get pods", "bash: get: command not found\nDid you mean: kubectl get pods\n[127]"},
		{"sleep 5", "[0]"},
		{"kubectl create deployment web --image=nginx --dry-run=client -o yaml | kubectl apply -f -", "deployment.apps/web created\n[0]"},
		{"kubectl create configmap c --from-file=note.txt && kubectl get cm c -o jsonpath='{.data.note\\.txt}'", "configmap/c created\nhello\nthere\nagain\n[0]"},
		{"kubectl apply -f -", "error: no input: give -f - a here-document (<<EOF) or a file (< FILE)\n[1]"},
		{"kubectl get deploy web -o name > out.txt; cat < out.txt", "deployment.apps/web\n[0]"},
		{"kubectl create ingress x", "error: kubectl create ingress is not available in this console\n[1]"},
		{"kubectl cp web:/x y", "error: kubectl cp is not available in this console\n[1]"},
		{"kubectl config unset x", "error: kubectl config unset is not available in this console\n[1]"},
		{"kubectl edit deploy web", "Edit cancelled, no changes made.\n[0]"},
		{"k config set-context --current --namespace=kube-system; k config get-contexts -o name; k get pods", "Context \"tabernetes\" modified.\ntabernetes\nNo resources found in kube-system namespace.\n[0]"},
		{"kubectl get deploy -n default --no-headers | wc -l", "1\n[0]"},
	} {
		if got := p.ask(c[0]); got != c[1] {
			t.Errorf("$ %s\n%s", c[0], cmp.Diff(c[1], got))
		}
	}
}

// TestFileInEditor writes a file in the editor and applies it.
func TestFileInEditor(t *testing.T) {
	p := newPlayer(t)
	p.ask("kubectl create configmap c --from-literal=a=b --dry-run=client -o yaml > c.yaml")
	for _, c := range [][3]string{
		{"s/a: b/a: changed/", "nano c.yaml && kubectl apply -f c.yaml", "configmap/c created\n[0]"},
		{"true", "vi c.yaml; kubectl get configmap c -o jsonpath={.data.a}", "changed[0]"},
		{"true", "nano new.yaml; ls", "c.yaml\nnew.yaml\n[0]"},
		{"true", "nano", "usage: nano FILE\n[1]"},
	} {
		p.editor = c[0]
		if got := p.ask(c[1]); got != c[2] {
			t.Errorf("%s\n%s", c[1], cmp.Diff(c[2], got))
		}
	}
}

// TestEdit plays what people do to a Deployment in an editor.
func TestEdit(t *testing.T) {
	p := newPlayer(t)
	p.ask("kubectl create deployment web --image=nginx")
	const stored, cancelled = "A copy of your changes has been stored to \"kubectl-edit.yaml\"\n", "error: Edit cancelled, no valid changes were saved.\n[1]"
	for _, c := range [][2]string{
		{"s/no such text/x/", "Edit cancelled, no changes made.\n[0]"},
		{"s/replicas: 1/replicas: 2/", "deployment.apps/web edited\n[0]"},
		{"s/replicas: 2/replicas: -2/", "error: deployments.apps \"web\" is invalid\n" + stored + cancelled},
		{"s/replicas: 2/replics: 3/", "error: deployments.apps \"web\" is invalid\n" + stored + cancelled},
		{"s/  replicas: 2/   replicas: 3/", "error: deployments.apps \"web\" is invalid\n" + stored + cancelled},
		{"s/  name: web/  name: api/", stored + "error: At least one of apiVersion, kind and name was changed\n[1]"},
		{"s/kind: Deployment/kind: Nonsense/", stored + cancelled},
	} {
		p.editor = c[0]
		if got := p.ask("kubectl edit deploy web"); got != c[1] {
			t.Errorf("%s\n%s", c[0], cmp.Diff(c[1], got))
		}
	}
	p.editor = ""
	if got := p.ask("kubectl get deploy web -o jsonpath='{.spec.replicas}'"); got != "2[0]" {
		t.Errorf("replicas: %s", got)
	}
}

// TestInterrupt presses Ctrl-C while commands wait.
func TestInterrupt(t *testing.T) {
	p := newPlayer(t)
	p.ask("kubectl create deployment web --image=nginx")
	for _, line := range []string{
		"kubectl get pods -w; echo not reached",
		"kubectl wait --for=condition=Nonsense deploy/web --timeout=1h",
		"kubectl logs -f deploy/web && echo not reached",
		"kubectl events -w",
		"sleep 100; echo not reached",
	} {
		out, exits := "", []int{}
		interrupt := p.c.Exec(line, func(s string) { out += s }, func(s string) { out += s }, func(exit int) { exits = append(exits, exit) })
		p.pass(3 * time.Second)
		if len(exits) > 0 {
			t.Errorf("%s ended by itself with %v:\n%s", line, exits, out)
		}
		interrupt()
		interrupt()
		p.rest()
		if !slices.Equal(exits, []int{130}) || strings.Contains(out, "not reached") {
			t.Errorf("%s: exits %v, output\n%s", line, exits, out)
		}
	}
}

func TestComplete(t *testing.T) {
	p := newPlayer(t)
	p.ask("kubectl create deployment web --image=nginx && kubectl create deployment api --image=nginx")
	p.files["web.yaml"] = nil
	for _, c := range []struct {
		line string
		want []string
	}{
		{"kub", []string{"kubectl"}},
		{"kubectl sc", []string{"scale"}},
		{"kubectl rollout r", []string{"restart", "resume"}},
		{"kubectl get deploym", []string{"deployments"}},
		{"kubectl get deploy ", []string{"api", "web"}},
		{"kubectl get deployment/w", []string{"deployment/web"}},
		{"kubectl scale deployment web --repl", []string{"--replicas="}},
		{"kubectl apply -f ", []string{"web.yaml"}},
		{"cat w", []string{"web.yaml"}},
		{"kubectl get pods -n kube-s", []string{"kube-system"}},
		{"echo a; kubectl vers", []string{"version"}},
		{"kubectl rollout status deploy a", []string{"api"}},
		{"kubectl get nonsense ", nil},
	} {
		if got := p.c.Complete(c.line, len(c.line)); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
	for cursor := -1; cursor < 40; cursor++ {
		p.c.Complete("kubectl get deployment web -o wide", cursor)
	}
}

// tap notes the requests that go by.
type tap struct {
	rest.Transport
	seen []string
}

func (t *tap) note(m rest.Message) {
	line := m.Method + " " + m.Path
	if len(m.Body) > 0 && m.Method == "PATCH" {
		line += " " + string(m.Body)
	}
	t.seen = append(t.seen, line)
}

func (t *tap) Do(m rest.Message) rest.Reply {
	t.note(m)
	return t.Transport.Do(m)
}

func (t *tap) Stream(m rest.Message, frame func([]byte, int64)) (func(), rest.Reply) {
	t.note(m)
	return t.Transport.Stream(m, frame)
}

// TestRequests holds the requests against those of the real kubectl v1.36.3,
// as its -v=8 lists them (discovery aside, which it caches).
func TestRequests(t *testing.T) {
	p := newPlayer(t)
	wire := &tap{Transport: p.c.Server()}
	s := kubectl.NewSession(kubectl.Env{
		Transport: wire, Now: p.c.Now,
		After: func(time.Duration, func()) func() { return func() {} },
	})
	run := func(line string) []string {
		wire.seen = nil
		s.Run(line, func(string) {}, func(string) {}, func(int) {})
		p.pass(5 * time.Second)
		return wire.seen
	}
	run("kubectl api-resources")
	const web, scale = "/apis/apps/v1/namespaces/default/deployments/web", `PATCH /apis/apps/v1/namespaces/default/deployments/web/scale {"spec":{"replicas":3}}`
	watch := "GET /apis/apps/v1/namespaces/default/deployments?allowWatchBookmarks=true&fieldSelector=metadata.name%3Dweb&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&timeoutSeconds=480&watch=true"
	restarted := p.c.Now()
	for _, c := range []struct {
		line string
		want []string
	}{
		{"kubectl create deployment web --image=nginx", []string{"POST /apis/apps/v1/namespaces/default/deployments?fieldManager=kubectl-create&fieldValidation=Strict"}},
		{"kubectl get pods,deploy -o wide", []string{"GET /api/v1/namespaces/default/pods?limit=500", "GET /apis/apps/v1/namespaces/default/deployments?limit=500"}},
		{"kubectl get deploy web -o yaml", []string{"GET " + web}},
		{"kubectl scale deployment web --replicas=3", []string{"GET " + web, scale}},
		{"kubectl set image deployment/web nginx=nginx:1.27", []string{"GET " + web, "PATCH " + web + `?fieldManager=kubectl-set {"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"nginx"}],"containers":[{"image":"nginx:1.27","name":"nginx"}]}}}}`}},
		{"kubectl rollout status deploy/web", []string{"GET " + web, watch}},
		{"kubectl rollout history deploy/web", []string{"GET " + web, "GET " + web, "GET /apis/apps/v1/namespaces/default/replicasets?labelSelector=app%3Dweb"}},
		{"kubectl rollout restart deploy/web", []string{"GET " + web, "PATCH " + web + `?fieldManager=kubectl-rollout {"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"NOW"}}}}}`}},
		{"kubectl rollout pause deploy/web", []string{"GET " + web, "PATCH " + web + `?fieldManager=kubectl-rollout {"spec":{"paused":true}}`}},
		{"kubectl rollout resume deploy web", []string{"GET " + web, "PATCH " + web + `?fieldManager=kubectl-rollout {"spec":{"paused":null}}`}},
		{"kubectl label deploy web a=b", []string{"GET " + web, "PATCH " + web + `?fieldManager=kubectl-label {"metadata":{"labels":{"a":"b"}}}`}},
		{"kubectl annotate deploy web a=b", []string{"GET " + web, "PATCH " + web + `?fieldManager=kubectl-annotate {"metadata":{"annotations":{"a":"b"}}}`}},
		{"kubectl get pods -w", []string{"GET /api/v1/namespaces/default/pods?limit=500", "GET /api/v1/namespaces/default/pods?resourceVersion=RV&watch=true"}},
		{"kubectl events", []string{"GET /api/v1/namespaces/default/events?limit=500"}},
		{"kubectl version", []string{"GET /version?timeout=32s"}},
		{"kubectl create ns team-a", []string{"POST /api/v1/namespaces?fieldManager=kubectl-create&fieldValidation=Strict"}},
		{"kubectl delete deploy nope", []string{"DELETE /apis/apps/v1/namespaces/default/deployments/nope"}},
		{"kubectl delete deploy web", []string{"DELETE " + web, "GET " + web}},
	} {
		got := run(c.line)
		for i := range got {
			for s := range 600 {
				now := restarted.Add(time.Duration(s) * time.Second).UTC().Format(time.RFC3339)
				got[i] = strings.ReplaceAll(got[i], now, "NOW")
			}
			if at := strings.Index(got[i], "resourceVersion="); at >= 0 {
				got[i] = fmt.Sprintf("%sresourceVersion=RV%s", got[i][:at], strings.TrimLeft(got[i][at+len("resourceVersion="):], "0123456789"))
			}
		}
		if difference := cmp.Diff(c.want, got); difference != "" {
			t.Errorf("$ %s\n%s", c.line, difference)
		}
	}
}
