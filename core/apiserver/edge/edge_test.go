package edge_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/apiserver/edge"
	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/trace"
	"github.com/tabernetes/tabernetes/wasm/driver"
)

const token = "not-much-of-a-secret"

// endpoint is a cluster behind TLS.
type endpoint struct {
	t      testing.TB
	url    string
	client *http.Client
	// certificate is PEM.
	certificate []byte
	cluster     *cluster.Cluster // on the loop's goroutine only
	loop        *edge.Loop
	handler     http.Handler
}

type world struct {
	*driver.Driver
	c *cluster.Cluster
}

func (w world) Flush()                   { w.c.Flush() }
func (w world) OnDurable(fn func(error)) { w.c.OnDurable(fn) }

func serve(t testing.TB, limits edge.Limits) *endpoint { return serveNodes(t, limits, 1) }

func serveNodes(t testing.TB, limits edge.Limits, nodes int) *endpoint {
	t.Helper()
	d := driver.New(driver.Options{Now: time.Now, Send: func(int, any) {}})
	signer, _, err := edge.NewSigner()
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Serve(cluster.Options{Seed: 1, Nodes: nodes, Start: time.Now().UTC(), Tokens: signer, Roles: apiserver.SystemRoles()}, driver.Once, 0)
	if err != nil {
		t.Fatal(err)
	}
	loop := edge.NewLoop(world{d, c})
	ctx, stop := context.WithCancel(context.Background())
	go loop.Run(ctx)
	h := edge.New(edge.Options{Loop: loop, API: c.Server(), Token: token, Tokens: signer, Limits: limits})
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		stop()
		<-loop.Ended()
		server.Close()
	})
	e := &endpoint{t: t, url: server.URL, client: server.Client(), cluster: c, loop: loop, handler: h}
	e.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for ready := false; !ready; time.Sleep(time.Millisecond) {
		if err := loop.Do(ctx, func() { ready = d.Ready() }); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func (e *endpoint) request(method, path string, body string, header ...string) *http.Request {
	e.t.Helper()
	r, err := http.NewRequest(method, e.url+path, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	return r
}

// send does a request and reads all of its answer.
func (e *endpoint) send(method, path string, body string, header ...string) (*http.Response, []byte) {
	e.t.Helper()
	resp, err := e.client.Do(e.request(method, path, body, header...))
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return resp, data
}

func configMap(name, data string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q},"data":{"a":%q}}`, name, data)
}

const configMaps = "/api/v1/namespaces/default/configmaps"

// TestWhoIsAnswered: a token is needed for all but health and version, and
// neither another name of this machine nor another site's page gets through.
func TestWhoIsAnswered(t *testing.T) {
	e := serve(t, edge.Limits{})
	for _, c := range []struct {
		what, path string
		header     []string
		code       int
		says       string
	}{
		{"the token", "/api/v1/nodes", nil, 200, `"kind":"NodeList"`},
		{"no token", "/api/v1/nodes", []string{"Authorization", ""}, 401, `"message":"Unauthorized","reason":"Unauthorized","code":401`},
		{"a wrong token", "/api/v1/nodes", []string{"Authorization", "Bearer " + token + "x"}, 401, "Unauthorized"},
		{"the token as a password", "/api/v1/nodes", []string{"Authorization", "Basic " + token}, 401, "Unauthorized"},
		{"discovery without a token", "/apis", []string{"Authorization", ""}, 401, "Unauthorized"},
		{"health without a token", "/readyz", []string{"Authorization", ""}, 200, "ok"},
		{"health in detail", "/livez?verbose", []string{"Authorization", ""}, 200, "[+]ping ok"},
		{"the version without a token", "/version", []string{"Authorization", ""}, 200, `v1.36`},
		{"localhost", "/api/v1/nodes", []string{"Host", "localhost:6443"}, 200, ""},
		{"an IPv6 address", "/api/v1/nodes", []string{"Host", "[::1]:6443"}, 200, ""},
		{"a name made to resolve here", "/api/v1/nodes", []string{"Host", "evil.example:6443"}, 403, "not a name of this server"},
		{"the same for health", "/readyz", []string{"Host", "evil.example"}, 403, ""},
		{"a page of another site", "/api/v1/nodes", []string{"Origin", "https://evil.example"}, 403, "other sites"},
		{"a sandboxed page", "/api/v1/nodes", []string{"Origin", "null"}, 403, ""},
		{"a page of its own", "/api/v1/nodes", []string{"Origin", e.url}, 200, ""},
		{"a page of its own, but for the scheme", "/api/v1/nodes", []string{"Origin", strings.Replace(e.url, "https", "http", 1)}, 403, ""},
		{"an image in another site's page", "/readyz", []string{"Sec-Fetch-Site", "cross-site"}, 403, ""},
	} {
		resp, body := e.send("GET", c.path, "", c.header...)
		if resp.StatusCode != c.code || !strings.Contains(strings.ReplaceAll(string(body), `": "`, `":"`), c.says) {
			t.Errorf("%s: %d %s, want %d with %s", c.what, resp.StatusCode, body, c.code, c.says)
		}
	}
}

// TestAnswers: verbs, errors, warnings and forms as the core gives them.
func TestAnswers(t *testing.T) {
	e := serve(t, edge.Limits{})
	resp, body := e.send("POST", configMaps, configMap("a", "1"), "User-Agent", "kubectl/v1.36.3 (linux/amd64)")
	if resp.StatusCode != 201 || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("create: %d %s", resp.StatusCode, body)
	}
	resp, body = e.send("POST", configMaps, configMap("a", "1"))
	if resp.StatusCode != 409 || !bytes.Contains(body, []byte("AlreadyExists")) {
		t.Errorf("create again: %d %s", resp.StatusCode, body)
	}
	resp, _ = e.send("POST", configMaps+"?fieldValidation=Warn", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"},"dta":{}}`)
	if got := resp.Header.Get("Warning"); got != `299 - "unknown field \"dta\""` {
		t.Errorf("warning: %s", got)
	}
	resp, body = e.send("GET", configMaps+"/a", "", "Accept", "application/vnd.kubernetes.protobuf")
	if resp.Header.Get("Content-Type") != "application/vnd.kubernetes.protobuf" || !bytes.HasPrefix(body, []byte("k8s\x00")) {
		t.Errorf("protobuf: %s %q", resp.Header.Get("Content-Type"), body[:min(len(body), 20)])
	}
	resp, body = e.send("POST", configMaps, configMap("big", strings.Repeat("x", 3<<20)))
	if resp.StatusCode != 413 || !bytes.Contains(body, []byte("limit is 3145728")) {
		t.Errorf("too large: %d %s", resp.StatusCode, body)
	}
	if resp, _ = e.send("HEAD", configMaps, ""); resp.StatusCode != 200 {
		t.Errorf("head: %d", resp.StatusCode)
	}
	for i := range 3 {
		e.send("POST", configMaps, configMap(fmt.Sprint("wide-", i), strings.Repeat("y", 60<<10)))
	}
	resp, body = e.send("GET", configMaps, "", "Accept-Encoding", "gzip")
	if resp.Header.Get("Content-Encoding") != "gzip" || len(body) > 20<<10 {
		t.Errorf("a long list came as %q, %d bytes", resp.Header.Get("Content-Encoding"), len(body))
	}
}

