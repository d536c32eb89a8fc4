package kubelet

import (
	corev1 "k8s.io/api/core/v1"
)

// adopt has a machine that is itself new take over what a pod's status says
// runs on it: the page was reloaded, the containers go on. It returns nil for a
// pod that has nothing yet.
func (n *Node) adopt(pod *corev1.Pod, key string) *sandbox {
	box := &sandbox{uid: pod.UID, key: key, ip: pod.Status.PodIP}
	n.adoptContainers(box, pod, pod.Spec.InitContainers, pod.Status.InitContainerStatuses)
	n.adoptContainers(box, pod, pod.Spec.Containers, pod.Status.ContainerStatuses)
	if len(box.containers) == 0 {
		return nil
	}
	for host := 2; host < 255; host++ {
		if n.podIP(host) == box.ip {
			box.host = host
			n.usedIPs[host] = true
			n.lastIP = max(n.lastIP, host)
		}
	}
	n.boxes[pod.UID] = box
	return box
}

func (n *Node) adoptContainers(box *sandbox, pod *corev1.Pod, specs []corev1.Container, statuses []corev1.ContainerStatus) {
	for i := range statuses {
		status := &statuses[i]
		for j := range specs {
			if specs[j].Name == status.Name && status.ContainerID != "" {
				box.containers = append(box.containers, n.adopted(pod, &specs[j], status))
			}
		}
	}
}

// adopted makes a container of its status: running, or ended as it was last.
func (n *Node) adopted(pod *corev1.Pod, c *corev1.Container, status *corev1.ContainerStatus) *container {
	run := &container{
		name: c.Name, asked: c.Image, id: status.ContainerID, image: status.Image, imageID: status.ImageID, restarts: status.RestartCount,
	}
	if run.given = c.Resources; status.Resources != nil {
		run.given = *status.Resources
	}
	run.promised = run.given
	img, err := resolve(status.Image, n.more)
	if err == nil {
		n.images[img.ref] = img
		run.plan = planOf(pod, c, img, nil)
	}
	run.probes = adoptProbes(c, status, run.started)
	ended, before := status.State.Terminated, status.LastTerminationState.Terminated
	switch {
	case status.State.Running != nil:
		run.started = status.State.Running.StartedAt.Time
	case ended == nil:
		ended, before = before, nil
	}
	if ended != nil {
		run.take(ended)
	}
	if before != nil {
		run.last = &container{name: c.Name}
		run.last.take(before)
	}
	return run
}

// take sets how a container ended.
func (c *container) take(t *corev1.ContainerStateTerminated) {
	if t.ContainerID != "" {
		c.id = t.ContainerID
	}
	c.started = t.StartedAt.Time
	c.finish(t.FinishedAt.Time, t.ExitCode, t.Reason, t.Message)
}
