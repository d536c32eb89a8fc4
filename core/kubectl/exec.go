package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func execCommand() *Command {
	return &Command{
		Name: "exec", Group: groups[4],
		Short: "Execute a command in a container",
		Long:  "Execute a command in a container.",
		Usage: "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
		Examples: `
			# What a service answers, asked from within a pod
			kubectl exec mypod -- wget -qO- http://web

			# The same from a pod of a deployment, in a container of it
			kubectl exec deploy/mydeployment -c sidecar -- curl -s http://web

			# What a name stands for
			kubectl exec mypod -- nslookup web.default.svc.cluster.local

			# A script
			kubectl exec mypod -- sh -c 'for i in 1 2 3; do wget -qO- http://web; done'`,
		Setup: setupExec,
	}
}

// execOptions are the flags of exec. There is no terminal: -t is passed over,
// as the real one does where its input is none.
type execOptions struct {
	container         string
	stdin, tty, quiet bool
	wait              time.Duration
}

func setupExec(f *pflag.FlagSet) action {
	o := &execOptions{}
	f.StringVarP(&o.container, "container", "c", "", "Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen")
	f.BoolVarP(&o.stdin, "stdin", "i", false, "Pass stdin to the container")
	f.BoolVarP(&o.tty, "tty", "t", false, "Stdin is a TTY")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "Only print output from the remote session")
	f.DurationVar(&o.wait, "pod-running-timeout", time.Minute, "The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running")
	return o.run
}

func (o *execOptions) run(c *call, args []string) error {
	dash := c.flags.ArgsLenAtDash()
	switch {
	case dash < 0 && len(args) > 1:
		return c.usageError("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead")
	case len(args) == 0 || dash == 0:
		return errors.New("pod, type/name or --filename must be specified")
	case dash < 0 || len(args) == dash:
		return errors.New("you must specify at least one command for the container")
	}
	words := args[dash:]
	logs := &logsOptions{container: o.container, allPods: true}
	pod, err := o.pod(c, logs, args[0])
	if err != nil {
		return err
	}
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return fmt.Errorf("cannot exec into a container in a completed pod; current phase is %s", pod.Status.Phase)
	}
	logs.allPods = o.quiet // it names the container that it takes
	sources, err := logs.sources(c, pod)
	if err != nil {
		return err
	}
	if o.tty && o.stdin && !o.quiet {
		c.err("Unable to use a TTY - input is not a terminal or the right kind of file\n")
	}
	if shell := path.Base(words[0]); !c.hasStdin && len(words) == 1 && slices.Contains([]string{"sh", "bash", "ash"}, shell) {
		return fmt.Errorf("there is no terminal here to type into a shell; give it its command: kubectl exec %s -- %s -c 'wget -qO- http://web'", args[0], shell)
	}
	return o.stream(c, pod, sources[0].container, words)
}

// pod is the pod named, or one of the workload's that runs.
func (o *execOptions) pod(c *call, logs *logsOptions, name string) (*corev1.Pod, error) {
	if !strings.Contains(name, "/") {
		name = "pods/" + name
	}
	infos, err := c.query([]string{name}).infos()
	if err != nil {
		return nil, err
	}
	if kindName(infos[0].groupKind()) == "pod" {
		pod := &corev1.Pod{}
		return pod, typed(infos[0].obj, pod)
	}
	pods, err := logs.podsOf(c, infos[0])
	if err != nil {
		return nil, err
	}
	return pods[0], nil
}

// The channels of what a command sends (k8s.io/apimachinery/pkg/util/remotecommand).
const (
	channelOut    = 1
	channelErr    = 2
	channelStatus = 3
)

// stream has the command run and prints what comes.
func (o *execOptions) stream(c *call, pod *corev1.Pod, container string, words []string) error {
	w := wire{
		method: "POST", path: "/api/v1/namespaces/" + pod.Namespace + "/pods/" + pod.Name + "/exec",
		query: url.Values{"container": {container}, "command": words, "stdout": {"true"}, "stderr": {"true"}},
	}
	if o.stdin {
		w.query.Set("stdin", "true")
		w.body = c.stdin
	}
	over := false
	stop, reply := c.session.env.Transport.Stream(c.message(w), func(frame []byte, _ int64) {
		switch {
		case over || len(frame) == 0:
		case frame[0] == channelOut:
			c.out(string(frame[1:]))
		case frame[0] == channelErr:
			c.err(string(frame[1:]))
		case frame[0] == channelStatus:
			over = true
			c.finish(exitOf(frame[1:]))
		}
	})
	if reply.Code >= 400 {
		return execError(statusError(w, reply))
	}
	return c.later(func() { over = true; stop() })
}

// execError is how exec says what the server refused: plainly, where the
// kubelet did.
func execError(err error) error {
	var status interface{ Status() metav1.Status }
	if errors.As(err, &status) && status.Status().Reason == metav1.StatusReasonInternalError {
		return errors.New(status.Status().Message)
	}
	return err
}

// exitOf reads the status with which a command ends.
func exitOf(data []byte) error {
	var status metav1.Status
	if err := json.Unmarshal(data, &status); err != nil {
		return err
	}
	if status.Status == metav1.StatusSuccess {
		return nil
	}
	if status.Reason == "NonZeroExitCode" && status.Details != nil && len(status.Details.Causes) > 0 {
		code, _ := strconv.Atoi(status.Details.Causes[0].Message)
		return &exitError{status.Message, code}
	}
	return errors.New(status.Message)
}
