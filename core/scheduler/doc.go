// Package scheduler chooses a node for every pod that has none. It watches
// pods, nodes and what a decision may ask about, takes one pod a turn, drops
// the nodes that don't fit (filters), scores the rest, and binds the pod to the
// best; where none fits, it says why, and has less important pods make room.
//
// Read it in this order: scheduler.go (what it is told, one turn), decide.go
// (Decide, a pure function from a pod and the nodes to a verdict), preemption.go
// (who would have to go: part of the verdict), one file a plugin with upstream's
// names (nodeunschedulable.go, nodename.go, tainttoleration.go, nodeaffinity.go,
// nodeports.go, noderesources.go, volumerestrictions.go, volumebinding.go and
// volumezone.go on volumes.go, podtopologyspread.go, interpodaffinity.go on
// affinityterms.go, imagelocality.go), cache.go (sums a
// node, kept as pods come and go, so that a turn costs as much as there are
// nodes, however many pods), waiting.go (pods that fit nowhere and what may
// change that), bind.go, prebind.go, evict.go, profile.go.
//
// It follows pkg/scheduler of Kubernetes v1.36.3 and is held against recordings
// of it (core/parity/testdata/scheduler). Different from upstream: all nodes
// are filtered and scored where upstream stops at a sample in clusters of more
// than 100; equal scores are decided by the world's dice where upstream's heap
// falls back on the order of nodes; the binding is written within the turn and
// not beside the next one; a pod that an event wakes before its back-off is over
// goes behind all others at once; a pod's end wakes only those that now fit on
// its node; the configuration file is a ConfigMap (kube-system/kube-scheduler),
// of which profiles, their plugins and weights are read.
// The assembly starts it without the plugins for volumes until something binds
// claims. Left out: dynamic resources (but for their word in the sentence), the
// counting of VolumeAttachments in the limits of volumes a node, storage
// capacity, pod groups, extenders, permits.
package scheduler
