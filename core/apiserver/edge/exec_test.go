package edge_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/tabernetes/tabernetes/core/apiserver/edge"
)

const (
	podPath  = "/api/v1/namespaces/default/pods"
	execPath = podPath + "/box/exec?stdout=true&stderr=true"
)

// withBox is an endpoint with a pod that runs.
func withBox(t testing.TB, limits edge.Limits) *endpoint {
	e := serve(t, limits)
	e.must(201, "POST", podPath, `{"metadata":{"name":"box"},"spec":{"containers":[{"name":"box","image":"busybox","command":["sleep","infinity"]}]}}`)
	e.untilSaid(podPath+"/box", `"phase":"Running"`)
	return e
}

// untilSaid waits until an object holds a text.
func (e *endpoint) untilSaid(path, text string) {
	e.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, body := e.send("GET", path, ""); strings.Contains(strings.ReplaceAll(string(body), `": "`, `":"`), text) {
			return
		}
		if time.Now().After(end) {
			e.t.Fatalf("%s did not come to %s", path, text)
		}
	}
}

// tls is for HTTP/1.1, which connections that are switched need.
func (e *endpoint) tls() *tls.Config {
	return &tls.Config{RootCAs: e.client.Transport.(*http.Transport).TLSClientConfig.RootCAs}
}

// dial opens a WebSocket.
func (e *endpoint) dial(path, protocol, bearer string) (*websocket.Conn, error) {
	e.t.Helper()
	config, err := websocket.NewConfig("wss"+strings.TrimPrefix(e.url, "https")+path, e.url)
	if err != nil {
		e.t.Fatal(err)
	}
	config.TlsConfig = e.tls()
	config.Header.Set("Authorization", "Bearer "+bearer)
	if protocol != "" {
		config.Protocol = []string{protocol}
	}
	return config.DialContext(context.Background())
}

// hear reads a WebSocket to its end: what came on each channel.
func hear(ws *websocket.Conn, coded bool) map[byte]string {
	heard := map[byte]string{}
	for {
		var frame []byte
		if err := websocket.Message.Receive(ws, &frame); err != nil {
			return heard
		}
		text := string(frame[1:])
		if coded {
			frame[0] -= '0'
			data, _ := base64.StdEncoding.DecodeString(text)
			text = string(data)
		}
		heard[frame[0]] += text
	}
}

// TestExec: a command's output, errors and exit code come over WebSockets of
// every protocol that clients speak, and over SPDY.
func TestExec(t *testing.T) {
	e := withBox(t, edge.Limits{})
	command := execPath + "&command=sh&command=-c&command=" + url.QueryEscape("echo out; echo err >&2; exit 3")
	for _, protocol := range []string{"v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io", ""} {
		ws, err := e.dial(command, protocol, token)
		if err != nil {
			t.Errorf("%q: %v", protocol, err)
			continue
		}
		heard := hear(ws, strings.Contains(protocol, "base64"))
		if heard[1] != "out\n" || heard[2] != "err\n" {
			t.Errorf("%q: %q", protocol, heard)
		}
		says := "error executing remote command: command terminated with exit code 3"
		if strings.HasPrefix(protocol, "v") {
			says = `"causes":[{"reason":"ExitCode","message":"3"}]`
		}
		if !strings.Contains(heard[3], says) {
			t.Errorf("%q ended with %s", protocol, heard[3])
		}
	}
	for _, protocol := range []string{"v4.channel.k8s.io", "v3.channel.k8s.io", "channel.k8s.io"} {
		out, errs, end := e.overSPDY(command, protocol)
		if out != "out\n" || errs != "err\n" || !strings.Contains(end, "code 3") || strings.Contains(end, "ExitCode") != (protocol == "v4.channel.k8s.io") {
			t.Errorf("SPDY %s: %q %q %q", protocol, out, errs, end)
		}
	}
}

