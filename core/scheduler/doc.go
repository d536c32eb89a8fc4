// Package scheduler chooses a node for every pod that has none. It watches
// pods, nodes and replica sets, takes one pod a turn, drops the nodes that
// don't fit (filters), scores the rest, and binds the pod to the best.
//
// Read it in this order: scheduler.go (what it is told, one turn), decide.go
// (Decide, a pure function from a pod and the nodes to a verdict), one file a
// plugin with upstream's names (nodeunschedulable.go, nodename.go,
// tainttoleration.go, nodeaffinity.go, nodeports.go, noderesources.go,
// podtopologyspread.go, imagelocality.go), cache.go (sums a node, kept as pods
// come and go, so that a turn costs as much as there are nodes, however many
// pods), waiting.go (pods that fit nowhere and what may change that), bind.go.
//
// It follows pkg/scheduler of Kubernetes v1.36.3 with the default profile.
// Different from upstream: all nodes are filtered and scored where upstream
// stops at a sample in clusters of more than 100; equal scores are decided by
// the world's dice where upstream's heap falls back on the order of nodes; the
// binding is written within the turn and not beside the next one; a pod that an
// event wakes before its back-off is over goes behind all others at once.
// Left out: preemption (the sentence about it is upstream's for a cluster whose
// pods are all of one priority), inter-pod affinity, volumes, dynamic
// resources, pod groups, extenders, several profiles, and Services as a source
// of default spreading.
package scheduler
