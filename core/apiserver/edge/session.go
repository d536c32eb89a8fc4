package edge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/remotecommand"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
	"k8s.io/streaming/pkg/httpstream/wsstream"

	"github.com/tabernetes/tabernetes/core/apiserver"
)

// session is a client's connection with a command: exec and attach over a
// WebSocket, as kubectl comes since v1.31, or over SPDY, to which it falls back
// and with which older clients begin (pkg/util/proxy/streamtranslator.go and
// k8s.io/cri-streaming/pkg/streaming/remotecommand).
type session struct {
	stdin      io.Reader // nil where the client sends nothing
	out, err   io.Writer // nil where it takes nothing
	said       io.Writer // how it ended
	structured bool      // as a Status, not as text
	tty        bool
	hurry      func()          // before each write
	gone       <-chan struct{} // closed when the client has left
	close      func()
}

// wanted is what a client says it connects.
type wanted struct{ stdin, stdout, stderr, tty bool }

func wantedOf(r *http.Request) wanted {
	query := r.URL.Query()
	on := func(name string) bool {
		return slices.Contains([]string{"1", "true", "True", "TRUE", "t", "T"}, query.Get(name))
	}
	w := wanted{on("stdin"), on("stdout"), on("stderr"), on("tty")}
	w.stderr = w.stderr && !w.tty
	return w
}

// errNoUpgrade is said to whoever does not want the connection switched.
func errNoUpgrade() *metav1.Status {
	return failure(http.StatusBadRequest, metav1.StatusReasonBadRequest, "Upgrade request required")
}

// openSession switches the connection; a refusal has been sent where there is an error.
func openSession(a *answerer) (*session, error) {
	if _, ok := a.ResponseWriter.(http.Hijacker); !ok || !httpstream.IsUpgradeRequest(a.request) {
		a.status(errNoUpgrade())
		return nil, errors.New("no upgrade")
	}
	if wsstream.IsWebSocketRequest(a.request) {
		return overWebSocket(a)
	}
	return overSPDY(a)
}

const base64Protocol = "v4." + wsstream.Base64ChannelWebSocketProtocol

// overWebSocket opens a session on a WebSocket. What comes in on channels that
// nobody reads is thrown away.
func overWebSocket(a *answerer) (*session, error) {
	want := wantedOf(a.request)
	channels := []wsstream.ChannelType{
		remotecommand.StreamStdIn: wsstream.IgnoreChannel, remotecommand.StreamStdOut: wsstream.IgnoreChannel,
		remotecommand.StreamStdErr: wsstream.IgnoreChannel, remotecommand.StreamErr: wsstream.WriteChannel,
		remotecommand.StreamResize: wsstream.ReadChannel, // its end is the connection's
	}
	if want.stdin {
		channels[remotecommand.StreamStdIn] = wsstream.ReadChannel
	}
	if want.stdout {
		channels[remotecommand.StreamStdOut] = wsstream.WriteChannel
	}
	if want.stderr {
		channels[remotecommand.StreamStdErr] = wsstream.WriteChannel
	}
	protocols := wsstream.NewDefaultChannelProtocols(channels)
	for _, name := range []string{remotecommand.StreamProtocolV5Name, remotecommand.StreamProtocolV4Name} {
		protocols[name] = wsstream.ChannelProtocolConfig{Binary: true, Channels: channels}
	}
	protocols[base64Protocol] = wsstream.ChannelProtocolConfig{Channels: channels}
	conn := wsstream.NewConn(protocols)
	quiet := a.request.WithContext(klog.NewContext(a.request.Context(), logr.Discard())) // clients may leave when they like
	chosen, streams, err := conn.Open(a.ResponseWriter, quiet)
	if err != nil {
		return nil, err // which the library has told
	}
	x := &session{
		said: streams[remotecommand.StreamErr], tty: want.tty,
		hurry: func() { conn.SetWriteDeadline(a.patience) }, close: func() { _ = conn.Close() },
		gone: drained(streams[remotecommand.StreamResize]),
	}
	x.structured = slices.Contains([]string{remotecommand.StreamProtocolV5Name, remotecommand.StreamProtocolV4Name, base64Protocol}, chosen)
	if want.stdin {
		x.stdin = streams[remotecommand.StreamStdIn]
	}
	x.out, x.err = streams[remotecommand.StreamStdOut], streams[remotecommand.StreamStdErr]
	return x, nil
}