// overSPDY runs a command as clients did before WebSockets.
func (e *endpoint) overSPDY(path, protocol string) (out, errs, end string) {
	e.t.Helper()
	trip, err := spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{TLS: e.tls()})
	if err != nil {
		e.t.Fatal(err)
	}
	r := e.request("POST", path, "", httpstream.HeaderProtocolVersion, protocol)
	resp, err := trip.RoundTrip(r)
	if err != nil {
		e.t.Fatal(err)
	}
	conn, err := trip.NewConnection(resp)
	if err != nil {
		e.t.Fatal(err)
	}
	defer conn.Close()
	streams := map[string]httpstream.Stream{}
	for _, kind := range []string{"error", "stdout", "stderr"} {
		if streams[kind], err = conn.CreateStream(http.Header{"Streamtype": {kind}}); err != nil {
			e.t.Fatal(err)
		}
	}
	read := func(kind string) string {
		data, _ := io.ReadAll(streams[kind])
		return string(data)
	}
	return read("stdout"), read("stderr"), read("error")
}

// TestExecIsRefused: what the API server refuses is an answer, in the words of
// kube-apiserver v1.36.3; what the kubelet refuses comes on the connection.
func TestExecIsRefused(t *testing.T) {
	e := withBox(t, edge.Limits{})
	e.must(201, "POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"robot"}}`)
	robot := e.tokenFor(defaultAccount, "{}")
	as := []string{"Authorization", "Bearer " + robot}
	for _, c := range []struct {
		what, method, path string
		header             []string
		code               int
		says               string
	}{
		{"without an upgrade", "POST", execPath + "&command=true", nil, 400, "Upgrade request required"},
		{"without a command", "POST", execPath, nil, 400, "at least 1 command"},
		{"in no pod", "GET", strings.Replace(execPath, "box", "none", 1) + "&command=true", nil, 404, `pods \"none\" not found`},
		{"in no container", "GET", execPath + "&container=x&command=true", nil, 400, "container x is not valid for pod box"},
		{"with GET without the role", "GET", execPath + "&command=true", as, 403, `cannot get resource \"pods/exec\"`},
		{"with POST without the role", "POST", execPath + "&command=true", as, 403, `cannot create resource \"pods/exec\"`},
	} {
		if body := e.must(c.code, c.method, c.path, "", c.header...); !strings.Contains(body, c.says) {
			t.Errorf("%s: %s", c.what, body)
		}
	}
	e.must(201, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", `{"metadata":{"name":"look"},"rules":[{"apiGroups":[""],"resources":["pods/exec"],"verbs":["get"]}]}`)
	e.must(201, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", `{"metadata":{"name":"look"},
		"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"look"},"subjects":[{"kind":"ServiceAccount","name":"robot","namespace":"default"}]}`)
	if body := e.must(403, "GET", execPath+"&command=true", "", as...); !strings.Contains(body, `cannot create resource \"pods/exec\"`) {
		t.Errorf("get alone opens a WebSocket: %s", body)
	}
	if _, err := e.dial(execPath+"&command=true", "v9.channel.k8s.io", token); err == nil {
		t.Error("a protocol that there is not was taken")
	}
	ws, err := e.dial(execPath+"&command=nosuch", "v5.channel.k8s.io", token)
	if err != nil {
		t.Fatal(err)
	}
	if heard := hear(ws, false); !strings.Contains(heard[3], `exec: \"nosuch\": executable file not found in $PATH`) {
		t.Errorf("a program that there is not: %q", heard)
	}
}

// onScreen reads what a terminal shows until that is as long as what is awaited:
// < is a character rubbed out, / the end of a line.
func onScreen(t *testing.T, ws *websocket.Conn, awaited string) (got string) {
	t.Helper()
	if err := ws.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for len(got) < len(awaited) {
		var frame []byte
		if err := websocket.Message.Receive(ws, &frame); err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		got += strings.NewReplacer("\b \b", "<", "\r\n", "/").Replace(string(frame[1:]))
	}
	return got
}

// TestExecAtATerminal: keys are shown and lines mended, and with the end of the
// input the shell ends.
func TestExecAtATerminal(t *testing.T) {
	e := withBox(t, edge.Limits{})
	ws, err := e.dial(execPath+"&command=sh&stdin=true&tty=true", "v5.channel.k8s.io", token)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ keys, shown string }{
		{"", "/ # "},
		{"ecko\x7f\x7fho hi\x1b[A\r", "ecko<<ho hi/hi// # "},
		{"never\x15echo two\r", "never<<<<<echo two/two// # "},
		{"sleep 100\r", "sleep 100/"},
		{"\x03", "^C// # "},
	} {
		if err := websocket.Message.Send(ws, append([]byte{0}, step.keys...)); err != nil {
			t.Fatal(err)
		}
		if got := onScreen(t, ws, step.shown); got != step.shown {
			t.Errorf("%q shows %q, want %q", step.keys, got, step.shown)
		}
	}
	if err := websocket.Message.Send(ws, []byte("\x00exit 4\r")); err != nil {
		t.Fatal(err)
	}
	if heard := hear(ws, false); heard[1] != "exit 4\r\n" || heard[2] != "" || !strings.Contains(heard[3], "code 4") {
		t.Errorf("%q", heard)
	}
	ws, err = e.dial(execPath+"&command=sh&stdin=true", "v5.channel.k8s.io", token)
	if err != nil {
		t.Fatal(err)
	}
	for _, frame := range [][]byte{[]byte("\x00echo a\n"), []byte("\x00echo b"), {255, 0}} {
		if err := websocket.Message.Send(ws, frame); err != nil {
			t.Fatal(err)
		}
	}
	if heard := hear(ws, false); heard[1] != "a\nb\n" || !strings.Contains(heard[3], `"Success"`) {
		t.Errorf("a script: %q", heard)
	}
}

// TestExecEndsWithItsClient: a command whose client has left is given up, and
// its place is free again.
func TestExecEndsWithItsClient(t *testing.T) {
	e := withBox(t, edge.Limits{Watches: 2})
	open := func() (*websocket.Conn, error) {
		return e.dial(execPath+"&command="+url.QueryEscape("sleep")+"&command=infinity", "v5.channel.k8s.io", token)
	}
	var held []*websocket.Conn
	for range 2 {
		ws, err := open()
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, ws)
	}
	if _, err := open(); err == nil {
		t.Fatal("a third was let in")
	}
	_ = held[0].Close()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := open(); err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the place of one who left is not free")
		}
	}
}