// TestActors: the trace names kubectl as the console, and nobody can pass as a component.
func TestActors(t *testing.T) {
	e := serve(t, edge.Limits{})
	for i, agent := range []string{"kubectl/v1.36.3 (linux/amd64)", "Helm/3.18.4", "scheduler", "a/b"} {
		e.send("POST", configMaps, configMap(fmt.Sprint("n", i), ""), "User-Agent", agent)
	}
	var actors []string
	if err := e.loop.Do(context.Background(), func() {
		for _, entry := range e.cluster.Entries(0, 1000) {
			if entry.Type == trace.Write && entry.Resource == "configmaps" && entry.Namespace == "default" && strings.HasPrefix(entry.Name, "n") {
				actors = append(actors, entry.Actor)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(actors), "[kubectl client/helm client/scheduler client/a]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestNoRealStreams: exec and its like say in words why they can't be.
func TestNoRealStreams(t *testing.T) {
	e := serve(t, edge.Limits{})
	for path, want := range map[string]string{
		"/api/v1/namespaces/default/pods/none/exec?command=ls": `pods \"none\" not found`,
		"/api/v1/nodes/node-1/proxy/stats/summary":             "nothing to pass requests on to",
	} {
		resp, body := e.send("GET", path, "", "Connection", "Upgrade", "Upgrade", "websocket")
		var status metav1.Status
		if err := json.Unmarshal(body, &status); err != nil || resp.StatusCode < 400 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

func TestCertificate(t *testing.T) {
	now := time.Now()
	certificate, key, err := edge.NewCertificate(now, "cluster.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := edge.ReadCertificate(certificate, key, now, "cluster.example", "localhost", "127.0.0.1"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		now  time.Time
		name string
	}{{now, "other.example"}, {now.AddDate(6, 0, 0), "localhost"}} {
		if _, err := edge.ReadCertificate(certificate, key, c.now, c.name); err == nil {
			t.Errorf("good for %s at %s", c.name, c.now)
		}
	}
	if _, err := tls.X509KeyPair(certificate, key); err != nil {
		t.Error(err)
	}
}

// items are the metadata of a list's.
func items(t testing.TB, body []byte) []metav1.PartialObjectMetadata {
	t.Helper()
	var list metav1.PartialObjectMetadataList
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return list.Items
}
