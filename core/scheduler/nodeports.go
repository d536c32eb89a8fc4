package scheduler

import (
	corev1 "k8s.io/api/core/v1"
)

// hostPort is a port of the node that a pod wants for itself.
type hostPort struct {
	ip       string
	protocol corev1.Protocol
	port     int32
}

// everyIP is where a port is wanted on all of a node's addresses.
const everyIP = "0.0.0.0"

// nodePorts drops nodes where a host port of the pod is taken (plugins/nodeports).
var nodePorts = filter{
	name:    "NodePorts",
	prepare: func(c *cycle) bool { return len(c.demand.Ports) > 0 },
	check:   checkPorts,
	helps: func(c *cache, pod *corev1.Pod, ch *change) bool {
		return anyNewNode(c, pod, ch) || c.roomLeft(pod, ch, checkPorts)
	},
}

func checkPorts(c *cycle, n *NodeInfo) *refusal {
	for _, want := range c.demand.Ports {
		for used := range n.ports {
			if want.conflicts(used) {
				return &refusal{[]string{"node(s) didn't have free ports for the requested pod ports"}, false}
			}
		}
	}
	return nil
}

func (p hostPort) conflicts(q hostPort) bool {
	return p.port == q.port && p.protocol == q.protocol && (p.ip == q.ip || p.ip == everyIP || q.ip == everyIP)
}

func hostPorts(pod *corev1.Pod) []hostPort {
	var ports []hostPort
	for i := range pod.Spec.Containers {
		ports = appendHostPorts(ports, &pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			ports = appendHostPorts(ports, c)
		}
	}
	return ports
}

func appendHostPorts(ports []hostPort, c *corev1.Container) []hostPort {
	for _, p := range c.Ports {
		if p.HostPort == 0 {
			continue
		}
		want := hostPort{p.HostIP, p.Protocol, p.HostPort}
		if want.ip == "" {
			want.ip = everyIP
		}
		if want.protocol == "" {
			want.protocol = corev1.ProtocolTCP
		}
		ports = append(ports, want)
	}
	return ports
}
