package kubectl

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

func runCommand() *Command {
	return &Command{
		Name: "run", Group: groups[0], Required: []string{"image"},
		Short: "Run a particular image on the cluster",
		Long:  "Create and run a particular image in a pod.",
		Usage: `NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--command] -- [COMMAND] [args...]`,
		Examples: `
			# A pod that runs nginx
			kubectl run nginx --image=nginx

			# With labels and a variable
			kubectl run hazelcast --image=hazelcast/hazelcast --labels="app=hazelcast,env=prod" --env="DNS_DOMAIN=cluster"

			# Arguments for the image's own command
			kubectl run nginx --image=nginx -- <arg1> <arg2>

			# Another command
			kubectl run nginx --image=nginx --command -- <cmd> <arg1>`,
		Setup: setupRun,
	}
}

type runOptions struct {
	sending
	image, port, labels, restart, pull string
	env, annotations                   []string
	command, stdin, tty, attach        bool
	privileged, remove, expose, quiet  bool
}

func setupRun(f *pflag.FlagSet) action {
	o := &runOptions{}
	o.sending.outputFlags.add(f, generalFormatHelp)
	o.dry.add(f)
	f.StringVar(&o.manager, "field-manager", "kubectl-run", "Name of the manager used to track field ownership.")
	f.BoolVar(&o.saveConfig, "save-config", false, "If true, the configuration of current object will be saved in its annotation. Otherwise, the annotation will be unchanged.")
	f.StringVar(&o.image, "image", "", "The image for the container to run.")
	f.StringVar(&o.pull, "image-pull-policy", "", "The image pull policy for the container.  If left empty, this value will not be specified by the client and defaulted by the server.")
	f.StringVar(&o.port, "port", "", "The port that this container exposes.")
	f.StringVarP(&o.labels, "labels", "l", "", "Comma separated labels to apply to the pod. Will override previous values.")
	f.StringVar(&o.restart, "restart", "Always", "The restart policy for this Pod.  Legal values [Always, OnFailure, Never].")
	f.StringArrayVar(&o.env, "env", nil, "Environment variables to set in the container.")
	f.StringArrayVar(&o.annotations, "annotations", nil, "Annotations to apply to the pod.")
	f.BoolVar(&o.command, "command", false, "If true and extra arguments are present, use them as the 'command' field in the container, rather than the 'args' field which is the default.")
	f.BoolVarP(&o.stdin, "stdin", "i", false, "Keep stdin open on the container in the pod, even if nothing is attached.")
	f.BoolVarP(&o.tty, "tty", "t", false, "Allocate a TTY for the container in the pod.")
	f.BoolVar(&o.attach, "attach", false, "If true, wait for the Pod to start running, and then attach to the Pod as if 'kubectl attach ...' were called.")
	f.BoolVar(&o.privileged, "privileged", false, "If true, run the container in privileged mode.")
	f.BoolVar(&o.remove, "rm", false, "If true, delete the pod after it exits.  Only valid when attaching to the container, e.g. with '--attach' or with '-i/--stdin'.")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "If true, suppress prompt messages.")
	f.BoolVar(&o.expose, "expose", false, "If true, create a ClusterIP service associated with the pod.  Requires `--port`.")
	return o.run
}

// A reference to an image (github.com/distribution/reference, its grammar):
// [host[:port]/]path[:tag][@digest].
var imagePattern = regexp.MustCompile(`^` +
	`((([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(:[0-9]+)?/)?` +
	`[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*` +
	`(:[\w][\w.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`)

func (o *runOptions) run(c *call, args []string) error {
	if len(args) == 0 || c.flags.ArgsLenAtDash() == 0 {
		return c.usageError("NAME is required for run")
	}
	if o.image == "" {
		return fmt.Errorf("--image is required")
	}
	if !imagePattern.MatchString(o.image) {
		return fmt.Errorf("Invalid image name %q: invalid reference format", o.image)
	}
	switch {
	case o.tty && !o.stdin:
		return c.usageError("-i/--stdin is required for containers with -t/--tty=true")
	case o.expose && o.port == "":
		return c.usageError("--port must be set when exposing a service")
	case o.expose:
		return fmt.Errorf("--expose is not available in this console")
	}
	o.attach = o.attach || o.stdin && !c.flags.Changed("attach")
	switch {
	case o.remove && !o.attach:
		return c.usageError("--rm should only be used for attached containers")
	case o.attach && o.dry != "none":
		return c.usageError("--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)")
	case o.attach && o.tty && len(args) == 1:
		return fmt.Errorf("there is no terminal here to type into; give the container its command: kubectl run %s --rm -i --image=%s --restart=Never -- wget -qO- http://web", args[0], o.image)
	}
	pod, err := o.pod(c, args[0], args[1:])
	if err != nil {
		return err
	}
	ns, _ := c.namespace()
	if o.dry.client() {
		pod.Namespace = c.givenNamespace()
	}
	return o.create(c, ns, pod)
}