// streamsTime is how long a client may take to open its streams over SPDY
// (--streaming-connection-creation-timeout of the kubelet is longer).
const streamsTime = 10 * time.Second

// overSPDY opens a session on streams that the client opens, and waits for those.
func overSPDY(a *answerer) (*session, error) {
	chosen, err := httpstream.Handshake(a.request, a.ResponseWriter, remotecommand.SupportedStreamingProtocols)
	if err != nil {
		return nil, err
	}
	opened := make(chan httpstream.Stream, 5)
	conn := spdy.NewResponseUpgrader().UpgradeResponse(a.ResponseWriter, a.request, func(st httpstream.Stream, _ <-chan struct{}) error {
		select {
		case opened <- st:
			return nil
		default:
			return errors.New("too many streams")
		}
	})
	if conn == nil {
		return nil, errors.New("no SPDY") // which the library has told
	}
	gone := make(chan struct{})
	go func() {
		<-conn.CloseChan()
		close(gone)
	}()
	x := &session{structured: chosen == remotecommand.StreamProtocolV4Name, tty: wantedOf(a.request).tty, hurry: func() {}, gone: gone, close: func() { _ = conn.Close() }}
	if err := x.gather(opened, wantedOf(a.request), chosen); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

// gather waits for the streams that the client wants.
func (x *session) gather(opened <-chan httpstream.Stream, want wanted, protocol string) error {
	missing := map[string]bool{"error": true, "stdin": want.stdin, "stdout": want.stdout, "stderr": want.stderr}
	missing["resize"] = want.tty && (protocol == remotecommand.StreamProtocolV4Name || protocol == remotecommand.StreamProtocolV3Name)
	late := time.After(streamsTime)
	for slices.Contains([]bool{missing["error"], missing["stdin"], missing["stdout"], missing["stderr"], missing["resize"]}, true) {
		select {
		case st := <-opened:
			kind := st.Headers().Get("streamType")
			if !missing[kind] {
				return fmt.Errorf("a stream %q that was not announced", kind)
			}
			missing[kind] = false
			switch kind {
			case "error":
				x.said = st
			case "stdin":
				x.stdin = st
			case "stdout":
				x.out = st
			case "stderr":
				x.err = st
			default:
				drained(st) // a terminal's size, which nothing here asks for
			}
		case <-x.gone:
			return io.EOF
		case <-late:
			return errors.New("the streams did not come")
		}
	}
	return nil
}

// drained reads to the end, and closes what it returns there.
func drained(r io.Reader) <-chan struct{} {
	end := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, r) // any end is one
		close(end)
	}()
	return end
}

// write sends a frame of what was printed, and tells whether that went.
func (x *session) write(frame []byte) bool {
	to, text := x.out, frame[1:]
	if frame[0] == apiserver.ChannelErr {
		to = x.err
	}
	if to == nil {
		return true
	}
	if x.tty {
		text = shown(text)
	}
	x.hurry()
	_, err := to.Write(text)
	return err == nil
}

// end tells how it ended, by a Status as bytes.
func (x *session) end(status []byte) {
	x.hurry()
	if !x.structured {
		var said metav1.Status
		if json.Unmarshal(status, &said) == nil && said.Status == metav1.StatusSuccess {
			return
		}
		status = []byte("error executing remote command: " + said.Message)
	}
	_, _ = x.said.Write(status) // fails only where the client is gone
}
