package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"
)

// served is a `tabernetes serve` that runs, and a client with its kubeconfig.
type served struct {
	t      *testing.T
	out    *syncBuffer
	server string
	token  string
	client *http.Client
	end    func() error
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func startServe(t *testing.T, args ...string) *served {
	t.Helper()
	o, err := serveFlags(append([]string{"--addr", "127.0.0.1:0", "--page-addr", "127.0.0.1:0"}, args...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, out: &syncBuffer{}}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.run(ctx, s.out, s.out) }()
	s.end = sync.OnceValue(func() error { stop(); return <-ended })
	t.Cleanup(func() { s.end() })
	for !strings.Contains(s.out.String(), "Ctrl-C") {
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	s.connect(o.kubeconfig)
	return s
}

// connect reads the kubeconfig as a client does.
func (s *served) connect(path string) {
	s.t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		s.t.Fatal(info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string
				CA     string `json:"certificate-authority-data"`
			}
		}
		Users []struct{ User struct{ Token string } }
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		s.t.Fatal(err)
	}
	s.server, s.token = config.Clusters[0].Cluster.Server, config.Users[0].User.Token
	ca, err := base64.StdEncoding.DecodeString(config.Clusters[0].Cluster.CA)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(ca) {
		s.t.Fatal("no certificate", err)
	}
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
}

func (s *served) send(method, path, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.server+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

const deployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,
"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}`

// TestServe: a Deployment sent over TLS runs; ended and started again, the
// server has the same certificate, token and objects.
func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := startServe(t, "--data", dir, "--speed", "max")
	if code, body := s.send("POST", "/apis/apps/v1/namespaces/default/deployments", deployment); code != 201 {
		t.Fatal(code, body)
	}
	runs := func(s *served) bool {
		_, body := s.send("GET", "/apis/apps/v1/namespaces/default/deployments/web", "")
		return strings.Contains(body, `"readyReplicas":2`)
	}
	for began := time.Now(); !runs(s); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatal("it does not come to run")
		}
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	again := startServe(t, "--data", dir, "--speed", "max")
	if again.token != s.token {
		t.Error("another token")
	}
	server := again.server
	*again = served{t: t, out: again.out, server: server, token: s.token, client: s.client, end: again.end}
	if !runs(again) {
		t.Error("the Deployment is gone")
	}
}

// TestServeEndsWatches: an open watch does not hold up the end.
func TestServeEndsWatches(t *testing.T) {
	s := startServe(t, "--kubeconfig", filepath.Join(t.TempDir(), "kubeconfig"))
	watched := make(chan string)
	go func() {
		_, body := s.send("GET", "/api/v1/nodes?watch=1", "")
		watched <- body
	}()
	time.Sleep(50 * time.Millisecond)
	began := time.Now()
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > patience {
		t.Errorf("it took %s", took)
	}
	if body := <-watched; strings.Count(body, `"type":"ADDED"`) != 3 {
		t.Errorf("heard %s", body)
	}
}

func TestServeFlags(t *testing.T) {
	for _, args := range [][]string{{"--speed", "fast"}, {"--speed", "0x"}, {"--nodes", "-1"}, {"x"}, {"--nosuch"}} {
		var wrong usageError
		if _, err := serveFlags(args, io.Discard); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if _, err := serveFlags([]string{"--help"}, io.Discard); !errors.Is(err, pflag.ErrHelp) {
		t.Error(err)
	}
	o, err := serveFlags([]string{"--page", t.TempDir(), "--speed", "10x"}, io.Discard)
	if err != nil || o.factor != 10 {
		t.Fatal(o, err)
	}
	if err := o.run(context.Background(), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "is not a built page") {
		t.Error(err)
	}
}
