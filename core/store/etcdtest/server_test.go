// Package etcdtest holds the store against a real etcd: the same random
// operations go to both, and every answer, refusal, watch event and revision
// must be the same. It is tests only. etcd is Debian's etcd-server (3.4) or a
// newer one, asked over its JSON gateway on loopback.
//
//	go test ./core/store/etcdtest                                     some hundred operations
//	TABERNETES_ETCD_OPERATIONS=100000 go test -v ./core/store/etcdtest  the long form
//
// $ETCD names the program, else it is `etcd` on the PATH or what
// .ci/prerequisites unpacked in .build. Without one the tests fail: a
// comparison that was not made is not a comparison that was passed.
//
// The store follows 3.6. Where 3.4 is known to differ the comparison goes around
// it, each time with the reason: look for d.old.
//
// Left out: what the store leaves out, and what is by design not the same: the
// ids that etcd gives leases, remaining lifetimes (etcd reads a real clock), a
// first compaction at revision 0, which etcd lets pass, and a put together with
// a delete of everything from its key on, which etcd does not survive.
package etcdtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// server is an etcd of our own.
type server struct {
	url    string
	client *http.Client
	exited chan struct{}
}

// program finds etcd.
func program() (string, error) {
	if path := os.Getenv("ETCD"); path != "" {
		return exec.LookPath(path)
	}
	if path, err := exec.LookPath("etcd"); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("..", "..", "..", ".build", "etcd", "usr", "bin", "etcd"))
}

// start starts an etcd on free ports with a folder of its own; it ends with
// the test.
func start(t *testing.T) *server {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatalf("the comparison needs a real etcd: run .ci/prerequisites, install Debian's etcd-server or set ETCD to the program's path (%v)", err)
	}
	for range 5 { // a port that was free may be taken by the time etcd asks for it
		if s := try(t, path); s != nil {
			return s
		}
	}
	t.Fatalf("%s did not start", path)
	return nil
}

func try(t *testing.T, path string) *server {
	client, peer := freePort(t), freePort(t)
	s := &server{url: "http://" + client, client: &http.Client{Timeout: time.Minute}, exited: make(chan struct{})}
	cmd := exec.Command(path, "--name", "judge", "--data-dir", folder(t), "--log-level", "error",
		"--listen-client-urls", s.url, "--advertise-client-urls", s.url,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer,
		"--initial-cluster", "judge=http://"+peer)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if runtime.GOARCH != "amd64" {
		cmd.Env = append(cmd.Env, "ETCD_UNSUPPORTED_ARCH="+runtime.GOARCH)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // it always ends by our signal or with what it said
		close(s.exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails only if it has ended
		<-s.exited
		if t.Failed() {
			t.Logf("etcd said: %s", said.Bytes())
		}
	})
	if !s.ready() {
		t.Logf("etcd: %s", said.Bytes())
		return nil
	}
	return s
}

// folder is where etcd keeps its data: in memory where there is such a place,
// as it waits for the disk at every write.
func folder(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "tabernetes-etcd-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// ready waits until it answers.
func (s *server) ready() bool {
	for range 300 {
		select {
		case <-s.exited:
			return false
		case <-time.After(50 * time.Millisecond):
		}
		r, err := s.client.Get(s.url + "/health")
		if err != nil {
			continue
		}
		r.Body.Close()
		if r.StatusCode == http.StatusOK {
			return true
		}
	}
	return false
}

// call sends a request; refusal is etcd's words if it is refused.
func (s *server) call(t *testing.T, path string, req any) (answer object, refusal string) {
	t.Helper()
	body, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.client.Post(s.url+path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%v, asked for %.2000s", err, body)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatalf("%s: %d %s", path, r.StatusCode, data)
	}
	if r.StatusCode == http.StatusOK {
		return answer, ""
	}
	refusal, ok := answer["message"].(string)
	if !ok {
		t.Fatalf("%s: %d %s", path, r.StatusCode, data)
	}
	return nil, refusal
}

// stream sends requests as one body, and returns the answers as they come
// until closed.
func (s *server) stream(t *testing.T, path string, reqs ...object) *stream {
	t.Helper()
	var body bytes.Buffer
	for _, req := range reqs {
		if err := json.NewEncoder(&body).Encode(req); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.Post(s.url+path, "application/json", &body)
	if err != nil {
		t.Fatal(err)
	}
	out := &stream{body: r.Body, answers: make(chan object, 1<<16)}
	go func() {
		defer close(out.answers)
		for d := json.NewDecoder(r.Body); ; {
			var m struct{ Result, Error object }
			if d.Decode(&m) != nil {
				return
			}
			out.answers <- m.Result
		}
	}()
	return out
}

type stream struct {
	body    io.Closer
	answers chan object
}

// next waits for an answer that must come.
func (s *stream) next(t *testing.T) object {
	t.Helper()
	m, ok := s.await()
	if !ok {
		t.Fatal("etcd is silent")
	}
	return m
}

// await waits for an answer; false if none comes.
func (s *stream) await() (object, bool) {
	select {
	case m, ok := <-s.answers:
		return m, ok
	case <-time.After(20 * time.Second):
		return nil, false
	}
}

func (s *stream) close() { s.body.Close() }

// object is a message in JSON.
type object map[string]any

func (o object) sub(name string) object {
	m, _ := o[name].(map[string]any)
	return m
}

func (o object) list(name string) (out []object) {
	items, _ := o[name].([]any)
	for _, item := range items {
		m, _ := item.(map[string]any)
		out = append(out, m)
	}
	return out
}

// number reads an int64, which the gateway writes as a string and leaves out
// if it is 0.
func (o object) number(name string) (n int64) {
	s, _ := o[name].(string)
	fmt.Sscan(s, &n)
	return n
}

func (o object) is(name string) bool {
	b, _ := o[name].(bool)
	return b
}
