package apiserver

import (
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// ExecRequest asks for a command to be run in a container, which is never empty.
type ExecRequest struct {
	Pod       *corev1.Pod
	Container string
	Command   []string
	Input     bool // there is something for it to read
	Terminal  bool
}

// Program is a command that runs in a container.
type Program interface {
	// Input gives it something to read; end says that no more comes.
	Input(text string, end bool)
	// Interrupt is Ctrl-C.
	Interrupt()
	// Stop gives it up: nothing more is heard of it.
	Stop()
}

// The channels of a command's frames, the first byte of each
// (k8s.io/apimachinery/pkg/util/remotecommand).
const (
	ChannelOut    = 1
	ChannelErr    = 2
	ChannelStatus = 3
)

// ExitStatus is the error of a command that ended with a code other than 0
// (pkg/kubelet/.../remotecommand, NonZeroExitCode).
func ExitStatus(message string, code int32) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Reason: "NonZeroExitCode", Message: message,
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: "ExitCode", Message: strconv.Itoa(int(code))}}},
	}}
}

func isExec(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return strings.HasSuffix(path, "/exec") && strings.HasPrefix(path, "/api/v1/namespaces/")
}

// Exec runs a command in a container. Frames are those of v5.channel.k8s.io: a
// byte that names the channel, and then what was printed, or at the end a
// Status. Nothing runs where the answer's code is not 101.
func (s *Server) Exec(m rest.Message, frame func([]byte)) (p Program, answer rest.Reply) {
	msg, err := parseMessage(&m)
	if err != nil {
		return nil, s.refuseMessage(msg, plainFormat, err)
	}
	req, err := s.execRequest(msg)
	if err == nil {
		out := func(text string, isErr bool) {
			channel := byte(ChannelOut)
			if isErr && !req.Terminal {
				channel = ChannelErr
			}
			frame(append([]byte{channel}, text...))
		}
		p, err = s.opts.Exec(req, out, func(err error) { frame(statusFrame(err)) })
	}
	if err != nil {
		return nil, s.refuseMessage(msg, plainFormat, err)
	}
	return p, rest.Reply{Code: codeSwitching}
}

// execWhole runs a command that is given all its input with the request.
func (s *Server) execWhole(m rest.Message, frame func([]byte, int64)) (stop func(), answer rest.Reply) {
	p, answer := s.Exec(m, func(data []byte) { frame(data, 0) })
	if p == nil {
		return nil, answer
	}
	p.Input(string(m.Body), true)
	return p.Stop, answer
}

// codeSwitching answers a request whose connection becomes another.
const codeSwitching = 101

func statusFrame(err error) []byte {
	status := &metav1.Status{Status: metav1.StatusSuccess}
	if err != nil {
		status = statusOf(err)
	}
	data, err := api.EncodeJSON(status)
	if err != nil {
		panic("apiserver: a status cannot be encoded: " + err.Error())
	}
	return append([]byte{ChannelStatus}, data...)
}

func (s *Server) execRequest(m *message) (ExecRequest, error) {
	pod, err := s.connected(m, "exec")
	switch {
	case err != nil:
		return ExecRequest{}, err
	case len(m.query["command"]) == 0:
		return ExecRequest{}, apierrors.NewBadRequest("you must specify at least 1 command for the container")
	case s.opts.Exec == nil:
		return ExecRequest{}, apierrors.NewBadRequest("no container runs here")
	}
	container, err := logContainer(pod, m.query.Get("container"))
	return ExecRequest{
		Pod: pod, Container: container, Command: m.query["command"],
		Input: flag(m.query, "stdin") || len(m.Body) > 0, Terminal: flag(m.query, "tty"),
	}, err
}

func flag(query url.Values, name string) bool {
	on, _ := strconv.ParseBool(query.Get(name)) // what is none of its words is false upstream too
	return on
}

// Attach tells whether a client may be attached to a container and which that
// is: code 101, or a refusal. What it prints is in its log.
func (s *Server) Attach(m rest.Message) (container string, answer rest.Reply) {
	msg, err := parseMessage(&m)
	var pod *corev1.Pod
	if err == nil {
		pod, err = s.connected(msg, "attach")
	}
	if err == nil {
		container, err = logContainer(pod, msg.query.Get("container"))
	}
	if err != nil {
		return "", s.refuseMessage(msg, plainFormat, err)
	}
	return container, rest.Reply{Code: codeSwitching}
}

// connected is the pod whose subresource a message wants to be connected with,
// if it may. Whoever comes with GET, as over a WebSocket, needs the verb create
// too (pkg/registry/core/pod/rest/subresources.go).
func (s *Server) connected(m *message, subresource string) (*corev1.Pod, error) {
	parts := strings.Split(strings.Trim(m.path, "/"), "/") // api v1 namespaces NS pods NAME exec
	if len(parts) != 7 || parts[4] != "pods" || parts[6] != subresource {
		return nil, errUnknownResource()
	}
	pods := corev1.SchemeGroupVersion.WithResource("pods")
	t := target{res: api.Lookup(pods), namespace: parts[3], name: parts[5], subresource: subresource}
	verbs := []string{rest.Create}
	if m.Method == "GET" {
		verbs = []string{rest.Get, rest.Create}
	}
	for _, t.verb = range verbs {
		if err := s.mayDo(m, &t); err != nil {
			return nil, err
		}
	}
	it := s.shelves[pods].find(t.namespace, t.name)
	if it == nil {
		return nil, apierrors.NewNotFound(pods.GroupResource(), t.name)
	}
	return it.object().(*corev1.Pod), nil
}
