package apiserver

import (
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
	Stdin     string
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

// exec runs a command in a container. Frames are those of v5.channel.k8s.io: a
// byte that names the channel, and then what was printed, or at the end a
// Status. What goes in comes with the request: there is no terminal to type at.
func (s *Server) exec(m rest.Message, frame func([]byte, int64)) (stop func(), answer rest.Reply) {
	msg, err := parseMessage(&m)
	if err != nil {
		return nil, s.refuseMessage(msg, plainFormat, err)
	}
	req, err := s.execRequest(msg)
	if err == nil {
		out := func(text string, isErr bool) {
			channel := byte(ChannelOut)
			if isErr {
				channel = ChannelErr
			}
			frame(append([]byte{channel}, text+"\n"...), 0)
		}
		stop, err = s.opts.Exec(req, out, func(err error) { frame(statusFrame(err), 0) })
	}
	if err != nil {
		return nil, s.refuseMessage(msg, plainFormat, err)
	}
	return stop, rest.Reply{Code: codeSwitching}
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
	parts := strings.Split(strings.Trim(m.path, "/"), "/") // api v1 namespaces NS pods NAME exec
	if len(parts) != 7 || parts[4] != "pods" {
		return ExecRequest{}, errUnknownResource()
	}
	pods := corev1.SchemeGroupVersion.WithResource("pods")
	t := target{res: api.Lookup(pods), verb: rest.Create, namespace: parts[3], name: parts[5], subresource: "exec"}
	if err := s.mayDo(m, &t); err != nil {
		return ExecRequest{}, err
	}
	it := s.shelves[pods].find(t.namespace, t.name)
	switch {
	case it == nil:
		return ExecRequest{}, apierrors.NewNotFound(pods.GroupResource(), t.name)
	case len(m.query["command"]) == 0:
		return ExecRequest{}, apierrors.NewBadRequest("you must specify at least 1 command for the container")
	case s.opts.Exec == nil:
		return ExecRequest{}, apierrors.NewBadRequest("no container runs here")
	}
	pod := it.object().(*corev1.Pod)
	container, err := logContainer(pod, m.query.Get("container"))
	return ExecRequest{Pod: pod, Container: container, Command: m.query["command"], Stdin: string(m.Body)}, err
}
