// Package kubelet is a mock of the kubelet and of the machine below it. It
// registers its node, keeps its lease, watches the pods bound to it, and for
// each has a sandbox made, images pulled and containers started, one after the
// other; it reports what came of it, restarts what ends, and stops what is to
// be deleted. No image is really fetched and no process runs: what an image
// weighs and what a container does when run come from a catalogue, and take
// virtual time.
//
// A Node is the machine: images, sandboxes, containers, addresses. It outlives
// the kubelet on it; a kubelet that starts anew finds there what the last one
// left. A machine that is itself new (the page was reloaded) takes over what
// the pods' statuses say was running.
//
// Read it in this order: kubelet.go (what it is told), worker.go (one pod, from
// sight to running), decide.go (which container is next: a pure function),
// image.go, registry.go and pull.go, env.go and mount.go, probe.go (how probes stand: pure), hooks.go,
// status.go (the status that follows from the machine's state), stop.go,
// evict.go, static.go, register.go; below that node.go (the machine), catalogue.go,
// images.go, behaviour.go, script.go, streams.go and effects.go (what images are
// and do), logs.go; and what goes on between machines: serve.go (requests that
// come), live.go (calls that containers' scripts make), exec.go.
//
// Lessons add images as data: the ConfigMap kube-system/image-catalogue holds
// lists of descriptions (images.go) that say what an image serves and from when,
// what it logs, how its memory grows, and when it ends. Memory that is used by
// what is no pod, of its disk and its process ids, are annotations of the Node
// (evict.go). The ConfigMap kube-system/static-pods stands for the machines'
// folders of static pods (static.go).
//
// It follows pkg/kubelet of Kubernetes v1.36.3 (prober, kuberuntime, eviction,
// status) and containerd's words. Different from upstream: a probe that goes on
// succeeding is not made anew each period, for nothing would come of it; the
// first is made when its initial delay is over, and not at the next period.
// Left out: volumes other than that their ConfigMaps and Secrets must be there, use of cpu and disk by pods,
// ephemeral containers, admission of pods that don't fit, image
// garbage collection, pull secrets, and the status update between the sandbox
// and the containers (PodReadyToStartContainers turns true together with the
// rest).
package kubelet
