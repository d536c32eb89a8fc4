//go:build helm

package edge_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/tabernetes/tabernetes/core/apiserver/edge"
)

// helm is a real Helm 3, in a folder of its own.
type helm struct {
	*endpoint
	path string
	env  []string
}

// do runs one command and returns what it printed.
func (h *helm) do(good bool, args ...string) string {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, h.path, args...)
	c.Env = h.env
	out, err := c.CombinedOutput()
	if (err == nil) != good {
		h.t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// deployment is what the release has made.
func (h *helm) deployment() (d appsv1.Deployment) {
	h.t.Helper()
	if err := json.Unmarshal([]byte(h.must(200, "GET", "/apis/apps/v1/namespaces/default/deployments/web", "")), &d); err != nil {
		h.t.Fatal(err)
	}
	return d
}

// TestHelm has Helm install a chart with a hook, change it, take a change back,
// take back by itself what does not come up, and remove it. It needs Helm 3 as
// $HELM and is run by `make helm`.
func TestHelm(t *testing.T) {
	e := serveNodes(t, edge.Limits{}, 3)
	dir := t.TempDir()
	config, err := edge.Kubeconfig(e.url, e.certificate, token)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kubeconfig"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	h := &helm{endpoint: e, path: os.Getenv("HELM"), env: append(os.Environ(), "KUBECONFIG="+filepath.Join(dir, "kubeconfig"))}
	for _, kind := range []string{"CACHE", "CONFIG", "DATA"} {
		h.env = append(h.env, "HELM_"+kind+"_HOME="+filepath.Join(dir, kind))
	}
	const chart = "testdata/helm/web"
	check := func(what string, replicas int32, greeting string) {
		t.Helper()
		d := h.deployment()
		if d.Status.ReadyReplicas != replicas || d.Spec.Template.Annotations["greeting"] != greeting {
			t.Errorf("%s: %d ready, %v", what, d.Status.ReadyReplicas, d.Spec.Template.Annotations)
		}
	}
	h.do(true, "install", "web", chart, "--wait", "--timeout", "60s")
	check("installed", 2, "hello")
	e.must(404, "GET", "/apis/batch/v1/namespaces/default/jobs/web-greet", "") // the hook has run, and gone
	h.do(true, "upgrade", "web", chart, "--set", "replicas=3,greeting=bye", "--wait", "--timeout", "60s")
	check("upgraded", 3, "bye")
	h.do(true, "rollback", "web", "1", "--wait", "--timeout", "60s")
	check("rolled back", 2, "hello")
	h.do(false, "upgrade", "web", chart, "--set", "image=nowhere.example/none:1,greeting=no", "--atomic", "--timeout", "10s")
	check("taken back", 2, "hello")

	var history []struct {
		Revision    int
		Status      string
		Description string
	}
	if err := json.Unmarshal([]byte(h.do(true, "history", "web", "-o", "json")), &history); err != nil {
		t.Fatal(err)
	}
	var statuses []string
	for _, r := range history {
		statuses = append(statuses, r.Status)
	}
	if want := []string{"superseded", "superseded", "superseded", "failed", "deployed"}; !slices.Equal(statuses, want) {
		t.Errorf("%+v, want %q", history, want)
	}
	h.do(true, "uninstall", "web", "--wait", "--timeout", "60s")
	for _, path := range []string{
		"/apis/apps/v1/namespaces/default/deployments/web", "/api/v1/namespaces/default/services/web",
		"/api/v1/namespaces/default/configmaps/web", "/api/v1/namespaces/default/serviceaccounts/web",
	} {
		e.must(404, "GET", path, "")
	}
}