// create posts the pod: as other commands do, without asking for the
// validation of fields.
func (o *runOptions) create(c *call, ns string, pod *corev1.Pod) error {
	done, err := o.dry.check("created")
	if err != nil {
		return err
	}
	print, err := o.printer(done)
	if err != nil {
		return err
	}
	if o.dry.client() {
		return print(c, pod)
	}
	q := map[string][]string{"fieldManager": {o.manager}}
	o.dry.set(q)
	body, err := encode(pod)
	if err != nil {
		return err
	}
	obj, err := c.fetch(wire{method: "POST", path: "/api/v1/namespaces/" + ns + "/pods", query: q, body: append(body, '\n')})
	if err != nil {
		return err
	}
	if o.attach {
		m, err := c.mappingOf(corev1.SchemeGroupVersion.WithKind("Pod"))
		if err != nil {
			return err
		}
		return o.attachTo(c, &info{mapping: m, namespace: ns, name: obj.GetName(), obj: obj})
	}
	return print(c, obj)
}

func (o *runOptions) pod(c *call, name string, args []string) (*corev1.Pod, error) {
	pod := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}}
	pod.Name = name
	if err := o.metadata(pod); err != nil {
		return nil, err
	}
	container := corev1.Container{Name: name, Image: o.image, ImagePullPolicy: corev1.PullPolicy(o.pull), Stdin: o.stdin, TTY: o.tty, StdinOnce: o.stdin}
	if o.command {
		container.Command = args
	} else if len(args) > 0 {
		container.Args = args
	}
	for _, e := range o.env {
		key, value, found := strings.Cut(e, "=")
		if !found || len(validation.IsEnvVarName(key)) > 0 {
			return nil, fmt.Errorf("invalid env: %v", e)
		}
		container.Env = append(container.Env, corev1.EnvVar{Name: key, Value: value})
	}
	if o.port != "" {
		port, err := strconv.ParseInt(o.port, 10, 32)
		if err != nil {
			return nil, err
		}
		container.Ports = []corev1.ContainerPort{{ContainerPort: int32(port)}}
	}
	if o.privileged {
		container.SecurityContext = &corev1.SecurityContext{Privileged: &o.privileged}
	}
	pod.Spec.Containers = []corev1.Container{container}
	pod.Spec.DNSPolicy = corev1.DNSClusterFirst
	switch policy := corev1.RestartPolicy(o.restart); policy {
	case corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever:
		pod.Spec.RestartPolicy = policy
	case "":
		pod.Spec.RestartPolicy = corev1.RestartPolicyAlways
	default:
		return nil, c.usageError("invalid restart policy: %s", o.restart)
	}
	return pod, nil
}

func (o *runOptions) metadata(pod *corev1.Pod) error {
	pod.Labels = map[string]string{"run": pod.Name}
	if o.labels != "" {
		labels, err := keyValues(o.labels)
		if err != nil {
			return err
		}
		pod.Labels = labels
	}
	for _, a := range o.annotations {
		key, value, found := strings.Cut(a, "=")
		if !found {
			return fmt.Errorf("invalid annotations: %v", a)
		}
		if pod.Annotations == nil {
			pod.Annotations = map[string]string{}
		}
		pod.Annotations[key] = value
	}
	return nil
}

func keyValues(text string) (map[string]string, error) {
	m := map[string]string{}
	for _, part := range strings.Split(text, ",") {
		key, value, found := strings.Cut(part, "=")
		if !found {
			return nil, fmt.Errorf("unexpected label spec: %s", part)
		}
		m[key] = value
	}
	return m, nil
}
