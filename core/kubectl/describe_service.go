package kubectl

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func (d *describer) service() error {
	var o corev1.Service
	if err := d.read(&o); err != nil {
		return err
	}
	var slices discoveryv1.EndpointSliceList
	query := url.Values{"labelSelector": {discoveryv1.LabelServiceName + "=" + o.Name}}
	if err := d.c.into("/apis/discovery.k8s.io/v1/namespaces/"+o.Namespace+"/endpointslices", query, &slices); err != nil {
		return err
	}
	d.headIn(&o.ObjectMeta)
	d.line(0, "Selector:\t%s", labels.FormatLabels(o.Spec.Selector))
	d.line(0, "Type:\t%s", o.Spec.Type)
	d.serviceAddresses(&o)
	for i := range o.Spec.Ports {
		d.servicePort(&o.Spec.Ports[i], slices.Items)
	}
	d.line(0, "Session Affinity:\t%s", o.Spec.SessionAffinity)
	d.serviceTraffic(&o.Spec)
	d.writeEvents("Service", string(o.UID))
	return nil
}

func (d *describer) serviceAddresses(o *corev1.Service) {
	if policy := o.Spec.IPFamilyPolicy; policy != nil {
		d.line(0, "IP Family Policy:\t%s", *policy)
	}
	var families []string
	for _, family := range o.Spec.IPFamilies {
		families = append(families, string(family))
	}
	orNone := func(words []string) string {
		if len(words) == 0 {
			return "<none>"
		}
		return strings.Join(words, ",")
	}
	d.line(0, "IP Families:\t%s", orNone(families))
	d.line(0, "IP:\t%s", o.Spec.ClusterIP)
	d.line(0, "IPs:\t%s", orNone(o.Spec.ClusterIPs))
	if len(o.Spec.ExternalIPs) > 0 {
		d.line(0, "External IPs:\t%s", strings.Join(o.Spec.ExternalIPs, ","))
	}
	if o.Spec.ExternalName != "" {
		d.line(0, "External Name:\t%s", o.Spec.ExternalName)
	}
	var points []string
	for _, in := range o.Status.LoadBalancer.Ingress {
		text := in.Hostname
		if in.IP != "" {
			text = in.IP
			if in.IPMode != nil {
				text += fmt.Sprintf(" (%s)", *in.IPMode)
			}
		}
		points = append(points, text)
	}
	if len(points) > 0 {
		d.line(0, "LoadBalancer Ingress:\t%s", strings.Join(points, ", "))
	}
}

func (d *describer) servicePort(port *corev1.ServicePort, slices []discoveryv1.EndpointSlice) {
	name := port.Name
	if name == "" {
		name = "<unset>"
	}
	d.line(0, "Port:\t%s\t%d/%s", name, port.Port, port.Protocol)
	target := port.TargetPort.StrVal
	if port.TargetPort.Type == intstr.Int {
		target = strconv.Itoa(int(port.TargetPort.IntVal))
	}
	d.line(0, "TargetPort:\t%s/%s", target, port.Protocol)
	if port.AppProtocol != nil {
		d.line(0, "AppProtocol:\t%s", *port.AppProtocol)
	}
	if port.NodePort != 0 {
		d.line(0, "NodePort:\t%s\t%d/%s", name, port.NodePort, port.Protocol)
	}
	d.line(0, "Endpoints:\t%s", readyEndpoints(slices, port.Name))
}

// readyEndpoints lists three of the addresses that a port is served at, and
// says how many more there are.
func readyEndpoints(slices []discoveryv1.EndpointSlice, port string) string {
	if len(slices) == 0 {
		return "<none>"
	}
	var all []string
	for i := range slices {
		for _, p := range slices[i].Ports {
			if p.Port == nil || p.Name != nil && *p.Name != port {
				continue
			}
			for _, e := range slices[i].Endpoints {
				if (e.Conditions.Ready == nil || *e.Conditions.Ready) && len(e.Addresses) > 0 {
					all = append(all, net.JoinHostPort(e.Addresses[0], strconv.Itoa(int(*p.Port))))
				}
			}
		}
	}
	if len(all) > 3 {
		return fmt.Sprintf("%s + %d more...", strings.Join(all[:3], ","), len(all)-3)
	}
	return strings.Join(all, ",")
}

func (d *describer) serviceTraffic(spec *corev1.ServiceSpec) {
	if spec.ExternalTrafficPolicy != "" {
		d.line(0, "External Traffic Policy:\t%s", spec.ExternalTrafficPolicy)
	}
	if spec.InternalTrafficPolicy != nil {
		d.line(0, "Internal Traffic Policy:\t%s", *spec.InternalTrafficPolicy)
	}
	if spec.HealthCheckNodePort != 0 {
		d.line(0, "HealthCheck NodePort:\t%d", spec.HealthCheckNodePort)
	}
	if len(spec.LoadBalancerSourceRanges) > 0 {
		d.line(0, "LoadBalancer Source Ranges:\t%s", strings.Join(spec.LoadBalancerSourceRanges, ","))
	}
	if spec.TrafficDistribution != nil {
		d.line(0, "Traffic Distribution:\t%s", *spec.TrafficDistribution)
	}
}
