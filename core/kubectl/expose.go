package kubectl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func exposeCommand() *Command {
	return &Command{
		Name: "expose", Group: groups[0],
		Short: "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
		Usage: "(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]",
		Examples: `
			# A service on port 80 of the deployment's pods' port 8080
			kubectl expose deployment web --port=80 --target-port=8080`,
		Setup: setupExpose,
	}
}

type exposeOptions struct {
	sending
	name, port, target, protocol, kind, clusterIP, external, selector, labels, affinity string
	files                                                                               []string
}

func setupExpose(f *pflag.FlagSet) action {
	o := &exposeOptions{}
	o.sending.add(f, "kubectl-expose")
	f.StringVar(&o.name, "name", "", "The name for the newly created object.")
	f.StringVar(&o.port, "port", "", "The port that the service should serve on. Copied from the resource being exposed, if unspecified")
	f.StringVar(&o.target, "target-port", "", "Name or number for the port on the container that the service should direct traffic to. Optional.")
	f.StringVar(&o.protocol, "protocol", "", "The network protocol for the service to be created. Default is 'TCP'.")
	f.StringVar(&o.kind, "type", "", "Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'.")
	f.StringVar(&o.clusterIP, "cluster-ip", "", "ClusterIP to be assigned to the service. Leave empty to auto-allocate, or set to 'None' to create a headless service.")
	f.StringVar(&o.external, "external-ip", "", "Additional external IP address (not managed by Kubernetes) to accept for the service.")
	f.StringVar(&o.selector, "selector", "", "A label selector to use for this service. Only equality-based selector requirements are supported.")
	f.StringVarP(&o.labels, "labels", "l", "", "Labels to apply to the service created by this call.")
	f.StringVar(&o.affinity, "session-affinity", "", "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'")
	addFiles(f, &o.files, "identifying the resource to expose a service")
	return o.run
}

func (o *exposeOptions) run(c *call, args []string) error {
	q := c.query(args)
	q.files = o.files
	infos, err := q.infos()
	if err != nil {
		return err
	}
	for _, i := range infos {
		svc, err := o.service(c, i)
		if err != nil {
			return err
		}
		done, err := o.dry.check("exposed")
		if err != nil {
			return err
		}
		if err := o.postAs(c, "/api/v1/namespaces/"+i.namespace+"/services", svc, done); err != nil {
			return err
		}
	}
	return nil
}

// postAs creates an object and prints it as done.
func (o *sending) postAs(c *call, path string, obj any, done string) error {
	print, err := o.printer(done)
	if err != nil {
		return err
	}
	query, err := o.query()
	if err != nil {
		return err
	}
	if o.dry.client() {
		return print(c, obj)
	}
	body, err := encode(obj)
	if err != nil {
		return err
	}
	created, err := c.fetch(wire{method: "POST", path: path, query: query, body: append(body, '\n')})
	if err != nil {
		return err
	}
	return print(c, created)
}

// exposable are the kinds that pods can be found through.
var exposable = map[string]bool{
	"pod": true, "service": true, "replicationcontroller": true, "deployment.apps": true, "replicaset.apps": true,
}

func (o *exposeOptions) service(c *call, i *info) (*corev1.Service, error) {
	kind := kindName(i.groupKind())
	if !exposable[kind] {
		return nil, fmt.Errorf("cannot expose a %s", i.groupKind())
	}
	selector, err := o.selectorOf(i, kind)
	if err != nil {
		return nil, err
	}
	ports, err := o.ports(i, kind)
	if err != nil {
		return nil, err
	}
	svc := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: o.name, Namespace: c.givenNamespace(), Labels: i.obj.GetLabels()},
		Spec: corev1.ServiceSpec{
			Selector: selector, Ports: ports, Type: corev1.ServiceType(o.kind), SessionAffinity: corev1.ServiceAffinity(o.affinity),
		},
	}
	if svc.Name == "" {
		svc.Name = i.name
	}
	if o.labels != "" {
		parsed, err := metav1.ParseToLabelSelector(o.labels)
		if err != nil {
			return nil, err
		}
		svc.Labels = parsed.MatchLabels
	}
	if o.external != "" {
		svc.Spec.ExternalIPs = []string{o.external}
	}
	svc.Spec.ClusterIP = o.clusterIP
	if o.clusterIP == corev1.ClusterIPNone {
		svc.Spec.ClusterIP = corev1.ClusterIPNone
	}
	return svc, nil
}

func (o *exposeOptions) selectorOf(i *info, kind string) (map[string]string, error) {
	if o.selector != "" {
		parsed, err := metav1.ParseToLabelSelector(o.selector)
		if err != nil {
			return nil, err
		}
		return parsed.MatchLabels, nil
	}
	var found map[string]string
	switch kind {
	case "pod":
		found = i.obj.GetLabels()
		if len(found) == 0 {
			return nil, errors.New("couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed")
		}
	case "service", "replicationcontroller":
		found = stringMap(i.obj.Object, "spec", "selector")
	default:
		found = stringMap(i.obj.Object, "spec", "selector", "matchLabels")
	}
	if len(found) == 0 {
		return nil, errors.New("couldn't retrieve selectors via --selector flag or introspection: invalid " + kind + ": no selectors, therefore cannot be exposed")
	}
	return found, nil
}

// stringMap is a map of strings within an object.
func stringMap(in map[string]any, path ...string) map[string]string {
	for _, step := range path {
		in, _ = in[step].(map[string]any)
	}
	out := map[string]string{}
	for key, value := range in {
		out[key], _ = value.(string)
	}
	return out
}

func (o *exposeOptions) ports(i *info, kind string) ([]corev1.ServicePort, error) {
	given := []string{}
	if o.port != "" {
		given = strings.Split(o.port, ",")
	}
	protocols := map[string]string{}
	if len(given) == 0 {
		given = containerPorts(i, kind, protocols)
	}
	if len(given) == 0 && o.clusterIP != corev1.ClusterIPNone {
		return nil, errors.New("couldn't find port via --port flag or introspection")
	}
	var out []corev1.ServicePort
	for n, word := range given {
		number, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		port := corev1.ServicePort{Port: int32(number), Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(int32(number))}
		if p := protocols[word]; p != "" {
			port.Protocol = corev1.Protocol(p)
		}
		if o.protocol != "" {
			port.Protocol = corev1.Protocol(o.protocol)
		}
		if o.target != "" {
			port.TargetPort = intstr.Parse(o.target)
		}
		if len(given) > 1 {
			port.Name = fmt.Sprintf("port-%d", n+1)
		}
		out = append(out, port)
	}
	return out, nil
}

// containerPorts are those that the exposed object's pods say they have.
func containerPorts(i *info, kind string, protocols map[string]string) []string {
	spec, _ := i.obj.Object["spec"].(map[string]any)
	if kind == "service" {
		ports, _ := spec["ports"].([]any)
		return portNumbers(ports, "port", protocols)
	}
	if kind != "pod" {
		template, _ := spec["template"].(map[string]any)
		spec, _ = template["spec"].(map[string]any)
	}
	var out []string
	containers, _ := spec["containers"].([]any)
	for _, item := range containers {
		container, _ := item.(map[string]any)
		ports, _ := container["ports"].([]any)
		out = append(out, portNumbers(ports, "containerPort", protocols)...)
	}
	return out
}

func portNumbers(ports []any, name string, protocols map[string]string) []string {
	var out []string
	for _, item := range ports {
		port, _ := item.(map[string]any)
		word := fmt.Sprint(port[name])
		protocols[word], _ = port["protocol"].(string)
		out = append(out, word)
	}
	return out
}