// FuzzExecInput: whatever a client sends, the server goes on.
func FuzzExecInput(f *testing.F) {
	for _, frame := range []string{"\x00echo\n", "\x04{}", "\xff", "\xff\x00", "\xff\x09", "\x09x", "", "\x00\x03\x04\x1b["} {
		f.Add([]byte(frame), true)
		f.Add([]byte(frame), false)
	}
	e := withBox(f, edge.Limits{})
	f.Fuzz(func(t *testing.T, frame []byte, tty bool) {
		e.t = t
		ws, err := e.dial(fmt.Sprintf("%s&command=sh&stdin=true&tty=%t", execPath, tty), "v5.channel.k8s.io", token)
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		if err := websocket.Message.Send(ws, bytes.Clone(frame)); err != nil {
			t.Fatal(err)
		}
		e.must(200, "GET", podPath+"/box", "")
	})
}

// TestAttach: what a container prints from now on is sent, until it ends, to
// whoever may attach, be it that they may read no logs.
func TestAttach(t *testing.T) {
	e := serve(t, edge.Limits{})
	e.must(201, "POST", podPath, `{"metadata":{"name":"talks"},"spec":{"restartPolicy":"Never","containers":[{"name":"talks","image":"busybox",
		"command":["sh","-c","echo one; sleep 2; echo two; sleep 1; echo three"]}]}}`)
	e.must(201, "POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"robot"}}`)
	robot := e.tokenFor(defaultAccount, "{}")
	e.untilSaid(podPath+"/talks", `"phase":"Running"`)
	path := podPath + "/talks/attach?stdout=true&stderr=true"
	if body := e.must(403, "GET", path, "", "Authorization", "Bearer "+robot); !strings.Contains(body, `cannot get resource \"pods/attach\"`) {
		t.Errorf("without the role: %s", body)
	}
	e.must(201, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", `{"metadata":{"name":"attach"},"rules":[{"apiGroups":[""],"resources":["pods/attach"],"verbs":["get","create"]}]}`)
	e.must(201, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", `{"metadata":{"name":"attach"},
		"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"attach"},"subjects":[{"kind":"ServiceAccount","name":"robot","namespace":"default"}]}`)
	ws, err := e.dial(path, "v5.channel.k8s.io", robot)
	if err != nil {
		t.Fatal(err)
	}
	if heard := hear(ws, false); heard[1] != "two\nthree\n" || !strings.Contains(heard[3], "Success") {
		t.Errorf("%q", heard)
	}
}
