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
	"k8s.io/apimachinery/pkg/util/validation"
)

func createServiceCommand() *Command {
	return &Command{
		Name: "service", Aliases: []string{"svc"},
		Short: "Create a service using a specified subcommand",
		Usage: "TYPE NAME",
		Sub: []*Command{
			createServiceOfType("clusterip", corev1.ServiceTypeClusterIP, "# A service on port 80 of the pods' port 8080\nkubectl create service clusterip my-cs --tcp=80:8080"),
			createServiceOfType("nodeport", corev1.ServiceTypeNodePort, "# A service with a port on every node\nkubectl create service nodeport my-ns --tcp=80:8080"),
			createServiceOfType("loadbalancer", corev1.ServiceTypeLoadBalancer, "# A service behind a load balancer\nkubectl create service loadbalancer my-lbs --tcp=80:8080"),
			createServiceOfType("externalname", corev1.ServiceTypeExternalName, "# A service that stands for another name\nkubectl create service externalname my-ns --external-name bar.com"),
		},
		Setup: func(*pflag.FlagSet) action {
			return func(c *call, _ []string) error { return c.usageError("unknown command") }
		},
	}
}

type serviceOptions struct {
	sending
	kind                corev1.ServiceType
	tcp                 []string
	clusterIP, external string
	nodePort            int
}

func createServiceOfType(name string, kind corev1.ServiceType, example string) *Command {
	cmd := &Command{
		Name:     name,
		Short:    fmt.Sprintf("Create a %s service", kind),
		Usage:    "NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]",
		Examples: example,
		Setup: func(f *pflag.FlagSet) action {
			o := &serviceOptions{kind: kind}
			o.sending.add(f, "kubectl-create")
			f.StringSliceVar(&o.tcp, "tcp", nil, "Port pairs can be specified as '<port>:<targetPort>'.")
			switch kind {
			case corev1.ServiceTypeClusterIP:
				f.StringVar(&o.clusterIP, "clusterip", "", "Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing).")
			case corev1.ServiceTypeNodePort:
				f.IntVar(&o.nodePort, "node-port", 0, "Port used to expose the service on each node in a cluster.")
			case corev1.ServiceTypeExternalName:
				f.StringVar(&o.external, "external-name", "", "External name of service")
			}
			return o.run
		},
	}
	if kind == corev1.ServiceTypeExternalName {
		cmd.Usage, cmd.Required = "NAME --external-name external.name [--dry-run=server|client|none]", []string{"external-name"}
	}
	return cmd
}

func (o *serviceOptions) run(c *call, args []string) error {
	name, err := c.oneName(args)
	if err != nil {
		return err
	}
	if len(o.tcp) == 0 && o.kind != corev1.ServiceTypeExternalName && o.clusterIP != corev1.ClusterIPNone {
		return errors.New("at least one tcp port specifier must be provided")
	}
	svc := &corev1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}}
	svc.Name, svc.Namespace = name, c.givenNamespace()
	svc.Labels = map[string]string{"app": name}
	svc.Spec.Type, svc.Spec.Selector, svc.Spec.ExternalName = o.kind, map[string]string{"app": name}, o.external
	svc.Spec.ClusterIP = o.clusterIP
	for _, pair := range o.tcp {
		port, err := tcpPort(pair)
		if err != nil {
			return err
		}
		port.NodePort = int32(o.nodePort)
		svc.Spec.Ports = append(svc.Spec.Ports, *port)
	}
	ns, _ := c.namespace()
	return o.post(c, "/api/v1/namespaces/"+ns+"/services", ns, svc, fmt.Sprintf("failed to create %s service", o.kind))
}

// tcpPort reads 80 or 80:8080 or 80:http.
func tcpPort(pair string) (*corev1.ServicePort, error) {
	left, right, two := strings.Cut(pair, ":")
	number, err := strconv.ParseUint(left, 10, 16)
	if err != nil {
		return nil, err
	}
	if errs := validation.IsValidPortNum(int(number)); len(errs) > 0 {
		return nil, errors.New(strings.Join(errs, ","))
	}
	target := intstr.FromInt32(int32(number))
	if two {
		if n, err := strconv.Atoi(right); err == nil {
			if errs := validation.IsValidPortNum(n); len(errs) > 0 {
				return nil, errors.New(strings.Join(errs, ","))
			}
			target = intstr.FromInt32(int32(n))
		} else if errs := validation.IsValidPortName(right); len(errs) > 0 {
			return nil, errors.New(strings.Join(errs, ","))
		} else {
			target = intstr.FromString(right)
		}
	}
	return &corev1.ServicePort{
		Name: strings.ReplaceAll(pair, ":", "-"), Port: int32(number), TargetPort: target, Protocol: corev1.ProtocolTCP,
	}, nil
}
