// Package parity holds the record of what a real control plane does: scenarios
// under testdata, each a script with what was seen under its looks, the player
// that plays a script on any World, and the comparison. Its test plays them all
// on the engine; the module in record plays them on a real control plane
// (kube-apiserver, kube-controller-manager, kube-scheduler, etcd; kwok for the
// kubelets) and writes what it saw. README.md beside it explains the scripts,
// and TABLE.md, written and kept true by the test, is the record at a glance.
//
// Both sides are seen through the same eyes: player, normalisation and facts
// are this package's, so a difference is one of behaviour. Only the standard
// library is imported, for the module in record takes it as it is.
//
// Left out: what kwok can't show (pulls, probes, hooks, containers that crash
// and start again), and how long things take.
package parity
